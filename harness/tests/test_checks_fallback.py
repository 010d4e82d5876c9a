"""The fallback suite: a failing model is followed by the next one, in bounds, and the answer says so."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from sluicegate.checks import CHECKS, SUITES, CheckConfig, run_check
from sluicegate.checks.measures import measure
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
    Mail,
    Observation,
    Output,
    Provenance,
    Rule,
    Trial,
    Usage,
    rfc3339,
)
from sluicegate.plan.metrics import BUILT_IN

BEGUN = datetime(2026, 1, 29, 12, 0, tzinfo=UTC)
CONFIG = CheckConfig(capabilities=frozenset({Capability.MODEL}))
FAILING = Case(id="c-1", given=Given(faults=(Fault(kind="server_error"),)))
ANSWER = Output(content="The port is open again.", model="b", metadata={"fallback": True})
GAVE_UP = Output(error=Crash(kind=CrashKind.REPORTED, message="MODEL_UNAVAILABLE: no model could be reached"))


def call(model: str, at_ms: float = 0, *, status: int | None = 200, took_ms: float = 10, **more) -> Observation:
    detail = {"protocol": "openai.chat", "status": status, "fault": None, "prompt_digest": "p", "latency_ms": took_ms}
    at = rfc3339(BEGUN + timedelta(milliseconds=at_ms))
    return Observation(run_id="0" * 16, double="model", action=model, at=at, detail={**detail, **more})


def judged(check: str, *calls: Observation, outputs: tuple[Output, ...] = (ANSWER,), case: Case = FAILING):
    trial = Trial(case=case, outputs=outputs, observations=calls)
    return run_check(CHECKS[f"fallback.{check}"], trial, CONFIG)


def expecting(case: Case = FAILING, **expect) -> Case:
    return replace(case, expect=Expect(**expect))


class TestOrder:
    @pytest.mark.parametrize(
        ("called", "result"),
        [("aab", "pass"), ("a", "fail"), ("ba", "fail"), ("aba", "fail"), ("abc", "fail"), ("ac", "fail")],
    )
    def test_models_are_asked_as_the_case_says(self, called, result):
        """Tries of one model in a row count as one; a model left out, swapped, added or returned to is a finding."""
        outcome = judged("order", *(call(name) for name in called), case=expecting(model_order=("a", "b")))

        assert outcome.result == result
        if result == "fail":
            assert "a → b" in outcome.findings[0].message
            assert " → ".join(dict.fromkeys(called[:2])) in outcome.findings[0].excerpt

    def test_an_empty_order_allows_no_call(self):
        """A command without data or budget asks nobody."""
        case = expecting(model_order=(), outcome="error")

        assert judged("order", call("a"), case=case, outputs=(GAVE_UP,)).result == "fail"
        assert judged("order", case=case, outputs=(GAVE_UP,)).result == "pass"

    def test_a_pipeline_that_ignores_the_base_url_is_no_pass(self):
        """It names a model and no call arrived: nothing is known, which holds."""
        outcome = judged("order", case=expecting(model_order=()))

        assert outcome.result == "error"
        assert "base URL" in outcome.reason


class TestBounded:
    def test_four_tries_of_one_prompt_are_enough(self):
        """Without limits of the case: four of one model with one prompt a delivery, and as many with another prompt."""
        four = [call("a", status=500) for _ in range(4)]

        assert judged("bounded", *four, call("a", prompt_digest="q")).result == "pass"
        assert judged("bounded", *four, call("a")).result == "fail"
        assert judged("bounded", *four, call("a"), outputs=(ANSWER, ANSWER)).result == "pass"

    def test_a_prompt_that_changes_with_each_try_is_a_retry_all_the_same(self):
        """Twelve failures of one model are too many, whatever is asked."""
        tries = [call("a", status=500, prompt_digest=str(turn)) for turn in range(13)]

        assert judged("bounded", *tries[:12]).result == "pass"
        assert judged("bounded", *tries).result == "fail"

    @pytest.mark.parametrize(
        ("limit", "result"),
        [
            (CallLimit(target="model", most=2), "fail"),
            (CallLimit(target="model:a", most=2), "pass"),
            (CallLimit(target="model:b", least=2), "fail"),
            (CallLimit(target="model:c", least=1), "fail"),
            (CallLimit(target="retriever", most=0), "pass"),
        ],
    )
    def test_the_limits_of_the_case_come_first(self, limit, result):
        """Of all models, of one, at least; those of other doubles are not asked here."""
        assert judged("bounded", call("a"), call("a"), call("b"), case=expecting(calls=(limit,))).result == result


class TestBackoff:
    @pytest.mark.parametrize(("again_ms", "result"), [(300, "fail"), (455, "fail"), (470, "pass"), (900, "pass")])
    def test_nobody_comes_back_before_retry_after(self, again_ms, result):
        """Counted from when the answer went out, with 50 ms of grace."""
        first = call("a", status=429, retry_after="0.5")

        assert judged("backoff", first, call("a", again_ms)).result == result

    def test_a_date_is_kept_as_well(self):
        """Retry-After in its other form."""
        first = call("a", status=503, retry_after=format_datetime(BEGUN + timedelta(seconds=3), usegmt=True))

        assert judged("backoff", first, call("a", 2_000)).result == "fail"
        assert judged("backoff", first, call("a", 3_000)).result == "pass"

    def test_the_next_model_need_not_wait(self):
        """And what was under way when the answer came is no return."""
        first = call("a", status=429, retry_after="5", took_ms=100)

        assert judged("backoff", first, call("b", 101)).result == "pass"
        assert judged("backoff", first, call("a", 50)).result == "pass"

    @pytest.mark.parametrize(
        ("times", "result"),
        [
            ((0, 60, 170), "pass"),
            ((0, 12, 24), "fail"),
            ((0, 11), "pass"),
            ((0, 1010, 1320), "pass"),
            ((0, 2010, 2820, 3030), "fail"),
            ((0, 2010, 2820, 3830), "pass"),
            ((0, 110, 160), "pass"),
        ],
    )
    def test_waits_are_there_and_do_not_shrink(self, times, result):
        """One try at once is allowed, two are not; one shorter wait may be drawn by chance, two in a row are a rule."""
        assert judged("backoff", *(call("a", at, status=500) for at in times)).result == result

    def test_a_wait_that_was_asked_for_is_not_the_callers_own(self):
        """Half a second by Retry-After, then a short wait of its own: nothing shrank."""
        tries = [call("a", status=429, retry_after="1"), call("a", 1_050, status=500), call("a", 1_100)]

        assert judged("backoff", *tries).result == "pass"

    def test_the_suite_names_a_time_that_every_client_can_read(self):
        """Whole seconds, as RFC 9110 has them: urllib3 raises at any other, and its caller came back too soon."""
        cases = SUITES["fallback"].cases([Case(id=f"c-{number}", input=str(number)) for number in range(30)], 1)
        waits = [fault.retry_after_s for case in cases for fault in case.given.faults if fault.kind == "rate_limit"]

        assert waits
        assert all(wait is not None and wait >= 1 and wait == int(wait) for wait in waits)


class TestEnds:
    ENDING = expecting(outcome="error", must=(Rule(field="error.message", contains="MODEL_UNAVAILABLE"),))

    def test_a_clear_error_is_the_right_end(self):
        """All models failed, and the pipeline says so."""
        assert judged("ends", call("a", status=500), case=self.ENDING, outputs=(GAVE_UP,)).result == "pass"

    @pytest.mark.parametrize(
        "output",
        [
            Output(content=""),
            Output(content="Here you are.", model="a"),
            Output(error=Crash(kind=CrashKind.EXCEPTION, message="MODEL_UNAVAILABLE")),
            Output(error=Crash(kind=CrashKind.TIMEOUT, message="no answer within 15 s")),
            Output(error=Crash(kind=CrashKind.REPORTED, message="'NoneType' object has no attribute 'text'")),
            Output(error=Crash(kind=CrashKind.REPORTED, message="?")),
            Output(error=Crash(kind=CrashKind.REPORTED, message="NO_DATA: nothing was found")),
        ],
    )
    def test_anything_else_is_not(self, output):
        """An empty answer, a made-up one, an exception, a time-out, a Python error as text, another code."""
        assert judged("ends", call("a", status=500), case=self.ENDING, outputs=(output,)).result == "fail"

    def test_it_comes_in_time(self):
        """The case's limit holds for errors too."""
        case = expecting(outcome="error", limits=Limits(latency_ms=2_000))
        slow = replace(GAVE_UP, latency_ms=2_001.0)

        assert judged("ends", call("a", status=500), case=case, outputs=(slow,)).result == "fail"
        assert judged("ends", call("a", status=500), case=case, outputs=(GAVE_UP,)).result == "pass"

    def test_a_pipeline_may_answer_without_a_model_where_the_case_says_so(self):
        """A verification template is an answer; where the case says nothing, all models failing is an error."""
        template = Output(content="Please send us your order number.")

        assert (
            judged("ends", call("a", status=500), case=expecting(outcome="answer"), outputs=(template,)).result
            == "pass"
        )
        assert judged("ends", call("a", status=500), outputs=(template,)).result == "fail"


class TestWhole:
    @pytest.mark.parametrize("kind", ["cut", "malformed", "empty", "refuse", "content_filter"])
    def test_half_an_answer_is_none(self, kind):
        """The log shows no whole completion, and the output presents one."""
        outcome = judged("whole", call("a", fault=kind), outputs=(replace(ANSWER, model="a"),))

        assert outcome.result == "fail"
        assert kind in outcome.findings[0].excerpt

    def test_a_whole_one_after_it_is(self):
        """The next model answered."""
        assert judged("whole", call("a", fault="cut"), call("b", 20)).result == "pass"

    def test_an_answer_without_a_model_presents_no_completion(self):
        """Neither a model nor tokens are claimed."""
        template = Output(content="Please send us your order number.", usage=Usage(input_tokens=0, output_tokens=0))

        assert judged("whole", call("a", fault="cut"), outputs=(template,)).result == "pass"

    def test_the_words_of_a_refusal_are_no_answer(self):
        """Even where another call was answered."""
        refusal = Output(content="Insight: I cannot help with that.", model="b")

        assert judged("whole", call("a", fault="refuse"), call("b", 20), outputs=(refusal,)).result == "fail"


class TestTold:
    @pytest.mark.parametrize("model", ["b", "b-2026-01-01", "b, b"])
    def test_the_model_that_answered_may_be_named(self, model):
        """Itself, a dated snapshot of it, several of them."""
        assert (
            judged("told", call("a", status=500), call("b", 20), outputs=(replace(ANSWER, model=model),)).result
            == "pass"
        )

    @pytest.mark.parametrize("model", ["a", "c", "a + b", "bb"])
    def test_no_other_may(self, model):
        """One that failed, one that was never asked, one of two."""
        outcome = judged("told", call("a", status=500), call("b", 20), outputs=(replace(ANSWER, model=model),))

        assert outcome.result == "fail"
        assert f"the pipeline says '{model.split(' ')[0]}'" in outcome.findings[0].message

    def test_a_fallback_is_not_denied_and_not_made_up(self):
        """By flag or by route."""
        fell = (call("a", status=500), call("b", 20))

        assert judged("told", *fell, outputs=(replace(ANSWER, metadata={"fallback": False}),)).result == "fail"
        assert judged("told", call("b"), outputs=(ANSWER,)).result == "fail"
        assert judged("told", call("b"), outputs=(Output(content="x", model="b", route="fallback"),)).result == "fail"
        assert judged("told", call("b"), outputs=(Output(content="x", model="b", route="primary"),)).result == "pass"

    def test_a_retry_of_the_same_model_is_no_fallback(self):
        """It failed once and answered the second time."""
        retried = (call("b", status=500), call("b", 50))

        assert judged("told", *retried, outputs=(replace(ANSWER, metadata={"fallback": False}),)).result == "pass"

    def test_a_kept_answer_is_not_live(self):
        """Two live answers and one call: the second is a cache that says otherwise."""
        case = Case(id="c-1", given=Given(deliveries=2))
        kept = replace(ANSWER, provenance=Provenance.CACHED)
        plain = replace(ANSWER, metadata={})

        assert judged("told", call("b"), outputs=(plain, plain), case=case).result == "fail"
        assert judged("told", call("b"), outputs=(plain, kept), case=case).result == "pass"

    @pytest.mark.parametrize("word", [word for word in Provenance if word is not Provenance.LIVE])
    def test_no_other_word_than_live_excuses_what_the_log_speaks_against(self, word):
        """Another model, a fallback denied or made up: the answer may be of another run, so nobody knows."""
        fell = (call("a", status=500), call("b", 20))
        kept = replace(ANSWER, provenance=word, metadata={})
        denying, making_up = replace(kept, metadata={"fallback": False}), replace(kept, metadata={"fallback": True})

        for seen, told in ((fell, replace(kept, model="c")), (fell, denying), ((call("b"),), making_up)):
            outcome = judged("told", *seen, outputs=(told,))
            assert outcome.result == "error"
            assert f"said to be {word}" in outcome.reason

    def test_a_kept_answer_that_agrees_or_that_nothing_speaks_of_passes(self):
        """Named as the log shows it; or no model answered in this run, as where the cache is the way out."""
        kept = replace(ANSWER, provenance=Provenance.CACHED, metadata={"fallback": True})
        fell = (call("a", status=500), call("b", 20))

        assert judged("told", *fell, outputs=(kept,)).result == "pass"
        assert judged("told", call("a", status=500), outputs=(replace(kept, model="c"),)).result == "pass"
        assert judged("told", outputs=(replace(kept, model="c"),)).result == "pass"


class TestCases:
    def test_those_that_speak_of_models_are_taken_as_they_are(self):
        """Model faults, an order, an expected error, deliveries that repeat; not the faults of other doubles."""
        own = [
            FAILING,
            Case(id="o", expect=Expect(model_order=("a",))),
            Case(id="e", expect=Expect(outcome="error")),
            Case(id="d", given=Given(deliveries=2)),
        ]
        slow = Case(id="s", given=Given(faults=(Fault(kind="slow", target="retriever"),)))

        taken = SUITES["fallback"].cases([*own, slow], 1)

        assert [case.id for case in taken if "~" not in case.id] == ["c-1", "o", "e", "d"]

    def test_sound_ones_are_given_a_first_call_that_fails(self):
        """Ten under a seed, two of each kind; what they must say stays, limits and order do not."""
        rule = Rule(field="content", contains="x")
        plain = [Case(id=f"p{n}", input=n, expect=Expect(must=(rule,), limits=Limits(latency_ms=1))) for n in range(30)]

        derived = SUITES["fallback"].cases(plain, 7)

        words = sorted(case.id.partition("~")[2] for case in derived)
        assert words == sorted(["limited", "down", "cut", "malformed", "empty"] * 2)
        assert derived == SUITES["fallback"].cases(plain, 7) != SUITES["fallback"].cases(plain, 8)
        for case in derived:
            assert [fault.on_call for fault in case.given.faults] == [1]
            assert case.expect == Expect(must=(rule,))


class TestMetrics:
    def measured(self, name, *calls, outputs=(ANSWER,), case=FAILING):
        trial = Trial(case=case, outputs=outputs, observations=calls)
        return measure(BUILT_IN[name], trial, {}, CONFIG)

    def test_a_case_counts_as_correct_when_every_check_holds(self):
        """One that fails is enough."""
        right = self.measured("fallback.correct_rate", call("a", status=500), call("b", 20))
        wrong = self.measured(
            "fallback.correct_rate", call("a", status=500), call("b", 20), outputs=(Output(model="a"),)
        )

        assert (right.k, right.n, wrong.k, wrong.n) == (1, 1, 0, 1)

    def test_the_rate_counts_cases_in_which_another_model_answered(self):
        """Of those that a model answered: where all fail nobody took over, and crashing more improves no rate."""
        fell = self.measured("fallback.rate", call("a", status=500), call("b", 20))
        not_fallen = self.measured("fallback.rate", call("b", status=500), call("b", 50))

        assert (fell.k, not_fallen.k) == (1, 0)
        assert self.measured("fallback.rate", outputs=(GAVE_UP,)) is None
        assert self.measured("fallback.rate", call("a", status=500), outputs=(GAVE_UP,)) is None


@pytest.mark.parametrize("name", SUITES["fallback"].checks)
@pytest.mark.parametrize(
    "detail",
    [{"status": "200"}, {"latency_ms": "x"}, {"retry_after": "soon"}, {"retry_after": 5}, {"prompt_digest": ["x"]}, {}],
)
def test_a_strange_log_raises_nothing(name, detail):
    """Whatever an old or foreign log holds, the answer is typed."""
    broken = Observation(run_id="0" * 16, double="model", action="a", at="2026-01-29T12:00:00Z", detail=detail)
    trial = Trial(case=expecting(model_order=("a",)), outputs=(ANSWER,), observations=(broken, broken, broken))

    assert "raised" not in run_check(CHECKS[name], trial, CONFIG).reason


def test_a_copy_that_meets_a_fault_is_a_message_of_its_own():
    """A pipeline that remembers messages by their id would answer it from the case's own run, and ask no model."""
    case = Case(id="c", given=Given(mail=Mail(sender="a@b.test", message_id="<m1@shop.test>")))

    (copy,) = SUITES["fallback"].cases([case], 0)

    word = copy.id.partition("~")[2]
    assert copy.given.faults
    assert copy.given.mail == Mail(sender="a@b.test", message_id=f"<m1.{word}@shop.test>")
