"""Values that stand nowhere and follow from what does: each rule has a name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from sluicegate.grounding.claims import Claim, Kind
from sluicegate.grounding.facts import Fact
from sluicegate.grounding.index import Record
from sluicegate.grounding.matching import number_rule
from sluicegate.grounding.wording import field_words, stem

__all__ = ["derived", "speaks_of_sum"]

_NUMERIC = frozenset({Kind.MONEY, Kind.QUANTITY, Kind.NUMBER, Kind.PERCENTAGE})
_SUM = re.compile(
    r"\b(?:together|altogether|in total|total|sum|combined|both|all|zusammen|insgesamt|gesamt|summe|beide|au total|"
    r"ensemble|somme|en total|juntos"
    r"|machen|suman|juntos|ambos|font|les deux|los dos|оба|обе"
    r"|total|suma|всего|вместе|итого|сумма|toplam|toplamda|birlikte)\b",
    re.IGNORECASE,
)
_MEAN = re.compile(
    r"\b(?:average|averag\w+|mean|durchschnitt\w*|moyenne|promedio|media|средн\w+|ortalama)\b", re.IGNORECASE
)
_LESS = re.compile(
    r"\b(?:difference|more than|less than|saved?|saving|differs?|remaining|left|by|win|victory|defeat\w*|unterschied"
    r"|free|unused|available|noch|frei|übrig|libres?|restante?s?|quedan?|faltan?|reste|свободн\w+|осталось|boş|kalan"
    r"|gespart|différence|économis\w+"
    r"|diferencia|ahorr\w+|разниц\w+|эконом\w+|fark\w*|tasarruf)\b",
    re.IGNORECASE,
)
_MOST_PAIRS = 12


def derived(
    claim: Claim, facts: Sequence[Fact], fitting: Sequence[Fact], scope: Sequence[Record], said: str
) -> tuple[str, str] | None:
    """Rule and path for a number that follows from the records: sum, mean, count, difference, product; else None.

    A sum, a mean and a difference need a word that says so.
    """
    if claim.kind not in _NUMERIC or not isinstance(claim.value, Decimal):
        return None
    if (found := _counted(claim, scope)) is not None:
        return found
    groups = _by_field(fitting or facts)
    if (
        _SUM.search(said)
        and (found := _of_many("sum", claim, _by_field(facts), lambda values: sum(values, Decimal(0)))) is not None
    ):
        return found
    if _MEAN.search(said):
        return _of_many(
            "mean", claim, groups, lambda values: sum(values, Decimal(0)) / len(values), places=claim.places + 3
        )
    if _LESS.search(said):
        return _difference(claim, fitting or facts) or _difference(claim, facts)
    return None


def speaks_of_sum(said: str) -> bool:
    """Whether a word says that several are taken together."""
    return _SUM.search(said) is not None


def _by_field(facts: Iterable[Fact]) -> dict[str, list[Fact]]:
    found: dict[str, list[Fact]] = {}
    for fact in facts:
        if isinstance(fact.value, Decimal):
            found.setdefault(fact.field, []).append(fact)
    return {field: group for field, group in found.items() if len(group) > 1}


def _of_many(
    rule: str,
    claim: Claim,
    groups: Mapping[str, Sequence[Fact]],
    folded: Callable[[Sequence[Decimal]], Decimal],
    places: int | None = None,
) -> tuple[str, str] | None:
    for group in groups.values():
        value = folded([fact.value for fact in group if isinstance(fact.value, Decimal)])
        made = replace(group[0], value=value, places=places or max(fact.places for fact in group))
        if isinstance(claim.value, Decimal) and number_rule(claim, claim.value, made):
            return rule, group[0].path
    return None


def _counted(claim: Claim, scope: Sequence[Record]) -> tuple[str, str] | None:
    """`two items`: so many records of that kind are there."""
    if claim.kind not in (Kind.NUMBER, Kind.QUANTITY) or not claim.unit:
        return None
    kinds: dict[str, list[Record]] = {}
    for record in scope:
        kinds.setdefault(record.kind, []).append(record)
    for kind, records in kinds.items():
        if claim.unit in {stem(word) for word in field_words(kind)} and claim.value == len(records):
            return "count", records[0].path
    return None


def _difference(claim: Claim, facts: Sequence[Fact]) -> tuple[str, str] | None:
    numbers = [fact for fact in facts if isinstance(fact.value, Decimal)][:_MOST_PAIRS]
    for at, one in enumerate(numbers):
        for other in numbers[at + 1 :]:
            if (
                (one.kind is other.kind is Kind.MONEY or one.field == other.field or _of_one_measure(one, other))
                and isinstance(one.value, Decimal)
                and isinstance(other.value, Decimal)
            ):
                gap = replace(one, value=abs(one.value - other.value), places=max(one.places, other.places))
                if isinstance(claim.value, Decimal) and number_rule(claim, claim.value, gap):
                    return "difference", f"{one.path} - {other.path}"
    return None


def _of_one_measure(one: Fact, other: Fact) -> bool:
    """Whether two measures of one thing have a unit in common: what there is of it, and what is used."""
    beside = one.path.rpartition(".")[0] == other.path.rpartition(".")[0]
    return beside and one.kind is other.kind is Kind.QUANTITY and one.unit == other.unit
