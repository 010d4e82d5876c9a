"""The metrics of the suites fallback and format: how many cases keep all of their laws."""

from __future__ import annotations

from collections.abc import Mapping

from sluicegate.checks import fallback
from sluicegate.checks import format as telegram_format
from sluicegate.checks.check import CheckConfig, NotJudged, is_crash, unmet
from sluicegate.checks.contribution import Contribution, Measured
from sluicegate.checks.fallback_told import fell_back
from sluicegate.checks.model_calls import declares_model, model_calls
from sluicegate.checks.retries import served
from sluicegate.checks.suite_answers import Measure, kept, kept_all
from sluicegate.model import NotMeasured, Trial

__all__ = ["MEASURED"]


def _violated(trial: Trial, results: Mapping[str, str], config: CheckConfig) -> Measured:
    """An incident where a message breaks a law; an answer that never came breaks none of these."""
    if any(is_crash(output, trial.case) for output in trial.outputs):
        return NotMeasured(reason=f"case {trial.case.id} gave no answer to judge", mend="See crashes.")
    said = kept(telegram_format.SUITE.checks, trial, results, config)
    return Contribution(k=int(not said), n=1) if isinstance(said, bool) else said


def _rate(trial: Trial, _results: Mapping[str, str], config: CheckConfig) -> Measured:
    """Of cases that a model answered, those in which another one had failed for good before."""
    if (reason := declares_model(config)) is not None:
        return NotMeasured(reason=reason, mend="Declare `capabilities: [model]`.")
    if config.capabilities is not None and unmet(trial.case, config.capabilities) is not None:
        return None
    try:
        calls = model_calls(trial)
    except NotJudged as unknown:
        return NotMeasured(reason=f"{unknown} (case {trial.case.id})")
    if not any(served(call) for call in calls):
        return None
    return Contribution(k=int(fell_back(calls)), n=1)


MEASURED: Mapping[str, Measure] = {
    "fallback.correct_rate": kept_all(*fallback.SUITE.checks),
    "fallback.rate": _rate,
    "format.violations": _violated,
}
"""By metric name."""
