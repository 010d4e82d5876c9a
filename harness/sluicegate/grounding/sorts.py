"""Which claims and facts can be about the same thing: sorts of values."""

from __future__ import annotations

from collections.abc import Iterable

from sluicegate.grounding.claims import Claim, Kind
from sluicegate.grounding.facts import Fact
from sluicegate.grounding.matching import names_unit
from sluicegate.grounding.statuses import of_payment
from sluicegate.grounding.wording import concepts_of, field_words, stem

__all__ = ["DATED", "has_unit", "may_be_meant", "names", "of_its_sort", "of_many_fields", "sort_of", "sorts_of"]

_NUMERIC = frozenset({Kind.MONEY, Kind.QUANTITY, Kind.PERCENTAGE, Kind.NUMBER})
DATED = frozenset({Kind.DATE, Kind.TIME})


def sorts_of(claim: Claim) -> frozenset[Kind]:
    """Kinds of facts that can be compared with it at all."""
    return _NUMERIC if claim.kind in _NUMERIC else DATED if claim.kind in DATED else frozenset({claim.kind})


def sort_of(claim: Claim) -> str:
    """Claims that the same words can be about."""
    if claim.kind in (Kind.DATE, Kind.TIME):
        return "moment"
    return "number" if claim.kind in (Kind.QUANTITY, Kind.PERCENTAGE, Kind.NUMBER) else claim.kind.value


def of_its_sort(state: str, facts: list[Fact]) -> list[Fact]:
    """Of a state of payment those of payment, where there are any; of a state of the parcel the others."""
    alike = [fact for fact in facts if of_payment(str(fact.value)) is of_payment(state)]
    return alike or facts


def may_be_meant(claim: Claim, fact: Fact) -> bool:
    """Whether a fact can be meant that no word speaks of: a bound or a bare number is too easily met by chance."""
    return (not claim.bound or claim.value == fact.value) and not (
        claim.kind is Kind.QUANTITY and fact.kind is Kind.NUMBER and not names_unit(claim, fact)
    )


def names(field: str, words: frozenset[str]) -> bool:
    """Whether the field is about what one of the words is about."""
    return bool(concepts_of(field) & words)


def has_unit(claim: Claim, fact: Fact) -> bool:
    """Whether the field, or what it stands in, is of the claim's unit: `seats.purchased`, and what has `unit: kWh`."""
    return fact.unit == claim.unit or claim.unit in map(stem, field_words(fact.field))


def of_many_fields(claim: Claim, facts: Iterable[Fact]) -> bool:
    """Whether several fields are in the claim's unit of measure, so that the unit tells none of them."""
    return claim.kind is Kind.QUANTITY and len({fact.field for fact in facts if fact.unit == claim.unit}) > 1
