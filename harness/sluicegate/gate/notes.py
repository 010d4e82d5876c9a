"""What a verdict notes beside its reasons: what was counted that the user did not write, and what changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from sluicegate.checks import SUITES
from sluicegate.errors import printable
from sluicegate.gate.account import SuiteAccount
from sluicegate.gate.asking import OF_EVERYBODY
from sluicegate.gate.hearing import Hearing
from sluicegate.gate.memory import entry_notes
from sluicegate.gate.runs import library_notes, word_notes
from sluicegate.gate.validity import Question
from sluicegate.gate.wording import count_of
from sluicegate.ledger.state import StateView
from sluicegate.model import CriterionResult, Kind, Origin
from sluicegate.plan.types import MetricKind

__all__ = ["notes_said"]

_CRASHES = {"reported": "answered with an error", "exception": "raised", "timeout": "timed out"}
_GRADES = (MetricKind.PROPORTION, MetricKind.INCIDENTS)


def notes_said(
    hearing: Hearing,
    question: Question,
    state: StateView | None,
    *,
    suites: Sequence[SuiteAccount],
    results: Sequence[CriterionResult],
    kind: Kind,
) -> Iterator[str]:
    """Every note, in the order in which a report shows them."""
    first = question.plan.stages[0].name == question.stage.name
    yield from entry_notes(state, question, first=first)
    yield from word_notes(hearing.runs, question, hearing.case_files)
    yield from library_notes(hearing.runs)
    yield from _made(hearing, results)
    if kind.row == 12:
        yield from _allowed(hearing, suites, results)
    for account in suites:
        result = account.result
        yield from SUITES[result.suite].notes() if account.checks and result.suite in SUITES else ()
        if account.checks and result.not_applicable:
            why = hearing.trials.inapplicable.get(result.suite, Counter[str]()).most_common(2)
            most = "most often " if len(why) > 1 else ""
            said = f", {most}because {printable(why[0][0].rstrip('.'))}" if why else ""
            yield f"suite {result.suite}: {count_of(result.not_applicable, 'check')} not applicable{said}"
    yield from _recorded(hearing, question)


def _made(hearing: Hearing, results: Sequence[CriterionResult]) -> Iterator[str]:
    """How many of the cases the user wrote, and which criteria count the others too."""
    own, made = hearing.pinned.own_and_made()
    if not made or not own:
        return
    attacks = hearing.pinned.has_attacks
    by_name = {channel.criterion.metric.name: channel.criterion.metric for channel in hearing.channels}
    counting = [
        result.metric
        for result in results
        if Origin.SUITE in result.origins
        and (by_name[result.metric].suite in made or (attacks and result.metric in OF_EVERYBODY))
    ]
    said = ", ".join(f"{name} {count:,}" for name, count in made.items())
    then = f", which {', '.join(dict.fromkeys(counting))} count too" if counting else ""
    what = "copies and attacks" if attacks else "copies"
    yield printable(f"{count_of(own, 'case')} of yours, and {what} that suites made of them ({said}){then}")


def _allowed(hearing: Hearing, suites: Sequence[SuiteAccount], results: Sequence[CriterionResult]) -> Iterator[str]:
    """What failed or crashed under a promote, and the criteria whose lines it keeps."""
    graded = [channel.criterion.metric for channel in hearing.channels if channel.criterion.metric.kind in _GRADES]
    everywhere = [metric.name for metric in graded if metric.suite is None]
    for account in suites:
        if failed := account.result.failed:
            name = account.result.suite
            # A check that an answer failed is no crash, and nothing that counts crashes allows it.
            others = [each for each in everywhere if account.result.crashed or each not in OF_EVERYBODY]
            counting = [metric.name for metric in graded if metric.suite == name] + others
            said = ", ".join(account.failed[:3]) + (" …" if failed > 3 else "")
            within = f", allowed by the plan in {', '.join(dict.fromkeys(counting))}" if counting else ""
            yield printable(f"suite {name}: {count_of(failed, 'check')} failed{within}: {said}")
    if crashes := hearing.trials.crashes:
        kinds = ", ".join(f"{count:,} {_CRASHES.get(kind, kind)}" for kind, count in crashes.most_common())
        counting = [result.metric for result in results if result.metric in everywhere]
        within = f", allowed by the plan in {', '.join(dict.fromkeys(counting))}" if counting else ""
        yield printable(f"{count_of(crashes.total(), 'trial')} crashed{within}: {kinds}")


def _recorded(hearing: Hearing, question: Question) -> Iterator[str]:
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
    if again := hearing.trials.again.count:
        yield f"{count_of(again, 'answer')} under load taken in again and counted once"
    for run in hearing.runs:
        if run.ours_fixed and run.started is not None and run.differs:
            counts = "no pass in it counts, and a failure does in cases that the lock pins as it did then"
            yield printable(f"{run.name}: measured with another {run.other}; {counts}")
            if run.forgone:
                failed, first = count_of(run.forgone.count, "trial"), run.forgone.first
                where = "cases" if run.forgone.count > 1 else "a case"
                said = f"{failed} failed in {where} that the lock no longer pins as then ({first})"
                yield f"{printable(run.name)}: {said}: changed or dropped since, and no part of this verdict"
