"""Rows 5 to 7: what must have run and did not, and what ran and failed."""

from __future__ import annotations

from collections.abc import Iterator

from sluicegate.checks import SUITES
from sluicegate.checks.effects import PLANTED
from sluicegate.errors import printable
from sluicegate.gate.account import SuiteAccount
from sluicegate.gate.causes import failures_said
from sluicegate.gate.commands import pytest_command, test_command
from sluicegate.gate.hearing import Hearing
from sluicegate.gate.loads import names_today
from sluicegate.gate.unseen import is_unseen, unseen_said
from sluicegate.gate.unstruck import unstruck_said
from sluicegate.gate.validity import Question
from sluicegate.gate.wording import count_of, incomplete
from sluicegate.model import Capability, Kind, Reason
from sluicegate.plan.types import Criterion, MetricKind, RecordingTarget

__all__ = ["completeness_said"]

_COLLECT = "Collect what is missing. Run: sluicegate gate"
_LOCK = "Run: sluicegate plan lock"
_ANEW = "See that the target stands and the generator has room (--processes). Run: sluicegate load"
_NAMED = 5
_FAILED_NAMED = 3
_ATTACKS_BY_MAIL = ("headers", "recipients", "injection")
_GRADES = (MetricKind.PROPORTION, MetricKind.INCIDENTS)


def completeness_said(hearing: Hearing, question: Question, suites: list[SuiteAccount]) -> Iterator[Reason]:
    """Everything that is missing, void or failed."""
    yield from _voids(hearing, question)
    yield from _pinned(hearing, question)
    yield from _trials(hearing)
    yield from unseen_said(hearing, question)
    yield from _untried(hearing, question)
    yield from _unasked(hearing, question)
    yield from _crashed(hearing)
    yield from _parted(hearing, question)
    yield from unstruck_said(hearing, question)
    yield from hearing.strays.said(question)
    for suite in suites:
        yield from _suite(suite, hearing, question)
        yield from _failed(suite, hearing, question)
    if question.stage.requires.tests:
        yield from _tests(hearing, question)
    if unread := hearing.shards.unread():
        text = f"only {unread} bundled tests read their results: the others were deselected or stopped."
        mend = f"Leave out -k, -m, -x, --lf and paths that leave the suites out. Run: {pytest_command(question)}"
        yield incomplete("suites", text, mend)
    if unfinished := hearing.shards.unfinished():
        mend = f"Run: {pytest_command(question)}"
        yield incomplete("workers", f"{count_of(unfinished.count, 'worker')} did not finish: {unfinished}.", mend)
    if hearing.failures:
        text = f"the judge could not read {count_of(hearing.failures.count, 'record')}: {hearing.failures}."
        yield incomplete("judge", text, "Report it with the ledger.")
    raised = [measuring.raised for measuring in hearing.measurings() if measuring.raised]
    for names in raised:
        yield incomplete("judge", f"measuring raised in {count_of(names.count, 'trial')}: {names}.", "Report it.")


def _voids(hearing: Hearing, question: Question) -> Iterator[Reason]:
    """Row 5. A later run with evidence of that origin stands for itself; what nobody asks any more holds nothing."""
    admitted = {origin for channel in hearing.channels for origin in channel.admission.origins}
    for run, span in hearing.voids:
        of, at = hearing.runs[run].sent_as
        names = names_today(hearing.runs[run], question.load_digests) if of else [""]
        newest = (hearing.measured_by.get((span.origin, name, at), -1) for name in (of, *names))
        if span.origin in admitted and names and run >= max(newest):
            text = printable(f"{span.origin.value} evidence is void: {span.reason}.")
            mend = f"Measure {span.origin.value} again." if not of else f"{_ANEW} --profile {of}"
            yield Reason(kind=Kind.HOLD_INVALID_EXPERIMENT, about=span.origin.value, text=text, mend=mend)


def _pinned(hearing: Hearing, question: Question) -> Iterator[Reason]:
    """What the stage requires and the lock does not pin, or not whole."""
    requires = question.stage.requires
    pinned = {suite.name: suite for suite in hearing.pinned.suites}
    if not (question.stage.criteria or requires.suites or requires.tests or requires.attestations):
        yield incomplete(question.stage.name, "the stage asks for no evidence at all.", "Give it criteria.")
    for name in requires.suites:
        if name not in pinned:
            known = name in SUITES or name == "golden"
            text = "is not pinned by the lock." if known else "is not part of this version."
            yield incomplete(name, f"suite {name} {text}", _LOCK if known else "Take it out of the plan.")
        elif not pinned[name].cases:
            yield incomplete(name, f"suite {name} has no cases: 0 collected.", "Give the plan cases it can use.")
        elif name in SUITES:
            lacking = sorted(set(SUITES[name].checks) - {hearing.pinned.checks[at] for at in pinned[name].checks})
            if lacking:
                yield incomplete(name, f"the lock leaves out {', '.join(lacking)} of suite {name}.", _LOCK)
    if hearing.pinned.conflicts:
        said = ", ".join(sorted(set(hearing.pinned.conflicts))[:10])
        yield incomplete("lock", f"the lock pins two contents for {said}.", _LOCK)
    if requires.tests and not hearing.tests.pinned:
        yield incomplete("tests", "the lock pins no tests: 0 collected.", _LOCK)


def _trials(hearing: Hearing) -> Iterator[Reason]:
    account = hearing.trials.account
    lost, lost_names = account.lost_trials()
    missing, names = account.missing_outcomes()
    if missing > lost:
        of = count_of(hearing.pinned.trials, "pinned trial")
        yield incomplete("trials", f"{missing:,} of {of} have no outcome: {_few(names, missing)}.", _COLLECT)
    if lost:
        text = f"{count_of(lost, 'trial')} began and never ended, which is a crash: {_few(lost_names, lost)}."
        yield incomplete("trials", text, "Find what killed the run, then collect with --again.")


def _suite(suite: SuiteAccount, hearing: Hearing, question: Question) -> Iterator[Reason]:
    name, result = suite.result.suite, suite.result
    errors, unrecorded = result.missing - suite.unrecorded, suite.unrecorded - suite.without_outcome
    if suite.checks and unrecorded > 0:
        said = _few(suite.missing, suite.unrecorded)
        yield incomplete(name, f"{count_of(unrecorded, 'check')} of suite {name} have no result: {said}.", _COLLECT)
    if errors:
        text = f"{count_of(errors, 'check')} of suite {name} could not judge: {_few(suite.errors, errors)}."
        unasked = hearing.trials.uncounted
        mend = "" if unasked.unasked or unasked.unasked_made else "See why it could not answer."  # that one comes first
        yield incomplete(name, text, mend)
    graded = _graded(name, question)
    optional = bool(graded) and all(criterion.optional for criterion in graded)
    if result.planned and result.not_applicable == result.planned and not optional:
        text = f"all {result.planned:,} checks of suite {name} are not applicable to this pipeline."
        mend = "Declare what the pipeline can do, or take the suite out of the stage."
        if is_unseen(name, hearing, question):
            mend = ""  # it is declared, and nothing of it was seen: that is said of the double, and comes first
        yield incomplete(name, text, mend)


def _failed(suite: SuiteAccount, hearing: Hearing, question: Question) -> Iterator[Reason]:
    """A required suite that no criterion grades allows no failure but a draft's that success counts.

    And no suite a failure that no criterion counts.
    """
    name, result = suite.result.suite, suite.result
    if not result.failed or name not in question.stage.requires.suites:
        return
    kind, uncounted = failed_kind(question), hearing.trials.uncounted.failed.get(name)
    checks = SUITES[name].checks if name in SUITES else ()
    if not _graded(name, question):
        many, said = result.failed, _few(suite.failed[:_FAILED_NAMED], result.failed)
        if kind is Kind.HOLD_FAILED:  # where each failure rolls back, the plan asks for it in so many words
            many, said, checks = suite.unforgiven.count, str(suite.unforgiven), suite.unforgiven_checks
        if not many:
            return
        rest = "" if many == result.failed else ", and no criterion counts them"
        text = f"{many:,} of {count_of(result.planned, 'check')} of suite {name} failed{rest}: {said}."
    elif uncounted:
        text = (
            f"{count_of(uncounted.count, 'check')} of suite {name} failed, and no criterion counts them: {uncounted}."
        )
    else:
        return
    yield Reason(kind=kind, about=name, text=text, mend="Mend what the findings show and serve a new subject.")
    yield from failures_said(hearing.trials.measuring.causes, checks, name, kind, question)


def _untried(hearing: Hearing, question: Question) -> Iterator[Reason]:
    """Suites whose attacks are mails, where nobody says that the pipeline gets or sends any, or no case shows one."""
    declared = Capability.MAIL in question.plan.pipeline.capabilities
    for name in (suite for suite in question.stage.requires.suites if suite in _ATTACKS_BY_MAIL):
        if not declared:
            why = "they are mails, and the pipeline does not declare mail"
            mend = "Write pipeline: {capabilities: [mail, …]}, or do not require it."
        elif not hearing.pinned.has_made(name):
            why = "they are made of your cases with a plain mail, and there is none"
            mend = "Give cases given: {mail: {sender, subject, body}} and nothing scripted, and expect.recipients."
        else:
            continue
        yield incomplete(name, f"none of the attacks of suite {name} was tried: {why}.", f"{mend} {_LOCK}")
    ran = hearing.trials.account.counts().run
    if "pii" in question.stage.requires.suites and ran and PLANTED not in hearing.trials.doubles:
        text = (
            "suite pii planted no value that could leak: that takes a plain mail, or an input in which somebody says "
            "something, and no case has either, or says what no model may see."
        )
        mend = "Give cases given: {mail: …} or an input with a text; or plant your own: expect.canaries, or "
        yield incomplete("pii", text, f"{mend}expect.model_never_sees. {_LOCK}")


def _unasked(hearing: Hearing, question: Question) -> Iterator[Reason]:
    """Cases that say nothing about the pipeline, since nobody could ask it: the recording, or the request, is short."""
    uncounted, recorded = hearing.trials.uncounted, isinstance(question.plan.pipeline.target, RecordingTarget)
    for maker, unasked in (("", uncounted.unasked), *sorted(uncounted.unasked_made.items())):
        if not unasked:
            continue
        many, made = count_of(unasked.count, "trial"), f" that suite {maker} makes of your cases" if maker else ""
        if recorded:
            text = f"the recording has no row for {many}{made}: {unasked}."
            mend = "Record these cases too; or take them out of the case files and lock anew"
        else:
            text = f"{many}{made} could not be sent, for the case does not fit the request: {unasked}."
            mend = "Mend the request of the pipeline, or these cases, and lock anew"
        if recorded and maker:
            mend = f"Gate the live pipeline, which can be asked; or leave {maker} out of suites, and lock anew"
        yield incomplete("recording" if recorded else "request", text, f"{mend}. {_LOCK}")


def _crashed(hearing: Hearing) -> Iterator[Reason]:
    """Crashes that no criterion counts: the suites' own metrics leave out what never answered."""
    if crashed := hearing.trials.uncounted.crashed:
        text = f"{count_of(crashed.count, 'trial')} crashed, and no criterion counts a crash: {crashed}."
        mend = "Mend what crashes; or let a criterion say how many may: crashes, errors.rate or draft.success_rate."
        yield Reason(kind=Kind.HOLD_FAILED, about="crashes", text=text, mend=mend)


def _parted(hearing: Hearing, question: Question) -> Iterator[Reason]:
    if parted := hearing.trials.twins.parted:
        text = f"{count_of(parted.count, 'job')} got another experiment arm in another request: {parted}."
        mend = "Assign by a hash of the job's id and the experiment's name, not by chance or by the id of the request."
        yield Reason(kind=failed_kind(question), about="routing", text=text, mend=mend)


def _graded(name: str, question: Question) -> list[Criterion]:
    checks = SUITES[name].checks if name in SUITES else ()
    grading = [c for c in question.stage.criteria if c.metric.kind in _GRADES]
    return [c for c in grading if c.metric.suite == name or c.metric.check in checks]


def _tests(hearing: Hearing, question: Question) -> Iterator[Reason]:
    for said, names in hearing.tests.incomplete():
        mend = f"Run them all, once. Run: {pytest_command(question)}"
        yield incomplete("tests", f"{count_of(names.count, 'required test')} {said}: {names}.", mend)
    if hearing.tests.unpinned:
        names = hearing.tests.unpinned
        text = f"{count_of(names.count, 'report')} of tests that the lock does not pin: {names}."
        yield Reason(kind=Kind.HOLD_INVALID_EVIDENCE, about="tests", text=text, mend=_LOCK)
    if failed := hearing.tests.failed:
        text = f"{count_of(failed.count, 'required test')} failed: {failed}."
        mend = f"Mend it and serve a new subject. See it with: {test_command(question, failed.first)}"
        yield Reason(kind=failed_kind(question), about="tests", text=text, mend=mend)
    if errors := hearing.tests.errors:
        text = f"{count_of(errors.count, 'required test')} could not be set up: {errors}."
        yield Reason(kind=Kind.HOLD_FAILED, about="tests", text=text, mend="Mend the test.")
    if torn := hearing.tests.torn:
        text = f"{count_of(torn.count, 'required test')} failed at teardown: {torn}."
        mend = "Mend the fixture whose end raises; until it ends well, nobody knows what it left behind."
        yield Reason(kind=Kind.HOLD_FAILED, about="tests", text=text, mend=mend)


def failed_kind(question: Question) -> Kind:
    """A failed required test rolls back only where the plan says so, and only what somebody sees."""
    rolls_back = question.stage.rollback.on_failed_tests and question.stage.exposure.live
    return Kind.ROLLBACK_FAILED if rolls_back else Kind.HOLD_FAILED


def _few(names: tuple[str, ...], count: int) -> str:
    names = names[:_NAMED]
    more = count - len(names)
    return ", ".join(names) + (f" and {more:,} more" if more > 0 else "")
