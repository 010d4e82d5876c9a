"""The routing suite: which model a job went to, which experiment arm it got, and whether the pipeline says so truly.

An output says its arm in `metadata` or `structured`, as `hook_variant`, `experiment_arm` or `arm`; without one it is in
no experiment.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from itertools import groupby

from sluicegate.checks.check import Check, CheckConfig, NotJudged, Problem, Suite, deliveries, finding, nothing_known
from sluicegate.checks.model_calls import answered, asking, declares_model, marks_of, model_calls, reporting
from sluicegate.checks.model_names import in_a_row, in_order, named_in
from sluicegate.checks.rules import rule_problems
from sluicegate.model import Capability, Case, Finding, Output, Rule, Trial, Witness

__all__ = ["AGAIN", "CHECKS", "SAMPLE", "SUITE", "again", "arm_of"]

AGAIN = "~again"
"""Behind the id of a case that is delivered twice."""
SAMPLE = 30
"""Cases of an experiment delivered twice; an assignment that is drawn anew differs in half of them."""
_ARM_NAMES = ("hook_variant", "experiment_arm", "arm")
_OWN_ACCOUNT = ("route", "model", "metadata")


def again(cases: Sequence[Case], seed: int) -> list[Case]:
    """All of them, and some cases of an experiment delivered twice as `<id>~again`, chosen under a seed."""
    assigned = [case for case in cases if case.expect.arms and case.given.deliveries == 1 and not case.given.inputs]
    chosen = sorted(assigned, key=lambda case: sha256(f"{seed}\0{case.digest()}".encode()).hexdigest())[:SAMPLE]
    twice = [replace(case, id=f"{case.id}{AGAIN}", given=replace(case.given, deliveries=2)) for case in chosen]
    return [*cases, *sorted(twice, key=lambda case: case.id)]


def arm_of(output: Output) -> str | None:
    """The experiment arm an output says it is of."""
    return _arm_at(output)[0]


def _arm_at(output: Output) -> tuple[str | None, str]:
    """The arm, and where it is said first."""
    return next(iter(_arms_said(output)), (None, "$"))


def _arms_said(output: Output) -> list[tuple[str, str]]:
    """Every arm that is said, and where."""
    return [
        (arm, f"$.{field}.{name}")
        for field, place in (("metadata", output.metadata), ("structured", output.structured))
        if isinstance(place, Mapping)
        for name in _ARM_NAMES
        if isinstance(arm := place.get(name), str) and arm
    ]


def _known(trial: Trial) -> None:
    if (unknown := nothing_known(trial)) is not None:
        raise NotJudged(unknown, lost=True)


def _order(trial: Trial, config: CheckConfig) -> Iterator[Finding]:
    """The models called are those the decision table says, in its order."""
    _known(trial)
    wanted = trial.case.expect.model_order or ()
    asked = [call.action for call in asking(trial, config.expert_models | {*wanted})]
    if not in_order(asked, wanted, trial.case.given.times):
        called = tuple(name for name, _ in groupby(asked))
        problem = Problem(
            place="$.observations.model",
            expected=f"the models called must be {in_a_row(wanted)}",
            seen=f"the log shows {in_a_row(called)}",
            mend="Compare the routing rules with the decision table, at their borders first (>= or >).",
        )
        yield finding("routing.order", trial, problem, witness=Witness.WIRE)


def _path(trial: Trial, _config: CheckConfig) -> Iterator[Finding]:
    """Route, model and log lines that the output gives are those of the path the case must take."""
    expect = trial.case.expect
    for delivery, output, crashed in deliveries("routing.path", trial):
        if crashed is not None:
            yield crashed
            continue
        for rule in filter(_on_path, expect.must):
            for problem in rule_problems(rule, output):
                yield finding("routing.path", trial, problem, delivery=delivery)
        for rule in filter(_on_path, expect.must_not):
            for problem in rule_problems(rule, output, forbidden=True):
                yield finding("routing.path", trial, problem, delivery=delivery)


def _on_path(rule: Rule) -> bool:
    return rule.field.partition(".")[0].partition("[")[0] in _OWN_ACCOUNT


def _claims(trial: Trial, config: CheckConfig) -> Iterator[Finding]:
    """The model and the route an output names are those of the log."""
    _known(trial)
    outputs = [output for output in reporting(trial) if output.error is None]
    log = Counter(call.action for call in answered(model_calls(trial)))
    stored = (
        [output for output in trial.outputs if output.error is None and output.model] if not outputs and log else []
    )
    told = sorted({model for output in outputs if (model := output.metadata.get("model")) and isinstance(model, str)})
    if not stored and not told and not any(output.model or _route(output) in _ROUTES for output in outputs):
        raise NotJudged("the pipeline names neither its model nor its route")
    every = {item.action for item in trial.observations if item.double == "model"}
    for model in told if log else ():
        if not named_in(model, every):  # who wrote the answer; embeddings may be named there too
            yield _lie(trial, "$.metadata.model", f"{model} in its metadata", log)
    for model in sorted({name for output in stored if not named_in(name := str(output.model), log)}):
        # A stored answer needs no call; where one was made, the answer names nobody who was not asked.
        yield _lie(trial, "$.model", f"{model} in a stored answer", log)
    for model, count in sorted(Counter(output.model for output in outputs if output.model).items()):
        if count > sum(log[name] for name in named_in(model, log)):
            yield _lie(trial, "$.model", f"{model} in {_times(count, 'answer')}", log)
    routes = Counter(map(_route, outputs))
    if not config.expert_models:
        return
    expert = sum(count for model, count in log.items() if model in config.expert_models)
    if routes["expert"] > expert:
        yield _lie(trial, "$.route", f"expert in {_times(routes['expert'], 'answer')}", log)
    if routes["core"] > log.total() - expert:
        yield _lie(trial, "$.route", f"core in {_times(routes['core'], 'answer')}", log)


_ROUTES = ("expert", "core")


def _route(output: Output) -> str:
    """The route as a reader takes it: letter case and blanks aside."""
    return (output.route or "").strip().casefold()


def _lie(trial: Trial, place: str, said: str, log: Counter[str]) -> Finding:
    shown = ", ".join(f"{model} answering {_times(count, 'call')}" for model, count in sorted(log.items()))
    problem = Problem(
        place=place,
        expected="the model and route an answer names must be those of the model server's log",
        seen=f"the pipeline says {said}; the log shows {shown or 'no answered call'}",
        mend="Take the name from the answer that was used, not from the plan to ask for it.",
    )
    return finding("routing.claims", trial, problem, witness=Witness.WIRE)


def _times(count: int, what: str) -> str:
    return f"{count} {what}{'s' if count != 1 else ''}"


def _arms(trial: Trial, _config: CheckConfig) -> Iterator[Finding]:
    """Only eligible cases are assigned, to one of their arms, and that arm's text, no other's, is in the prompt."""
    expect = trial.case.expect
    allowed, texts = expect.arms or (), expect.arm_texts
    claimed = set()
    for delivery, output, crashed in deliveries("routing.arms", trial):
        if crashed is not None:
            yield crashed
            continue
        arm, place = _arm_at(output)
        claimed.add(arm)
        said = _arms_said(output)
        if len({name for name, _ in said}) > 1:
            expected = "must be of one arm, wherever it says so"
            seen = ", ".join(f"{where[2:]} says {name}" for name, where in said)
            mend = "Write the assignment once, and copy it to wherever else it stands."
            problem = Problem(place=place, expected=expected, seen=seen, mend=mend)
            yield finding("routing.arms", trial, problem, delivery=delivery)
        if arm is not None and arm not in allowed:
            expected = f"must be of arm {' or '.join(allowed)}, or of none" if allowed else "must be of no experiment"
            mend = "Assign only the slots the experiment names, and only its own arms."
            problem = Problem(place=place, expected=expected, seen=f"arm {arm}", mend=mend)
            yield finding("routing.arms", trial, problem, delivery=delivery)
    if not texts:
        return
    calls = model_calls(trial)
    marks: frozenset[str] = frozenset().union(*marks_of(calls))
    nearly: frozenset[str] = frozenset().union(*marks_of(calls, nearly=True))
    for arm, text in sorted(texts.items()):
        if arm in claimed and text not in marks:
            seen = f"the answer says arm {arm}, whose text {text!r} stands in no prompt"
            yield _unlike(trial, f"an answer of arm {arm} must be made with that arm's text", seen)
        if arm not in claimed and text in nearly:
            seen = f"{text!r} stands in a prompt, and the answer names arm {_named(claimed)}"
            yield _unlike(trial, f"the text of arm {arm} must reach the model in answers of that arm only", seen)


def _named(claimed: set[str | None]) -> str:
    return ", ".join(sorted(arm for arm in claimed if arm is not None)) or "none"


def _unlike(trial: Trial, expected: str, seen: str) -> Finding:
    mend = "Build the prompt from the assignment that is written into the answer."
    problem = Problem(place="$.observations.model", expected=expected, seen=seen, mend=mend)
    return finding("routing.arms", trial, problem, witness=Witness.WIRE)


def _sticky(trial: Trial, _config: CheckConfig) -> Iterator[Finding]:
    """The same job gets the same arm again."""
    arms: list[str | None] = []
    for _, output, crashed in deliveries("routing.sticky", trial):
        if crashed is not None:
            yield crashed
        else:
            arms.append(arm_of(output))
    if len(set(arms)) > 1:
        seen = ", then ".join(arm or "none" for arm in arms)
        mend = "Assign by a hash of the job's id and the experiment's name, not by chance."
        problem = Problem(expected="the same job must get the same arm again", seen=seen, mend=mend)
        yield finding("routing.sticky", trial, problem)


def _is_decided(case: Case, _capabilities: frozenset[Capability]) -> str | None:
    if case.expect.model_order is None:
        return "the case does not say which model it goes to"
    if any(fault.target == "model" for fault in case.given.faults):
        return "a model fails in this case; which one is asked then is not a matter of routing"
    return "the deliveries are made at once, in no order" if case.given.at_once else None


def _names_path(case: Case, _capabilities: frozenset[Capability]) -> str | None:
    rules = (*case.expect.must, *case.expect.must_not)
    return None if any(map(_on_path, rules)) else "the case says nothing of route, model or metadata"


def _names_arms(case: Case, _capabilities: frozenset[Capability]) -> str | None:
    return None if case.expect.arms is not None else "the case says nothing of experiments"


def _is_repeated(case: Case, _capabilities: frozenset[Capability]) -> str | None:
    if case.given.inputs or case.given.deliveries < 2:
        return "the same job is not delivered again"
    return _names_arms(case, _capabilities)


CHECKS: tuple[Check, ...] = (
    Check(
        name="routing.order",
        suite="routing",
        title="Each job goes to the model the decision table says.",
        run=_order,
        applies=_is_decided,
        ready=declares_model,
    ),
    Check(
        name="routing.path",
        suite="routing",
        title="Route, model and log lines are those of the path the case must take.",
        run=_path,
        applies=_names_path,
    ),
    Check(
        name="routing.claims",
        suite="routing",
        title="The model and route an answer names are those of the model server's log.",
        run=_claims,
        ready=declares_model,
    ),
    Check(
        name="routing.arms",
        suite="routing",
        title="Only eligible jobs are in an experiment, and with the text of their arm.",
        run=_arms,
        applies=_names_arms,
    ),
    Check(
        name="routing.sticky",
        suite="routing",
        title="The same job gets the same arm again.",
        run=_sticky,
        applies=_is_repeated,
    ),
)

SUITE = Suite(
    name="routing",
    title="Jobs go to the model and the experiment arm they should, and answers say so truly.",
    checks=tuple(check.name for check in CHECKS),
    cases=again,
)
