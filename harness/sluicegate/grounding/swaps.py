"""Values of another record that no word of ours tells: `pick-up at 17:40`, where 17:40 is the other reservation's.

Words that mean no field here leave one thing to go by: the value stands in one field of a record like the one that is
named, in no other field and nowhere else, and what the named record holds in that field is said nowhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from sluicegate.grounding.anchors import Segment
from sluicegate.grounding.calendar_words import RELATIVE
from sluicegate.grounding.claims import Claim, Kind, When
from sluicegate.grounding.facts import Fact
from sluicegate.grounding.index import Evidence
from sluicegate.grounding.matching import comparable, equal
from sluicegate.grounding.rulings import may_contradict
from sluicegate.grounding.sorts import sort_of
from sluicegate.grounding.speech import has_a_subject
from sluicegate.grounding.wording import words

__all__ = ["is_aside", "is_today", "of_another", "swapped"]

_FEWEST_DIGITS = 3
_WHEN = (Kind.DATE, Kind.TIME)
_BESIDE = 16
"""Characters between a day and its hour: ` at `, ` um `, ` günü saat `."""
_SPANS = words("s min h day week month year") | {"business day"}
"""Units of which every letter has some: `within 2 days`."""
_LEAST_AMOUNT = 100
_YEARS = range(1900, 2101)
_LEAST_COUNT, _COMMON = 11, frozenset({12, 15, 24, 25, 45, 48})
"""Every letter has those below, these and tens; of the rest those count that stand beside the record's name."""


def swapped(  # noqa: PLR0917 - what is known of one claim
    claim: Claim,
    facts: Sequence[Fact],
    known: frozenset[str],
    near: frozenset[str],
    told: Sequence[Claim],
    evidence: Evidence,
) -> Fact | None:
    """The fact of the record spoken of, where the claim's value stands in the same field of another record.

    `near` are the words around it, `known` those of them that mean an amount or a moment; `told` is what the text says
    of the record.
    """
    # Small numbers are in many records: they need a word that says which field is meant.
    is_bare = claim.kind in (Kind.NUMBER, Kind.QUANTITY, Kind.PERCENTAGE)
    for fact in facts:
        if (known and not fact.concepts & known) or (is_bare and not fact.concepts & near):
            continue
        if _is_small_count(claim, fact):
            continue
        is_guessed = is_bare or (claim.kind is Kind.DATE and not fact.concepts & near)
        if is_guessed and _is_said(fact, claim, told):
            continue
        for other in evidence.by_field[fact.field]:
            is_same = comparable(claim, other) and equal(claim, other) in ("exact", "date_of_time")
            if other.path != fact.path and is_same:
                return fact
    return None


def of_another(
    claim: Claim, facts: Sequence[Fact], segment: Segment, evidence: Evidence, claims: Sequence[Claim]
) -> Fact | None:
    """The fact of the record spoken of, where the claim is plainly the same field's value of another record.

    `claims` are those of the text that are told of this record. A bare hour must stand with the
    record's name or behind its day: a house has hours of its own.
    """
    if (
        not segment.by_id
        or len(segment.groups) != 1
        or segment.unknown
        or not _is_telling(claim, is_named=segment.explicit)
    ):
        return None
    holding = [fact for fact in evidence.facts.like(claim) if comparable(claim, fact) and _is_it(claim, fact)]
    fields = {fact.field for fact in holding}
    if len(fields) != 1:
        return None
    if claim.kind is Kind.NUMBER and any(fact.raw == str(claim.value) for fact in segment.facts):  # `14 cents`
        return None
    own = [fact for fact in facts if fact.field in fields and not _is_small_count(claim, fact)]
    if any(_is_it(claim, fact) for fact in own) or len({fact.value for fact in own}) != 1:
        return None
    if claim.kind is Kind.TIME and not segment.explicit and not _is_behind_its_day(own[0], claim, claims):
        return None
    return None if _is_said(own[0], claim, claims) else own[0]


def is_today(text: str, claim: Claim) -> bool:
    """Whether it is the word for today, which may be said of the letter itself."""
    return claim.kind is Kind.DATE and RELATIVE.get(text[claim.start : claim.end].lower()) == 0


def is_aside(  # noqa: PLR0917 - what is known of one claim
    text: str, claim: Claim, fact: Fact, segment: Segment, told: Sequence[Claim], stands: bool
) -> bool:
    """Whether a value that stands nowhere is of something else: the fact's own is told, or the verb has a subject.

    `Parking costs 14 EUR` where the record's fee has been told, or where nothing is named in the sentence.
    """
    if is_today(text, claim):
        return _is_said(fact, claim, told)
    if stands and not claim.bound:  # some record meets nearly any bound
        return False
    if not segment.explicit and has_a_subject(text, segment.start, claim.start):
        return True
    if not segment.explicit and claim.kind is Kind.QUANTITY and claim.unit in _SPANS:  # `we wait up to 45 minutes`
        return True
    if claim.kind in _WHEN:  # a second day for what has one is another promise
        return False
    return (not segment.explicit or claim.kind is Kind.NUMBER) and _is_said(fact, claim, told, or_about=True)


def _is_it(claim: Claim, fact: Fact) -> bool:
    return equal(claim, fact) in ("exact", "date_of_time", "unit")


def _is_small_count(claim: Claim, fact: Fact) -> bool:
    """Whether a field that no name or currency makes an amount holds a small whole number: 41 lessons are no 41 EUR."""
    is_whole = isinstance(fact.value, Decimal) and fact.value < _LEAST_AMOUNT and not fact.places
    return claim.kind is Kind.MONEY and fact.kind is Kind.NUMBER and is_whole and not may_contradict(claim, fact)


def _is_telling(claim: Claim, *, is_named: bool) -> bool:
    """Whether two records share such a value by chance rarely enough; `is_named`: its sentence names the record."""
    value = claim.value
    if isinstance(value, When):
        return (value.day is not None and value.month is not None) or value.hour is not None
    if claim.about or claim.bound or not isinstance(value, Decimal):
        return False
    if claim.kind is Kind.MONEY:
        return True
    if claim.kind is Kind.QUANTITY and claim.unit not in _SPANS:
        return True
    if claim.kind is Kind.NUMBER and len(value.as_tuple().digits) == _FEWEST_DIGITS - 1:
        is_common = not claim.places and (value < _LEAST_COUNT or not value % 10 or value in _COMMON)
        return is_named and not is_common
    return len(value.as_tuple().digits) >= _FEWEST_DIGITS and value not in _YEARS


def _is_behind_its_day(fact: Fact, claim: Claim, claims: Sequence[Claim]) -> bool:
    """Whether the day of the fact stands right before an hour: `on 3 May at 14:00`."""
    beside = (item for item in claims if item.kind is Kind.DATE and 0 <= claim.start - item.end <= _BESIDE)
    return any(equal(item, fact) == "date_of_time" for item in beside)


def _is_said(fact: Fact, claim: Claim, claims: Sequence[Claim], *, or_about: bool = False) -> bool:
    """Whether another claim says what the field holds, so that this one is of something else; or about that."""
    alike = (
        item
        for item in claims
        if item is not claim and (item.kind is claim.kind or sort_of(item) == sort_of(claim) == "number")
    )
    return any(
        comparable(item, fact) and (_is_it(item, fact) or (or_about and equal(item, fact) == "rounding"))
        for item in alike
    )
