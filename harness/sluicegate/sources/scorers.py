"""What a user's own scorers are, as digests: another scorer is another measure, and so is another helper of one."""

from __future__ import annotations

from pathlib import Path

from sluicegate.plan.types import Plan, Stage
from sluicegate.sources.imports import digest_of_files, imported_files

__all__ = ["scorer_digests", "stage_scorers"]


def scorer_digests(plan: Plan, base: Path) -> dict[str, str]:
    """Metric to the digest of its own scorer's module and of what that imports of the user's own code.

    What is imported under a made-up name, and files that are read, are not seen.
    """
    found = {}
    for name, metric in plan.metrics.items():
        if metric.score is not None and metric.score.is_own:
            files = imported_files([metric.score.by.partition(":")[0]], [base])
            found[name] = digest_of_files(files) if files else "not found"
    return found


def stage_scorers(plan: Plan, stage: Stage, base: Path) -> dict[str, str]:
    """Of these the ones that criteria of the stage read, by themselves or by a score of that name."""
    read = {criterion.metric.name for criterion in stage.criteria}
    if not any(
        metric.score is not None and metric.score.is_own for name, metric in plan.metrics.items() if name in read
    ):
        return {}
    return {name: digest for name, digest in scorer_digests(plan, base).items() if name in read}
