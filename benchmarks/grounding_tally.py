"""Flags against labels: precision, recall, the chance to rank a wrong one higher; sources in two halves."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from sluicegate.grounding.claims import Kind

__all__ = ["HALVES", "NUMERIC", "Tally", "auroc", "half_of"]

NUMERIC = (Kind.MONEY, Kind.QUANTITY, Kind.PERCENTAGE, Kind.NUMBER, Kind.DATE, Kind.TIME)
HALVES = ("developed on", "held out")


@dataclass
class Tally:
    """Flags against labels."""

    hit: int = 0
    false: int = 0
    missed: int = 0
    right: int = 0

    def add(self, flagged: bool, wrong: bool) -> None:
        """One unit."""
        name = ("hit" if wrong else "false") if flagged else ("missed" if wrong else "right")
        setattr(self, name, getattr(self, name) + 1)

    @property
    def said(self) -> str:
        """Precision, recall and F1."""
        return f"P {self.precision:.3f}  R {self.recall:.3f}  F1 {self.f1:.3f}"

    @property
    def precision(self) -> float:
        """Share of what was flagged that is wrong."""
        return self.hit / max(1, self.hit + self.false)

    @property
    def recall(self) -> float:
        """Share of what is wrong that was flagged."""
        return self.hit / max(1, self.hit + self.missed)

    @property
    def f1(self) -> float:
        """Harmonic mean of both."""
        return 2 * self.hit / max(1, 2 * self.hit + self.false + self.missed)

    @property
    def of_all(self) -> str:
        """Prevalence, and F1 of flagging everything."""
        wrong, n = self.hit + self.missed, self.hit + self.missed + self.false + self.right
        share = wrong / max(1, n)
        return f"{n} units, {share:.1%} wrong, flagging all F1 {2 * share / (1 + share):.3f}"


def auroc(scores: Sequence[float], wrong: Sequence[bool]) -> float:
    """The chance that a wrong one scores higher than a right one; ties count half."""
    ordered = sorted(zip(scores, wrong, strict=True))
    below = won = 0.0
    for _, group in groupby(ordered, key=lambda pair: pair[0]):
        marks = [mark for _, mark in group]
        won += sum(marks) * (below + (len(marks) - sum(marks)) / 2)
        below += len(marks) - sum(marks)
    bad = sum(wrong)
    return won / (bad * (len(wrong) - bad)) if bad and bad < len(wrong) else float("nan")


def half_of(key: str) -> str:
    """One of two halves, by the source and not by the row."""
    return HALVES[hashlib.sha256(key.encode()).digest()[0] % 2]
