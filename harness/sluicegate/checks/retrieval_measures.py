"""The metrics of the suite retrieval: counted from the retriever's log.

A retrieval that the case itself makes fail says nothing about the retriever, and is left out of rates and times.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from sluicegate.checks import retrieval
from sluicegate.checks.check import CheckConfig, NotJudged, unmet
from sluicegate.checks.contribution import Contribution, Measured
from sluicegate.checks.retriever_log import declares_retrieval, retrievals, whole
from sluicegate.checks.suite_answers import Measure, kept_all
from sluicegate.model import NotMeasured, Observation, Trial

__all__ = ["MEASURED"]


def _from_log(measure: Callable[[Sequence[Observation]], Contribution | None]) -> Measure:
    """`measure` over the undisturbed retrievals of a trial; None where there are none."""

    def measured(trial: Trial, _results: Mapping[str, str], config: CheckConfig) -> Measured:
        if (reason := declares_retrieval(config)) is not None:
            mend = "Declare `capabilities: [retrieval]` and let the pipeline use SLUICEGATE_RETRIEVER_URL."
            return NotMeasured(reason=reason, mend=mend)
        if config.capabilities is not None and unmet(trial.case, config.capabilities) is not None:
            return None
        try:
            calls = [call for call in retrievals(trial) if not call.detail.get("fault")]
            return measure(calls) if calls else None
        except NotJudged as unknown:
            return NotMeasured(reason=f"{unknown} (case {trial.case.id})")

    return measured


def _hits(calls: Sequence[Observation]) -> Contribution:
    """Retrievals that gave the caller a snippet or more."""
    return Contribution(k=sum(whole(call) and bool(call.detail.get("returned")) for call in calls), n=len(calls))


def _left(calls: Sequence[Observation]) -> Contribution:
    """Retrievals the caller hung up on, or that never answered."""
    gone = sum(bool(call.detail.get("aborted")) or call.detail.get("status") is None for call in calls)
    return Contribution(k=gone, n=len(calls))


def _slowest(calls: Sequence[Observation]) -> Contribution:
    """Milliseconds of the slowest; one that was left is worse than any that was answered."""
    if any(call.detail.get("aborted") for call in calls):
        return Contribution(value=math.inf, failed=True)
    taken = [call.detail.get("latency_ms") for call in calls if call.detail.get("status") == 200]
    known = [float(value) for value in taken if isinstance(value, (int, float))]
    if len(known) < len(calls):
        raise NotJudged("the log does not say how long a retrieval took")
    return Contribution(value=max(known))


MEASURED: Mapping[str, Measure] = {
    "retrieval.correct_rate": kept_all(*retrieval.SUITE.checks),
    "retrieval.hit_rate": _from_log(_hits),
    "retrieval.timeout_rate": _from_log(_left),
    "retrieval.latency": _from_log(_slowest),
}
"""By metric name."""
