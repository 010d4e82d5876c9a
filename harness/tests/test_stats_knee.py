"""The search for the knee: it ends, it brackets the truth, and one stall or one lucky run does not move it."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluicegate.model import NotMeasured
from sluicegate.stats.knee import Knee, KneeSearch, Probe, knee_of, next_rate

SEARCH = KneeSearch(start=10, least=1, most=1000)


def searched(answer: Callable[[float], bool | None], search: KneeSearch = SEARCH) -> tuple[Knee, list[Probe]]:
    probes: list[Probe] = []
    while (rate := next_rate(probes, search)) is not None:
        assert len(probes) < search.most_probes
        probes.append(Probe(rate=rate, held=answer(rate), value=rate))
    return knee_of(probes, search), probes


@settings(max_examples=60, deadline=None)
@given(st.floats(1.0, 999.0), st.floats(0.02, 0.5), st.sampled_from([1, 3, 5]))
def test_the_knee_of_a_sharp_service_is_found_within_the_share(truth: float, within: float, repeats: int) -> None:
    """The largest rate that held is at most the truth, and the smallest that failed less than the share above it."""
    search = KneeSearch(start=10, least=1, most=1000, within=within, repeats=repeats)
    knee, probes = searched(lambda rate: rate <= truth, search)
    assert knee.rate is not None
    assert knee.rate <= truth
    assert knee.fails_at is not None
    assert knee.fails_at > truth
    # Three digits of a rate: a share below that of a digit cannot be reached.
    assert knee.fails_at / knee.rate <= 1 + max(within, 0.0101)
    assert (knee.ended_by, knee.runs, knee.held) == ("objective", repeats, repeats)
    assert len(probes) <= 16 + 4 * repeats


@pytest.mark.parametrize("turn", range(6))
def test_one_stall_anywhere_makes_no_knee(turn: int) -> None:
    """A single failed run is run again, and outvoted; the knee is where it would be without it."""
    calls = iter(range(1000))
    knee, _ = searched(lambda rate: rate <= 100 and next(calls) != turn)
    assert knee.rate is not None
    assert 90 < knee.rate <= 100


def test_one_lucky_run_above_the_knee_moves_nothing() -> None:
    """What holds above a rate that failed is luck: the knee stays below every rate that failed."""
    lucky = [Probe(rate=10, held=True), *[Probe(rate=20, held=False)] * 3, Probe(rate=40, held=True)]
    knee = knee_of([*lucky, Probe(rate=10, held=True), Probe(rate=10, held=True)], SEARCH)
    assert (knee.rate, knee.fails_at) == (10, 20)


def test_a_generator_that_cannot_follow_is_no_knee_of_the_service() -> None:
    """Late runs end the search below them, and the result says that it was the generator."""
    knee, _ = searched(lambda rate: None if rate > 150 else True)
    assert knee.ended_by == "generator"
    assert knee.rate is not None
    assert 130 < knee.rate <= 150


def test_where_the_search_ends_is_said() -> None:
    """A service that holds at the most, or fails at the least, has its knee elsewhere."""
    assert searched(lambda rate: True)[0].ended_by == "limit"
    assert searched(lambda rate: True)[0].rate == 1000
    knee = searched(lambda rate: False)[0]
    assert (knee.ended_by, knee.rate, knee.fails_at) == ("least", None, 1)
    assert isinstance(knee.values, NotMeasured)
    coin = Random(3)
    short = KneeSearch(start=10, least=1, most=1000, most_probes=4)
    assert searched(lambda rate: rate < 300 and coin.random() < 2, short)[0].ended_by == "probes"


def test_repeated_runs_give_an_interval() -> None:
    """What was measured at the knee comes with Student's interval over the repeated runs."""
    values = iter([100.0, 101.0, 99.0, 102.0, 98.0] * 20)
    probes: list[Probe] = []
    while (rate := next_rate(probes, SEARCH)) is not None:
        probes.append(Probe(rate=rate, held=rate <= 40, value=next(values)))
    found = knee_of(probes, SEARCH).values
    assert not isinstance(found, NotMeasured)
    assert found.low is not None
    assert found.high is not None
    assert 90 < found.low < 101 < found.high < 112


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 99), st.integers(1, 100))
def test_users_are_whole(truth: int, start: int) -> None:
    """Whole rates are found exactly when the share asks for less than one user."""
    search = KneeSearch(start=start, least=1, most=100, within=0.001, whole=True, repeats=1)
    knee, probes = searched(lambda users: users <= truth, search)
    assert (knee.rate, knee.fails_at) == (truth, truth + 1)
    assert all(probe.rate == int(probe.rate) for probe in probes)


@settings(max_examples=60, deadline=None)
@given(st.randoms(use_true_random=False), st.floats(0.0, 1.0), st.floats(0.0, 0.5))
def test_it_ends_whatever_is_answered(random: Random, holds: float, late: float) -> None:
    """Noise never makes it search for ever, and the knee is always below what failed."""
    knee, probes = searched(lambda rate: None if random.random() < late else random.random() < holds)
    assert len(probes) <= SEARCH.most_probes
    assert knee.rate is None or knee.fails_at is None or knee.rate < knee.fails_at


@pytest.mark.parametrize(
    "wrong",
    [{"start": 0.5}, {"most": 5}, {"least": 0}, {"factor": 1.0}, {"within": 0.0}, {"repeats": 2}, {"repeats": 0}],
)
def test_a_search_that_cannot_end_is_refused(wrong: dict[str, float]) -> None:
    """Before anything is sent."""
    with pytest.raises(ValueError, match="expected"):
        KneeSearch(**{"start": 10, "least": 1, "most": 1000, **wrong})  # type: ignore[arg-type]
