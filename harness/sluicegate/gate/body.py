"""A body of evidence: what every kind of it can be asked, whatever its statistics."""

from __future__ import annotations

from fractions import Fraction
from typing import Protocol

from sluicegate.frozen import frozen
from sluicegate.gate.sides import Side
from sluicegate.model import Estimate, NotMeasured

__all__ = ["Body", "Flip"]


@frozen
class Flip:
    """What would change the answer."""

    text: str
    more: int | None = None
    """So many more units, where waiting for them is the answer."""


class Body(Protocol):
    """Evidence of one criterion, of one origin and slice; never empty when asked about a side."""

    @property
    def n(self) -> int:
        """Units, attempts included."""
        ...

    def meets(self, side: Side) -> bool:
        """Whether the estimate is on the good side, or on the limit."""
        ...

    def shows_good(self, side: Side, alpha: Fraction) -> bool:
        """Whether the evidence shows, now, that the truth is on the good side."""
        ...

    def shows_bad(self, side: Side, alpha: Fraction) -> bool:
        """Whether the evidence shows, now, that the truth is on the bad side."""
        ...

    def crossed(self, side: Side, alpha: Fraction) -> str | None:
        """Where the evidence first showed the bad side, at any look; None when it never did."""
        ...

    def estimate(self, alpha: Fraction) -> Estimate | NotMeasured:
        """The number and its bounds."""
        ...

    def to_show(self, side: Side, alpha: Fraction) -> Flip:
        """What would make the evidence show the good side."""
        ...

    def to_meet(self, side: Side) -> Flip:
        """What would bring the estimate to the good side."""
        ...
