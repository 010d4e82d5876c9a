"""Whether a true word is of what was asked about: of the sender's own record, and of the record with the key asked for.

A record is astray where a call's key is another than the record's own, or where the request asks about another one:
it says nothing of the one asked for. What is told of a record that is somebody else's or astray makes somebody look.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from sluicegate.grounding.anchors import Segment
from sluicegate.grounding.claims import Claim, Judgement, Kind, Ruling
from sluicegate.grounding.extraction import fold, identifiers_in
from sluicegate.grounding.facts import Fact
from sluicegate.grounding.index import Evidence, Record, Source, shape_of
from sluicegate.grounding.keys import differing, form_of, is_same, is_thing, keys_of, names, own_key, plain
from sluicegate.grounding.owners import Party, is_anothers, owner_of
from sluicegate.grounding.sentences import sentences
from sluicegate.grounding.speech import is_negated
from sluicegate.grounding.texts import Texts, normal
from sluicegate.grounding.wording import cues_in
from sluicegate.model import Json

__all__ = ["Belonging"]

_TOLD = frozenset({Kind.STATUS, Kind.MONEY, Kind.DATE})
"""What is said of somebody's order, and not of the house."""
_LABELLED = re.compile(r"\s*[-*]?\s*([^\W\d_][\w .-]{1,30}?)\s*[:=]\s*(\S.*)")
_ADDRESS = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_LEAST_FIELDS = 2


class Belonging:
    """Whose the records and texts of one answer's evidence are."""

    def __init__(self, text: str, evidence: Evidence, *, texts: Texts, party: Party | None) -> None:
        self._raw = text
        self._text = normal(text)
        self._evidence = evidence
        self._texts = texts
        self._party = party
        self._owners: dict[int, Fact | None] = {}
        self._asked = " ".join(normal(said) for _, said in evidence.requests)
        self._astray: dict[int, Fact] = {}
        """By number of record: its own key, which nobody asked for."""
        self._untold: dict[int, Fact] = {}
        """Those of them that are wrong by their own number, too: what was asked about is another."""
        self._unanswered: set[str] = set()
        """Keys that were asked for and came back with nothing."""
        self._astray_by_call()
        self._astray_by_request()
        self._foreign = dict(self._foreign_texts()) if party is not None else {}

    def ruled(self, found: Judgement, segment: Segment) -> Judgement:
        """The ruling as it was; contradicted where what supports it is no word on what was asked about."""
        if found.ruling is Ruling.UNATTESTED and not found.rule:
            told = self._in_vain(found.claim, segment)
        elif found.ruling is Ruling.SUPPORTED:
            told = self._rival(found, segment)
            if told is None and (address := self._foreign_address(found)):
                return replace(found, ruling=Ruling.CONTRADICTED, rule="another_owner", expected=address)
        else:
            return found
        if told is None:
            return found
        rule, fact = told
        return replace(found, ruling=Ruling.CONTRADICTED, rule=rule, path=fact.path, expected=fact.raw)

    def _rival(self, found: Judgement, segment: Segment) -> tuple[str, Fact] | None:
        """Rule and fact that contradict a claim which a record supports; None where the record is the one meant."""
        is_number = found.claim.kind is Kind.IDENTIFIER
        if segment.by_id and not is_number:
            records = [record for group in segment.groups for record in group]
        elif (
            not (is_number or found.claim.kind in _TOLD)
            or found.rule in ("text", "verbatim")
            or self._is_repeated(found.claim)
        ):
            return None
        else:
            records = list(self._holders(found.claim, found.path))
        if not records:
            return None
        # Who names another number, says so; whose number it may be told is another question.
        keys = [None if is_number else self._key_of(record, segment) for record in records]
        if (first := keys[0]) is not None and all(key is not None for key in keys):
            return "another_key", first
        owners = [self.owner(record) for record in records]
        if (owner := owners[0]) is not None and all(item is not None for item in owners):
            return "another_owner", owner
        return None

    def _is_repeated(self, claim: Claim) -> bool:
        """Whether the request says it; a state stands there as a question."""
        return claim.kind is not Kind.STATUS and bool(self._texts.in_request(claim))

    def owner(self, record: Record) -> Fact | None:
        """The fact that makes a record somebody else's."""
        if self._party is None:
            return None
        if record.number not in self._owners:
            self._owners[record.number] = owner_of(record, self._party)
        return self._owners[record.number]

    def _in_vain(self, claim: Claim, segment: Segment) -> tuple[str, Fact] | None:
        """Rule and fact, where something is told of a record that was asked for and did not come."""
        if claim.kind not in _TOLD or segment.groups or not segment.unknown or claim.negated:
            return None
        if is_negated(self._raw, segment.sentence[0], claim.start) or self._is_repeated(claim):
            return None
        holding = list(self._holders(claim))
        # A record with a number of its own is not meant by another one, whosever it is.
        owners = [self.owner(record) if own_key(record) is None else None for record in holding]
        if holding and (owner := owners[0]) is not None and all(item is not None for item in owners):
            return "another_owner", owner
        if not any(names(self._text, name) for name in self._unanswered):
            return None
        is_stated = segment.explicit and claim.kind is not Kind.DATE and not claim.bound
        keys = [self._astray[record.number] for record in holding if record.number in self._astray]
        keys += self._astray.values() if is_stated else ()
        return ("another_key", keys[0]) if keys else None

    def _foreign_address(self, found: Judgement) -> str:
        """The address of somebody else, where only a text about them says what is claimed; else empty."""
        if not self._foreign or found.rule not in ("text", "verbatim") or found.claim.kind not in _TOLD:
            return ""
        address = self._foreign.get(found.path, ("", ""))[0]
        if not address or address in self._text or self._texts.said_in(self._own_texts(), found.claim):
            return ""
        return address

    def _own_texts(self) -> list[tuple[str, str]]:
        """The texts without what is said there of others."""
        return [(path, self._foreign.get(path, ("", text))[1]) for path, text in self._evidence.texts]

    def _foreign_texts(self) -> Iterator[tuple[str, tuple[str, str]]]:
        """By path: somebody else's address, and what the text says without them."""
        party = self._party
        for path, text in self._evidence.texts:
            if party is None or "@" not in text:
                continue
            if (fields := _fields_of(text)) is not None:
                owners = (owner_of(record, party) for record in Evidence([Source(path=path, value=fields)]).records)
                if (owner := next((fact for fact in owners if fact is not None), None)) is not None:
                    yield path, (str(owner.value), "")
                continue
            rest: list[str] = []
            theirs = ""
            for start, end in sentences(text):
                said = text[start:end]
                named = _ADDRESS.findall(said)
                if named and all(is_anothers(address, party) for address in named):
                    theirs = theirs or named[0].casefold()
                else:
                    rest.append(said)
            if theirs:
                yield path, (theirs, "\n".join(rest))

    def _holders(self, claim: Claim, path: str = "") -> Iterator[Record]:
        """The records that say what is claimed, and the one at this path."""
        for record in self._evidence.records:
            if path in record.facts.paths or record.facts.say(claim):
                yield record

    def _key_of(self, record: Record, segment: Segment) -> Fact | None:
        """The key of a record that is not the one asked for."""
        if segment.by_id:
            # Told by its own number beside the one asked for, both are on the table.
            is_open = any(names(self._text, name) for name in self._unanswered)
            return None if is_open else self._untold.get(record.number)
        return self._astray.get(record.number)

    def _astray_by_call(self) -> None:
        """Records whose key is another than their call's, unless they came by their own key, too."""
        came: set[str] = set()
        wrong: list[tuple[str, Fact, Sequence[Record]]] = []
        for asked, records in self._evidence.calls:
            differs = next((told for name, value in keys_of(asked) if (told := differing(name, value, records))), None)
            if differs is None:
                came |= {plain(identity) for record in records for identity in record.ids}
            else:
                wrong.append((*differs, records))
        for value, key, records in wrong:
            if plain(key.raw) in came:
                continue
            self._unanswered |= set() if any(is_same(value, other) for other in came) else {value}
            for record in records:
                self._astray[record.number] = key
                if self._is_wanted(value) and not self._is_wanted(fold(key.raw)):
                    self._untold[record.number] = key

    def _astray_by_request(self) -> None:
        """Records of another number than the request's, where nothing has that one."""
        named = set(self._named()) if self._evidence.calls else set()
        if not named or any(map(self._stands, named)):
            return
        self._unanswered |= named
        forms = {form_of(value) for value in named}
        for asked, records in self._evidence.calls:
            for record in records:
                above = self._astray.get(record.parent.number) if record.parent is not None else None
                own = own_key(record)
                if own is not None and (form_of(own.raw) not in forms or self._is_spoken_of(own)):
                    own = None
                if (key := own or above) is not None:
                    self._astray.setdefault(record.number, key)
                    if own is not None and self._is_made_up(own, asked):
                        self._untold[record.number] = own

    def _is_spoken_of(self, key: Fact) -> bool:
        """Whether the request or a text names the key."""
        raw = fold(key.raw)
        return self._is_wanted(raw) or any(names(text, raw) for _, text in self._evidence.texts)

    def _is_wanted(self, key: str) -> bool:
        return names(self._asked, key)

    def _is_made_up(self, key: Fact, asked: Mapping[str, Json]) -> bool:
        """Whether a call wanted this key, and nothing but answers to such calls holds it."""
        if plain(key.raw) not in {plain(value) for _, value in keys_of(asked)}:
            return False
        wanted = {
            record.number
            for others, records in self._evidence.calls
            if plain(key.raw) in {plain(value) for _, value in keys_of(others)}
            for record in records
        }
        return all(record.number in wanted for record in self._evidence.by_id.get(str(key.value), ()))

    def _named(self) -> Iterator[str]:
        """The orders, invoices and parcels that the request names by number: by a word, a field, or its look."""
        yield from (value for asked in self._evidence.wanted for name, value in keys_of(asked) if is_thing(name))
        for _, said in self._evidence.requests:
            for claim in identifiers_in(said, self._evidence.vocabulary):
                value = str(claim.value)
                if not any(ch.isdigit() for ch in value):
                    continue
                before = cues_in(said[max(0, claim.start - 25) : claim.start])
                is_told = any(concepts & {"order", "invoice"} for _, _, concepts in before[-3:])
                if is_told or (not value.isdigit() and shape_of(value) in self._evidence.shapes):
                    yield value

    def _stands(self, value: str) -> bool:
        """Whether a record or a text speaks of it."""
        raws = (fact.raw for record in self._evidence.records for fact in record.facts)
        told = (text for _, text in self._evidence.texts)
        return any(names(raw, value) or is_same(value, raw) for raw in raws) or any(names(text, value) for text in told)


def _fields_of(text: str) -> Json | None:
    """A text that is a record: JSON, or fields with their names; None for prose."""
    if text.lstrip()[:1] in ("{", "["):
        try:
            found = json.loads(text)
        except ValueError:
            found = None
        if isinstance(found, (dict, list)):
            return found
    fields = {
        told[1]: told[2].strip() for part in re.split(r"[\n;|]", text) if (told := _LABELLED.fullmatch(part.strip()))
    }
    return fields if len(fields) >= _LEAST_FIELDS else None
