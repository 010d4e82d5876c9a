"""Zero leaks are as much as the detector can see: max_rate times its measured recall, the kind found least deciding."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from sluicegate.checks import pii_measures as measures
from sluicegate.gate.incidents import detector_of
from sluicegate.model import NotMeasured
from sluicegate.pii.evaluation import Counted
from sluicegate.plan.metrics import BUILT_IN
from sluicegate.stats import binomial

LEAKS = BUILT_IN["pii.leaks"]


def measured(monkeypatch: pytest.MonkeyPatch, **counted: tuple[int, int]) -> measures.Recall | NotMeasured:
    from sluicegate.pii import evaluation

    found = {kind: Counted(k=k, n=n) for kind, (k, n) in counted.items()}
    monkeypatch.setattr(evaluation, "recall", lambda *_args, **_more: found)
    measures.measured_recall.cache_clear()
    recall = measures.measured_recall()
    measures.measured_recall.cache_clear()
    monkeypatch.setattr(measures, "RECALL", {"pii.leaks": lambda: recall})
    return recall


def test_the_lower_bound_of_the_kind_found_least_is_the_recall(monkeypatch: pytest.MonkeyPatch) -> None:
    """19 of 20 and 20 of 20: the bound of 19 of 20, rounded down, and its kind is named."""
    recall = measured(monkeypatch, PERSON=(19, 20), CREDIT_CARD=(20, 20))
    bound = binomial.lower_bound(19, 20)
    assert isinstance(recall, measures.Recall)
    assert isinstance(bound, float)
    assert bound - 1e-4 <= recall.at_least <= bound
    value, said = detector_of(LEAKS)
    assert (value, "of PERSON (19 of 20 found)" in said) == (recall.at_least, True)


def test_a_plan_may_say_less_than_was_measured_and_not_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """`recall:` of a criterion cannot loosen the line."""
    recall = measured(monkeypatch, PERSON=(100, 100))
    assert detector_of(replace(LEAKS, recall=Fraction(1, 2)))[0] == Fraction(1, 2)
    assert detector_of(replace(LEAKS, recall=Fraction(999, 1000)))[0] == recall.at_least
    assert isinstance(detector_of(replace(LEAKS, recall=None)), NotMeasured)


def test_a_detector_that_finds_nothing_of_a_kind_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Recall 0 is not measured, and holds; so is one that raised."""
    measured(monkeypatch, PERSON=(0, 20))
    assert isinstance(detector_of(LEAKS), NotMeasured)
    measured(monkeypatch)
    assert isinstance(detector_of(LEAKS), NotMeasured)


def test_other_metrics_keep_the_recall_they_have() -> None:
    """Nothing is measured for them."""
    assert detector_of(BUILT_IN["injection.violations"]) == (Fraction(1), "")
    assert detector_of(replace(BUILT_IN["injection.violations"], recall=Fraction(93, 100))) == (
        Fraction(93, 100),
        "detector recall 0.93",
    )


def test_it_is_measured_on_the_packaged_set() -> None:
    """Every kind, hundreds of values; the least found kind still mostly."""
    recall = measures.measured_recall()
    assert isinstance(recall, measures.Recall)
    assert len(recall.by_kind) >= 20
    assert recall.at_least >= Fraction(7, 10)
