"""The idempotency suite: the same message twice, at once or after a crash makes one draft and one side effect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any, NoReturn

from sluicegate.checks.check import Check, CheckConfig, NotJudged, Problem, Suite, deliveries, finding
from sluicegate.checks.effects import MISSING, asked_for, is_effective, key_of, named_apart
from sluicegate.checks.mails_again import sent_again, sent_any
from sluicegate.checks.message_ids import with_own_id
from sluicegate.checks.same_draft import differences, is_notice, repeats_unseen
from sluicegate.checks.values import seen
from sluicegate.model import (
    TELEMETRY,
    Capability,
    Case,
    Finding,
    Observation,
    Output,
    Severity,
    Trial,
    Witness,
)

__all__ = ["CHECKS", "CROWDED", "SAMPLE", "SUITE", "again"]

SAMPLE = 25
"""Cases delivered twice; a pipeline that forgets a message does so for any."""
CROWDED = 10
"""Of these the first are delivered at once as well, and again after a crash."""
_NAMED = 5
"""Keys that a finding shows; the others are like them."""


def again(cases: Sequence[Case], seed: int) -> list[Case]:
    """At most 25 of the cases, chosen under a seed by their content, delivered again in three ways.

    `<id>~twice` one after the other; of ten `<id>~at-once` together, and `<id>~after-crash`: the first delivery is
    broken off when a tool has written, and two more follow. Cases whose script makes a call fail are left out: there
    the first delivery may rightly have no effect. Each copy is a message of its own: its deliveries share an id that
    is not the case's.
    """
    sound = [
        case for case in cases if not case.given.faults and case.expect.outcome != "error" and not case.given.inputs
    ]
    chosen = sorted(sound, key=lambda case: _draw(case, seed))[:SAMPLE]
    places = {case.id: place for place, case in enumerate(chosen)}
    derived = []
    for case in sound:
        place = places.get(case.id, SAMPLE)
        if place < SAMPLE:
            derived.append(_derived(case, "twice", deliveries=max(2, case.given.deliveries)))
        if place < CROWDED:
            derived.append(_derived(case, "at-once", deliveries=2, at_once=True, crash_after_write=False))
            derived.append(_derived(case, "after-crash", deliveries=3, at_once=False, crash_after_write=True))
    return derived


def _derived(case: Case, word: str, **how: Any) -> Case:
    own = with_own_id(case, word)
    return replace(own, id=f"{case.id}~{word}", given=replace(own.given, **how))


def _draw(case: Case, seed: int) -> str:
    return sha256(f"{seed}\0{case.digest()}".encode()).hexdigest()


def _once(trial: Trial, config: CheckConfig) -> Iterator[Finding]:
    """Each effect the message asks for happens once, whatever key it carries, as the doubles saw it."""
    if all(observation.double in TELEMETRY for observation in trial.observations):
        _nothing_seen(trial)
    effects: dict[str, list[Observation]] = {tool.name: [] for tool in config.tools if tool.writes}
    for observation in trial.observations:
        if observation.double == "tool" and observation.action in effects and is_effective(observation):
            effects[observation.action].append(observation)
    keys = {tool.name: tool.key for tool in config.tools}
    found = [each for tool, calls in sorted(effects.items()) for each in _of_tool(trial, tool, keys[tool], calls)]
    found += [
        finding("idempotency.once", trial, problem, severity=Severity.INCIDENT, witness=Witness.WIRE)
        for problem in sent_again(trial, _how(trial.case), _mend(trial.case))
    ]
    if found:
        yield from found  # what was seen stands, whatever else was not
        return
    if any("dropped" in observation.detail for observation in trial.observations):
        raise NotJudged("the doubles saw more calls than they keep", lost=True)
    if any(keys[tool] and _is_cut(call) for tool, calls in effects.items() for call in calls):
        raise NotJudged("a write was too large to be kept, and its key with it", lost=True)
    if not effects and not sent_any(trial):
        raise NotJudged("no tool of the plan writes, and no mail was sent")


def _of_tool(trial: Trial, tool: str, field: str | None, effects: Sequence[Observation]) -> Iterator[Finding]:
    """What is wrong about the effects of one tool."""
    bare: list[Observation] = []
    groups: dict[str, list[Observation]] = {}
    keys: dict[str, object] = {}
    for call in effects:
        if field is None:
            groups.setdefault("", []).append(call)
        elif (key := key_of(call, field)) is not MISSING:
            name = f"{field}={seen(key)}"
            keys.setdefault(name, key)
            groups.setdefault(name, []).append(call)
        elif not _is_cut(call):
            bare.append(call)
    if field is not None and bare:
        yield _without_key(trial, tool, field, bare)
    if len(groups) + bool(bare) > 1 and (bare or not named_apart(trial.case, tool, keys.values())):
        # A key tells effects apart where the case names both; a word picked from the message tells nothing.
        made_up = next((name for name, key in keys.items() if not asked_for(trial.case, key)), "")
        names = [*list(groups)[:_NAMED], *([f"no {field}"] if bare else [])]
        why = f"{made_up} is not in the case" if made_up else "the case does not name them as effects of their own"
        said = f"{', '.join(names)}; {why}"
        yield _twice(trial, tool, effects, said)
        return
    for said, calls in [*sorted(groups.items()), ("", bare)]:
        if len(calls) > 1:
            yield _twice(trial, tool, calls, f"{said or 'last call'}: {_arguments(calls[-1])}")


def _twice(trial: Trial, tool: str, effects: Sequence[Observation], said: str) -> Finding:
    problem = Problem(
        place=f"$.observations.{tool}",
        expected=f"the same message{_how(trial.case)} must write to '{tool}' once; it wrote {len(effects)} times",
        seen=said,
        mend=_mend(trial.case),
    )
    return finding("idempotency.once", trial, problem, severity=Severity.INCIDENT, witness=Witness.WIRE)


def _without_key(trial: Trial, tool: str, field: str, bare: Sequence[Observation]) -> Finding:
    problem = Problem(
        place=f"$.observations.{tool}.arguments.{field}",
        expected=f"a write to '{tool}' must carry '{field}', the key the plan names",
        seen=f"{len(bare)} without: {_arguments(bare[-1])}",
        mend=f"Send {field} with each write, the same for the same message; or take key out of the plan.",
    )
    return finding("idempotency.once", trial, problem, witness=Witness.WIRE)


def _is_cut(call: Observation) -> bool:
    return "arguments" not in call.detail and "arguments_digest" in call.detail


def _how(case: Case) -> str:
    if case.given.at_once:
        return f" delivered {case.given.times} times at once"
    return " delivered again after a crash" if case.given.crash_after_write else ""


def _mend(case: Case) -> str:
    if case.given.at_once:
        return "Claim the message's id before working on it, so that a second delivery waits or finds it taken."
    if case.given.crash_after_write:
        return "Look up what was written under the message's id, not what was remembered after it, before writing."
    return "Store the result under the message's id and look it up before writing."


def _nothing_seen(trial: Trial) -> NoReturn:
    if any(output.tools_called for output in trial.outputs):
        raise NotJudged("the pipeline reports tool calls that no double saw", lost=True)
    raise NotJudged("no double saw this trial, so its side effects are unknown")


def _arguments(observation: Observation) -> str:
    arguments = observation.detail.get("arguments")
    if not isinstance(arguments, Mapping):
        return f"arguments {seen(arguments)}" if arguments else "no arguments"
    return ", ".join(f"{name}={seen(value)}" for name, value in list(arguments.items())[:8]) or "no arguments"


def _same(trial: Trial, _config: CheckConfig) -> Iterator[Finding]:
    """Every delivery gives the first one's draft."""
    first: Output | None = None
    ids = frozenset(seen.run_id for seen in trial.observations if len(seen.run_id) == 16)
    answers, found = [], False
    for delivery, output, crashed in deliveries("idempotency.same", trial):
        answers.append(output)
        if crashed is not None:
            found = True
            yield crashed
        elif first is None:
            first = output
        else:
            for problem in differences(first, output, ids):
                found = True
                is_word = is_notice(output) and problem.place != "$.mail"  # "Already answered." is no second draft
                yield finding(
                    "idempotency.same", trial, problem, delivery=delivery, severity=Severity.INCIDENT,
                    witness=Witness.PATTERN if is_word else Witness.STRUCTURE,
                )  # fmt: skip
    # After a crash the first whole answer may rightly be a second one.
    if not found and answers and not trial.case.given.crash_after_write and repeats_unseen(answers):
        said = "every delivery is marked a duplicate, so what the first one said was not seen; name it by its draft_id"
        raise NotJudged(said, lost=True)


def _is_repeated(case: Case, _capabilities: frozenset[Capability]) -> str | None:
    return None if case.given.deliveries > 1 else "the case is delivered once"


def _has_writers(config: CheckConfig) -> str | None:
    if any(tool.writes for tool in config.tools) or Capability.MAIL in (config.capabilities or ()):
        return None
    return "no tool of the plan is declared with writes: true"


CHECKS: tuple[Check, ...] = (
    Check(
        name="idempotency.once",
        suite="idempotency",
        title="The same message twice has one side effect.",
        run=_once,
        applies=_is_repeated,
        ready=_has_writers,
        zero_tolerance=True,
    ),
    Check(
        name="idempotency.same",
        suite="idempotency",
        title="The same message twice gives one draft.",
        run=_same,
        applies=_is_repeated,
        zero_tolerance=True,
    ),
)

SUITE = Suite(
    name="idempotency",
    title="The same message twice, at once or after a crash, makes one draft and one side effect.",
    checks=tuple(check.name for check in CHECKS),
    cases=again,
)
