"""The words of grounding: a claim in a text, a fact in the evidence, and what became of the claim."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from sluicegate.frozen import frozen
from sluicegate.model.often import made_often

__all__ = ["Claim", "Judgement", "Kind", "Ruling", "Value", "When"]


class Kind(StrEnum):
    """What sort of thing is claimed."""

    MONEY = "money"
    DATE = "date"
    TIME = "time"
    QUANTITY = "quantity"
    """A number with a unit, or with the noun it counts."""
    PERCENTAGE = "percentage"
    NUMBER = "number"
    IDENTIFIER = "identifier"
    STATUS = "status"
    URL = "url"
    PHONE = "phone"
    EMAIL = "email"
    NAME = "name"


@made_often
@frozen
class When:
    """A point in time as far as it was said: a part that was not is None."""

    year: int | None = None
    month: int | None = None
    day: int | None = None
    weekday: int | None = None
    """0 is Monday."""
    hour: int | None = None
    minute: int | None = None
    offset: int | None = None
    """Minutes east of UTC, where it was said."""


Value: TypeAlias = Decimal | When | str


@made_often
@frozen
class Claim:
    """One thing a text says that can be right or wrong."""

    kind: Kind
    start: int
    end: int
    """Characters of the text, the end not included."""
    value: Value
    """A number; a `When`; for all else its canonical text."""
    unit: str = ""
    """Currency code, unit, or the noun that is counted, in lower case."""
    others: tuple[Value, ...] = ()
    """Other ways to read it: `1.234` is one thousand in German. They can support a claim, never contradict one."""
    places: int = 0
    """Decimal places it was written with."""
    about: bool = False
    """`about`, `rund`, `environ`: rounded by its own word."""
    bound: str = ""
    """least | most: `over 30`, `up to 50`. Empty: exactly."""
    negated: bool = False
    """Of a status: `has not shipped`."""


class Ruling(StrEnum):
    """What the evidence says of a claim."""

    SUPPORTED = "supported"
    CONTRADICTED = "contradicted"
    """The record it speaks of has that very field, and says otherwise."""
    UNATTESTED = "unattested"


@frozen
class Judgement:
    """A claim with its ruling."""

    claim: Claim
    ruling: Ruling
    rule: str
    """What supports or contradicts it, by name: exact, rounding, unit, time_zone, sum, another_record …"""
    path: str = ""
    """Where in the evidence: `order.items[0].price`."""
    expected: str = ""
    """What stands there, of a contradicted claim."""
    exact: bool = False
    """Of a contradicted claim: bound exactly to the record of somebody or something else. No other may take a build
    back."""
