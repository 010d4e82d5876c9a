"""Days and states that follow from the days of a record: within a range, and reached by then."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from sluicegate.grounding.claims import Claim, Kind, When
from sluicegate.grounding.facts import Fact
from sluicegate.grounding.matching import equal
from sluicegate.grounding.wording import field_words, words

__all__ = ["is_in_its_zone", "reached", "within"]

_BESIDE = 16
"""Characters between a day and its hour: ` at `, ` um `, ` à las `."""
_FROM = words("from start begin begins earliest min after since first lower")
_TO = words("to until till end ends latest max before last upper by")
_REACHED = {"shipped": "shipped", "delivered": "delivered", "paid": "paid"}
_AHEAD = words("eta estimated expected planned promised scheduled due requested target latest by")


def within(claim: Claim, facts: Sequence[Fact]) -> tuple[str, str] | None:
    """Rule `range` and path where a day lies between two that the record names as from and to; else None."""
    if not isinstance(claim.value, When):
        return None
    ends: dict[frozenset[str], dict[bool, list[tuple[date, str]]]] = {}
    for fact in facts:
        if fact.kind is not Kind.DATE or not isinstance(fact.value, When) or (day := _day(fact.value)) is None:
            continue
        named = frozenset(field_words(fact.field.rpartition(".")[2]))
        for marks, is_last in ((_FROM, False), (_TO, True)):
            if named & marks:
                ends.setdefault(named - _FROM - _TO, {}).setdefault(is_last, []).append((day, fact.path))
    for pair in ends.values():
        for first, path in pair.get(False, ()):
            for last, _ in pair.get(True, ()):
                said = _day(claim.value, first.year)
                if said is not None and first <= said <= last:
                    return "range", path
    return None


def is_in_its_zone(claim: Claim, fact: Fact, claims: Iterable[Claim]) -> bool:
    """Whether the hour is said right beside a day as the field has it, so that no zone has moved the day."""
    beside = (item for item in claims if item.kind is Kind.TIME and 0 <= item.start - claim.end <= _BESIDE)
    return claim.kind is Kind.DATE and any(equal(item, fact) == "exact" for item in beside)


def reached(claim: Claim, facts: Sequence[Fact], today: date | None, claims: Iterable[Claim]) -> tuple[str, str] | None:
    """Rule `reached` and path where the record names the day on which it came to the state that is said; else None."""
    if (ahead := _told_ahead(claim, facts, claims)) is not None:
        return ahead
    concept = _REACHED.get(str(claim.value))
    if concept is None or claim.negated:
        return None
    for fact in facts:
        if fact.kind is not Kind.DATE or concept not in fact.concepts or set(field_words(fact.field)) & _AHEAD:
            continue
        day = _day(fact.value) if isinstance(fact.value, When) else None
        if day is not None and (today is None or day <= today):
            return "reached", fact.path
    return None


def _told_ahead(claim: Claim, facts: Iterable[Fact], claims: Iterable[Claim]) -> tuple[str, str] | None:
    """Rule `reached` and path where a state is said with the day of it that the record has: `ready Nov 22`."""
    days = [item for item in claims if item.kind is Kind.DATE and 0 <= item.start - claim.end <= _BESIDE]
    named = (fact for fact in facts if fact.kind is Kind.DATE and str(claim.value) in field_words(fact.field))
    return next((("reached", fact.path) for fact in named if any(equal(item, fact) for item in days)), None)


def _day(when: When, year: int | None = None) -> date | None:
    """The day where it is told whole; the year may be another's."""
    told = when.year or year
    if told is None or when.month is None or when.day is None:
        return None
    try:
        return date(told, when.month, when.day)
    except ValueError:
        return None
