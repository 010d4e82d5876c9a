"""A candidate against a base: the bounds are those of their sources, and hold in worlds whose truth is known."""

from __future__ import annotations

import importlib
import math
import random
import sys
from itertools import combinations
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize
from scipy import stats as scipy_stats

from sluicegate.model import NotMeasured
from sluicegate.stats import binomial
from sluicegate.stats import contrast as contrasts
from sluicegate.stats.contrast import Contrast, contrast, minimum_detectable, unbounded_contrast
from sluicegate.stats.interval import Interval
from sluicegate.stats.paired import newcombe_paired, tango_interval
from sluicegate.stats.repeats import pass_hat_k

ROOT = Path(__file__).resolve().parents[2]
ALPHA = 0.025


def coverage() -> ModuleType:
    """The benchmark of the same name, which holds the worlds."""
    sys.path.insert(0, str(ROOT))
    try:
        return importlib.import_module("benchmarks.comparison_coverage")
    finally:
        sys.path.remove(str(ROOT))


def bounds(found: Interval | NotMeasured) -> tuple[float, float]:
    assert isinstance(found, Interval)
    assert found.low is not None
    assert found.high is not None
    return found.low, found.high


def compared(pairs: list[tuple[float, float]], alpha: float = ALPHA) -> Contrast:
    found = contrast(pairs, alpha)
    assert isinstance(found, Contrast)
    return found


class TestPaired:
    @pytest.mark.parametrize(("fixed", "broken", "n"), [(1, 7, 21), (0, 0, 30), (5, 2, 40), (12, 2, 50), (0, 4, 9)])
    def test_tango_bounds_are_where_the_score_test_stops_rejecting(self, fixed: int, broken: int, n: int) -> None:
        """At each bound the score with the rates fitted by a numeric optimiser is the normal quantile."""

        def score(difference: float) -> float:
            def minus_log_likelihood(down: float) -> float:
                up, rest = down + difference, 1 - 2 * down - difference
                terms = ((fixed, up), (broken, down), (n - fixed - broken, rest))
                return -sum(count * math.log(max(rate, 1e-300)) for count, rate in terms if count)

            least, most = max(0.0, -difference), (1 - difference) / 2
            down = optimize.minimize_scalar(minus_log_likelihood, bounds=(least, most), options={"xatol": 1e-12}).x
            spread = math.sqrt(n * (2 * down + difference - difference**2))
            return (fixed - broken - n * difference) / spread

        low, high = bounds(tango_interval(fixed, broken, n, ALPHA))
        z = scipy_stats.norm.isf(ALPHA)
        assert score(low) == pytest.approx(z, abs=2e-3)
        assert score(high) == pytest.approx(-z, abs=2e-3)

    @given(counts=st.tuples(*[st.integers(0, 40)] * 4).filter(any))
    @settings(max_examples=60, deadline=None)
    def test_swapping_the_sides_swaps_the_bounds(self, counts: tuple[int, int, int, int]) -> None:
        """Base and candidate have no names: what is better by 0.1 one way is worse by 0.1 the other way."""
        both, fixed, broken, neither = counts
        for one, other in (
            (tango_interval(fixed, broken, sum(counts)), tango_interval(broken, fixed, sum(counts))),
            (newcombe_paired(both, fixed, broken, neither), newcombe_paired(both, broken, fixed, neither)),
        ):
            low, high = bounds(one)
            assert low - 1e-9 <= (fixed - broken) / sum(counts) <= high + 1e-9
            assert bounds(other) == pytest.approx((-high, -low), abs=1e-9)

    def test_nothing_compared_is_no_number(self) -> None:
        assert isinstance(tango_interval(0, 0, 0), NotMeasured)
        assert isinstance(newcombe_paired(0, 0, 0, 0), NotMeasured)
        assert isinstance(contrast([]), NotMeasured)
        assert isinstance(unbounded_contrast([]), NotMeasured)
        assert isinstance(unbounded_contrast([(1.0, 2.0)]), NotMeasured)
        assert isinstance(pass_hat_k([], 1), NotMeasured)
        for wrong in (
            lambda: tango_interval(3, 3, 5),
            lambda: contrast([(0.0, 1.5)]),
            lambda: contrast([(0.0, 1.0)], 0),
        ):
            with pytest.raises(ValueError, match=r"expected|within"):
                wrong()


class TestContrast:
    @pytest.mark.parametrize("passed", [30, 29, 20, 0])
    def test_against_a_base_that_always_passes_it_is_clopper_pearson(self, passed: int) -> None:
        """The exact bounds of a share, less one: nothing is gained by calling a share a difference."""
        found = compared([(1.0, float(case < passed)) for case in range(30)])

        low, high = bounds(found.difference)
        assert low == pytest.approx(binomial.lower_bound(passed, 30, ALPHA) - 1, abs=0.012)
        assert high <= 1 - (30 - passed) / 30
        assert low <= passed / 30 - 1 <= max(high, 0.0) + 0.13
        assert found.candidate - found.base == pytest.approx(passed / 30 - 1)

    def test_the_ratio_is_where_the_weighted_difference_is_zero(self) -> None:
        """The lower bound of c/b is the ratio r at which the lower bound of c - r b is 0."""
        rng = random.Random(3)
        pairs = [(float(rng.random() < 0.6), float(rng.random() < 0.8)) for _ in range(80)]
        low, high = bounds(compared(pairs).ratio)

        def lower_of(ratio: float) -> float:
            groups = [((pair[0] * ratio, pair[1]), pairs.count(pair)) for pair in sorted(set(pairs))]
            draws = random.Random(0)
            values = []
            for _ in range(3_999):
                weights = [draws.gammavariate(count, 1.0) for _, count in groups]
                extra = draws.expovariate(1.0)
                values.append(sum(w * (c - b) for w, ((b, c), _) in zip(weights, groups, strict=True)) - ratio * extra)
            return sorted(values)[99]

        assert lower_of(low - 0.03) > 0 > lower_of(low + 0.03)
        assert low < 0.8 / 0.6 < high

    def test_the_same_pairs_in_any_order_give_the_same_bytes(self) -> None:
        rng = random.Random(5)
        pairs = [(rng.random(), rng.random()) for _ in range(25)]
        assert compared(pairs) == compared(rng.sample(pairs, 25))
        assert contrast(pairs, ALPHA, seed=1) != contrast(pairs, ALPHA, seed=2)

    def test_a_stricter_alpha_never_claims_more(self) -> None:
        rng = random.Random(6)
        pairs = [(float(rng.random() < 0.9), float(rng.random() < 0.9)) for _ in range(60)]
        wide, narrow = compared(pairs, 0.001), compared(pairs, 0.05)
        assert bounds(wide.difference)[0] < bounds(narrow.difference)[0]
        assert bounds(wide.difference)[1] > bounds(narrow.difference)[1]
        assert bounds(compared(pairs, 1e-7).difference) == (-1.0, 1.0)

    def test_nothing_is_a_multiple_of_zero(self) -> None:
        found = compared([(0.0, 1.0)] * 40)
        assert isinstance(found.ratio, NotMeasured)
        assert bounds(found.difference)[0] > 0.8

    def test_unbounded_values_are_students_and_fiellers(self) -> None:
        """The t interval of scipy, and the ratio at which the t test of c - r b is at its edge."""
        rng = random.Random(7)
        pairs = [(base := rng.lognormvariate(5, 0.3), base * rng.uniform(0.7, 1.0)) for _ in range(24)]
        found = unbounded_contrast(pairs, ALPHA)
        assert isinstance(found, Contrast)
        known = scipy_stats.ttest_1samp([c - b for b, c in pairs], 0).confidence_interval(0.95)
        assert bounds(found.difference) == pytest.approx((known.low, known.high))
        for bound, sign in zip(bounds(found.ratio), (1, -1), strict=True):
            statistic = scipy_stats.ttest_1samp([c - bound * b for b, c in pairs], 0).statistic
            assert statistic == pytest.approx(sign * scipy_stats.t.isf(ALPHA, 23))
        assert isinstance(unbounded_contrast([(-1.0, 2.0), (1.0, 3.0), (0.2, 1.0)]).ratio, NotMeasured)  # type: ignore[union-attr]

    def test_the_detectable_effect_is_detected_four_times_of_five(self) -> None:
        """Where the truth is what 200 cases were said to detect, about four in five comparisons show it."""
        rng, shown, said = random.Random(8), 0, []

        def drawn(gain: float) -> list[tuple[float, float]]:
            return [
                (float((luck := rng.random()) < 0.5), float((luck + rng.gauss(0, 0.1)) < 0.5 + gain))
                for _ in range(200)
            ]

        said = [compared(drawn(0.0)).detectable for _ in range(4)]
        gain = sum(said) / len(said)
        shown = sum(bounds(compared(drawn(gain)).difference)[0] > 0 for _ in range(40))
        assert 0.6 <= shown / 40 <= 1.0
        assert minimum_detectable(0.1, 0.0, 0.5, 100, 0.5) == pytest.approx(0.1)


class TestRepeats:
    @given(cases=st.lists(st.lists(st.booleans(), min_size=3, max_size=6), min_size=1, max_size=5), k=st.integers(1, 3))
    def test_pass_hat_k_is_the_share_of_draws_that_all_pass(self, cases: list[list[bool]], k: int) -> None:
        """Counted one by one over every choice of k runs."""
        shares = [[all(chosen) for chosen in combinations(runs, k)] for runs in cases]
        known = sum(sum(share) / len(share) for share in shares) / len(cases)
        assert pass_hat_k([(sum(runs), len(runs)) for runs in cases], k) == pytest.approx(known)

    def test_a_case_with_too_few_runs_is_no_number(self) -> None:
        assert isinstance(pass_hat_k([(2, 2), (3, 3)], 3), NotMeasured)


class TestCoverage:
    """Seeded, so that they always say the same; goals less three standard errors of so few simulations."""

    CHOSEN = (2, 7, 13, 15)

    @pytest.mark.slow
    @pytest.mark.parametrize("number", range(16))
    def test_intervals_hold_the_truth_and_claims_are_rarely_wrong(
        self, number: int, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """95 % intervals hold at least 94 %, for 30 cases, rates near 1, 20 repeats; wrong claims are below 5 %."""
        room = coverage()
        assert len(room.WORLDS) == 16
        if request.config.getoption("--slow"):
            found = room.held(room.WORLDS[number], 1_000)
            assert min(found.difference, found.ratio) >= 0.935
            assert max(found.false_better, found.false_worse, found.false_relative) <= 0.05
            return
        if number not in self.CHOSEN:
            pytest.skip("with --slow")
        monkeypatch.setattr(contrasts, "_DRAWS", 799)
        found = room.held(room.WORLDS[number], 80)
        assert min(found.difference, found.ratio) >= 0.88
        assert max(found.false_better, found.false_worse, found.false_relative) <= 0.07

    def test_a_plain_bootstrap_would_not_hold(self) -> None:
        """Why one more case is drawn: 30 spotless cases of a candidate that fails 8 % of them leave it no width."""
        room = coverage()
        world = room.WORLDS[13]
        rng = random.Random(1)
        spotless = sum(all(c == b for b, c in world.draw(rng)) for _ in range(400)) / 400
        assert spotless > 0.05
        assert bounds(compared([(1.0, 1.0)] * 30).difference)[0] < -0.08
