"""Is a share shown above or below a line by k of n? Decided in integers where floats could err.

Model: n independent units, each holding with the same probability p. A share is shown above a line when the chance of
k or more at the line is at most alpha, which is the same as its one-sided Clopper-Pearson bound reaching the line.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil, comb, expm1, log, log1p

from sluicegate.model import NotMeasured
from sluicegate.stats.special import beta_cdf, beta_quantile, beta_sf

__all__ = [
    "fewest_above",
    "is_above",
    "is_below",
    "lower_bound",
    "most_below",
    "tail_above",
    "tail_below",
    "units_for_zero",
    "upper_bound",
    "zero_upper_bound",
]

_ALWAYS_EXACT = 1_000
"""Up to here every decision is made in integers."""
_EXACT_NEAR_THE_LINE = 20_000
"""Up to here a float tail this close to alpha is decided again in integers."""
_NEAR = 1e-7

_NOTHING = NotMeasured(reason="0 units", mend="Collect at least one unit.")


def lower_bound(k: int, n: int, alpha: float = 0.05) -> float | NotMeasured:
    """Lower one-sided Clopper-Pearson bound for k of n: BetaInv(alpha; k, n - k + 1).

    0 <= k <= n, alpha in (0, 1) (ValueError otherwise). k = 0 gives 0, k = n gives alpha^(1/n), n = 0 is NotMeasured.
    Source: Clopper and Pearson (1934), Biometrika 26.

    >>> round(lower_bound(81, 263, 0.025), 4)  # Newcombe (1998), Statistics in Medicine 17, p. 861
    0.2527
    """
    _check(k, n, alpha)
    if n == 0:
        return _NOTHING
    return 0.0 if k == 0 else beta_quantile(alpha, k, n - k + 1)


def upper_bound(k: int, n: int, alpha: float = 0.05) -> float | NotMeasured:
    """Upper one-sided Clopper-Pearson bound for k of n: BetaInv(1 - alpha; k + 1, n - k).

    0 <= k <= n, alpha in (0, 1) (ValueError otherwise). k = n gives 1, k = 0 gives 1 - alpha^(1/n), n = 0 is
    NotMeasured. Source: Clopper and Pearson (1934), Biometrika 26.

    >>> round(upper_bound(81, 263, 0.025), 4)  # Newcombe (1998), Statistics in Medicine 17, p. 861
    0.3676
    """
    _check(k, n, alpha)
    if n == 0:
        return _NOTHING
    return 1.0 if k == n else 1.0 - beta_quantile(alpha, n - k, k + 1)


def zero_upper_bound(n: int, alpha: float = 0.05) -> float | NotMeasured:
    """Upper bound of a rate after none in n: 1 - alpha^(1/n).

    n >= 0, alpha in (0, 1) (ValueError otherwise). n = 0 is NotMeasured. Source: Clopper and Pearson (1934) at k = 0;
    3/n is its approximation (Hanley and Lippman-Hand 1983, JAMA 249).

    >>> round(zero_upper_bound(300), 4)
    0.0099
    """
    _check(0, n, alpha)
    return _NOTHING if n == 0 else -expm1(log(alpha) / n)


def units_for_zero(rate: Fraction, alpha: Fraction = Fraction(1, 20)) -> int | NotMeasured:
    """How many units without an incident show a rate below `rate`: the least n with (1 - rate)^n <= alpha.

    alpha in (0, 1) (ValueError otherwise). A rate at or below 0 cannot be shown by any n: NotMeasured. A rate of 1 or
    more needs 1. Source: as `zero_upper_bound`.

    >>> units_for_zero(Fraction(1, 100))
    299
    """
    _check(0, 0, float(alpha))
    if rate <= 0:
        return NotMeasured(reason="a rate of 0 cannot be shown by any number of units", mend="Set max_rate above 0.")
    if rate >= 1:
        return 1
    n = max(1, ceil(log(alpha) / log1p(-float(rate))))
    while n > 1 and is_below(0, n - 1, rate, alpha):
        n -= 1
    while not is_below(0, n, rate, alpha):
        n += 1
    return n


def tail_above(k: int, n: int, line: float) -> float:
    """The chance of k or more of n when p = line.

    0 <= k <= n, line in 0..1 (ValueError otherwise). k = 0 gives 1; n = 0 gives 1. Source: DLMF 8.17.5.

    >>> round(tail_above(96, 100, 0.93), 3)  # the raw rule "more than 95 of 100" passes a true 93 % build
    0.163
    """
    _check(k, n, 0.5)
    if not 0.0 <= line <= 1.0:
        raise ValueError(f"line is {line}; expected 0..1")
    return 1.0 if k == 0 else beta_cdf(k, n - k + 1, line)


def tail_below(k: int, n: int, line: float) -> float:
    """The chance of k or fewer of n when p = line.

    0 <= k <= n, line in 0..1 (ValueError otherwise). k = n gives 1; n = 0 gives 1. Source: DLMF 8.17.5.

    >>> round(2 * tail_below(1, 9, 0.5), 3)  # McNemar: 8 fixed, 1 broken
    0.039
    """
    _check(k, n, 0.5)
    if not 0.0 <= line <= 1.0:
        raise ValueError(f"line is {line}; expected 0..1")
    return 1.0 if k == n else beta_sf(k + 1, n - k, line)


def is_above(k: int, n: int, line: Fraction, alpha: Fraction = Fraction(1, 20)) -> bool:
    """Whether k of n shows a share above the line: the chance of k or more at the line is at most alpha.

    0 <= k <= n, alpha in (0, 1) (ValueError otherwise). Decided in integers up to n = 1,000, and beyond where the float
    tail is within 1e-7 of alpha. n = 0 and k = 0 show nothing; a line below 0 is always exceeded, one at 1 or more
    never. Source: Clopper and Pearson (1934).

    >>> is_above(96, 100, Fraction(9, 10)), is_above(95, 100, Fraction(9, 10))
    (True, False)
    """
    _check(k, n, float(alpha))
    if n == 0 or line >= 1:
        return False
    if line < 0:
        return True
    if k == 0:
        return False
    if n > _ALWAYS_EXACT:
        tail = tail_above(k, n, float(line))
        near = abs(tail - float(alpha)) <= _NEAR * float(alpha)
        if n > _EXACT_NEAR_THE_LINE or not near:
            return bool(tail <= alpha)
    return _exact_tail_at_most(k, n, line, alpha)


def is_below(k: int, n: int, line: Fraction, alpha: Fraction = Fraction(1, 20)) -> bool:
    """Whether k of n shows a share below the line: the chance of k or fewer at the line is at most alpha.

    0 <= k <= n, alpha in (0, 1) (ValueError otherwise). Exactness as in `is_above`. n = 0 and k = n show nothing; a
    line above 1 is never reached, one at 0 or less is never undercut. Source: Clopper and Pearson (1934).

    >>> is_below(84, 100, Fraction(9, 10)), is_below(85, 100, Fraction(9, 10))
    (True, False)
    """
    return is_above(n - k, n, 1 - line, alpha)


def fewest_above(n: int, line: Fraction, alpha: Fraction = Fraction(1, 20)) -> int | None:
    """The least k of n that shows a share above the line; None when even n of n does not.

    n >= 0 (ValueError otherwise). Source: Clopper and Pearson (1934).

    >>> [fewest_above(100, Fraction(p, 100)) for p in (95, 90, 70)]
    [99, 96, 78]
    """
    if not is_above(n, n, line, alpha):
        return None
    low, high = -1, n
    while high - low > 1:
        middle = (low + high) // 2
        if is_above(middle, n, line, alpha):
            high = middle
        else:
            low = middle
    return high


def most_below(n: int, line: Fraction, alpha: Fraction = Fraction(1, 20)) -> int | None:
    """The largest k of n that shows a share below the line; None when even 0 of n does not.

    n >= 0 (ValueError otherwise). Source: Clopper and Pearson (1934).

    >>> most_below(100, Fraction(90, 100))
    84
    """
    misses = fewest_above(n, 1 - line, alpha)
    return None if misses is None else n - misses


def _exact_tail_at_most(k: int, n: int, line: Fraction, alpha: Fraction) -> bool:
    """P(X >= k) <= alpha in integers, over the shorter of the two tails."""
    hit: int = line.numerator
    whole: int = line.denominator
    miss = whole - hit
    limit, scale = alpha.numerator, alpha.denominator
    everything: int = pow(whole, n)
    if 2 * k > n:
        return scale * _sum_of_terms(n, n - k, miss, hit) <= limit * everything
    return scale * (everything - _sum_of_terms(n, k - 1, hit, miss)) <= limit * everything


def _sum_of_terms(n: int, last: int, a: int, b: int) -> int:
    """The sum over i = 0..last of C(n, i) a^i b^(n-i), by Horner's rule downwards from i = last."""
    total = coefficient = comb(n, last)
    power = 1
    for i in range(last, 0, -1):
        coefficient = coefficient * i // (n - i + 1)
        power *= b
        total = total * a + coefficient * power
    return total * int(pow(b, n - last))


def _check(k: int, n: int, alpha: float) -> None:
    if not 0 <= k <= n:
        raise ValueError(f"k of n is {k} of {n}; expected 0 <= k <= n")
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"alpha is {alpha}; expected between 0 and 1")
