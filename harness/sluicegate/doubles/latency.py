"""How long a double takes: drawn from a seed, so that the same case waits equally long in every run."""

from __future__ import annotations

from math import log
from random import Random

from sluicegate.frozen import frozen

__all__ = ["Latencies"]


@frozen
class Latencies:
    """Median answer times of the doubles, log-normal around the median."""

    model_ms: float = 20.0
    tool_ms: float = 3.0
    retriever_ms: float = 5.0
    spread: float = 0.25
    """Sigma of the logarithm; 0 makes every answer take its median."""
    seed: int = 0

    def draw(self, median_ms: float, case_id: str, target: str, call: int) -> float:
        """Milliseconds for the n-th call of a case to a target; the same for the same arguments and seed."""
        if median_ms <= 0 or self.spread == 0:
            return max(median_ms, 0.0)
        # Not for secrets: a reproducible draw is the point.
        random = Random(f"{self.seed}\0{case_id}\0{target}\0{call}")  # noqa: S311 - a seeded schedule, no secret
        return random.lognormvariate(log(median_ms), self.spread)
