"""The observed split against the configured one: did each arm get what it was to get."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from sluicegate.model import NotMeasured
from sluicegate.stats.special import chi_square_sf

__all__ = ["FEWEST_UNITS", "MISMATCH_P", "leaked_arms", "sample_ratio_p"]

FEWEST_UNITS = 50
"""Below so many assigned units a mismatch is not looked for."""
MISMATCH_P = 0.001
"""Below this p-value the comparison is void."""


def sample_ratio_p(counts: Mapping[str, int], weights: Mapping[str, Fraction]) -> float | NotMeasured:
    """p-value of the observed split against the configured weights: chi-square over arms with positive weight.

    Args: distinct assignment units by arm (an arm not named has 0), configured weights by arm (at least 0, need not sum
    to 1; ValueError for negative ones). Fewer than two weighted arms, or no unit in them, is NotMeasured. Assumes units
    are assigned independently. Source: Pearson (1900); as sample-ratio mismatch Fabijan et al. (2019), KDD.

    >>> half = {"a": Fraction(1, 2), "b": Fraction(1, 2)}
    >>> round(sample_ratio_p({"a": 60, "b": 40}, half), 3)
    0.046
    """
    if any(count < 0 for count in counts.values()) or any(weight < 0 for weight in weights.values()):
        raise ValueError("counts and weights are at least 0")
    arms = [arm for arm, weight in weights.items() if weight > 0]
    n = sum(counts.get(arm, 0) for arm in arms)
    if len(arms) < 2:
        return NotMeasured(reason="fewer than two arms have a weight", mend="Declare the weights of both arms.")
    if n == 0:
        return NotMeasured(reason="0 units assigned", mend="Collect assignments.")
    whole = sum(weights[arm] for arm in arms)
    statistic = Fraction(0)
    for arm in arms:
        expected = n * weights[arm] / whole
        statistic += (counts.get(arm, 0) - expected) ** 2 / expected
    return chi_square_sf(float(statistic), len(arms) - 1)


def leaked_arms(counts: Mapping[str, int], weights: Mapping[str, Fraction]) -> dict[str, int]:
    """Units found in arms that should have got none: unknown arms and arms of weight 0.

    >>> leaked_arms({"a": 10, "old": 1}, {"a": Fraction(1)})
    {'old': 1}
    """
    return {arm: count for arm, count in sorted(counts.items()) if count > 0 and weights.get(arm, 0) <= 0}
