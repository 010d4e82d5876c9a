"""The user's own checks (`pytest_sluicegate_checks`), run here over recorded outputs and reported as self-reported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sluicegate.pytest_plugin.expecting import subtests_of
from sluicegate.pytest_plugin.failing import SHOWN, FailedCase, report_failures
from sluicegate.pytest_plugin.link import Link, needed_link

if TYPE_CHECKING:
    from sluicegate.model import Finding, Trial
    from sluicegate.session.own_checks import OwnCheck

__all__ = ["OwnCheckRun", "declared_checks", "own_check_for"]


def declared_checks(config: pytest.Config) -> list[OwnCheck]:
    """What every implementation of the hook returns, in order. Raises UsageError for what is no check."""
    given = [check for found in config.hook.pytest_sluicegate_checks(config=config) if found for check in found]
    if not given:
        return []
    from sluicegate.errors import InputError
    from sluicegate.session.own_checks import own_check

    try:
        checks = [own_check(check) for check in given]
    except InputError as error:
        raise pytest.UsageError(f"pytest_sluicegate_checks: {error}") from None
    names = [check.name for check in checks]
    if twice := {name for name in names if names.count(name) > 1}:
        said = ", ".join(sorted(twice))
        raise pytest.UsageError(f"pytest_sluicegate_checks: two checks are called {said}. Give each a name of its own.")
    return checks


class OwnCheckRun:
    """One own check over one shard of all outputs."""

    def __init__(self, check: OwnCheck, link: Link, subtests: Any, shard: tuple[int, int]) -> None:
        self._check = check
        self._link = link
        self._subtests = subtests
        self._shard = shard
        self._failed: list[FailedCase] = []
        self._total = 0

    def hold_in_every_case(self) -> None:
        """Put the check to each output as it comes, report what it says, and fail for the cases that fail it."""
        from sluicegate.checks.check import is_crash

        client = self._link.client
        for served in client.trials(shard=self._shard if self._shard[1] > 1 else None):
            trial = served.trial
            crashed = any(is_crash(output, trial.case) for output in trial.outputs)
            result, findings, error = self._check.ask(trial, crashed=crashed)
            client.tell("checked", self._body(trial, result, findings))
            if result != "pass":
                self._keep(trial, findings, error)
        client.sync()
        about, shards = f"{self._check.name}: ", self._shard[1]
        report_failures(self._failed, total=self._total, subtests=self._subtests, about=about, shards=shards)

    def _body(self, trial: Trial, result: str, findings: tuple[Finding, ...]) -> dict[str, Any]:
        from sluicegate.model import encode

        return {
            "case_id": trial.case.id,
            "repeat": trial.repeat,
            "results": {self._check.name: result},
            "findings": encode(findings),
        }

    def _keep(self, trial: Trial, findings: tuple[Finding, ...], error: str) -> None:
        self._total += 1
        if len(self._failed) >= SHOWN:
            return
        said = [line for finding in findings for line in (finding.message, finding.excerpt) if line]
        lines = (*said, *([f"the check raised {error}"] if error else []))
        case_id = trial.case.id
        self._failed.append(FailedCase(case_id=case_id, lines=lines, rerun=self._link.rerun(case_id)))


def own_check_for(request: pytest.FixtureRequest) -> OwnCheckRun:
    """The fixture's value; the parameter is a check and a shard."""
    link = needed_link(request.config, "own_check")
    check, shard = request.param
    return OwnCheckRun(check, link, subtests_of(request), shard)
