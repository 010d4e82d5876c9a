"""What an answer says of itself is compared with the log, whatever else it says: stored, spelt otherwise, or twice."""

from __future__ import annotations

import pytest

from sluicegate.checks import CHECKS, CheckConfig, run_check
from sluicegate.checks.carrying import Given as GivenIds
from sluicegate.checks.carrying import lists_ids
from sluicegate.model import Capability, Case, Expect, Observation, Output, Provenance, Trial, Usage

NOW = "2026-01-29T12:00:00Z"
RUN, OTHER = "00112233445566aa", "ffeeddccbbaa9988"
TRACE, SPAN = f"{RUN}{'1' * 16}", "2" * 16
CONFIG = CheckConfig(
    capabilities=frozenset({Capability.MODEL}), price_of=lambda *_, **__: 5, expert_models=frozenset({"big"})
)
STORED = (Provenance.CACHED, Provenance.REPLAYED)


def call(model: str = "m") -> Observation:
    detail = {
        "protocol": "openai.chat",
        "status": 200,
        "fault": None,
        "input_tokens": 9,
        "output_tokens": 4,
        "marks": [],
    }
    return Observation(run_id=RUN, double="model", action=model, at=NOW, detail=detail)


def judged(check: str, output: Output, *seen: Observation, case: Case | None = None):
    trial = Trial(case=case or Case(id="c"), outputs=(output,), observations=seen)
    return run_check(CHECKS[check], trial, CONFIG)


@pytest.mark.parametrize("provenance", STORED)
def test_an_answer_said_to_be_stored_reports_the_calls_that_were_made(provenance: Provenance) -> None:
    """Nothing used and nothing paid, and the model server saw a call; a stored answer may repeat more than that."""
    free = Output(content="ok", usage=Usage(input_tokens=0, output_tokens=0), cost_microusd=0, provenance=provenance)
    told = Output(content="ok", usage=Usage(input_tokens=99, output_tokens=4), cost_microusd=50, provenance=provenance)

    assert judged("budget.usage", free, call()).result == "fail"
    assert judged("budget.cost", free, call()).result == "fail"
    assert judged("budget.usage", told, call()).result == "pass"
    assert judged("budget.cost", told, call()).result == "pass"
    assert judged("budget.usage", free).result == "not_applicable"


@pytest.mark.parametrize("provenance", STORED)
def test_a_stored_answer_names_no_model_that_was_not_asked_where_one_was(provenance: Provenance) -> None:
    """Without a call it names whoever wrote it once."""
    assert judged("routing.claims", Output(content="ok", model="gpt-9", provenance=provenance), call()).result == "fail"
    assert judged("routing.claims", Output(content="ok", model="m", provenance=provenance), call()).result == "pass"
    stored = Output(content="ok", model="gpt-9", provenance=provenance)
    assert judged("routing.claims", stored).result == "not_applicable"


@pytest.mark.parametrize("route", ["expert", "Expert", " EXPERT "])
def test_a_route_is_compared_as_a_reader_takes_it(route: str) -> None:
    """Letter case and blanks make no other route."""
    assert judged("routing.claims", Output(content="ok", route=route, model="m"), call()).result == "fail"
    assert judged("routing.claims", Output(content="ok", route=route, model="big"), call("big")).result == "pass"


def test_an_answer_of_two_arms_is_of_none() -> None:
    """One place says this and another that; the same twice is one arm."""
    case = Case(id="c", expect=Expect(arms=("control", "variant")))
    torn = Output(metadata={"hook_variant": "control"}, structured={"arm": "variant"})
    same = Output(metadata={"hook_variant": "control", "arm": "control"}, structured={"arm": "control"})

    (finding,) = judged("routing.arms", torn, case=case).findings
    assert finding.excerpt == "metadata.hook_variant says control, structured.arm says variant"
    assert judged("routing.arms", same, case=case).result == "pass"


def given() -> Observation:
    detail = {"delivery": 0, "traceparent": f"00-{TRACE}-{SPAN}-01", "logs": ""}
    return Observation(run_id=RUN, double="trace", action="given", at=NOW, detail=detail)


@pytest.mark.parametrize("value", [f"{OTHER},{RUN}", f"{RUN} {TRACE} {OTHER}", f"{RUN}/{'3' * 32}"])
def test_a_field_that_lists_ids_points_to_no_request(value: str) -> None:
    """Its own id among others is found by nobody who looks for the request."""
    outcome = judged("tracing.output", Output(content="ok", metadata={"correlation_id": value}), given())

    (finding,) = outcome.findings
    assert finding.message == "the output lists other ids beside its own, and points to no request"


@pytest.mark.parametrize("value", [RUN, TRACE, f"00-{TRACE}-{SPAN}-01", f"{TRACE}-{SPAN}-1-{'4' * 16}", f"req-{RUN}"])
def test_an_id_of_its_own_in_any_form_is_one(value: str) -> None:
    """A trace with its span behind it is one id."""
    assert judged("tracing.output", Output(content="ok", metadata={"correlation_id": value}), given()).result == "pass"
    assert not lists_ids(value, GivenIds(run_id=RUN))
