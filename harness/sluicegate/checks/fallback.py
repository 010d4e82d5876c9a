"""The fallback suite: what a pipeline does when a model fails, as the model server logged it under scripted faults.

An output may say that it fell back: `metadata.fallback` (true or false), or a route with the word `fallback` in it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from itertools import groupby

from sluicegate.checks.broken_answers import shows_half, shows_nothing, shows_refusal
from sluicegate.checks.check import Check, CheckConfig, Problem, Suite, always, finding
from sluicegate.checks.fallback_told import claims_model, told
from sluicegate.checks.message_ids import with_own_id
from sluicegate.checks.model_calls import declares_model, known_calls
from sluicegate.checks.model_names import in_a_row, in_order
from sluicegate.checks.retries import failed, hurried, impatient
from sluicegate.checks.rules import rule_problems
from sluicegate.model import (
    Capability,
    Case,
    CrashKind,
    Fault,
    Finding,
    Observation,
    Output,
    Provenance,
    Rule,
    Trial,
    Witness,
)

__all__ = ["CHECKS", "MOST_TRIES", "SAMPLE", "SUITE", "has_model_fault", "troubled"]

SAMPLE = 10
"""Sound cases that are given a fault of their own: enough for two of each kind."""
MOST_TRIES = 4
"""Of one model with one prompt in one delivery, where the case sets no limit."""
_MOST_FAILURES = 12
"""Of one model in one delivery, whatever is asked: a prompt that changes with each try is a retry all the same."""

_PASSING: tuple[tuple[str, Fault], ...] = (
    ("limited", Fault(kind="rate_limit", on_call=1, retry_after_s=1.0)),
    ("down", Fault(kind="server_error", on_call=1, status=503)),
    ("cut", Fault(kind="cut", on_call=1)),
    ("malformed", Fault(kind="malformed", on_call=1)),
    ("empty", Fault(kind="empty", on_call=1)),
)
"""Faults of a first call that every pipeline must outlive. Retry-After has whole seconds: clients choke on others."""
_TRACE = re.compile(r"Traceback \(most recent|NoneType|object has no attribute|KeyError|IndexError|JSONDecodeError")


def troubled(cases: Sequence[Case], seed: int) -> list[Case]:
    """The cases that speak of models or come again, and sound ones whose first call fails (`<id>~limited`, `~down`, …).

    The sound ones are chosen under a seed by their content; what they must say stays, which models are asked does not.
    Each copy is a message of its own: a pipeline that remembers messages by their id would else ask no model for it.
    """
    own = [case for case in cases if _speaks_of_models(case)]
    sound = [case for case in cases if _is_plain(case)]
    chosen = sorted(sound, key=lambda case: sha256(f"{seed}\0{case.digest()}".encode()).hexdigest())[:SAMPLE]
    derived = [_under(case, *_PASSING[turn % len(_PASSING)]) for turn, case in enumerate(chosen)]
    return [*own, *sorted(derived, key=lambda case: case.id)]


def _under(case: Case, word: str, fault: Fault) -> Case:
    expect = replace(case.expect, model_order=None, calls=(), limits=None)
    own = with_own_id(case, word)
    return replace(own, id=f"{case.id}~{word}", given=replace(own.given, faults=(fault,)), expect=expect)


def _speaks_of_models(case: Case) -> bool:
    expect = case.expect
    repeated = case.given.deliveries > 1 or bool(case.given.inputs)
    return has_model_fault(case) or expect.model_order is not None or expect.outcome == "error" or repeated


def _is_plain(case: Case) -> bool:
    """Whether the case asks a model once or more, and nothing in it fails, repeats or is counted."""
    given, expect = case.given, case.expect
    script = given.model
    return (
        not given.faults
        and expect.outcome not in ("error", "refusal", "verification")
        and expect.model_order != ()
        and given.deliveries == 1
        and not given.inputs
        and (script is None or not script.tool_calls)
    )


def has_model_fault(case: Case) -> bool:
    """Whether a model fails in it."""
    return any(fault.target == "model" for fault in case.given.faults)


def _order(trial: Trial, _config: CheckConfig) -> Iterator[Finding]:
    """Models are asked in the order of the chain, and none beyond it."""
    wanted = trial.case.expect.model_order or ()
    called = [call.action for call in known_calls(trial)]
    if not in_order(called, wanted, trial.case.given.times):
        seen = tuple(name for name, _ in groupby(called))
        problem = Problem(
            place="$.observations.model",
            expected=f"the models asked must be {in_a_row(wanted)}",
            seen=f"the log shows {in_a_row(seen)}",
            mend="Compare the task's chain of models, and what makes it go on to the next.",
        )
        yield finding("fallback.order", trial, problem, witness=Witness.WIRE)


def _bounded(trial: Trial, _config: CheckConfig) -> Iterator[Finding]:
    """Tries end: within the case's own limits, else four of one model with one prompt a delivery."""
    calls = known_calls(trial)
    asked = Counter(call.action for call in calls)
    limits = [limit for limit in trial.case.expect.calls if limit.target.partition(":")[0] == "model"]
    for limit in limits:
        name = limit.target.partition(":")[2]
        count = asked[name] if name else len(calls)
        what = f"'{name}'" if name else "models"
        if limit.most is not None and count > limit.most:
            yield _too_often(trial, f"{what} may be asked {limit.most} times", count)
        if count < limit.least:
            yield _too_often(trial, f"{what} must be asked {limit.least} times or more", count)
    if any(limit.most is not None for limit in limits):
        return
    times = len(trial.outputs)
    tries = Counter((call.action, str(call.detail.get("prompt_digest"))) for call in calls)
    for (model, _), count in sorted(tries.items(), key=str):
        if count > MOST_TRIES * times:
            yield _too_often(trial, f"'{model}' may be asked the same {MOST_TRIES} times a delivery", count)
            return
    failures = Counter(call.action for call in calls if failed(call))
    for model, count in sorted(failures.items()):
        if count > _MOST_FAILURES * times:
            yield _too_often(trial, f"'{model}' may fail {_MOST_FAILURES} times a delivery", count)


def _too_often(trial: Trial, expected: str, count: int) -> Finding:
    problem = Problem(
        place="$.observations.model",
        expected=expected,
        seen=f"the log shows {count} calls",
        mend="Count the tries of a task over all its models, and stop.",
    )
    return finding("fallback.bounded", trial, problem, witness=Witness.WIRE)


def _backs_off(trial: Trial, _config: CheckConfig) -> Iterator[Finding]:
    """Nobody comes back before Retry-After, and each further try waits at least as long as the one before."""
    calls = known_calls(trial)
    for problem in (*impatient(calls), *hurried(calls)):
        yield finding("fallback.backoff", trial, problem, witness=Witness.WIRE)


def _ends(trial: Trial, _config: CheckConfig) -> Iterator[Finding]:
    """Where no model can be had, or an error is right, there is one, in the pipeline's own words and in time."""
    calls = known_calls(trial)
    expect = trial.case.expect
    gave_out = bool(calls) and all(failed(call) for call in calls)
    if expect.outcome != "error" and not (gave_out and expect.outcome is None):
        return
    for delivery, output in enumerate(trial.outputs):
        for problem in _bad_ends(output, trial.case, gave_out):
            yield finding("fallback.ends", trial, problem, delivery=delivery)


def _bad_ends(output: Output, case: Case, gave_out: bool) -> Iterator[Problem]:
    error = output.error
    if error is None:
        why = "every model failed" if gave_out else "the case cannot be answered"
        mend = "Return {error: {code, message}} once the chain has ended."
        yield Problem(place="$.error", expected=f"{why}: an error must say so", seen="an answer", mend=mend)
        return
    if error.kind is not CrashKind.REPORTED or _TRACE.search(error.message) or not re.search(r"\w{4}", error.message):
        mend = "Catch what the last model raised, and return a code and a sentence."
        expected = "the error must be the pipeline's own, in clear words"
        yield Problem(place="$.error", expected=expected, seen=f"{error.kind}: {error.message}", mend=mend)
        return
    for rule in filter(_on_error, case.expect.must):
        yield from rule_problems(rule, output)
    for rule in filter(_on_error, case.expect.must_not):
        yield from rule_problems(rule, output, forbidden=True)
    limits = case.expect.limits
    limit = limits.latency_ms if limits is not None else None
    if limit is not None and output.latency_ms is not None and output.latency_ms > limit:
        seen = f"{output.latency_ms:.0f}"
        yield Problem(place="$.latency_ms", expected=f"the error must come within {limit:g} ms", seen=seen)


def _on_error(rule: Rule) -> bool:
    return rule.field.partition(".")[0] == "error"


def _whole(trial: Trial, _config: CheckConfig) -> Iterator[Finding]:
    """A completion that was cut, torn, empty, refused or filtered is never presented as an answer."""
    calls = known_calls(trial)
    for delivery, output in enumerate(trial.outputs):
        if output.error is None and (shown := _broken(output, calls)) is not None:
            problem, witness = shown
            yield finding("fallback.whole", trial, problem, delivery=delivery, witness=witness)


def _broken(output: Output, calls: list[Observation]) -> tuple[Problem, Witness] | None:
    """What an output presents that was no answer, and who saw it."""
    broken = bool(calls) and all(failed(call) for call in calls)
    refused = any(call.detail.get("fault") == "refuse" for call in calls)
    none_whole = broken and output.provenance is Provenance.LIVE and claims_model(output)
    nothing = shows_nothing(output, blank=broken) and any(failed(call) for call in calls)
    if none_whole or nothing or shows_half(output, calls):
        kinds = sorted({str(call.detail.get("fault") or call.detail.get("status")) for call in calls if failed(call)})
        problem = Problem(
            place="$.content",
            expected="no model gave a whole answer, so there is none to present",
            seen=f"the log shows {'only ' if broken else ''}{', '.join(kinds)}; the answer: {_said(output)[:80]}",
            mend="Read the stream to its end mark, and take what is not whole for a failed call.",
        )
        return problem, Witness.WIRE
    if refused and shows_refusal(output):
        mend = "Look at the reason the completion ended for, not at its text alone."
        problem = Problem(place="$.content", expected="a refusal is no answer", seen=_said(output)[:120], mend=mend)
        return problem, Witness.CANARY
    return None


def _said(output: Output) -> str:
    body = output.mail.body if output.mail is not None else None
    return output.content or body or str(output.structured or "")


def _has_order(case: Case, _capabilities: frozenset[Capability]) -> str | None:
    return None if case.expect.model_order is not None else "the case names no order of models"


def _has_faults(case: Case, _capabilities: frozenset[Capability]) -> str | None:
    return None if has_model_fault(case) else "no model fails in this case"


def _may_end(case: Case, _capabilities: frozenset[Capability]) -> str | None:
    ends = has_model_fault(case) or case.expect.outcome == "error"
    return None if ends else "no model fails in this case, and no error is expected"


CHECKS: tuple[Check, ...] = tuple(
    Check(name=f"fallback.{name}", suite="fallback", title=title, run=run, applies=applies, ready=declares_model)
    for name, title, run, applies in (
        ("order", "Models are asked in the order of their chain.", _order, _has_order),
        ("bounded", "Tries are counted, and end.", _bounded, always),
        ("backoff", "Retry-After is kept, and tries move apart.", _backs_off, _has_faults),
        ("ends", "What cannot be answered ends in a clear error, in time.", _ends, _may_end),
        ("whole", "Half an answer is never presented as a whole one.", _whole, _has_faults),
        ("told", "The model and the fallback that are claimed are those of the log.", told, always),
    )
)

SUITE = Suite(
    name="fallback",
    title="A failing model is followed by the next one, in bounds, and the answer says so.",
    checks=tuple(check.name for check in CHECKS),
    cases=troubled,
)
