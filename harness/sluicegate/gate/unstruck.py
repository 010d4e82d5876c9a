"""Faults of models that nobody asked: under them nothing was tried, and a name may be a typing mistake."""

from __future__ import annotations

from collections.abc import Iterator

from sluicegate.gate.hearing import Hearing
from sluicegate.gate.validity import Question
from sluicegate.gate.wording import incomplete
from sluicegate.model import Reason

__all__ = ["unstruck_said"]

_NAMED = 5


def unstruck_said(hearing: Hearing, question: Question) -> Iterator[Reason]:
    """Row 6: suite fallback, and faults of models that no trial of the stage asked."""
    asked = hearing.trials.models
    unmet = sorted(hearing.trials.faulted - asked)
    if "fallback" not in question.stage.requires.suites or not unmet or not asked:
        return
    said = ", ".join(f"'{name}'" for name in unmet[:_NAMED])
    seen = ", ".join(f"'{name}'" for name in sorted(asked)[:_NAMED])
    text = f"faults are scripted for {said}, which no trial asked, so nothing failed; asked were {seen}."
    mend = "Name in given.faults the models that the pipeline asks, or leave the name out. Run: sluicegate plan lock"
    yield incomplete("faults", text, mend)
