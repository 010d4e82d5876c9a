"""Which rows of growing evidence are one unit: none is promoted on twice, and no failure is lost as a copy.

1. Rows with one unit id are one unit, in whatever file: its worst outcome counts, of a group the most failures and the
   most units of any record; groups of different sizes promote nothing. In another slice it is another unit.
2. Without ids, one source (by name and place, or by content) recorded again counts each row as often as the recording
   that has it most often. A group of units (see `groups`) is what stands at one time in one slice; where recordings
   size it differently it counts once, as with an id, and promotes nothing.
3. Without ids, different sources that overlap in time cannot be told apart: nothing is promoted on them; equal rows
   count once for the rollback line, and a line that only all of them together cross is suspect.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress, pairwise

from sluicegate.frozen import frozen
from sluicegate.gate.series import Series
from sluicegate.plan.types import Better

__all__ = ["Columns", "Span", "Upload", "copies", "same_units", "sources"]

_AT_ONCE = 50_000
"""Rows compared at a time, so that the memory of a comparison does not grow with the evidence."""

_PRIMES = (1, 3, 7, 13, 29, 61, 127, 251)
"""Into how many parts rows are dealt. Times often stand at even distances, which share no factor with these."""


@frozen
class Upload:
    """What rows were recorded with."""

    source: str
    """Tells files and queries apart."""
    recording: str
    """Tells one upload of a source from another."""
    content: str = ""
    """Hash of what the source held: a copy under another name is the same source."""


@dataclass(slots=True, kw_only=True)
class Span:
    """Rows that came with one upload."""

    upload: Upload
    start: int
    stop: int
    named: bool
    """Every row has a unit id."""


@frozen
class Columns:
    """All rows with their ids, and which are left out."""

    series: Series
    names: Sequence[str | None]
    """Slice of each index; None for index -1 is not among them."""
    ids: array[int]
    """Digest of each row's unit, 0 for none; empty when no row has one."""
    dropped: bytearray
    better: Better
    conflicts: set[tuple[int, ...]] = field(default_factory=set)
    """Units whose records disagree, where neither way is better, or about their size: by id, or by slice and time."""
    same_runs: set[tuple[int, int]] = field(default_factory=set)
    """Load runs that are one, by number: they have a unit together, as one that was taken in twice."""

    def meet(self, row: int, other: int) -> None:
        """Take two rows that are one unit."""
        if (run := self.series.run) and run[row] != run[other]:
            self.same_runs.add((run[row], run[other]))

    def drop(self, row: int) -> int:
        """Leave a row out; gives its units."""
        self.dropped[row] = 1
        return self.series.n[row]

    def all(self) -> tuple[array[int] | array[float], ...]:
        """Everything that is said of a row, beside its id."""
        series = self.series
        said = (series.at_us, series.slice_index, series.k, series.n)
        return (*said, series.value) if series.value else said

    def is_worse(self, row: int, than: int) -> bool:
        """Whether a record of a unit is worse than another; of equally bad ones the later."""
        series = self.series
        if series.value:
            sense = {Better.HIGHER: -1, Better.LOWER: 1, Better.INSIDE: 1}[self.better]
            mine, other = ((series.k[each], sense * series.value[each]) for each in (row, than))
            differ = mine != other
        else:
            mine, other = ((self.failures(each), 0.0) for each in (row, than))
            differ = (series.k[row], series.n[row]) != (series.k[than], series.n[than])
            if series.n[row] != series.n[than]:
                self.conflicts.add((self.ids[row],))
        if differ and self.better is Better.INSIDE:
            self.conflicts.add((self.ids[row],))
        return (*mine, series.at_us[row]) > (*other, series.at_us[than])

    def failures(self, row: int) -> int:
        """How many units of a row are bad."""
        k, n = self.series.k[row], self.series.n[row]
        return n - k if self.better is Better.HIGHER else k

    def resize(self, row: int, bad: int, size: int) -> None:
        """Let a row stand for so many units, of which so many are bad."""
        series, k = self.series, size - bad if self.better is Better.HIGHER else bad
        try:
            series.k[row], series.n[row] = k, size
        except OverflowError:
            series.k, series.n = array("q", series.k), array("q", series.n)
            series.k[row], series.n[row] = k, size


def sources(spans: Sequence[Span]) -> dict[str, list[Span]]:
    """Spans by source, whatever the order they came in; what shares a name or a content is one source."""
    root: dict[str, str] = {}

    def found(key: str) -> str:
        while (above := root.setdefault(key, key)) != key:
            key = above
        return key

    for span in spans:
        name, content = found(f"name {span.upload.source}"), found(f"content {span.upload.content}")
        if span.upload.content:
            root[max(name, content)] = min(name, content)
    grouped: dict[str, list[Span]] = {}
    for span in spans:
        grouped.setdefault(found(f"name {span.upload.source}"), []).append(span)
    return grouped


def same_units(columns: Columns) -> int:
    """Leave out all but the worst record of each unit id and slice; gives the units left out."""
    ids, slices, repeated = columns.ids, columns.series.slice_index, 0
    for rows in _buckets(ids, columns.dropped):
        units = [ids[row] for row in rows]
        if len(set(units)) == len(units):
            continue
        best: dict[tuple[int, int], int] = {}
        for unit, row in zip(units, rows, strict=True):
            if not unit:
                continue
            held = best.setdefault((unit, slices[row]), row)
            if held == row:
                continue
            columns.meet(row, held)
            worse = _said(columns.series, row) != _said(columns.series, held) and columns.is_worse(row, held)
            repeated += columns.drop(held if worse else row)
            _enlarge(columns, *((row, held) if worse else (held, row)))
            if worse:
                best[unit, slices[row]] = row
        repeated += _unsliced(columns, best)
    return repeated


def _enlarge(columns: Columns, row: int, dropped: int) -> None:
    """A group recorded in two sizes has the failures of the worse record, and the units of the larger one."""
    if columns.series.n[row] < (size := columns.series.n[dropped]):
        columns.resize(row, columns.failures(row), size)


def _unsliced(columns: Columns, best: Mapping[tuple[int, int], int]) -> int:
    """A unit recorded with its slice and without is one unit: with its slice, and with the worse outcome."""
    bare = {unit: row for (unit, index), row in best.items() if index < 0}
    named: dict[int, list[int]] = {}
    for (unit, index), row in best.items():
        if index >= 0 and unit in bare:
            named.setdefault(unit, []).append(row)
    repeated, series = 0, columns.series
    for unit, rows in named.items():
        row = bare[unit]
        columns.meet(row, rows[0])
        repeated += columns.drop(row)
        if all(columns.is_worse(row, each) for each in rows):
            first = min(rows, key=lambda each: str(columns.names[series.slice_index[each]]))
            if series.value:
                series.k[first], series.value[first] = series.k[row], series.value[row]
            else:
                columns.resize(first, columns.failures(row), max(series.n[row], series.n[first]))
    return repeated


def copies(columns: Columns, recordings: Sequence[Sequence[Span]]) -> int:
    """Leave out rows without an id that stand in an earlier recording too; gives the units left out.

    Multiplicities are compared, so neither equal rows of one recording nor rows that vanished from a later one are
    lost. A row that has an id is never left out, and one without a slice is the same in any.
    """
    if len(recordings) < 2 or all(span.named for spans in recordings for span in spans):
        return 0
    if (grown := _grown(columns, recordings)) is not None:
        return sum(columns.drop(row) for rows in grown for row in rows if not columns.dropped[row])
    repeated = 0
    first = sorted(recordings, key=lambda spans: not all(span.named for span in spans))
    size = sum(span.stop - span.start for spans in first for span in spans)
    for mask in _masks(columns.series.at_us, size):
        parts = [list(_rows(columns, spans, mask)) for spans in first]
        repeated += sum(columns.drop(row) for row in _known(columns, parts))
    return repeated


def _grown(columns: Columns, recordings: Sequence[Sequence[Span]]) -> list[range] | None:
    """What each recording only repeats, where each begins with the end of the one before; None where one does not.

    A file that grew, and a window that moved on, are compared as whole columns; anything else is, row by row.
    """
    at, repeats = columns.series.at_us, list[range]()
    behind: int | None = None
    """The latest time that a later recording has not said again."""
    wholes = [_whole(spans) for spans in recordings]
    for old, new in pairwise(wholes):
        if old is None or new is None:
            return None
        begin = old.start if at[old.start] == at[new.start] else bisect_left(at, at[new.start], old.start, old.stop)
        left, size = at[old.start : begin], old.stop - begin
        behind = max(left, default=behind) if behind is None else max(behind, max(left, default=behind))
        same = size <= len(new) and all(
            column[begin : old.stop] == column[new.start : new.start + size] for column in columns.all()
        )
        if not same or (behind is not None and behind >= min(at[new.start : new.stop])):
            return None
        repeats.append(range(new.start, new.start + size))
    return repeats


def _whole(spans: Sequence[Span]) -> range | None:
    """The rows of a recording, where they lie side by side and have no ids."""
    together = all(one.stop == two.start for one, two in pairwise(spans))
    return range(spans[0].start, spans[-1].stop) if together and not any(span.named for span in spans) else None


_Row = tuple[object, ...]


def _known(columns: Columns, recordings: Sequence[Sequence[tuple[int, bool]]]) -> Iterator[int]:
    """Rows without an id that another recording has too, or that a row with their slice stands for."""
    series, slices = columns.series, columns.series.slice_index
    most: Counter[_Row] = Counter()
    """Units that stay, by slice and all else that is said of them."""
    kept: Counter[_Row] = Counter()
    """The same, whatever their slice."""
    parts = [sorted(rows, key=lambda each: not each[1]) for rows in recordings]
    for first in (True, False):  # rows that have an id stay in any case, so they come first
        for rows in parts:
            seen: Counter[_Row] = Counter()
            for row, named in rows:
                if slices[row] >= 0 and named >= first:
                    said = _said(series, row)
                    is_new = _is_more((slices[row], *said), seen, most)
                    kept[said] += is_new
                    if not (is_new or named or first):
                        yield row
    for first in (True, False):
        for rows in parts:
            seen = Counter(_said(series, row) for row, _ in rows if slices[row] >= 0)
            for row, named in rows:
                if (
                    slices[row] < 0
                    and named >= first
                    and not (_is_more(_said(series, row), seen, kept) or named or first)
                ):
                    yield row


def _is_more(said: _Row, seen: Counter[_Row], most: Counter[_Row]) -> bool:
    """Whether this recording has it more often by now than any before."""
    seen[said] += 1
    if seen[said] <= most[said]:
        return False
    most[said] = seen[said]
    return True


def _said(series: Series, row: int) -> _Row:
    value = series.value[row] if series.value else None
    return series.at_us[row], series.k[row], series.n[row], value


def _rows(columns: Columns, spans: Sequence[Span], mask: bytes | None) -> Iterator[tuple[int, bool]]:
    """The rows of a recording that are still there, and whether each has an id."""
    for span in spans:
        rows: Iterator[int] = iter(range(span.start, span.stop))
        if mask is not None:
            rows = compress(rows, mask[span.start : span.stop])
        yield from ((row, span.named) for row in rows if not columns.dropped[row])


def _masks(keys: Sequence[int], size: int) -> Iterator[bytes | None]:
    """Which rows to look at together: equal keys always are. None for all."""
    parts = next((prime for prime in _PRIMES if size <= prime * _AT_ONCE), _PRIMES[-1])
    if parts == 1:
        yield None
        return
    places = bytes(map(parts.__rmod__, keys))
    for part in range(parts):
        yield places.translate(bytes(part) + b"\1" + bytes(255 - part))


def _buckets(ids: array[int], dropped: bytearray) -> Iterator[list[int]]:
    """Rows still there that have an id, those of one id together."""
    for mask in _masks(ids, len(ids)):
        rows = range(len(ids)) if mask is None else compress(range(len(ids)), mask)
        yield [row for row in rows if not dropped[row] and ids[row]]
