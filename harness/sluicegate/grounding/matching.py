"""When a claim and a fact say the same: exactly, or by a rule that has a name."""

from __future__ import annotations

from decimal import Decimal
from functools import cached_property, lru_cache

from sluicegate.grounding.claims import Claim, Kind, When
from sluicegate.grounding.dates import same
from sluicegate.grounding.facts import Fact
from sluicegate.grounding.statuses import agrees
from sluicegate.grounding.units import base, same_kind, unit_of
from sluicegate.grounding.wording import field_words, words

__all__ = ["Facts", "comparable", "equal", "names_unit", "number_rule"]

_NUMERIC = frozenset({Kind.MONEY, Kind.QUANTITY, Kind.PERCENTAGE, Kind.NUMBER})
_MOMENT = frozenset({Kind.DATE, Kind.TIME})
_PLAIN = frozenset({Kind.NUMBER, Kind.PERCENTAGE, Kind.DATE, Kind.TIME})
"""Kinds of which any two values can be compared."""
_COUNTED = words(
    "pos position index line row rank page qty quantity count pieces pcs number seats items days anzahl menge"
)
_PRICED = words("price amount net gross total subtotal fee cost preis betrag prix montant precio importe fiyat tutar")
_SORTS = {kind: _NUMERIC if kind in _NUMERIC else _MOMENT if kind in _MOMENT else frozenset({kind}) for kind in Kind}


class Facts(list[Fact]):
    """Facts in order; once they are complete, to be asked for those that a claim can be compared with."""

    @cached_property
    def _by_sort(self) -> dict[frozenset[Kind], list[Fact]]:
        found: dict[frozenset[Kind], list[Fact]] = {}
        for fact in self:
            found.setdefault(_SORTS[fact.kind], []).append(fact)
        return found

    @cached_property
    def paths(self) -> frozenset[str]:
        """Where they stand."""
        return frozenset(fact.path for fact in self)

    def like(self, claim: Claim) -> list[Fact]:
        """Those of its sort, in order: no other is `comparable`."""
        return self._by_sort.get(_SORTS[claim.kind], [])

    def say(self, claim: Claim) -> bool:
        """Whether any of them says what is claimed."""
        return any(comparable(claim, fact) and equal(claim, fact) for fact in self.like(claim))


def comparable(claim: Claim, fact: Fact) -> bool:  # noqa: PLR0911 - one answer for each pair of kinds
    """Whether the fact could say the opposite of the claim: kinds, units and currencies fit, or the bare amount."""
    mine, other = claim.kind, fact.kind
    if mine is other and mine in _PLAIN:
        return True
    if mine in _MOMENT:
        return other in _MOMENT
    if mine not in _NUMERIC or other not in _NUMERIC:
        return mine is other
    if Kind.MONEY in (mine, other):
        if mine is not other:
            return Kind.NUMBER in (mine, other) and (not claim.unit if mine is Kind.NUMBER else _may_be_amount(fact))
        return _same_currency(claim, fact) or claim.value == fact.value
    if Kind.PERCENTAGE in (mine, other):
        return mine is other or (Kind.NUMBER in (mine, other) and _may_be_share(fact))
    if mine is Kind.QUANTITY and other is Kind.NUMBER:
        # Thirty days and a quantity of one are two things; a bare number can only be the same one, by its value.
        return names_unit(claim, fact) or (not claim.bound and bool(equal(claim, fact)))
    return not claim.unit or not fact.unit or mine is Kind.NUMBER or same_kind(claim.unit, fact.unit)


def equal(claim: Claim, fact: Fact) -> str:
    """The rule by which the fact supports the claim, or empty. The kinds must be comparable."""
    for value in (claim.value, *claim.others) if claim.others else (claim.value,):
        if isinstance(value, When):
            rule = same(value, fact.value) if isinstance(fact.value, When) else ""
        elif isinstance(value, Decimal):
            if claim.kind is fact.kind is Kind.MONEY and not _same_currency(claim, fact):
                return ""
            rule = number_rule(claim, value, fact) if isinstance(fact.value, Decimal) else ""
        elif claim.kind is Kind.STATUS:
            rule = _state(claim, str(fact.value))
        else:
            rule = "exact" if value == fact.value else ""
        if rule:
            return rule
    return ""


def number_rule(claim: Claim, value: Decimal, fact: Fact) -> str:  # noqa: PLR0911 - one answer for each rule
    """By rule: exact | unit | bound | rounding | ratio_as_percent; empty: the numbers differ."""
    known, unit = fact.value, claim.unit
    if not isinstance(known, Decimal):
        return ""
    rule = "exact"
    if claim.kind is Kind.QUANTITY and fact.kind is Kind.QUANTITY and fact.unit != unit:
        (known, _), (one, _) = base(known, fact.unit), base(Decimal(1), unit)
        zero = base(Decimal(0), unit)[0]
        known, rule = (known - zero) / (one - zero), "unit"
    if claim.bound:
        holds = known >= value if claim.bound == "least" else known <= value
        return "bound" if holds else ""
    if value == known:
        return rule
    step = _step(claim.places)
    may_round = claim.kind is not Kind.MONEY or claim.about
    if may_round and fact.places > claim.places and abs(value - known) * 2 <= step:
        return "rounding"
    if rule == "unit" and abs(value - known) <= max(step / 2, abs(known) * Decimal("0.005")):
        return "unit"
    if claim.about and known and abs(value - known) <= abs(known) * Decimal("0.05"):
        return "rounding"
    if claim.about and claim.kind in (Kind.QUANTITY, Kind.NUMBER) and value >= 10 and value % 5 == 0:
        return "rounding" if abs(value - known) * 2 <= 5 else ""
    if claim.kind is Kind.PERCENTAGE and abs(known) <= 1 and abs(value - known * 100) * 2 <= step:
        return "ratio_as_percent"
    return ""


@lru_cache(maxsize=64)
def _step(places: int) -> Decimal:
    return Decimal(1).scaleb(-places)


def _state(claim: Claim, known: str) -> str:
    rule = agrees(str(claim.value), known)
    if not claim.negated:
        return rule
    # `has not shipped` is right where the state comes before it, and wrong where it is that state or a later one.
    return "" if rule in ("exact", "synonym", "earlier_stage") else "negated"


def names_unit(claim: Claim, fact: Fact) -> bool:
    """Whether the field's name holds the claim's unit: `weight_kg`."""
    return claim.unit in _units_of(fact.field)


def _may_be_share(fact: Fact) -> bool:
    """Whether a bare number can be a percentage: a place in a list, a count and a price are none."""
    return fact.kind is not Kind.NUMBER or not (_named(fact.field) & (_COUNTED | _PRICED))


def _may_be_amount(fact: Fact) -> bool:
    """Whether a bare number can be money: seats and places in a list are none."""
    return not (_named(fact.field) & _COUNTED and not _named(fact.field) & _PRICED)


@lru_cache(maxsize=4096)
def _named(field: str) -> frozenset[str]:
    return frozenset(field_words(field.rpartition(".")[2]))


@lru_cache(maxsize=4096)
def _units_of(field: str) -> frozenset[str]:
    return frozenset(map(unit_of, field_words(field)))


def _same_currency(claim: Claim, fact: Fact) -> bool:
    return not claim.unit or not fact.unit or claim.unit == fact.unit
