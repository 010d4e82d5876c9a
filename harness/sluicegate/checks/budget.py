"""The budget suite: calls, tokens and money as the model server counted them, and what the pipeline says of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from sluicegate.checks.check import Check, CheckConfig, NotJudged, Problem, Suite, every_case, finding, nothing_known
from sluicegate.checks.model_calls import (
    answered,
    asking,
    declares_model,
    is_readable,
    marks_of,
    model_calls,
    price_of_call,
    reporting,
    spent,
    whole_log,
)
from sluicegate.model import Capability, Case, Finding, Observation, Output, Trial, Witness

__all__ = ["CHECKS", "SUITE"]


def _known(trial: Trial) -> None:
    if (unknown := nothing_known(trial)) is not None:
        raise NotJudged(unknown, lost=True)


def _found(check: str, trial: Trial, problem: Problem) -> Finding:
    return finding(check, trial, problem, witness=Witness.WIRE)


def _calls(trial: Trial, config: CheckConfig) -> Iterator[Finding]:
    """Every double is called as often as the case allows, all deliveries together."""
    _known(trial)
    counts = _counts(trial, config)
    for limit in trial.case.expect.calls:
        made, target = counts[limit.target], limit.target
        if limit.most is not None and made > limit.most:
            mend = "Take the place of a call, under a lock, before the call is made; give it back if none is."
            expected = f"at most {limit.most} calls of {target}"
            yield _found(
                "budget.calls",
                trial,
                Problem(place=f"$.observations.{target}", expected=expected, seen=f"{made} calls", mend=mend),
            )
        if made < limit.least:
            mend = "See why the others were not made: a cap that counts too much, or an error before the call."
            expected = f"at least {limit.least} calls of {target}"
            yield _found(
                "budget.calls",
                trial,
                Problem(place=f"$.observations.{target}", expected=expected, seen=f"{made} calls", mend=mend),
            )


def _counts(trial: Trial, config: CheckConfig) -> Counter[str]:
    """Calls by target; the models' as `model` and `model:<name>`."""
    asks_models = any(limit.target.partition(":")[0] == "model" for limit in trial.case.expect.calls)
    if asks_models and (reason := declares_model(config)) is not None:
        raise NotJudged(reason)
    named = {limit.target.partition(":")[2] for limit in trial.case.expect.calls}
    calls = asking(trial, named) if asks_models else []
    whole_log(trial)
    counts = Counter({"model": len(calls)})
    counts.update(f"model:{call.action}" for call in calls)
    for seen in trial.observations:
        if seen.double == "tool":
            counts[f"tool:{seen.action}"] += 1
        elif seen.double == "retriever":
            counts["retriever"] += 1
        elif seen.double == "mail" and seen.action == "message":
            counts["mail"] += 1
    return counts


def _spend(trial: Trial, config: CheckConfig) -> Iterator[Finding]:
    """The model calls of the trial cost no more than the case allows."""
    _known(trial)
    limits = trial.case.expect.limits
    most = limits.spend_microusd if limits is not None else None
    total = spent(trial, config)
    if most is not None and total > most:
        mend = "Before a call set aside what it may cost at most; make none that does not fit."
        expected = f"the model calls may cost {most:,} micro-dollars together"
        yield _found(
            "budget.spend",
            trial,
            Problem(place="$.observations.model", expected=expected, seen=f"{total:,} micro-dollars", mend=mend),
        )


def _usage(trial: Trial, _config: CheckConfig) -> Iterator[Finding]:
    """The tokens the pipeline reports are those of the model server's answers."""
    _known(trial)
    calls = list(answered(model_calls(trial)))
    silent = found = False
    for name, side in (("input_tokens", "input"), ("output_tokens", "output")):
        said = _said(trial, _tokens(name))
        if said is None:
            silent = True
            continue
        claimed, whole, stored = said
        most = sum(int(call.detail.get(name) or 0) for call in calls)
        least = sum(int(call.detail.get(name) or 0) for call in calls if is_readable(call))
        if (claimed > most and not stored) or (whole and claimed < least):
            expected = f"the {side} tokens reported must be those of the model server's log"
            seen = f"the pipeline says {claimed:,}; the log shows {most:,} in {len(calls)} answered calls"
            mend = "Add up the usage of every answer, retries too, as the provider gives it."
            found = True
            yield _found(
                "budget.usage", trial, Problem(place=f"$.usage.{name}", expected=expected, seen=seen, mend=mend)
            )
    if silent and not found:
        raise NotJudged("the pipeline reports no tokens, or of one side only")


def _cost(trial: Trial, config: CheckConfig) -> Iterator[Finding]:
    """The cost the pipeline reports is the log's, priced, within a micro-dollar a call."""
    _known(trial)
    said = _said(trial, lambda output: output.cost_microusd)
    if said is None:
        raise NotJudged("the pipeline reports no cost")
    claimed, whole, stored = said
    calls = list(answered(model_calls(trial)))
    most = spent(trial, config) + len(calls)
    kept = [call for call in calls if is_readable(call)]
    least = sum(price_of_call(call, config) for call in kept) - len(kept)
    if (claimed > most and not stored) or (whole and claimed < least):
        seen = f"the pipeline says {claimed:,}; the log priced is {most - len(calls):,} micro-dollars"
        expected = "the cost reported must be that of the model server's log, within a micro-dollar a call"
        mend = "Price each answer by its model and tokens in whole micro-dollars, and add them up."
        yield _found("budget.cost", trial, Problem(place="$.cost_microusd", expected=expected, seen=seen, mend=mend))


def _said(trial: Trial, number: Callable[[Output], int | None]) -> tuple[int, bool, bool] | None:
    """The sum of what the outputs report, whether all of them do, and whether all are stored ones; None of none.

    Where every answer is said to be stored and a model was asked all the same, they count: at least that was used.
    """
    outputs = reporting(trial)
    stored = not outputs and any(answered(model_calls(trial)))
    values = [
        number(output) for output in ([each for each in trial.outputs if each.error is None] if stored else outputs)
    ]
    known = [value for value in values if value is not None]
    return (sum(known), len(known) == len(values), stored) if known else None


def _tokens(name: str) -> Callable[[Output], int | None]:
    return lambda output: getattr(output.usage, name) if output.usage is not None else None


def _prompt(trial: Trial, _config: CheckConfig) -> Iterator[Finding]:
    """What must reach a model reaches one, and what must not reaches none."""
    _known(trial)
    calls = model_calls(trial)
    marks = marks_of(calls)
    said: frozenset[str] = frozenset().union(*marks)
    for text in trial.case.expect.model_sees:
        if text not in said:
            expected = "this text must stand in what is sent to a model"
            seen = f"{text!r} stands in none of {len(calls)} prompts" if calls else f"{text!r}: no model was called"
            mend = "Over the token budget drop retrieved snippets first, tool results never."
            yield _found(
                "budget.prompt", trial, Problem(place="$.observations.model", expected=expected, seen=seen, mend=mend)
            )
    marks = marks_of(calls, nearly=True)
    said = frozenset().union(*marks)
    for text in trial.case.expect.model_never_sees:
        if text in said:
            expected = "this text must not be sent to a model"
            mend = "Mask what is secret, use no snippet that does not fit, and over the budget drop snippets first."
            yield _found(
                "budget.prompt",
                trial,
                Problem(place="$.observations.model", expected=expected, seen=_where(text, calls, marks), mend=mend),
            )


def _where(text: str, calls: Sequence[Observation], marks: Sequence[frozenset[str]]) -> str:
    number = next(number for number, found in enumerate(marks) if text in found)
    return f"{text!r} stands in the prompt of call {number + 1}, to {calls[number].action}"


def _limits_calls(case: Case, _capabilities: frozenset[Capability]) -> str | None:
    return None if case.expect.calls else "the case does not say how often anything may be called"


def _limits_spend(case: Case, _capabilities: frozenset[Capability]) -> str | None:
    limits = case.expect.limits
    return None if limits is not None and limits.spend_microusd is not None else "the case sets no limit of spend"


def _names_texts(case: Case, _capabilities: frozenset[Capability]) -> str | None:
    named = case.expect.model_sees or case.expect.model_never_sees
    return None if named else "the case names no text that a model must, or must not, see"


CHECKS: tuple[Check, ...] = (
    Check(
        name="budget.calls",
        suite="budget",
        title="Models and tools are called as often as the case allows.",
        run=_calls,
        applies=_limits_calls,
    ),
    Check(
        name="budget.spend",
        suite="budget",
        title="Model calls cost no more than the case allows.",
        run=_spend,
        applies=_limits_spend,
        ready=declares_model,
    ),
    Check(
        name="budget.usage",
        suite="budget",
        title="The tokens reported are those of the model server's log.",
        run=_usage,
        ready=declares_model,
    ),
    Check(
        name="budget.cost",
        suite="budget",
        title="The cost reported is that of the model server's log.",
        run=_cost,
        ready=declares_model,
    ),
    Check(
        name="budget.prompt",
        suite="budget",
        title="What must reach a model does, and what must not does not.",
        run=_prompt,
        applies=_names_texts,
        ready=declares_model,
    ),
)

SUITE = Suite(
    name="budget",
    title="Calls, tokens and money stay within what is allowed, and are what the pipeline says.",
    checks=tuple(check.name for check in CHECKS),
    cases=every_case,
)
