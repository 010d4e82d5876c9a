"""What the records of a run say, typed: a record that cannot be read is said so, never guessed at."""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import field
from functools import lru_cache
from itertools import compress
from operator import gt

from sluicegate.errors import InputError
from sluicegate.frozen import frozen
from sluicegate.ledger.chain import Record
from sluicegate.ledger.entries import entry
from sluicegate.ledger.measurements import CountRows, Measurements, ValueRows
from sluicegate.ledger.records import Entry, Void
from sluicegate.model import Origin, parse_time, to_micros

__all__ = ["Measured", "Rows", "UnreadableError", "VoidSpan", "micros", "read_entries", "read_measured", "read_void"]


class UnreadableError(ValueError):
    """A record does not say what its kind demands; the message says what is wrong with it."""


@frozen
class Rows:
    """Units of one block, in columns of equal length; never empty."""

    at: Sequence[int]
    slices: Sequence[str | None]
    k: Sequence[int]
    n: Sequence[int]
    value: Sequence[float] = ()
    """Empty for counts; infinite where the attempt failed, with k = 1."""
    ids: array[int] = field(default_factory=lambda: array("Q"))
    """Digest of each unit's id; empty when the source names none."""
    ordered: bool = False
    """Known to be in order of time."""
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
            ids=array("Q", compress(self.ids, marks)),
            ordered=self.ordered,
            first_us=min(at),
            last_us=max(at),
        )


@frozen
class Measured:
    """A block of units of one metric, subject and source."""

    metric: str
    origin: Origin
    subject: str
    stage: str | None
    provenance: str
    source: str
    """The name of the file, then, after a NUL each, what tells its place and its query apart."""
    content: str
    """Hash of what it held, and its query: a copy under another name is the same source."""
    recording: str
    """Tells one upload of a source from another."""
    from_us: int | None
    to_us: int | None
    """Not part of the window any more."""
    rows: Rows | None
    """None when nothing was measured."""
    run: int = -1
    """Number of the run it was recorded in."""
    unreached: bool = False
    """Attempts that found nobody."""

    @property
    def named(self) -> str:
        """The name of its file alone."""
        return self.source.partition("\0")[0]


@frozen
class VoidSpan:
    """A time in which evidence of one origin does not count; of a load run, the run that does not."""

    origin: Origin
    reason: str
    from_us: int
    to_us: int
    run: int | None = None
    """The run whose units alone are void, whatever their time: a late generator says nothing of another one's."""

    def covers(self, at_us: int) -> bool:
        """Whether a unit of that time is void, where it is the time that is; both ends belong to the span."""
        return self.from_us <= at_us <= self.to_us


def read_entries(records: Iterable[Record]) -> list[tuple[Record, Entry | Exception]]:
    """Records as their typed values; where one cannot be read, what reading it raised, most often UnreadableError."""
    found: list[tuple[Record, Entry | Exception]] = []
    for record in records:
        said: Entry | Exception
        try:
            said = entry(record)
        except InputError as error:
            said = UnreadableError(error.faults[0].what)
        except (TypeError, KeyError, AttributeError) as error:
            said = UnreadableError(f"a field is of the wrong type ({type(error).__name__})")
        except Exception as error:  # noqa: BLE001 - raised again where it is said which record it was
            said = error
        found.append((record, said))
    return found


def micros(said: str) -> int:
    """A time as microseconds. Raises UnreadableError."""
    try:
        if _PLAIN.fullmatch(said):
            # As the ledger writes it. Trials end close together, so most have the second of the one before.
            return _second(said[:19]) + int(said[20:26])
        return to_micros(parse_time(said))
    except ValueError:
        raise UnreadableError(f"'{said}' is not a time") from None


_PLAIN = re.compile(r"[0-9-]{10}T[0-9:]{8}\.[0-9]{6}Z")


@lru_cache(maxsize=8)
def _second(said: str) -> int:
    return to_micros(parse_time(f"{said}Z"))


def read_void(void: Void, *, run: int | None) -> VoidSpan:
    """The span of a `void` record, from the load run of that number, or from none. Raises UnreadableError."""
    return VoidSpan(
        origin=void.origin,
        reason=void.reason,
        from_us=micros(void.begins),
        to_us=micros(void.ends),
        run=run,
    )


def read_measured(block: Measurements, *, run: int) -> Measured:
    """A block of measurements in columns, from the run of that number. Raises UnreadableError: whole or not at all."""
    begins, ends = block.window
    source = block.source
    rows = _counts(block.rows) if isinstance(block.rows, CountRows) else _values(block.rows)
    return Measured(
        metric=block.metric,
        origin=block.origin,
        subject=block.subject,
        stage=block.stage,
        provenance=block.provenance.value,
        source="\0".join((source.name, source.place, source.query)),
        content="\0".join((source.sha256, source.query)),
        recording=f"{run} {source.sha256} {block.recorded_at}",
        from_us=None if begins is None else micros(begins),
        to_us=None if ends is None else micros(ends),
        rows=rows,
        run=run,
        unreached=block.unreached,
    )


def _counts(said: CountRows) -> Rows | None:
    if not said.at:
        return None
    k, n = _column(said.k), _column(said.n)
    least = n[0] if n == n[:1] * len(n) else min(said.n)
    if max(said.k) > least and True in map(gt, said.k, said.n):
        raise UnreadableError("counts more than there were")
    times = sorted(said.at)  # mostly in order already: then this is quicker than min and max
    rows = Rows(
        at=said.at,
        slices=said.slice,
        k=k,
        n=n,
        ids=_ids(said.id),
        ordered=times == said.at,
        first_us=times[0],
        last_us=times[-1],
    )
    # A day without traffic measured nothing: nought of nought is not a unit.
    return _within(rows) if least else _within(rows).kept(map(bool, said.n))


def _column(counts: Sequence[int]) -> array[int]:
    """Four bytes each where that is enough, and in one step; eight where it is not. Raises UnreadableError."""
    try:
        return array("I", counts)
    except OverflowError:
        if max(counts) >= _LARGEST:
            raise UnreadableError("a number is too large") from None
        return array("q", counts)


def _ids(said: str) -> array[int]:
    return array("Q", bytes.fromhex(said))


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
            ids=_ids(said.id),
            ordered=times == said.at,
            first_us=times[0],
            last_us=times[-1],
        )
    )


def _within(rows: Rows) -> Rows:
    """Raises UnreadableError for a time that no column can hold."""
    if not (rows.first_us > -_LARGEST and rows.last_us < _LARGEST):
        raise UnreadableError("a number is too large")
    return rows


_LARGEST = 1 << 60
