"""What a judgement is made of: a fact that supports or contradicts, and a value that is meant of another field."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from sluicegate.grounding.claims import Claim, Judgement, Kind, Ruling, When
from sluicegate.grounding.facts import Fact
from sluicegate.grounding.index import Evidence, Record
from sluicegate.grounding.matching import Facts, comparable, equal
from sluicegate.grounding.sorts import sort_of
from sluicegate.grounding.wording import field_words, stem, words

__all__ = [
    "contradicted",
    "facts_of",
    "has_its_value",
    "is_elsewhere",
    "may_contradict",
    "stands_elsewhere",
    "supported",
]

_AMOUNTS = words("total price shipping refund tax discount balance amount net gross subtotal fee paid betrag")
_DECIDED = frozenset({Kind.MONEY, Kind.DATE, Kind.TIME})


def is_elsewhere(
    claim: Claim, fact: Fact, fitting: Sequence[Fact], near: frozenset[str], telling: frozenset[str]
) -> bool:
    """Whether the value stands in a field that the words do not mean, while the field they mean says otherwise."""
    if fact.kind is claim.kind is Kind.MONEY:  # a count is no word against an amount
        fitting = [item for item in fitting if item.kind is claim.kind]
    if not fitting or fact in fitting or claim.kind is Kind.STATUS:
        return False
    strong = {word for word in near if any(word in map(stem, item.field.lower().split("_")) for item in fitting)}
    return bool(strong) and bool(fact.concepts & telling) and not fact.concepts & near


def facts_of(records: Sequence[Record]) -> Facts:
    """Those of the records, in order."""
    return Facts(fact for record in records for fact in record.facts)


def supported(claim: Claim, rule: str, path: str) -> Judgement:
    """Attested by what stands at the path."""
    return Judgement(claim=claim, ruling=Ruling.SUPPORTED, rule=rule, path=path)


def contradicted(claim: Claim, rule: str, fact: Fact) -> Judgement:
    """The fact says otherwise."""
    return Judgement(claim=claim, ruling=Ruling.CONTRADICTED, rule=rule, path=fact.path, expected=fact.raw)


def has_its_value(fact: Fact, claim: Claim, others: Iterable[Claim]) -> bool:
    """Whether another amount or moment said here is what the field holds, so that its word is that one's.

    `due 3 February (was 30 January)`; or the field's name holds the number: `kwh_per_100`.
    """
    if isinstance(claim.value, Decimal) and claim.kind is Kind.NUMBER:
        return f"{claim.value:f}" in field_words(fact.field)
    alike = (item for item in others if item is not claim and sort_of(item) == sort_of(claim))
    return claim.kind in (*_DECIDED, Kind.QUANTITY) and any(
        comparable(item, fact) and equal(item, fact) == "exact" for item in alike
    )


def may_contradict(claim: Claim, fact: Fact) -> bool:
    """Whether the field is of the claim's sort: nights are no amount, a tax is no rate, a time of day no day."""
    if isinstance(claim.value, When):
        known = fact.value
        has_day = isinstance(known, When) and (known.day is not None or known.month is not None)
        return has_day or claim.value.day is None
    if fact.kind is not Kind.NUMBER or claim.kind not in (Kind.MONEY, Kind.PERCENTAGE):
        return True
    return bool(fact.concepts & _AMOUNTS) is (claim.kind is Kind.MONEY)


def _top(record: Record) -> Record:
    """What it is part of in the end: the answer of a tool."""
    while record.parent is not None:
        record = record.parent
    return record


def stands_elsewhere(claim: Claim, scope: Sequence[Record], evidence: Evidence) -> Fact | None:
    """The fact that says so in a record of another kind: the machine's, where the visit was asked about.

    What the records spoken of have a field for is theirs to say.
    """
    kinds = {_top(record).kind for record in scope}
    fields = {fact.field for record in scope for fact in record.facts}
    for record in evidence.records:
        if record.kind in kinds or _top(record).kind in kinds:
            continue
        for fact in record.facts.like(claim):
            if fact.field not in fields and comparable(claim, fact) and equal(claim, fact) in ("exact", "date_of_time"):
                return fact
    return None
