"""The body of a tool call member by member, with what two readers of it may take differently."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from math import isfinite
from urllib.parse import parse_qsl

from sluicegate.doubles.bodies import DEEPEST
from sluicegate.frozen import frozen
from sluicegate.model import Json

__all__ = ["Members", "Pairs", "gathered", "members", "twice"]

Pairs = Sequence[tuple[str, Json]]
_WIDEST = 2**63


@frozen
class Members:
    """A JSON object or a form as it was written."""

    pairs: Pairs
    """Its own members in order, those of one name all of them."""
    is_form: bool = False
    duplicates: tuple[tuple[str, Json], ...] = ()
    """Every value of a name that came twice within a member, with the way there: `options.to`, `items.0.to`."""
    not_finite: tuple[str, ...] = ()
    """Ways to what was written as a number and is none of JSON."""


def members(body: bytes) -> Members | None:
    """The members of a JSON object, duplicates kept; the fields of a form of either kind; None for anything else."""
    try:
        # The standard library's reader, because it shows duplicate keys and what is not finite.
        value = json.loads(body, object_pairs_hook=_Object, parse_constant=_Constant)
        if not isinstance(value, _Object):
            return None
        reading = _Reading()
        pairs = [(_text(name), reading.plain(item, (_text(name),))) for name, item in value.pairs]
        return Members(pairs=pairs, duplicates=tuple(reading.duplicates), not_finite=tuple(reading.not_finite))
    except (ValueError, RecursionError):
        if (parts := _parts(body)) is not None:
            return Members(pairs=parts, is_form=True)
        form = parse_qsl(body.decode(errors="replace"), keep_blank_values=True) if b"=" in body[:500] else []
        return Members(pairs=[*form], is_form=True) if form else None


_BOUNDARY = re.compile(rb"--[\w'()+,./:=? \-]{1,70}")
_DISPOSITION = re.compile(
    r'form-data; ?name="([^"\r\n]*)"(?:; ?filename="([^"\r\n]*)")?(?:; ?filename\*=([^;"\s]*))?', re.IGNORECASE
)


def _parts(body: bytes) -> list[tuple[str, Json]] | None:
    """The fields of `multipart/form-data` as clients write it; None for what two readers may split in two ways.

    A file is a member with its name and its text.
    """
    mark = body.partition(b"\r\n")[0]
    if not _BOUNDARY.fullmatch(mark):
        return None
    *pieces, end = f"\r\n{body.decode(errors='replace')}".split(f"\r\n{mark.decode()}")
    if end.strip("\r\n") != "--":
        return None
    found: list[tuple[str, Json]] = []
    for piece in pieces[1:]:
        head, blank, text = piece.removeprefix("\r\n").partition("\r\n\r\n")
        lines = [line.partition(":") for line in head.split("\r\n")]
        said = [
            _DISPOSITION.fullmatch(value.strip()) for name, _, value in lines if name.lower() == "content-disposition"
        ]
        if not (piece.startswith("\r\n") and blank) or len(said) != 1 or said[0] is None:
            return None
        named = said[0][2] if said[0][2] is not None else said[0][3]
        found.append((said[0][1], text if named is None else {"filename": named, "text": text}))
    return found


def gathered(pairs: Pairs, lists: Collection[str]) -> list[tuple[str, Json]]:
    """The pairs of a query or form; those of each name of `lists`, with brackets or without, as one list."""
    found: dict[str, list[Json]] = {}
    for name, value in pairs:
        if (bare := name.removesuffix("[]")) in lists:
            found.setdefault(bare, []).append(value)
    others = [(name, value) for name, value in pairs if name.removesuffix("[]") not in found]
    return [*others, *((name, values if len(values) > 1 else values[0]) for name, values in found.items())]


def twice(pairs: Pairs, way: str = "") -> tuple[tuple[str, Json], ...]:
    """Every value of a name that stands there more than once."""
    counted = Counter(name for name, _ in pairs)
    return tuple((f"{way}{name}", value) for name, value in pairs if counted[name] > 1)


class _Object:
    """A JSON object as it was written."""

    __slots__ = ("pairs",)

    def __init__(self, pairs: list[tuple[str, Json]]) -> None:
        self.pairs = pairs


class _Constant(str):
    """NaN or an infinity, which JSON has no form for."""

    __slots__ = ()


@dataclass(slots=True)
class _Reading:
    duplicates: list[tuple[str, Json]] = field(default_factory=list)
    not_finite: list[str] = field(default_factory=list)

    def plain(self, value: object, way: tuple[str, ...]) -> Json:
        """As JSON can tell it: what has no form there is told as text. Raises ValueError for what nests too deeply."""
        if len(way) > DEEPEST + 1:
            raise ValueError("too deep")
        if isinstance(value, _Object):
            pairs = [(_text(name), self.plain(item, (*way, _text(name)))) for name, item in value.pairs]
            self.duplicates += twice(pairs, f"{'.'.join(way)}.")
            return dict(pairs)
        if isinstance(value, list):
            return [self.plain(item, (*way, str(at))) for at, item in enumerate(value)]
        return self._scalar(value, way)

    def _scalar(self, value: object, way: tuple[str, ...]) -> Json:
        if isinstance(value, _Constant) or (isinstance(value, float) and not isfinite(value)):
            self.not_finite.append(".".join(way))
            return str(value)
        if isinstance(value, str):
            return _text(value)
        if isinstance(value, int) and not -_WIDEST <= value < _WIDEST:
            return str(value)
        return value if value is None or isinstance(value, (bool, int, float)) else str(value)


def _text(value: str) -> str:
    """A lone surrogate, which has no UTF-8, is shown as it was written."""
    return value if value.isascii() else value.encode(errors="backslashreplace").decode()
