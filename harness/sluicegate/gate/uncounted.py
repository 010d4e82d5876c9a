"""What went wrong in pinned trials and is counted by no criterion of the stage."""

from __future__ import annotations

from collections import defaultdict

from sluicegate.checks import CHECKS
from sluicegate.gate.faults import Names
from sluicegate.gate.measuring import Judged, Measuring
from sluicegate.gate.waiting import said_of
from sluicegate.model import CrashKind, Trial

__all__ = ["Uncounted", "is_unasked"]

_NAMED = 3
_UNASKED = (CrashKind.NOT_RECORDED, CrashKind.NOT_SENT)


def is_unasked(trial: Trial) -> bool:
    """Whether a delivery of it could not be asked of anybody."""
    return any(output.error is not None and output.error.kind in _UNASKED for output in trial.outputs)


class Uncounted:
    """By name, so that a stage whose criteria are all met does not go on with a failure that nobody looked at."""

    def __init__(self, measuring: Measuring) -> None:
        self._measuring = measuring
        self.crashed = Names(_NAMED)
        """Trials that crashed."""
        self.failed: defaultdict[str, Names] = defaultdict(lambda: Names(_NAMED))
        """By suite, failed checks."""
        self.unasked = Names(_NAMED)
        """Trials of cases that nobody was asked: not in the recording, or of no shape that could be sent."""
        self.unasked_made: defaultdict[str, Names] = defaultdict(lambda: Names(_NAMED))
        """The same, of cases that a suite made, by suite."""

    def note(self, judged: Judged) -> None:
        """Take a trial that crashed or failed a check."""
        crashed, failed = self._measuring.uncounted(judged)
        where = said_of(judged.trial.case.id, judged.trial.repeat)
        if is_unasked(judged.trial):
            maker = self._measuring.maker(judged.trial.case.id)
            (self.unasked_made[maker] if maker else self.unasked).add(where)
        elif crashed:
            self.crashed.add(where)
        for name in failed:
            self.failed[CHECKS[name].suite].add(f"{name} of {where}")
