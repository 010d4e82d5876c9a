"""Groups of units without ids that one source gives in several sizes: an hour exported again while it fills.

What stands at one time, in one slice and source, is one group, however often it is recorded. Recordings that size it
differently promote nothing, since nobody says which one is whole. For the rollback line it counts once, with the most
units and the most failures that any of them gives: no count is inflated, and no failure is lost.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TypeAlias

from sluicegate.gate.distinct import Columns, Span

__all__ = ["Group", "folded", "resized"]

Group: TypeAlias = tuple[int, int]
"""Slice and time."""
_Recordings: TypeAlias = Sequence[Sequence[Span]]


def resized(columns: Columns, recordings: _Recordings) -> set[Group]:
    """Groups that more than one recording of a source gives, each in its way; copies are left out before."""
    if len(recordings) < 2:
        return set()
    series = columns.series
    first: dict[Group, int] = {}
    found: set[Group] = set()
    bare: dict[int, set[int]] = {}
    cut: dict[int, set[int]] = {}
    for number, row in _rows(columns, recordings, _grouped(columns, recordings)):
        if columns.dropped[row]:
            continue
        group = series.slice_index[row], series.at_us[row]
        (bare if group[0] < 0 else cut).setdefault(group[1], set()).add(number)
        if first.setdefault(group, number) != number:
            found.add(group)
    # What has no slice may be of any: recorded with its slices beside it, it is the same units once more.
    found.update((-1, at) for at in bare.keys() & cut.keys() if len(bare[at] | cut[at]) > 1)
    return found


def folded(columns: Columns, recordings: _Recordings, groups: Collection[Group], void: bytes) -> int:
    """Make one row of each of these groups; gives the units left out. `void` marks rows that never counted."""
    series = columns.series
    said: dict[Group, _Sizes] = {group: _Sizes() for group in groups}
    cut: dict[int, _Sizes] = {at: _Sizes() for index, at in groups if index < 0}
    for number, row in _rows(columns, recordings, {at for _, at in groups}):
        group = series.slice_index[row], series.at_us[row]
        if void[row]:
            continue
        if group in said:
            said[group].add(columns, number, row)
        if group[0] >= 0 and group[1] in cut:
            cut[group[1]].add(columns, number, row)
    repeated = 0
    for group, sizes in said.items():
        repeated += sum(map(columns.drop, sizes.rows))
        sliced = cut[group[1]].most() if group[0] < 0 else (-1, -1)
        bad, size = sizes.most()
        if bad <= sliced[0] and size <= sliced[1]:
            continue
        columns.dropped[sizes.rows[0]] = 0
        columns.resize(sizes.rows[0], bad, size)
        repeated -= size
    return repeated


class _Sizes:
    """What each recording says of one group, and the rows that are still there."""

    def __init__(self) -> None:
        self.rows: list[int] = []
        self._bad: dict[int, int] = {}
        self._size: dict[int, int] = {}

    def add(self, columns: Columns, number: int, row: int) -> None:
        """One of its rows, from the recording of that number."""
        self._bad[number] = self._bad.get(number, 0) + columns.failures(row)
        self._size[number] = self._size.get(number, 0) + columns.series.n[row]
        if not columns.dropped[row]:
            self.rows.append(row)

    def most(self) -> tuple[int, int]:
        """The most failures and the most units of any recording."""
        return max(self._bad.values(), default=0), max(self._size.values(), default=0)


def _grouped(columns: Columns, recordings: _Recordings) -> set[int]:
    """Times at which a row stands for more than one unit."""
    series, found = columns.series, set[int]()
    for span in (span for spans in recordings for span in spans if not span.named):
        if max(series.n[span.start : span.stop], default=1) > 1:
            found.update(series.at_us[row] for row in range(span.start, span.stop) if series.n[row] > 1)
    return found


def _rows(columns: Columns, recordings: _Recordings, times: Collection[int]) -> Iterator[tuple[int, int]]:
    """Rows without an id that stand at these times, each with the number of its recording."""
    at = columns.series.at_us
    for number, spans in enumerate(recordings if times else ()):
        for span in spans:
            if not span.named:
                yield from ((number, row) for row in range(span.start, span.stop) if at[row] in times)
