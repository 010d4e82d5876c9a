"""What one trial contributes to a metric, and what is never a number."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from sluicegate.checks import CheckConfig, Contribution, admitted, compile_contract, measure, provenance_of
from sluicegate.checks.limits import limit_failures
from sluicegate.checks.success import success
from sluicegate.model import (
    Capability,
    Case,
    Crash,
    CrashKind,
    Expect,
    Given,
    Limits,
    Mail,
    NotMeasured,
    Observation,
    Output,
    Provenance,
    Rule,
    Trial,
    Usage,
)
from sluicegate.plan.metrics import BUILT_IN
from sluicegate.plan.types import Better, Metric, MetricKind, Scale, ToolSpec

GOOD = Output(
    content="ok",
    structured={"id": "1", "sharpe": 0.4},
    latency_ms=120.0,
    cost_microusd=90,
    usage=Usage(input_tokens=100, output_tokens=20),
)
CRASH = Output(error=Crash(kind=CrashKind.TIMEOUT, message="30 s"))
CONFIG = CheckConfig(contracts={"structured": compile_contract({"type": "object", "required": ["id"]})})
TOOLS = CheckConfig(tools=(ToolSpec(name="store", path="/s", writes=True),))
LIMITED = Case(id="c-1", expect=Expect(limits=Limits(latency_ms=200, tokens=120, cost_microusd=90)))


def trial(*outputs: Output, case: Case | None = None, seen: int = 0) -> Trial:
    seen_calls = tuple(
        Observation(run_id="0" * 16, double="tool", action="store", at="", detail={"status": 201}) for _ in range(seen)
    )
    return Trial(case=case or Case(id="c-1"), outputs=outputs or (GOOD,), observations=seen_calls)


def of(
    name: str, *outputs: Output, case: Case | None = None, config: CheckConfig = CONFIG, results=None, seen: int = 0
):
    return measure(BUILT_IN[name], trial(*outputs, case=case, seen=seen), results or {}, config)


def own(kind: MetricKind = MetricKind.PROPORTION, better: Better = Better.HIGHER, **source) -> Metric:
    return Metric(name="own", kind=kind, better=better, scale=Scale.NUMBER, unit="case", **source)


@pytest.mark.parametrize(
    ("name", "contribution"),
    [
        ("draft.success_rate", Contribution(k=1, n=1)),
        ("errors.rate", Contribution(k=0, n=1)),
        ("crashes", Contribution(k=0, n=1)),
        ("schema.valid_rate", Contribution(k=1, n=1)),
        ("schema.violations", Contribution(k=0, n=1)),
        ("latency", Contribution(value=120.0)),
        ("tokens.input", Contribution(value=100.0)),
        ("tokens.output", Contribution(value=20.0)),
        ("tokens.total", Contribution(value=120.0)),
        ("cost.per_case", Contribution(value=90.0)),
        ("cost.total", Contribution(value=90.0)),
    ],
)
def test_a_good_trial(name, contribution):
    """One unit of evidence for each built-in metric."""
    assert of(name) == contribution


@pytest.mark.parametrize(
    ("name", "contribution"),
    [
        ("draft.success_rate", Contribution(k=0, n=1)),
        ("errors.rate", Contribution(k=1, n=1)),
        ("crashes", Contribution(k=1, n=1)),
        ("schema.valid_rate", Contribution(k=0, n=1)),
        ("latency", Contribution(value=math.inf, failed=True)),
        ("ttft", Contribution(value=math.inf, failed=True)),
    ],
)
def test_a_crash_counts(name, contribution):
    """A failed attempt is a failure and an infinite latency; it never leaves the denominator."""
    assert of(name, CRASH) == contribution


@pytest.mark.parametrize(
    "name", ["tokens.input", "tokens.output", "tokens.total", "cost.per_case", "cost.total", "ttft", "latency"]
)
@pytest.mark.parametrize(
    "output", [Output(content="ok"), Output(content="ok", latency_ms=math.nan, ttft_ms=-1, cost_microusd=-1)]
)
def test_an_unknown_number_is_not_measured(name, output):
    """Never 0, and neither NaN nor a negative one."""
    assert isinstance(of(name, output), NotMeasured)


@pytest.mark.parametrize("name", ["tokens.total", "cost.per_case"])
def test_what_a_crash_cost_is_unknown(name):
    """The tokens of a call that never answered are nobody's guess."""
    assert isinstance(of(name, CRASH), NotMeasured)
    assert of(name, replace(CRASH, cost_microusd=5, usage=Usage(input_tokens=2, output_tokens=3))).value == 5.0


@pytest.mark.parametrize("kind", [CrashKind.NOT_RECORDED, CrashKind.NOT_SENT])
@pytest.mark.parametrize("name", ["draft.success_rate", "errors.rate", "crashes", "latency", "schema.valid_rate"])
def test_a_pipeline_never_called_contributes_nothing(kind, name):
    """A hole in a recording is neither a success nor a failure nor a crash."""
    assert of(name, Output(error=Crash(kind=kind, message="no row"))) == NotMeasured(reason="no row")


def test_a_case_that_the_pipeline_cannot_answer_says_nothing():
    """Right or wrong, it is neither a success nor a failure; with the capability, or when it crashes, it counts."""
    case = Case(id="c", needs=(Capability.MAIL,))
    asked = trial(Output(content="anything"), case=case)
    without, able = (CheckConfig(capabilities=frozenset(has)) for has in ((), (Capability.MAIL,)))

    assert measure(BUILT_IN["draft.success_rate"], asked, {}, without) is None
    assert measure(BUILT_IN["errors.rate"], asked, {}, without) is None
    assert measure(BUILT_IN["errors.rate"], asked, {}, able) == Contribution(k=0, n=1)
    assert measure(BUILT_IN["crashes"], trial(CRASH, case=case), {}, without) == Contribution(k=1, n=1)


def test_an_expected_error_is_no_crash():
    """Where the case expects an error, a reported one is right."""
    case = Case(id="c-1", expect=Expect(outcome="error"))
    reported = Output(error=Crash(kind=CrashKind.REPORTED, message="all models failed"))

    assert of("crashes", reported, case=case) == Contribution(k=0, n=1)
    assert of("crashes", reported) == Contribution(k=1, n=1)


def test_success_is_an_answer_within_limits_that_contract_and_case_accept():
    """Every part of the definition alone can take it away."""
    must = Case(id="c-1", expect=Expect(must=(Rule(field="content", contains="sorry"),)))

    assert success(trial(), CONFIG) is True
    assert success(trial(CRASH), CONFIG) is False
    assert success(trial(case=LIMITED), CONFIG) is True
    assert success(trial(replace(GOOD, latency_ms=201.0), case=LIMITED), CONFIG) is False
    assert success(trial(replace(GOOD, structured={})), CONFIG) is False
    assert success(trial(case=must), CONFIG) is False
    assert success(trial(GOOD, CRASH), CONFIG) is False


def test_an_unknown_number_is_within_no_limit():
    """A limit is kept when that is shown."""
    failures = list(limit_failures(LIMITED.expect.limits, Output(content="ok", latency_ms=math.nan)))

    assert [name for name, _, _ in failures] == ["latency_ms", "tokens", "cost_microusd"]
    assert [limit for _, _, limit in failures] == [200, 120, 90]
    assert [str(value) for _, value, _ in failures] == ["nan", "None", "None"]


def test_success_is_not_measured_where_a_check_raised():
    """Our own fault is neither a success nor a failure of the pipeline."""
    answer = success(trial(), CONFIG, {"schema.valid": "error", "schema.must": "pass"})

    assert isinstance(answer, NotMeasured)
    assert success(trial(), CONFIG, {"schema.valid": "error", "schema.must": "fail"}) is False


def test_answers_at_hand_are_used_and_others_found():
    """A recount may pass no results at all."""
    assert of("schema.valid_rate", results={"schema.valid": "fail"}) == Contribution(k=0, n=1)
    assert of("schema.valid_rate", Output(structured={})) == Contribution(k=0, n=1)


def test_without_a_contract_validity_is_not_measured():
    """No contract, no rate."""
    assert isinstance(of("schema.valid_rate", config=CheckConfig()), NotMeasured)


@pytest.mark.parametrize(
    ("outputs", "seen", "measured"),
    [
        ((GOOD, GOOD), 1, Contribution(k=0, n=1)),
        ((GOOD, GOOD), 2, Contribution(k=1, n=1)),
        ((GOOD, Output(content="other")), 1, Contribution(k=1, n=1)),
        ((GOOD, CRASH), 2, Contribution(k=1, n=1)),
        ((GOOD, CRASH), 1, NotMeasured(reason="case c-1 gave no answer to judge", mend="See crashes.")),
    ],
)
def test_idempotency_violations(outputs, seen, measured):
    """Either check's failure is one incident; a crash alone shows nothing."""
    case = Case(id="c-1", given=Given(deliveries=2))

    assert of("idempotency.violations", *outputs, case=case, config=TOOLS, seen=seen) == measured


def test_idempotency_asks_only_repeated_cases_and_seen_effects():
    """A case delivered once is not asked; effects nobody saw are not measured."""
    case = Case(id="c-1", given=Given(deliveries=2))

    assert of("idempotency.violations", config=TOOLS, seen=1) is None
    assert isinstance(of("idempotency.violations", GOOD, GOOD, case=case, config=CONFIG, seen=1), NotMeasured)


def test_the_worst_delivery_counts():
    """A trial of several deliveries is one unit; money adds up only in the total."""
    cached = replace(GOOD, latency_ms=1.0, cost_microusd=10)

    assert of("latency", GOOD, cached).value == 120.0
    assert of("cost.per_case", GOOD, cached).value == 90.0
    assert of("cost.total", GOOD, cached).value == 100.0


def test_own_metric_by_rule():
    """The share of trials for which the rule holds; as incidents, one wherever it does."""
    rule = Rule(field="content", contains="ok")

    assert measure(own(rule=rule), trial(), {}, CONFIG) == Contribution(k=1, n=1)
    assert measure(own(rule=rule), trial(CRASH), {}, CONFIG) == Contribution(k=0, n=1)
    assert measure(own(MetricKind.INCIDENTS, Better.LOWER, rule=rule), trial(), {}, CONFIG) == Contribution(k=1, n=1)


@pytest.mark.parametrize("source", [{"rule": Rule(field="content", contains="ok")}, {"check": "polite"}])
@pytest.mark.parametrize("said", ["pass", "fail"])
def test_a_crash_counts_on_the_bad_side_of_an_own_share(source, said):
    """Whichever side that is; where both sides are bad, it shows nothing. So crashing more improves no number."""
    results = {"polite": said}

    assert measure(own(**source), trial(CRASH), results, CONFIG) == Contribution(k=0, n=1)
    assert measure(own(better=Better.LOWER, **source), trial(CRASH), results, CONFIG) == Contribution(k=1, n=1)
    assert isinstance(measure(own(better=Better.INSIDE, **source), trial(CRASH), results, CONFIG), NotMeasured)


def test_of_several_deliveries_the_bad_one_counts():
    """A text that must be rare counts where any delivery has it, one that must be there where none lacks it."""
    rule, other = Rule(field="content", contains="ok"), replace(GOOD, content="no")

    assert measure(own(rule=rule), trial(GOOD, other), {}, CONFIG) == Contribution(k=0, n=1)
    assert measure(own(better=Better.LOWER, rule=rule), trial(GOOD, other), {}, CONFIG) == Contribution(k=1, n=1)


def test_own_metric_by_value():
    """The number at a path; a failed attempt is worse than any; what is no number is not measured."""
    kind = MetricKind.DISTRIBUTION

    assert measure(own(kind, value_at="structured.sharpe"), trial(), {}, CONFIG) == Contribution(value=0.4)
    assert measure(own(kind, value_at="structured.sharpe"), trial(CRASH), {}, CONFIG).value == -math.inf
    assert measure(own(kind, Better.LOWER, value_at="structured.loss"), trial(CRASH), {}, CONFIG).value == math.inf
    assert isinstance(measure(own(kind, value_at="structured.id"), trial(), {}, CONFIG), NotMeasured)
    assert isinstance(measure(own(kind, value_at="structured.loss"), trial(), {}, CONFIG), NotMeasured)


def test_an_error_the_case_expects_has_no_value():
    """It is a right answer without one; one that nobody expects is a failed attempt."""
    refused = Output(error=Crash(kind=CrashKind.REPORTED, message="no model"))
    metric = own(MetricKind.DISTRIBUTION, value_at="structured.sharpe")
    expected = trial(refused, case=Case(id="c-1", expect=Expect(outcome="error")))

    assert measure(metric, expected, {}, CONFIG) is None
    assert measure(metric, trial(refused), {}, CONFIG).failed


@pytest.mark.parametrize(
    ("result", "measured"),
    [("pass", Contribution(k=1, n=1)), ("fail", Contribution(k=0, n=1)), ("not_applicable", None)],
)
def test_own_metric_by_check(result, measured):
    """The share of trials that pass a check of the user's."""
    assert measure(own(check="polite"), trial(), {"polite": result}, CONFIG) == measured


def test_a_check_that_did_not_answer_is_not_measured():
    """Missing or raised: no number, and the nearest name."""
    raised = measure(own(check="polite"), trial(), {"polite": "error"}, CONFIG)
    missing = measure(own(check="polit"), trial(), {"polite": "pass"}, CONFIG)

    assert isinstance(raised, NotMeasured)
    assert isinstance(missing, NotMeasured)
    assert missing.mend == "Did you mean 'polite'?"


def test_a_metric_of_another_source_is_not_measured():
    """What outputs do not carry is not made up."""
    assert isinstance(of("review.approval_rate"), NotMeasured)


@pytest.mark.parametrize("provenance", [Provenance.CACHED, Provenance.REPLAYED, Provenance.MOCKED])
def test_only_live_outputs_are_evidence_of_latency_and_cost(provenance):
    """Unless the criterion says otherwise."""
    for name in ("latency", "ttft", "cost.per_case"):
        assert admitted(BUILT_IN[name], (), Provenance.LIVE)
        assert not admitted(BUILT_IN[name], (), provenance)
        assert admitted(BUILT_IN[name], (provenance.value,), provenance)


def test_mocked_outputs_are_evidence_of_nothing():
    """Unless the criterion says otherwise; replayed ones show what was answered."""
    assert admitted(BUILT_IN["draft.success_rate"], (), Provenance.REPLAYED)
    assert not admitted(BUILT_IN["draft.success_rate"], (), Provenance.MOCKED)


def test_one_cached_delivery_makes_the_trial_cached():
    """The least direct provenance is the trial's."""
    assert provenance_of(trial(GOOD, replace(GOOD, provenance=Provenance.CACHED))) is Provenance.CACHED
    assert provenance_of(trial(GOOD)) is Provenance.LIVE


def test_a_mail_is_success_too():
    """A contract on the mail decides for a pipeline that drafts."""
    config = CheckConfig(contracts={"mail": compile_contract("mail-draft")})

    assert success(trial(Output(mail=Mail(to=("a@b.test",), subject="Re", body="Hi"))), config) is True
    assert success(trial(Output(mail=Mail(to=("a@b.test",), subject="Re", body="{{x}}"))), config) is False


def test_a_crash_is_an_incident_of_crashes_only():
    """It shows no broken contract, no broken rule and no second draft; a rollback needs the fact itself."""
    rule = Rule(field="content", contains="ok")

    assert isinstance(of("schema.violations", CRASH), NotMeasured)
    for source in ({"rule": rule}, {"check": "polite"}):
        metric = own(MetricKind.INCIDENTS, Better.LOWER, **source)
        assert isinstance(measure(metric, trial(CRASH), {"polite": "fail"}, CONFIG), NotMeasured)
    assert of("schema.violations", Output(structured={})) == Contribution(k=1, n=1)
    failing = own(MetricKind.INCIDENTS, Better.LOWER, check="polite")
    assert measure(failing, trial(), {"polite": "fail"}, CONFIG) == Contribution(k=1, n=1)


def test_checks_that_could_not_judge_measure_nothing():
    """An error in ours, or a text too long to search, is no number."""
    twice = Case(id="c-1", given=Given(deliveries=2))
    huge = Output(content="a" * 1_000_001)
    matching = own(rule=Rule(field="content", matches="a"))
    raised = {"idempotency.once": "error", "idempotency.same": "pass"}

    assert isinstance(of("schema.valid_rate", results={"schema.valid": "error"}), NotMeasured)
    assert isinstance(of("draft.success_rate", results={"schema.valid": "error"}), NotMeasured)
    assert isinstance(of("idempotency.violations", GOOD, GOOD, case=twice, config=TOOLS, results=raised), NotMeasured)
    assert isinstance(measure(matching, trial(huge), {}, CONFIG), NotMeasured)
    assert isinstance(success(trial(Output(error=Crash(kind=CrashKind.NOT_SENT, message="x"))), CONFIG), NotMeasured)
