"""Which claims and facts can be about the same thing: sorts of values."""

from __future__ import annotations

from sluicegate.grounding.claims import Claim, Kind
from sluicegate.grounding.facts import Fact
from sluicegate.grounding.matching import names_unit
from sluicegate.grounding.statuses import of_payment
from sluicegate.grounding.wording import concepts_of

__all__ = ["DATED", "may_be_meant", "names", "of_its_sort", "sort_of", "sorts_of"]

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
