"""The suites of a verdict, counted in words."""

from __future__ import annotations

from collections.abc import Sequence

from sluicegate.frozen import frozen
from sluicegate.gate.wording import count_of
from sluicegate.model import SuiteResult
from sluicegate.report.criterion import Mark
from sluicegate.report.figures import plain

__all__ = ["SuiteView", "suite_view", "sum_of"]

_COUNTED_AS = {"crashed": "of crashed trials", "missing": "missing", "not_applicable": "not applicable"}
"""Counts of checks: those of a trial that crashed are no further crashes."""


@frozen
class SuiteView:
    """One suite, counted."""

    name: str
    mark: Mark
    planned: int
    run: int
    failed: int
    crashed: int
    skipped: int
    missing: int
    not_applicable: int
    self_reported: bool

    @property
    def text(self) -> str:
        """`1,948 checks, 0 failed, 0 skipped`, and whatever else is not 0."""
        rest = ("crashed", "missing", "not_applicable")
        more = [f"{getattr(self, name):,} {_COUNTED_AS[name]}" for name in rest if getattr(self, name)]
        told = [count_of(self.planned, "check"), f"{self.failed:,} failed", f"{self.skipped:,} skipped", *more]
        return ", ".join([*told, *(["self-reported"] if self.self_reported else [])])


def suite_view(suite: SuiteResult) -> SuiteView:
    """A suite of a verdict, and whether it passed, failed, or proves nothing."""
    unproven = suite.crashed or suite.skipped or suite.missing or suite.run == 0
    counts = ("planned", "run", "failed", "crashed", "skipped", "missing", "not_applicable", "self_reported")
    return SuiteView(
        name=plain(suite.suite),
        mark=Mark.FAIL if suite.failed else Mark.OPEN if unproven else Mark.PASS,
        **{name: getattr(suite, name) for name in counts},
    )


def sum_of(suites: Sequence[SuiteView]) -> SuiteView:
    """All suites as one, as bad as the worst of them."""
    counts = ("planned", "run", "failed", "crashed", "skipped", "missing", "not_applicable")
    marks = [suite.mark for suite in suites]
    return SuiteView(
        name=count_of(len(suites), "suite"),
        mark=next((mark for mark in (Mark.FAIL, Mark.OPEN) if mark in marks), Mark.PASS),
        **{name: sum(getattr(suite, name) for suite in suites) for name in counts},
        self_reported=False,
    )
