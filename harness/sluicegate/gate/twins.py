"""The same job in two requests of one collection: a case and its `~again`, whose runs have ids of their own.

Within one request a pipeline may keep an assignment by the id of the request; only another one shows that it did.
"""

from __future__ import annotations

from sluicegate.checks.routing import AGAIN, arm_of
from sluicegate.gate.faults import Names
from sluicegate.gate.pinned import Pinned
from sluicegate.model import Trial

__all__ = ["Twins"]


class Twins:
    """Arms of the cases that are pinned twice, at most a sample of the plan's."""

    def __init__(self, pinned: Pinned) -> None:
        self._pinned = pinned
        self._arms: dict[str, set[str | None]] = {}
        self.parted = Names(3)
        """Cases that were of two arms."""

    def note(self, trial: Trial) -> None:
        """Take one pinned trial, first or second."""
        base = trial.case.id.removesuffix(AGAIN)
        if not trial.case.expect.arms or trial.crashed or self._pinned.case(f"{base}{AGAIN}") is None:
            return
        arm, arms = arm_of(trial.output), self._arms.setdefault(base, set())
        if arms and arm not in arms and len(arms) == 1:
            self.parted.add(f"case {base}")
        arms.add(arm)
