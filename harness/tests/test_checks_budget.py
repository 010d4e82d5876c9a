"""The budget suite: calls, tokens and money read from the log of the model server, never from what is claimed."""

from __future__ import annotations

import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
from plan_texts import a_plan, read

sys.path.pop(0)

from sluicegate.checks import CHECKS, SUITES, CheckConfig, Contribution, Result, measure, run_check
from sluicegate.checks.prices import how_to_price, price_table, prices_of
from sluicegate.errors import InputError
from sluicegate.model import (
    CallLimit,
    Capability,
    Case,
    Crash,
    CrashKind,
    Expect,
    Fault,
    Given,
    Limits,
    NotMeasured,
    Observation,
    Output,
    Provenance,
    Trial,
    Usage,
)
from sluicegate.plan.metrics import BUILT_IN
from sluicegate.plan.types import ModelPrice

PRICES = {
    "mini": ModelPrice(input=Fraction(15, 100), output=Fraction(60, 100)),
    "big": ModelPrice(input=Fraction(5, 2), output=Fraction(10), cached=Fraction(5, 4), expert=True),
}
CONFIG = CheckConfig(
    capabilities=frozenset({Capability.MODEL}),
    price_of=prices_of(PRICES),
    expert_models=frozenset({"big"}),
)


def call(model: str = "mini", tokens: tuple[int, int] = (100, 50), **detail: object) -> Observation:
    """One answered call: 45 micro-dollars."""
    said = {"model": model, "protocol": "openai.chat", "status": 200, "marks": [], **detail}
    said = {"input_tokens": tokens[0], "output_tokens": tokens[1], **said}
    return Observation(run_id="0" * 16, double="model", action=model, at="2026-11-21T04:00:00Z", detail=said)


def tool(name: str = "order") -> Observation:
    return Observation(run_id="0" * 16, double="tool", action=name, at="", detail={"status": 200})


def answer(
    tokens: tuple[int, int] | None = (100, 50), cost: int | None = 45, model: str | None = "mini", **more: object
) -> Output:
    usage = None if tokens is None else Usage(input_tokens=tokens[0], output_tokens=tokens[1])
    return Output(content="ok", usage=usage, cost_microusd=cost, model=model, **more)


def a_trial(*seen: Observation, outputs: tuple[Output, ...] = (), faults: tuple[Fault, ...] = (), **expect) -> Trial:
    case = Case(id="c-1", given=Given(faults=faults), expect=Expect(**expect))
    return Trial(case=case, outputs=outputs or (answer(),), observations=seen)


def asked(check: str, trial: Trial, config: CheckConfig = CONFIG) -> tuple[Result, str]:
    outcome = run_check(CHECKS[check], trial, config)
    said = " | ".join(f"{item.message}: {item.excerpt}" for item in outcome.findings) or outcome.reason
    return outcome.result, said


# Calls and spend


@pytest.mark.parametrize(
    ("limit", "result"),
    [
        (CallLimit(target="model", most=3), Result.PASS),
        (CallLimit(target="model", most=2), Result.FAIL),
        (CallLimit(target="model:big", most=1, least=1), Result.PASS),
        (CallLimit(target="model:big", most=0), Result.FAIL),
        (CallLimit(target="model:mini", least=3), Result.FAIL),
        (CallLimit(target="tool:order", most=1), Result.PASS),
        (CallLimit(target="tool:order", least=2), Result.FAIL),
        (CallLimit(target="retriever", most=0), Result.PASS),
    ],
)
def test_calls_are_counted_at_the_doubles(limit: CallLimit, result: Result) -> None:
    """By model, in all, by tool; embeddings are no calls of a model; failed calls are."""
    embedding = call("embedder", protocol="openai.embeddings")
    trial = a_trial(call(), call("big"), call(status=500), embedding, tool(), calls=(limit,))

    assert asked("budget.calls", trial)[0] is result


def test_the_finding_of_a_broken_cap_says_how_many() -> None:
    """The rule in the message, what was seen beside it."""
    trial = a_trial(call("big"), call("big"), calls=(CallLimit(target="model:big", most=1),))

    assert asked("budget.calls", trial) == (Result.FAIL, "at most 1 calls of model:big: 2 calls")


def test_spend_is_priced_request_by_request_and_rounded_up() -> None:
    """1 token at 0.15 is one micro-dollar; a hundred such requests are a hundred."""
    calls = [call(tokens=(1, 0)) for _ in range(100)]

    assert asked("budget.spend", a_trial(*calls, limits=Limits(spend_microusd=100)))[0] is Result.PASS
    assert asked("budget.spend", a_trial(*calls, limits=Limits(spend_microusd=99)))[0] is Result.FAIL
    assert asked("budget.spend", a_trial(*calls))[0] is Result.NOT_APPLICABLE


def test_a_model_without_a_price_is_never_within_a_limit() -> None:
    """Not judged, which holds; the reason is the line to type."""
    trial = a_trial(call("nobodys-model"), limits=Limits(spend_microusd=10**9))
    result, said = asked("budget.spend", trial)

    assert result is Result.ERROR
    assert "prices: {nobodys-model: {input: $…, output: $…}}" in said
    assert isinstance(measure(BUILT_IN["budget.spend"], trial, {}, CONFIG), NotMeasured)


def test_a_failed_call_costs_nothing_and_needs_no_price() -> None:
    """What got no answer is not billed."""
    trial = a_trial(call("nobodys-model", tokens=(0, 0), status=429), call(), limits=Limits(spend_microusd=45))

    assert asked("budget.spend", trial)[0] is Result.PASS


@pytest.mark.parametrize("check", ["budget.calls", "budget.spend", "budget.usage", "budget.cost", "budget.prompt"])
def test_a_log_that_is_cut_or_empty_holds(check: str) -> None:
    """A pipeline that reports calls nobody saw, and a log with calls dropped: nothing is known."""
    said = {
        "calls": (CallLimit(target="model", most=9),),
        "limits": Limits(spend_microusd=9),
        "model_sees": ("fact",),
    }
    cut = Observation(run_id="0" * 16, double="model", action="dropped", at="", detail={"dropped": 3})

    assert asked(check, a_trial(**said))[0] is Result.ERROR
    assert "no call arrived" in asked(check, a_trial(**said))[1]
    assert asked(check, a_trial(call(), cut, **said))[0] is Result.ERROR
    never = Output(error=Crash(kind=CrashKind.NOT_SENT, message="no mapping"))
    assert asked(check, a_trial(call(), outputs=(never,), **said))[0] is Result.ERROR


def test_without_the_model_capability_nothing_is_said() -> None:
    """Its calls go elsewhere: not applicable, and the metrics say what to declare."""
    config = CheckConfig(capabilities=frozenset({Capability.JOB}), price_of=prices_of(PRICES))

    for check in SUITES["budget"].checks:
        trial = a_trial(calls=(CallLimit(target="model", most=0),), model_sees=("x",), limits=Limits(spend_microusd=1))
        assert asked(check, trial, config)[0] is Result.NOT_APPLICABLE
    assert isinstance(measure(BUILT_IN["cost.per_command"], a_trial(), {}, config), NotMeasured)


# Claims


@pytest.mark.parametrize(
    ("tokens", "result"),
    [((100, 50), Result.PASS), ((50, 25), Result.FAIL), ((100, 51), Result.FAIL), (None, Result.NOT_APPLICABLE)],
)
def test_reported_tokens_are_compared_with_the_log(tokens: tuple[int, int] | None, result: Result) -> None:
    """Half of them, or one too many, is a claim the log does not bear out; no claim is none."""
    assert asked("budget.usage", a_trial(call(), outputs=(answer(tokens),)))[0] is result


def test_a_false_claim_is_told_with_the_log_beside_it() -> None:
    """The pipeline says X; the log shows Y."""
    _, said = asked("budget.usage", a_trial(call(), call("big"), outputs=(answer((100, 100)),)))

    assert "the pipeline says 100; the log shows 200 in 2 answered calls" in said


def test_deliveries_add_up_and_a_stored_answer_adds_nothing() -> None:
    """The log of a trial is one; a cached answer repeats what an earlier one reported."""
    stored = answer(provenance=Provenance.CACHED)

    assert asked("budget.usage", a_trial(call(), call(), outputs=(answer(), answer())))[0] is Result.PASS
    assert asked("budget.usage", a_trial(call(), outputs=(answer(), stored)))[0] is Result.PASS
    assert asked("budget.usage", a_trial(call(), call(), outputs=(answer(), answer(None))))[0] is Result.PASS
    assert asked("budget.usage", a_trial(call(), outputs=(answer((200, 50)), answer(None))))[0] is Result.FAIL


@pytest.mark.parametrize("detail", [{"aborted": True}, {"fault": "cut"}, {"fault": "malformed"}])
def test_tokens_of_an_answer_that_could_not_be_read_may_be_missing(detail: dict[str, object]) -> None:
    """Nobody can report what did not arrive; nor is it wrong to count it."""
    seen = (call(), call(**detail))

    for tokens, cost in (((100, 50), 45), ((200, 100), 90)):
        outputs = (answer(tokens, cost),)
        assert asked("budget.usage", a_trial(*seen, outputs=outputs))[0] is Result.PASS
        assert asked("budget.cost", a_trial(*seen, outputs=outputs))[0] is Result.PASS
    assert asked("budget.usage", a_trial(*seen, outputs=(answer((300, 150)),)))[0] is Result.FAIL


@pytest.mark.parametrize(
    ("cost", "result"),
    [(90, Result.PASS), (88, Result.PASS), (92, Result.PASS), (87, Result.FAIL), (93, Result.FAIL), (0, Result.FAIL)],
)
def test_reported_cost_is_within_a_micro_dollar_a_call(cost: int, result: Result) -> None:
    """Rounding is forgiven, a cent that vanishes is not."""
    trial = a_trial(call(), call(), outputs=(answer((200, 100), cost),))

    assert asked("budget.cost", trial)[0] is result


def test_a_dear_model_billed_as_a_cheap_one_is_seen() -> None:
    """The price is that of the model in the log."""
    result, said = asked("budget.cost", a_trial(call("big"), outputs=(answer(cost=45),)))

    assert result is Result.FAIL
    assert "the pipeline says 45; the log priced is 750 micro-dollars" in said


# The prompt


def test_what_must_and_must_not_reach_a_model() -> None:
    """Read from the marks of the log: each text in some prompt, or in none."""
    laws = {"model_sees": ("fact 17",), "model_never_sees": ("old example",)}

    assert asked("budget.prompt", a_trial(call(marks=["fact 17"]), **laws))[0] is Result.PASS
    result, said = asked("budget.prompt", a_trial(call(marks=["old example"]), **laws))
    assert result is Result.FAIL
    assert "'fact 17' stands in none of 1 prompts" in said
    assert "'old example' stands in the prompt of call 1, to mini" in said
    spelt = a_trial(call(marks=["fact 17"], nearly=["old example"]), **laws)
    assert asked("budget.prompt", spelt)[0] is Result.FAIL
    assert asked("budget.prompt", a_trial(call(), outputs=(answer(None, None, None),)))[0] is Result.NOT_APPLICABLE


def test_no_call_at_all_shows_no_text_to_a_model() -> None:
    """What had to be sent was not; what must not be was not either."""
    silent = (answer(None, None, None),)

    assert asked("budget.prompt", a_trial(outputs=silent, model_sees=("fact",)))[0] is Result.FAIL
    assert asked("budget.prompt", a_trial(outputs=silent, model_never_sees=("secret",)))[0] is Result.PASS


def test_a_log_without_marks_cannot_show_a_text_absent() -> None:
    """An older log holds; it is no pass."""
    old = call()
    detail = {name: value for name, value in old.detail.items() if name != "marks"}
    bare = Observation(run_id=old.run_id, double="model", action="mini", at=old.at, detail=detail)

    assert asked("budget.prompt", a_trial(bare, model_never_sees=("secret",)))[0] is Result.ERROR


# Metrics


def of(name: str, trial: Trial, config: CheckConfig = CONFIG) -> object:
    return measure(BUILT_IN[name], trial, {}, config)


def test_money_is_measured_from_the_log() -> None:
    """Whatever the pipeline says of its cost."""
    trial = a_trial(call(), call("big"), outputs=(answer((200, 100), 1), answer((0, 0), 0)))

    assert of("budget.spend", trial) == Contribution(value=795.0)
    assert of("cost.per_command", trial) == Contribution(value=398.0)
    assert of("routing.expert_calls", trial) == Contribution(value=1.0)
    assert of("budget.kept_rate", trial) == Contribution(k=0, n=1)


@pytest.mark.parametrize(
    ("reported", "within", "over"),
    [((100, 50), 1, 0), ((110, 55), 1, 0), ((112, 55), 0, 0), ((120, 60), 0, 0), ((121, 60), 0, 1), ((0, 0), 0, 1)],
)
def test_reported_tokens_against_a_local_count(reported: tuple[int, int], within: int, over: int) -> None:
    """Within 10 %, and over 20 %, of what the double counted itself, whatever usage it was made to report."""
    seen = call(tokens=(1000, 500), local_input_tokens=100, local_output_tokens=50)
    trial = a_trial(seen, outputs=(answer(reported),))

    assert of("tokens.within_10pct", trial) == Contribution(k=within, n=1)
    assert of("tokens.over_20pct", trial) == Contribution(k=over, n=1)


def test_tokens_of_one_side_are_held_against_the_log_without_the_other() -> None:
    """Who leaves out one side lies no better about the other; what is true of one alone stays unknown."""
    for usage, result in (
        (Usage(output_tokens=1), Result.FAIL),
        (Usage(input_tokens=1), Result.FAIL),
        (Usage(output_tokens=50), Result.NOT_APPLICABLE),
        (Usage(input_tokens=100), Result.NOT_APPLICABLE),
    ):
        assert asked("budget.usage", a_trial(call(), outputs=(Output(content="ok", usage=usage),)))[0] is result


def test_unknown_tokens_are_not_accurate() -> None:
    """No report is not measured; a case without a call is not asked."""
    assert isinstance(of("tokens.within_10pct", a_trial(call(), outputs=(answer(None),))), NotMeasured)
    assert of("tokens.within_10pct", a_trial(outputs=(answer(None, None, None),))) is None


def test_a_case_whose_use_nobody_tells_is_not_within_its_budget() -> None:
    """It asked a model, limits nothing and reports nothing: left out it would count among none, and none would know."""
    silent = Output(structured={"text": "ok"})
    unknown = of("budget.kept_rate", a_trial(call(), outputs=(silent,)))
    assert isinstance(unknown, NotMeasured)
    assert "reports no tokens" in unknown.reason
    limits = Limits(spend_microusd=1000)
    assert of("budget.kept_rate", a_trial(call(), outputs=(silent,), limits=limits)) == Contribution(k=1, n=1)
    for trial in (
        a_trial(outputs=(silent,)),
        a_trial(call(status=500), outputs=(silent,)),
        a_trial(call(), outputs=(replace(silent, provenance=Provenance.CACHED),)),
        a_trial(call(), outputs=(Output(error=Crash(kind=CrashKind.TIMEOUT, message="late")),)),
    ):
        assert of("budget.kept_rate", trial) is None, trial
    assert of("budget.kept_rate", a_trial(call(), outputs=(silent,)), CheckConfig(capabilities=frozenset())) is None


def test_expert_calls_need_a_plan_that_names_the_experts() -> None:
    """Not measured, with the line to write."""
    nameless = CheckConfig(capabilities=CONFIG.capabilities, price_of=CONFIG.price_of)
    said = of("routing.expert_calls", a_trial(call("big")), nameless)

    assert isinstance(said, NotMeasured)
    assert said.mend == "Write prices: {<model>: {expert: true}}."


def test_overflow_is_handled_where_the_prompt_keeps_its_law() -> None:
    """Only of cases that have one."""
    assert of("budget.overflow_handled", a_trial(call(marks=["f"]), model_sees=("f",))) == Contribution(k=1, n=1)
    assert of("budget.overflow_handled", a_trial(call(), model_sees=("f",))) == Contribution(k=0, n=1)
    assert of("budget.overflow_handled", a_trial(call())) is None


# Prices


def test_a_plan_prices_models_in_dollars_per_million_tokens() -> None:
    """Exactly; cached tokens have a price of their own where one is given."""
    text = "prices: {a: {input: $0.15, output: $0.60}, b: {input: $3, output: $15, cached: $0.30, expert: true}}\n"
    plan = read(a_plan(text))
    price_of = prices_of(plan.prices)

    assert plan.prices["a"].input == Fraction(15, 100)
    assert [name for name, price in plan.prices.items() if price.expert] == ["b"]
    assert price_of("a", 1_000_000, 0) == 150_000
    assert price_of("b", 1_000, 10, cached_tokens=400) == 1_800 + 120 + 150


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{a: {input: $1}}", "price of 'a': lacks a side: input and output are priced together."),
        ("{a: {cached: $1}}", "price of 'a': lacks a side: input and output are priced together."),
        ("{a: {}}", "price of 'a': is empty."),
        ("{a: {input: 1, output: 2}}", "price of 'a': input: '1'"),
        ("{a: {input: $-1, output: $2}}", "price of 'a': "),
        ("{a: {in: $1, out: $2}}", "price of 'a': unknown key 'in'."),
        ("{a: 3}", "price of 'a' is '3'; expected a mapping."),
        ("3", "prices is '3'; expected a mapping."),
    ],
)
def test_a_price_that_cannot_be_read_is_said(entry: str, said: str) -> None:
    """With its line, and the form to write."""
    with pytest.raises(InputError) as raised:
        read(a_plan(f"prices: {entry}\n"))

    assert any(said in str(fault) for fault in raised.value.faults), raised.value.faults


def test_the_installed_table_prices_what_the_plan_does_not() -> None:
    """By name and dated snapshot, as of the request; a name nobody knows has no price."""
    price_of = prices_of({"gpt-4o": ModelPrice(expert=True)})

    assert price_of("gpt-4o-mini", 1_000_000, 1_000_000, at="2026-06-01T12:00:00Z") == 750_000
    assert price_of("gpt-4o-mini-2024-07-18", 1000, 0) == 150
    assert price_of("gpt-4o", 1, 0) == 3
    assert price_of("nobodys-model", 1, 1) is None
    table = price_table()
    assert table is not None
    assert table.startswith("genai_prices ")
    assert len(table.rpartition(":")[2]) == 64


def test_without_the_table_the_mend_is_the_line_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    """No own price, and nothing installed."""
    monkeypatch.setattr("sluicegate.checks.prices.price_table", lambda: None)
    monkeypatch.setitem(sys.modules, "genai_prices", None)

    assert prices_of({})("gpt-4o-mini", 3_333_333, 7) is None
    assert how_to_price("x").endswith("or run: pip install 'sluicegate[prices]'")


@given(st.integers(0, 10**7), st.integers(0, 10**7), st.fractions(0, 1000), st.fractions(0, 1000))
def test_a_price_is_never_too_low_and_less_than_one_too_high(
    tokens_in: int, tokens_out: int, rate_in: Fraction, rate_out: Fraction
) -> None:
    """Rounded up, exactly, whatever the rates."""
    price = prices_of({"m": ModelPrice(input=rate_in, output=rate_out)})("m", tokens_in, tokens_out)
    exact = tokens_in * rate_in + tokens_out * rate_out

    assert price is not None
    assert 0 <= price - exact < 1


@given(st.lists(st.tuples(st.sampled_from(["mini", "big"]), st.integers(0, 5000), st.integers(0, 900)), max_size=20))
def test_the_checks_agree_with_a_pipeline_that_counts_right(asked_for: list[tuple[str, int, int]]) -> None:
    """Any calls, reported truly, pass; a report that is off by more than rounding does not."""
    price_of = prices_of(PRICES)
    calls = [call(model, (left, right)) for model, left, right in asked_for]
    cost = sum(price_of(model, left, right) or 0 for model, left, right in asked_for)
    tokens = (sum(item[1] for item in asked_for), sum(item[2] for item in asked_for))
    true, false = answer(tokens, cost, None), answer((tokens[0] + 1, tokens[1]), cost + len(calls) + 1, None)

    if calls:
        for check in ("budget.usage", "budget.cost"):
            assert asked(check, a_trial(*calls, outputs=(true,)))[0] is Result.PASS
            assert asked(check, a_trial(*calls, outputs=(false,)))[0] is Result.FAIL
