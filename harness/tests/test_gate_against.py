"""A criterion that is not met names the cases that count most against it, each with the command that runs it again."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluicegate.checks import Contribution
from sluicegate.gate.against import Against
from sluicegate.model import Case, Crash, CrashKind, Output, Trial
from sluicegate.plan.types import Better, Metric, MetricKind, Scale


def metric(
    kind: MetricKind = MetricKind.PROPORTION, better: Better = Better.HIGHER, measured_by: str = "rule"
) -> Metric:
    return Metric(name="good", kind=kind, better=better, scale=Scale.RATIO, unit="answer", measured_by=measured_by)


def trial(case_id: str, *, said: str = "an answer", crash: str = "", repeat: int = 0) -> Trial:
    error = Crash(kind=CrashKind.EXCEPTION, message=crash) if crash else None
    return Trial(case=Case(id=case_id), repeat=repeat, outputs=(Output(content=said, error=error),))


def found(against: Against) -> list[tuple[str, str, str]]:
    return [(finding.case_id, finding.message, finding.excerpt) for finding in against.findings]


@given(order=st.permutations(range(9)))
def test_the_same_ones_in_whatever_order(order: list[int]) -> None:
    """A share: the first by name of those that count against it; a case once; copies behind one's own."""
    given_ = [
        (trial("a~twice"), 0), (trial("d"), 0), (trial("b"), 0), (trial("b", repeat=1), 0), (trial("c"), 0),
        (trial("a"), 1), (trial("e"), 1), (trial("f"), 0), (trial("b", repeat=2), 1),
    ]  # fmt: skip
    against = Against(metric())
    for at in order:
        asked, k = given_[at]
        against.add(asked, Contribution(k=k, n=1))

    assert [finding.case_id for finding in against.findings] == ["b", "c", "d"]
    assert against.cases == 6
    assert against.findings[0].repeat == 0


@given(
    values=st.lists(st.floats(0, 1e6), min_size=1, max_size=30), better=st.sampled_from([Better.LOWER, Better.HIGHER])
)
def test_the_worst_of_a_distribution(values: list[float], better: Better) -> None:
    """By value, and an attempt that failed before all of them."""
    against = Against(metric(MetricKind.DISTRIBUTION, better))
    for number, value in enumerate(values):
        against.add(trial(f"c{number:02}"), Contribution(value=value))
    lost = math.inf if better is Better.LOWER else -math.inf
    against.add(trial("lost", crash="no such order"), Contribution(value=lost, failed=True))
    unsaid = Against(metric(MetricKind.DISTRIBUTION, better))
    unsaid.add(trial("a"), Contribution(value=3.0))
    unsaid.add(trial("b"), Contribution(failed=True))
    assert [finding.case_id for finding in unsaid.findings] == ["b", "a"], "no value is worse than any"

    worst = sorted(values, reverse=better is Better.LOWER)[:2]
    named = [int(finding.case_id[1:]) for finding in against.findings[1:]]
    assert found(against)[0] == ("lost", "the pipeline crashed (exception)", "no such order")
    assert [values[number] for number in named] == worst


def test_what_is_shown() -> None:
    """The answer where a rule speaks of it, masked; the crash where there is none."""
    against = Against(metric())
    against.add(trial("a", said="write to ada@example.com"), Contribution(k=0, n=1))
    against.add(trial("b", crash="no such order"), Contribution(k=0, n=1))

    (_, said, seen), crashed = found(against)
    assert said == "counts against good"
    assert seen.startswith("write to ")
    assert "ada@example.com" not in seen
    assert crashed == ("b", "the pipeline crashed (exception)", "no such order")


@pytest.mark.parametrize(
    "of",
    [
        metric(MetricKind.INCIDENTS, Better.LOWER),
        metric(better=Better.INSIDE),
        metric(MetricKind.DISTRIBUTION, Better.INSIDE),
    ],
)
def test_incidents_are_named_elsewhere_and_ranges_have_no_worst(of: Metric) -> None:
    """Nothing is kept of them."""
    against = Against(of)
    against.add(trial("a"), Contribution(k=1, n=1, value=1.0))

    assert against.findings == ()
