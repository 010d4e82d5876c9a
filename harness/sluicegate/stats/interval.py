"""An interval with what it claims."""

from __future__ import annotations

from sluicegate.frozen import frozen

__all__ = ["Interval"]


@frozen
class Interval:
    """Two one-sided bounds. `None` is no bound: infinite, or none exists."""

    low: float | None
    high: float | None
    confidence: float
    """Of each bound on its own: 0.95 each makes a 90 % interval."""
    method: str
