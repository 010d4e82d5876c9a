"""The metrics of the suites headers and recipients: incidents by case, and the share of clean mails that got lost."""

from __future__ import annotations

from collections.abc import Mapping

from sluicegate.checks import headers, recipients
from sluicegate.checks.check import CheckConfig, NotJudged
from sluicegate.checks.clean_mails import is_clean
from sluicegate.checks.contribution import Contribution, Measured
from sluicegate.checks.suite_answers import Measure, incidents
from sluicegate.model import NotMeasured, Trial

__all__ = ["MEASURED"]


def _overblocked(trial: Trial, _results: Mapping[str, str], config: CheckConfig) -> Measured:
    """Of clean mails, those that were refused or whose answer reaches none of its allowed recipients."""
    if not is_clean(trial.case):
        return None
    try:
        return Contribution(k=int(recipients.lost(trial, config) is not None), n=1)
    except NotJudged as unknown:
        return NotMeasured(reason=f"{unknown} (case {trial.case.id})") if unknown.lost else None


MEASURED: Mapping[str, Measure] = {
    "headers.violations": incidents(*headers.SUITE.checks),
    "recipients.violations": incidents(*(name for name in recipients.SUITE.checks if name != "recipients.kept")),
    "recipients.overblocked": _overblocked,
}
"""By metric name."""
