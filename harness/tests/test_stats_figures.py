"""The figures of the gate's specification: each comes out of this code, by formula or by seeded simulation."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import accumulate
from math import exp, isclose, log
from statistics import median

import pytest

from sluicegate.model import NotMeasured
from sluicegate.stats import allocation, betting, binomial, correction, mean, poisson, quantile, restarts, wilson

ALPHA = Fraction(1, 20)


def share(percent: int) -> Fraction:
    return Fraction(percent, 100)


# Formulas


@pytest.mark.parametrize(
    ("n", "above_95", "above_90", "below_90"), [(100, 99, 96, 84), (300, 292, 279, 260), (1000, 962, 916, 883)]
)
def test_clopper_pearson_table(n: int, above_95: int, above_90: int, below_90: int) -> None:
    """How many of n show a share above 95 %, above 90 %, and how few show one below 90 %."""
    assert [binomial.fewest_above(n, share(95)), binomial.fewest_above(n, share(90))] == [above_95, above_90]
    assert binomial.most_below(n, share(90)) == below_90


def test_above_seventy_needs_78_of_100() -> None:
    """Above 70 %: 78 of 100."""
    assert binomial.fewest_above(100, share(70)) == 78


def test_raw_rule_passes_a_worse_build() -> None:
    """More than 95 of 100: a true 93 % build passes a look in 16.3 %, 71 % in 7 looks."""
    one = binomial.tail_above(96, 100, 0.93)

    assert (round(one, 3), round(1 - (1 - one) ** 7, 2)) == (0.163, 0.71)


@pytest.mark.parametrize(("n", "percent"), [(30, 9.5), (59, 4.95), (100, 2.95), (300, 0.99), (1000, 0.30)])
def test_zero_of_n(n: int, percent: float) -> None:
    """Upper bound of a rate after none in n."""
    bound = binomial.zero_upper_bound(n)

    assert not isinstance(bound, NotMeasured)
    assert round(100 * bound, 1 if n == 30 else 2) == percent


def test_quantile_ranks() -> None:
    """p95: no upper bound below 59; ranks 99, 196, 484, 962; the lower one of 100 is 91."""
    assert isinstance(quantile.upper_rank(58, 0.95), NotMeasured)
    assert [quantile.upper_rank(n, 0.95) for n in (59, 100, 200, 500, 1000)] == [59, 99, 196, 484, 962]
    assert quantile.lower_rank(100, 0.95) == 91


def test_zero_incidents_need_480_when_watched() -> None:
    """Against a rate of 1 %: 299 units when pinned, 480 when looked at after each."""
    assert binomial.units_for_zero(share(1)) == 299
    assert betting.units_needed(Fraction(1), 0.99, ALPHA) == 480


def test_mcnemar() -> None:
    """8 fixed, 1 broken: .039."""
    found = wilson.mcnemar_exact(8, 1)

    assert not isinstance(found, NotMeasured)
    assert round(found, 3) == 0.039


@pytest.mark.parametrize(
    ("counts", "low", "high"), [((60, 40), 0.0455, 0.0465), ((70, 30), 5.5e-5, 6.5e-5), ((5300, 4700), 1.5e-9, 2.5e-9)]
)
def test_sample_ratio_mismatch(counts: tuple[int, int], low: float, high: float) -> None:
    """60/40 of 100: .046; 70/30 of 100: 6e-5; 53/47 of 10,000: 2e-9."""
    p = allocation.sample_ratio_p({"a": counts[0], "b": counts[1]}, {"a": share(50), "b": share(50)})

    assert not isinstance(p, NotMeasured)
    assert low <= p <= high


@pytest.mark.parametrize(("n", "beyond", "chance"), [(20, 15, 0.041), (30, 22, 0.016), (100, 71, 3.2e-5)])
def test_share_above_seventy_under_a_fair_split(n: int, beyond: int, chance: float) -> None:
    """Either arm above 70 %: 4.1 % at 20, 1.6 % at 30, 3e-5 at 100."""
    assert isclose(2 * binomial.tail_above(beyond, n, 0.5), chance, rel_tol=0.03)


def test_clusters_and_detectors() -> None:
    """100 = 5 prompts of 20 at rho .5 are worth 9.5; Rogan-Gladen's formula."""
    units = correction.effective_units(100, 20, 0.5)
    rate = correction.rogan_gladen(0.2, 0.9, 0.8)

    assert not isinstance(units, NotMeasured)
    assert not isinstance(rate, NotMeasured)
    assert round(units, 1) == 9.5
    assert isclose(rate, (0.2 + 0.8 - 1) / (0.9 + 0.8 - 1), abs_tol=1e-12)


def test_poisson_process_is_the_mixture_it_says() -> None:
    """E = mean over j of exp(sum X ln(l_j/l_0) - t (l_j - l_0))."""
    events, days, line = 170, 7, 20.0
    parts = [exp(events * log(f) - days * (f * line - line)) for f in poisson.FACTORS]

    assert isclose(poisson.log_evidence_above(events, days, line), log(sum(parts) / len(parts)))


def test_a_capped_count_that_is_not_capped_crosses_by_chance() -> None:
    """A true 20 a day crosses 25 in 56 % of weeks; the process at the line 25 hardly ever says so."""
    rng = random.Random(11)

    def day() -> int:
        count, left = 0, exp(-20.0)
        product = rng.random()
        while product > left:
            count, product = count + 1, product * rng.random()
        return count

    weeks = [[day() for _ in range(7)] for _ in range(1000)]

    raw = sum(max(week) > 25 for week in weeks) / len(weeks)
    shown = sum(poisson.shown_above_at(week, 25, ALPHA) is not None for week in weeks) / len(weeks)
    assert 0.50 < raw < 0.62
    assert shown < 0.01


# The e-process against its own definition


def by_definition(xs: list[int], line: float) -> list[float]:
    """E after each unit, straight from the formula."""
    capital = [1.0] * len(betting.STAKES)
    found = []
    for x in xs:
        capital = [each * (1 + c / line * (x - line)) for each, c in zip(capital, betting.STAKES, strict=True)]
        found.append(sum(capital) / len(capital))
    return found


def with_restarts(xs: list[int], line: float) -> list[float]:
    """The mixture over restarts, every process kept by itself."""
    found = []
    processes: list[list[float]] = []
    for index, x in enumerate(xs):
        if index % restarts.BLOCK == 0:
            processes.append([1.0] * len(betting.STAKES))
        processes = [
            [each * (1 + c / line * (x - line)) for each, c in zip(one, betting.STAKES, strict=True)]
            for one in processes
        ]
        started = sum(sum(one) / len(one) / ((i + 1) * (i + 2)) for i, one in enumerate(processes))
        found.append(started + 1 / (len(processes) + 1))
    return found  # fmt: skip


def test_counts_suffice() -> None:
    """E of counts is E of the units one by one."""
    rng = random.Random(3)
    xs = [int(rng.random() < 0.93) for _ in range(300)]
    steps = by_definition(xs, 0.9)

    for n, hits in enumerate(accumulate(xs), start=1):
        assert isclose(exp(betting.log_evidence(hits, n, 0.9)), steps[n - 1], rel_tol=1e-9)


@pytest.mark.parametrize("p", [0.02, 0.2, 0.6])
def test_restart_recursion_is_the_mixture(p: float) -> None:
    """One number per stake carries all processes: the largest E and the first crossing are those of the mixture."""
    rng = random.Random(4)
    for _ in range(20):
        xs = [int(rng.random() < p) for _ in range(rng.randint(1, 330))]
        steps = with_restarts(xs, 0.3)
        crossed = next((i for i, e in enumerate(steps) if e >= 20), None)

        found = restarts.scan_counts(xs, [1] * len(xs), 0.3, ALPHA)
        as_means = restarts.scan_means([float(x) for x in xs], 0.3, ALPHA)

        assert as_means.row == crossed
        if crossed is None:
            assert found.row is None
            assert isclose(found.largest, max(1.0, *steps), rel_tol=1e-9)
            assert isclose(as_means.largest, max(1.0, *steps), rel_tol=1e-9)
        else:
            # Runs of hits are looked at where they end, so the crossing may be named a few units late.
            assert found.row is not None
            assert crossed <= found.row
            assert all(xs[crossed : found.row + 1])


def test_rows_of_several_units_give_the_same_product() -> None:
    """k of n in one row is worth the same units one by one, restarts and running maximum apart."""
    rows = [(1, 10), (0, 5), (4, 20)]

    whole = restarts.scan_counts([k for k, _ in rows], [n for _, n in rows], 0.5, ALPHA)
    ones = restarts.scan_counts([1] + [0] * 9 + [0] * 5 + [1] * 4 + [0] * 16, [1] * 35, 0.5, ALPHA)

    assert (whole.units, whole.row) == (ones.units, ones.row)


def test_lines_at_the_ends_are_facts() -> None:
    """Above 0 %: the first hit. Above 100 %: never. Nothing: E = 1."""
    assert restarts.scan_counts([0, 0, 1], [1, 1, 1], 0.0, ALPHA).row == 2
    assert restarts.scan_counts([0, 0], [1, 1], 0.0, ALPHA).row is None
    assert restarts.scan_means([0.0, 0.5], 0.0, ALPHA).row == 1
    assert restarts.scan_counts([1] * 99, [1] * 99, 1.0, ALPHA).row is None
    assert restarts.scan_means([1.0] * 99, 1.0, ALPHA).row is None
    assert restarts.scan_counts([], [], 0.5, ALPHA).largest == 1.0
    assert (betting.log_evidence(0, 0, 0.5), betting.log_evidence_of_means({}, 0.5)) == (0.0, 0.0)
    assert betting.log_evidence(5, 5, 1.0) == betting.log_evidence_of_means({1.0: 5}, 1.0) == -float("inf")
    assert betting.log_evidence(1, 5, 0.0) == betting.log_evidence_of_means({0.5: 1}, 0.0) == float("inf")
    assert betting.hits_needed(10, 0.99, ALPHA) is None
    assert betting.units_needed(share(90), 0.9, ALPHA) is None


def test_tiny_lines_do_not_overflow() -> None:
    """A line of one in a billion: one hit is worth a fortune, and the sums stay finite or cross."""
    found = restarts.scan_counts([0] * 120 + [1] * 3, [1] * 123, 1e-9, ALPHA)

    assert found.row is not None
    assert restarts.scan_counts([10**6], [10**6], 1e-9, ALPHA).row == 0


@pytest.mark.parametrize(
    "call",
    [
        lambda: betting.log_evidence(3, 2, 0.5),
        lambda: betting.log_evidence_of_means({1.5: 1}, 0.5),
        lambda: restarts.scan_counts([2], [1], 0.5, ALPHA),
        lambda: restarts.scan_counts([3], [2], 0.5, ALPHA),
        lambda: restarts.scan_means([1.5], 0.5, ALPHA),
    ],
)
def test_impossible_units_are_refused(call: Callable[[], object]) -> None:
    """More hits than units, or a unit mean beyond 1."""
    with pytest.raises(ValueError, match=r"."):
        call()


# Simulations


def units(rng: random.Random, p: float) -> Iterator[int]:
    while True:
        yield int(rng.random() < p)


def crossing(p: float, line: float, *, above: bool, looks: int, seed: int) -> int | None:
    """The first look at which the betting process shows the side; None within so many looks."""
    stream = units(random.Random(seed), p if above else 1 - p)
    hits, limit = 0, line if above else 1 - line
    for n in range(1, looks + 1):
        hits += next(stream)
        if (hits > n * limit) and betting.shows(betting.log_evidence(hits, n, limit), ALPHA):
            return n
    return None


def slow(*values: object) -> object:
    return pytest.param(*values, marks=pytest.mark.slow)


@pytest.mark.parametrize(
    ("p", "line", "above", "looks", "runs", "low", "high"),
    [
        (0.90, 0.90, True, 1000, 150, 0.0, 0.05),
        (0.90, 0.90, False, 1000, 150, 0.0, 0.06),
        slow(0.90, 0.90, True, 1000, 1000, 0.012, 0.034),
        slow(0.90, 0.90, False, 1000, 1000, 0.02, 0.045),
    ],
)
def test_at_the_line_hardly_ever_shown(
    p: float, line: float, *, above: bool, looks: int, runs: int, low: float, high: float
) -> None:
    """A true .90 is called above .90 in 2.2 % ever, below .90 in 3.4 % over 1,000 looks; never more than alpha."""
    seeds = range(90_000, 90_000 + runs)
    shown = sum(crossing(p, line, above=above, looks=looks, seed=seed) is not None for seed in seeds) / runs

    assert low <= shown <= high


@pytest.mark.parametrize(
    ("p", "line", "above", "expected"),
    [
        (0.97, 0.90, True, 94),
        (0.95, 0.90, True, 225),
        (0.70, 0.60, True, 165),
        (0.75, 0.60, True, 74),
        (0.80, 0.90, False, 79),
        (0.85, 0.90, False, 289),
    ],
)
def test_median_units_until_shown(p: float, line: float, *, above: bool, expected: int) -> None:
    """The median number of units until the side is shown, within a fifth."""
    found = [crossing(p, line, above=above, looks=5000, seed=1000 + seed) or 5000 for seed in range(120)]

    assert 0.8 * expected <= median(found) <= 1.2 * expected


def late_turn(seed: int) -> int:
    """Units after the turn until a build that goes from .98 to .80 after 2,000 is shown below .95."""
    rng = random.Random(seed)
    misses = [int(rng.random() < 0.02) for _ in range(2000)] + [int(rng.random() < 0.20) for _ in range(1500)]
    found = restarts.scan_counts(misses, [1] * len(misses), 0.05, ALPHA)
    return 1500 if found.row is None else found.row + 1 - 2000


def test_late_turn_is_found_in_tens() -> None:
    """.98 turning to .80 after 2,000, line .95: a median of 87 units."""
    found = [late_turn(seed) for seed in range(150)]

    assert 75 <= median(found) <= 100


@pytest.mark.parametrize(("runs", "low", "high"), [(200, 0.0, 0.05), slow(1500, 0.015, 0.04)])
def test_restarts_keep_the_false_alarms(runs: int, low: float, high: float) -> None:
    """At the line itself, 2,000 looks: 2.9 % are called below it."""

    def alarmed(seed: int) -> bool:
        rng = random.Random(seed)
        misses = [int(rng.random() < 0.05) for _ in range(2000)]
        return restarts.scan_counts(misses, [1] * 2000, 0.05, ALPHA).row is not None

    assert low <= sum(map(alarmed, range(runs))) / runs <= high


@pytest.mark.parametrize(("runs", "high"), [(100, 0.06), slow(1000, 0.05)])
def test_anytime_mean_keeps_the_false_alarms(runs: int, high: float) -> None:
    """Normal units at the line, looked at after each of 500: called above it in at most alpha."""

    def alarmed(seed: int) -> bool:
        rng = random.Random(seed)
        return mean.shown_above_at((rng.gauss(1, 3) for _ in range(500)), 1.0, ALPHA) is not None

    assert sum(map(alarmed, range(runs))) / runs <= high


def test_anytime_mean_is_its_interval() -> None:
    """The test crosses where the interval's lower bound passes the line."""
    rng = random.Random(21)
    values = [rng.gauss(1.4, 1) for _ in range(200)]
    index = mean.shown_above_at(values, 1.0, ALPHA)

    assert index is not None
    for n in (index, index + 1):
        found = mean.moments(values[:n])
        assert isinstance(found, mean.Moments)
        interval = mean.anytime_interval(found)
        assert not isinstance(interval, NotMeasured)
        assert (interval.low is not None and interval.low >= 1.0) == (n == index + 1)


@pytest.mark.parametrize("n", [20, 60])
def test_exact_bounds_cover(n: int) -> None:
    """Over every k, the chance that the one-sided bound lies above the truth never exceeds alpha."""
    for p in (0.05, 0.3, 0.5, 0.9, 0.97):
        missed = sum(
            binomial.tail_above(k, n, p) - (binomial.tail_above(k + 1, n, p) if k < n else 0.0)
            for k in range(n + 1)
            if (bound := binomial.lower_bound(k, n)) is not None and not isinstance(bound, NotMeasured) and bound > p
        )
        assert missed <= 0.05 + 1e-12
