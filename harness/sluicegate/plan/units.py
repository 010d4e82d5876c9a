"""Numbers with their units: `95 %`, `200 ms`, `$0.50`, `48h`, `20 points`, `p95`. Exact fractions, never floats."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fractions import Fraction

from sluicegate.plan.types import Scale

__all__ = ["UnitError", "amount", "difference", "duration", "quantile", "share"]


class UnitError(Exception):
    """A text that is no such number; `what` was seen and the `mend`."""

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(what)
        self.what = what
        self.mend = mend


_NUMBER = r"[-+]?(?:[0-9]{1,18}(?:\.[0-9]{1,18})?|\.[0-9]{1,18})"
_AMOUNT = re.compile(rf"(?P<dollar>[-+]?\$\s*)?(?P<number>{_NUMBER})\s*(?P<unit>[^\d\s.,+-].*)?")
_LONGEST = 80
"""No number with its unit is longer; what is cut off makes it unreadable all the same."""
_COMPARISON = re.compile(r"\s*([<>≤≥]=?|=|at (?:least|most)\b|under\b|over\b)", re.IGNORECASE)
_SECONDS: dict[str, Fraction] = {
    unit: Fraction(length) / 1000
    for length, units in (
        (1, "ms millisecond milliseconds"),
        (1000, "s sec second seconds"),
        (60_000, "m min minute minutes"),
        (3_600_000, "h hour hours"),
        (86_400_000, "d day days"),
        (604_800_000, "w week weeks"),
    )
    for unit in units.split()
}
_DOLLARS = {"$", "usd", "dollar", "dollars"}
_MICROS = {"microusd", "µ$"}
_PERCENT = {"%", "percent"}
_POINTS = {"points", "point", "pp", "percentage points", "percentage point", "pct points"}


def amount(text: str, scale: Scale, words: Iterable[str] = ()) -> Fraction:
    """The number `text` stands for, in `scale`. `words` are units a plain count may carry (`25 calls`).

    Raises UnitError for a missing or foreign unit, a comparison sign, and anything that is no finite number.
    """
    known = set(words)
    number, unit, raw = _parts(_without_per(text, known))
    if unit in _POINTS:
        raise UnitError(f"'{text}' is a difference.", f"Write {{drop: {raw} points, than: baseline}}.")
    match scale:
        case Scale.RATIO:
            return _ratio(text, number, unit, raw)
        case Scale.MS:
            return _milliseconds(text, number, unit, raw)
        case Scale.MICROUSD:
            return _micro_dollars(text, number, unit, raw)
        case Scale.COUNT | Scale.NUMBER:
            return _plain(text, number, unit, scale, known)


def share(text: str) -> Fraction:
    """A share of a whole, 0..1. Raises UnitError."""
    value = amount(text, Scale.RATIO)
    if not 0 <= value <= 1:
        raise UnitError(f"'{text}' is outside 0 % to 100 %.", "Write a share of the whole.")
    return value


def difference(text: str) -> tuple[Fraction, bool]:
    """`20 points` or `15 percent` as (0..1, relative?). Raises UnitError, for `5 %` too: it may mean either."""
    number, unit, raw = _parts(text)
    if unit in _POINTS:
        relative = False
    elif unit == "percent":
        relative = True
    else:
        seen = f"'{text}' does not say points or percent." if unit in {"", "%"} else f"'{text}' is no difference."
        raise UnitError(seen, f"Write {raw} points (absolute) or {raw} percent (of the reference).")
    if not 0 <= number <= 100:
        raise UnitError(f"'{text}' is outside 0 to 100.", "The direction comes from the metric; write it positive.")
    return number / 100, relative


def duration(text: str) -> Fraction:
    """`48h`, `20 m`, `1h 30m`, `3 days` in seconds. Raises UnitError."""
    compact = " ".join(text[:_LONGEST].split())
    pieces = re.findall(r"([0-9]{1,12}(?:\.[0-9]{1,9})?)\s*([A-Za-z]+)\s*", compact)
    joined = re.fullmatch(r"(?:[0-9]{1,12}(?:\.[0-9]{1,9})?\s*[A-Za-z]+\s*)+", compact)
    if joined is None or any(unit.lower() not in _SECONDS for _, unit in pieces):
        mend = (
            f"Write {compact}s or {compact}m." if re.fullmatch(r"[0-9.]+", compact) else "Write 48h, 20m, 7d or 500ms."
        )
        raise UnitError(f"'{text}' is not a duration.", mend)
    return sum((Fraction(number) * _SECONDS[unit.lower()] for number, unit in pieces), Fraction(0))


def quantile(text: str) -> Fraction | None:
    """`p95` as 19/20; `mean` as None. Raises UnitError."""
    word = text.strip().lower()
    if word == "mean":
        return None
    found = re.fullmatch(r"p([0-9]{1,2}(?:\.[0-9]{1,6})?)", word)
    if found is None or Fraction(found[1]) == 0:
        mend = {"median": "Write p50.", "average": "Write mean.", "avg": "Write mean."}.get(word, "Write p95 or mean.")
        raise UnitError(f"'{text}' is neither a quantile nor the mean.", mend)
    return Fraction(found[1]) / 100


def _parts(text: str) -> tuple[Fraction, str, str]:
    """Number, unit in lower case (`$` for a leading dollar), and the number as written."""
    compact = " ".join(text[:_LONGEST].split())
    if (sign := _COMPARISON.match(compact)) is not None:
        rest = compact[sign.end() :].strip()
        mend = f"Write {rest}; the metric's 'better' gives the direction."
        raise UnitError(f"'{text}' holds a comparison.", mend)
    found = _AMOUNT.fullmatch(compact)
    if found is None:
        raise UnitError(f"'{text}' is not a number with a unit.", "Write for example 95 %, 200 ms or $0.50.")
    unit = (found["unit"] or "").strip().lower()
    if re.match(r"e[-+]?[0-9]", unit):
        raise UnitError(f"'{text}' holds an exponent.", "Write the number out.")
    number = Fraction(found["number"])
    if found["dollar"]:
        if unit not in {"", "usd"}:
            raise UnitError(f"'{text}' has two units.", f"Write ${found['number']}.")
        return (-number if found["dollar"].startswith("-") else number), "$", found["number"]
    return number, unit, found["number"]


def _ratio(text: str, number: Fraction, unit: str, raw: str) -> Fraction:
    if unit in _PERCENT:
        return number / 100
    if unit:
        raise UnitError(f"'{text}' is not a ratio.", f"Write {raw} %.")
    if number == 0 or ("." in raw and abs(number) <= 1):
        return number
    decimal = f" or {_shortest(number / 100)}" if number != 1 else " or 100 %"
    raise UnitError(f"'{text}' has no unit.", f"Write {raw} %{decimal}.")


def _milliseconds(text: str, number: Fraction, unit: str, raw: str) -> Fraction:
    if unit in _SECONDS:
        return number * _SECONDS[unit] * 1000
    seen = f"'{text}' has no unit." if not unit else f"'{text}' is not a time."
    raise UnitError(seen, f"Write {raw} ms or {raw} s.")


def _micro_dollars(text: str, number: Fraction, unit: str, raw: str) -> Fraction:
    if unit in _DOLLARS:
        return number * 1_000_000
    if unit in _MICROS:
        return number
    seen = f"'{text}' has no unit." if not unit else f"'{text}' is not an amount of money in dollars."
    raise UnitError(seen, f"Write ${raw}.")


def _plain(text: str, number: Fraction, unit: str, scale: Scale, words: set[str]) -> Fraction:
    if unit and not any(_same_word(unit, word) for word in words):
        kind = "count" if scale is Scale.COUNT else "plain number"
        known = f" or {_shortest(number)} {min(words)}" if words and scale is Scale.COUNT else ""
        raise UnitError(f"'{text}': '{unit}' is not a unit of this {kind}.", f"Write {_shortest(number)}{known}.")
    return number


def _without_per(text: str, words: set[str]) -> str:
    """`$6.50/day` as `$6.50` where the metric counts days."""
    found = re.fullmatch(r"(.*\S)\s*(?:/|\bper\b)\s*([A-Za-z]+)\s*", text)
    return found[1] if found is not None and any(_same_word(found[2].lower(), word) for word in words) else text


def _same_word(seen: str, known: str) -> bool:
    """Equal, plural or not."""
    return seen in {known, f"{known}s"} or f"{seen}s" == known


def _shortest(number: Fraction) -> str:
    return f"{float(number):.10g}"
