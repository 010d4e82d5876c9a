"""What went wrong in pinned trials and is counted by no criterion of the stage."""

from __future__ import annotations

from collections import defaultdict

from sluicegate.checks import CHECKS
from sluicegate.gate.account import Account
from sluicegate.gate.faults import Names
from sluicegate.gate.measuring import Judged, Measuring
from sluicegate.gate.validity import Relation
from sluicegate.gate.waiting import said_of
from sluicegate.model import CrashKind, Trial

__all__ = ["Uncounted", "is_unasked"]

_SUCCESS = "draft.success_rate"
_CRASHES = (_SUCCESS, "errors.rate", "crashes")
"""Metrics that count what never answered."""
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
        self.loads: defaultdict[int, Names] = defaultdict(lambda: Names(_NAMED))
        """The same of answers that load runs kept, by the number of the run: crashes, and failed checks."""

    def under_load(self, judged: Judged, *, is_bad: bool) -> None:
        """Take a trial; counted is an answer of a load run of this subject that crashed or failed a check."""
        if not is_bad or judged.run.load is None or judged.run.relation is not Relation.OURS:
            return
        crashed, failed = self._measuring.uncounted(judged)
        for what in ["a crash"] if crashed else failed[:1]:
            self.loads[judged.run.number].add(f"{what} of {judged.trial.case.id}")

    def forgive(self, account: Account, number: int, judged: Judged, *, lost: bool) -> None:
        """Note of a bad trial what a criterion with a target counts: that it is no success, and that it crashed."""
        if not lost and self._measuring.counts(judged, (_SUCCESS,)):
            account.counted(number)
        by_crash = not lost and _is_only_crash(judged) and self._measuring.counts(judged, _CRASHES)
        account.bad(number, by_counted_crash=by_crash)

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


def _is_only_crash(judged: Judged) -> bool:
    """Whether each failure of suite schema says that the pipeline crashed, and no more."""
    failed = [
        name
        for name, result in judged.results.items()
        if result == "fail" and name in CHECKS and CHECKS[name].suite == "schema"
    ]
    return judged.trial.failed and all(
        name in judged.ours and all(finding.place == "$.error" for finding in judged.ours[name].findings)
        for name in failed
    )
