"""Events a day that nobody caps: evidence on their rate that may be looked at every day."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import exp, log

from sluicegate.model import NotMeasured

__all__ = ["FACTORS", "log_evidence_above", "log_evidence_below", "overdispersion", "shown_above_at"]

FACTORS = (1.1, 1.25, 1.5, 2.0, 3.0, 5.0)
"""The alternatives, as multiples of the line (or its fractions, for evidence below)."""


def log_evidence_above(events: int, days: float, line: float) -> float:
    """Logarithm of E for a rate above the line: E = mean over j of exp(X ln(l_j/l_0) - t (l_j - l_0)).

    Args: events X at least 0, days t at least 0, the line l_0 above 0 (ValueError otherwise). t = 0 with X = 0 gives 0
    (E = 1). Assumes a Poisson process; an overdispersed one crosses sooner, so say `overdispersion` beside it.
    Source: Wald (1945), mixed over alternatives.

    >>> round(exp(log_evidence_above(60, 2, 20)), 1)  # 60 events in two days against 20 a day
    19.3
    """
    _check(events, days, line)
    return _log_mean([events * log(f) - days * line * (f - 1.0) for f in FACTORS])


def log_evidence_below(events: int, days: float, line: float) -> float:
    """Logarithm of E for a rate below the line, with alternatives at fractions of it.

    Args and source as in `log_evidence_above`. No event at all is the strongest evidence; t = 0 gives 0 (E = 1).

    >>> round(exp(log_evidence_below(0, 7, 1)), 1)  # a week without an event against one a day
    71.0
    """
    _check(events, days, line)
    return _log_mean([events * -log(f) - days * line * (1.0 / f - 1.0) for f in FACTORS])


def shown_above_at(counts: Sequence[int], line: float, alpha: Fraction) -> int | None:
    """The first day (from 0) by whose end a rate above the line was shown; None when it never was.

    >>> shown_above_at([20, 21, 60, 70], 20, Fraction(1, 20))
    2
    """
    events = 0
    for day, count in enumerate(counts):
        events += count
        if log_evidence_above(events, day + 1, line) >= -log(alpha):
            return day
    return None


def overdispersion(counts: Sequence[int]) -> float | NotMeasured:
    """Variance of daily counts over their mean; 1 for a Poisson process.

    Fewer than two days, or no event, is NotMeasured. Source: Fisher (1950), the index of dispersion.

    >>> overdispersion([2, 4, 6])
    1.0
    """
    if len(counts) < 2 or sum(counts) == 0:
        return NotMeasured(reason="fewer than two days, or no event", mend="Wait for more days.")
    mean = sum(counts) / len(counts)
    return sum((count - mean) ** 2 for count in counts) / (len(counts) - 1) / mean


def _check(events: int, days: float, line: float) -> None:
    if events < 0 or days < 0 or line <= 0:
        raise ValueError(f"events, days, line are {events}, {days}, {line}; expected >= 0, >= 0, > 0")


def _log_mean(logs: Sequence[float]) -> float:
    top = max(logs)
    return top + log(sum(exp(value - top) for value in logs) / len(logs))
