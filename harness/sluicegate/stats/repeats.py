"""Cases run several times: what an average over them would hide."""

from __future__ import annotations

from collections.abc import Iterable
from math import comb, fsum

from sluicegate.model import NotMeasured

__all__ = ["pass_hat_k"]


def pass_hat_k(cases: Iterable[tuple[int, int]], k: int) -> float | NotMeasured:
    """pass^k: the chance that k runs of a case all pass, averaged over cases; unbiased.

    Args: for each case its passes and its runs, 0 <= passes <= runs; k >= 1 (ValueError otherwise). No case, or one
    with fewer runs than k, is NotMeasured. k = 1 is the mean of the case rates; a case that always fails counts 0.
    Source: Yao et al. (2024), tau-bench, arXiv:2406.12045: the mean of C(passes, k) / C(runs, k).

    >>> round(pass_hat_k([(4, 4), (3, 4), (0, 4)], 2), 4)
    0.5
    """
    if k < 1:
        raise ValueError(f"k is {k}; expected at least 1")
    chances = []
    for passes, runs in cases:
        if not 0 <= passes <= runs:
            raise ValueError(f"{passes} of {runs} runs passed; expected 0 <= passes <= runs")
        if runs < k:
            return NotMeasured(reason=f"a case ran {runs} times, fewer than {k}", mend=f"Set repeats: {k} in the plan.")
        chances.append(comb(passes, k) / comb(runs, k))
    if not chances:
        return NotMeasured(reason="0 cases", mend="Collect at least one case.")
    return fsum(chances) / len(chances)
