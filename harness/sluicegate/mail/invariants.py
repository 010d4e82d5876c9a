"""I1 to I7: what holds of every mail a pipeline may send, whatever it was told to send.

Judged from bytes and envelope only. An invariant that cannot be read is broken: a mail two readers read differently has
two meanings. What the standard library raises on hostile bytes is caught where it is asked; nothing here raises.
"""

from __future__ import annotations

import re
from collections import Counter

from sluicegate.mail.addresses import canonical, path
from sluicegate.mail.characters import bidi_controls, spoofing, unprintable
from sluicegate.mail.fields import AUTHORS, LISTS, ONCE, REPLIES, UNSAID
from sluicegate.mail.judged import Allowed, Broken, Envelope, found
from sluicegate.mail.lists import AddressList, address_list
from sluicegate.mail.parts import PARTS, Part, parts
from sluicegate.mail.transcript import END_OF_DATA
from sluicegate.mail.wire import Header, Message, decoded, escaped, unfolded
from sluicegate.mail.words import spoken

__all__ = ["Allowed", "Broken", "Envelope", "broken", "i1", "i2", "i3", "i4", "i5", "i6", "i7"]

_LONGEST_LINE = 998

_ASKED = 24
"""Address headers of one mail that are read; a mail with more is not sent by a sane program."""


def broken(envelope: Envelope | None, message: Message, allowed: Allowed) -> list[Broken]:
    """All that is broken, I1 first. Without an envelope only the mail itself is judged."""
    tree = parts(message)
    own = [part for part in tree if not part.attached]
    faults: list[Broken] = []
    if envelope is not None:
        faults += i1(envelope, allowed)
    faults += i2(message, allowed, own)
    faults += i3(message, allowed)
    faults += i4(message, allowed)
    faults += i5(message, allowed, envelope, own)
    faults += i6(message, allowed, envelope, own)
    faults += i7(message, own)
    return list(dict.fromkeys(faults))


def i1(envelope: Envelope, allowed: Allowed) -> list[Broken]:
    """Every RCPT is one path, canonical in A; MAIL FROM is F; no unknown ESMTP parameter."""
    faults: list[Broken] = []
    sets = allowed.sets()
    said = path(envelope.mail_from)
    parameters = (*said.parameters, *envelope.mail_parameters)
    faults += _fault_of("MAIL FROM", envelope.mail_from, said.fault, said.route)
    if not said.fault and allowed.sender is not None:
        null = said.null and allowed.sender == ""
        if not null and (said.address is None or said.address != canonical(allowed.sender)):
            faults.append(found("I1", "MAIL FROM", "another sender than the one allowed", envelope.mail_from))
    utf8 = allowed.smtputf8 or _says_utf8(envelope)
    if not utf8 and not "".join((envelope.mail_from, *envelope.rcpt)).isascii():
        faults.append(found("I1", "MAIL FROM", "an address beyond ASCII, without SMTPUTF8", envelope.mail_from))
    for one in parameters:
        if not _MAIL_PARAMETER.fullmatch(one):
            faults.append(found("I1", "MAIL FROM", "a parameter no mail needs", one))
    if not envelope.rcpt:
        faults.append(found("I1", "RCPT", "no recipient"))
    for place, argument in enumerate(envelope.rcpt, start=1):
        one_path = path(argument)
        where = f"RCPT {place}"
        faults += _fault_of(where, argument, one_path.fault, one_path.route)
        if one_path.null:
            faults.append(found("I1", where, "the null path is no recipient", argument))
        if one_path.address is not None and sets.recipients is not None and one_path.address not in sets.recipients:
            faults.append(found("I1", where, "a recipient that is not allowed", argument))
        more = envelope.rcpt_parameters[place - 1] if place <= len(envelope.rcpt_parameters) else ()
        if one_path.parameters or more:
            faults.append(found("I1", where, "a parameter no mail needs", " ".join((*one_path.parameters, *more))))
    return faults


_MAIL_PARAMETER = re.compile(r"SMTPUTF8|BODY=(?:7BIT|8BITMIME)|SIZE=[0-9]{1,20}", re.IGNORECASE)


def _fault_of(place: str, argument: str, fault: str, route: str) -> list[Broken]:
    if fault:
        return [found("I1", place, f"not a path: {fault}", argument)]
    return [found("I1", place, "a source route", argument)] if route else []


def i2(message: Message, allowed: Allowed, tree: list[Part]) -> list[Broken]:
    """Four readers see the same names; they are within Hn; what stands once stands once."""
    faults = _disagreements(message, "headers")
    if message.blank_fold:
        faults.append(found("I2", "headers", "a folded line of white space only: some readers end there", message.head))
    names = dict.fromkeys(name for reading in message.readings for name in reading.names)
    within = None if allowed.header_names is None else set(map(_bytes, allowed.header_names))
    if within is not None and allowed.sentinel is not None:
        within.add(_bytes(allowed.sentinel))
    for name in names:
        shown = escaped(name, 60)
        if not Header(name=name, value=b"", at=0).proper:
            faults.append(found("I2", "headers", "a header name that is none", name))
        elif within is not None and name not in within:
            faults.append(found("I2", f"header {shown}", "a header that is not allowed", _field(message, name)))
        elif within is None and (name.decode("ascii") in UNSAID or name.startswith(b"resent-")):
            what = "a header that redirects, and was not named"
            faults.append(found("I2", f"header {shown}", what, _field(message, name)))
    counts = [Counter(reading.names) for reading in message.readings if not reading.failed]
    for wanted in map(_bytes, allowed.required):
        if {count[wanted] for count in counts} != {1}:
            place = f"header {escaped(wanted, 60)}"
            faults.append(found("I2", place, "stands there not exactly once", _field(message, wanted)))
    for part in tree:
        faults += _of_part(part, allowed)
    return faults


def _bytes(name: str) -> bytes:
    return name.encode("utf-8", "surrogatepass").lower()


def _of_part(part: Part, allowed: Allowed) -> list[Broken]:
    faults = _disagreements(part.message, f"part {part.path}") if part.path else []
    where = f"part {part.path}" if part.path else "headers"
    counts = Counter(header.name for header in part.message.headers)
    for name, count in counts.items():
        if (
            count > 1
            and name.decode("latin-1") in ONCE
            and not (part.path == "" and name in map(_bytes, allowed.required))
        ):
            faults.append(found("I2", where, f"{name.decode()} stands there {count} times", _field(part.message, name)))
        if part.path and _is_of_a_mail(name.decode("latin-1")):
            faults.append(found("I2", where, "a header of a mail in the head of a part", _field(part.message, name)))
    faults += [found("I2", where, fault, part.message.head) for fault in part.faults if "multipart" in fault]
    return faults


def _is_of_a_mail(name: str) -> bool:
    """Whether it says whom a mail is from or for: in a part it is the mark of a line that was broken into two."""
    return name in LISTS or name in ("subject", "return-path") or name.startswith("resent-")


def _disagreements(message: Message, place: str) -> list[Broken]:
    if message.agreed:
        return []
    first = message.readings[0]
    said = []
    for reading in message.readings:
        names = b" ".join(reading.names[:12]) if not reading.failed else reading.failed.encode()
        differs = reading.names != first.names or reading.early or reading.failed
        said.append(
            reading.reader.encode() + b": " + names + (b" (ends early)" if reading.early else b"") if differs else b""
        )
    witness = b" | ".join(one for one in said if one)
    return [found("I2", place, "readers see different headers", witness or message.head)]


def _field(message: Message, name: bytes) -> bytes:
    """The last field of a name, as bytes; the header block when only another reader saw it."""
    for header in reversed(message.headers):
        if header.name == name:
            return header.name + b":" + header.value
    return message.head


def i3(message: Message, allowed: Allowed) -> list[Broken]:
    """The last header is seen by every reader, and the body does not begin with what belongs before it."""
    faults: list[Broken] = []
    if allowed.sentinel is not None:
        name = _bytes(allowed.sentinel)
        for reading in message.readings:
            if not reading.names or reading.names[-1] != name or reading.early:
                what = "the last header is not seen, or not the last"
                faults.append(found("I3", f"reader {reading.reader}", what, b" ".join(reading.names[-8:])))
    names = {header.name for header in message.headers}
    said = decoded(unfolded(next((header.value for header in message.values("content-type")), b""))).lower()
    if said.startswith(("multipart/", "message/")):
        return faults  # its body begins with headers of a part, or of another mail
    paragraph = re.split(rb"\r?\n[ \t]*\r?\n", message.body[:4096], maxsplit=1)[0]
    for line in [] if paragraph.startswith(b"--") else paragraph.splitlines()[:60]:
        seen = _LEFT_OVER.match(line)
        if seen is not None and seen[1].lower() not in names:
            faults.append(found("I3", "body", "begins with a header that belongs before it", line))
            break
    return faults


_LEFT_OVER = re.compile(
    rb"(mime-version|content-type|content-transfer-encoding|message-id)[ \t]*:[ \t]*"
    rb"(?:1\.0[ \t]*$|[a-z]+/[a-z0-9.+\-]+[ \t]*(?:;|$)"
    rb"|(?:7bit|8bit|base64|quoted-printable)[ \t]*$|<[^<>\s]+>[ \t]*$)",
    re.IGNORECASE,
)


def i4(message: Message, allowed: Allowed) -> list[Broken]:
    """Addresses in headers, by every reader, are within what is allowed; readers agree on them."""
    faults: list[Broken] = []
    sets = allowed.sets()
    fields = [header for header in message.headers if header.name.decode("latin-1") in LISTS]
    if len(fields) > _ASKED:
        faults.append(
            found("I4", "headers", f"more than {_ASKED} address headers", b" ".join(f.name for f in fields[:20]))
        )
    for field in fields[:_ASKED]:
        name = field.name.decode()
        text = decoded(unfolded(field.value))
        read = address_list(text)
        within = sets.senders if name in AUTHORS else sets.replies if name in REPLIES else sets.recipients
        if name in REPLIES and sets.recipients is None:
            within = None
        faults += _of_list(f"header {field.shown}", text, read)
        if within is None:
            continue
        shown = within | sets.replies
        for one in read.addresses:
            if one not in within:
                faults.append(found("I4", f"header {field.shown}", "an address that is not allowed", one))
        for one in read.others:
            if one not in shown:
                faults.append(
                    found("I4", f"header {field.shown}", "some readers find an address that is not allowed", one)
                )
    return faults


def _of_list(place: str, text: str, read: AddressList) -> list[Broken]:
    faults = [found("I4", place, f"not an address list: {fault}", text) for fault in read.faults]
    for one in read.disagreements:
        said = one.failed or ", ".join(one.found) or "nothing"
        faults.append(found("I4", place, f"{one.reader} reads other addresses", f"{said} in {text}"))
    return faults


def i5(message: Message, allowed: Allowed, envelope: Envelope | None, tree: list[Part]) -> list[Broken]:
    """No bare CR or LF, no NUL, no line above 998 octets, headers in ASCII unless SMTPUTF8, no controls in headers.

    A body beyond ASCII is not labelled as one within (RFC 2045, 6.2): who believes the label takes the eighth bit away,
    or decodes what is none of its code. One without a label misleads nobody, and is broken by no reader of today.
    """
    faults: list[Broken] = []
    data = message.data
    for what, pattern in _BYTES:
        seen = pattern.search(data)
        if seen is not None:
            faults.append(found("I5", _place(data, seen.start()), what, _around(message, seen.start())))
    at, size = 0, len(data)
    while size - at > _LONGEST_LINE:
        stop = data.rfind(b"\n", at, at + _LONGEST_LINE + 2)
        if stop < 0:
            what = f"a line of more than {_LONGEST_LINE} octets"
            faults.append(found("I5", _place(data, at), what, _around(message, at)))
            break
        at = stop + 1
    head = message.head
    if not head.isascii():
        utf8 = allowed.smtputf8 or (envelope is not None and _says_utf8(envelope))
        if not utf8 or decoded(head).encode("utf-8") != head:
            what = "headers that are not UTF-8" if utf8 else "headers that are not ASCII, without SMTPUTF8"
            at = next(at for at, byte in enumerate(head) if byte > 0x7F)
            faults.append(found("I5", _place(data, at), what, head[max(0, at - 20) : at + 40]))
    seen = _CONTROL.search(head)
    if seen is not None:
        at = seen.start()
        faults.append(found("I5", _place(data, at), "a control character in a header", head[max(0, at - 20) :]))
    for part in tree:
        if part.leaf and not part.message.body.isascii() and _says_ascii(part):
            where = f"part {part.path}" if part.path else "body"
            what = "bytes beyond ASCII, and a label that says there are none"
            faults.append(found("I5", where, what, _LETTERS.sub(b"x", part.message.body[:60])))
    return faults


def _around(message: Message, at: int) -> bytes:
    """Bytes that show a fault. What a letter says is nobody's to read in a report: its shape is enough."""
    near = message.data[max(0, at - 20) : at + 40]
    return near if at < len(message.head) else _LETTERS.sub(b"x", near)


_LETTERS = re.compile(rb"[0-9A-Za-z\x80-\xff]")


def _says_ascii(part: Part) -> bool:
    said = [decoded(header.value).strip().lower() for header in part.message.values("content-transfer-encoding")]
    return any(one in ("7bit", "base64", "quoted-printable") for one in said)


_BYTES = (
    ("a bare CR", re.compile(rb"\r(?!\n)")),
    ("a bare LF", re.compile(rb"(?<!\r)\n")),
    ("a NUL", re.compile(rb"\0")),
)
_CONTROL = re.compile(rb"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]")


def _says_utf8(envelope: Envelope) -> bool:
    parameters = (*path(envelope.mail_from).parameters, *envelope.mail_parameters)
    return any(one.upper() == "SMTPUTF8" for one in parameters)


def _place(data: bytes, at: int) -> str:
    line = data.count(b"\n", 0, at) + 1
    return f"line {line}"


def i6(message: Message, allowed: Allowed, envelope: Envelope | None, tree: list[Part]) -> list[Broken]:
    """As many mails as allowed, none hidden behind another end of data, as many parts as are known."""
    faults: list[Broken] = []
    if envelope is not None and envelope.messages != allowed.messages:
        what = f"{envelope.messages} mails where {allowed.messages} may be sent"
        faults.append(found("I6", "connection", what, message.data[:80]))
    seen = END_OF_DATA.search(message.data)
    if seen is not None:
        what = "some servers end the mail here"
        faults.append(
            found("I6", _place(message.data, seen.start()), what, message.data[seen.start() : seen.end() + 60])
        )
    if len(tree) >= PARTS or any("deeper" in fault for part in tree for fault in part.faults):
        faults.append(found("I6", "parts", f"more than {PARTS} parts, or parts too deep to be read", message.head))
    if allowed.parts is not None:
        leaves = sum(part.leaf for part in tree)
        if leaves != allowed.parts:
            faults.append(found("I6", "parts", f"{leaves} parts where {allowed.parts} are known", message.head))
    return faults


def i7(message: Message, tree: list[Part]) -> list[Broken]:
    """No control, separator, surrogate or unbalanced bidi character in what a header shows; honest file names."""
    faults: list[Broken] = []
    for header in message.headers:
        text = _shown(header)
        what = unprintable(text)
        if not what and header.name.decode("latin-1") in LISTS:
            names = address_list(decoded(unfolded(header.value))).mailboxes
            what = next((fault for one in names if (fault := unprintable(one.name))), "")
        if what:
            faults.append(found("I7", f"header {header.shown}", f"{what} in the text it shows", text))
    for part in tree:
        where = f"file name of part {part.path}" if part.path else "file name"
        for name in part.file_names:
            what = unprintable(name, tab=False) or ("a bidi control" if bidi_controls(name) else "") or spoofing(name)
            if what:
                faults.append(found("I7", where, what, name))
        faults += [found("I7", where, fault, part.message.head) for fault in part.faults if "twice" in fault]
    return faults


def _shown(header: Header) -> str:
    return spoken(decoded(unfolded(header.value)))
