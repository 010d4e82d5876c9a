"""What a sound plan still cannot get from this version: shown before the rollout, and a hold during it."""

from __future__ import annotations

from itertools import pairwise

from sluicegate.errors import Fault
from sluicegate.plan.metrics import AVAILABLE_SUITES, is_countable
from sluicegate.plan.types import Criterion, Plan, Stage

__all__ = ["plan_notes"]

_COVERAGE = "grounding.evidence_coverage"


def plan_notes(plan: Plan) -> tuple[Fault, ...]:
    """Suites and metrics of the plan that will hold as incomplete or not measured, dials that stages turn, by line."""
    notes: dict[Fault, int] = {}
    for stage in plan.stages:
        for suite in stage.requires.suites:
            if suite not in AVAILABLE_SUITES and suite != "golden":  # asked as it is, without checks of its own
                notes.setdefault(_note(plan, stage.line, *_about_suite(suite, stage)), stage.line)
        if _misses_unattested(stage):
            notes.setdefault(_note(plan, stage.line, *_about_unattested(stage)), stage.line)
        for criterion in stage.criteria:
            if not any(is_countable(criterion.metric, origin) for origin in criterion.origins):
                notes.setdefault(_note(plan, criterion.line, *_about_metric(criterion)), criterion.line)
            elif criterion.metric.recall is None:
                what = f"{criterion.metric.name}: the detector's recall is unknown, so 0 seen shows nothing."
                notes.setdefault(
                    _note(plan, criterion.line, what, "Measure it and write recall: 93 %."), criterion.line
                )
    for stage, after in pairwise(plan.stages):
        ours, theirs = stage.exposure.variables, after.exposure.variables
        turned = sorted(name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name))
        if turned and after.exposure.live:
            what = f"exposure: '{after.name}' sets {', '.join(turned)} otherwise than '{stage.name}' before it."
            mend = "What ran there is no evidence of what these decide."
            notes.setdefault(_note(plan, after.line, what, mend), after.line)
    return tuple(sorted(notes, key=notes.__getitem__))


def _about_suite(suite: str, stage: Stage) -> tuple[str, str]:
    what = f"stage '{stage.name}' requires the suite '{suite}', which is not part of this version."
    return what, "The stage holds as incomplete until it is."


def _misses_unattested(stage: Stage) -> bool:
    """Whether suite grounding is asked, and what stands nowhere counts for nothing."""
    counting = any(criterion.metric.name == _COVERAGE for criterion in stage.criteria)
    return "grounding" in stage.requires.suites and not counting


def _about_unattested(stage: Stage) -> tuple[str, str]:
    what = f"grounding: in stage '{stage.name}' no criterion counts statements that stand in no evidence."
    return what, f"Contradicted ones hold all the same; write {_COVERAGE} to count these, too."


def _about_metric(criterion: Criterion) -> tuple[str, str]:
    metric = criterion.metric
    if metric.measured_by in ("sql", "prometheus", "traces"):
        what = f"{metric.name}: {metric.measured_by} is not read by this version."
        return what, "Hand the rows over with sluicegate record, and write record: true."
    what = f"{metric.name} comes from the suite '{metric.suite}', which is not part of this version."
    return what, "The criterion is not measured, and holds."


def _note(plan: Plan, line: int, what: str, mend: str) -> Fault:
    return Fault(where=f"{plan.path}:{line}", what=what, mend=mend)
