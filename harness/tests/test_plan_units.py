"""Numbers with their units: exact, and never guessed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluicegate.plan.types import Scale
from sluicegate.plan.units import UnitError, amount, difference, duration, quantile, share


def refusal(read: Callable[[str], object], text: str) -> str:
    with pytest.raises(UnitError) as caught:
        read(text)
    return f"{caught.value.what} {caught.value.mend}"


@pytest.mark.parametrize(
    ("text", "scale", "value"),
    [
        ("95 %", Scale.RATIO, "19/20"),
        ("95%", Scale.RATIO, "19/20"),
        ("  99.5   percent ", Scale.RATIO, "199/200"),
        ("0.95", Scale.RATIO, "19/20"),
        (".5", Scale.RATIO, "1/2"),
        ("1.0", Scale.RATIO, "1"),
        ("0", Scale.RATIO, "0"),
        ("-3 %", Scale.RATIO, "-3/100"),
        ("200 ms", Scale.MS, "200"),
        ("5 s", Scale.MS, "5000"),
        ("1.5s", Scale.MS, "1500"),
        ("2 min", Scale.MS, "120000"),
        ("$0.50", Scale.MICROUSD, "500000"),
        ("0.5 USD", Scale.MICROUSD, "500000"),
        ("-$2", Scale.MICROUSD, "-2000000"),
        ("$6 usd", Scale.MICROUSD, "6000000"),
        ("250 microusd", Scale.MICROUSD, "250"),
        ("25", Scale.COUNT, "25"),
        ("0.15", Scale.NUMBER, "3/20"),
        ("-0.15", Scale.NUMBER, "-3/20"),
    ],
)
def test_amounts(text: str, scale: Scale, value: str) -> None:
    """A number and its unit, in the scale of its metric, as an exact fraction."""
    assert amount(text, scale) == Fraction(value)


def test_a_count_may_carry_its_own_word() -> None:
    """`25 calls`, `25/day` and `$6.50 per day` where the metric counts calls and days; no other word."""
    words = ["call", "day"]

    assert amount("25 calls", Scale.COUNT, words) == 25
    assert amount("25 calls/day", Scale.COUNT, words) == 25
    assert amount("25/day", Scale.COUNT, words) == 25
    assert amount("$6.50 per day", Scale.MICROUSD, words) == 6_500_000
    assert refusal(lambda text: amount(text, Scale.COUNT, words), "25 apples") == (
        "'25 apples': 'apples' is not a unit of this count. Write 25 or 25 call."
    )
    assert refusal(lambda text: amount(text, Scale.NUMBER, ()), "3 %") == (
        "'3 %': '%' is not a unit of this plain number. Write 3."
    )


@pytest.mark.parametrize(
    ("text", "scale", "said"),
    [
        ("95", Scale.RATIO, "'95' has no unit. Write 95 % or 0.95."),
        ("1", Scale.RATIO, "'1' has no unit. Write 1 % or 100 %."),
        ("1.5", Scale.RATIO, "'1.5' has no unit. Write 1.5 % or 0.015."),
        ("5 s", Scale.RATIO, "'5 s' is not a ratio. Write 5 %."),
        ("20 points", Scale.RATIO, "'20 points' is a difference. Write {drop: 20 points, than: baseline}."),
        ("200", Scale.MS, "'200' has no unit. Write 200 ms or 200 s."),
        ("5 %", Scale.MS, "'5 %' is not a time. Write 5 ms or 5 s."),
        ("0.5", Scale.MICROUSD, "'0.5' has no unit. Write $0.5."),
        ("5 EUR", Scale.MICROUSD, "'5 EUR' is not an amount of money in dollars. Write $5."),
        ("$5 %", Scale.MICROUSD, "'$5 %' has two units. Write $5."),
        ("$5", Scale.RATIO, "'$5' is not a ratio. Write 5 %."),
        ("> 95 %", Scale.RATIO, "'> 95 %' holds a comparison. Write 95 %; the metric's 'better' gives the direction."),
        ("<= 5 s", Scale.MS, "'<= 5 s' holds a comparison. Write 5 s; the metric's 'better' gives the direction."),
        ("1e3 ms", Scale.MS, "'1e3 ms' holds an exponent. Write the number out."),
        ("NaN", Scale.NUMBER, "'NaN' is not a number with a unit. Write for example 95 %, 200 ms or $0.50."),
        ("Infinity", Scale.MS, "'Infinity' is not a number with a unit. Write for example 95 %, 200 ms or $0.50."),
        ("1,5 %", Scale.RATIO, "'1,5 %' is not a number with a unit. Write for example 95 %, 200 ms or $0.50."),
        ("", Scale.RATIO, "'' is not a number with a unit. Write for example 95 %, 200 ms or $0.50."),
        ("9" * 19, Scale.COUNT, f"'{'9' * 19}' is not a number with a unit. Write for example 95 %, 200 ms or $0.50."),
    ],
)
def test_amounts_that_are_refused(text: str, scale: Scale, said: str) -> None:
    """A missing or foreign unit, a comparison, an exponent, no finite number: what was seen, and what to write."""
    assert refusal(lambda one: amount(one, scale), text) == said


def test_shares_lie_within_the_whole() -> None:
    """0 % to 100 %."""
    assert share("100 %") == 1
    assert refusal(share, "101 %") == "'101 %' is outside 0 % to 100 %. Write a share of the whole."


def test_a_difference_says_points_or_percent() -> None:
    """`5 %` may mean either, so it is refused with both ways to say it."""
    assert difference("20 points") == (Fraction(1, 5), False)
    assert difference("1.5 pp") == (Fraction(3, 200), False)
    assert difference("15 percent") == (Fraction(3, 20), True)
    assert refusal(difference, "5 %") == (
        "'5 %' does not say points or percent. Write 5 points (absolute) or 5 percent (of the reference)."
    )
    assert refusal(difference, "5 s") == (
        "'5 s' is no difference. Write 5 points (absolute) or 5 percent (of the reference)."
    )
    assert refusal(difference, "-5 points") == (
        "'-5 points' is outside 0 to 100. The direction comes from the metric; write it positive."
    )


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("48h", 172_800),
        ("20m", 1200),
        ("3 days", 259_200),
        ("1h 30m", 5400),
        ("1w", 604_800),
        ("500ms", "1/2"),
        ("0s", 0),
    ],
)
def test_durations(text: str, seconds: int | str) -> None:
    """Seconds, exactly; several units add up."""
    assert duration(text) == Fraction(seconds)


@pytest.mark.parametrize(
    ("text", "mend"),
    [("48", "Write 48s or 48m."), ("2 moons", "Write 48h, 20m, 7d or 500ms."), ("-1h", "Write 48h, 20m, 7d or 500ms.")],
)
def test_durations_that_are_refused(text: str, mend: str) -> None:
    """A duration has a unit and a positive length."""
    assert refusal(duration, text) == f"'{text}' is not a duration. {mend}"


def test_quantiles() -> None:
    """`p95` is a fraction; `mean` is none; other words are pointed to the right one."""
    assert quantile("p95") == Fraction(19, 20)
    assert quantile("p99.9") == Fraction(999, 1000)
    assert quantile("mean") is None
    assert refusal(quantile, "median") == "'median' is neither a quantile nor the mean. Write p50."
    assert refusal(quantile, "average") == "'average' is neither a quantile nor the mean. Write mean."
    assert refusal(quantile, "p0") == "'p0' is neither a quantile nor the mean. Write p95 or mean."
    assert refusal(quantile, "p100") == "'p100' is neither a quantile nor the mean. Write p95 or mean."


@given(st.fractions(0, 1, max_denominator=10_000))
def test_percent_and_decimals_agree(value: Fraction) -> None:
    """A ratio written either way is the same fraction, without rounding."""
    percent = f"{int(value * 10**6)}"
    whole, cents = percent[:-4] or "0", percent[-4:].rjust(4, "0")
    decimal = f"0.{int(value * 10**6):06d}" if value < 1 else "1.0"

    assert amount(f"{whole}.{cents} %", Scale.RATIO) == amount(decimal, Scale.RATIO)


@given(st.text(max_size=100))
def test_any_text_is_a_number_or_a_refusal(text: str) -> None:
    """Every reader is total."""
    readers: list[Callable[[str], object]] = [share, difference, duration, quantile]
    readers += [lambda one, scale=scale: amount(one, scale, ["day"]) for scale in Scale]
    for read in readers:
        with suppress(UnitError):
            read(text)
