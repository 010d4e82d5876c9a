"""What the records of a run say, typed: a record that cannot be read is said so, never guessed at."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import compress
from operator import gt

from sluicegate.errors import InputError
from sluicegate.ledger.chain import Record
from sluicegate.ledger.measurements import CountRows, Measurements, ValueRows
from sluicegate.ledger.records import Entry, Void, entry
from sluicegate.model import Origin, parse_time, to_micros

__all__ = ["Measured", "Rows", "UnreadableError", "VoidSpan", "micros", "read_entry", "read_measured", "read_void"]


class UnreadableError(ValueError):
    """A record does not say what its kind demands; the message says what is wrong with it."""


@dataclass(slots=True, kw_only=True)
class Rows:
    """Units of one block, in columns of equal length."""

    at: array[int]
    slices: Sequence[str | None]
    k: array[int]
    n: array[int]
    value: array[float] = field(default_factory=lambda: array("d"))
    """Empty for counts; infinite where the attempt failed, with k = 1."""

    def kept(self, keep: Iterable[bool]) -> Rows:
        """The rows marked true."""
        marks = list(keep)
        return Rows(
            at=array("q", compress(self.at, marks)),
            slices=list(compress(self.slices, marks)),
            k=array("q", compress(self.k, marks)),
            n=array("q", compress(self.n, marks)),
            value=array("d", compress(self.value, marks)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A block of units of one metric, subject and source."""

    metric: str
    origin: Origin
    subject: str
    stage: str | None
    provenance: str
    source: str
    """The name of the file or query."""
    recording: str
    """Tells one upload of a source from another."""
    from_us: int | None
    to_us: int | None
    """Not part of the window any more."""
    rows: Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidSpan:
    """A time in which evidence of one origin does not count."""

    origin: Origin
    reason: str
    from_us: int
    to_us: int

    def covers(self, at_us: int) -> bool:
        """Whether a unit of that time is void; both ends belong to the span."""
        return self.from_us <= at_us <= self.to_us


def read_entry(record: Record) -> Entry:
    """The record as its typed value. Raises UnreadableError."""
    try:
        return entry(record)
    except InputError as error:
        raise UnreadableError(error.faults[0].what) from None
    except (TypeError, KeyError, AttributeError) as error:
        raise UnreadableError(f"a field is of the wrong type ({type(error).__name__})") from None


def micros(said: str) -> int:
    """A time as microseconds. Raises UnreadableError."""
    try:
        return to_micros(parse_time(said))
    except ValueError:
        raise UnreadableError(f"'{said}' is not a time") from None


def read_void(void: Void) -> VoidSpan:
    """The span of a `void` record. Raises UnreadableError."""
    return VoidSpan(origin=void.origin, reason=void.reason, from_us=micros(void.begins), to_us=micros(void.ends))


def read_measured(block: Measurements, *, run: int) -> Measured:
    """A block of measurements in columns, from the run of that number. Raises UnreadableError: whole or not at all."""
    begins, ends = block.window
    try:
        rows = _counts(block.rows) if isinstance(block.rows, CountRows) else _values(block.rows)
    except OverflowError:
        raise UnreadableError("a number is too large") from None
    return Measured(
        metric=block.metric,
        origin=block.origin,
        subject=block.subject,
        stage=block.stage,
        provenance=block.provenance.value,
        source=block.source.name,
        recording=f"{run} {block.source.sha256} {block.recorded_at}",
        from_us=None if begins is None else micros(begins),
        to_us=None if ends is None else micros(ends),
        rows=rows,
    )


def _counts(said: CountRows) -> Rows:
    least = min(said.n, default=1)
    if max(said.k, default=0) > least and True in map(gt, said.k, said.n):
        raise UnreadableError("counts more than there were")
    rows = Rows(at=array("q", said.at), slices=said.slice, k=array("q", said.k), n=array("q", said.n))
    # A day without traffic measured nothing: nought of nought is not a unit.
    return rows if least else rows.kept(map(bool, said.n))


def _values(said: ValueRows) -> Rows:
    failed = said.failed
    values = [math.inf if lost else value for value, lost in zip(said.value, failed, strict=True)]
    return Rows(
        at=array("q", said.at),
        slices=said.slice,
        k=array("q", failed),
        n=array("q", [1]) * len(failed),
        value=array("d", [math.inf if value is None else value for value in values]),
    )
