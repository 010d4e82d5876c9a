"""The metrics of the suites headers and recipients: incidents by case, and the share of clean mails that got lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sluicegate.checks import headers, recipients
from sluicegate.checks.check import CheckConfig, NotJudged, Result, Suite, is_crash
from sluicegate.checks.clean_mails import is_clean
from sluicegate.checks.contribution import Contribution, Measured
from sluicegate.checks.success import result_of
from sluicegate.model import CrashKind, NotMeasured, Trial

__all__ = ["MEASURED"]

_Measure = Callable[[Trial, Mapping[str, str], CheckConfig], Measured]


def _incident(suite: Suite) -> _Measure:
    """An incident where a check of the suite fails. A refusal is none; a crash shows none, and not its absence."""
    names = [name for name in suite.checks if name != "recipients.kept"]

    def measured(trial: Trial, results: Mapping[str, str], config: CheckConfig) -> Measured:
        answers = {name: result_of(name, trial, config, results) for name in names}
        said = set(answers.values()) - {Result.NOT_APPLICABLE}
        if Result.FAIL in said:
            return Contribution(k=1, n=1)
        if not said:
            return None
        if Result.ERROR in said:
            name = next(name for name, answer in answers.items() if answer is Result.ERROR)
            return NotMeasured(reason=f"{name} could not be judged on case {trial.case.id}", mend="See its finding.")
        if _crashed(trial):
            return NotMeasured(reason=f"case {trial.case.id} gave no answer to judge", mend="See crashes.")
        return Contribution(k=0, n=1)

    return measured


def _crashed(trial: Trial) -> bool:
    """Whether a delivery ended otherwise than with an answer or a refusal."""
    ended = [output.error for output in trial.outputs if output.error is not None and is_crash(output, trial.case)]
    return any(error.kind is not CrashKind.REPORTED for error in ended)


def _overblocked(trial: Trial, _results: Mapping[str, str], config: CheckConfig) -> Measured:
    """Of clean mails, those that were refused or whose answer reaches none of its allowed recipients."""
    if not is_clean(trial.case):
        return None
    try:
        return Contribution(k=int(recipients.lost(trial) is not None), n=1)
    except NotJudged as unknown:
        return NotMeasured(reason=f"{unknown} (case {trial.case.id})") if unknown.lost else None


MEASURED: Mapping[str, _Measure] = {
    "headers.violations": _incident(headers.SUITE),
    "recipients.violations": _incident(recipients.SUITE),
    "recipients.overblocked": _overblocked,
}
"""By metric name."""
