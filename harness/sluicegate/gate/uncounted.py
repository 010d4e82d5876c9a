"""What went wrong in pinned trials and is counted by no criterion of the stage."""

from __future__ import annotations

from collections import defaultdict

from sluicegate.checks import CHECKS
from sluicegate.gate.faults import Names
from sluicegate.gate.measuring import Judged, Measuring
from sluicegate.gate.waiting import said_of

__all__ = ["Uncounted"]

_NAMED = 3


class Uncounted:
    """By name, so that a stage whose criteria are all met does not go on with a failure that nobody looked at."""

    def __init__(self, measuring: Measuring) -> None:
        self._measuring = measuring
        self.crashed = Names(_NAMED)
        """Trials that crashed."""
        self.failed: defaultdict[str, Names] = defaultdict(lambda: Names(_NAMED))
        """By suite, failed checks."""

    def note(self, judged: Judged) -> None:
        """Take a trial that crashed or failed a check."""
        crashed, failed = self._measuring.uncounted(judged)
        where = said_of(judged.trial.case.id, judged.trial.repeat)
        if crashed:
            self.crashed.add(where)
        for name in failed:
            self.failed[CHECKS[name].suite].add(f"{name} of {where}")
