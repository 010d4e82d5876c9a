"""Pinned trials by case: however often a case was run, it is one unit."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from copy import deepcopy

from sluicegate.checks import Contribution
from sluicegate.frozen import frozen
from sluicegate.gate.series import Series
from sluicegate.model.often import made_often
from sluicegate.plan.types import Better, MetricKind

__all__ = ["Attempt", "Pool"]


@made_often
@frozen
class Attempt:
    """What one trial gives to one criterion."""

    unit: int
    """Number of the case it pools under."""
    counted: Contribution
    at_us: int
    slice: str | None


class Pool:
    """Trials pooled by case: running a case again can only make it worse.

    A case counts with its worst attempt for pass/fail and for incidents, with its mean for values (infinite, on
    the bad side, once an attempt failed), with the majority where neither way is better.
    """

    def __init__(self, kind: MetricKind, better: Better) -> None:
        self._valued = kind not in (MetricKind.PROPORTION, MetricKind.INCIDENTS)
        self._more_is_worse = kind is MetricKind.INCIDENTS or better is Better.LOWER
        self._majority = better is Better.INSIDE and not self._valued
        self._bad = -math.inf if better is Better.HIGHER else math.inf
        """What an attempt without a value counts as: worse than any."""
        self._row_of = array("i")
        """Row of each unit; -1 for none."""
        self._at = array("q")
        self._k = array("q")
        self._n = array("q")
        self._value = array("d")
        self._again: dict[int, list[float]] = {}
        """Values after the first, kept apart so that their sum does not depend on their order."""
        self._slice = array("i")
        self._slices: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._at)

    def add(self, attempt: Attempt) -> None:
        """One attempt at one unit."""
        number = self._row_of[attempt.unit] if attempt.unit < len(self._row_of) else -1
        if number < 0:
            self._begin(attempt)
            return
        self._at[number] = max(self._at[number], attempt.at_us)
        counted = attempt.counted
        if self._valued:
            self._again.setdefault(number, []).append(self._bad if counted.value is None else counted.value)
        elif self._majority:
            self._k[number] += counted.k
            self._n[number] += counted.n
        elif self._is_worse(counted, number):
            self._k[number], self._n[number] = counted.k, counted.n

    def _begin(self, attempt: Attempt) -> None:
        short = attempt.unit + 1 - len(self._row_of)
        if short > 0:
            self._row_of.extend(array("i", [-1]) * short)
        self._row_of[attempt.unit] = len(self._at)
        self._at.append(attempt.at_us)
        name, counted = attempt.slice, attempt.counted
        self._slice.append(-1 if name is None else self._slices.setdefault(name, len(self._slices)))
        if self._valued:
            self._value.append(self._bad if counted.value is None else counted.value)
        else:
            self._k.append(counted.k)
            self._n.append(counted.n)

    def series(self, lost: Sequence[Attempt] = ()) -> Series:
        """One row per unit, by time; `lost` are attempts that never ended, worse than any that did."""
        if lost:
            whole = deepcopy(self)
            for attempt in lost:
                whole.add(attempt)
            return whole.series()
        series = Series(slice_names=list(self._slices), k=array("q"), n=array("q"))
        rows = [row for row in self._row_of if row >= 0]
        rows.sort(key=self._at.__getitem__)
        for number in rows:
            series.at_us.append(self._at[number])
            series.slice_index.append(self._slice[number])
            k, n, value = self._row(number)
            series.k.append(k)
            series.n.append(n)
            if value is not None:
                series.value.append(value)
        return series

    def _row(self, number: int) -> tuple[int, int, float | None]:
        if self._valued:
            values = [self._value[number], *self._again.get(number, ())]
            mean = math.fsum(values) / len(values)
            return int(math.isinf(mean)), 1, mean
        k, n = self._k[number], self._n[number]
        return (int(2 * k > n), 1, None) if self._majority and n > 1 else (k, n, None)

    def _is_worse(self, counted: Contribution, number: int) -> bool:
        """k/n against k/n without division; at a tie the larger n stays, whatever the order."""
        k, n = self._k[number], self._n[number]
        sign = -1 if self._more_is_worse else 1
        return (sign * counted.k * n, -counted.n) < (sign * k * counted.n, -n)
