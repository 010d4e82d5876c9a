"""What a plan asks of its cases and can never get from them: said before anything runs."""

from __future__ import annotations

from collections.abc import Iterator

from sluicegate.checks.plain_mails import not_plain
from sluicegate.errors import printable
from sluicegate.gate.linter import Note
from sluicegate.gate.wording import count_of, plural
from sluicegate.model import Capability, Case
from sluicegate.plan.types import Criterion, Plan, Stage
from sluicegate.session.stage_cases import GOLDEN, PLAIN, StageCases

__all__ = ["out_of_reach"]

_ATTACKING = ("headers", "injection", "recipients")
"""Suites that derive attacks from the plan's mails."""
_ONE_A_CASE = ("case", "draft")
"""Units of which a case gives one at most, however often it runs."""


def out_of_reach(plan: Plan, stage: Stage, cases: StageCases) -> Iterator[Note]:
    """Least numbers beyond all cases of the stage, and suites whose own cases the pipeline can do none of."""
    for criterion in stage.criteria:
        most, least = _most(criterion, cases), criterion.minimum_n or 0
        if most is not None and most < least:
            unit = criterion.metric.unit
            text = (
                f"min: {least:,} is never reached: the stage's cases give at most {most:,} "
                f"{unit if most == 1 else plural(unit)}, however often they run. Add cases, or lower min."
            )
            yield Note(line=criterion.line, about=criterion.metric.name, text=text)
        if said := _unseen(criterion, plan):
            yield Note(line=criterion.line, about=criterion.metric.name, text=said)
    own = {case.id: case for suite in (PLAIN, GOLDEN) for case in cases.by_suite.get(suite, ())}
    bars = next((f"; '{case.id}' has {why}" for case in own.values() if (why := not_plain(case))), "")
    for suite, asked in cases.by_suite.items():
        if said := _untried(suite, [case for case in asked if case.id not in own], plan.pipeline.capabilities, bars):
            yield Note(line=stage.line, about=suite, text=printable(f"{said}: none of its attacks can be tried."))


def _unseen(criterion: Criterion, plan: Plan) -> str:
    """Why side effects that a criterion counts are nowhere to be seen; empty where they are, or it counts none."""
    if criterion.metric.name != "idempotency.violations" or all(origin.grows for origin in criterion.origins):
        return ""
    if Capability.MAIL in plan.pipeline.capabilities or any(tool.writes for tool in plan.tools):
        return ""
    return (
        "no side effect can be seen, so the stage will hold: no tool of the plan has writes: true, and the pipeline "
        "does not declare the capability mail. Declare one, or require suite idempotency without this criterion."
    )


def _untried(suite: str, made: list[Case], can: frozenset[Capability], bars: str) -> str:
    """Why none of the cases that a suite makes fits the pipeline; empty where one does, or where it makes none.

    `bars` is what keeps the first mail there is from being one that attacks are made of.
    """
    if not made and suite in _ATTACKING:
        lacks = "" if Capability.MAIL in can else ", and the pipeline does not declare the capability mail"
        plain = "a plain mail (given: {mail: …}, no input) that attacks are made of"
        return f"no case of the stage is {plain}{bars}{lacks}"
    if not made or any(can.issuperset(case.needs) for case in made):
        return ""
    lacking = ", ".join(sorted(each.value for each in set.intersection(*({*case.needs} - can for case in made))))
    if not lacking:
        return ""
    return f"the {count_of(len(made), 'case')} that it makes need {lacking}, which pipeline: capabilities does not name"


def _most(criterion: Criterion, cases: StageCases) -> int | None:
    """How many units the cases can give; None where that depends on more than their number."""
    if any(origin.grows for origin in criterion.origins) or criterion.unit is not None:
        return None
    if criterion.metric.unit not in _ONE_A_CASE or not cases.by_suite:
        return None
    return len({case.id for asked in cases.by_suite.values() for case in asked})
