"""What the records of a run say, typed: a record that cannot be read is said so, never guessed at."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Units of one block, in columns of equal length; never empty."""

    at: Sequence[int]
    slices: Sequence[str | None]
    k: Sequence[int]
    n: Sequence[int]
    value: Sequence[float] = ()
    """Empty for counts; infinite where the attempt failed, with k = 1."""
    first_us: int
    last_us: int

    def kept(self, keep: Iterable[bool]) -> Rows | None:
        """The rows marked true; None when there are none."""
        marks = list(keep)
        at = list(compress(self.at, marks))
        if not at:
            return None
        return Rows(
            at=at,
            slices=list(compress(self.slices, marks)),
            k=list(compress(self.k, marks)),
            n=list(compress(self.n, marks)),
            value=list(compress(self.value, marks)),
            first_us=min(at),
            last_us=max(at),
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
    content: str
    """Hash of what it held: a copy under another name is the same source."""
    recording: str
    """Tells one upload of a source from another."""
    from_us: int | None
    to_us: int | None
    """Not part of the window any more."""
    rows: Rows | None
    """None when nothing was measured."""


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
    rows = _counts(block.rows) if isinstance(block.rows, CountRows) else _values(block.rows)
    return Measured(
        metric=block.metric,
        origin=block.origin,
        subject=block.subject,
        stage=block.stage,
        provenance=block.provenance.value,
        source=block.source.name,
        content=block.source.sha256,
        recording=f"{run} {block.source.sha256} {block.recorded_at}",
        from_us=None if begins is None else micros(begins),
        to_us=None if ends is None else micros(ends),
        rows=rows,
    )


def _counts(said: CountRows) -> Rows | None:
    if not said.at:
        return None
    least = min(said.n)
    if max(said.k) > least and True in map(gt, said.k, said.n):
        raise UnreadableError("counts more than there were")
    times = sorted(said.at)  # mostly in order already: then this is quicker than min and max
    rows = _within(Rows(at=said.at, slices=said.slice, k=said.k, n=said.n, first_us=times[0], last_us=times[-1]))
    # A day without traffic measured nothing: nought of nought is not a unit.
    return rows if least else rows.kept(map(bool, said.n))


def _values(said: ValueRows) -> Rows | None:
    if not said.at:
        return None
    value = said.value
    times = sorted(said.at)
    if True in said.failed:
        value = [math.inf if lost else one for one, lost in zip(value, said.failed, strict=True)]
    return _within(
        Rows(
            at=said.at,
            slices=said.slice,
            k=list(map(int, said.failed)),
            n=[1] * len(said.at),
            value=[math.inf if one is None else one for one in value] if None in value else value,  # type: ignore[arg-type]  # None is gone by then
            first_us=times[0],
            last_us=times[-1],
        )
    )


def _within(rows: Rows) -> Rows:
    """Raises UnreadableError for a number that no column can hold."""
    if not (rows.first_us > -_LARGEST and rows.last_us < _LARGEST and max(rows.n) < _LARGEST):
        raise UnreadableError("a number is too large")
    return rows


_LARGEST = 1 << 60
