"""Rows 5 to 7: what must have run and did not, and what ran and failed."""

from __future__ import annotations

from collections.abc import Iterator

from sluicegate.checks import SUITES
from sluicegate.checks.effects import DRAFT, EFFECT, MAILED, PLANTED
from sluicegate.errors import printable
from sluicegate.gate.causes import failures_said
from sluicegate.gate.commands import pytest_command, test_command
from sluicegate.gate.hearing import Hearing
from sluicegate.gate.loads import names_today
from sluicegate.gate.pinned import SuiteAccount
from sluicegate.gate.unstruck import unstruck_said
from sluicegate.gate.validity import Question
from sluicegate.gate.wording import count_of
from sluicegate.model import Capability, Kind, Reason
from sluicegate.plan.types import Criterion, MetricKind, RecordingTarget

__all__ = ["completeness_said"]

_COLLECT = "Collect what is missing. Run: sluicegate gate"
_LOCK = "Run: sluicegate plan lock"
_ANEW = "See that the target stands and the generator has room (--processes). Run: sluicegate load"
_NAMED = 5
_FAILED_NAMED = 3
_CALLS = (
    ("model", Capability.MODEL, ("fallback", "budget", "routing", "tracing"), "model call"),
    ("tool", Capability.TOOLS, ("idempotency",), "tool call"),
    ("retriever", Capability.RETRIEVAL, ("retrieval",), "retrieval"),
    ("mail", Capability.MAIL, ("injection", "recipients", "headers"), "mail"),
)
"""Double, the capability that lets a pipeline speak to it, the suites that judge what it says, and its word."""
_ADDRESSES = {
    "model": "OPENAI_BASE_URL, ANTHROPIC_BASE_URL or GOOGLE_GEMINI_BASE_URL",
    "tool": "SLUICEGATE_TOOLS_URL",
    "retriever": "SLUICEGATE_RETRIEVER_URL",
    "mail": "SLUICEGATE_SMTP",
}
_SINKS = {"calls": {"model", "tool", "retriever"}, "logs": {"log"}, "spans": {"span"}}
"""Sink of `correlation` to the doubles that see it; an output there always is."""
_MAILS = (
    "Let the pipeline send through SLUICEGATE_SMTP before it answers, or return the mail it drafts. Where it remembers "
    "messages from case to case, give each a message_id of its own (copies get theirs), or remember by the run id too."
)
_RETURNED = (
    "Mend what the pipeline returns, which cannot be read; the findings say where. Then see whether its calls arrive."
)
_NOBODY = "See that the pipeline is running and answers at its address; the findings quote what came instead."
_SILENCED = {
    "exception": "Mend what the pipeline raises before it calls anybody; the findings quote it.",
    "timeout": "See what the pipeline waits for: no call arrived before its time-out. Raise timeout: if it is slow.",
    "garbage": _RETURNED,
    "not_finite": _RETURNED,
    "too_large": _RETURNED,
    "unreachable": _NOBODY,
    "http_status": _NOBODY,
}
"""What to do where every trial crashed, by kind: who never came so far calls nobody, at whatever address."""
_ATTACKS_BY_MAIL = ("headers", "recipients", "injection")
_GRADES = (MetricKind.PROPORTION, MetricKind.INCIDENTS)


def completeness_said(hearing: Hearing, question: Question, suites: list[SuiteAccount]) -> Iterator[Reason]:
    """Everything that is missing, void or failed."""
    yield from _voids(hearing, question)
    yield from _pinned(hearing, question)
    yield from _trials(hearing)
    yield from _unseen(hearing, question)
    yield from _silent(hearing, question)
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
        yield _incomplete("suites", text, mend)
    if unfinished := hearing.shards.unfinished():
        mend = f"Run: {pytest_command(question)}"
        yield _incomplete("workers", f"{count_of(unfinished.count, 'worker')} did not finish: {unfinished}.", mend)
    if hearing.failures:
        text = f"the judge could not read {count_of(hearing.failures.count, 'record')}: {hearing.failures}."
        yield _incomplete("judge", text, "Report it with the ledger.")
    raised = [measuring.raised for measuring in hearing.measurings() if measuring.raised]
    for names in raised:
        yield _incomplete("judge", f"measuring raised in {count_of(names.count, 'trial')}: {names}.", "Report it.")


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
        yield _incomplete(question.stage.name, "the stage asks for no evidence at all.", "Give it criteria.")
    for name in requires.suites:
        if name not in pinned:
            known = name in SUITES or name == "golden"
            text = "is not pinned by the lock." if known else "is not part of this version."
            yield _incomplete(name, f"suite {name} {text}", _LOCK if known else "Take it out of the plan.")
        elif not pinned[name].cases:
            yield _incomplete(name, f"suite {name} has no cases: 0 collected.", "Give the plan cases it can use.")
        elif name in SUITES:
            lacking = sorted(set(SUITES[name].checks) - {hearing.pinned.checks[at] for at in pinned[name].checks})
            if lacking:
                yield _incomplete(name, f"the lock leaves out {', '.join(lacking)} of suite {name}.", _LOCK)
    if hearing.pinned.conflicts:
        said = ", ".join(sorted(set(hearing.pinned.conflicts))[:10])
        yield _incomplete("lock", f"the lock pins two contents for {said}.", _LOCK)
    if requires.tests and not hearing.tests.pinned:
        yield _incomplete("tests", "the lock pins no tests: 0 collected.", _LOCK)


def _trials(hearing: Hearing) -> Iterator[Reason]:
    account = hearing.trials.account
    lost, lost_names = account.lost_trials()
    missing, names = account.missing_outcomes()
    if missing > lost:
        of = count_of(hearing.pinned.trials, "pinned trial")
        yield _incomplete("trials", f"{missing:,} of {of} have no outcome: {_few(names, missing)}.", _COLLECT)
    if lost:
        text = f"{count_of(lost, 'trial')} began and never ended, which is a crash: {_few(lost_names, lost)}."
        yield _incomplete("trials", text, "Find what killed the run, then collect with --again.")


def _unseen(hearing: Hearing, question: Question) -> Iterator[Reason]:
    """Suites that judge calls, and not one call: the pipeline asks somebody else, and nobody saw what."""
    pipeline = question.plan.pipeline
    answered, seen = hearing.trials.account.counts().run, hearing.trials.doubles
    if not answered or isinstance(pipeline.target, RecordingTarget):
        return
    if question.plan.mail is None and DRAFT in seen:  # somebody else sends what it drafts
        seen = seen | {"mail"}
    for double, capability, suites, word in _CALLS:
        readers = [name for name in question.stage.requires.suites if name in suites]
        if readers and capability in pipeline.capabilities and double not in seen:
            text = f"not one {word} of {count_of(answered, 'trial')} arrived; suite {', '.join(readers)} saw nothing."
            mend = f"Let the pipeline take its base URL from {_ADDRESSES[double]}."
            if double == "mail":
                mend = "Let the pipeline send through SLUICEGATE_SMTP, or return the mail it drafts."
            if sum(hearing.trials.crashes.values()) == answered:
                text = f"{text[:-1]}: every trial crashed."
                mend = _SILENCED.get(hearing.trials.crashes.most_common(1)[0][0], _SILENCED["exception"])
            yield _incomplete(_double_name(double), text, mend)


def _double_name(double: str) -> str:
    return "model server" if double == "model" else f"{double} double"


def _silent(hearing: Hearing, question: Question) -> Iterator[Reason]:
    """Side effects that are declared and sinks that are named, of which there was not one: no check could fail."""
    suites, plan, answered = question.stage.requires.suites, question.plan, hearing.trials.account.counts().run
    if not answered:
        return
    trials = count_of(answered, "trial")
    writers = sorted(tool.name for tool in plan.tools if tool.writes)
    if "idempotency" in suites and writers and EFFECT not in hearing.trials.doubles:
        text = (
            f"no message that was delivered again had a side effect; suite idempotency saw no write of one in {trials}."
        )
        mend = (
            f"Let the pipeline write to {', '.join(writers)} through {_ADDRESSES['tool']}, before it answers. One that "
            "remembers messages must know them by message_id, of which each copy of a case has its own, and begin with "
            "an empty memory: what an earlier run wrote is not written again."
        )
        yield _incomplete("tool double", text, mend)
    elif "idempotency" in suites and not writers and _sends_unseen(hearing, question):
        text = f"no message delivered again had a side effect; suite idempotency saw no mail of it in {trials}."
        yield _incomplete("mail double", text, _MAILS)
    if "tracing" not in suites or plan.correlation is None:
        return
    for sink in plan.correlation.sinks:
        if sink in _SINKS and not _SINKS[sink] & hearing.trials.doubles:
            text = (
                f"correlation names the sink {sink}, and in {trials} there was nothing; suite tracing saw no id there."
            )
            below = ", begun below the request's traceparent" if sink == "spans" else ""
            mend = f"Let {sink} reach the doubles{below}, or take the word out of sinks."
            yield _incomplete("correlation", text, mend)


def _sends_unseen(hearing: Hearing, question: Question) -> bool:
    """Whether mails are the effects of the pipeline, and no copy of a case sent one; who drafts alone sends none."""
    seen, declared = hearing.trials.doubles, question.plan.pipeline.capabilities
    return Capability.MAIL in declared and MAILED not in seen and ("mail" in seen or DRAFT not in seen)


def _suite(suite: SuiteAccount, hearing: Hearing, question: Question) -> Iterator[Reason]:
    name, result = suite.result.suite, suite.result
    errors, unrecorded = result.missing - suite.unrecorded, suite.unrecorded - suite.without_outcome
    if suite.checks and unrecorded > 0:
        said = _few(suite.missing, suite.unrecorded)
        yield _incomplete(name, f"{count_of(unrecorded, 'check')} of suite {name} have no result: {said}.", _COLLECT)
    if errors:
        text = f"{count_of(errors, 'check')} of suite {name} could not judge: {_few(suite.errors, errors)}."
        unasked = hearing.trials.uncounted
        mend = "" if unasked.unasked or unasked.unasked_made else "See why it could not answer."  # that one comes first
        yield _incomplete(name, text, mend)
    graded = _graded(name, question)
    optional = bool(graded) and all(criterion.optional for criterion in graded)
    if result.planned and result.not_applicable == result.planned and not optional:
        text = f"all {result.planned:,} checks of suite {name} are not applicable to this pipeline."
        mend = "Declare what the pipeline can do, or take the suite out of the stage."
        declared = question.plan.pipeline.capabilities
        silent = [double for double, needed, suites, _ in _CALLS if name in suites and needed in declared]
        if silent and not hearing.trials.doubles.intersection(silent):
            mend = ""  # it is declared, and nothing of it was seen: that is said of the double, and comes first
        yield _incomplete(name, text, mend)


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
        yield _incomplete(name, f"none of the attacks of suite {name} was tried: {why}.", f"{mend} {_LOCK}")
    ran = hearing.trials.account.counts().run
    if "pii" in question.stage.requires.suites and ran and PLANTED not in hearing.trials.doubles:
        text = (
            "suite pii planted no value that could leak: that takes a plain mail, or an input in which somebody says "
            "something, and no case has either, or says what no model may see."
        )
        mend = "Give cases given: {mail: …} or an input with a text; or plant your own: expect.canaries, or "
        yield _incomplete("pii", text, f"{mend}expect.model_never_sees. {_LOCK}")


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
        yield _incomplete("recording" if recorded else "request", text, f"{mend}. {_LOCK}")


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
    return [c for c in question.stage.criteria if c.metric.suite == name and c.metric.kind in _GRADES]


def _tests(hearing: Hearing, question: Question) -> Iterator[Reason]:
    for said, names in hearing.tests.incomplete():
        mend = f"Run them all, once. Run: {pytest_command(question)}"
        yield _incomplete("tests", f"{count_of(names.count, 'required test')} {said}: {names}.", mend)
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


def _incomplete(about: str, text: str, mend: str) -> Reason:
    return Reason(kind=Kind.HOLD_INCOMPLETE, about=printable(about), text=printable(text), mend=mend)


def _few(names: tuple[str, ...], count: int) -> str:
    names = names[:_NAMED]
    more = count - len(names)
    return ", ".join(names) + (f" and {more:,} more" if more > 0 else "")
