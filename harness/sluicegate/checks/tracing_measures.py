"""The metric of the suite tracing: of everything that should carry its request's id, how much does."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sluicegate.checks.check import CheckConfig, NotJudged
from sluicegate.checks.contribution import Contribution, Measured
from sluicegate.checks.tracing import SINKS
from sluicegate.model import NotMeasured, Trial

__all__ = ["MEASURED"]


def _correlated(trial: Trial, _results: Mapping[str, str], config: CheckConfig) -> Measured:
    """Calls, log lines, spans and outputs together; where nothing at all could be seen, nothing is measured."""
    carried = should = 0
    reasons: list[str] = []
    for look in SINKS.values():
        try:
            sink = look(trial, config)
        except NotJudged as unknown:
            if unknown.lost:
                return NotMeasured(reason=f"{unknown} (case {trial.case.id})")
            reasons.append(str(unknown))
            continue
        carried, should = carried + sink.carried, should + sink.should
    if not should:
        return NotMeasured(reason=f"case {trial.case.id} shows nothing that carries an id: {'; '.join(reasons)}")
    return Contribution(k=carried, n=should)


MEASURED: Mapping[str, Callable[[Trial, Mapping[str, str], CheckConfig], Measured]] = {
    "tracing.correlated_rate": _correlated
}
"""By metric name."""
