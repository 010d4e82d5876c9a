"""How exactly a number is meant, by the words before it: `about 30`, `over 30`, `up to 30`."""

from __future__ import annotations

import re
from typing import Any

from sluicegate.grounding.places import folded
from sluicegate.grounding.wording import words

__all__ = ["hedges_of"]

_ABOUT = re.compile(
    r"(?:\b(?:about|around|approximately|roughly|nearly|almost|some|circa|ca\.|etwa|rund|ungefähr|knapp|environ|"
    r"à peu près|près de|unos|unas"
    r"|aproximadamente|около|примерно|yaklaşık)|[~≈])\s*$",
    re.IGNORECASE,
)
_LEAST = re.compile(
    r"\b(?:over|more than|above|at least|from|exceeding|minimum(?: of)?|über|mehr als|mindestens|ab|plus de|au moins"
    r"|dès|más de|al menos|desde|более|больше|не менее|от|en az)\s*$",
    re.IGNORECASE,
)
_MOST = re.compile(
    r"\b(?:under|less than|below|up to|at most|maximum(?: of)?|within|unter|weniger als|höchstens|bis zu|bis|"
    r"moins de|au plus|jusqu'à|menos de|hasta|менее|меньше|не более|до|en fazla)\s*$",
    re.IGNORECASE,
)
_FOR = re.compile(
    r"(?:rechnung|angebot|gutschrift|zahlung|überweisung|beleg|quittung|betrag|bestellung|lautet|lauten)\s+über\s*$",
    re.IGNORECASE,
)
"""`Rechnung über 74,88 €`: what it amounts to, and no bound."""
_WORD = re.compile(r"\w+")
_LAST = words(
    "about around approximately roughly nearly almost some circa ca etwa rund ungefähr knapp environ près de unos unas "
    "aproximadamente около примерно yaklaşik over than above least from exceeding minimum of über als mindestens ab "
    "moins dès menos desde более больше менее от az under below to most maximum within unter weniger höchstens zu bis "
    "plus à hasta меньше до fazla"
)
"""The last word of each of them, folded: where none stands right before a number, nothing does."""
_EXACTLY: dict[str, Any] = {"about": False, "bound": ""}


def hedges_of(text: str, start: int) -> dict[str, Any]:
    """`about` and `bound` of a claim that begins at `start`."""
    before = text[max(0, start - 24) : start]
    if folded("".join(_WORD.findall(before)[-1:])) not in _LAST and "~" not in before and "≈" not in before:
        return _EXACTLY
    if _FOR.search(before) is not None:
        return _EXACTLY
    bound = "least" if _LEAST.search(before) else "most" if _MOST.search(before) else ""
    return {"about": _ABOUT.search(before) is not None, "bound": bound}
