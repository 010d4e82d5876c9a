"""How far a run is, for whoever shows it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Progress"]


@dataclass(slots=True, kw_only=True)
class Progress:
    """Counters that a run keeps up to date; a door looks at them as often as its screen needs."""

    planned: int | None = None
    """Trials; None when nobody counted them beforehand."""
    begun: int = 0
    done: int = 0
    """Trials with an outcome, crashes included."""
    failed: int = 0
    """Of these, trials in which the pipeline crashed."""
