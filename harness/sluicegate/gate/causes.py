"""Which findings a reason names: every incident, and what most often stands behind a share that was missed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from sluicegate.errors import printable
from sluicegate.gate.commands import case_command
from sluicegate.gate.validity import Question
from sluicegate.gate.wording import count_of
from sluicegate.model import CriterionResult, Finding, Kind, Reason, Severity
from sluicegate.plan.types import MetricKind

if TYPE_CHECKING:
    from sluicegate.gate.against import Against
    from sluicegate.gate.shortlist import Shortlist

__all__ = ["Causes", "against_said", "causes_said", "crash_mended", "failures_said", "incidents_said"]

_INCIDENTS_NAMED = 20
_CAUSES_NAMED = 3
_MISSED_ROWS = (2, 3, 9, 10)
_CROSSED_ROWS = (2, 3, 10)
"""Of them, those that more evidence alone would not lift."""
_CRASH = "$.error"


def incidents_said(found: Shortlist, kind: Kind, metric: str, question: Question) -> Iterator[Reason]:
    """Each incident by itself, with the command that reruns only its case; of those past the first ones how many.

    Every check that found one is among them, however many another one found.
    """
    for finding in found.leading(_INCIDENTS_NAMED):
        said = "not confirmed: " if kind is Kind.HOLD_SUSPECT else ""
        text = printable(f"{finding.case_id}: {said}{finding.message}")
        cases = found.alike.cases(finding) if found.total > _INCIDENTS_NAMED else 0
        yield _reason(finding, kind, metric or finding.check, text, question, cases=cases)


class Causes:
    """How many findings each check has, of all attempts, and the first of them; whatever the order they come in.

    A crash fails every check of its case, so crashes are a cause of their own and hide nothing that checks found.
    """

    def __init__(self) -> None:
        self._count: Counter[tuple[str, bool]] = Counter()
        self._first: dict[tuple[str, bool], Finding] = {}

    def add(self, finding: Finding) -> None:
        """One more; a warning stands behind nothing."""
        if finding.severity is Severity.WARNING:
            return
        cause = (finding.check, finding.place == _CRASH)
        self._count[cause] += 1
        first = self._first.get(cause)
        if first is None or (finding.sort_key(), finding.excerpt) < (first.sort_key(), first.excerpt):
            self._first[cause] = finding

    def most(self, among: Collection[str] | None = None) -> list[tuple[int, Finding]]:
        """The checks with the most findings, of all or `among` some, and the crash that failed most of them."""
        named = [cause for cause in self._count if among is None or cause[0] in among]
        by_count = sorted(named, key=lambda cause: (-self._count[cause], cause))
        crash = next((cause for cause in by_count if cause[1]), None)
        kept = [cause for cause in by_count if not cause[1] or cause == crash]
        return [(self._count[cause], self._first[cause]) for cause in kept[:_CAUSES_NAMED]]


def causes_said(results: Sequence[CriterionResult], causes: Causes, question: Question) -> Iterator[Reason]:
    """The most frequent findings behind a missed share, so that a hold names a cause and a case."""
    shares = {item.metric.name for item in question.stage.criteria if item.metric.kind is MetricKind.PROPORTION}
    missed = [result for result in results if result.metric in shares and result.kind.row in _MISSED_ROWS]
    if not missed:
        return
    kind = min((result.kind for result in missed), key=lambda kind: kind.row)
    for count, first in causes.most():
        text = f"{count_of(count, 'finding')} of {first.check} behind {missed[0].metric}."
        yield _reason(first, kind, first.check, printable(text), question)


def against_said(
    found: Against, result: CriterionResult, named: Collection[str], question: Question
) -> Iterator[Reason]:
    """The cases that count most against a criterion that is not met, each with the command that runs it again.

    Those in `named` have a finding of their own.
    """
    if result.kind.row not in _CROSSED_ROWS:
        return
    cases = found.cases if found.cases > len(found.findings) else 0
    for finding in found.findings:
        if finding.case_id not in named:
            text = printable(f"{finding.case_id}: {finding.message}")
            yield _reason(finding, result.kind, finding.check, text, question, cases=cases)


def crash_mended(causes: Causes) -> str:
    """What to do about a number that a crash has cost: the most frequent crash itself; empty where none was found."""
    found = [first for _, first in causes.most() if first.place == _CRASH]
    return printable(f"Mend the crash of case {found[0].case_id} first: {found[0].excerpt}") if found else ""


def failures_said(
    causes: Causes, checks: Collection[str], suite: str, kind: Kind, question: Question
) -> Iterator[Reason]:
    """The most frequent findings of a suite that failed, each with a case to run again."""
    for count, first in causes.most(checks):
        text = f"{count_of(count, 'finding')} of {first.check} in suite {suite}."
        yield _reason(first, kind, first.check, printable(text), question)


def _reason(finding: Finding, kind: Kind, about: str, text: str, question: Question, *, cases: int = 0) -> Reason:
    rerun = case_command(question, finding)
    return Reason(kind=kind, about=about, text=text, mend=finding.mend, finding=finding, rerun=rerun, cases=cases)
