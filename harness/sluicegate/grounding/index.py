"""The evidence: JSON as records of facts with their paths, and texts beside them.

A mapping is a record; a mapping inside it belongs to it, unless it has an identity of its own; a list of mappings are
records below it. `{"name": …, "value": …}` and `["name", value]` are fields of the record they stand in.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from sluicegate.frozen import frozen
from sluicegate.grounding.claims import Kind, When
from sluicegate.grounding.extraction import Vocabulary, fold
from sluicegate.grounding.facts import Fact, facts_of, is_identity, is_key
from sluicegate.grounding.matching import Facts
from sluicegate.grounding.shapes import opened, told_in
from sluicegate.grounding.statuses import is_known, is_loose
from sluicegate.grounding.telling import told_apart
from sluicegate.grounding.units import unit_of
from sluicegate.grounding.wording import field_words, stem, words
from sluicegate.model import Json

__all__ = ["Evidence", "Record", "Source", "shape_of"]

_NAMING = words("name title item product label entity player team city article subject customer")
_NAMES = ("name", "key", "property", "label", "field")
_MOMENTS = words("dt date day time timestamp txt")
_CURRENCY = ("currency", "currency_code", "currencycode")
_UNIT = ("unit", "uom", "unit_of_measure")
_IN_ONE = re.compile(r"\w+(?:[-_/.]\w+)*")
_DEEPEST, _MOST_RECORDS, _MOST_PHRASES = 12, 5000, 3000


@frozen
class Source:
    """A piece of evidence: what a tool answered, a snippet, the mail that is answered."""

    path: str
    """How it is named in a judgement: `tools.order[0]`."""
    value: Json
    """A text is evidence for what it says; anything else is read as records."""
    asked: Mapping[str, Json] | None = None
    """Of a tool: its arguments. Those that are identities belong to its record. Of a request: its fields."""
    request: bool = False
    """Said by the one who is answered: it may be repeated, and proves nothing."""


class Record:
    """A mapping with its facts."""

    def __init__(self, number: int, path: str, parent: Record | None, kind: str) -> None:
        self.number = number
        self.path = path
        self.parent = parent
        self.kind = kind
        """The field it stands under; records of one list share it."""
        self.facts = Facts()
        self.children: list[Record] = []
        self.ids: list[str] = []
        """Identities, folded; the first is its own."""
        self.id_fields: list[str] = []
        """The field of each."""
        self.called = ""
        """What alone it is told by, where that is a name: of a pet, a campaign."""
        self.label = ""
        """What it is called besides: the flat of a lease, the station of a charging session."""
        self.is_nested = False

    @property
    def names(self) -> Iterator[Fact]:
        """Facts that name it: item, title, player."""
        return (
            f
            for f in self.facts
            if f.kind is Kind.NAME and field_words(f.field)[-1:] and field_words(f.field)[-1] in _NAMING
        )

    @property
    def when(self) -> When | None:
        """Of a record of a series: when it is of."""
        for fact in self.facts:
            words = field_words(fact.field)
            if fact.kind is Kind.DATE and words and words[-1] in _MOMENTS and isinstance(fact.value, When):
                return fact.value
        return None


class Evidence:
    """Everything an answer may rest on, ready to be asked."""

    def __init__(self, sources: Iterable[Source]) -> None:
        self.records: list[Record] = []
        self.texts: list[tuple[str, str]] = []
        """Path and text of what is no record."""
        self.requests: list[tuple[str, str]] = []
        self.calls: list[tuple[Mapping[str, Json], Sequence[Record]]] = []
        """What each tool was asked, and the records it gave."""
        self.wanted: list[Mapping[str, Json]] = []
        """The fields of requests that are no mere text."""
        for source in sources:
            if source.request and source.asked:
                self.wanted.append(source.asked)
            value = source.value
            if isinstance(value, str) and source.asked is not None and not source.request:
                value = told_in(value) or value
            if isinstance(value, str):
                (self.requests if source.request else self.texts).append((source.path, value))
            elif value is not None:
                before = len(self.records)
                self._walk(value, source.path, "", None, 0, source.path.partition("[")[0])
                self._asked(source, self.records[before:])
        told_apart(self.records)
        self.by_id: dict[str, list[Record]] = {}
        for record in self.records:
            for identity in record.ids:
                self.by_id.setdefault(identity, []).append(record)
        self.vocabulary = self._vocabulary()
        self.series = [record for record in self.records if not record.ids and record.when is not None]

    def _asked(self, source: Source, made: Sequence[Record]) -> None:
        """A record that does not say which it is, is the one that was asked for."""
        asked = source.asked or {}
        if source.asked is not None and made:
            self.calls.append((source.asked, tuple(made)))
        ids = {
            name: fold(str(value))
            for name, value in asked.items()
            if isinstance(value, (str, int)) and is_key(name, str(value))
        }
        if made and ids and not made[0].ids:
            made[0].ids += ids.values()
            made[0].id_fields += ids

    def _walk(self, value: Json, path: str, field: str, record: Record | None, depth: int, kind: str) -> None:  # noqa: PLR0917 - where a walk stands
        if depth > _DEEPEST or len(self.records) > _MOST_RECORDS:
            return
        value = opened(value)
        if isinstance(value, Mapping):
            self._mapping(value, path, field, record, depth, kind)
        elif isinstance(value, (list, tuple)):
            for at, item in enumerate(value):
                self._item(item, f"{path}[{at}]", field, record, depth, kind)
        elif record is not None:
            record.facts += facts_of(value, field, path)

    def _item(self, item: Json, path: str, field: str, record: Record | None, depth: int, kind: str) -> None:  # noqa: PLR0917 - where a walk stands
        if isinstance(item, (list, tuple)) and len(item) == 2 and isinstance(item[0], str) and record is not None:
            self._walk(item[1], f"{path}[1]", item[0], record, depth + 1, kind)
        elif isinstance(item, Mapping) and record is not None and (pair := _pair(item)) is not None:
            self._walk(pair[1], path, pair[0].strip() or field, record, depth + 1, kind)
        elif isinstance(item, Mapping):
            self._mapping(item, path, "", record, depth + 1, field or kind, listed=True)
        else:
            self._walk(item, path, field, record, depth + 1, kind)

    def _mapping(  # noqa: PLR0917 - where a walk stands
        self,
        value: Mapping[str, Json],
        path: str,
        field: str,
        record: Record | None,
        depth: int,
        kind: str,
        *,
        listed: bool = False,
    ) -> None:
        own = any(
            is_identity(name)
            and not isinstance(item, (Mapping, list))
            and name.lower() in ("id", f"{field}_id".lower())
            for name, item in value.items()
        )
        if record is None or listed or (own and record.facts):
            made = Record(len(self.records), path, record, kind if listed or record is None else field)
            self.records.append(made)
            if record is not None:
                record.children.append(made)
                made.is_nested = not listed
            record, field = made, ""
        currency = next((str(value[name]).upper() for name in value if name.lower() in _CURRENCY), "")
        unit = next((unit_of(str(value[name])) for name in value if name.lower() in _UNIT), "")
        for name, item in value.items():
            here, joined = f"{path}.{name}", f"{field}.{name}" if field else str(name)
            if isinstance(item, str) and (told := told_in(item)) is not None:
                self._walk(told, here, "", record, depth + 1, kind)
                continue
            if isinstance(item, (Mapping, list, tuple)):
                self._walk(item, here, joined if isinstance(item, Mapping) else str(name), record, depth + 1, str(name))
                continue
            facts = [_in_unit(fact, unit) for fact in facts_of(item, joined, here, currency=currency)]
            record.facts += facts
            own_ids = [str(fact.value) for fact in facts if fact.kind is Kind.IDENTIFIER and is_key(joined, fact.raw)]
            record.ids += own_ids
            record.id_fields += [joined] * len(own_ids)

    def _vocabulary(self) -> Vocabulary:
        phrases: dict[str, None] = {}
        states: set[str] = set()
        nouns: set[str] = set()
        counted: set[str] = set()
        for record in self.records:
            if record.parent is not None and not record.is_nested:
                nouns |= {stem(word) for word in field_words(record.kind)}
            for fact in record.facts:
                if fact.kind is Kind.NAME and isinstance(fact.value, str):
                    phrases[fact.value] = None
                elif fact.kind is Kind.STATUS:
                    states.add(str(fact.value))
                elif fact.kind in (Kind.NUMBER, Kind.QUANTITY):
                    words = field_words(fact.field)
                    nouns |= {stem(word) for word in words}
                    counted |= {stem(word) for word in words[-1:] if stem(word) != word}
            for fact in record.names:
                if (last := _surname(str(fact.value))) is not None:
                    phrases[last] = None
        labels = {record.label for record in self.records}
        usable = (
            phrase
            for phrase in phrases
            if (3 < len(phrase) <= 80 or phrase in labels) and any(ch.isalpha() for ch in phrase)
        )
        return Vocabulary(
            identifiers=frozenset(self.by_id),
            spaced=tuple(sorted(identity for identity in self.by_id if not _IN_ONE.fullmatch(identity))),
            phrases=tuple(sorted(usable))[:_MOST_PHRASES],
            states=tuple(sorted(state for state in states if not is_known(state) and not is_loose(state))),
            nouns=frozenset(nouns),
            counted=frozenset(counted),
            numbered=frozenset(str(fact.value) for fact in self.facts if fact.kind is Kind.IDENTIFIER),
        )

    @cached_property
    def facts(self) -> Facts:
        """Those of all records."""
        return Facts(fact for record in self.records for fact in record.facts)

    @cached_property
    def by_field(self) -> dict[str, list[Fact]]:
        """Those of all records, by their field."""
        found: dict[str, list[Fact]] = {}
        for fact in self.facts:
            found.setdefault(fact.field, []).append(fact)
        return found

    @cached_property
    def by_line(self) -> dict[str, list[Record]]:
        """Records of one kind that are told apart by a telephone number, by that number: contracts, lines."""
        fields: dict[tuple[str, str], list[tuple[str, Record]]] = {}
        for record in self.records:
            for fact in record.facts:
                if fact.kind is Kind.PHONE:
                    fields.setdefault((record.kind, fact.field), []).append((str(fact.value), record))
        held = [held for held in fields.values() if len({value for value, _ in held}) == len(held) > 1]
        numbers = Counter(value for group in held for value, _ in group)
        return {value: [record] for group in held for value, record in group if numbers[value] == 1}

    @cached_property
    def by_name(self) -> dict[str, list[Record]]:
        """Records that are told apart by what they are called, by that."""
        names = [(name, record) for record in self.records for name in (record.called, record.label) if name]
        shared = Counter(name for name, _ in names)
        return {name: [record] for name, record in names if shared[name] == 1}

    @cached_property
    def _named(self) -> dict[str, list[Record]]:
        found: dict[str, list[Record]] = {}
        for record in self.records:
            values = [str(fact.value) for fact in record.names]
            for name in {*values, *(last for value in values if (last := _surname(value)) is not None)}:
                found.setdefault(name, []).append(record)
        return found

    def mentions(self, value: str) -> str:
        """The path of a fact that holds this text among other words, or empty."""
        found = (fact.path for fact in self.facts if fact.kind is Kind.NAME and value in str(fact.value))
        return next(found, "")

    @cached_property
    def shapes(self) -> frozenset[str]:
        """How the identifiers look: AC-10050 is aa-00000."""
        return frozenset(map(shape_of, self.by_id))

    def named(self, phrase: str) -> list[Record]:
        """The records that go by this name, or by its last word where it is a person's."""
        return list(self._named.get(phrase, ()))

    def scope(self, records: Iterable[Record]) -> list[Record]:
        """The records, what is below and above them, and those whose own identity they name."""
        found: dict[int, Record] = {}
        waiting = list(records)
        for record in waiting:
            for linked in (other for identity in record.ids for other in self.by_id.get(identity, ())):
                if linked.ids and linked.ids[0] in record.ids:
                    found[linked.number] = linked
            found[record.number] = record
        below = list(found.values())
        while below:
            record = below.pop()
            for child in record.children:
                if child.number not in found:
                    found[child.number] = child
                    below.append(child)
        for record in waiting:
            above = record.parent
            while above is not None:
                found[above.number] = above
                for child in above.children:
                    if child.is_nested:
                        found[child.number] = child
                above = above.parent
        return list(found.values())


def shape_of(identity: str) -> str:
    """Letters and digits as two signs."""
    return re.sub(r"[^\W\d_]", "a", re.sub(r"\d", "0", identity))


def _pair(item: Mapping[str, Json]) -> tuple[str, Json] | None:
    """Name and value of a field that is written as a mapping of its own."""
    if "value" not in item or len(item) > 3:
        return None
    name = next((item[key] for key in _NAMES if isinstance(item.get(key), str)), None)
    return (str(name), item["value"]) if name is not None else None


def _in_unit(fact: Fact, unit: str) -> Fact:
    """A bare number in the unit that stands beside it."""
    return replace(fact, kind=Kind.QUANTITY, unit=unit) if unit and fact.kind is Kind.NUMBER else fact


def _surname(name: str) -> str | None:
    """The last word of a name of two or three, without what follows it as `Jr.`."""
    words = [word for word in name.split() if word.rstrip(".") not in ("jr", "sr", "ii", "iii", "iv")]
    return words[-1] if 2 <= len(words) <= 3 and len(words[-1]) > 3 and not any(ch.isdigit() for ch in name) else None
