"""Special functions: incomplete beta and gamma, normal, t and chi-square. Relative error about 1e-12.

Prefactors follow Loader (2000), "Fast and accurate computation of binomial probabilities", so that large parameters
lose no digits to cancelling log-gammas; continued fractions are evaluated by Lentz's method (Thompson and Barnett
1986).
"""

from __future__ import annotations

from math import erfc, exp, inf, lgamma, log, log1p, pi, sqrt
from statistics import NormalDist

__all__ = [
    "beta_cdf",
    "beta_quantile",
    "beta_sf",
    "chi_square_sf",
    "gamma_p",
    "gamma_q",
    "normal_cdf",
    "normal_quantile",
    "t_cdf",
    "t_quantile",
]

_EPSILON = 1e-16
_TINY = 1e-300
_STEPS = 200_000
_HALF_LOG_TWO_PI = 0.918938533204672741780329736406


def beta_cdf(a: float, b: float, x: float) -> float:
    """Regularised incomplete beta function I_x(a, b): the chance that a Beta(a, b) variable is at most x.

    a, b > 0 (ValueError otherwise); x at or below 0 gives 0, at or above 1 gives 1.
    Source: DLMF 8.17; continued fraction 8.17.22.

    >>> round(beta_cdf(2, 3, 0.4), 4)  # 1 - BinomCDF(1; 4, 0.4), Abramowitz and Stegun 26.5.24
    0.5248
    """
    return _beta_tails(a, b, x)[0]


def beta_sf(a: float, b: float, x: float) -> float:
    """1 - I_x(a, b), without losing digits when it is small.

    a, b > 0 (ValueError otherwise); x at or below 0 gives 1, at or above 1 gives 0. Source: DLMF 8.17.4.

    >>> round(beta_sf(2, 3, 0.4), 4)
    0.4752
    """
    return _beta_tails(a, b, x)[1]


def beta_quantile(p: float, a: float, b: float) -> float:
    """The x with I_x(a, b) = p: Newton's steps, kept inside a shrinking bracket.

    p in 0..1, a, b > 0 (ValueError otherwise). p = 0 gives 0, p = 1 gives 1. Source: DLMF 8.17, inverse by bracketing.

    >>> round(beta_quantile(0.05, 96, 5), 4)  # lower Clopper-Pearson bound of 96 of 100
    0.9108
    """
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"p is {p}; expected 0..1")
    if p in (0.0, 1.0):
        return p
    low, high = 0.0, 1.0
    x = _first_guess(p, a, b)
    for _ in range(200):
        below, above = _beta_tails(a, b, x)
        error = below - p if below <= 0.5 else (1.0 - p) - above
        if error > 0.0:
            high = x
        else:
            low = x
        slope = exp(_log_beta_front(a, b, x)) / (x * (1.0 - x))
        step = error / slope if slope > 0.0 else inf
        following = x - step
        if not low < following < high:
            following = (low + high) / 2.0
        if abs(following - x) <= 4e-16 * x or following in (low, high):
            return following
        x = following
    return x


def gamma_p(a: float, x: float) -> float:
    """Regularised lower incomplete gamma function P(a, x).

    a > 0, x >= 0 (ValueError otherwise); x = 0 gives 0. Source: DLMF 8.7.1 (series), 8.9.2 (continued fraction).

    >>> round(gamma_p(1.0, 1.0), 6)  # 1 - 1/e
    0.632121
    """
    return _gamma_tails(a, x)[0]


def gamma_q(a: float, x: float) -> float:
    """Regularised upper incomplete gamma function Q(a, x) = 1 - P(a, x), exact to many digits when small.

    a > 0, x >= 0 (ValueError otherwise); x = 0 gives 1. Source: DLMF 8.9.2.

    >>> round(gamma_q(1.0, 1.0), 6)  # 1/e
    0.367879
    """
    return _gamma_tails(a, x)[1]


def chi_square_sf(x: float, df: int) -> float:
    """The chance that a chi-square variable with df degrees of freedom exceeds x.

    df >= 1, x >= 0 (ValueError otherwise); x = 0 gives 1. Source: Abramowitz and Stegun 26.4.19.

    >>> round(chi_square_sf(3.841, 1), 3)  # table 26.8
    0.05
    """
    if df < 1:
        raise ValueError(f"df is {df}; expected at least 1")
    return gamma_q(df / 2.0, x / 2.0)


def normal_cdf(z: float) -> float:
    """The chance that a standard normal variable is at most z. Source: DLMF 7.2.2 (erfc).

    >>> round(normal_cdf(1.96), 4)
    0.975
    """
    return 0.5 * erfc(-z / sqrt(2.0))


def normal_quantile(p: float) -> float:
    """The z with normal_cdf(z) = p. Source: Wichura (1988), AS 241, as in the standard library.

    p strictly between 0 and 1 (ValueError otherwise).

    >>> round(normal_quantile(0.95), 4)
    1.6449
    """
    if not 0.0 < p < 1.0:
        raise ValueError(f"p is {p}; expected between 0 and 1")
    return NormalDist().inv_cdf(p)


def t_cdf(t: float, df: float) -> float:
    """The chance that Student's t with df degrees of freedom is at most t.

    df > 0 (ValueError otherwise). Source: Abramowitz and Stegun 26.7.1.

    >>> round(t_cdf(2.228, 10), 3)  # table 26.10
    0.975
    """
    if df <= 0:
        raise ValueError(f"df is {df}; expected above 0")
    square = t * t
    # The smaller of x and 1 - x is computed as it is, so that neither end loses its digits.
    if square < df:
        tail = 0.5 * beta_sf(0.5, df / 2.0, square / (df + square))
    else:
        tail = 0.5 * beta_cdf(df / 2.0, 0.5, df / (df + square))
    return tail if t < 0 else 1.0 - tail


def t_quantile(p: float, df: float) -> float:
    """The t with t_cdf(t, df) = p.

    p strictly between 0 and 1, df > 0 (ValueError otherwise). Source: Abramowitz and Stegun 26.7.1, inverted.

    >>> round(t_quantile(0.975, 10), 3)  # table 26.10
    2.228
    """
    if not 0.0 < p < 1.0:
        raise ValueError(f"p is {p}; expected between 0 and 1")
    if df <= 0:
        raise ValueError(f"df is {df}; expected above 0")
    if p > 0.5:
        return -t_quantile(1.0 - p, df)
    if p == 0.5:
        return 0.0
    if p < 0.25:
        x = beta_quantile(2.0 * p, df / 2.0, 0.5)
        return -sqrt(df * (1.0 - x) / x)
    # Near the middle x is close to 1 and 1 - x would lose its digits: ask for 1 - x itself.
    y = beta_quantile(1.0 - 2.0 * p, 0.5, df / 2.0)
    return -sqrt(df * y / (1.0 - y))


def _beta_tails(a: float, b: float, x: float) -> tuple[float, float]:
    """I_x(a, b) and its complement; the smaller one is computed, the other is its difference to 1."""
    if a <= 0.0 or b <= 0.0:
        raise ValueError(f"a, b are {a}, {b}; expected above 0")
    if x <= 0.0:
        return 0.0, 1.0
    if x >= 1.0:
        return 1.0, 0.0
    front = exp(_log_beta_front(a, b, x))
    if x <= (a + 1.0) / (a + b + 2.0):
        lower = min(1.0, front * _beta_fraction(a, b, x) / a)
        return lower, 1.0 - lower
    upper = min(1.0, front * _beta_fraction(b, a, 1.0 - x) / b)
    return 1.0 - upper, upper


def _log_beta_front(a: float, b: float, x: float) -> float:
    """Logarithm of x^a (1-x)^b / B(a, b), by Loader's saddle-point form."""
    n = a + b
    binomial = _stirling_error(n) - _stirling_error(a) - _stirling_error(b)
    deviance = _deviance(a, n * x) + _deviance(b, n * (1.0 - x))
    return binomial - deviance + 0.5 * log(a * b / (2.0 * pi * n))


def _beta_fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of DLMF 8.17.22."""
    c = 1.0
    d = _away_from_zero(1.0 - (a + b) * x / (a + 1.0))
    d = 1.0 / d
    value = d
    for m in range(1, _STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m))
        d = 1.0 / _away_from_zero(1.0 + even * d)
        c = _away_from_zero(1.0 + even / c)
        value *= d * c
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0))
        d = 1.0 / _away_from_zero(1.0 + odd * d)
        c = _away_from_zero(1.0 + odd / c)
        change = d * c
        value *= change
        if abs(change - 1.0) <= _EPSILON:
            break
    return value


def _gamma_tails(a: float, x: float) -> tuple[float, float]:
    if a <= 0.0 or x < 0.0:
        raise ValueError(f"a, x are {a}, {x}; expected a > 0 and x >= 0")
    if x == 0.0:
        return 0.0, 1.0
    front = exp(-_stirling_error(a) - _deviance(a, x) + 0.5 * log(a / (2.0 * pi)))
    if x < a + 1.0:
        lower = min(1.0, front * _gamma_series(a, x))
        return lower, 1.0 - lower
    upper = min(1.0, front * _gamma_fraction(a, x))
    return 1.0 - upper, upper


def _gamma_series(a: float, x: float) -> float:
    term = total = 1.0 / a
    for step in range(1, _STEPS):
        term *= x / (a + step)
        total += term
        if term <= total * _EPSILON:
            break
    return total


def _gamma_fraction(a: float, x: float) -> float:
    b = x + 1.0 - a
    c = 1.0 / _TINY
    d = 1.0 / _away_from_zero(b)
    value = d
    for step in range(1, _STEPS):
        numerator = -step * (step - a)
        b += 2.0
        d = 1.0 / _away_from_zero(numerator * d + b)
        c = _away_from_zero(b + numerator / c)
        change = d * c
        value *= change
        if abs(change - 1.0) <= _EPSILON:
            break
    return value


def _stirling_error(z: float) -> float:
    """Logarithm of Gamma(z + 1) less Stirling's approximation (Loader 2000, section 3)."""
    if z < 15.0:
        return lgamma(z + 1.0) - (z + 0.5) * log(z) + z - _HALF_LOG_TWO_PI
    s = z * z
    return (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - (1 / 1188 - 691 / 360360 / s) / s) / s) / s) / s) / z


def _deviance(x: float, mean: float) -> float:
    """The term x log(x / mean) + mean - x, without cancellation near x = mean (Loader 2000, bd0)."""
    if abs(x - mean) >= 0.1 * (x + mean):
        return x * log(x / mean) + mean - x
    v = (x - mean) / (x + mean)
    total = (x - mean) * v
    term = 2.0 * x * v
    for j in range(1, 1000):
        term *= v * v
        following = total + term / (2 * j + 1)
        if following == total:
            break
        total = following
    return total


def _first_guess(p: float, a: float, b: float) -> float:
    """A normal guess where both parameters are large, a power guess where one is small (Abramowitz, Stegun 26.5.22)."""
    if a >= 1.0 and b >= 1.0:
        z = normal_quantile(p)
        mean = a / (a + b)
        guess = mean + z * sqrt(mean * (1.0 - mean) / (a + b + 1.0))
        if 0.0 < guess < 1.0:
            return guess
    low, high = exp(a * log(a / (a + b))) / a, exp(b * log1p(-a / (a + b))) / b
    share = low / (low + high)
    near_zero = exp(log(a * (low + high) * p) / a)
    near_one = 1.0 - exp(log(b * (low + high) * (1.0 - p)) / b)
    return min(max(near_zero if p < share else near_one, 1e-12), 1.0 - 1e-12)


def _away_from_zero(value: float) -> float:
    return value if abs(value) >= _TINY else _TINY
