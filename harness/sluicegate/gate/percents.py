"""Shares as percent, in the notes on a plan."""

from __future__ import annotations

from math import ceil, floor, log10

__all__ = ["apart", "at_most_percent", "percent"]


def percent(share: float) -> str:
    """Two digits that say something: `23 %`, `0.65 %`, `99.4 %`; never 100 for less."""
    shown = 100.0 * share
    if 99.0 < shown < 99.95:
        return f"{shown:.1f} %"
    if 99.95 <= shown < 100.0:
        return "over 99.9 %"
    return f"{shown:.0f} %" if shown >= 10.0 else f"{shown:.2g} %"


def at_most_percent(share: float) -> str:
    """An upper bound in two digits, rounded up: no more is said than is shown."""
    shown = 100.0 * share
    step = 10.0 ** (floor(log10(shown)) - 1)
    return f"{ceil(shown / step - 1e-9) * step:.6g} %"


def apart(share: float, other: float) -> str:
    """A share in as many digits as tell it from another one."""
    said = percent(share)
    if said != percent(other):
        return said
    for digits in range(1, 9):
        text = f"{100.0 * share:.{digits}f}"
        if text != f"{100.0 * other:.{digits}f}":
            return f"{text} %"
    return said
