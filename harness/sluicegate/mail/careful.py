"""The careful builder: a draft as a mail no reader can misread, or a refusal.

It trusts nothing of the draft: addresses are read by the strict grammar and written anew, names and subjects are
encoded so that they come back as the same text, file names go by RFC 2231, what cannot be said safely is refused.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator

from sluicegate.frozen import frozen
from sluicegate.mail.addresses import canonical, shown_addresses
from sluicegate.mail.characters import bidi_controls, spoofing, unprintable
from sluicegate.mail.fields import LISTS, ONCE, UNSAID
from sluicegate.mail.judged import Envelope
from sluicegate.mail.lists import Mailbox, address_list
from sluicegate.mail.posting import Posted, Sent
from sluicegate.mail.wire import NAME
from sluicegate.model.case import Attachment, Mail

__all__ = ["Draft", "careful"]


@frozen
class Draft:
    """What is to be sent."""

    mail: Mail
    sender: str
    """Address of the envelope and of From, when the mail names none."""
    names: tuple[str, ...] = ()
    """What stands beside the addresses of `mail.to`, in their order; empty ones for none."""
    recipients: tuple[str, ...] | None = None
    """The envelope, where the program takes it from elsewhere than the draft."""
    sentinel: str | None = None
    """Name of a header written last."""


class _RefusedError(Exception):
    """What cannot be said safely."""


def careful(draft: Draft) -> Posted:
    """The draft as bytes, or why not. Total."""
    try:
        sender = _one(draft.mail.sender or draft.sender)
        to = _listed(draft.mail.to, draft.names)
        cc, bcc = _listed(draft.mail.cc), _listed(draft.mail.bcc)
        replies = _listed(draft.mail.reply_to)
        everyone = [one.address or "" for one in (*to, *cc, *bcc)]
        rcpt = list(dict.fromkeys(everyone if draft.recipients is None else map(_address, draft.recipients)))
        utf8 = not "".join(
            (_address(draft.sender), *everyone, *rcpt, *(one.address or "" for one in replies))
        ).isascii()
        if not rcpt:
            raise _RefusedError("a mail to nobody")  # noqa: TRY301 - every refusal is told in one place
        fields = [("From", _mailboxes([sender])), ("To", _mailboxes(to) if to else "undisclosed-recipients:;")]
        fields += [("Cc", _mailboxes(cc))] if cc else []
        fields += [("Reply-To", _mailboxes(replies))] if replies else []
        fields.append(("Subject", _unstructured(draft.mail.subject or "", "Subject")))
        fields += [("Message-ID", _message_id(draft.mail.message_id))] if draft.mail.message_id else []
        fields += [(_own_name(name), _unstructured(value, name)) for name, value in draft.mail.headers.items()]
        fields.append(("MIME-Version", "1.0"))
        inner, body = _content(draft.mail)
        fields += inner
        if draft.sentinel is not None:
            fields.append((draft.sentinel, "end"))
        head = "".join(f"{name}: {value}\r\n" for name, value in fields)
        data = head.encode("utf-8") + b"\r\n" + body
    except (_RefusedError, UnicodeError) as error:
        return Posted(refused=f"careful: {error}")
    envelope = Envelope(
        mail_from=f"<{_address(draft.sender)}>",
        mail_parameters=("SMTPUTF8",) if utf8 else (),
        rcpt=tuple(f"<{one}>" for one in rcpt),
        rcpt_parameters=((),) * len(rcpt),
    )
    return Posted(sent=(Sent(envelope=envelope, data=data),))


def _address(text: str) -> str:
    address = canonical(text)
    if address is None:
        raise _RefusedError(f"{text!r} is no address")
    if _WORD_LIKE.search(address):
        raise _RefusedError(f"{text!r} would be decoded by some readers")
    return address


def _one(text: str) -> Mailbox:
    found = _listed((text,))
    if len(found) != 1:
        raise _RefusedError(f"{text!r} is not one address")
    return found[0]


def _listed(entries: tuple[str, ...], names: tuple[str, ...] = ()) -> list[Mailbox]:
    """Mailboxes of a draft's entries: an address, `name <address>`, or an address with a name given apart."""
    found: list[Mailbox] = []
    for at, entry in enumerate(entries):
        if at < len(names):
            found.append(Mailbox(address=_address(entry), name=names[at], text=entry))
            continue
        read = address_list(entry)
        if read.faults or read.disagreements or read.groups or not read.mailboxes or _UNSAFE.search(entry):
            raise _RefusedError(f"{entry!r} is read in more than one way")
        found += read.mailboxes
    for one in found:
        _address(one.address or "")
    return found


_UNSAFE = re.compile(r"[\x00-\x08\n-\x1f\x7f]")
_WORD_LIKE = re.compile(r"=\?")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/?^_`{|}~-]+)*")
_PLAIN = re.compile(r"[!-~]+(?: [!-~]+)*")


def _mailboxes(boxes: list[Mailbox]) -> str:
    return ",\r\n ".join(_phrase(one) or one.address or "" for one in boxes)


def _phrase(one: Mailbox) -> str:
    """Name and address; empty when the name says no more than the address."""
    name, angle = one.name, f"<{one.address}>"
    fault = unprintable(name, tab=False)
    if fault:
        raise _RefusedError(f"a name with {fault}")
    if not name.strip() or name.strip("'") == one.address:
        return ""
    if shown_addresses(name):
        # A person takes an address in a name for the address, and so do readers that split at every comma.
        raise _RefusedError("a name that shows an address")
    if _ATOMS.fullmatch(name) and len(name) < 60 and "=?" not in name:
        return f"{name} {angle}"
    if name.isascii() and "=?" not in name and len(name) < 60:
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}" {angle}'
    return "\r\n ".join((*_words(name), angle))


def _unstructured(text: str, name: str) -> str:
    fault = unprintable(text, tab=False)
    if fault:
        raise _RefusedError(f"{name} with {fault}")
    if (not text or _PLAIN.fullmatch(text)) and "=?" not in text:
        folded = _folded(text, 76 - len(name) - 2)
        if folded is not None:
            return folded
    return "\r\n ".join(_words(text))


def _folded(text: str, first: int) -> str | None:
    """Words on lines of at most 76 characters; None when a word is longer than a line."""
    lines: list[str] = [""]
    for word in text.split(" "):
        room = first if len(lines) == 1 else 76
        if len(word) > 76:
            return None
        if lines[-1] and len(lines[-1]) + 1 + len(word) > room:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return "\r\n ".join(lines)


def _words(text: str) -> Iterator[str]:
    """Encoded words of at most 75 characters, no character split between two."""
    raw = b""
    for ch in text:
        more = ch.encode("utf-8")
        if len(raw) + len(more) > 42:
            yield _word(raw)
            raw = b""
        raw += more
    yield _word(raw)


def _word(raw: bytes) -> str:
    return f"=?utf-8?b?{binascii.b2a_base64(raw, newline=False).decode('ascii')}?="


_OWN = LISTS | ONCE | UNSAID
"""What only the draft's own fields, or nobody, may say."""


def _own_name(name: str) -> str:
    low = name.lower()
    if not name.isascii() or not NAME.fullmatch(name.encode("ascii")) or len(name) > 60:
        raise _RefusedError(f"{name!r} is no header name")
    if low in _OWN or low.startswith("resent-"):
        raise _RefusedError(f"{name!r} is not a draft's to set")
    return name


def _message_id(text: str) -> str:
    if not re.fullmatch(r"<[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\-]{1,200}@[A-Za-z0-9.\-]{1,200}>", text):
        raise _RefusedError("a message id that is none")
    return text


def _content(mail: Mail) -> tuple[list[tuple[str, str]], bytes]:
    texts = [("plain", mail.body or "")] if mail.body is not None or mail.html is None else []
    texts += [("html", mail.html)] if mail.html is not None else []
    leaves = [_text_part(kind, text) for kind, text in texts]
    made = leaves[0] if len(leaves) == 1 else _multipart("alternative", leaves)
    if mail.attachments:
        made = _multipart("mixed", [made, *map(_attached, mail.attachments)])
    return made


def _text_part(kind: str, text: str) -> tuple[list[tuple[str, str]], bytes]:
    if "\0" in text:
        raise _RefusedError("a body with a NUL")
    lines = re.split(r"\r\n|\r|\n", text)
    raw = "\r\n".join(lines).encode("utf-8")
    plain = raw.isascii() and all(len(line) < 990 for line in lines) and not raw.startswith(b"\x1b")
    fields = [("Content-Type", f"text/{kind}; charset=utf-8")]
    if plain and not raw.endswith(b"\r\n."):
        return [*fields, ("Content-Transfer-Encoding", "7bit")], raw if raw.endswith(b"\r\n") else raw + b"\r\n"
    return [*fields, ("Content-Transfer-Encoding", "base64")], _base64(raw)


def _base64(raw: bytes) -> bytes:
    return b"".join(binascii.b2a_base64(raw[at : at + 57], newline=False) + b"\r\n" for at in range(0, len(raw), 57))


def _attached(one: Attachment) -> tuple[list[tuple[str, str]], bytes]:
    fault = (
        unprintable(one.name, tab=False) or ("a bidi control" if bidi_controls(one.name) else "") or spoofing(one.name)
    )
    if fault or not one.name or "=?" in one.name:
        raise _RefusedError(f"a file name with {fault or 'nothing a reader can trust'}")
    media = one.media_type if re.fullmatch(r"[A-Za-z0-9.+\-]{1,60}/[A-Za-z0-9.+\-]{1,80}", one.media_type) else ""
    if not media or media.lower().startswith(("multipart/", "message/")):
        media = "application/octet-stream"
    if re.fullmatch(r"[A-Za-z0-9 .,()_\-]{1,60}", one.name):
        named = f'filename="{one.name}"'
    else:
        # Pieces by RFC 2231, so that no line grows long whatever the name.
        quoted = "".join(
            chr(byte) if chr(byte).isalnum() and byte < 128 else f"%{byte:02X}" for byte in one.name.encode()
        )
        pieces = re.findall(r"(?:%..|[^%]){1,18}", quoted)
        first = [f"filename*0*=utf-8''{pieces[0]}"]
        named = ";\r\n ".join([*first, *(f"filename*{at}*={piece}" for at, piece in enumerate(pieces[1:], start=1))])
    placed = f"attachment;\r\n {named}"
    fields = [("Content-Type", media), ("Content-Transfer-Encoding", "base64"), ("Content-Disposition", placed)]
    return fields, _base64((one.text or "").encode("utf-8"))


def _multipart(kind: str, leaves: list[tuple[list[tuple[str, str]], bytes]]) -> tuple[list[tuple[str, str]], bytes]:
    """Parts behind a boundary that stands in none of them; the same parts give the same bytes."""
    bodies = [
        "".join(f"{name}: {value}\r\n" for name, value in fields).encode("utf-8") + b"\r\n" + body
        for fields, body in leaves
    ]
    whole = b"".join(bodies)
    number = 0
    while f"=_{kind}-{number}".encode() in whole:
        number += 1
    boundary = f"=_{kind}-{number}"
    pieces = b"".join(f"--{boundary}\r\n".encode() + body + b"\r\n" for body in bodies)
    return [("Content-Type", f'multipart/{kind};\r\n boundary="{boundary}"')], pieces + f"--{boundary}--\r\n".encode()
