"""Row 6: what a pipeline should have said to the doubles, and nobody heard."""

from __future__ import annotations

from collections.abc import Iterator

from sluicegate.checks.effects import DRAFT, EFFECT, MAILED
from sluicegate.gate.hearing import Hearing
from sluicegate.gate.validity import Question
from sluicegate.gate.wording import count_of, incomplete
from sluicegate.model import Capability, Reason
from sluicegate.plan.types import RecordingTarget

__all__ = ["is_unseen", "unseen_said"]

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


def unseen_said(hearing: Hearing, question: Question) -> Iterator[Reason]:
    """Calls, side effects and sinks that are declared, of which there was not one: no check could fail."""
    yield from _calls(hearing, question)
    yield from _effects(hearing, question)
    yield from _correlated(hearing, question)


def is_unseen(suite: str, hearing: Hearing, question: Question) -> bool:
    """Whether the pipeline declares calls that a suite judges, and there was none."""
    declared = question.plan.pipeline.capabilities
    doubles = [double for double, needed, suites, _ in _CALLS if suite in suites and needed in declared]
    return bool(doubles) and not hearing.trials.doubles.intersection(doubles)


def _calls(hearing: Hearing, question: Question) -> Iterator[Reason]:
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
            yield incomplete(_double_name(double), text, mend)


def _double_name(double: str) -> str:
    return "model server" if double == "model" else f"{double} double"


def _effects(hearing: Hearing, question: Question) -> Iterator[Reason]:
    """Side effects that are declared, of which there was not one: none could happen twice."""
    answered = hearing.trials.account.counts().run
    if not answered or "idempotency" not in question.stage.requires.suites:
        return
    trials = count_of(answered, "trial")
    writers = sorted(tool.name for tool in question.plan.tools if tool.writes)
    if writers and EFFECT not in hearing.trials.doubles:
        text = (
            f"no message that was delivered again had a side effect; suite idempotency saw no write of one in {trials}."
        )
        mend = (
            f"Let the pipeline write to {', '.join(writers)} through {_ADDRESSES['tool']}, before it answers. One that "
            "remembers messages must know them by message_id, of which each copy of a case has its own, and begin with "
            "an empty memory: what an earlier run wrote is not written again."
        )
        yield incomplete("tool double", text, mend)
    elif not writers and _sends_unseen(hearing, question):
        text = f"no message delivered again had a side effect; suite idempotency saw no mail of it in {trials}."
        yield incomplete("mail double", text, _MAILS)


def _correlated(hearing: Hearing, question: Question) -> Iterator[Reason]:
    """Sinks that the plan names, in which there was nothing: no id could be missing."""
    answered, correlation = hearing.trials.account.counts().run, question.plan.correlation
    if not answered or "tracing" not in question.stage.requires.suites or correlation is None:
        return
    for sink in correlation.sinks:
        if sink in _SINKS and not _SINKS[sink] & hearing.trials.doubles:
            text = (
                f"correlation names the sink {sink}, and in {count_of(answered, 'trial')} there was nothing; suite "
                "tracing saw no id there."
            )
            below = ", begun below the request's traceparent" if sink == "spans" else ""
            mend = f"Let {sink} reach the doubles{below}, or take the word out of sinks."
            yield incomplete("correlation", text, mend)


def _sends_unseen(hearing: Hearing, question: Question) -> bool:
    """Whether mails are the effects of the pipeline, and no copy of a case sent one; who drafts alone sends none."""
    seen, declared = hearing.trials.doubles, question.plan.pipeline.capabilities
    return Capability.MAIL in declared and MAILED not in seen and ("mail" in seen or DRAFT not in seen)
