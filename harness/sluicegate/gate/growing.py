"""Growing evidence as it arrives: a million units in plain columns, counted once, ordered by time."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from heapq import merge
from itertools import compress
from typing import TypeVar

from sluicegate.gate.reading import Rows, VoidSpan
from sluicegate.gate.series import Series

__all__ = ["Arrivals", "Upload", "joined"]

_T = TypeVar("_T")


@dataclass(slots=True, kw_only=True)
class Arrivals:
    """Units of one criterion and one origin, in order of arrival until `settled` puts them in order of time."""

    series: Series = field(default_factory=Series)
    spans: list[_Span] = field(default_factory=list)
    """Which rows came with which upload of which source."""
    ordered: bool = True
    slice_of: dict[str | None, int] = field(default_factory=lambda: {None: -1})

    def add(self, rows: Rows, upload: Upload | None = None) -> None:
        """Append admitted rows, one or more; `upload` is what they were recorded with."""
        if upload is not None:
            self._note_span(upload, len(rows.at))
        if sorted(rows.at) != rows.at:
            rows = _sorted_rows(rows)
        series = self.series
        if self.ordered and series.at_us and rows.first_us < series.at_us[-1]:
            self.ordered = False
        # An array made of a list is appended whole, twice as fast as the list one by one.
        series.at_us.extend(array("q", rows.at))
        series.slice_index.extend(self._indices(rows.slices))
        series.k = _lengthened(series.k, rows.k)
        series.n = _lengthened(series.n, rows.n)
        series.value.extend(array("d", rows.value))

    def settled(self, voids: Sequence[VoidSpan]) -> tuple[Series, int, int]:
        """The series in order of time, with the units left out as void, and those recorded before."""
        dropped = bytearray(len(self.series))
        repeated = self._drop_repeated(dropped)
        void = self._drop_void(dropped, voids)
        if void or repeated:
            self._compress(dropped)
        if not self.ordered:
            self._reorder()
        self.series.slice_names = [name for name in self.slice_of if name is not None]
        return self.series, void, repeated

    def _note_span(self, upload: Upload, count: int) -> None:
        start = len(self.series)
        if self.spans and (last := self.spans[-1]).upload == upload and last.stop == start:
            last.stop = start + count
        else:
            self.spans.append(_Span(upload=upload, start=start, stop=start + count))

    def _indices(self, slices: Sequence[str | None]) -> array[int]:
        known = self.slice_of
        named = dict.fromkeys(slices)
        for name in named:
            if name not in known:
                known[name] = len(known) - 1
        if len(named) == 1:
            return array("i", [known[slices[0]]]) * len(slices)
        return array("i", [known[name] for name in slices])

    def _drop_repeated(self, dropped: bytearray) -> int:
        """A source recorded again, whole or longer, counts each row once; a row edited meanwhile stands beside the old.

        Multiplicities are compared, so neither equal rows of one upload nor rows that vanished from a later upload
        are lost.
        """
        uploads: dict[str, dict[str, list[_Span]]] = {}
        for span in self.spans:
            uploads.setdefault(span.upload.source, {}).setdefault(span.upload.recording, []).append(span)
        repeated = 0
        for recordings in uploads.values():
            if len(recordings) < 2:
                continue
            most: Counter[tuple[object, ...]] = Counter()
            for spans in recordings.values():
                repeated += self._drop_known(spans, most, dropped)
        return repeated

    def _drop_known(self, spans: list[_Span], most: Counter[tuple[object, ...]], dropped: bytearray) -> int:
        seen: Counter[tuple[object, ...]] = Counter()
        repeated = 0
        for index in (index for span in spans for index in range(span.start, span.stop)):
            row = self._row(index)
            seen[row] += 1
            if seen[row] <= most[row]:
                dropped[index] = 1
                repeated += self.series.n[index]
        most |= seen
        return repeated

    def _row(self, index: int) -> tuple[object, ...]:
        series = self.series
        value = series.value[index] if series.value else None
        return series.at_us[index], series.slice_index[index], series.k[index], series.n[index], value

    def _drop_void(self, dropped: bytearray, voids: Sequence[VoidSpan]) -> int:
        if not voids:
            return 0
        void = 0
        for index, at in enumerate(self.series.at_us):
            if not dropped[index] and any(span.covers(at) for span in voids):
                dropped[index] = 1
                void += self.series.n[index]
        return void

    def _compress(self, dropped: bytearray) -> None:
        keep = bytes(not mark for mark in dropped)
        series = self.series
        series.at_us = array("q", compress(series.at_us, keep))
        series.slice_index = array("i", compress(series.slice_index, keep))
        series.k = array(series.k.typecode, compress(series.k, keep))
        series.n = array(series.n.typecode, compress(series.n, keep))
        series.value = array("d", compress(series.value, keep))

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
        self.ordered = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """What rows were recorded with."""

    source: str
    """Tells files and queries apart."""
    recording: str
    """Tells one upload of a source from another."""


@dataclass(slots=True, kw_only=True)
class _Span:
    upload: Upload
    start: int
    stop: int


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
    return both.settled(())[0]


def _lengthened(column: array[int], counts: Sequence[int]) -> array[int]:
    """The column with these counts behind; 4 bytes each until one needs 8."""
    try:
        column.extend(array(column.typecode, counts))
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
    )


def _picked(column: Sequence[_T], order: Iterable[int]) -> list[_T]:
    return [column[index] for index in order]


def _runs(at: array[int]) -> list[Iterator[tuple[int, int]]]:
    """The stretches that are in order already, each as (time, row)."""
    starts = [0, *(index for index in range(1, len(at)) if at[index] < at[index - 1])]
    stops = [*starts[1:], len(at)]
    return [zip(at[start:stop], range(start, stop), strict=True) for start, stop in zip(starts, stops, strict=True)]
