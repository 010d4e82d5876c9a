"""Which field of a record the words before an identifier or a name mean."""

from __future__ import annotations

from collections.abc import Iterable

from sluicegate.grounding.anchors import Segment
from sluicegate.grounding.claims import Claim
from sluicegate.grounding.extraction import is_account
from sluicegate.grounding.facts import Fact
from sluicegate.grounding.sorts import names
from sluicegate.grounding.wording import cues_in

__all__ = ["meant_before"]

_NEAR, _FAR, _WORDS = 40, 80, 3
"""Characters and words before a claim that are looked at."""


def meant_before(
    text: str, claim: Claim, segment: Segment, facts: Iterable[Fact], label: frozenset[str]
) -> Fact | None:
    """The fact of the claim's sort that is meant, None where no word means one.

    The identifier that says which record is spoken of is not told anew: `the tracking number of order AC-1002 is X` is
    a word on the parcel, so that `order AC-1002` is left out of what is read. A bank account can only be the record's.
    """
    if is_account(str(claim.value)):
        return next((fact for fact in facts if fact.kind is claim.kind and is_account(str(fact.value))), None)
    subjects = [item for item in segment.claims if item.start in segment.subjects and item.end <= claim.start]
    own = {item.value for item in subjects}
    alike = [fact for fact in facts if fact.kind is claim.kind and fact.value not in own]
    words = cues_in(text[max(segment.start, claim.start - _NEAR) : claim.start])
    near = label.union(*(concepts for _, _, concepts in words[-_WORDS:]))
    found = next((fact for fact in alike if names(fact.field, near)), None)
    if found is not None or not subjects:
        return found
    last = subjects[-1]
    before = [concepts for _, _, concepts in cues_in(text[max(segment.start, last.start - _FAR) : last.start])]
    after = [concepts for _, _, concepts in cues_in(text[last.end : claim.start])]
    if any(after):  # it is told of something else than what stands before the subject
        return None
    around = frozenset().union(*[concepts for concepts in before if concepts][:-1][-_WORDS:])
    return next((fact for fact in alike if names(fact.field, around)), None)
