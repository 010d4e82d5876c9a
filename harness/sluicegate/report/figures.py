"""Numbers, times and foreign text as every report shows them: never rounded across a line, never unescaped."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import ROUND_FLOOR, Decimal

from sluicegate.checks.masking import masked
from sluicegate.errors import printable
from sluicegate.model import parse_time

__all__ = ["advice", "command", "exact", "figure", "moment", "parted", "percent", "plain", "said", "short"]

_LONGEST_ID = 160
_LONGEST_ADVICE = 2_000
_LONGEST_WORD = 40
_COMMAND = r"(?:sluicegate|pytest) .*"
_PARTED = re.compile(rf"(?P<prose>(?:.*\b(?:[Rr]un|over|recorded|[Ss]ee):)?)\s?(?P<command>{_COMMAND})")
"""The words before the colon are those the package itself leads a command in with."""


def said(text: str, limit: int = 400) -> str:
    """Prose that may quote a model or a user: one printable line, personal data masked, cut to `limit`."""
    shown = masked(text, limit)
    if not shown.endswith("…") or text.endswith("…"):
        return shown
    # Cut between words, unless the last one is longer than any word.
    head, blank, tail = shown.rpartition(" ")
    return f"{head} …" if blank and len(tail) <= _LONGEST_WORD else shown


def advice(text: str) -> str:
    """What to do next, whole: half a command helps nobody."""
    return said(text, _LONGEST_ADVICE)


def parted(text: str) -> tuple[str, str]:
    """Advice as its sentence and the command at its end (`…. Run: sluicegate gate …`); either may be empty."""
    found = _PARTED.fullmatch(text)
    return (found["prose"], found["command"]) if found else (text, "")


def plain(text: str, limit: int = _LONGEST_ID) -> str:
    """A name or id, printable on one line, and cut to `limit`; what a user must type again is never masked."""
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    return printable(text).replace("\n", "\\n").replace("\t", "\\t")


def command(arguments: Sequence[str]) -> str:
    """An argument list as a shell would take it, printable."""
    return plain(shlex.join(arguments), 2_000)


def figure(value: float, scale: str, beside: Sequence[float] = (), *, fewest: int = 3) -> str:
    """A measured number in its scale: `0.973`, `161 ms`, `$0.0123`, with as many digits as `beside` asks for.

    `fewest` are those it has in any case.
    A number that is not on one of the lines beside it is never shown as if it were: 0.9496 beside 0.95 is `0.9496`.
    A rate that is neither 0 nor 1 is never shown as one.
    """
    if not math.isfinite(value):
        return "infinite"
    lines = [*beside, 0.0, 1.0] if scale == "ratio" else list(beside)
    write = _WRITERS.get(scale, _number)
    for digits in range(fewest, 16):
        text, shown = write(value, digits)
        if all(_side(shown, line) == _side(value, line) for line in lines):
            return text
    return write(value, 17)[0]


def percent(share: float) -> str:
    """A confidence with two decimals at most, never rounded up: `95 %`, `98.33 %`."""
    # Six digits first: 0.999 times 100 is a little less than 99.9 in binary.
    floored = Decimal(f"{share * 100:.6f}").quantize(Decimal("0.01"), ROUND_FLOOR)
    return f"{floored.normalize():f} %"


def exact(value: float, scale: str) -> str:
    """A line's own number, with all the digits it has: `0.95`, `200 ms`, `$0.50`."""
    return _WRITERS.get(scale, _number)(value, 10)[0]


def short(digest: str | None) -> str:
    """A digest by its ends: `7c1f…e2`."""
    if not digest:
        return "none"
    return plain(digest) if len(digest) <= 10 else f"{plain(digest[:4])}…{plain(digest[-2:])}"


def moment(at: str) -> str:
    """`2026-01-29 14:00 UTC`; what is no time is shown as it stands."""
    try:
        when: datetime = parse_time(at)
    except ValueError:
        return plain(at, 40)
    return f"{when:%Y-%m-%d %H:%M} UTC"


def _side(value: float, line: float) -> int:
    return (value > line) - (value < line)


def _ratio(value: float, digits: int) -> tuple[str, float]:
    if value == 0:
        return "0", 0.0
    text = f"{value:.{digits}g}"
    if "e" in text:
        # 0.0000012 reads better than 1.2e-06; past nine zeros nobody counts them.
        return (f"{Decimal(text):f}" if abs(value) >= 1e-9 else text), float(text)
    whole, _, decimals = text.partition(".")
    return f"{whole}.{decimals.ljust(2, '0')}", float(text)


def _ms(value: float, digits: int) -> tuple[str, float]:
    text, shown = _number(value, digits)
    return f"{text} ms", shown


def _money(value: float, digits: int) -> tuple[str, float]:
    rounded = Decimal(f"{value / 1e6:.{digits}g}")
    whole, _, decimals = f"{abs(rounded):,f}".partition(".")
    return f"{'-' if rounded < 0 else ''}${whole}.{decimals.rstrip('0').ljust(2, '0')}", float(rounded * 1_000_000)


def _number(value: float, digits: int) -> tuple[str, float]:
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}", value
    # Digits before the point are never rounded away.
    rounded = f"{value:.{max(digits, len(str(abs(int(value)))))}g}"
    if not 1e-6 <= abs(value) < 1e15:
        return rounded, float(rounded)
    text = f"{Decimal(rounded):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text, float(rounded)


_WRITERS: dict[str, Callable[[float, int], tuple[str, float]]] = {
    "ratio": _ratio,
    "ms": _ms,
    "microusd": _money,
    "count": _number,
    "number": _number,
}
