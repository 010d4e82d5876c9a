"""Which of a plan's cases load is made of: what one request can ask, and any moment can answer."""

from __future__ import annotations

from pathlib import Path

from sluicegate.errors import Fault, InputError
from sluicegate.model import Case
from sluicegate.plan.cases import PROPOSED, read_cases
from sluicegate.plan.types import Plan
from sluicegate.session.stage_cases import CasesError, case_files

__all__ = ["load_cases"]


def load_cases(plan: Plan, base: Path) -> tuple[Case, ...]:
    """The plan's cases of one delivery, without faults, flags or waits of their own, in the order of their files.

    Cases whose script makes something fail or wait would say nothing about load; a profile's own `faults` do. Raises
    InputError where none is left, CasesError for files that cannot be used.
    """
    try:
        cases = tuple(case for case in read_cases([file.path for file in case_files(plan.cases, base)]) if _fits(case))
    except InputError as error:
        raise CasesError(error.faults) from None
    if not cases:
        what = "no case of the plan can be asked under load: each has faults, waits or deliveries of its own."
        raise InputError(Fault(where=str(plan.path), what=what, mend="Add cases that are one plain request each."))
    return cases


def _fits(case: Case) -> bool:
    given, expect = case.given, case.expect
    waits = (given.retrieval.latency_ms if given.retrieval else 0, given.model.latency_ms if given.model else 0)
    return (
        case.review != PROPOSED
        and not given.faults
        and given.flags is None
        and given.times == 1
        and not given.crash_after_write
        and expect.outcome != "error"
        and not any(waits)
        and not any(result.latency_ms for result in given.tool_results)
    )
