"""Numbers from outside, in columns: a million rows are judged in seconds with the memory of a thousand."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from functools import lru_cache
from hashlib import sha256
from itertools import islice
from typing import Any, ClassVar

import orjson

from sluicegate.errors import Fault, InputError
from sluicegate.frozen import frozen
from sluicegate.model import Json, Origin, Provenance, decode, encode

__all__ = [
    "BLOCK_ROWS",
    "CountRows",
    "Measurements",
    "Source",
    "ValueRows",
    "count_blocks",
    "unit_digest",
    "value_blocks",
]

BLOCK_ROWS = 1000

_ID_LETTERS = 16


def unit_digest(metric: str, unit_id: object) -> str:
    """What a ledger keeps of a unit's id: 16 hex letters that only say whether two rows are one unit of this metric."""
    said = f"{metric}\0{unit_id}".encode("utf-8", "surrogatepass")
    return sha256(said).hexdigest()[:_ID_LETTERS]


@frozen
class Source:
    """The file the numbers came from."""

    name: str
    sha256: str
    place: str = ""
    """Tells apart files of one name: a digest of their folder; empty beside the plan, and in older ledgers."""
    query: str = ""
    """Tells apart what one database was asked: a digest of table or query."""


@frozen
class CountRows:
    """k of n at a time, one element per row in every column."""

    at: Sequence[int]
    """Microseconds since 1970 UTC."""
    slice: Sequence[str | None]
    k: Sequence[int]
    n: Sequence[int]
    id: str = ""
    """`unit_digest` of every row, one behind the other; empty when the source names no ids."""

    def __len__(self) -> int:
        return len(self.at)


@frozen
class ValueRows:
    """A value at a time, one element per row in every column."""

    at: Sequence[int]
    """Microseconds since 1970 UTC."""
    slice: Sequence[str | None]
    value: Sequence[float | None]
    """None only where the attempt failed: worse than any value."""
    failed: Sequence[bool]
    id: str = ""
    """As in `CountRows`."""

    def __len__(self) -> int:
        return len(self.at)


@frozen
class _Head:
    metric: str
    origin: Origin
    subject: str
    stage: str | None = None
    provenance: Provenance = Provenance.LIVE
    source: Source
    window: tuple[str | None, ...] = (None, None)
    recorded_at: str
    unreached: bool = False


@frozen
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
    unreached: bool = False
    """Attempts that found nobody: failures that can hold and cannot roll back, for what serves may be well."""

    def body(self) -> dict[str, Json]:
        """The record's body. Raises ValueError for a number that is not finite, or columns of unequal length."""
        columns = _columns(self.rows)
        if (wrong := _wrong(columns)) is not None:
            raise ValueError(f"measurements of {self.metric}: {wrong}")
        head = {name: getattr(self, name) for name in _names(_Head)}
        return {**encode(_Head(**head)), "rows": columns}

    @classmethod
    def read(cls, body: Mapping[str, Json], where: str = "") -> Measurements:
        """The block in a record's body. Raises InputError at `where` for a column that is not what it must be."""
        rows = body.get("rows")
        head = _head(orjson.dumps({key: value for key, value in body.items() if key != "rows"}), where)
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
            unreached=head.unreached,
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


def _names(of: Any) -> list[str]:
    return [item.name for item in fields(of)]


@lru_cache(maxsize=8)
def _head(said: bytes, where: str) -> _Head:
    """Decoded once for the thousand blocks of one recording, which all begin alike."""
    return decode(_Head, orjson.loads(said), where)


def _columns(rows: CountRows | ValueRows) -> dict[str, Json]:
    columns: dict[str, Json] = {name: list(getattr(rows, name)) for name in _names(rows) if name != "id"}
    return {**columns, "id": rows.id} if rows.id else columns


_COUNTS = frozenset({"at", "slice", "k", "n"})
_VALUES = frozenset({"at", "slice", "value", "failed"})

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
    if not isinstance(rows, Mapping) or rows.keys() - {"id"} not in (_COUNTS, _VALUES):
        return "rows need the columns at, slice, k, n or at, slice, value, failed."
    columns = {name: column for name, column in rows.items() if name != "id"}
    if (wrong := _misshapen(columns)) is not None:
        return wrong
    if "id" in rows and not _is_ids(rows["id"], len(rows["at"])):
        return f"'id' is not {_ID_LETTERS} hex letters for each row."
    if "k" in rows and _are_plain_counts(rows) and _are_texts(rows["slice"]):
        return None
    for name, column in columns.items():
        # Counting the right types takes half the time of collecting those that are there.
        kinds = list(map(type, column))
        if sum(map(kinds.count, _TYPES[name])) != len(kinds):
            odd = set(kinds).difference(_TYPES[name])
            return f"column '{name}' holds {', '.join(sorted(kind.__name__ for kind in odd))}."
    return _wrong_counts(rows) if "k" in rows else _wrong_values(rows)


def _misshapen(columns: Mapping[str, Json]) -> str | None:
    if not all(isinstance(column, list) for column in columns.values()):
        return "a column is not a list."
    if len({len(column) for column in columns.values()}) != 1:
        return "the columns are of unequal length."
    if len(columns["at"]) > BLOCK_ROWS:
        return f"a block holds {len(columns['at'])} rows; at most {BLOCK_ROWS}."
    return None


def _is_ids(said: Json, count: int) -> bool:
    """Whether the ids are whole; `fromhex` alone would pass over spaces."""
    if not isinstance(said, str) or len(said) != _ID_LETTERS * count:
        return False
    try:
        return 2 * len(bytes.fromhex(said)) == len(said)
    except ValueError:
        return False


def _are_plain_counts(rows: Mapping[str, Json]) -> bool:
    """Whether times are whole numbers, counts too and from 0 on: written again these are digits only.

    Small numbers are written quicker than their types are looked at, and long ones, as times are, much slower. False
    says nothing.
    """
    times = rows["at"]
    if list(map(type, times)).count(int) != len(times):
        return False
    try:
        written = orjson.dumps((rows["k"], rows["n"]))
    except TypeError:
        return False
    return written.translate(None, b"0123456789,") == b"[[][]]"


def _are_texts(column: list[Json]) -> bool:
    """Whether all of them are text, or all of them None. False says nothing."""
    if column and column[0] is None:
        return column.count(None) == len(column)
    try:
        "".join(column)
    except TypeError:
        return False
    return True


def _wrong_counts(rows: Mapping[str, list[Json]]) -> str | None:
    if rows["k"] and (min(rows["k"]) < 0 or min(rows["n"]) < 0):
        return "a count is negative."
    return None


def _wrong_values(rows: Mapping[str, list[Json]]) -> str | None:
    values = rows["value"]
    if None in values:
        if any(value is None and not failed for value, failed in zip(values, rows["failed"], strict=True)):
            return "a value is missing where the attempt did not fail."
        values = [value for value in values if value is not None]
    if not all(map(math.isfinite, values)):
        odd = next(value for value in values if not math.isfinite(value))
        return f"a value is {odd}; expected a finite number."
    return None
