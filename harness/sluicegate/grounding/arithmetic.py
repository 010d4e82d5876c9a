"""Amounts that stand nowhere and follow from others by a rule that has a name.

minor_units: 6257 of a currency with cents. product: so many at so much each. sum and difference: of two or three
amounts of one record, as net and tax, total and refund. percentage: so much of an amount, off it, on it, or in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import combinations, permutations

from sluicegate.grounding.claims import Claim, Kind
from sluicegate.grounding.derivations import speaks_of_sum
from sluicegate.grounding.facts import Fact
from sluicegate.grounding.index import Record
from sluicegate.grounding.matching import equal
from sluicegate.grounding.wording import field_words, words

__all__ = ["composed", "summed"]

_CENT = Decimal("0.01")
_MOST = 8
"""Amounts of one record that are combined."""
_FEWEST = 2
_COUNTS = words("quantity qty count pieces pcs units amount_of number anzahl menge quantité cantidad количество adet")
_BESIDE = frozenset({"shipping", "tax", "discount", "refund"})
"""What an amount is of that is charged or given back besides."""
_AMOUNTS = words("amount total price cents value gross net subtotal sum minor")


def composed(
    claim: Claim, scope: Sequence[Record], beside: Sequence[Claim], attested: Sequence[Claim]
) -> tuple[str, str] | None:
    """Rule and path of an amount, from the amounts of the records spoken of and those said in its sentence; else None.

    `beside` are the claims of the sentence, `attested` those of them that stand in the evidence.
    """
    if claim.kind is not Kind.MONEY or not isinstance(claim.value, Decimal) or claim.bound:
        return None
    facts = [fact for record in scope for fact in record.facts]
    holders = {fact.path: record.path for record in scope for fact in record.facts}
    money = list(_distinct(fact for fact in facts if _is_amount(fact, claim)))
    if (minor := next((fact for fact in facts if _in_minor_units(claim, fact)), None)) is not None:
        return "minor_units", minor.path
    return (
        _of_lines(claim.value, list(_lines(scope)), money)
        or _of_few(claim.value, money[:_MOST], holders)
        or _of_share(claim, money, [*_shares(facts), *_said_shares(beside)])
        or _of_said(claim, attested)
    )


def summed(claim: Claim, facts: Sequence[Fact], sentence: str) -> tuple[str, str] | None:
    """Rule `sum` and path where what one field of all records holds adds up to it, and a word says so; else None."""
    if claim.kind not in (Kind.MONEY, Kind.QUANTITY) or not speaks_of_sum(sentence):
        return None
    groups: dict[str, list[Fact]] = {}
    for fact in facts:
        if _is_amount(fact, claim) if claim.kind is Kind.MONEY else _is_measure(fact, claim):
            groups.setdefault(fact.field, []).append(fact)
    for group in groups.values():
        total = sum((fact.value for fact in group if isinstance(fact.value, Decimal)), Decimal(0))
        if len(group) >= _FEWEST and total == claim.value:
            return "sum", group[0].path
    return None


def _is_amount(fact: Fact, claim: Claim) -> bool:
    """Money in the claim's currency, or a bare number in a field of amounts."""
    if not isinstance(fact.value, Decimal):
        return False
    if fact.kind is Kind.MONEY:
        return not fact.unit or not claim.unit or fact.unit == claim.unit
    return fact.kind is Kind.NUMBER and bool(set(field_words(fact.field)) & _AMOUNTS)


def _is_measure(fact: Fact, claim: Claim) -> bool:
    return fact.kind is claim.kind is Kind.QUANTITY and fact.unit == claim.unit


def _in_minor_units(claim: Claim, fact: Fact) -> bool:
    """6257 with a currency beside it, where 62.57 is said."""
    return (
        isinstance(fact.value, Decimal)
        and isinstance(claim.value, Decimal)
        and fact.kind in (Kind.MONEY, Kind.NUMBER)
        and fact.raw.isdigit()
        and bool(set(field_words(fact.field)) & _AMOUNTS)
        and (not fact.unit or not claim.unit or fact.unit == claim.unit)
        and fact.value == claim.value * 100
    )


def _lines(scope: Sequence[Record]) -> Iterator[tuple[str, Decimal]]:
    """Each part with a price and a count: its path, and their product."""
    for record in scope:
        counts = [f.value for f in record.facts if set(field_words(f.field)) & _COUNTS and f.kind is not Kind.MONEY]
        prices = [f for f in record.facts if "price" in f.concepts and isinstance(f.value, Decimal)]
        for count in counts[:1]:
            for price in prices[:1]:
                if isinstance(count, Decimal) and isinstance(price.value, Decimal):
                    yield price.path, price.value * count


def _of_lines(value: Decimal, lines: Sequence[tuple[str, Decimal]], money: Sequence[Fact]) -> tuple[str, str] | None:
    """One line's product; or all lines together, perhaps with what is charged besides."""
    for path, amount in lines:
        if amount == value:
            return "product", path
    total = sum((amount for _, amount in lines), Decimal(0))
    extras = [fact.value for fact in money if fact.concepts & {"shipping", "tax"} and isinstance(fact.value, Decimal)]
    sums = {total, *(total + extra for extra in extras), total + sum(extras, Decimal(0))}
    return ("sum", lines[0][0]) if len(lines) >= _FEWEST and value in sums else None


def _of_said(claim: Claim, attested: Sequence[Claim]) -> tuple[str, str] | None:
    """Sum or difference of two other amounts of the sentence that stand in the evidence."""
    said = [item for item in attested if item.kind is Kind.MONEY and item is not claim and item.unit == claim.unit]
    for one, other in permutations(said, 2):
        if isinstance(one.value, Decimal) and isinstance(other.value, Decimal):
            if one.value + other.value == claim.value:
                return "sum", "text"
            if one.value - other.value == claim.value:
                return "difference", "text"
    return None


def _distinct(money: Iterable[Fact]) -> Iterator[Fact]:
    """One of each field and value: the total stands in many records twice."""
    seen = set()
    for fact in money:
        if (key := (fact.field, fact.value)) not in seen:
            seen.add(key)
            yield fact


def _of_few(value: Decimal, money: Sequence[Fact], holders: Mapping[str, str]) -> tuple[str, str] | None:
    """Of two amounts their sum or difference, of three one more or less; of what goes together."""
    for one, other in permutations(money, 2):
        a, b = one.value, other.value
        if not isinstance(a, Decimal) or not isinstance(b, Decimal) or not b:
            continue
        if a + b == value and _go_together((one, other), holders):
            return "sum", f"{one.path} + {other.path}"
        if a - b == value and (_go_together((one, other), holders) or _is_part(other, one, holders)):
            return "difference", f"{one.path} - {other.path}"
    for three in combinations(money, 3):
        amounts = [fact.value for fact in three if isinstance(fact.value, Decimal)]
        total = sum(amounts, Decimal(0))
        if value in [total, *(total - 2 * amount for amount in amounts)] and _go_together(three, holders):
            return "sum", " + ".join(fact.path for fact in three)
    return None


def _go_together(facts: Sequence[Fact], holders: Mapping[str, str]) -> bool:
    """Amounts of one record, of one field, or with what is charged besides: a deposit and an item's price are neither.

    Of eight amounts some two or three add up to nearly anything.
    """
    main = [fact for fact in facts if not fact.concepts & _BESIDE]
    return len({holders[fact.path] for fact in main}) <= 1 or len({fact.field for fact in main}) == 1


def _is_part(part: Fact, whole: Fact, holders: Mapping[str, str]) -> bool:
    """Whether an amount is of something below what the other one is of: an item, of the order's total."""
    return holders[part.path].startswith(holders[whole.path]) and holders[part.path] != holders[whole.path]


def _shares(facts: Iterable[Fact]) -> Iterator[Decimal]:
    """Percentages of the record, as a part of one."""
    for fact in facts:
        if not isinstance(fact.value, Decimal):
            continue
        if (
            fact.kind is Kind.PERCENTAGE
            or "percent" in fact.field.lower()
            or (fact.kind is Kind.NUMBER and field_words(fact.field)[-1:] == ("rate",))
        ):
            yield fact.value / 100 if abs(fact.value) > 1 else fact.value


def _said_shares(beside: Iterable[Claim]) -> Iterator[Decimal]:
    """Percentages of the sentence itself; each is judged on its own."""
    for claim in beside:
        if claim.kind is Kind.PERCENTAGE and isinstance(claim.value, Decimal):
            yield claim.value / 100


def _of_share(claim: Claim, money: Sequence[Fact], shares: Sequence[Decimal]) -> tuple[str, str] | None:
    """So many percent of an amount, off it, on it, or within it; to the cent."""
    for fact in money[:_MOST]:
        for share in shares[:_MOST]:
            if not isinstance(fact.value, Decimal) or not -1 < share <= 1:
                continue
            base = fact.value
            for value in (
                base * share,
                base * (1 - share),
                base * (1 + share),
                base / (1 + share),
                base - base / (1 + share),
            ):
                made = replace(fact, value=value.quantize(_CENT), places=2, kind=Kind.MONEY, unit=claim.unit)
                if value and (equal(claim, made) or abs(value - Decimal(str(claim.value))) <= _CENT / 2):
                    return "percentage", fact.path
    return None
