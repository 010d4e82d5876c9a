"""Counting while trials stream by: a case passes when all its repeats passed, and nothing is kept per case."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable

from sluicegate.model import Estimate, NotMeasured
from sluicegate.stats.binomial import lower_bound, upper_bound

__all__ = ["CaseTally", "SeenIds", "Values"]

_ALL_BITS = 2**64 - 1


class CaseTally:
    """k of n distinct cases, repeats pooled: one failed repeat fails its case."""

    def __init__(self, repeats: int) -> None:
        self._repeats = repeats
        self._open: dict[str, tuple[int, bool]] = {}
        self.k = 0
        self.n = 0

    def add(self, case_id: str, holds: bool) -> None:
        """One repeat of one case."""
        if self._repeats == 1:
            self.n += 1
            self.k += holds
            return
        seen, held = self._open.pop(case_id, (0, True))
        if seen + 1 < self._repeats:
            self._open[case_id] = (seen + 1, held and holds)
            return
        self.n += 1
        self.k += held and holds

    def add_clear(self, cases: int) -> None:
        """So many more cases that hold in their only repeat."""
        self.n += cases
        self.k += cases

    def estimate(self, *, failing: bool = False, confidence: float = 0.95) -> Estimate | NotMeasured:
        """Share of cases that hold (or fail), with exact one-sided bounds; a case with open repeats does not hold."""
        n = self.n + len(self._open)
        if n == 0:
            return NotMeasured(reason="no case was scored", mend="Give at least one case the check applies to.")
        k = n - self.k if failing else self.k
        low, high = lower_bound(k, n, 1 - confidence), upper_bound(k, n, 1 - confidence)
        assert isinstance(low, float)  # noqa: S101 - n is not 0
        assert isinstance(high, float)  # noqa: S101 - n is not 0
        return Estimate(value=k / n, n=n, k=k, low=low, high=high, method="clopper-pearson", confidence=confidence)


class Values:
    """One number per trial, none below zero, failed trials as infinity; 8 bytes each."""

    def __init__(self) -> None:
        self._values = array("d")

    def add(self, value: float) -> None:
        """One trial's value; infinity for a failed one."""
        self._values.append(value if value > 0 else 0.0)

    def quantile(self, q: float) -> Estimate | NotMeasured:
        """The q-quantile by order statistic (the smallest value with at least q of the units at or below it)."""
        n = len(self._values)
        if n == 0:
            return NotMeasured(reason="no trial carried this value")
        rank = min(n - 1, max(0, -int(-q * n // 1) - 1))
        value = self._ranked(rank)
        if value == float("inf"):
            return NotMeasured(
                reason=f"more than {1 - q:.0%} of {n} trials failed, so this quantile has no finite value"
            )
        return Estimate(value=value, n=n, method=f"order statistic, p{q * 100:g}")

    def _ranked(self, rank: int) -> float:
        """The value of that rank, from 0. Sorting them all would take four times the memory they are kept in."""
        # Numbers from zero on are ordered as their bits are; the upper 24 tell values apart to a few in ten thousand.
        bits = memoryview(self._values).cast("B").cast("q")
        alike = Counter(word >> 40 for word in bits)
        for mark in sorted(alike):
            if rank < alike[mark]:
                break
            rank -= alike[mark]
        return sorted(value for value, word in zip(self._values, bits, strict=True) if word >> 40 == mark)[rank]


class SeenIds:
    """Exact-enough memory of ids: 8 bytes each in an open table (a clash of two ids in 2**64 is reported as one).

    The mark of an id is Python's own hash, keyed anew in each process; nothing of it is kept or compared elsewhere.
    """

    def __init__(self, ids: Iterable[str] = ()) -> None:
        self._table = array("Q", (0,)) * 1024
        self._count = 0
        for item in ids:
            self.add(item)

    def add(self, item: str) -> bool:
        """True when `item` is new."""
        mark = hash(item) & _ALL_BITS or 1
        table = self._table
        slot = mark % len(table)
        if table[slot] == 0:  # half of the slots are free: most marks need no search
            table[slot] = mark
        elif not self._insert(mark):
            return False
        self._count += 1
        if self._count * 2 > len(table):
            self._grow()
        return True

    def _insert(self, mark: int) -> bool:
        table, size = self._table, len(self._table)
        slot = mark % size
        while (found := table[slot]) != 0:
            if found == mark:
                return False
            slot = slot + 1 if slot + 1 < size else 0
        table[slot] = mark
        return True

    def _grow(self) -> None:
        old = self._table
        self._table = array("Q", (0,)) * (len(old) * 2)  # from bytes it would stand in memory twice
        for mark in old:
            if mark:
                self._insert(mark)
