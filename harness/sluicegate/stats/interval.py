"""An interval with what it claims."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Interval"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """Two one-sided bounds. `None` is no bound: infinite, or none exists."""

    low: float | None
    high: float | None
    confidence: float
    """Of each bound on its own: 0.95 each makes a 90 % interval."""
    method: str
