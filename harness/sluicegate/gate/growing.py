"""Growing evidence as it arrives: a million units in plain columns, counted once, ordered by time."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from heapq import merge
from itertools import compress
from operator import itemgetter
from typing import TypeVar

from sluicegate.frozen import frozen
from sluicegate.gate.distinct import Columns, Span, Upload, copies, same_units, sources
from sluicegate.gate.groups import Group, folded, resized
from sluicegate.gate.overlap import unclear
from sluicegate.gate.reading import Rows, VoidSpan
from sluicegate.gate.series import Series
from sluicegate.model import NotMeasured
from sluicegate.plan.types import Better

__all__ = ["Arrivals", "Settled", "Upload", "joined"]

_T = TypeVar("_T")


@frozen
class Settled:
    """Growing evidence in order of time, each unit once."""

    series: Series
    void: int = 0
    """Units left out as void."""
    repeated: int = 0
    """Units recorded before, left out."""
    unclear: NotMeasured | None = None
    """Why some rows may still be one unit: nothing is promoted on them."""
    apart: Series | None = None
    """As if every row that may be a copy were a unit of its own; where there are such rows."""
    least: Series | None = None
    """With the lowest record of each unit, where `series` has the highest and neither way is better."""


@dataclass(slots=True, kw_only=True)
class Arrivals:
    """Units of one criterion and one origin, in order of arrival until `settled` puts them in order of time."""

    series: Series = field(default_factory=Series)
    ids: array[int] = field(default_factory=lambda: array("Q"))
    """Digest of each row's unit, 0 for none; empty while no row has one."""
    spans: list[Span] = field(default_factory=list)
    """Which rows came with which upload of which source."""
    ordered: bool = True
    slice_of: dict[str | None, int] = field(default_factory=lambda: {None: _NO_SLICE})
    runs: list[tuple[int, int]] = field(default_factory=list)
    """First row and number of each run; runs come one after the other."""

    def add(self, rows: Rows, upload: Upload | None = None, *, run: int = -1) -> None:
        """Append admitted rows, one or more; `upload` is what they were recorded with, `run` their run's number."""
        if not rows.ordered and sorted(rows.at) != rows.at:
            rows = _sorted_rows(rows)
        self._note(rows, upload)
        if not self.runs or self.runs[-1][1] != run:
            self.runs.append((len(self.series), run))
        series = self.series
        if self.ordered and series.at_us and rows.first_us < series.at_us[-1]:
            self.ordered = False
        _extend_times(series.at_us, rows.at)
        series.slice_index.frombytes(memoryview(self._indices(rows.slices)).cast("B"))
        series.k = _lengthened(series.k, rows.k)
        series.n = _lengthened(series.n, rows.n)
        series.value.extend(array("d", rows.value))

    def settled(
        self, voids: Sequence[VoidSpan], better: Better = Better.HIGHER, capped: Collection[int] = ()
    ) -> Settled:
        """The series in order of time; `better` says which of two records of one unit is the worse.

        `capped` are the load runs by number whose rows have to be told apart.
        """
        if capped:
            self._name_runs(capped)
        dropped = bytearray(len(self.series))
        void = self._drop_void(dropped, voids)
        never = bytes(dropped)
        names = [name for name in self.slice_of if name is not None]
        columns = Columns(series=self.series, names=names, ids=self.ids, dropped=dropped, better=better)
        grouped = sources(self.spans)
        recordings = [_recordings(spans) for spans in grouped.values()]
        repeated = sum(copies(columns, each) for each in recordings)
        groups = [resized(columns, each) for each in recordings]
        for found in groups:
            columns.conflicts.update(found)
        least = self._least(columns, recordings, groups, never) if better is Better.INSIDE else None
        repeated += same_units(columns)
        doubt, apart = unclear(columns, grouped), None
        if doubt is not None:
            apart = Arrivals(series=deepcopy(self.series), ordered=self.ordered, slice_of=self.slice_of)
            apart._finish(bytearray(dropped))
            copies(columns, list(grouped.values()))
            # Files that overlap may give one group too, as recordings of one file do.
            every = [spans for each in recordings for spans in each]
            repeated += folded(columns, every, resized(columns, every).union(*groups), never)
        if columns.same_runs:
            _as_one(self.series.run, columns.same_runs)
        self._finish(dropped)
        return Settled(
            series=self.series,
            void=void,
            repeated=repeated,
            unclear=doubt,
            apart=None if apart is None else apart.series,
            least=least if columns.conflicts else None,
        )

    def _least(
        self,
        columns: Columns,
        recordings: Sequence[Sequence[Sequence[Span]]],
        groups: Sequence[Collection[Group]],
        never: bytes,
    ) -> Series | None:
        """Each unit at its lowest record: a rollback that these show is not lost in records that contradict them."""
        if not self.ids and not any(groups):
            return None
        other = Arrivals(series=deepcopy(self.series), ordered=self.ordered, slice_of=self.slice_of)
        dropped = bytearray(columns.dropped)
        low = replace(columns, series=other.series, dropped=dropped, better=Better.HIGHER, conflicts=set())
        same_units(low)
        for each, found in zip(recordings, groups, strict=True):
            folded(low, each, found, never)
        other._finish(dropped)
        return other.series

    def _finish(self, dropped: bytearray) -> None:
        if any(dropped):
            self._compress(dropped)
        if not self.ordered:
            self._reorder()
        self.series.slice_names = [name for name in self.slice_of if name is not None]

    def _note(self, rows: Rows, upload: Upload | None) -> None:
        """Keep with what the rows came, and which units they are."""
        start, count, named = len(self.series), len(rows.at), len(rows.ids) > 0
        if named or self.ids:
            self.ids.extend(array("Q", bytes(8 * (start - len(self.ids)))))
            self.ids.extend(rows.ids if named else array("Q", bytes(8 * count)))
        if upload is None:
            return
        last = self.spans[-1] if self.spans else None
        if last is not None and (last.upload, last.stop, last.named) == (upload, start, named):
            last.stop = start + count
        else:
            self.spans.append(Span(upload=upload, start=start, stop=start + count, named=named))

    def _indices(self, slices: Sequence[str | None]) -> array[int]:
        known = self.slice_of
        try:
            if slices[0] == slices[-1] and slices.count(slices[0]) == len(slices):
                return array("I", [known[slices[0]]]) * len(slices)
            # All at once: an array made of a sequence is filled three times as fast as from an iterator.
            return array("I", itemgetter(*slices)(known))
        except KeyError:
            for name in dict.fromkeys(slices):
                if name not in known:
                    known[name] = len(known) - 1
            return self._indices(slices)

    def _drop_void(self, dropped: bytearray, voids: Sequence[VoidSpan]) -> int:
        late, times = {span.run for span in voids}, [span for span in voids if span.run is None]
        for run, start, stop in self._stretches():
            if run in late:
                dropped[start:stop] = b"\1" * (stop - start)
        if times:
            for index, at in enumerate(self.series.at_us):
                if any(span.covers(at) for span in times):
                    dropped[index] = 1
        return sum(compress(self.series.n, dropped)) if voids else 0

    def _stretches(self) -> Iterator[tuple[int, int, int]]:
        """Number of each run, its first row and the one after its last."""
        for number, (start, run) in enumerate(self.runs, 1):
            yield run, start, self.runs[number][0] if number < len(self.runs) else len(self.series)

    def _name_runs(self, capped: Collection[int]) -> None:
        for run, start, stop in self._stretches():
            self.series.run.extend(array("i", [run if run in capped else -1]) * (stop - start))

    def _compress(self, dropped: bytearray) -> None:
        keep = bytes(not mark for mark in dropped)
        series = self.series
        series.at_us = array("q", compress(series.at_us, keep))
        series.slice_index = array("i", compress(series.slice_index, keep))
        series.k = array(series.k.typecode, compress(series.k, keep))
        series.n = array(series.n.typecode, compress(series.n, keep))
        series.value = array("d", compress(series.value, keep))
        series.run = array("i", compress(series.run, keep))

    def _reorder(self) -> None:
        """One column at a time, so that the peak stays near the size of the columns themselves."""
        series = self.series
        order = array("I", (index for _, index in merge(*_runs(series.at_us))))
        series.at_us = array("q", map(series.at_us.__getitem__, order))
        series.slice_index = array("i", map(series.slice_index.__getitem__, order))
        series.k = array(series.k.typecode, map(series.k.__getitem__, order))
        series.n = array(series.n.typecode, map(series.n.__getitem__, order))
        if series.value:
            series.value = array("d", map(series.value.__getitem__, order))
        if series.run:
            series.run = array("i", map(series.run.__getitem__, order))
        self.ordered = True


_NO_SLICE = (1 << 32) - 1
"""-1, as a column of slices reads it."""


def _recordings(spans: Sequence[Span]) -> list[list[Span]]:
    """Spans of one source by recording, in order of arrival."""
    found: dict[str, list[Span]] = {}
    for span in spans:
        found.setdefault(span.upload.recording, []).append(span)
    return list(found.values())


def joined(first: Series, second: Series) -> Series:
    """Two series as one, by time."""
    if not len(first) or not len(second):
        return first if len(first) else second
    both = Arrivals()
    for series in (first, second):
        names = [*series.slice_names, None]
        slices = [names[index] for index in series.slice_index]
        at = series.at_us.tolist()
        both.add(Rows(at=at, slices=slices, k=series.k, n=series.n, value=series.value, first_us=at[0], last_us=at[-1]))
    if first.run or second.run:
        for series in (first, second):
            both.series.run.extend(series.run or array("i", [-1]) * len(series))
    return both.settled(()).series


def _as_one(runs: array[int], pairs: Iterable[tuple[int, int]]) -> None:
    """Number runs that are one with the least of their numbers."""
    root: dict[int, int] = {}

    def found(run: int) -> int:
        while (above := root.setdefault(run, run)) != run:
            run = above
        return run

    for one, other in pairs:
        low, high = sorted((found(one), found(other)))
        root[high] = low
    for row, run in enumerate(runs):
        if run in root:
            runs[row] = found(run)


def _extend_times(times: array[int], more: Sequence[int]) -> None:
    """Through unsigned numbers, which are read four times as fast; what is before 1970 goes the long way."""
    try:
        times.frombytes(memoryview(array("Q", more)).cast("B"))
    except OverflowError:
        times.extend(array("q", more))


def _lengthened(column: array[int], counts: Sequence[int]) -> array[int]:
    """The column with these counts behind; 4 bytes each until one needs 8."""
    try:
        same = isinstance(counts, array) and counts.typecode == column.typecode
        column.extend(counts if same else array(column.typecode, counts))
    except OverflowError:
        column = array("q", column)
        column.extend(array("q", counts))
    return column


def _sorted_rows(rows: Rows) -> Rows:
    order = sorted(range(len(rows.at)), key=rows.at.__getitem__)
    return replace(
        rows,
        at=_picked(rows.at, order),
        slices=_picked(rows.slices, order),
        k=_picked(rows.k, order),
        n=_picked(rows.n, order),
        value=_picked(rows.value, order) if rows.value else (),
        ids=array("Q", _picked(rows.ids, order)) if rows.ids else rows.ids,
        ordered=True,
    )


def _picked(column: Sequence[_T], order: Iterable[int]) -> list[_T]:
    return [column[index] for index in order]


def _runs(at: array[int]) -> list[Iterator[tuple[int, int]]]:
    """The stretches that are in order already, each as (time, row)."""
    starts = [0, *(index for index in range(1, len(at)) if at[index] < at[index - 1])]
    stops = [*starts[1:], len(at)]
    return [zip(at[start:stop], range(start, stop), strict=True) for start, stop in zip(starts, stops, strict=True)]
