"""Scorers say how right an answer is, 0 to 1; what cannot be scored is no number, and an error is never a 0."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluicegate.checks import CheckConfig, Contribution
from sluicegate.checks.measures import measure
from sluicegate.checks.scorers import SCORED_AS, Unscorable, score
from sluicegate.errors import InputError
from sluicegate.model import Case, Crash, CrashKind, NotMeasured, Output, Trial
from sluicegate.pipelines.own_scorer import Fields, OwnScorer
from sluicegate.plan.scoring import BUILT_IN_SCORERS, ScoreSpec
from sluicegate.plan.types import Better, Metric, MetricKind, Scale

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab 1é", max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("xyz", min_size=1, max_size=2), inner, max_size=3)
    ),
    max_leaves=8,
)


def scored(by: str, known: Any, got: Any, /, **said: Any) -> float:
    output = Output(content=got) if isinstance(got, str) else Output(structured=got)
    return score(ScoreSpec(by=by, **said), known, output)


@given(expected=JSON.filter(lambda value: value is not None), got=JSON)
def test_a_score_lies_within_0_and_1_and_the_same_is_1(expected: Any, got: Any) -> None:
    """Whatever is expected and given; what the case does not say is Unscorable, and nothing else is raised."""
    for by in BUILT_IN_SCORERS:
        for answer in (got, expected):
            try:
                found = scored(by, expected, answer)
            except Unscorable:
                continue
            assert 0.0 <= found <= 1.0
            if answer is expected and by not in ("json", "fields"):
                assert found == 1.0, by


@pytest.mark.parametrize(
    ("by", "said", "expected", "got", "known"),
    [
        ("exact", {}, "Paris", "Paris", 1),
        ("exact", {}, "Paris", "paris", 0),
        ("exact", {}, {"a": 1}, {"a": 1.0}, 1),
        ("exact", {}, {"a": True}, {"a": 1}, 0),
        ("exact", {"field": "structured.city", "expected": "city"}, {"city": "Rome", "x": 1}, {"city": "Rome"}, 1),
        ("exact", {"field": "structured.city", "expected": "city"}, {"city": "Rome"}, {"town": "Rome"}, 0),
        ("numeric", {}, 10, "10.4", 0),
        ("numeric", {"tolerance": Fraction(1, 2)}, 10, "10.4", 1),
        ("numeric", {"tolerance": Fraction(1, 20), "relative": True}, 100, "105", 1),
        ("numeric", {"tolerance": Fraction(1, 20), "relative": True}, 100, "105.1", 0),
        ("numeric", {}, 10, "about 10", 0),
        ("numeric", {}, 10, "nan", 0),
        ("json", {}, {"a": 1, "b": {"c": 2}}, {"a": 1, "b": {"c": 3}}, 0.5),
        ("json", {}, {"a": 1, "b": 2}, {"a": 1, "b": 2, "c": 3, "d": 4}, 0.5),
        ("json", {}, [1, 2, 3], [1, 2], 2 / 3),
        ("json", {}, {"a": 1, "b": 2}, '{"a": 1}', 0.5),
        ("json", {}, {"a": 1}, "no JSON", 0),
        ("fields", {}, {"a": 1, "b": [1, 2]}, {"a": 1, "b": [2, 1], "c": 0}, 0.5),
        ("fields", {"fields": ("b.c",)}, {"a": 1, "b": {"c": 2}}, {"b": {"c": 2}}, 1),
        ("words", {}, "the order was sent", "The order was sent!", 1),
        ("words", {}, "sent", "not sent", 2 / 3),
        ("words", {}, "sent", "", 0),
    ],
)
def test_what_each_scorer_gives(by: str, said: dict[str, Any], expected: Any, got: Any, known: float) -> None:
    assert scored(by, expected, got, **said) == pytest.approx(known)


@pytest.mark.parametrize(
    ("by", "said", "expected"),
    [
        ("exact", {}, None),
        ("exact", {"expected": "city"}, {"town": "Rome"}),
        ("numeric", {}, "ten"),
        ("fields", {}, ["a"]),
        ("fields", {"fields": ("b",)}, {"a": 1}),
        ("words", {}, {"a": 1}),
    ],
)
def test_a_case_that_does_not_say_what_is_right_is_not_wrong(by: str, said: dict[str, Any], expected: Any) -> None:
    """Its metric is not measured; 0 would say that the pipeline failed."""
    with pytest.raises(Unscorable):
        scored(by, expected, "x", **said)
    assert isinstance(measured(ScoreSpec(by=by, **said), expected), NotMeasured)


def measured(
    spec: ScoreSpec, expected: Any, *, kind: MetricKind = MetricKind.DISTRIBUTION, crash: bool = False, **known: Any
) -> Any:
    metric = Metric(name="m", kind=kind, better=Better.HIGHER, scale=Scale.RATIO, unit="case", score=spec)
    error = Crash(kind=CrashKind.TIMEOUT, message="late") if crash else None
    trial = Trial(case=Case(id="a", expected_output=expected), outputs=(Output(content="x", error=error),))
    return measure(metric, trial, known.get("results", {}), CheckConfig(), known.get("scores"))


def test_an_own_score_is_what_was_recorded_and_an_error_is_none() -> None:
    """Recorded, it counts; raised or absent, the metric is not measured; a crash is infinitely bad, as ever."""
    own = ScoreSpec(by="mine:score", passes=Fraction(1, 2))
    assert measured(own, None, scores={"m": 0.4}).value == 0.4
    assert measured(own, None, scores={"m": 0.4}, kind=MetricKind.PROPORTION) == Contribution(k=0, n=1)
    assert measured(own, None, scores={"m": 0.5}, kind=MetricKind.PROPORTION) == Contribution(k=1, n=1)
    assert isinstance(measured(own, None), NotMeasured)
    raised = measured(own, None, results={SCORED_AS + "m": "error"}, scores={"m": 0.4})
    assert isinstance(raised, NotMeasured)
    assert measured(own, None, crash=True).value == float("-inf")


class TestOwn:
    CASE = Case(id="a", input={"question": "q"}, expected_output={"answer": "Paris"})
    OUTPUT = Output(structured={"answer": "Paris", "why": "x"})

    def test_a_dspy_metric_is_called_unchanged(self) -> None:
        """Example, prediction and trace by place; fields by attribute and key; also the five arguments of GEPA."""

        def metric(example, pred, trace=None):  # type: ignore[no-untyped-def]
            assert trace is None
            assert example.inputs().toDict() == {"question": "q"}
            assert "why" in pred
            return example.answer == pred["answer"]

        def gepa(gold, pred, trace, pred_name=None, pred_trace=None):  # type: ignore[no-untyped-def]
            return Fields({"score": 0.25, "feedback": "f"})

        assert OwnScorer(metric, "m").score(self.CASE, self.OUTPUT) == 1.0
        assert OwnScorer(gepa, "g").score(self.CASE, self.OUTPUT) == 0.25

    def test_our_words_are_given_by_name(self) -> None:
        def near(output, expected, *, input=None):  # type: ignore[no-untyped-def]  # noqa: A002
            return output.structured == {"answer": "Paris", "why": "x"} and input == {"question": "q"} and expected

        with pytest.raises(TypeError, match="near answered dict"):
            OwnScorer(near, "near").score(self.CASE, self.OUTPUT)
        assert OwnScorer(lambda case: case.id == "a", "l").score(self.CASE, self.OUTPUT) == 1.0

    @pytest.mark.parametrize("answer", [None, "0.5", float("nan"), float("inf"), [1], 45, -0.1, 1.001])
    def test_an_answer_that_is_no_number_is_an_error(self, answer: object) -> None:
        with pytest.raises(TypeError, match="expected a number"):
            OwnScorer(lambda case: answer, "l").score(self.CASE, self.OUTPUT)

    def test_what_cannot_be_asked_is_told_at_once(self) -> None:
        async def later(case: Case) -> float:
            return 1.0

        for wrong in (later, lambda: 1.0, lambda text: 1.0):
            with pytest.raises(InputError):
                OwnScorer(wrong, "wrong")
