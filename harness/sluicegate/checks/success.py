"""Success of a trial: an answer within its limits that its contract and its case's `must` accept."""

from __future__ import annotations

from collections.abc import Mapping

from sluicegate.checks.check import CheckConfig, Result, nothing_known
from sluicegate.checks.limits import limit_failures
from sluicegate.checks.registry import CHECKS, run_check
from sluicegate.model import Limits, NotMeasured, Output, Trial

__all__ = ["DECIDING", "result_of", "success"]

DECIDING = ("schema.valid", "schema.must")
"""Checks whose failure is no success."""
_RESULTS = {result.value: result for result in Result}


def success(trial: Trial, config: CheckConfig, results: Mapping[str, str] | None = None) -> bool | NotMeasured:
    """Whether the trial succeeded. NotMeasured when a check that decides it could not answer.

    `results` are answers already at hand, by check name; a check that is not among them is run.
    """
    unknown = nothing_known(trial)
    if unknown is not None:
        return NotMeasured(reason=unknown)
    if trial.failed:
        return False
    limits = trial.case.expect.limits
    if limits is not None and any(_past(limits, output) for output in trial.outputs):
        return False
    answers = [result_of(name, trial, config, results) for name in DECIDING]
    if Result.FAIL in answers:
        return False
    if Result.ERROR in answers:
        name = DECIDING[answers.index(Result.ERROR)]
        return NotMeasured(reason=f"{name} could not be judged on case {trial.case.id}", mend="See its finding.")
    return True


def result_of(name: str, trial: Trial, config: CheckConfig, results: Mapping[str, str] | None) -> Result:
    """The answer of a built-in check, taken from `results` or found now."""
    known = results.get(name) if results is not None else None
    return _RESULTS[known] if known is not None else run_check(CHECKS[name], trial, config).result


def _past(limits: Limits, output: Output) -> bool:
    return next(limit_failures(limits, output), None) is not None
