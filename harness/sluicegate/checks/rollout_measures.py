"""The metrics of the suite rollout: cases that keep all its laws, and how long a rollback takes."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf

from sluicegate.checks.check import CheckConfig, NotJudged, is_crash, unmet
from sluicegate.checks.contribution import Contribution, Measured
from sluicegate.checks.rollback import rollback_ms
from sluicegate.checks.rollout import SUITE
from sluicegate.checks.suite_answers import Measure, kept_all
from sluicegate.model import NotMeasured, Trial

__all__ = ["MEASURED"]


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


MEASURED: Mapping[str, Measure] = {"rollout.bucketing": kept_all(*SUITE.checks), "rollback.seconds": _seconds}
"""By metric name."""
