"""Keys: what a call wants, and what a record says it is. AC-1002 and 001002 are 1002."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from sluicegate.grounding.claims import Kind
from sluicegate.grounding.facts import THINGS, Fact, is_identity
from sluicegate.grounding.index import Record, shape_of
from sluicegate.grounding.wording import concepts_of, field_words, words
from sluicegate.model import Json

__all__ = ["differing", "form_of", "is_same", "is_thing", "keys_of", "names", "own_key", "plain"]

_GENERIC = words("id no nr number nummer key code ref reference uuid numéro número номер")


def keys_of(asked: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    """The arguments of a call that say which record is wanted."""
    for name, value in asked.items():
        if isinstance(value, bool) or not isinstance(value, (str, int)) or not any(ch.isdigit() for ch in str(value)):
            continue
        if "@" not in str(value) and (is_identity(name) or set(field_words(name)) <= THINGS):
            yield name, str(value).strip().casefold().lstrip("#")


def is_thing(field: str) -> bool:
    """Whether a key of this name is of an order, or of its like: order_id, invoiceNumber."""
    return bool(_sort(field) & THINGS)


def names(text: str, key: str) -> bool:
    """Whether a text says a key, as a word of its own."""
    low = text.casefold()
    at = low.find(key)
    while at >= 0:
        # No pattern: each key would be compiled for a single text.
        if not low[at - 1 : at].isalnum() and not low[at + len(key) : at + len(key) + 1].isalnum():
            return True
        at = low.find(key, at + 1)
    return False


def differing(name: str, value: str, records: Sequence[Record]) -> tuple[str, Fact] | None:
    """The value and the record's own key of its sort, where the answer names the value nowhere."""
    if any(names(fact.raw, value) or is_same(value, fact.raw) for record in records for fact in record.facts):
        return None
    sort = _sort(name)
    for record in records:
        for fact in record.facts:
            if not any(ch.isdigit() for ch in fact.raw) or not _is_key(fact):
                continue
            own = _sort(fact.field)
            if (own == sort and own) or (
                not (own and sort) and form_of(fact.raw) == form_of(value) and not record.parent
            ):
                return value, fact
    return None


def _is_key(fact: Fact) -> bool:
    leaf = fact.field.rpartition(".")[2]
    return (fact.kind is Kind.IDENTIFIER and is_identity(fact.field)) or set(field_words(leaf)) <= THINGS


def own_key(record: Record) -> Fact | None:
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


def plain(value: str) -> str:
    """Letters and digits alone, in one case."""
    return "".join(ch for ch in value.casefold() if ch.isalnum())


def is_same(one: str, other: str) -> bool:
    """Whether two keys are one: AC-1002 and 1002, 001002 and 1002."""
    short, long = sorted((plain(one), plain(other)), key=len)
    head = long[: len(long) - len(short)]
    return len(short) > 2 and long.endswith(short) and not any(ch.isdigit() and ch != "0" for ch in head)


def form_of(value: str) -> str:
    """How a key looks, whatever its length: AC-10050 is a-0."""
    return re.sub(r"(.)\1+", r"\1", shape_of(value.strip().lstrip("#").casefold()))
