"""A draft said plainly: what misleads a careless program is taken out, its length, script and lines are kept.

A plain draft is equal to its plain form. What a careless builder does to the one and not to the other, the draft did.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from sluicegate.mail.addresses import canonical
from sluicegate.mail.characters import bidi_controls, spoofing, unprintable
from sluicegate.mail.fields import LISTS, ONCE, UNSAID
from sluicegate.mail.lists import address_list
from sluicegate.model import Attachment, Mail

__all__ = ["Recipients", "plain", "reached_by"]

_IN_ASCII, _BEYOND = "x", "é"
"""Instead of what misleads: in ASCII, and beyond it, which many builders mistake by itself."""
_NAME = re.compile(r"[^\W_](?:[\w.'\- ]*\w)?\.?")
"""A display name that needs no quotes and no care."""
_FILE = re.compile(r"[\w()+,\- ]+(?:\.[\w\-]+)+")
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9\-]*")
_LEFT = re.compile(r"=\?|[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]")
_LONE_DOT = re.compile(r"(?:^|(?<=[\r\n]))\.(?=[\r\n]|$)")
_LONE_CR = re.compile(r"\r(?!\n)")


class Recipients:
    """The addresses a case allows."""

    def __init__(self, allowed: tuple[str, ...] | None) -> None:
        self.all = None if allowed is None else [one for one in map(canonical, allowed) if one is not None]

    def instead_of(self, address: str | None) -> str:
        """The address itself where it is allowed; else one that is."""
        if self.all is None:
            return address or "somebody@recipient.test"
        if address is not None and address in self.all:
            return address
        return self.all[0] if self.all else "somebody@recipient.test"


def plain(mail: Mail, recipients: Recipients, sender: Recipients) -> Mail:
    """The draft said plainly; the same one where it was."""
    return replace(
        mail,
        sender=_entry(mail.sender, sender) if mail.sender is not None else None,
        to=tuple(_entry(one, recipients) for one in mail.to),
        cc=tuple(_entry(one, recipients) for one in mail.cc),
        bcc=tuple(_entry(one, recipients) for one in mail.bcc),
        reply_to=tuple(_entry(one, sender) for one in mail.reply_to),
        subject=_line(mail.subject) if mail.subject is not None else None,
        body=_text(mail.body) if mail.body is not None else None,
        html=_text(mail.html) if mail.html is not None else None,
        message_id=mail.message_id if mail.message_id is None or _is_id(mail.message_id) else "<x@sender.test>",
        headers={name: _line(value) for name, value in mail.headers.items() if _says_little(name)},
        attachments=tuple(map(_attached, mail.attachments)),
    )


def _says_little(name: str) -> bool:
    """Whether a header neither redirects a mail nor stands once."""
    low = name.lower()
    return _HEADER.fullmatch(name) is not None and low not in UNSAID | LISTS | ONCE and not low.startswith("resent-")


def _is_id(text: str) -> bool:
    return re.fullmatch(r"<[\w.+\-]{1,200}@[\w.\-]{1,200}>", text) is not None


def _entry(text: str, recipients: Recipients) -> str:
    """An address, with the name beside it where it has one."""
    read = address_list(text)
    address = read.addresses[0] if read.addresses else None
    kept = recipients.instead_of(address)
    if len(read.mailboxes) == 1 and kept == address and not (read.faults or read.disagreements or read.others):
        name, written = read.mailboxes[0].name, text
        if text.endswith(">"):
            shown, _, written = text[:-1].rpartition("<")
            is_plain = not shown or (_NAME.fullmatch(name) is not None and shown in (f"{name} ", f'"{name}" '))
        else:
            is_plain = not name
        # A domain beyond ASCII is the same address as its A-labels.
        if is_plain and canonical(written) == address:
            return text
        kept = written if canonical(written) == address else kept
    said = _plainly(read.mailboxes[0].name).strip()[:60] if read.mailboxes else ""
    return f"{said} <{kept}>" if said else kept


def _plainly(text: str, kept: str = " ") -> str:
    return "".join(ch if ch.isalnum() or ch in kept else _IN_ASCII if ch.isascii() else _BEYOND for ch in text)


def _line(text: str) -> str:
    """Text on one line, without what is decoded, unseen or cut."""
    if unprintable(text) or "\r" in text or "\n" in text or "=?" in text:
        return _plainly(text)
    return text


def _text(text: str) -> str:
    """Text of many lines; which line ends it has is the builder's affair, but for a CR that stands alone."""
    found = _LEFT.search(text.replace("\r\n", "\n").replace("\f", " ").replace("\v", " "))
    if found or _LONE_CR.search(text) or _LONE_DOT.search(text):
        return _LONE_DOT.sub(_IN_ASCII, _plainly(text, " \n."))
    return text


def _attached(one: Attachment) -> Attachment:
    fault = unprintable(one.name, tab=False) or bidi_controls(one.name) or spoofing(one.name) or "=?" in one.name
    name = one.name if _FILE.fullmatch(one.name) and not fault else "file.txt"
    media = one.media_type if re.fullmatch(r"[\w.+\-]+/[\w.+\-]+", one.media_type) else "application/octet-stream"
    return replace(one, name=name, media_type=media, text=_text(one.text) if one.text is not None else None)


def reached_by(mail: Mail) -> Iterator[str]:
    """Canonical addresses a draft names, by the strict reading."""
    for entry in (*mail.to, *mail.cc, *mail.bcc):
        yield from address_list(entry).addresses
