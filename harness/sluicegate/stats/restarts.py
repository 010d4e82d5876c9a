"""Evidence that a share went above a line at some time, even after thousands of good units.

The betting e-process of `betting`, started anew at every block of 50 units; process i has weight 1/(i(i+1)), and
capital not yet started counts 1. A mixture of e-processes is one, so the chance that it ever reaches 1/alpha under the
line is at most alpha; and a share that changes late is found in tens of units, not after the good past is lost. What
counts is the largest value so far: a line once crossed stays crossed. Source: the mixture of
restarted processes is the e-SR construction of Shin, Ramdas and Rinaldo (2024), "E-detectors", with summable weights.

Each step costs the same however many processes run: per c one number holds the sum of all started processes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from math import exp, log1p

from sluicegate.frozen import frozen
from sluicegate.stats.betting import STAKES

__all__ = ["BLOCK", "Crossing", "scan_counts", "scan_means"]

BLOCK = 50
"""Units between restarts."""
_LARGEST_LOG = 690.0
"""Factors are cut here: less capital than true is still valid evidence, an overflow is none."""


@frozen
class Crossing:
    """How far the evidence has come."""

    row: int | None
    """Index of the row at which 1/alpha was reached first; None when it never was."""
    units: int
    """Units read until then."""
    largest: float
    """The largest E so far."""


def scan_counts(hits: Iterable[int], totals: Iterable[int], line: float, alpha: Fraction) -> Crossing:
    """Read rows of `hits` of `totals` 0/1 units in order, until a share above the line is shown.

    A row of several units is one step, since the order within is not known; a restart then waits for the next row.
    Rows with a total of 0 are passed over; hits beyond the total raise ValueError. A line at or above 1 is never
    exceeded; at or below 0 the first hit exceeds it. No row gives E = 1. O(1) a unit. Source: see the module.

    >>> scan_counts([0] * 2000 + [0, 1, 1, 1] * 25, [1] * 2100, 0.05, Fraction(1, 20)).units
    2008
    """
    wins = _Capital(line=line, alpha=alpha)
    if line >= 1.0:
        return wins.crossing(None)
    if line <= 0.0:
        return _first_hit(hits, totals)
    block_ends, before = BLOCK, 0
    for row, hit, miss, units in _runs(hits, totals):
        if before >= block_ends:
            block_ends = wins.restart(before)
        if wins.bet(hit, miss, units):
            return wins.crossing(row)
        before = units
    return wins.crossing(None)


def scan_means(values: Sequence[float], line: float, alpha: Fraction) -> Crossing:
    """Read units that are themselves means in 0..1, in order, until a mean above the line is shown.

    ValueError for a value outside 0..1; lines at the ends as in `scan_counts`. Source: see the module.

    >>> scan_means([0.0] * 100 + [1.0] * 20, 0.5, Fraction(1, 20)).units
    111
    """
    if any(not 0.0 <= value <= 1.0 for value in values):
        raise ValueError("unit means are in 0..1")
    wins = _Capital(line=line, alpha=alpha)
    if line >= 1.0:
        return wins.crossing(None)
    if line <= 0.0:
        return _first_hit((1 if value > 0.0 else 0 for value in values), [1] * len(values))
    block_ends = BLOCK
    for row, value in enumerate(values):
        if row >= block_ends:
            block_ends = wins.restart(row)
        if wins.bet_on(value, row + 1):
            return wins.crossing(row)
    return wins.crossing(None)


class _Capital:
    """The summed capital of all started processes, per stake."""

    __slots__ = (
        "_hit_logs",
        "_largest",
        "_line",
        "_miss_logs",
        "_needed",
        "_started",
        "_sums",
        "_tables",
        "_units",
        "_waiting",
    )

    def __init__(self, *, line: float, alpha: Fraction) -> None:
        self._line = line
        self._needed = float(1 / alpha)
        self._sums = [0.5] * len(STAKES)
        self._started = 1
        self._waiting = 0.5
        self._largest = 1.0
        self._units = 0
        self._hit_logs: list[float] = []
        self._miss_logs: list[float] = []
        self._tables: list[tuple[list[float], list[float]]] = []
        if 0.0 < line < 1.0:
            odds = (1.0 - line) / line
            self._hit_logs = [log1p(c * odds) for c in STAKES]
            self._miss_logs = [log1p(-c) for c in STAKES]
            powers = range(BLOCK + 1)
            self._tables = [
                ([exp(min(_LARGEST_LOG, up * i)) for i in powers], [exp(down * i) for i in powers])
                for up, down in zip(self._hit_logs, self._miss_logs, strict=True)
            ]

    def bet(self, hits: int, misses: int, units: int) -> bool:
        """Multiply every process by `misses` misses and then `hits` hits; whether 1/alpha is reached."""
        if hits <= BLOCK and misses <= BLOCK:
            self._sums = [
                capital * up[hits] * down[misses] for capital, (up, down) in zip(self._sums, self._tables, strict=True)
            ]
        else:
            self._sums = [
                capital * exp(max(-_LARGEST_LOG, min(_LARGEST_LOG, hits * up + misses * down)))
                for capital, up, down in zip(self._sums, self._hit_logs, self._miss_logs, strict=True)
            ]
        return self._look(units)

    def bet_on(self, value: float, units: int) -> bool:
        """Multiply every process by the outcome of one unit that is a mean."""
        gain = (value - self._line) / self._line
        self._sums = [capital * (1.0 + c * gain) for capital, c in zip(self._sums, STAKES, strict=True)]
        return self._look(units)

    def restart(self, units: int) -> int:
        """Start every process whose block has begun by now; the number of units at which the next one does."""
        started = units // BLOCK + 1
        weight = 1.0 / (self._started + 1) - 1.0 / (started + 1)
        self._sums = [capital + weight for capital in self._sums]
        self._started = started
        self._waiting = 1.0 / (started + 1)
        return started * BLOCK

    def crossing(self, row: int | None) -> Crossing:
        return Crossing(row=row, units=self._units, largest=self._largest)

    def _look(self, units: int) -> bool:
        evidence = sum(self._sums) / len(STAKES) + self._waiting
        self._units = units
        self._largest = max(self._largest, evidence)
        return evidence >= self._needed


def _runs(hits: Iterable[int], totals: Iterable[int]) -> Iterator[tuple[int, int, int, int]]:
    """Misses followed by hits, within one block: (last row, hits, misses, units so far).

    Within a run the capital first only falls and then only rises, so its end is its largest value: looking there sees
    as much as looking at every unit.
    """
    run_hits = run_misses = units = 0
    block_ends = BLOCK
    row = -1
    for row, (hit, total) in enumerate(zip(hits, totals, strict=True)):
        if not 0 <= hit <= total:
            raise ValueError(f"row {row} has {hit} hits of {total}")
        if (run_hits and hit < total) or units >= block_ends or total > 1:
            if run_hits or run_misses:
                yield row - 1, run_hits, run_misses, units
            run_hits = run_misses = 0
            block_ends = (units // BLOCK + 1) * BLOCK
        units += total
        if total > 1:
            yield row, hit, total - hit, units
        else:
            run_hits += hit
            run_misses += total - hit
    if run_hits or run_misses:
        yield row, run_hits, run_misses, units


def _first_hit(hits: Iterable[int], totals: Iterable[int]) -> Crossing:
    units = 0
    for row, (hit, total) in enumerate(zip(hits, totals, strict=True)):
        units += total
        if hit:
            return Crossing(row=row, units=units, largest=float("inf"))
    return Crossing(row=None, units=units, largest=1.0)
