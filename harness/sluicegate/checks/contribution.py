"""One trial's share of a metric."""

from __future__ import annotations

from typing import TypeAlias

from sluicegate.frozen import frozen
from sluicegate.model import NotMeasured
from sluicegate.model.often import made_often

__all__ = ["Contribution", "Measured"]


@made_often
@frozen
class Contribution:
    """One trial's share of a metric. Counts for proportions and incidents, a value for everything else."""

    k: int = 0
    """Units that hold (proportion), or incidents."""
    n: int = 0
    value: float | None = None
    """In the metric's scale; infinite, on the bad side, where the attempt failed. None for counts."""
    failed: bool = False
    """The attempt failed: it counts, as worse than any value."""
    arm: str | None = None
    """Of a split: what was assigned; it takes the place of the case's slice."""


Measured: TypeAlias = Contribution | NotMeasured | None
"""NotMeasured where the trial should say something and does not; None where the metric does not ask this trial."""
