"""Parameters of Content-Type and Content-Disposition: RFC 2045 5.1, RFC 2231, and encoded words where none belong."""

from __future__ import annotations

import re

from sluicegate.frozen import frozen
from sluicegate.mail.words import in_charset, spoken

__all__ = ["Parameterised", "parameterised"]

_TOKEN = re.compile(r'[^\s;="()]+')
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*+)"', re.DOTALL)
_PIECES = 500
"""Pieces of one continued value that are joined."""


@frozen
class Parameterised:
    """A value and its parameters."""

    value: str
    """In lower case."""
    parameters: dict[str, tuple[str, ...]]
    """Name in lower case to every way its value is read: as written, its encoded words decoded, by RFC 2231."""
    twice: tuple[str, ...]
    """Names that stand there more than once in the same form: readers differ on which one counts."""

    def first(self, name: str) -> str:
        """The value most readers take; empty when there is none."""
        return self.parameters.get(name, ("",))[0]


def parameterised(text: str) -> Parameterised:
    """An unfolded header value. Total, and linear in its length."""
    written = _written(text)
    plain: dict[str, list[str]] = {}
    extended: dict[str, dict[int, tuple[str, bool]]] = {}
    twice: dict[str, None] = {}
    for name, said in written[1]:
        base, *rest = name.split("*")
        if not rest:
            if base in plain:
                twice[base] = None
            plain.setdefault(base, []).append(said)
            continue
        index = int(rest[0]) if rest[0].isdecimal() and rest[0].isascii() and len(rest[0]) < 5 else 0
        pieces = extended.setdefault(base, {})
        if index in pieces:
            twice[base] = None
        if len(pieces) < _PIECES:
            pieces.setdefault(index, (said, rest[-1] == ""))
    read: dict[str, dict[str, None]] = {base: dict.fromkeys((_joined(pieces),)) for base, pieces in extended.items()}
    for base, values in plain.items():
        for said in values:
            read.setdefault(base, {}).update({said: None, spoken(said): None})
    return Parameterised(
        value=written[0].lower(), parameters={name: tuple(values) for name, values in read.items()}, twice=tuple(twice)
    )


def _written(text: str) -> tuple[str, list[tuple[str, str]]]:
    """The value, and names (lower case) with values as they stand, quoting undone."""
    at, value = 0, ""
    named: list[tuple[str, str]] = []
    name: str | None = None
    said: list[str] = []
    equals = False
    for kind, piece in _pieces(text):
        if kind == ";":
            if at == 0:
                value = "".join(said)
            elif name is not None or said:
                named.append((name or "".join(said).lower(), "".join(said) if name is not None else ""))
            at, name, said, equals = at + 1, None, [], False
        elif kind == "=" and at > 0 and not equals:
            name, said, equals = "".join(said).lower(), [], True
        else:
            said.append(piece)
    if at == 0:
        return "".join(said), []
    if name is not None or said:
        named.append((name or "".join(said).lower(), "".join(said) if name is not None else ""))
    return value, named


def _pieces(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at, size = 0, len(text)
    last = text.rfind('"')
    while at < size:
        ch = text[at]
        if ch.isspace():
            at += 1
        elif ch == '"' and at < last:
            quoted = _QUOTED.match(text, at)
            if quoted is None:
                last = -1  # what is open here stays open to the end: no quote is looked for again
                continue
            found.append(("quoted", re.sub(r"\\(.)", r"\1", quoted[1], flags=re.DOTALL)))
            at = quoted.end()
        elif ch == "(":
            at = _past_comment(text, at)
        elif ch in ';="':
            found.append((ch, ch))
            at += 1
        else:
            token = _TOKEN.match(text, at)
            end = token.end() if token else at + 1
            found.append(("token", text[at:end]))
            at = end
    return found


def _past_comment(text: str, start: int) -> int:
    """Behind a comment; one that is not closed goes to the end."""
    depth, at = 0, start
    while at < len(text):
        ch = text[at]
        if ch == "\\":
            at += 1
        elif ch == "(":
            depth += 1
        elif ch == ")":
            depth -= 1
            if depth == 0:
                return at + 1
        at += 1
    return len(text)


def _joined(pieces: dict[int, tuple[str, bool]]) -> str:
    """A continued value: RFC 2231 3 and 4."""
    charset = ""
    raw: list[bytes] = []
    for place, index in enumerate(sorted(pieces)):
        said, encoded = pieces[index]
        if encoded and place == 0 and said.count("'") >= 2:
            charset, _, said = said.split("'", 2)
        raw.append(_percent(said) if encoded else said.encode("utf-8", "surrogatepass"))
    return in_charset(b"".join(raw), charset)


def _percent(text: str) -> bytes:
    raw = text.encode("utf-8", "surrogatepass")
    return re.sub(rb"%([0-9A-Fa-f]{2})", lambda found: bytes([int(found[1], 16)]), raw)
