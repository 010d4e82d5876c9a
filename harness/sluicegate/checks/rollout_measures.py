"""The metrics of the suite rollout: cases that keep all its laws, and how long a rollback takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf

from sluicegate.checks.check import CheckConfig, NotJudged, Result, is_crash, unmet
from sluicegate.checks.contribution import Contribution, Measured
from sluicegate.checks.rollback import rollback_ms
from sluicegate.checks.rollout import SUITE
from sluicegate.checks.success import result_of
from sluicegate.model import NotMeasured, Trial

__all__ = ["MEASURED"]

_Measure = Callable[[Trial, Mapping[str, str], CheckConfig], Measured]


def _bucketing(trial: Trial, results: Mapping[str, str], config: CheckConfig) -> Measured:
    """Cases in which every check of the suite that applies passes."""
    answers = {name: result_of(name, trial, config, results) for name in SUITE.checks}
    said = set(answers.values()) - {Result.NOT_APPLICABLE}
    if not said:
        return None
    if Result.FAIL not in said and Result.ERROR in said:
        name = next(name for name, answer in answers.items() if answer is Result.ERROR)
        return NotMeasured(reason=f"{name} could not be judged on case {trial.case.id}", mend="See its finding.")
    return Contribution(k=int(Result.FAIL not in said), n=1)


def _seconds(trial: Trial, _results: Mapping[str, str], config: CheckConfig) -> Measured:
    """The slowest rollback of a case. One that is never over, and a drill that crashed, took for ever."""
    flags = trial.case.given.flags
    if flags is None or all(step.within_s is None for step in flags.steps):
        return None
    if config.capabilities is not None and unmet(trial.case, config.capabilities) is not None:
        return None
    if any(is_crash(output, trial.case) for output in trial.outputs):
        return Contribution(value=inf, failed=True)
    try:
        took_ms = rollback_ms(trial)
    except NotJudged as unknown:
        return NotMeasured(reason=f"{unknown} (case {trial.case.id})", mend="See its finding.")
    return None if took_ms is None else Contribution(value=took_ms, failed=took_ms == inf)


MEASURED: Mapping[str, _Measure] = {"rollout.bucketing": _bucketing, "rollback.seconds": _seconds}
"""By metric name."""
