"""What a reader of a verdict should know, and what decides nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from sluicegate.checks import SUITES
from sluicegate.errors import printable
from sluicegate.gate.hearing import Hearing
from sluicegate.gate.memory import entry_notes
from sluicegate.gate.pinned import SuiteAccount
from sluicegate.gate.runs import library_notes, word_notes
from sluicegate.gate.validity import Question
from sluicegate.gate.wording import count_of
from sluicegate.ledger.state import StateView

__all__ = ["notes_said"]


def notes_said(
    hearing: Hearing, state: StateView | None, question: Question, suites: Sequence[SuiteAccount]
) -> Iterator[str]:
    """One line a note, ready to be shown: of the state, the runs, the suites, own tests and what was counted once."""
    first = question.plan.stages[0].name == question.stage.name
    yield from entry_notes(state, question, first=first)
    yield from word_notes(hearing.runs, question)
    yield from library_notes(hearing.runs)
    for account in suites:
        yield from _of_suite(account, hearing)
    tests, stage = hearing.tests, question.stage
    if tests.unpinned and not stage.requires.tests:
        path = printable(str(question.plan.path))
        yield (
            f"own tests are no part of this verdict, for stage '{stage.name}' does not ask for them: "
            f"{tests.unpinned.count:,} ran, {tests.unpinned_failed.count:,} failed. To have them count, write "
            f"requires: {{tests: true}} and run: sluicegate plan lock {path}"
        )
    for channel in hearing.channels:
        if channel.repeated:
            name, repeated = channel.criterion.metric.name, count_of(channel.repeated, "unit")
            yield f"{name}: {repeated} recorded again and counted once"
    for run in hearing.runs:
        if run.ours_fixed and run.started is not None and run.differs:
            yield printable(f"{run.name}: measured with another {run.other}")


def _of_suite(account: SuiteAccount, hearing: Hearing) -> Iterator[str]:
    result = account.result
    yield from SUITES[result.suite].notes() if account.checks and result.suite in SUITES else ()
    if account.checks and result.not_applicable:
        why = hearing.trials.inapplicable.get(result.suite, Counter[str]()).most_common(2)
        most = "most often " if len(why) > 1 else ""
        said = f", {most}because {printable(why[0][0].rstrip('.'))}" if why else ""
        yield f"suite {result.suite}: {count_of(result.not_applicable, 'check')} not applicable{said}"
