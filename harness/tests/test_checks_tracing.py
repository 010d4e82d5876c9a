"""The tracing suite on hand-made evidence: which places lost the id, which carry a wrong one, and what is not known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sluicegate.checks import CHECKS, CheckConfig, CheckOutcome, Contribution, Result, measure, run_check
from sluicegate.checks.carrying import Carries, Given, carries
from sluicegate.checks.tracing import SAMPLE, followed, ids_said
from sluicegate.model import (
    Capability,
    Case,
    Crash,
    CrashKind,
    Fault,
    Json,
    NotMeasured,
    Observation,
    Output,
    Provenance,
    Severity,
    Trial,
)
from sluicegate.model import Given as World
from sluicegate.plan.metrics import BUILT_IN
from sluicegate.plan.types import CorrelationSpec, ToolSpec

RUN, OTHER = "00112233445566aa", "ffeeddccbbaa9988"
TRACE, AGAIN = f"{RUN}0000000000000001", f"{RUN}0000000000000002"
METRIC = BUILT_IN["tracing.correlated_rate"]
ALL = CorrelationSpec(sinks=("calls", "logs", "spans", "output"))
AT = "2026-01-29T12:00:00.000000Z"


def seen(double: str, action: str = "x", **detail: Json) -> Observation:
    return Observation(run_id=RUN, double=double, action=action, at=AT, detail=detail)


def given(delivery: int = 0, trace: str = TRACE, logs: str | None = "records") -> Observation:
    return seen("trace", "given", traceparent=f"00-{trace}-b7ad6b7169203331-01", delivery=delivery, logs=logs)


def call(word: str = "own", double: str = "model", action: str = "gpt-5") -> Observation:
    return seen(double, action, correlation={"run": "path", "traceparent": f"00-{TRACE}-{RUN}-01", "carries": word})


def line(word: str = "own", text: str = "asked gpt-5") -> Observation:
    return seen("log", "shop", line=text, carries=word)


def span(word: str = "own", trace: str = TRACE) -> Observation:
    return seen("span", "chat", trace=trace, carries=word)


def answer(**metadata: Json) -> Output:
    return Output(content="Hello", metadata=metadata)


SOUND = answer(correlation_id=RUN)


def trial(*observations: Observation, outputs: tuple[Output, ...] = (SOUND,)) -> Trial:
    return Trial(case=Case(id="c1", input="hi"), outputs=outputs, observations=observations)


def asked(name: str, judged: Trial, spec: CorrelationSpec | None = None, **config: Any) -> CheckOutcome:
    return run_check(CHECKS[f"tracing.{name}"], judged, CheckConfig(correlation=spec, **config))


def measured(judged: Trial, spec: CorrelationSpec | None = None) -> Any:
    return measure(METRIC, judged, {}, CheckConfig(correlation=spec))


class TestCarrying:
    WHO = Given(run_id=RUN, traces={0: TRACE, 1: AGAIN}, under_way=(1,))

    @pytest.mark.parametrize(
        "text",
        [
            f"00-{AGAIN}-b7ad6b7169203331-01",
            f"id={AGAIN.upper()} done",
            f"{AGAIN[:8]}-{AGAIN[8:12]}-{AGAIN[12:16]}-{AGAIN[16:20]}-{AGAIN[20:]}",
            f"req_{RUN}",
            f"Root=1-{AGAIN[:8]}-{AGAIN[8:]};Parent=53995c3f42cd8ad8;Sampled=1",
        ],
    )
    def test_an_id_is_its_own_however_it_is_written(self, text: str) -> None:
        """A traceparent, a trace id in capitals, a UUID, a run id with a word before it, as X-Ray has it."""
        assert carries([text], self.WHO) is Carries.OWN

    def test_the_worst_that_is_said_counts(self) -> None:
        """Beside its own id, that of another delivery or request is still the wrong one."""
        assert carries([AGAIN, TRACE], self.WHO) is Carries.EARLIER
        assert carries([AGAIN, OTHER], self.WHO, knows=lambda run: run == OTHER) is Carries.ANOTHER

    def test_a_strange_id_is_wrong_only_where_the_id_belongs(self) -> None:
        """A digest in a sentence is no id; in the place of the id it is one that nobody gave."""
        assert carries([OTHER], self.WHO) is Carries.NONE
        assert carries([OTHER], self.WHO, is_place=True) is Carries.UNKNOWN
        assert carries(["0" * 32, "-", ""], self.WHO, is_place=True) is Carries.NONE


class TestCases:
    def test_every_case_is_followed_and_a_few_come_twice(self) -> None:
        """Sound ones, under a seed; what fails by script or comes again already is not doubled."""
        plain = [Case(id=f"p{number}", input=number) for number in range(20)]
        broken = Case(id="b", given=World(faults=(Fault(kind="cut"),)))
        cases = followed([*plain, broken], 1)

        assert [case.id for case in cases[:21]] == [case.id for case in (*plain, broken)]
        assert len(cases) == 21 + SAMPLE
        assert all(case.id.endswith("~again") and case.given.deliveries == 2 for case in cases[21:])
        assert followed([*plain, broken], 1) == cases


class TestCalls:
    def test_each_call_without_its_id_is_named(self) -> None:
        """Which of how many, of what kind."""
        outcome = asked("calls", trial(given(), call(), call("none"), call(), call("none", "tool", "order")))

        assert outcome.result is Result.FAIL
        assert [item.message for item in outcome.findings] == [
            "model call 2 of 3 carries no id",
            "tool call 1 of 1 carries no id",
        ]
        assert outcome.findings[0].place == "$.observations.model[1]"

    def test_another_request_s_id_is_an_incident(self) -> None:
        """Worse than none: two requests become one."""
        (made,) = asked("calls", trial(given(), call("another"))).findings
        (fresh,) = asked("calls", trial(given(), call("unknown"))).findings

        assert (made.severity, fresh.severity) == (Severity.INCIDENT, Severity.ERROR)
        assert "another request" in made.message
        assert "of its own making" in fresh.message

    def test_the_id_of_another_delivery_is_wrong(self) -> None:
        """An id that is kept from the first delivery shows in the second."""
        (found,) = asked("calls", trial(given(), call(), given(1, AGAIN), call("earlier"))).findings

        assert found.message == "model call 2 of 2 carries the id of another delivery"

    def test_a_log_that_does_not_say_is_no_pass(self) -> None:
        """Evidence of a version that did not follow ids."""
        old = seen("model", correlation={"run": "path"})

        assert asked("calls", trial(given(), old)).result is Result.ERROR

    def test_calls_that_are_reported_and_not_seen_are_no_pass(self) -> None:
        """The pipeline asks somebody else."""
        claims = Output(content="x", model="gpt-5", metadata={"correlation_id": RUN})

        assert asked("calls", trial(given(), outputs=(claims,))).result is Result.ERROR


class TestLogs:
    def test_a_line_without_the_id_is_named(self) -> None:
        """With the line, masked by whoever kept it."""
        (found,) = asked("logs", trial(given(), line(), line("none", "retrying"))).findings

        assert found.message == "log line 2 of 2 carries no id"
        assert "retrying" in found.excerpt

    def test_lines_nobody_sees_are_not_applicable_unless_the_plan_wants_them(self) -> None:
        """An HTTP service's log; a plan that names logs then holds."""
        blind = trial(given(logs=None))

        assert asked("logs", blind).result is Result.NOT_APPLICABLE
        assert asked("logs", blind, ALL).result is Result.ERROR

    def test_silence_fails_only_where_the_plan_wants_lines(self) -> None:
        """A pipeline need not log."""
        assert asked("logs", trial(given())).result is Result.NOT_APPLICABLE
        assert asked("logs", trial(given()), ALL).result is Result.FAIL


class TestSpans:
    def test_a_span_of_another_trace_is_named(self) -> None:
        """With the trace it names."""
        (found,) = asked("spans", trial(given(), span(), span("unknown", "ab" * 16))).findings

        assert found.message == "span 2 of 2 carries an id of its own making"
        assert "abab" in found.excerpt

    def test_where_the_plan_wants_spans_each_delivery_has_one(self) -> None:
        """A trace that never came is a loss."""
        twice = trial(given(), span(), given(1, AGAIN), outputs=(SOUND, SOUND))

        assert asked("spans", twice).result is Result.PASS
        assert [item.message for item in asked("spans", twice, ALL).findings] == ["delivery 2 has no span in its trace"]

    @pytest.mark.parametrize(
        "detail", [{"refused": "needs opentelemetry-proto"}, {"strays": {"span": 3}}, {"not_kept": {"span": 1}}]
    )
    def test_what_came_and_cannot_be_told_apart_is_no_pass(self, detail: dict[str, Json]) -> None:
        """Unreadable, of no run, or more than is kept."""
        assert asked("spans", trial(given(), seen("trace", "answered", delivery=0, **detail))).result is Result.ERROR

    def test_strays_do_not_spoil_a_trial_with_spans_of_its_own(self) -> None:
        """Work in the background names no run."""
        strays = seen("trace", "answered", delivery=0, strays={"span": 3})

        assert asked("spans", trial(given(), span(), strays)).result is Result.PASS


class TestOutput:
    @pytest.mark.parametrize("value", [RUN, TRACE, f"00-{TRACE}-b7ad6b7169203331-01"])
    def test_an_output_carries_run_trace_or_traceparent(self, value: str) -> None:
        """In the usual place."""
        assert asked("output", trial(given(), outputs=(answer(correlation_id=value),))).result is Result.PASS

    @pytest.mark.parametrize(
        ("output", "said"),
        [
            (answer(), "the output carries no id"),
            (answer(correlation_id="7f3a90c4d1e8b265"), "the output carries an id of its own making"),
            (Output(error=Crash(kind=CrashKind.REPORTED, message="no")), "the output carries no id"),
            (Output(error=Crash(kind=CrashKind.TIMEOUT, message="late")), "never came; the pipeline crashed (timeout)"),
        ],
    )
    def test_an_output_without_it_fails(self, output: Output, said: str) -> None:
        """Errors too: they are what somebody looks up."""
        (found,) = asked("output", trial(given(), outputs=(output,))).findings

        assert said in found.message

    def test_the_plan_says_where_it_stands(self) -> None:
        """Then no other place counts."""
        spec = CorrelationSpec(output_field="structured.request.id")
        there = Output(structured={"request": {"id": RUN}})

        assert asked("output", trial(given(), outputs=(there,)), spec).result is Result.PASS
        assert asked("output", trial(given()), spec).result is Result.FAIL

    def test_a_kept_answer_does_not_hide_the_output_s_own_id(self) -> None:
        """What stands nearest to the output counts: a stored answer inside may name the request that made it."""
        kept = Output(structured={"meta": {"correlation_id": OTHER}}, metadata={"correlation_id": RUN})

        assert asked("output", trial(given(), outputs=(kept,))).result is Result.PASS

    @pytest.mark.parametrize("place", ["structured.request_id", "metadata.correlation_id"])
    def test_another_request_s_id_is_an_incident_beside_the_own_too(self, place: str) -> None:
        """As seen by who knows all requests of the run; the place counts once."""
        both = Output(structured={"request_id": OTHER}, metadata={"correlation_id": RUN})
        closed = seen("trace", "answered", delivery=0, others=[place])
        (found,) = asked("output", trial(given(), closed, outputs=(both,))).findings

        assert (found.severity, found.place) == (Severity.INCIDENT, f"$.{place}")
        assert found.message == "the output carries the id of another request"

    def test_what_a_fresh_answer_names_is_told_and_a_kept_one_may_name_its_maker(self) -> None:
        """By place; an answer inside the answer is none of its own."""
        fresh = Output(
            structured={"request_id": OTHER, "meta": {"run_id": OTHER}}, metadata={"run_id": RUN, "trace_id": 7}
        )

        assert ids_said(fresh) == {"metadata.run_id": RUN, "structured.request_id": OTHER}
        assert ids_said(replace(fresh, provenance=Provenance.CACHED)) == {}

    def test_the_second_delivery_s_output_names_the_second(self) -> None:
        """Its trace, not the first one's."""
        both = (answer(trace_id=TRACE), answer(trace_id=TRACE))
        (found,) = asked("output", trial(given(), given(1, AGAIN), outputs=both)).findings

        assert found.message == "the output of delivery 2 carries the id of another delivery"


class TestMetric:
    def test_everything_that_should_carry_the_id_counts(self) -> None:
        """k of n over calls, lines, spans and outputs."""
        judged = trial(given(), call(), call("none"), line(), line("none"), span(), outputs=(answer(),))

        assert measured(judged) == Contribution(k=3, n=6)

    def test_what_cannot_be_seen_does_not_count(self) -> None:
        """No logs, no spans, no calls: the output alone."""
        assert measured(trial(given(logs=None))) == Contribution(k=1, n=1)

    def test_evidence_that_is_lost_is_no_number(self) -> None:
        """Unknown is never promote."""
        refused = seen("trace", "answered", delivery=0, refused="unreadable")

        assert isinstance(measured(trial(given(), call(), refused)), NotMeasured)

    def test_a_run_that_gave_no_id_is_not_judged(self) -> None:
        """A recording: every check is not applicable, which holds the suite, and the metric has no number."""
        recorded = trial()

        assert {asked(name, recorded).result for name in ("calls", "logs", "spans", "output")} == {
            Result.NOT_APPLICABLE
        }
        assert isinstance(measured(recorded), NotMeasured)

    def test_no_capability_is_needed(self) -> None:
        """A pipeline without calls is judged by its output."""
        outcome = asked("output", trial(given()), capabilities=frozenset[Capability]())

        assert outcome.result is Result.PASS


def test_what_a_pipeline_tells_of_itself_is_no_call_that_was_seen() -> None:
    """Log lines show nobody that a tool was not called twice."""
    twice = Case(id="c1", input="hi", given=World(deliveries=2))
    told = Trial(case=twice, outputs=(SOUND, SOUND), observations=(given(), line(), span()))
    writes = CheckConfig(tools=(ToolSpec(name="draft", path="/drafts", writes=True),))

    assert run_check(CHECKS["idempotency.once"], told, writes).result is Result.NOT_APPLICABLE
