"""Names of models: a date or a provider beside a name is the same model, a word beside it is another one."""

from __future__ import annotations

import pytest

from sluicegate.checks import CHECKS, CheckConfig, run_check
from sluicegate.checks.model_names import in_order, same_model
from sluicegate.checks.prices import prices_of
from sluicegate.model import Capability, Case, Expect, Fault, Given, Observation, Output, Trial

CONFIG = CheckConfig(
    capabilities=frozenset({Capability.MODEL}), price_of=prices_of({}), expert_models=frozenset({"gpt-4o"})
)


def call(model: str, status: int = 200) -> Observation:
    detail = {"protocol": "openai.chat", "status": status, "fault": None, "prompt_digest": "p", "latency_ms": 1}
    return Observation(run_id="0" * 16, double="model", action=model, at="2026-01-29T12:00:00Z", detail=detail)


def result(check: str, trial: Trial) -> str:
    return run_check(CHECKS[check], trial, CONFIG).result


@pytest.mark.parametrize(
    ("said", "called", "same"),
    [
        ("gpt-4o", "gpt-4o", True),
        ("gpt-4o", "gpt-4o-2024-08-06", True),
        ("gpt-4o-2024-08-06", "gpt-4o", True),
        ("openai/gpt-4o", "gpt-4o", True),
        ("claude-3-5-sonnet", "claude-3-5-sonnet-20241022", True),
        ("claude-3-5-sonnet", "claude-3-5-sonnet@20240620", True),
        ("claude-3-5-sonnet-latest", "claude-3-5-sonnet", True),
        ("gemini-1.5-pro", "gemini-1.5-pro-001", True),
        ("gemini-2.5-pro", "gemini-2.5-pro-preview-06-05", True),
        ("gpt-4", "gpt-4-0613", True),
        ("gpt-4o", "gpt-4o-mini", False),
        ("gpt-4o-mini", "gpt-4o", False),
        ("gpt-4o-mini-2024-07-18", "gpt-4o", False),
        ("gpt-4", "gpt-4-turbo-2024-04-09", False),
        ("gpt-4", "gpt-4-32k", False),
        ("claude-opus-4", "claude-opus-4-1", False),
        ("gpt-5", "gpt-5-nano", False),
        ("gpt-4o-2024-05-13", "gpt-4o-2024-08-06", False),
        ("", "gpt-4o", False),
    ],
)
def test_a_date_is_the_same_model_and_a_size_another_one(said: str, called: str, same: bool) -> None:
    """Who fell back from gpt-4o to gpt-4o-mini and names the former does not say a version of the latter."""
    assert same_model(said, called) is same


def test_a_pipeline_that_names_the_model_that_failed_is_caught_whatever_the_names_share() -> None:
    """The chain everybody has: the small model answers, and the answer says the large one did."""
    case = Case(id="c-1", given=Given(faults=(Fault(kind="server_error", model="gpt-4o"),)))
    seen = (call("gpt-4o", 503), call("gpt-4o-mini"))

    for said, expected in (("gpt-4o", "fail"), ("gpt-4o-mini", "pass"), ("gpt-4o-mini-2024-07-18", "pass")):
        trial = Trial(case=case, outputs=(Output(content="It is on its way.", model=said),), observations=seen)
        assert result("fallback.told", trial) == expected, said
    dated = Trial(
        case=case,
        outputs=(Output(content="ok", model="gpt-4o"),),
        observations=(call("gpt-4o", 503), call("gpt-4o-2024-08-06")),
    )
    assert result("fallback.told", dated) == "fail", "asked by that very name, it failed"


def test_claims_of_routing_take_a_dated_name_for_the_model_that_was_called() -> None:
    """The alias is told and its build is called, or the other way round; a smaller one is a lie."""
    for said, called, expected in (
        ("gpt-4o", "gpt-4o-2024-08-06", "pass"),
        ("openai/gpt-4o", "gpt-4o", "pass"),
        ("gpt-4o", "gpt-4o-mini", "fail"),
    ):
        trial = Trial(case=Case(id="c"), outputs=(Output(content="ok", model=said),), observations=(call(called),))
        assert result("routing.claims", trial) == expected, said
        kept = Output(content="ok", metadata={"model": said})
        assert (
            result("routing.claims", Trial(case=Case(id="c"), outputs=(kept,), observations=(call(called),)))
            == expected
        )


def test_models_in_their_order_once_a_delivery_are_in_order() -> None:
    """A case that comes twice may run its chain twice; within one delivery the order is the case's."""
    assert in_order("aab", ("a", "b"), 1)
    assert in_order("ab", ("a", "b"), 2)
    assert in_order("abaab", ("a", "b"), 2)
    assert not in_order("abab", ("a", "b"), 1)
    assert not in_order("aba", ("a", "b"), 2)
    assert not in_order("", ("a",), 2)
    case = Case(id="c", given=Given(deliveries=2), expect=Expect(model_order=("a", "b")))
    answers = (Output(content="ok"), Output(content="ok"))
    for check in ("routing.order", "fallback.order"):
        assert result(check, Trial(case=case, outputs=answers, observations=tuple(map(call, "abab")))) == "pass"
        assert result(check, Trial(case=case, outputs=answers, observations=tuple(map(call, "abba")))) == "fail"
