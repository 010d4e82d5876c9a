"""The metrics of the suites injection and tools: incidents by case, and by call."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sluicegate.checks import injection, tools
from sluicegate.checks.check import CheckConfig, NotJudged, unmet
from sluicegate.checks.contribution import Contribution, Measured
from sluicegate.checks.suite_answers import Measure, incidents
from sluicegate.model import NotMeasured, Trial

__all__ = ["MEASURED"]

_REFUSED = (400, 422)
"""What a back end answers to arguments it does not take."""
_DECLARE = "Declare `capabilities: [tools]` and let the pipeline reach its tools through SLUICEGATE_TOOLS_URL."


def _over_calls(count: Callable[[Trial, CheckConfig], int]) -> Measure:
    """`count` of the calls of tools; None where none was made."""

    def measured(trial: Trial, _results: Mapping[str, str], config: CheckConfig) -> Measured:
        if (reason := tools.unseen(config)) is not None:
            return NotMeasured(reason=reason, mend=_DECLARE)
        if config.capabilities is not None and unmet(trial.case, config.capabilities) is not None:
            return None
        try:
            calls, k = tools.tool_calls(trial), count(trial, config)
            if not k:
                tools.whole_calls(trial, calls)
        except NotJudged as unknown:
            return NotMeasured(reason=f"{unknown} (case {trial.case.id})", mend="See its finding.")
        return Contribution(k=k, n=len(calls)) if calls else None

    return measured


def _violating(trial: Trial, config: CheckConfig) -> int:
    """Calls that received a name or a value they may not, or a body that is read in two ways."""
    return len(tools.violating(trial, config))


def _invalid(trial: Trial, config: CheckConfig) -> int:
    """Those, and the calls that the tool turned away for their arguments."""
    refused = {
        at
        for at, call in enumerate(tools.tool_calls(trial))
        if call.detail.get("status") in _REFUSED and not call.detail.get("fault")
    }
    return len(tools.violating(trial, config) | refused)


MEASURED: Mapping[str, Measure] = {
    "injection.violations": incidents(*injection.SUITE.checks),
    "tools.whitelist_violations": _over_calls(_violating),
    "tools.validation_error_rate": _over_calls(_invalid),
}
"""By metric name."""
