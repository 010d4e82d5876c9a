"""How many units two sets share when each was drawn for itself."""

from __future__ import annotations

from fractions import Fraction
from math import comb

__all__ = ["overlap_tails"]


def overlap_tails(both: int, one: int, other: int, n: int) -> tuple[Fraction, Fraction]:
    """The chances of an overlap of `both` or fewer, and of `both` or more, for sets of those sizes out of n.

    0 <= one, other <= n, and an overlap that such sets can have (ValueError otherwise). Exact, in integers: the overlap
    is hypergeometric. Source: Fisher (1935), the lady tasting tea.

    >>> [round(float(tail), 3) for tail in overlap_tails(3, 4, 4, 8)]
    [0.986, 0.243]
    """
    least, most = max(0, one + other - n), min(one, other)
    if not (0 <= one <= n and 0 <= other <= n and least <= both <= most):
        raise ValueError(f"an overlap of {both} is not possible for {one} and {other} of {n}")
    term = comb(one, least) * comb(n - one, other - least)
    below = above = 0
    for shared in range(least, most + 1):
        if shared <= both:
            below += term
        if shared >= both:
            above += term
        term = term * (one - shared) * (other - shared) // ((shared + 1) * (n - one - other + shared + 1))
    total = comb(n, other)
    return Fraction(below, total), Fraction(above, total)
