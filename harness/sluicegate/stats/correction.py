"""What is left of evidence that is clustered, or read by an imperfect detector."""

from __future__ import annotations

from sluicegate.model import NotMeasured

__all__ = ["effective_units", "rogan_gladen"]


def effective_units(n: int, cluster_size: float, correlation: float) -> float | NotMeasured:
    """How many independent units n clustered ones are worth: n / (1 + (m - 1) rho).

    n >= 0, cluster_size m >= 1, correlation rho in 0..1 (ValueError otherwise). n = 0 is NotMeasured; rho = 0 gives n,
    rho = 1 the number of clusters. Source: Kish (1965), Survey Sampling, section 5.4.

    >>> round(effective_units(100, 20, 0.5), 1)  # 5 prompts, 20 times each
    9.5
    """
    if n < 0 or cluster_size < 1 or not 0.0 <= correlation <= 1.0:
        raise ValueError(f"n, m, rho are {n}, {cluster_size}, {correlation}; expected n >= 0, m >= 1, rho in 0..1")
    if n == 0:
        return NotMeasured(reason="0 units", mend="Collect at least one unit.")
    return n / (1.0 + (cluster_size - 1.0) * correlation)


def rogan_gladen(observed: float, sensitivity: float, specificity: float) -> float | NotMeasured:
    """The rate behind an observed one, for a detector of known sensitivity and specificity, cut to 0..1.

    All three in 0..1 (ValueError otherwise). A detector no better than chance (sensitivity + specificity <= 1) says
    nothing: NotMeasured. Source: Rogan and Gladen (1978), American Journal of Epidemiology 107:
    p = (p_obs + sp - 1) / (se + sp - 1).

    >>> round(rogan_gladen(0.10, 0.90, 0.95), 4)
    0.0588
    """
    for name, value in (("observed", observed), ("sensitivity", sensitivity), ("specificity", specificity)):
        if not 0.0 <= value <= 1.0:
            raise ValueError(f"{name} is {value}; expected 0..1")
    if sensitivity + specificity <= 1.0:
        return NotMeasured(
            reason=f"a detector with sensitivity {sensitivity:g} and specificity {specificity:g} says nothing",
            mend="Measure the detector on labelled data, or use another.",
        )
    return min(1.0, max(0.0, (observed + specificity - 1.0) / (sensitivity + specificity - 1.0)))
