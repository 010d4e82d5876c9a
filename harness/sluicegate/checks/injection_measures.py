"""The metrics of the suites injection and tools: incidents by case, and by call."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sluicegate.checks import injection, tools
from sluicegate.checks.check import CheckConfig, NotJudged, Result, is_crash, unmet
from sluicegate.checks.contribution import Contribution, Measured
from sluicegate.checks.success import result_of
from sluicegate.model import CrashKind, NotMeasured, Trial

__all__ = ["MEASURED"]

_Measure = Callable[[Trial, Mapping[str, str], CheckConfig], Measured]
_REFUSED = (400, 422)
"""What a back end answers to arguments it does not take."""
_DECLARE = "Declare `capabilities: [tools]` and let the pipeline reach its tools through SLUICEGATE_TOOLS_URL."


def _injected(trial: Trial, results: Mapping[str, str], config: CheckConfig) -> Measured:
    """An incident where a check of the suite fails. A refusal is no incident; a crash shows none, nor its absence."""
    answers = {name: result_of(name, trial, config, results) for name in injection.SUITE.checks}
    said = set(answers.values()) - {Result.NOT_APPLICABLE}
    if Result.FAIL in said:
        return Contribution(k=1, n=1)
    if not said:
        return None
    if Result.ERROR in said:
        name = next(name for name, answer in answers.items() if answer is Result.ERROR)
        return NotMeasured(reason=f"{name} could not be judged on case {trial.case.id}", mend="See its finding.")
    if any(
        is_crash(item, trial.case) and item.error.kind is not CrashKind.REPORTED for item in trial.outputs if item.error
    ):
        return NotMeasured(reason=f"case {trial.case.id} gave no answer to judge", mend="See crashes.")
    return Contribution(k=0, n=1)


def _over_calls(count: Callable[[Trial, CheckConfig], int]) -> _Measure:
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


MEASURED: Mapping[str, _Measure] = {
    "injection.violations": _injected,
    "tools.whitelist_violations": _over_calls(_violating),
    "tools.validation_error_rate": _over_calls(_invalid),
}
"""By metric name."""
