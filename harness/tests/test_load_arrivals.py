"""Arrivals of open profiles: the rate asked for, the same for a seed, and shares that make up the whole."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from statistics import fmean, stdev

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sluicegate.errors import InputError
from sluicegate.plan.arrivals import arrivals, lasts_us, read_trace, share, users_at
from sluicegate.plan.load import Arrival, Profile, Step, TraceArrival, phase_of, soak, spike

SHAPES = [Arrival.POISSON, Arrival.CONSTANT, Arrival.GAMMA]

steps = st.lists(
    st.builds(
        Step,
        for_s=st.floats(0.1, 6),
        rate=st.floats(0, 40),
        to_rate=st.one_of(st.none(), st.floats(0, 40)),
    ),
    min_size=1,
    max_size=3,
)
profiles = st.builds(
    Profile,
    name=st.just("p"),
    steps=steps.map(tuple),
    arrival=st.sampled_from(SHAPES),
    variation=st.floats(0.2, 4),
    seed=st.integers(0, 2**31),
)


def expected(profile: Profile, until_s: float) -> float:
    """The integral of the rate, by small pieces of its own: no formula of the room's."""
    total, began = 0.0, 0.0
    for step in profile.steps:
        inside = min(max(until_s - began, 0.0), step.for_s)
        rate = step.rate or 0.0
        end = rate if step.to_rate is None else rate + (step.to_rate - rate) * inside / step.for_s
        total += inside * (rate + end) / 2
        began += step.for_s
    return total


@settings(max_examples=25, deadline=None)
@given(profiles)
def test_arrivals_are_in_order_and_within_the_profile_and_the_same_again(profile: Profile) -> None:
    """A seed says all; nothing arrives before the start or at or after the end."""
    found = list(arrivals(profile))
    assert found == list(arrivals(profile))
    assert found == sorted(found)
    assert all(0 <= at < lasts_us(profile) for at in found)


@settings(max_examples=25, deadline=None)
@given(profiles, st.integers(1, 7))
def test_the_shares_of_all_workers_are_the_whole(profile: Profile, workers: int) -> None:
    """Nothing twice, nothing left out, and every share as large as the others within one."""
    whole = list(enumerate(arrivals(profile)))
    parts = [list(share(arrivals(profile), worker, workers)) for worker in range(workers)]
    assert sorted(one for part in parts for one in part) == whole
    sizes = [len(part) for part in parts]
    assert max(sizes) - min(sizes) <= 1


@settings(max_examples=25, deadline=None)
@given(profiles.filter(lambda profile: profile.arrival is Arrival.CONSTANT), st.floats(0, 1))
def test_constant_arrivals_follow_the_rate_at_every_moment(profile: Profile, part: float) -> None:
    """As many have come, within one, as the rate asks for until then, on ramps too."""
    until_s = part * profile.lasts_s
    came = sum(at < until_s * 1e6 for at in arrivals(profile))
    assert abs(came - expected(profile, until_s)) <= 1


@settings(max_examples=25, deadline=None)
@given(profiles.filter(lambda profile: profile.arrival is Arrival.POISSON))
def test_poisson_arrivals_number_what_the_rate_asks_for(profile: Profile) -> None:
    """Within six standard deviations of the mean, whose square root the deviation is."""
    mean = expected(profile, profile.lasts_s)
    assert abs(len(list(arrivals(profile))) - mean) <= 6 * mean**0.5 + 6


@pytest.mark.parametrize("to_rate", [None, 0.0, 400.0])
def test_poisson_arrivals_are_a_poisson_process_on_ramps_too(to_rate: float | None) -> None:
    """Time measured by what was to come makes the gaps exponential with mean 1 (time rescaling)."""
    profile = Profile(name="p", steps=(Step(for_s=60, rate=100, to_rate=to_rate),), arrival=Arrival.POISSON, seed=4)
    scaled = [expected(profile, at / 1e6) for at in arrivals(profile)]
    gaps = [after - before for before, after in pairwise([0.0, *scaled])]
    assert len(gaps) > 2500
    assert stats.kstest(gaps, "expon").pvalue > 0.01


@pytest.mark.parametrize("variation", [0.5, 1.0, 3.0])
def test_gamma_arrivals_vary_as_asked(variation: float) -> None:
    """The coefficient of variation of the gaps is the one asked for, and the rate stays."""
    steady = (Step(for_s=600, rate=100),)
    profile = Profile(name="p", steps=steady, arrival=Arrival.GAMMA, variation=variation, seed=1)
    gaps = [after - before for before, after in pairwise(arrivals(profile))]
    assert stdev(gaps) / fmean(gaps) == pytest.approx(variation, rel=0.05)
    assert len(gaps) == pytest.approx(60_000, rel=0.05)


def test_a_spike_and_a_soak_are_steps() -> None:
    """What the words stand for, at every moment."""
    quick = Profile(name="p", steps=spike(base=5, peak=50, before_s=2, for_s=1, after_s=2), arrival=Arrival.CONSTANT)
    came = list(arrivals(quick))
    assert sum(2_000_000 <= at < 3_000_000 for at in came) == 50
    assert len(came) == 70
    long = Profile(name="p", steps=soak(rate=10, for_s=10, ramp_s=4), arrival=Arrival.CONSTANT)
    assert len(list(arrivals(long))) == 120
    assert soak(rate=10, for_s=10, ramp_s=0) == (Step(for_s=10, rate=10),)


def test_users_are_as_many_as_the_step_says() -> None:
    """None before, after, and in an open profile."""
    profile = Profile(name="p", steps=(Step(for_s=10, users=10), Step(for_s=5, users=50)))
    assert [users_at(profile, at) for at in (-1, 0, 9.9, 10, 14.9, 15)] == [0, 10, 10, 50, 50, 0]
    assert list(arrivals(profile)) == []


def test_a_trace_is_replayed_at_its_speed(tmp_path: Path) -> None:
    """From the first arrival on, in order, whatever order and clock it was written in."""
    file = tmp_path / "trace.jsonl"
    file.write_text('{"at": 12.5}\n\n{"at_us": 11000000, "case": "b"}\n{"at": 13}\n')
    trace = read_trace(file)
    assert trace == (TraceArrival(at_us=0, case_id="b"), TraceArrival(at_us=1_500_000), TraceArrival(at_us=2_000_000))
    twice = Profile(name="p", arrival=Arrival.TRACE, speed=2)
    assert list(arrivals(twice, trace)) == [0, 750_000, 1_000_000]
    assert lasts_us(twice, trace) == 1_000_001


@pytest.mark.parametrize(
    "text", ["", '{"at": "noon"}\n', '{"when": 3}\n', "[1]\n", '{"at": true}\n', '{"at": 1e999}\n']
)
def test_what_is_no_trace_is_refused(tmp_path: Path, text: str) -> None:
    """With the line it stands at; a missing file and an empty one too."""
    file = tmp_path / "trace.jsonl"
    file.write_text(text)
    with pytest.raises(InputError, match="arrival"):
        read_trace(file)


def test_warm_up_and_cool_down_are_the_ends() -> None:
    """Half-open intervals: what begins at the end of the warm-up is measured."""
    profile = Profile(name="p", steps=(Step(for_s=10, rate=1),), warm_up_s=2, cool_down_s=3)
    said: Iterator[str] = (phase_of(profile, at, lasts_s=10) for at in (0, 1.99, 2, 6.99, 7, 12))
    assert list(said) == ["warm_up", "warm_up", "measured", "measured", "cool_down", "cool_down"]
