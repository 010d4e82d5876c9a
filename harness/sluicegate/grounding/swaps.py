"""Values of another record that no word of ours tells: `pick-up at 17:40`, where 17:40 is the other reservation's.

Words that mean no field here leave one thing to go by: the value stands in one field of a record like the one that is
named, in no other field and nowhere else, and what the named record holds in that field is said nowhere beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from sluicegate.grounding.anchors import Segment
from sluicegate.grounding.claims import Claim, Kind, When
from sluicegate.grounding.facts import Fact
from sluicegate.grounding.index import Evidence
from sluicegate.grounding.matching import comparable, equal
from sluicegate.grounding.sorts import sort_of
from sluicegate.grounding.wording import words

__all__ = ["of_another"]

_FEWEST_DIGITS = 3
_SPANS = words("s min h day week month year") | {"business day"}
"""Units of which every letter has some: `within 2 days`."""
_YEARS = range(1900, 2101)


def of_another(claim: Claim, facts: Sequence[Fact], segment: Segment, evidence: Evidence) -> Fact | None:
    """The fact of the record spoken of, where the claim is plainly the same field's value of another record."""
    if not segment.by_id or len(segment.groups) != 1 or segment.unknown or not _is_telling(claim):
        return None
    holding = [fact for fact in evidence.facts.like(claim) if comparable(claim, fact) and _is_it(claim, fact)]
    fields = {fact.field for fact in holding}
    if len(fields) != 1:
        return None
    own = [fact for fact in facts if fact.field in fields]
    if any(_is_it(claim, fact) for fact in own) or len({fact.value for fact in own}) != 1:
        return None
    return None if _is_said(own[0], claim, segment) else own[0]


def _is_it(claim: Claim, fact: Fact) -> bool:
    return equal(claim, fact) in ("exact", "date_of_time", "unit")


def _is_telling(claim: Claim) -> bool:
    """Whether two records share such a value by chance rarely enough."""
    value = claim.value
    if isinstance(value, When):
        return (value.day is not None and value.month is not None) or value.hour is not None
    if claim.about or claim.bound or not isinstance(value, Decimal):
        return False
    if claim.kind is Kind.MONEY:
        return True
    if claim.kind is Kind.QUANTITY and claim.unit not in _SPANS:
        return True
    return len(value.as_tuple().digits) >= _FEWEST_DIGITS and value not in _YEARS


def _is_said(fact: Fact, claim: Claim, segment: Segment) -> bool:
    """Whether another claim beside it says what the field holds, so that this one is of something else."""
    beside = (item for item in segment.claims if item is not claim and sort_of(item) == sort_of(claim))
    return any(item.kind is claim.kind and comparable(item, fact) and _is_it(item, fact) for item in beside)
