"""The words of a judgement over a mail: what was sent, what is allowed, what is broken."""

from __future__ import annotations

from collections.abc import Mapping

from sluicegate.frozen import frozen
from sluicegate.mail.addresses import canonical
from sluicegate.mail.wire import escaped

__all__ = ["Allowed", "Broken", "Envelope", "found", "is_whole", "received"]


@frozen
class Envelope:
    """What a client told the mail server of one or more mails."""

    mail_from: str
    """The argument of MAIL, with or without `FROM:`."""
    mail_parameters: tuple[str, ...] = ()
    rcpt: tuple[str, ...] = ()
    """The argument of each RCPT."""
    rcpt_parameters: tuple[tuple[str, ...], ...] = ()
    messages: int = 1
    """How many mails were sent in all."""


def received(detail: Mapping[str, object], *, messages: int = 1) -> tuple[Envelope, bytes]:
    """Envelope and bytes of a mail sink's observation, whose texts hold one character for each byte. Total."""
    import binascii

    envelope = Envelope(
        mail_from=_from_bytes(detail.get("mail_from")),
        mail_parameters=_texts(detail.get("mail_parameters")),
        rcpt=_texts(detail.get("rcpt")),
        rcpt_parameters=tuple(map(_texts, _items(detail.get("rcpt_parameters")))),
        messages=messages,
    )
    try:
        data = binascii.a2b_base64(str(detail.get("data_base64", "")))
    except ValueError:
        data = b""
    return envelope, data


def is_whole(detail: Mapping[str, object]) -> bool:
    """Whether the bytes of a mail sink's observation are all that was sent after DATA.

    Not so where the log kept the beginning alone, and where the client left before the end. True where no DATA was
    sent. What is missing may be anything; who was told to be a recipient stands all the same.
    """
    return not detail.get("truncated") and detail.get("ended_by") != ""


def _items(value: object) -> tuple[object, ...]:
    return tuple(value) if isinstance(value, (list, tuple)) else ()


def _texts(value: object) -> tuple[str, ...]:
    return tuple(map(_from_bytes, _items(value)))


def _from_bytes(value: object) -> str:
    """Text of the bytes that Latin-1 characters stand for; what is no UTF-8 becomes what no address may hold."""
    text = str(value) if value is not None else ""
    try:
        return text.encode("latin-1").decode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text


@frozen
class Broken:
    """One invariant a mail does not hold."""

    invariant: str
    """I1 … I7"""
    place: str
    """`RCPT 2`, `header Subject`, `part 1.2`, `line 14` …"""
    what: str
    witness: str
    """The bytes or text that show it, on one printable line."""


class _Sets:
    """Canonical forms of what is allowed, made once."""

    def __init__(self, allowed: Allowed) -> None:
        self.recipients = None if allowed.recipients is None else _canonical(allowed.recipients)
        authors = (*((allowed.sender,) if allowed.sender else ()), *allowed.authors)
        self.senders = _canonical(authors) if authors else None
        self.replies = (self.recipients or frozenset()) | (self.senders or frozenset()) | _canonical(allowed.reply_to)


@frozen
class Allowed:
    """What is known beforehand to be right. None says nothing; addresses as written."""

    recipients: tuple[str, ...] | None
    sender: str | None = None
    """Of the envelope, and the address From and Sender show. An empty one: the null path."""
    header_names: tuple[str, ...] | None = None
    """All a mail may have, in any case of letters; None allows all that redirect nothing."""
    messages: int = 1
    smtputf8: bool = False
    authors: tuple[str, ...] = ()
    """Addresses From and Sender may show beside the sender's."""
    reply_to: tuple[str, ...] = ()
    """Addresses answers may go to, beside the sender's and the recipients'."""
    required: tuple[str, ...] = ("from", "to", "subject")
    """Headers that stand there exactly once."""
    sentinel: str | None = None
    """Name of the header that is known to be the last one."""
    parts: int | None = None
    """How many leaves the MIME tree has."""

    def sets(self) -> _Sets:
        """Its addresses in canonical form."""
        return _Sets(self)


def _canonical(addresses: tuple[str, ...]) -> frozenset[str]:
    return frozenset(one for one in map(canonical, addresses) if one is not None)


def found(invariant: str, place: str, what: str, witness: str | bytes = "") -> Broken:
    """One broken invariant, its witness made printable."""
    return Broken(invariant=invariant, place=place, what=what, witness=escaped(witness))
