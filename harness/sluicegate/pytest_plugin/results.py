"""The `results` fixture: what a built-in check said of every case, as the bundled suites ask it."""

from __future__ import annotations

from typing import Any

import pytest

from sluicegate.pytest_plugin.expecting import subtests_of
from sluicegate.pytest_plugin.failing import FailedCase, report_failures
from sluicegate.pytest_plugin.link import Link, needed_link, run_ended

__all__ = ["CheckReading", "CheckResults", "results_for"]


class CheckResults:
    """Results of the run, read from the broker; the judge counts them for itself."""

    def __init__(self, link: Link, subtests: Any, shard: int) -> None:
        self._link = link
        self._subtests = subtests
        self._shard = shard

    def of(self, check: str) -> CheckReading:
        """What the check said, once the last case has ended. Fails the test when the run did."""
        from sluicegate.errors import SluicegateError

        try:
            said = self._link.client.ask(check=check, shard=self._shard)
        except SluicegateError as error:
            raise run_ended(error) from None
        return CheckReading(check, said, self._link, self._subtests)


class CheckReading:
    """One check over one shard of the cases."""

    def __init__(self, check: str, said: dict[str, Any], link: Link, subtests: Any) -> None:
        self._check = check
        self._said = said
        self._link = link
        self._subtests = subtests

    def hold_in_every_case(self) -> None:
        """Fail for each case in which the check failed or could not judge; skip where it applies to none."""
        counts = self._said["counts"]
        failed, shards = counts["fail"] + counts["error"], self._link.reach.shards
        cases = [
            FailedCase(case_id=case_id, lines=_lines(repeat, result, said), rerun=self._link.rerun(case_id))
            for case_id, repeat, result, said in self._said["failed"]
        ]
        report_failures(cases, total=failed, subtests=self._subtests, about=f"{self._check}: ", shards=shards)
        if counts["pass"]:
            return
        if counts["not_applicable"]:
            pytest.skip(f"{self._check} applies to none of {counts['not_applicable']:,} cases")
        if self._check.partition(".")[0] not in ("answers", *self._link.reach.suites):
            pytest.skip(f"stage {self._link.reach.stage} does not require this suite")
        if self._link.reach.selected:
            pytest.skip(f"{self._check} applies to none of the selected cases")
        if self._link.reach.shards == 1:
            pytest.fail(f"{self._check}: no case was run", pytrace=False)


def results_for(request: pytest.FixtureRequest) -> CheckResults:
    """The fixture's value."""
    link = needed_link(request.config, "results")
    return CheckResults(link, subtests_of(request), getattr(request, "param", 0))


def _lines(repeat: int, result: str, said: list[str]) -> tuple[str, ...]:
    head = [f"repeat {repeat}"] if repeat else []
    return (*head, *(["could not be judged"] if result == "error" else []), *said)
