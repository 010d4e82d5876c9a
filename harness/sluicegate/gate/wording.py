"""Numbers, counts and gaps in words, the same everywhere. Rates stay 0..1; percent is the report's business."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor, log10

from sluicegate.errors import printable
from sluicegate.model import Kind, Reason
from sluicegate.plan.types import Scale

__all__ = ["at_most", "count_of", "days", "figure", "incomplete", "line_name", "plural", "quantile_name", "rate"]


def figure(value: Fraction | float, scale: Scale) -> str:
    """A value in its scale: `0.90`, `500 ms`, `$0.50`, `20`."""
    number = float(value)
    match scale:
        case Scale.RATIO:
            return rate(number)
        case Scale.MS:
            return f"{_number(number)} ms"
        case Scale.MICROUSD:
            dollars = number / 1e6
            return f"${dollars:.2f}" if abs(dollars * 100 - round(dollars * 100)) < 1e-9 else f"${dollars:.6g}"
        case _:
            return _number(number)


def _number(number: float) -> str:
    return f"{number:,.6g}"


def line_name(role: str) -> str:
    """`the target`, `the alert line`: a line of a criterion as instructions name it."""
    return {"promote": "the target", "max_rate": "the max rate"}.get(role, f"the {role} line")


def at_most(number: float) -> str:
    """A positive upper bound in four digits, rounded up: what is printed is never more than what is shown."""
    step = 10.0 ** (floor(log10(number)) - 3)
    return rate(ceil(number / step - 1e-9) * step)


def rate(number: float) -> str:
    """A rate with at least two decimals and at most four digits that say something: `0.90`, `0.0045`."""
    text = f"{number:.4g}"
    if "e" in text:
        return text
    whole, _, decimals = text.partition(".")
    return f"{whole}.{decimals.ljust(2, '0')}"


def plural(unit: str) -> str:
    """`draft` to `drafts`, `query` to `queries`; a word that ends in s stays."""
    if unit.endswith("s"):
        return unit
    if unit.endswith("y") and unit[-2:-1] not in "aeiou":
        return f"{unit[:-1]}ies"
    return f"{unit}es" if unit.endswith(("x", "ch", "sh")) else f"{unit}s"


def count_of(n: int, unit: str) -> str:
    """`1 draft`, `212 drafts`."""
    return f"{n:,} {unit if n == 1 else plural(unit)}"


def days(seconds: float) -> str:
    """`about 2 days`, `about 3 hours`; never less than a minute."""
    for size, unit in ((86_400, "day"), (3_600, "hour")):
        if seconds >= size:
            return f"about {count_of(round(seconds / size), unit)}"
    return f"about {count_of(max(1, round(seconds / 60)), 'minute')}"


def quantile_name(at: Fraction) -> str:
    """`p95` for 19/20, `p99.9` for 999/1000."""
    return f"p{float(at * 100):.10g}"


def incomplete(about: str, text: str, mend: str) -> Reason:
    """A reason of row 6: evidence that should be there and is not."""
    return Reason(kind=Kind.HOLD_INCOMPLETE, about=printable(about), text=printable(text), mend=mend)
