"""Which records a part of a sentence speaks of: what its identifiers name, else its names, else what came before."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from functools import cached_property

from sluicegate.grounding.claims import Claim, Kind, When
from sluicegate.grounding.dates import same
from sluicegate.grounding.extraction import is_account
from sluicegate.grounding.index import Evidence, Record, shape_of
from sluicegate.grounding.matching import Facts
from sluicegate.grounding.sentences import sentences
from sluicegate.grounding.speech import is_of_another
from sluicegate.grounding.wording import concepts_of, cues_in

__all__ = ["Segment", "segments"]

_SPLIT = re.compile(
    r";|,|\.(?=\s)|\s[-–—]\s|\b(?:and|while|whereas|but|und|während|aber|et|tandis que|mais|y|mientras|pero|и|а|но|"
    r"ve|ise|ama)\b",
    re.IGNORECASE,
)
_IN_TURN = re.compile(
    r"\b(?:respectively|in that order|jeweils|beziehungsweise|respectivement|respectivamente|соответственно|"
    r"sırasıyla)\b",
    re.IGNORECASE,
)


_RECORDS = frozenset({"order", "invoice", "tracking"})
_LABEL = 25
"""Characters before an identifier that may say what it is of."""


class Segment:
    """Part of a sentence with the records it speaks of."""

    def __init__(self, start: int, end: int, sentence: tuple[int, int]) -> None:
        self.start = start
        self.end = end
        self.sentence = sentence
        self.groups: list[list[Record]] = []
        """One for each thing named, in order; more than one where the words do not say which is meant."""
        self.explicit = False
        """Named here, not only before."""
        self.unknown = False
        """What is named is in no record."""
        self.in_turn = False
        """`respectively`: values belong to the groups one by one."""
        self.by_id = False
        self.subjects: set[int] = set()
        """Where the identifiers stand that say what it is about; any other is told of those."""
        self.fields: set[str] = set()
        """Of which fields the identifiers are that name it."""
        self.claims: list[Claim] = []
        self.scope: list[Record] = []

    @property
    def is_numbered(self) -> bool:
        """Whether a number here says which record is meant; a name, as of a tariff, may be told of another one."""
        if not self.explicit or not self.subjects:
            return self.explicit
        subjects = [item for item in self.claims if item.start in self.subjects]
        return not subjects or any(item.kind is not Kind.NAME for item in subjects)

    @cached_property
    def facts(self) -> Facts:
        """Those of its records, once these are known."""
        return Facts(fact for record in self.scope for fact in record.facts)

    @cached_property
    def spoken(self) -> tuple[frozenset[int], ...]:
        """The records it speaks of, by number, once they are known."""
        return tuple(frozenset(record.number for record in group) for group in self.groups)


def segments(text: str, claims: Sequence[Claim], evidence: Evidence, requested: Iterable[str]) -> list[Segment]:
    """The text in segments, in order, with claims and scope. `requested`: identifiers that were asked about."""
    found: list[Segment] = []
    before = _default(evidence, requested)
    for start, end in sentences(text):
        own = [claim for claim in claims if start <= claim.start < end]
        made = _segments_of(text, (start, end), own, evidence, before)
        for segment in made:
            if not segment.groups and not segment.unknown and before is not None:
                segment.groups, segment.by_id = before.groups, before.by_id
                segment.unknown = before.unknown
            segment.claims = [claim for claim in own if segment.start <= claim.start < segment.end]
            segment.scope = evidence.scope(record for group in segment.groups for record in group)
            found.append(segment)
            if segment.explicit:
                before = segment
        before = _of_all(made) or before
    return found


def _of_all(made: Sequence[Segment]) -> Segment | None:
    """What is spoken of after a sentence about several things told by number: nobody says which of them."""
    if len(made) < 2 or not all(segment.by_id and segment.groups for segment in made):
        return None
    either = Segment(0, 0, (0, 0))
    for group in (group for segment in made for group in segment.groups):
        if not any(_same(group, other) for other in either.groups):
            either.groups.append(group)
    either.by_id = True
    return either if len(either.groups) > 1 else None


def _default(evidence: Evidence, requested: Iterable[str]) -> Segment | None:
    """What is spoken of where nothing is named: what was asked about, else the only record there is."""
    asked = [evidence.by_id[name] for name in dict.fromkeys(requested) if name in evidence.by_id]
    roots = [record for record in evidence.records if record.parent is None]
    segment = Segment(0, 0, (0, 0))
    segment.groups = asked or ([roots] if len(roots) == 1 else [])
    return segment if segment.groups else None


def _segments_of(
    text: str, span: tuple[int, int], own: Sequence[Claim], evidence: Evidence, before: Segment | None
) -> list[Segment]:
    spoken_of = before.groups[0] if before is not None and before.by_id and before.groups else []
    anchors = [
        (claim, records, by_id)
        for claim, records, by_id in _anchors(text, own, evidence)
        if not (by_id and spoken_of and records and _is_attribute(claim, records, spoken_of, evidence))
        and not (by_id and not records and _is_parcel_of(text, span, claim, before, evidence))
    ]
    start, end = span
    if not anchors:
        return [Segment(start, end, span)]
    made: list[Segment] = []
    current = Segment(start, end, span)
    if spoken_of and (over := _told_before(text, start, anchors[0][0].start, own)) is not None:
        current.end = over
        made.append(current)
        current = Segment(over, end, span)
    elif before is not None and spoken_of and (over := _told_of_either(text, start, anchors[0][0].start, own)):
        current.end = over
        current.groups, current.by_id = [*before.groups, list(anchors[0][1])], True
        made.append(current)
        current = Segment(over, end, span)
    last = -1
    in_turn = _IN_TURN.search(text, start, end) is not None
    for claim, records, by_id in anchors:
        if by_id and current.groups and _is_attribute(claim, records, current.groups[0], evidence, current.fields):
            continue
        cut = _cut(text, last, claim.start, own) if current.groups and not in_turn else None
        if cut is not None and not _share(current.groups[-1], records, evidence):
            current.end = cut
            made.append(current)
            current = Segment(cut, end, span)
        if records and not any(_same(records, group) for group in current.groups):
            current.groups.append(records)
        elif not records and not current.groups:
            current.unknown = True
        current.subjects.add(claim.start)
        current.fields |= {_field_of(claim, records)} if by_id else set()
        current.explicit, current.by_id = True, current.by_id or by_id
        current.in_turn = in_turn
        last = claim.end
    if current.groups:
        current.unknown = False
    made.append(current)
    return made


def _is_attribute(
    claim: Claim,
    records: Sequence[Record],
    first: Sequence[Record],
    evidence: Evidence,
    named_by: Collection[str] = (),
) -> bool:
    """Whether an identifier is told of the first record, as the parcel of an order, and is no record beside it.

    Of two parcels that are each told by their number, none is the other's.
    """
    field = _field_of(claim, records)
    if not field or field in named_by or any(record.id_fields[:1] == [field] for record in first):
        return False
    return any(field in record.id_fields for record in evidence.scope(first))


def _field_of(claim: Claim, records: Sequence[Record]) -> str:
    """The field of these records that holds an identifier."""
    held = ((own, name) for record in records for own, name in zip(record.ids, record.id_fields, strict=True))
    return next((name for own, name in held if own == claim.value), "")


def _is_parcel_of(text: str, span: tuple[int, int], claim: Claim, before: Segment | None, evidence: Evidence) -> bool:
    """Whether an unknown identifier is told as the tracking number of the one record that was spoken of before.

    That record has one: to name the parcel is to say which it is, and opens no record beside it. The parcel of a
    return or of a replacement is another one.
    """
    if before is None or before.unknown or len(before.groups) != 1 or is_of_another(text[slice(*span)]):
        return False
    said = [concepts for _, _, concepts in cues_in(text[span[0] : claim.start])]
    if not any("tracking" in concepts for concepts in said[-3:]) or any("return" in concepts for concepts in said):
        return False
    records = evidence.scope(before.groups[0])
    return any("tracking" in concepts_of(name) for record in records for name in record.id_fields)


def _anchors(text: str, own: Sequence[Claim], evidence: Evidence) -> list[tuple[Claim, list[Record], bool]]:
    """What is named, with its records: identifiers, else names, else the dates of a series."""
    ids = [claim for claim in own if claim.kind is Kind.IDENTIFIER]
    known = [(claim, evidence.by_id[str(claim.value)], True) for claim in ids if str(claim.value) in evidence.by_id]
    if known:
        return known
    if told := _told_alone(text, own, evidence):
        return told
    named = [
        (claim, records, False)
        for claim in own
        if claim.kind is Kind.NAME and (records := evidence.named(str(claim.value)))
    ]
    if named:
        return named
    if unknown := [claim for claim in ids if _names_a_record(text, claim, evidence)]:
        return [(claim, [], True) for claim in unknown]
    if evidence.series:
        return [
            (claim, records, False)
            for claim in own
            if claim.kind is Kind.DATE and (records := _of_day(claim, evidence))
        ]
    return []


def _told_alone(text: str, own: Sequence[Claim], evidence: Evidence) -> list[tuple[Claim, list[Record], bool]]:
    """Telephone numbers that only one record has, else what records are called."""
    lines = [
        (claim, records, True)
        for claim in own
        if claim.kind is Kind.PHONE and (records := evidence.by_line.get(str(claim.value)))
    ]
    return lines or [
        (claim, records, True)
        for claim in own
        if claim.kind is Kind.NAME
        and (records := evidence.by_name.get(str(claim.value)))
        and (" " in str(claim.value) or not text[claim.start].islower())
    ]


def _names_a_record(text: str, claim: Claim, evidence: Evidence) -> bool:
    """Whether an identifier nobody knows is meant as a record's: it looks like theirs, or a word says so."""
    value = str(claim.value)
    if evidence.mentions(value) or is_account(value):
        return False
    said = cues_in(text[max(0, claim.start - _LABEL) : claim.start])
    return shape_of(value) in evidence.shapes or any(concepts & _RECORDS for _, _, concepts in said[-3:])


def _of_day(claim: Claim, evidence: Evidence) -> list[Record]:
    said = claim.value
    if not isinstance(said, When) or (said.day is None and said.weekday is None):
        return []
    return [
        record
        for record in evidence.series
        if record.when is not None and same(said, record.when) in ("exact", "date_of_time")
    ]


def _cut(text: str, last: int, at: int, own: Sequence[Claim]) -> int | None:
    """Where one thing ends and the next begins: the last comma or `and` between; None where nothing is said there."""
    if not any(last <= claim.start < at or claim.start < last for claim in own if claim.kind is not Kind.IDENTIFIER):
        return None
    places = [
        found.start()
        for found in _SPLIT.finditer(text, last, at)
        if not any(claim.start <= found.start() < claim.end for claim in own)
    ]
    return places[-1] if places else None


def _told_before(text: str, start: int, at: int, own: Sequence[Claim]) -> int | None:
    """Where what is still told of the thing before ends: `The total is 20 EUR; order 1002 comes to 30 EUR`."""
    end = text.rfind(";", start, at)
    return end if end > start and any(claim.start < end for claim in own) else None


def _told_of_either(text: str, start: int, at: int, own: Sequence[Claim]) -> int | None:
    """Where what may be told of the thing before, or of the one named, ends: `The fee was 20 EUR, and for 1002 …`."""
    places = [found.start() for found in _SPLIT.finditer(text, start, at) if found[0].isalpha()]
    return places[-1] if places and any(claim.start < places[-1] for claim in own) else None


def _share(one: Sequence[Record], other: Sequence[Record], evidence: Evidence) -> bool:
    """Whether the two belong together: an order and its shipment."""
    if not other:
        return True
    reach = {record.number for record in evidence.scope(one)}
    return any(record.number in reach for record in other)


def _same(one: Sequence[Record], other: Sequence[Record]) -> bool:
    return [record.number for record in one] == [record.number for record in other]
