"""Cutting a series: by slice, by time, by local day, and into units that are minutes, hours or days."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import compress

from sluicegate.gate.series import Series
from sluicegate.model import from_micros, to_micros

__all__ = ["TIME_UNITS_S", "between", "by_slice", "local_days", "midnight", "outside_runs", "since", "unit_ranges"]

TIME_UNITS_S = {"minute": 60, "hour": 3_600, "day": 86_400}
"""Units that are stretches of time."""


def between(series: Series, start: int, stop: int) -> Series:
    """Rows start..stop, as a copy."""
    return Series(
        at_us=series.at_us[start:stop],
        slice_index=series.slice_index[start:stop],
        slice_names=series.slice_names,
        k=series.k[start:stop],
        n=series.n[start:stop],
        value=series.value[start:stop],
        run=series.run[start:stop],
    )


def since(series: Series, at: datetime) -> Series:
    """Rows at or after a time; the series itself when that is all of them."""
    start = bisect_left(series.at_us, to_micros(at))
    return series if start == 0 else between(series, start, len(series))


def by_slice(series: Series, name: str) -> Series:
    """Rows of one slice, in the same order; none when the slice never came."""
    if name not in series.slice_names:
        return Series()
    wanted = series.slice_names.index(name)
    return _picked(series, [index == wanted for index in series.slice_index])


def outside_runs(series: Series) -> Series:
    """Rows that came with no load run, in the same order."""
    return _picked(series, [run < 0 for run in series.run]) if series.run else series


def _picked(series: Series, chosen: list[bool]) -> Series:
    return Series(
        at_us=array("q", compress(series.at_us, chosen)),
        slice_index=array("i", compress(series.slice_index, chosen)),
        slice_names=series.slice_names,
        k=array("q", compress(series.k, chosen)),
        n=array("q", compress(series.n, chosen)),
        value=array("d", compress(series.value, chosen)),
        run=array("i", compress(series.run, chosen)),
    )


def local_days(series: Series, zone: tzinfo) -> list[tuple[date, int, int]]:
    """(day, first row, row after the last) for each local day that has rows, in order; rows are sorted by time."""
    days: list[tuple[date, int, int]] = []
    row, end = 0, len(series)
    while row < end:
        day = from_micros(series.at_us[row]).astimezone(zone).date()
        stop = bisect_left(series.at_us, to_micros(midnight(day + timedelta(days=1), zone)), lo=row)
        stop = max(stop, row + 1)
        days.append((day, row, stop))
        row = stop
    return days


def midnight(day: date, zone: tzinfo) -> datetime:
    """When a local day begins, in UTC; on a day whose midnight is skipped, the first moment after it."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def unit_ranges(series: Series, unit: str, zone: tzinfo) -> Sequence[tuple[int, int]] | None:
    """Rows of each unit, when the unit is a stretch of time; None when each row stands for itself.

    Units of time are chosen where what happens close together is not independent (outages, sticky users).
    """
    if unit == "day":
        return [(start, stop) for _, start, stop in local_days(series, zone)]
    size_s = TIME_UNITS_S.get(unit)
    return None if size_s is None else list(_steps(series.at_us, size_s * 1_000_000))


def _steps(at_us: array[int], step: int) -> Iterator[tuple[int, int]]:
    row, end = 0, len(at_us)
    while row < end:
        stop = bisect_left(at_us, (at_us[row] // step + 1) * step, lo=row)
        yield row, stop
        row = stop
