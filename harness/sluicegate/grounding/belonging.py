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
from sluicegate.grounding.extraction import claims_in
from sluicegate.grounding.facts import Fact, is_identity
from sluicegate.grounding.index import Evidence, Record, Source, shape_of
from sluicegate.grounding.matching import comparable, equal
from sluicegate.grounding.owners import Party, is_anothers, owner_of
from sluicegate.grounding.sentences import sentences
from sluicegate.grounding.speech import is_negated
from sluicegate.grounding.texts import Texts, normal
from sluicegate.grounding.wording import concepts_of, cues_in, field_words, words
from sluicegate.model import Json

__all__ = ["Belonging"]

_TOLD = frozenset({Kind.STATUS, Kind.MONEY, Kind.DATE})
"""What is said of somebody's order, and not of the house."""
_GENERIC = words("id no nr number nummer key code ref reference uuid numéro número номер")
_THINGS = words(
    "order invoice shipment parcel package booking ticket subscription contract bestellung rechnung commande facture "
    "pedido factura заказ sipariş"
)
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
            key = self._in_vain(found.claim, segment)
            told = None if key is None else ("another_key", key)
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
        if segment.by_id:
            records = [record for group in segment.groups for record in group]
        elif found.claim.kind not in _TOLD or found.rule in ("text", "verbatim") or self._is_repeated(found.claim):
            return None
        else:
            records = list(self._holders(found))
        if not records:
            return None
        keys = [self._key_of(record, segment) for record in records]
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

    def _in_vain(self, claim: Claim, segment: Segment) -> Fact | None:
        """The key of the record that came, where something is told of one that was asked for and did not."""
        if claim.kind not in _TOLD or segment.groups or not segment.unknown or claim.negated:
            return None
        if not any(name in self._text for name in self._unanswered):
            return None
        if is_negated(self._raw, segment.sentence[0], claim.start):
            return None
        astray = [record for record in self._evidence.records if record.number in self._astray]
        for record in astray:
            if any(comparable(claim, fact) and equal(claim, fact) for fact in record.facts):
                return self._astray[record.number]
        is_stated = segment.explicit and claim.kind is not Kind.DATE and not claim.bound
        return self._astray[astray[0].number] if astray and is_stated else None

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

    def _holders(self, found: Judgement) -> Iterator[Record]:
        """The records that say what is claimed."""
        for record in self._evidence.records:
            if any(
                fact.path == found.path or (comparable(found.claim, fact) and equal(found.claim, fact))
                for fact in record.facts
            ):
                yield record

    def _key_of(self, record: Record, segment: Segment) -> Fact | None:
        """The key of a record that is not the one asked for."""
        if segment.by_id:
            # Told by its own number beside the one asked for, both are on the table.
            is_open = any(name in self._text for name in self._unanswered)
            return None if is_open else self._untold.get(record.number)
        return self._astray.get(record.number)

    def _astray_by_call(self) -> None:
        """Records whose key is another than their call's, unless they came by their own key, too."""
        came: set[str] = set()
        wrong: list[tuple[str, Fact, Sequence[Record]]] = []
        for asked, records in self._evidence.calls:
            differs = next((told for name, value in _keys(asked) if (told := _differs(name, value, records))), None)
            if differs is None:
                came |= {_plain(identity) for record in records for identity in record.ids}
            else:
                wrong.append((*differs, records))
        for value, key, records in wrong:
            if _plain(key.raw) in came:
                continue
            self._unanswered |= {value} if not _is_among(value, came) else set()
            for record in records:
                self._astray[record.number] = key
                if value in self._asked and key.raw.casefold() not in self._asked:
                    self._untold[record.number] = key

    def _astray_by_request(self) -> None:
        """Records of another number than the request's, where nothing has that one."""
        named = set(self._named()) if self._evidence.calls else set()
        if not named or any(map(self._stands, named)):
            return
        self._unanswered |= named
        forms = {_form(value) for value in named}
        for asked, records in self._evidence.calls:
            for record in records:
                above = self._astray.get(record.parent.number) if record.parent is not None else None
                own = _own_key(record)
                if own is not None and (_form(own.raw) not in forms or self._is_spoken_of(own)):
                    own = None
                if (key := own or above) is not None:
                    self._astray.setdefault(record.number, key)
                    if own is not None and self._is_made_up(own, asked):
                        self._untold[record.number] = own

    def _is_spoken_of(self, key: Fact) -> bool:
        """Whether the request or a text names the key."""
        raw = key.raw.casefold().lstrip("#")
        return raw in self._asked or any(raw in text.casefold() for _, text in self._evidence.texts)

    def _is_made_up(self, key: Fact, asked: Mapping[str, Json]) -> bool:
        """Whether a call wanted this key, and nothing but answers to such calls holds it."""
        if _plain(key.raw) not in {_plain(value) for _, value in _keys(asked)}:
            return False
        wanted = {
            record.number
            for others, records in self._evidence.calls
            if _plain(key.raw) in {_plain(value) for _, value in _keys(others)}
            for record in records
        }
        return all(record.number in wanted for record in self._evidence.by_id.get(str(key.value), ()))

    def _named(self) -> Iterator[str]:
        """The orders, invoices and parcels that the request names by number."""
        for _, said in self._evidence.requests:
            for claim in claims_in(said, vocabulary=self._evidence.vocabulary):
                if claim.kind is not Kind.IDENTIFIER or not any(ch.isdigit() for ch in str(claim.value)):
                    continue
                before = cues_in(said[max(0, claim.start - 25) : claim.start])
                if any(concepts & {"order", "invoice"} for _, _, concepts in before[-3:]):
                    yield str(claim.value)

    def _stands(self, value: str) -> bool:
        """Whether a record or a text speaks of it."""
        raws = (fact.raw.casefold() for record in self._evidence.records for fact in record.facts)
        told = (text.casefold() for _, text in self._evidence.texts)
        return any(value in raw or _is_same(value, raw) for raw in raws) or any(value in text for text in told)


def _keys(asked: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    """The arguments of a call that say which record is wanted."""
    for name, value in asked.items():
        if isinstance(value, bool) or not isinstance(value, (str, int)) or not any(ch.isdigit() for ch in str(value)):
            continue
        if "@" not in str(value) and (is_identity(name) or set(field_words(name)) <= _THINGS):
            yield name, str(value).strip().casefold().lstrip("#")


def _differs(name: str, value: str, records: Sequence[Record]) -> tuple[str, Fact] | None:
    """The value and the record's own key of its sort, where the answer names the value nowhere."""
    if any(value in fact.raw.casefold() or _is_same(value, fact.raw) for record in records for fact in record.facts):
        return None
    sort = _sort(name)
    for record in records:
        for fact in record.facts:
            if not any(ch.isdigit() for ch in fact.raw) or not _is_key(fact):
                continue
            own = _sort(fact.field)
            if (own == sort and own) or (not (own and sort) and _form(fact.raw) == _form(value) and not record.parent):
                return value, fact
    return None


def _is_key(fact: Fact) -> bool:
    leaf = fact.field.rpartition(".")[2]
    return (fact.kind is Kind.IDENTIFIER and is_identity(fact.field)) or set(field_words(leaf)) <= _THINGS


def _own_key(record: Record) -> Fact | None:
    """The number of an order or of its like, by its field."""
    for fact in record.facts:
        if _is_key(fact) and any(ch.isdigit() for ch in fact.raw):
            concepts = concepts_of(fact.field)
            if concepts & {"order", "invoice"} or (not _sort(fact.field) and fact.field.count(".") == 0):
                return fact
    return None


def _sort(field: str) -> frozenset[str]:
    """What a key is of: `order_id` and `order.number` of an order, `id` of anything."""
    for part in reversed(field.split(".")):
        if own := frozenset(field_words(part)) - _GENERIC:
            return own
    return frozenset()


def _plain(value: str) -> str:
    return "".join(ch for ch in value.casefold() if ch.isalnum())


def _is_same(one: str, other: str) -> bool:
    """Whether two keys are one: AC-1002 and 1002, 001002 and 1002."""
    short, long = sorted((_plain(one), _plain(other)), key=len)
    head = long[: len(long) - len(short)]
    return len(short) > 2 and long.endswith(short) and not any(ch.isdigit() and ch != "0" for ch in head)


def _is_among(value: str, known: set[str]) -> bool:
    return any(_is_same(value, other) for other in known)


def _form(value: str) -> str:
    """How a key looks, whatever its length: AC-10050 is a-0."""
    return re.sub(r"(.)\1+", r"\1", shape_of(value.strip().lstrip("#").casefold()))


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
