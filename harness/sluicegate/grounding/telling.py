"""What tells records of one kind apart: a code of each, or what each is called, where no field is named as identity.

`project: "PV-118"`, `docket: "13 C 901/26"`, `pet: "Luna"`: the same field in each record, another value in each.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol

from sluicegate.grounding.claims import Kind
from sluicegate.grounding.extraction import fold, is_account
from sluicegate.grounding.facts import THINGS, Fact
from sluicegate.grounding.matching import Facts
from sluicegate.grounding.wording import field_words

__all__ = ["told_apart"]

_PLATE = re.compile(r"(?=.*\d)(?=.*[A-Z])[A-Z0-9]+(?:[ ./-]{1,2}[A-Z0-9]+)*")
"""Capitals and digits, in one piece or several: MSKU 745327-0, 13 C 901/26, 42A."""
_PLACE = re.compile(r"[^\W\d_]{3,}(?:[ -][^\W\d_]+){0,3}[ -]\d{1,4}[A-Za-z]?")
"""A name that ends in a number: Mill Lane 12."""
_OF_A_THING = re.compile(r"[^.]+\.name", re.IGNORECASE)
_NUMBER = re.compile(r"(?!(?:19|20)\d\d$)[1-9]\d{3,8}")
"""Of four digits or more, and no year."""
_LONG_NUMBER = re.compile(r"\d{9,30}")
_FEWEST_DIGITS = 3
"""Of a code that is no record's first field: `B2` may be a room as well as a class."""
_MEASURES = frozenset(
    {Kind.MONEY, Kind.DATE, Kind.TIME, Kind.PERCENTAGE, Kind.PHONE, Kind.EMAIL, Kind.URL, Kind.STATUS}
)
_SHORTEST_NAME, _LONGEST_NAME = 4, 40


class _Record(Protocol):
    facts: Facts
    ids: list[str]
    id_fields: list[str]
    called: str
    label: str
    is_nested: bool

    @property
    def kind(self) -> str: ...
    @property
    def parent(self) -> _Record | None: ...


def told_apart(records: Sequence[_Record]) -> None:
    """Gives the records of one kind what tells them apart, where each has its own."""
    for held in _alike(record for record in records if not record.is_nested and not _is_part(record)):
        fields = dict.fromkeys(fact.field for fact in held[0].facts if fact.field.count(".") <= 1)
        for field in fields:
            if field in held[0].id_fields:
                continue
            stands = [[fact for fact in record.facts if fact.field == field] for record in held]
            is_first = field == next(iter(fields)) and "." not in field
            is_head = is_first and not any("." not in own for own in held[0].id_fields)
            if all(stands) and len({facts[0].raw.casefold() for facts in stands}) == len(held):
                _told_by(held, field, stands, is_head=is_head)
        _labelled(held)
    _by_outermost_code([record for record in records if not (record.ids or record.called or record.is_nested)])


def _told_by(held: Sequence[_Record], field: str, stands: Sequence[Sequence[Fact]], *, is_head: bool) -> None:
    """Makes a field the identity of its records, or their name, where its values are such."""
    values = [facts[0].raw.strip() for facts in stands]
    if any(_is_measured(facts) for facts in stands):
        return
    numbered = is_head and _may_number(field)
    if all(_is_code(value, is_head=is_head) or (numbered and _NUMBER.fullmatch(value)) for value in values):
        for record, value, facts in zip(held, values, stands, strict=True):
            first = "." not in field and not any("." not in own for own in record.id_fields)
            record.ids.insert(0 if first else len(record.ids), fold(value))
            record.id_fields.insert(0 if first else len(record.id_fields), field)
            code = replace(facts[0], kind=Kind.IDENTIFIER, value=fold(value), unit="", places=0)
            record.facts[:] = [code if fact is facts[0] else fact for fact in record.facts if fact not in facts[1:]]
    elif is_head and all(len(facts) == 1 and _is_name(facts[0]) for facts in stands):
        for record, facts in zip(held, stands, strict=True):
            record.called = str(facts[0].value)


def _labelled(held: Sequence[_Record]) -> None:
    """What each is called besides its identity: the field right behind that, where it is a name or a code of each."""
    whole = (fact.field for fact in held[0].facts if "." not in fact.field or _OF_A_THING.fullmatch(fact.field))
    fields = list(dict.fromkeys(whole))[:2]
    own = held[0].id_fields
    is_nested = bool(own) and all("." in field for field in own)
    told = fields[0] if is_nested and fields else fields[1] if len(fields) > 1 and fields[0] in own else ""
    if not told or told in own or held[0].called:
        return
    stands = [[fact for fact in record.facts if fact.field == told] for record in held]
    if not all(stands) or any(_is_measured(facts) for facts in stands):
        return
    values = [facts[0].raw.strip() for facts in stands]
    if len({value.casefold() for value in values}) != len(held):
        return
    if all(_is_code(value, is_head=True) or _is_name(facts[-1]) for value, facts in zip(values, stands, strict=True)):
        for record, value in zip(held, values, strict=True):
            record.label = value.lower()


def _is_part(record: _Record) -> bool:
    """Whether it belongs to a record that has an identity: the item of an order is told apart within it alone."""
    above = record.parent
    while above is not None:
        if above.ids or above.facts:
            return True
        above = above.parent
    return False


def _is_measured(facts: Sequence[Fact]) -> bool:
    """Whether it is an amount, a day, or one quantity alone, as `10 KG`, and no code."""
    if any(fact.kind in _MEASURES for fact in facts):
        return True
    return facts[0].kind is Kind.QUANTITY and len(re.findall(r"\d+", facts[0].raw)) < 2


def _may_number(field: str) -> bool:
    """Whether a number that a record begins with may be its own: an order, a request, and not what is counted."""
    last = field_words(field)[-1:]
    return bool(last) and last[0] in THINGS


def _is_code(value: str, *, is_head: bool) -> bool:
    if _LONG_NUMBER.fullmatch(value):
        return True
    if _PLATE.fullmatch(value):
        return (is_head or sum(ch.isdigit() for ch in value) >= _FEWEST_DIGITS) and not is_account(fold(value))
    return is_head and _PLACE.fullmatch(value) is not None


def _is_name(fact: Fact) -> bool:
    raw = fact.raw.strip()
    return (
        fact.kind is Kind.NAME
        and _SHORTEST_NAME <= len(raw) <= _LONGEST_NAME
        and (raw[0].isupper() or " " in raw)
        and not any(ch.isdigit() for ch in raw)
    )


def _by_outermost_code(unnamed: Iterable[_Record]) -> None:
    """Records without identities are told apart by their outermost code, where each has its own."""
    alike: dict[tuple[str, str], list[tuple[_Record, str]]] = {}
    for record in unnamed:
        if (fact := _code_of(record)) is not None:
            alike.setdefault((record.kind, fact.field), []).append((record, str(fact.value)))
    for (_, field), held in alike.items():
        if len({code for _, code in held}) == len(held) > 1:
            for record, code in held:
                record.ids.append(code)
                record.id_fields.append(field)


def _code_of(record: _Record) -> Fact | None:
    """The outermost fact, the first of them, that is an identifier and nothing besides, with a digit in it."""
    codes = (
        fact
        for fact in record.facts
        if fact.kind is Kind.IDENTIFIER
        and fold(fact.raw.strip()) == fact.value
        and any(ch.isdigit() for ch in fact.raw)
        and not is_account(str(fact.value))
    )
    return min(codes, key=lambda fact: fact.field.count("."), default=None)


def _alike(records: Iterable[_Record]) -> Iterator[list[_Record]]:
    kinds: dict[str, list[_Record]] = {}
    for record in records:
        kinds.setdefault(record.kind, []).append(record)
    return (held for held in kinds.values() if len(held) > 1)
