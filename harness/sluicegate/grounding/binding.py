"""Each claim of a text bound to the record its words speak of, and judged against it.

A claim is contradicted only where the record it speaks of has the very field and says otherwise, or where its value is
another record's. Everything that is merely not there is unattested.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from sluicegate.grounding.anchors import Segment, segments
from sluicegate.grounding.arithmetic import composed, summed
from sluicegate.grounding.belonging import Belonging
from sluicegate.grounding.claims import Claim, Judgement, Kind, Ruling
from sluicegate.grounding.derivations import derived
from sluicegate.grounding.excuses import excused
from sluicegate.grounding.extraction import claims_in
from sluicegate.grounding.facts import Fact
from sluicegate.grounding.index import Evidence
from sluicegate.grounding.matching import Facts, comparable, equal
from sluicegate.grounding.moments import is_in_its_zone, reached, within
from sluicegate.grounding.nearby import meant_before
from sluicegate.grounding.owners import Party
from sluicegate.grounding.proof import is_another_owner, is_another_record
from sluicegate.grounding.rulings import (
    contradicted,
    facts_of,
    has_its_value,
    is_elsewhere,
    may_contradict,
    stands_elsewhere,
    supported,
)
from sluicegate.grounding.sorts import has_unit, may_be_meant, names, of_its_sort, of_many_fields, sort_of, sorts_of
from sluicegate.grounding.speech import closed, is_general, label_before, quoted_in
from sluicegate.grounding.statuses import denies, is_known, is_weak
from sluicegate.grounding.swaps import is_aside, is_today, of_another, swapped
from sluicegate.grounding.texts import Texts
from sluicegate.grounding.wording import concepts_of, cues_in

__all__ = ["judge"]

_MONEY = frozenset({"total", "price", "shipping", "refund", "tax", "discount", "balance"})
_MOMENTS = frozenset({"due", "ordered", "shipped", "delivered", "paid", "return", "appointment", "expires"})
_VERBS = frozenset({"total", "price"})
"""What words as `amounts to` speak of: a share does, too."""
_SUBJECTS = frozenset({"order", "invoice", "customer", "tracking"})
"""What records are of: said beside every claim about one, so it tells no fields apart."""
_CLOSED = frozenset({Kind.URL, Kind.EMAIL, Kind.PHONE, Kind.IDENTIFIER, Kind.NAME})


def judge(
    text: str,
    evidence: Evidence,
    *,
    language: str = "en",
    today: date | None = None,
    party: Party | None = None,
    names: bool = False,
) -> list[Judgement]:
    """Every claim of the text with its ruling, in order of place.

    `party` is who is answered; `names` asks for names that the evidence does not know, too.
    """
    claims = claims_in(text, language=language, today=today, vocabulary=evidence.vocabulary, names=names)
    if not claims:
        return []
    texts = Texts(evidence, language=language, today=today)
    bound = _Bound(text, claims, evidence, texts=texts, party=party, today=today)
    found: list[Judgement] = []
    bound.segments = segments(text, claims, evidence, bound.texts.asked_ids)
    for segment in bound.segments:
        found += [bound.ruled(claim, at, segment) for at, claim in enumerate(segment.claims)]
    return found


class _Bound:
    """One text and its evidence while its claims are judged."""

    def __init__(
        self,
        text: str,
        claims: list[Claim],
        evidence: Evidence,
        *,
        texts: Texts,
        party: Party | None,
        today: date | None,
    ) -> None:
        self.text = text
        self.claims = claims
        self.segments: list[Segment] = []
        self._told: dict[tuple[frozenset[int], ...], list[Claim]] = {}
        self.evidence = evidence
        self.texts = texts
        self.party = party
        self._said: dict[tuple[int, int, int], list[frozenset[str]]] = {}
        self._universes: dict[tuple[Kind, str], frozenset[str]] = {}
        self._quoted = quoted_in(text)
        self._today = today
        self._belonging = Belonging(text, evidence, texts=texts, party=party)

    def ruled(self, claim: Claim, at: int, segment: Segment) -> Judgement:
        """The ruling on one claim."""
        inside = self._inside(claim, at, segment)
        if claim.kind in _CLOSED:
            found = self._of_text(claim, inside, segment)
        else:
            found = self._of_value(claim, inside, segment)
        if (claim.kind not in _CLOSED or claim.kind is Kind.IDENTIFIER) and found.rule != "request":
            found = self._belonging.ruled(found, segment)
        if found.ruling is not Ruling.CONTRADICTED:
            return found
        stands = self._anyones(claim)
        told = excused(self.text, found, at, segment, texts=self.texts, quoted=self._quoted, stands=stands)
        if told is not None:
            return told
        if not self._is_exact(found, segment):
            return found
        return replace(found, exact=True, rule="another_record" if found.rule == "field" else found.rule)

    def _is_exact(self, found: Judgement, segment: Segment) -> bool:
        if found.rule == "another_owner":
            owners = [self._belonging.owner(record) for group in segment.groups for record in group]
            if self.party is None or found.claim.kind in _CLOSED:
                return False
            return is_another_owner(owners, self.party, segment, self.evidence)
        is_key = found.rule == "another_key"
        return not is_key and is_another_record(self.text, found.claim, segment, self.evidence, self.texts)

    def _inside(self, claim: Claim, at: int, segment: Segment) -> Facts:
        """Facts of the records that are spoken of; of a part that is named before the claim, where one is."""
        if segment.in_turn and len(segment.groups) > 1:
            alike = [other for other in segment.claims if other.kind is claim.kind]
            if len(alike) == len(segment.groups):
                return facts_of(self.evidence.scope(segment.groups[alike.index(claim)]))
        if segment.by_id:
            reach = {record.number for record in segment.scope}
            for other in reversed(segment.claims[:at]):
                if other.kind is not Kind.NAME:
                    continue
                parts = [r for r in self.evidence.named(str(other.value)) if r.number in reach and r.parent is not None]
                if parts:
                    return facts_of(self.evidence.scope(parts))
        return segment.facts

    def _of_text(self, claim: Claim, inside: Facts, segment: Segment) -> Judgement:
        """Identifiers, names and addresses: attested where they stand; another record's, they contradict."""
        whole = inside if segment.in_turn else segment.facts
        both = (*inside.like(claim), *whole.like(claim))
        own = next((fact for fact in both if fact.kind is claim.kind and fact.value == claim.value), None)
        if own is not None:
            return supported(claim, "exact", own.path)
        others = [fact for fact in self.evidence.facts.like(claim) if fact.value == claim.value]
        fields = {fact.field for fact in others}
        anchor = claim.kind is Kind.IDENTIFIER and claim.start in segment.subjects
        rivals = [fact for fact in inside if fact.kind is claim.kind and fact.field in fields]
        if others and rivals and segment.by_id and not anchor and not self.texts.attests(claim):
            return contradicted(claim, "another_record", rivals[0])
        label = label_before(self.text, segment.start, claim.start)
        if not others and segment.groups and not self.texts.attests(claim):
            meant = meant_before(self.text, claim, segment, inside, label)
            if meant is not None and not anchor:
                return contradicted(claim, "field", meant)
        if others and not (segment.explicit and segment.unknown):
            return supported(claim, "exact", others[0].path)
        if path := self.evidence.mentions(str(claim.value)):
            return supported(claim, "text", path)
        return self._by_texts(claim, segment)

    def _of_value(self, claim: Claim, inside: Facts, segment: Segment) -> Judgement:
        """Numbers, moments and states: held against the fields that the words around them mean."""
        facts = [fact for fact in inside.like(claim) if comparable(claim, fact)]
        words, by_it = self._cues(claim, segment)
        near = frozenset().union(*words)
        if claim.kind is Kind.STATUS:
            facts = fitting = of_its_sort(str(claim.value), facts)
        else:
            fitting = [fact for fact in facts if fact.concepts & near]
        if (found := self._support(claim, facts, fitting, near if by_it else frozenset())) is not None:
            return found
        if (known := self._derived(claim, facts, fitting, segment)) is not None:
            return supported(claim, *known)
        if not segment.groups:
            return self._anywhere(claim, segment)
        if claim.kind is Kind.STATUS and is_known(str(claim.value)):
            # A back end's own word for a state cannot be told from ours: it contradicts none of them.
            state = str(claim.value)
            facts = fitting = [fact for fact in facts if is_known(str(fact.value)) or denies(state, str(fact.value))]
        label = label_before(self.text, segment.start, claim.start)
        if labelled := [fact for fact in facts if label and names(fact.field, label)]:
            return contradicted(claim, "field", labelled[0])
        fitting = [fact for fact in fitting if may_contradict(claim, fact)]
        answered = frozenset().union(*(fact.concepts for fact in facts))
        # `Shipping costs 5 EUR` is no word on the total of an order that says nothing about shipping.
        asked = (_MONEY | _MOMENTS) - (_VERBS if claim.kind is Kind.PERCENTAGE else frozenset())
        unanswered = any(word & asked and not word & answered for word in words)
        rival = None if unanswered or claim.kind is Kind.TIME else self._rival(claim, facts, fitting, near, segment)
        told_by = rival is not None or is_today(self.text, claim)
        if not told_by and not self.texts.attests(claim) and not self.texts.in_request(claim):
            taken = of_another(claim, facts, segment, self.evidence, self._told_of(segment))
            rival = None if taken is None else ("another_record", taken)
        other = None if segment.is_numbered else stands_elsewhere(claim, segment.scope, self.evidence)
        if rival is not None and (other is None or not near & other.concepts - rival[1].concepts):
            return contradicted(claim, *rival)
        return self._by_texts(claim, segment) if other is None else supported(claim, "exact", other.path)

    def _derived(
        self, claim: Claim, facts: Sequence[Fact], fitting: Sequence[Fact], segment: Segment
    ) -> tuple[str, str] | None:
        """Rule and path of what follows: from the records spoken of, from the parts named, from the sentence itself."""
        said = self.text[segment.start : segment.end]
        if (known := derived(claim, facts, fitting, segment.scope, said)) is not None:
            return known
        if (part := self._of_a_part(claim, segment)) is not None:
            return "part", part.path
        if claim.kind in (Kind.STATUS, Kind.DATE):
            if claim.kind is Kind.DATE:
                return within(claim, segment.facts)
            return reached(claim, segment.facts, self._today, self.claims)
        start, end = segment.sentence
        if claim.kind is Kind.MONEY:
            beside = [item for item in self.claims if start <= item.start < end]
            attested = [item for item in beside if self._anyones(item) or self.texts.in_request(item)]
            if (made := composed(claim, segment.scope, beside, attested)) is not None:
                return made
        named = [item for item in self.claims if start <= item.start < end and item.kind is Kind.IDENTIFIER]
        told = facts_of([record for item in named for record in self.evidence.by_id.get(str(item.value), ())[:1]])
        said = self.text[start:end]
        return summed(claim, self.evidence.facts, said) or summed(claim, told, said)

    def _of_a_part(self, claim: Claim, segment: Segment) -> Fact | None:
        """The value of another part of the same record that is named too: of the second item of an order."""
        if not segment.by_id or segment.in_turn:
            return None
        named = {str(item.value) for item in segment.claims if item.kind is Kind.NAME}
        parts = {record.number for name in named for record in self.evidence.named(name)}
        facts = (fact for record in segment.scope if record.number in parts for fact in record.facts.like(claim))
        return next((fact for fact in facts if comparable(claim, fact) and equal(claim, fact)), None)

    def _support(
        self, claim: Claim, facts: Sequence[Fact], fitting: Sequence[Fact], near: frozenset[str]
    ) -> Judgement | None:
        """By a field that the words mean, else by another; `near` are the words right before the claim."""
        # A number with the name of a field, `17 points`, can be meant of no other field.
        is_named = bool(fitting) and claim.unit in self._universe(claim)
        fitted = set(map(id, fitting))
        rest = [fact for fact in facts if id(fact) not in fitted and may_be_meant(claim, fact)]
        others = [fact for fact in rest if not is_named or has_unit(claim, fact)]
        for fact in (*fitting, *others):
            if (rule := equal(claim, fact)) and not (
                (near and is_elsewhere(claim, fact, fitting, near, _MONEY | _MOMENTS))
                or (rule == "time_zone" and is_in_its_zone(claim, fact, self.claims))
            ):
                return supported(claim, rule, fact.path)
        return None

    def _rival(
        self, claim: Claim, facts: Sequence[Fact], fitting: Sequence[Fact], near: frozenset[str], segment: Segment
    ) -> tuple[str, Fact] | None:
        """Rule and fact that contradict: the field that is meant, or the same field of another record."""
        weak = claim.kind is Kind.STATUS and is_weak(str(claim.value))
        unclear = len(segment.groups) > 1 and not segment.in_turn and self._anyones(claim)
        told = self._told_of(segment)
        plain = bool(fitting) and not weak and not unclear and not has_its_value(fitting[0], claim, segment.claims)
        if plain and not is_aside(self.text, claim, fitting[0], segment, told, self._anyones(claim)):
            return "field", fitting[0]
        facts = [] if is_today(self.text, claim) and not fitting else facts
        taken = swapped(claim, facts, near & (_MONEY | _MOMENTS), near, told, self.evidence)
        return None if taken is None else ("another_record", taken)

    def _anyones(self, claim: Claim) -> bool:
        """Whether any record at all says so: asked where the words do not tell which is meant."""
        return self.evidence.facts.say(claim)

    def _told_of(self, segment: Segment) -> list[Claim]:
        """What the whole text says of the records that a segment speaks of; a condition says nothing of them."""
        if not self._told:
            for item in self.segments:
                if not is_general(self.text[slice(*item.sentence)]):
                    self._told.setdefault(item.spoken, []).extend(item.claims)
        return self._told.get(segment.spoken, [])

    def _anywhere(self, claim: Claim, segment: Segment) -> Judgement:
        """Where nobody says which record is meant, any will do; where what is named is unknown, none."""
        if not (segment.explicit and segment.unknown) and not segment.unknown:
            for fact in self.evidence.facts.like(claim):
                if comparable(claim, fact) and (rule := equal(claim, fact)):
                    return supported(claim, rule, fact.path)
        return self._by_texts(claim, segment)

    def _by_texts(self, claim: Claim, segment: Segment) -> Judgement:
        if path := self.texts.verbatim(self.text[segment.sentence[0] : segment.sentence[1]]):
            return supported(claim, "verbatim", path)
        if (other := self.texts.differs(self.text, segment.sentence, claim, self.claims)) is not None:
            return Judgement(claim=claim, ruling=Ruling.CONTRADICTED, rule="text", path=other[0], expected=other[1])
        if path := self.texts.attests(claim):
            return supported(claim, "text", path)
        if path := self.texts.in_request(claim):
            return supported(claim, "request", path)
        return Judgement(claim=claim, ruling=Ruling.UNATTESTED, rule="")

    def _cues(self, claim: Claim, segment: Segment) -> tuple[list[frozenset[str]], bool]:
        """What the words around a claim speak of, word by word, and whether they stand right before it.

        Those between it and the value of its sort before it; else those after it, else all of its segment. Words that
        are claims themselves tell nothing.
        """
        if claim.kind is Kind.STATUS:
            return [], False
        universe = self._universe(claim)
        if claim.unit in universe and not of_many_fields(claim, segment.facts):
            return [frozenset({claim.unit}) | concepts_of(claim.unit) & universe], True
        values = [item for item in segment.claims if sort_of(item) == sort_of(claim)]
        left = max([segment.start, *(item.end for item in values if item.end <= claim.start)])
        left += closed(self.text[left : claim.start])
        right = min([segment.end, *(item.start for item in values if item.start >= claim.end)])
        for start, end in ((left, claim.start), (claim.end, right), (segment.start, segment.end)):
            words = [meant for concepts in self._words(start, end, segment) if (meant := concepts & universe)]
            if words:
                return words, (start, end) == (left, claim.start)
        return [], False

    def _words(self, start: int, end: int, segment: Segment) -> list[frozenset[str]]:
        """What each word of a part of a segment speaks of, claims left out."""
        key = (id(segment), start, end)
        if key not in self._said:
            self._said[key] = [
                concepts
                for at, to, concepts in cues_in(self.text[start:end])
                if not any(item.start < start + to and start + at < item.end for item in segment.claims)
            ]
        return self._said[key]

    def _universe(self, claim: Claim) -> frozenset[str]:
        """The concepts that tell fields of this kind apart."""
        key = (claim.kind, claim.unit)
        if key not in self._universes:
            self._universes[key] = self._made_universe(claim)
        return self._universes[key]

    def _made_universe(self, claim: Claim) -> frozenset[str]:
        known = (
            _MONEY if claim.kind is Kind.MONEY else _MOMENTS if claim.kind in (Kind.DATE, Kind.TIME) else frozenset()
        )
        sort = sorts_of(claim)
        fields = (facts[0] for facts in self.evidence.by_field.values() if any(fact.kind in sort for fact in facts))
        return known.union(*(fact.concepts for fact in fields)) - _SUBJECTS
