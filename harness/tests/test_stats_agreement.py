"""Agreement of a detector with labels, and the rate behind what it flags."""

from __future__ import annotations

import random
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluicegate.model import NotMeasured
from sluicegate.stats.agreement import Agreement, corrected_rate, kappa
from sluicegate.stats.special import normal_quantile


def table(tp: int, fn: int, fp: int, tn: int) -> Agreement:
    return Agreement(true_positive=tp, false_negative=fn, false_positive=fp, true_negative=tn)


def by_delta(counts: tuple[int, ...], alpha: float) -> tuple[float, float]:
    """Kappa and the half of its interval by the delta method, derivatives taken numerically: another way."""
    n = sum(counts)

    def value(p: list[float]) -> float:
        rows, columns = (p[0] + p[1], p[2] + p[3]), (p[0] + p[2], p[1] + p[3])
        chance = rows[0] * columns[0] + rows[1] * columns[1]
        return (p[0] + p[3] - chance) / (1 - chance)

    shares = [count / n for count in counts]
    slopes = []
    for at in range(4):
        up, down = shares.copy(), shares.copy()
        up[at] += 1e-6
        down[at] -= 1e-6
        slopes.append((value(up) - value(down)) / 2e-6)
    mean = sum(p * d for p, d in zip(shares, slopes, strict=True))
    variance = (sum(p * d * d for p, d in zip(shares, slopes, strict=True)) - mean**2) / n
    return value(shares), normal_quantile(1 - alpha) * sqrt(max(variance, 0.0))


@given(counts=st.tuples(*(st.integers(1, 200) for _ in range(4))))
def test_kappa_and_its_interval_by_another_way(counts: tuple[int, int, int, int]) -> None:
    """The published standard error is that of the delta method, which differentiates kappa itself."""
    found = kappa(table(*counts))
    assert not isinstance(found, NotMeasured)
    value, half = by_delta(counts, 0.05)

    assert found[0] == pytest.approx(value)
    assert found[1].low == pytest.approx(max(value - half, -1), abs=1e-5)
    assert found[1].high == pytest.approx(min(value + half, 1), abs=1e-5)


def test_kappa_at_its_ends() -> None:
    """All agree: 1; all disagree evenly: -1; one class only, or nothing: not measured."""
    for counts, value in (((5, 0, 0, 5), 1.0), ((0, 5, 5, 0), -1.0), ((5, 5, 5, 5), 0.0)):
        found = kappa(table(*counts))
        assert not isinstance(found, NotMeasured)
        assert found[0] == pytest.approx(value)
    assert isinstance(kappa(table(7, 0, 0, 0)), NotMeasured)
    assert isinstance(kappa(table(0, 0, 0, 0)), NotMeasured)
    with pytest.raises(ValueError, match="at least 0"):
        table(-1, 0, 0, 0)


def test_a_perfect_judge_is_hardly_corrected() -> None:
    """With many labels and no error the rate is what was flagged, within its own interval."""
    found = corrected_rate(10, 100, table(5000, 0, 0, 5000))
    assert not isinstance(found, NotMeasured)

    assert found[0] == pytest.approx(0.1)
    assert (found[1].low or 0) < 0.1 < (found[1].high or 0) < 0.19


def test_what_cannot_be_corrected_is_no_number() -> None:
    """No labels of a class, nothing judged, or a judge that may be guessing."""
    assert isinstance(corrected_rate(1, 10, table(0, 0, 5, 50)), NotMeasured)
    assert isinstance(corrected_rate(0, 0, table(50, 5, 5, 50)), NotMeasured)
    assert isinstance(corrected_rate(1, 10, table(3, 2, 2, 3)), NotMeasured)


@pytest.mark.parametrize(("rate", "sensitivity", "specificity", "labels"), [
    (0.05, 0.9, 0.95, 100), (0.0, 0.8, 0.9, 60), (0.3, 0.75, 0.85, 80), (0.02, 0.97, 0.99, 40),
])  # fmt: skip
def test_the_interval_covers(rate: float, sensitivity: float, specificity: float, labels: int) -> None:
    """Labels and judgements drawn anew, the true rate lies above the low and below the high bound in 95 % of draws."""
    draw = random.Random(7)
    runs, below, above, silent = 200, 0, 0, 0

    def count(share: float, n: int) -> int:
        return sum(draw.random() < share for _ in range(n))

    for _ in range(runs):
        tp, tn = count(sensitivity, labels), count(specificity, labels)
        flagged = count(rate * sensitivity + (1 - rate) * (1 - specificity), 200)
        found = corrected_rate(flagged, 200, table(tp, labels - tp, labels - tn, tn))
        if isinstance(found, NotMeasured):
            silent += 1
            continue
        below += (found[1].low or 0.0) > rate
        above += (1.0 if found[1].high is None else found[1].high) < rate
    assert silent == 0
    assert below <= 0.05 * runs
    assert above <= 0.05 * runs
