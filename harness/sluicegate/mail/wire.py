"""A mail as bytes: its headers as four readers see them, and where its body begins.

The first three readers differ in what ends a line, the fourth is the standard library's parser. For an honest mail they
see the same names; where they do not, two programs on the way of the mail see two mails.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sluicegate.errors import printable
from sluicegate.frozen import frozen

__all__ = ["READERS", "Header", "Message", "Reading", "decoded", "escaped", "read", "unfolded"]

READERS = ("crlf", "lf", "stdlib", "splitlines")

NAME = re.compile(rb"[!-9;-~]+")
"""RFC 5322 3.6.8: printable ASCII without the colon."""

_NO_FIELD = b"\n"
"""Stands for a line that is no header field; no name contains it."""


@frozen
class Header:
    """One field as the LF-tolerant reader sees it."""

    name: bytes
    """In ASCII lower case, white space before the colon removed; `b"\\n"` for a line that is no field."""
    value: bytes
    """All after the colon, folds included, without the last line's end."""
    at: int
    """Byte offset of its first line in what was read."""

    @property
    def proper(self) -> bool:
        """Whether the name is one RFC 5322 allows."""
        return NAME.fullmatch(self.name) is not None

    @property
    def shown(self) -> str:
        """The name for a reader: printable, or what the line is."""
        return "(no field)" if self.name == _NO_FIELD else escaped(self.name, 60)


@frozen
class Reading:
    """What one reader sees."""

    reader: str
    names: tuple[bytes, ...]
    """In ASCII lower case, in their order; `b"\\n"` for a line that is no field."""
    early: bool = False
    """It ends the headers before the first blank line between CRLF."""
    failed: str = ""
    """The exception a reader of the standard library raised, by name."""


@frozen
class Message:
    """Bytes and how they are read. Of a part of a mail as well."""

    data: bytes
    headers: tuple[Header, ...]
    body_at: int
    """Where the body begins; the length of the data when there is none."""
    readings: tuple[Reading, ...]
    """One for each of READERS, in that order."""
    blank_fold: bool = False
    """A folded line holds white space only: some readers end the headers there."""

    @property
    def agreed(self) -> bool:
        """Whether all readers see the same names in the same order, and the body begin at the same place."""
        first = self.readings[0].names
        return all(one.names == first and not one.early and not one.failed for one in self.readings)

    @property
    def head(self) -> bytes:
        """The header block, its blank line included."""
        return self.data[: self.body_at]

    @property
    def body(self) -> bytes:
        """All after the blank line."""
        return self.data[self.body_at :]

    def values(self, *names: str) -> list[Header]:
        """The headers with these names, which are given in lower case."""
        wanted = {name.encode() for name in names}
        return [header for header in self.headers if header.name in wanted]


def read(data: bytes) -> Message:
    """The bytes read four ways. Total, and linear in their length."""
    end = _end(data)
    head = data[:end]
    headers, body_at, blank = _fields(head)
    readings = (
        _by_lines("crlf", head.split(b"\r\n")),
        Reading(reader="lf", names=tuple(header.name for header in headers), early=body_at < end),
        _by_stdlib(head),
        _by_lines("splitlines", _split_as_text(head)),
    )
    return Message(data=data, headers=headers, body_at=body_at, readings=readings, blank_fold=blank)


def unfolded(value: bytes) -> bytes:
    """A header's value on one line: line ends before white space removed, outer white space too."""
    if b"\n" in value or b"\r" in value:
        value = _FOLD.sub(b" ", value)
    return value.strip(b" \t")


def decoded(value: bytes) -> str:
    """Header bytes as text: UTF-8 where they are UTF-8, otherwise one character for each byte."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


def escaped(text: str | bytes, limit: int = 120) -> str:
    """One printable line of at most `limit` characters: a witness."""
    if isinstance(text, bytes):
        text = text[: limit * 4].decode("utf-8", "backslashreplace")
    shown = printable(text[:limit]).replace("\n", "\\n").replace("\t", "\\t")
    return shown if len(shown) <= limit and len(text) <= limit else shown[: limit - 1] + "…"


_FOLD = re.compile(rb"\r?\n[ \t]+")


def _end(data: bytes) -> int:
    """Past the first blank line between CRLF; no reader reads headers beyond it."""
    if data.startswith(b"\r\n"):
        return 2
    found = data.find(b"\r\n\r\n")
    return len(data) if found < 0 else found + 4


def _fields(head: bytes) -> tuple[tuple[Header, ...], int, bool]:
    """Headers as a reader sees them for whom LF ends a line, where they end, and whether a fold is blank."""
    headers: list[Header] = []
    name, start, first, blank = None, 0, 0, False
    at, size = 0, len(head)
    while at < size:
        stop = head.find(b"\n", at)
        following = size if stop < 0 else stop + 1
        line_end = size if stop < 0 else stop - (stop > at and head[stop - 1] == 0x0D)
        if line_end == at:
            break
        if head[at] in b" \t" and name is not None:
            blank = blank or not head[at:line_end].strip(b" \t")
        else:
            if name is not None:
                headers.append(Header(name=name, value=_value(head[start:at]), at=first))
            name = _name(head[at:line_end])
            first = at
            start = at if name == _NO_FIELD else head.find(b":", at) + 1
        at = following
    else:
        following = size
    if name is not None:
        headers.append(Header(name=name, value=_value(head[start:at]), at=first))
    return tuple(headers), following if size else 0, blank


def _value(raw: bytes) -> bytes:
    return raw.removesuffix(b"\n").removesuffix(b"\r")


def _name(line: bytes) -> bytes:
    before, colon, _ = line.partition(b":")
    if not colon:
        return _NO_FIELD
    return before.rstrip(b" \t").lower().replace(b"\n", b"\0")


def _by_lines(reader: str, lines: Sequence[bytes]) -> Reading:
    names: list[bytes] = []
    for index, line in enumerate(lines):
        if not line:
            return Reading(reader=reader, names=tuple(names), early=any(lines[index:]))
        if line[0] not in b" \t" or not names:
            names.append(_name(line))
    return Reading(reader=reader, names=tuple(names))


def _split_as_text(head: bytes) -> Sequence[bytes]:
    """Lines as `str.splitlines` ends them: also at VT, FF, FS, GS, RS, NEL, LS and PS."""
    try:
        text, codec = head.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        text, codec = head.decode("latin-1"), "latin-1"
    return [line.encode(codec) for line in text.splitlines()]


def _by_stdlib(head: bytes) -> Reading:
    """The names `email.parser` sees. It is a witness, and a witness that breaks down disagrees."""
    from email.parser import BytesHeaderParser
    from email.policy import compat32

    try:
        parsed = BytesHeaderParser(policy=compat32).parsebytes(head)
        rest = parsed.get_payload()
        names = tuple(name.encode("ascii", "surrogateescape").lower() for name in parsed.keys())  # noqa: SIM118 - a Message is no mapping: its keys repeat
    except Exception as error:  # noqa: BLE001 - whatever it raises on hostile bytes is its reading of them
        return Reading(reader="stdlib", names=(), failed=type(error).__name__)
    return Reading(reader="stdlib", names=names, early=bool(rest))
