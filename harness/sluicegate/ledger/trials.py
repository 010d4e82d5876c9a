"""Intents and outcomes put together again, as the trials they were."""

from __future__ import annotations

from collections.abc import Iterator

from sluicegate.errors import Fault, InputError
from sluicegate.frozen import frozen
from sluicegate.ledger.chain import Record
from sluicegate.ledger.entries import entry
from sluicegate.ledger.records import Intent, Outcome
from sluicegate.model import Case, Trial
from sluicegate.model.often import made_often

__all__ = ["RecordedTrial", "TrialJoin"]


@made_often
@frozen
class RecordedTrial:
    """One trial as the ledger tells it."""

    trial: Trial
    run_id: str
    at: str


class TrialJoin:
    """Feed it verified records in order; every outcome gives its trial.

    A case is kept until its `repeats` outcomes have come, so memory depends on what is in flight, not on the run.
    """

    def __init__(self, *, repeats: int = 1) -> None:
        self._repeats = repeats
        self._begun: dict[str, Intent] = {}
        self._cases: dict[str, tuple[Case, int]] = {}

    def feed(self, record: Record, where: str = "") -> RecordedTrial | None:
        """The trial that ends with this record, or None. Raises InputError for an outcome nobody intended."""
        if record.kind == Intent.KIND:
            self._begin(entry(record, where))
        elif record.kind == Outcome.KIND:
            return self._end(entry(record, where), where)
        return None

    def case(self, case_id: str) -> Case | None:
        """The case of that id, while any of its trials is open."""
        known = self._cases.get(case_id)
        return known[0] if known is not None else None

    def unfinished(self) -> Iterator[Intent]:
        """Intents without an outcome so far, in the order of their beginning: crashes, once the ledger has ended."""
        return iter(self._begun.values())

    def _begin(self, intent: object) -> None:
        assert isinstance(intent, Intent)  # noqa: S101 - the kind was looked at
        self._begun[intent.run_id] = intent
        if intent.case is not None and intent.case_id not in self._cases:
            self._cases[intent.case_id] = (intent.case, self._repeats)

    def _end(self, outcome: object, where: str) -> RecordedTrial:
        assert isinstance(outcome, Outcome)  # noqa: S101 - the kind was looked at
        intent = self._begun.pop(outcome.run_id, None)
        case, left = self._cases.get(outcome.case_id, (None, 0))
        if intent is None or case is None or (intent.case_id, intent.repeat) != (outcome.case_id, outcome.repeat):
            what = f"the outcome of '{outcome.case_id}' (repeat {outcome.repeat}) answers no intent with its case."
            raise InputError(Fault(where=where, what=what))
        if left > 1:
            self._cases[outcome.case_id] = (case, left - 1)
        else:
            del self._cases[outcome.case_id]
        return RecordedTrial(trial=outcome.trial(case), run_id=outcome.run_id, at=outcome.at)
