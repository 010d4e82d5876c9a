"""Why a claim that differs from its record may be right all the same: it is not said of that record at all."""

from __future__ import annotations

from collections.abc import Sequence

from sluicegate.grounding.anchors import Segment
from sluicegate.grounding.claims import Claim, Judgement, Kind, Ruling
from sluicegate.grounding.sorts import DATED
from sluicegate.grounding.speech import is_general, is_negated, is_of_another, is_reported, is_supposed
from sluicegate.grounding.texts import Texts
from sluicegate.grounding.wording import field_words, words

__all__ = ["excused"]


_LAST = words("last previous former earlier latest")


def excused(
    text: str,
    found: Judgement,
    at: int,
    segment: Segment,
    *,
    texts: Texts,
    quoted: Sequence[tuple[int, int]],
    stands: bool,
) -> Judgement | None:
    """What is denied, quoted, told of somebody, said of everybody or of another thing contradicts nothing; else None.

    `at` is the place of the claim in its segment, `quoted` the spans that are given as the words of others.
    `stands` says that some record, of whatever, holds the value.
    """
    claim = found.claim
    said_before = max([segment.sentence[0], *(other.end for other in segment.claims[:at])])
    if claim.kind is not Kind.STATUS and (is_negated(text, said_before, claim.start) or _is_of_denied(claim, segment)):
        return Judgement(claim=claim, ruling=Ruling.UNATTESTED, rule="negated")
    is_quoted = any(start <= claim.start < end for start, end in quoted)
    if is_quoted or is_reported(text[segment.sentence[0] : claim.start]):
        return _by_request(claim, texts, rule="" if is_quoted else "reported")
    # Where a record is named, a rule for everybody may still follow it, as in a list without full stops.
    around = (said_before, claim.start) if segment.explicit else segment.sentence
    said = text[slice(*around)]
    is_rule = found.rule != "text" and is_general(said.rpartition(";")[2] if segment.explicit else said)
    if is_rule or is_supposed(text[segment.sentence[0] : claim.start]):
        return Judgement(claim=claim, ruling=Ruling.UNATTESTED, rule="general")
    may_be_told = found.rule in ("field", "another_record") and not segment.explicit
    if may_be_told and (path := texts.says_of(claim, text[slice(*segment.sentence)])):
        return Judgement(claim=claim, ruling=Ruling.SUPPORTED, rule="text", path=path)
    if found.rule != "text" and stands and is_of_another(text[slice(*segment.sentence)]) and not _has_a_last(segment):
        return Judgement(claim=claim, ruling=Ruling.UNATTESTED, rule="")
    return None


def _by_request(claim: Claim, texts: Texts, *, rule: str) -> Judgement:
    """Said by the one who is answered, or else unattested by this rule."""
    if path := texts.in_request(claim):
        return Judgement(claim=claim, ruling=Ruling.SUPPORTED, rule="request", path=path)
    return Judgement(claim=claim, ruling=Ruling.UNATTESTED, rule=rule)


def _has_a_last(segment: Segment) -> bool:
    """Whether the record itself tells of a last one: `last_donation` is its own."""
    return any(_LAST.intersection(field_words(fact.field)) for fact in segment.facts)


def _is_of_denied(claim: Claim, segment: Segment) -> bool:
    """Whether a day is the one on which something did not happen: `was not delivered on 26 January`."""
    return claim.kind in DATED and any(item.kind is Kind.STATUS and item.negated for item in segment.claims)
