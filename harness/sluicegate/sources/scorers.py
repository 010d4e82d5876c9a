"""What a user's own scorers are, as digests: another scorer is another measure."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from sluicegate.plan.types import Plan

__all__ = ["scorer_digests"]


def scorer_digests(plan: Plan, base: Path) -> dict[str, str]:
    """Metric to the digest of the file its own scorer stands in, where that lies beside the plan."""
    found = {}
    for name, metric in plan.metrics.items():
        if metric.score is not None and metric.score.is_own:
            module = base.joinpath(*metric.score.by.partition(":")[0].split("."))
            path = next((each for each in (module.with_suffix(".py"), module / "__init__.py") if each.is_file()), None)
            found[name] = "not beside the plan" if path is None else sha256(path.read_bytes()).hexdigest()
    return found
