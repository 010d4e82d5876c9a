"""Failing cases of one item: the first ones each on its own, the rest counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from sluicegate.frozen import frozen

__all__ = ["SHOWN", "FailedCase", "report_failures"]

SHOWN = 20
"""A failing subtest costs 1.7 ms and half a kilobyte; all cases are in the report."""


@frozen
class FailedCase:
    """One case, what is wrong with it, and the command that runs only it again."""

    case_id: str
    lines: tuple[str, ...]
    rerun: str = ""

    @property
    def text(self) -> str:
        """The case id first, since neither JUnit nor a node id carries it."""
        first, *rest = [line for entry in self.lines for line in entry.splitlines()] or ["failed"]
        said = [f"{self.case_id}: {first}", *(f"  {line}" for line in rest)]
        return "\n".join([*said, *([f"  rerun: {self.rerun}"] if self.rerun else [])])


def report_failures(
    cases: Sequence[FailedCase], *, total: int, subtests: Any, about: str = "", shards: int = 1
) -> None:
    """Report the first cases as failed subtests, then fail the item with the count. Nothing failed: nothing happens.

    `shards`: among how many items the check is split; together they show as many as one would. Raises pytest's Failed.
    """
    if not total:
        return
    shown = cases[: max(1, SHOWN // shards)]
    if subtests is not None:
        for case in shown:
            with subtests.test(msg=case.case_id):
                pytest.fail(case.text, pytrace=False)
    count = f"{about}{total:,} case{'s' if total > 1 else ''} failed"
    rest = f"; {total - len(shown):,} more in the report" if total > len(shown) else ""
    listed = "" if subtests is not None else "\n" + "\n".join(case.text for case in shown)
    pytest.fail(f"{count}{rest}{listed}", pytrace=False)
