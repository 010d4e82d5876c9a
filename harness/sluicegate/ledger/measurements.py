"""Numbers from outside, in columns: a million rows are judged in seconds with the memory of a thousand."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import ClassVar

from sluicegate.errors import Fault, InputError
from sluicegate.model import Json, Origin, Provenance, decode, encode

__all__ = ["BLOCK_ROWS", "CountRows", "Measurements", "Source", "ValueRows", "count_blocks", "value_blocks"]

BLOCK_ROWS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The file the numbers came from."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CountRows:
    """k of n at a time, one element per row in every column."""

    at: Sequence[int]
    """Microseconds since 1970 UTC."""
    slice: Sequence[str | None]
    k: Sequence[int]
    n: Sequence[int]

    def __len__(self) -> int:
        return len(self.at)


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueRows:
    """A value at a time, one element per row in every column."""

    at: Sequence[int]
    """Microseconds since 1970 UTC."""
    slice: Sequence[str | None]
    value: Sequence[float | None]
    """None only where the attempt failed: worse than any value."""
    failed: Sequence[bool]

    def __len__(self) -> int:
        return len(self.at)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Head:
    metric: str
    origin: Origin
    subject: str
    stage: str | None = None
    provenance: Provenance = Provenance.LIVE
    source: Source
    window: tuple[str | None, ...] = (None, None)
    recorded_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurements:
    """One block of at most 1000 rows of one metric."""

    KIND: ClassVar[str] = "measurements"

    metric: str
    origin: Origin
    subject: str
    stage: str | None = None
    provenance: Provenance = Provenance.LIVE
    source: Source
    window: tuple[str | None, str | None] = (None, None)
    """From and to, RFC 3339 UTC; None is open."""
    recorded_at: str
    rows: CountRows | ValueRows

    def body(self) -> dict[str, Json]:
        """The record's body. Raises ValueError for a number that is not finite, or columns of unequal length."""
        columns = _columns(self.rows)
        if (wrong := _wrong(columns)) is not None:
            raise ValueError(f"measurements of {self.metric}: {wrong}")
        head = {name: getattr(self, name) for name in _Head.__slots__}
        return {**encode(_Head(**head)), "rows": columns}

    @classmethod
    def read(cls, body: Mapping[str, Json], where: str = "") -> Measurements:
        """The block in a record's body. Raises InputError at `where` for a column that is not what it must be."""
        rows = body.get("rows")
        head = decode(_Head, {key: value for key, value in body.items() if key != "rows"}, where)
        wrong = _wrong(rows)
        if wrong is not None or not isinstance(rows, Mapping):
            raise InputError(Fault(where=where, what=f"measurements of '{head.metric}': {wrong}"))
        if len(head.window) != 2:
            raise InputError(Fault(where=where, what=f"$.window has {len(head.window)} ends; expected from and to."))
        values: CountRows | ValueRows = CountRows(**rows) if "k" in rows else ValueRows(**rows)
        return cls(
            metric=head.metric,
            origin=head.origin,
            subject=head.subject,
            stage=head.stage,
            provenance=head.provenance,
            source=head.source,
            window=(head.window[0], head.window[1]),
            recorded_at=head.recorded_at,
            rows=values,
        )


def count_blocks(rows: Iterable[tuple[int, str | None, int, int]]) -> Iterator[CountRows]:
    """Rows (at, slice, k, n) in blocks of at most 1000."""
    for at, name, k, n in _blocks(rows):
        yield CountRows(at=at, slice=name, k=k, n=n)


def value_blocks(rows: Iterable[tuple[int, str | None, float | None, bool]]) -> Iterator[ValueRows]:
    """Rows (at, slice, value, failed) in blocks of at most 1000."""
    for at, name, value, failed in _blocks(rows):
        yield ValueRows(at=at, slice=name, value=value, failed=failed)


def _blocks(rows: Iterable[tuple[Json, ...]]) -> Iterator[tuple[Json, ...]]:
    remaining = iter(rows)
    while block := list(islice(remaining, BLOCK_ROWS)):
        yield tuple(list(column) for column in zip(*block, strict=True))


def _columns(rows: CountRows | ValueRows) -> dict[str, list[Json]]:
    return {name: list(getattr(rows, name)) for name in rows.__slots__}


_TYPES: Mapping[str, tuple[type, ...]] = {
    "at": (int,),
    "slice": (str, type(None)),
    "k": (int,),
    "n": (int,),
    "value": (float, int, type(None)),
    "failed": (bool,),
}


def _wrong(rows: Json) -> str | None:
    """What is wrong with the columns, or None. Whole columns at a time, for a million rows pass here."""
    if not isinstance(rows, Mapping) or set(rows) not in (
        {"at", "slice", "k", "n"},
        {"at", "slice", "value", "failed"},
    ):
        return "rows need the columns at, slice, k, n or at, slice, value, failed."
    if not all(isinstance(column, list) for column in rows.values()):
        return "a column is not a list."
    if len({len(column) for column in rows.values()}) != 1:
        return "the columns are of unequal length."
    if len(rows["at"]) > BLOCK_ROWS:
        return f"a block holds {len(rows['at'])} rows; at most {BLOCK_ROWS}."
    for name, column in rows.items():
        # Counting the right types takes half the time of collecting those that are there.
        kinds = list(map(type, column))
        if sum(map(kinds.count, _TYPES[name])) != len(kinds):
            odd = set(kinds).difference(_TYPES[name])
            return f"column '{name}' holds {', '.join(sorted(kind.__name__ for kind in odd))}."
    return _wrong_counts(rows) if "k" in rows else _wrong_values(rows)


def _wrong_counts(rows: Mapping[str, list[Json]]) -> str | None:
    if rows["k"] and (min(rows["k"]) < 0 or min(rows["n"]) < 0):
        return "a count is negative."
    return None


def _wrong_values(rows: Mapping[str, list[Json]]) -> str | None:
    for value, failed in zip(rows["value"], rows["failed"], strict=True):
        if value is None:
            if not failed:
                return "a value is missing where the attempt did not fail."
        elif not math.isfinite(value):
            return f"a value is {value}; expected a finite number."
    return None
