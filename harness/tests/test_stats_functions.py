"""The mathematics: against scipy, against published tables, at the edges, and as properties."""

from __future__ import annotations

import doctest
import importlib
import math
import pkgutil
import random
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special as oracle
from scipy import stats as scipy_stats

import sluicegate.stats
from sluicegate.model import NotMeasured
from sluicegate.stats import allocation, binomial, correction, mean, overlap, poisson, quantile, ratio, special, wilson
from sluicegate.stats.interval import Interval

ROOMS = sorted(module.name for module in pkgutil.iter_modules(sluicegate.stats.__path__))
CLOSE = {"rel": 1e-9, "abs": 1e-12}


def bounds(found: Interval | NotMeasured) -> tuple[float, float]:
    assert isinstance(found, Interval)
    assert found.low is not None
    assert found.high is not None
    return found.low, found.high


@pytest.mark.parametrize("room", ROOMS)
def test_every_example_in_the_docstrings_holds(room: str) -> None:
    """Every public function shows a published value, and it comes out."""
    module = importlib.import_module(f"sluicegate.stats.{room}")

    assert doctest.testmod(module).failed == 0
    for name in module.__all__:
        if callable(getattr(module, name)) and not isinstance(getattr(module, name), type):
            assert ">>>" in (getattr(module, name).__doc__ or ""), name


# Against scipy


def parameters(count: int, seed: int) -> list[tuple[float, float, float]]:
    """Beta parameters from a third to a million, and a point within six spreads of the mean."""
    rng = random.Random(seed)
    found = []
    for _ in range(count):
        a, b = 10 ** rng.uniform(-0.5, 6), 10 ** rng.uniform(-0.5, 6)
        spread = math.sqrt(a * b / (a + b) ** 2 / (a + b + 1))
        found.append((a, b, min(max(a / (a + b) + rng.gauss(0, 3) * spread, 1e-9), 1 - 1e-9)))
    return found


def test_incomplete_beta_agrees_with_scipy() -> None:
    """Both tails, to nine digits of their own size."""
    for a, b, x in parameters(400, 1):
        assert special.beta_cdf(a, b, x) == pytest.approx(oracle.betainc(a, b, x), **CLOSE)
        assert special.beta_sf(a, b, x) == pytest.approx(oracle.betaincc(a, b, x), **CLOSE)


def test_inverse_beta_agrees_with_scipy() -> None:
    """Quantiles, from one in a million to the middle."""
    rng = random.Random(2)
    for a, b, _ in parameters(300, 3):
        p = 10 ** rng.uniform(-6, -0.01)
        assert special.beta_quantile(p, a, b) == pytest.approx(oracle.betaincinv(a, b, p), **CLOSE)


def test_incomplete_gamma_agrees_with_scipy() -> None:
    """Both tails; and with them chi-square."""
    rng = random.Random(4)
    for _ in range(300):
        a = 10 ** rng.uniform(-0.5, 6)
        x = max(1e-9, a + rng.gauss(0, 3) * math.sqrt(a))
        assert special.gamma_p(a, x) == pytest.approx(oracle.gammainc(a, x), **CLOSE)
        assert special.gamma_q(a, x) == pytest.approx(oracle.gammaincc(a, x), **CLOSE)
        df, statistic = rng.randint(1, 60), rng.uniform(0, 200)
        assert special.chi_square_sf(statistic, df) == pytest.approx(scipy_stats.chi2.sf(statistic, df), **CLOSE)


def test_normal_and_t_agree_with_scipy() -> None:
    """Distribution functions and their inverses, in both tails and close to the middle."""
    rng = random.Random(5)
    for _ in range(300):
        p, df = rng.choice([rng.uniform(1e-6, 1 - 1e-6), 0.5 + rng.uniform(-1e-5, 1e-5)]), 10 ** rng.uniform(0, 5)
        z = scipy_stats.norm.ppf(p)
        assert special.normal_quantile(p) == pytest.approx(z, rel=1e-9, abs=1e-9)
        assert special.normal_cdf(z) == pytest.approx(p, **CLOSE)
        assert special.t_quantile(p, df) == pytest.approx(scipy_stats.t.ppf(p, df), rel=1e-9, abs=1e-9)
        assert special.t_cdf(z, df) == pytest.approx(scipy_stats.t.cdf(z, df), **CLOSE)


def test_clopper_pearson_agrees_with_scipy() -> None:
    """Both bounds, up to a million units."""
    rng = random.Random(6)
    for _ in range(200):
        n = int(10 ** rng.uniform(0, 6))
        k, alpha = rng.randint(0, n), rng.choice([0.05, 0.01, 0.2])
        low, high = binomial.lower_bound(k, n, alpha), binomial.upper_bound(k, n, alpha)
        assert low == pytest.approx(scipy_stats.beta.ppf(alpha, k, n - k + 1) if k else 0.0, **CLOSE)
        assert high == pytest.approx(scipy_stats.beta.ppf(1 - alpha, k + 1, n - k) if k < n else 1.0, **CLOSE)


def test_binomial_tails_agree_with_scipy() -> None:
    """Chances of k or more, and of k or fewer."""
    rng = random.Random(7)
    for _ in range(200):
        n, p = int(10 ** rng.uniform(0, 5)), rng.random()
        k = min(n, max(0, round(n * p + rng.gauss(0, 2) * math.sqrt(n * p * (1 - p)))))
        assert binomial.tail_above(k, n, p) == pytest.approx(scipy_stats.binom.sf(k - 1, n, p), **CLOSE)
        assert binomial.tail_below(k, n, p) == pytest.approx(scipy_stats.binom.cdf(k, n, p), **CLOSE)


def test_the_overlap_of_two_draws_agrees_with_scipy() -> None:
    """Both tails of the hypergeometric; an overlap that cannot be is refused."""
    for both, one, other, n in ((3, 4, 4, 8), (25, 100, 100, 400), (40, 100, 100, 400), (0, 5, 7, 30), (8, 9, 9, 10)):
        below, above = overlap.overlap_tails(both, one, other, n)
        drawn = scipy_stats.hypergeom(n, one, other)
        assert float(below) == pytest.approx(drawn.cdf(both), **CLOSE)
        assert float(above) == pytest.approx(drawn.sf(both - 1), **CLOSE)
    for impossible in ((5, 4, 4, 8), (-1, 4, 4, 8), (7, 9, 9, 10), (1, 9, 4, 8)):
        with pytest.raises(ValueError, match="not possible"):
            overlap.overlap_tails(*impossible)


def test_wilson_agrees_with_scipy() -> None:
    """Wilson's interval of binomtest."""
    for k, n in ((0, 20), (1, 20), (10, 20), (81, 263), (20, 20)):
        expected = scipy_stats.binomtest(k, n).proportion_ci(0.95, method="wilson")
        assert bounds(wilson.wilson(k, n, 0.025)) == pytest.approx((expected.low, expected.high), **CLOSE)


def test_t_interval_agrees_with_scipy() -> None:
    """The interval of the one-sample t test."""
    rng = random.Random(8)
    sample = [rng.gauss(3, 2) for _ in range(37)]
    expected = scipy_stats.ttest_1samp(sample, 0).confidence_interval(0.9)

    found = mean.moments(sample)

    assert isinstance(found, mean.Moments)
    assert bounds(mean.t_interval(found, 0.05)) == pytest.approx((expected.low, expected.high), **CLOSE)


# Published values


@pytest.mark.parametrize(
    ("k", "n", "wilson_low", "wilson_high", "exact_low", "exact_high"),
    [
        (81, 263, 0.2553, 0.3662, 0.2527, 0.3676),
        (15, 148, 0.0624, 0.1605, 0.0578, 0.1617),
        (0, 20, 0.0, 0.1611, 0.0, 0.1684),
        (1, 29, 0.0061, 0.1718, 0.0009, 0.1776),
    ],
)
def test_single_shares_of_newcombe_1998(
    k: int, n: int, wilson_low: float, wilson_high: float, exact_low: float, exact_high: float
) -> None:
    """Newcombe (1998), Statistics in Medicine 17, table I: score and exact intervals at 95 %."""
    assert bounds(wilson.wilson(k, n, 0.025)) == pytest.approx((wilson_low, wilson_high), abs=5e-5)
    assert binomial.lower_bound(k, n, 0.025) == pytest.approx(exact_low, abs=5e-5)
    assert binomial.upper_bound(k, n, 0.025) == pytest.approx(exact_high, abs=5e-5)


@pytest.mark.parametrize(
    ("counts", "low", "high"),
    [
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((5, 56, 0, 29), -0.0381, 0.1926),
        ((0, 10, 0, 20), -0.1611, 0.2775),
        ((10, 10, 0, 10), 0.6075, 1.0),
    ],
)
def test_differences_of_newcombe_1998(counts: tuple[int, int, int, int], low: float, high: float) -> None:
    """Newcombe (1998), Statistics in Medicine 17, table II, method 10."""
    assert bounds(wilson.newcombe_difference(*counts, 0.025)) == pytest.approx((low, high), abs=5e-5)


def test_ratio_of_koopman_and_of_the_gate() -> None:
    """Koopman (1984): 36/40 against 16/80; and 75/100 against 25/100 at 90 %: 3.0, about 2.2 to 4.1."""
    assert bounds(ratio.ratio_interval(36, 40, 16, 80, 0.025)) == pytest.approx((2.94, 7.15), abs=5e-3)
    assert bounds(ratio.ratio_interval(75, 100, 25, 100, 0.05)) == pytest.approx((2.2, 4.1), abs=0.05)


# The edges: never a number for unknown


@pytest.mark.parametrize(
    "found",
    [
        binomial.lower_bound(0, 0),
        binomial.upper_bound(0, 0),
        binomial.zero_upper_bound(0),
        binomial.units_for_zero(Fraction(0)),
        wilson.wilson(0, 0),
        wilson.newcombe_difference(0, 0, 1, 2),
        wilson.newcombe_difference(1, 2, 0, 0),
        wilson.mcnemar_exact(0, 0),
        ratio.ratio_interval(0, 0, 1, 2),
        ratio.ratio_interval(0, 5, 0, 5),
        quantile.upper_rank(58, 0.95),
        quantile.upper_rank(0, 0.5),
        quantile.lower_rank(4, 0.5),
        quantile.quantile([], 0.5),
        mean.moments([]),
        mean.t_interval(mean.Moments(n=1, mean=3.0, spread=0.0)),
        mean.anytime_interval(mean.Moments(n=1, mean=3.0, spread=0.0)),
        mean.bootstrap_interval([1.0], seed=1),
        mean.bootstrap_interval([1.0] * 3000, seed=1),
        allocation.sample_ratio_p({}, {"a": Fraction(1, 2), "b": Fraction(1, 2)}),
        allocation.sample_ratio_p({"a": 5}, {"a": Fraction(1)}),
        correction.effective_units(0, 3, 0.5),
        correction.rogan_gladen(0.3, 0.5, 0.5),
        poisson.overdispersion([3]),
        poisson.overdispersion([0, 0]),
    ],
)
def test_nothing_to_compute_from_is_not_measured(found: object) -> None:
    """No units, no spread, no reach: a type with a reason, never a number."""
    assert isinstance(found, NotMeasured)
    assert found.reason


@pytest.mark.parametrize(
    "call",
    [
        lambda: binomial.lower_bound(3, 2),
        lambda: binomial.upper_bound(-1, 2),
        lambda: binomial.is_above(1, 2, Fraction(1, 2), Fraction(0)),
        lambda: binomial.tail_above(1, 2, 1.5),
        lambda: binomial.tail_below(1, 2, -0.1),
        lambda: wilson.wilson(3, 2),
        lambda: wilson.wilson(1, 2, 1.0),
        lambda: wilson.mcnemar_exact(-1, 2),
        lambda: ratio.ratio_interval(3, 2, 1, 2),
        lambda: ratio.ratio_interval(1, 2, 1, 2, 0.0),
        lambda: quantile.upper_rank(-1, 0.5),
        lambda: quantile.upper_rank(10, 1.0),
        lambda: quantile.upper_rank(10, 0.5, 1.0),
        lambda: mean.moments([1.0, math.inf]),
        lambda: mean.t_interval(mean.Moments(n=3, mean=0.0, spread=1.0), 0.0),
        lambda: mean.anytime_interval(mean.Moments(n=3, mean=0.0, spread=1.0), 1.0),
        lambda: mean.shown_above_at([1.0, math.nan], 0.0, Fraction(1, 20)),
        lambda: mean.bootstrap_interval([1.0, 2.0], seed=1, resamples=0),
        lambda: allocation.sample_ratio_p({"a": -1}, {"a": Fraction(1), "b": Fraction(1)}),
        lambda: correction.effective_units(5, 0.5, 0.1),
        lambda: correction.rogan_gladen(1.1, 0.9, 0.9),
        lambda: poisson.log_evidence_above(1, 1, 0),
        lambda: special.beta_cdf(0, 1, 0.5),
        lambda: special.beta_quantile(1.5, 1, 1),
        lambda: special.gamma_p(0, 1),
        lambda: special.chi_square_sf(1, 0),
        lambda: special.normal_quantile(1.0),
        lambda: special.t_quantile(0.0, 3),
        lambda: special.t_quantile(0.3, 0),
        lambda: special.t_cdf(0.3, 0),
    ],
)
def test_impossible_arguments_are_refused(call: object) -> None:
    """k beyond n, an alpha of 0, a share beyond 1: ValueError with the value seen."""
    with pytest.raises(ValueError, match=r"."):
        call()


def test_ends_of_the_range_are_exact() -> None:
    """k = 0 and k = n, lines at 0 and 1, quantiles at the ends."""
    assert binomial.lower_bound(0, 30) == 0.0
    assert binomial.upper_bound(30, 30) == 1.0
    assert binomial.upper_bound(0, 30) == pytest.approx(binomial.zero_upper_bound(30), **CLOSE)
    assert binomial.units_for_zero(Fraction(2)) == 1
    assert (special.beta_cdf(2, 3, 0.0), special.beta_cdf(2, 3, 1.0)) == (0.0, 1.0)
    assert (special.beta_quantile(0.0, 2, 3), special.beta_quantile(1.0, 2, 3)) == (0.0, 1.0)
    assert (special.gamma_p(2, 0.0), special.gamma_q(2, 0.0), special.t_quantile(0.5, 7)) == (0.0, 1.0, 0.0)
    assert [binomial.is_above(k, 10, Fraction(0)) for k in (0, 1)] == [False, True]
    assert [binomial.is_above(10, 10, Fraction(line)) for line in (-1, 1, 2)] == [True, False, False]
    assert [binomial.is_below(k, 10, Fraction(1)) for k in (9, 10)] == [True, False]
    assert binomial.fewest_above(2, Fraction(9, 10)) is None
    assert binomial.most_below(2, Fraction(1, 10)) is None
    assert bounds(ratio.ratio_interval(0, 10, 5, 10))[0] == 0.0
    empty_reference = ratio.ratio_interval(5, 10, 0, 10)
    assert isinstance(empty_reference, Interval)
    assert empty_reference.high is None
    assert correction.rogan_gladen(0.0, 0.9, 0.9) == 0.0
    assert mean.anytime_interval(mean.Moments(n=2, mean=0.0, spread=1.0)) == Interval(
        low=None, high=None, confidence=0.95, method="anytime t"
    )


# Properties


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 400), st.data(), st.integers(1, 99), st.sampled_from([Fraction(1, 20), Fraction(1, 100)]))
def test_exact_decision_is_the_clopper_pearson_bound(n: int, data: st.DataObject, line: int, alpha: Fraction) -> None:
    """Deciding in integers and comparing the bound with the line come to the same, away from ties."""
    k = data.draw(st.integers(0, n))
    low, high = binomial.lower_bound(k, n, float(alpha)), binomial.upper_bound(k, n, float(alpha))
    assert not isinstance(low, NotMeasured)
    assert not isinstance(high, NotMeasured)

    if abs(low - line / 100) > 1e-9:
        assert binomial.is_above(k, n, Fraction(line, 100), alpha) == (low > line / 100)
    if abs(high - line / 100) > 1e-9:
        assert binomial.is_below(k, n, Fraction(line, 100), alpha) == (high < line / 100)


@settings(max_examples=40, deadline=None)
@given(st.integers(1001, 3000), st.integers(1, 99), st.sampled_from([Fraction(1, 20), Fraction(1, 100)]))
def test_float_path_agrees_with_integers(n: int, line: int, alpha: Fraction) -> None:
    """Beyond 1,000 units floats decide; around the turning point they decide as integers would."""
    share = Fraction(line, 100)
    least = binomial.fewest_above(n, share, alpha)

    assert least is not None
    for k in (least - 1, least):
        assert binomial.is_above(k, n, share, alpha) == binomial._exact_tail_at_most(k, n, share, alpha)


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 200), st.data())
def test_bounds_are_ordered_and_monotone(n: int, data: st.DataObject) -> None:
    """low <= k/n <= high; a smaller alpha widens; one more success moves both bounds up."""
    k = data.draw(st.integers(0, n - 1))
    for one, two in (
        (binomial.lower_bound(k, n), binomial.lower_bound(k + 1, n)),
        (binomial.upper_bound(k, n), binomial.upper_bound(k + 1, n)),
    ):
        assert one <= two
    assert binomial.lower_bound(k, n, 0.01) <= binomial.lower_bound(k, n, 0.05) <= k / n
    assert k / n <= binomial.upper_bound(k, n, 0.05) <= binomial.upper_bound(k, n, 0.01)


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 60), st.integers(1, 60), st.data())
def test_comparisons_contain_their_estimate(n: int, m: int, data: st.DataObject) -> None:
    """Newcombe's and the ratio's interval hold the observed difference and ratio."""
    k, j = data.draw(st.integers(0, n)), data.draw(st.integers(0, m))

    low, high = bounds(wilson.newcombe_difference(k, n, j, m))

    assert low - 1e-12 <= k / n - j / m <= high + 1e-12
    if j and k:
        low, high = bounds(ratio.ratio_interval(k, n, j, m))
        assert low * (1 - 1e-9) <= (k / n) / (j / m) <= high * (1 + 1e-9)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=60), st.integers(0, 5))
def test_bootstrap_is_reproducible_and_holds_the_mean(values: list[float], seed: int) -> None:
    """Same seed, same bytes; within the range of the values."""
    first = mean.bootstrap_interval(values, seed=seed, resamples=99)

    assert first == mean.bootstrap_interval(values, seed=seed, resamples=99)
    low, high = bounds(first)
    assert min(values) - 1e-9 <= low <= high <= max(values) + 1e-9
