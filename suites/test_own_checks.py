"""own checks: what `pytest_sluicegate_checks` returns, put to every answer of the stage.

They run here, in pytest's own processes, so what they say is recorded as self-reported.
"""

from __future__ import annotations

from sluicegate.pytest_plugin.own_checks import OwnCheckRun


def test_own_check(own_check: OwnCheckRun) -> None:
    """The check holds for every answer."""
    own_check.hold_in_every_case()
