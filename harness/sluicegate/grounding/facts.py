"""One JSON value as the facts it states, typed by its form and by the name of its field."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache

from sluicegate.frozen import frozen
from sluicegate.grounding.claims import Kind, Value
from sluicegate.grounding.dates import of_epoch
from sluicegate.grounding.extraction import claims_in, fold
from sluicegate.grounding.money import CURRENCIES
from sluicegate.grounding.numbers import decimal_places
from sluicegate.grounding.statuses import state_of
from sluicegate.grounding.units import unit_of
from sluicegate.grounding.wording import concepts_of, field_words, words
from sluicegate.model import Json
from sluicegate.model.often import made_often

__all__ = ["THINGS", "Fact", "facts_of", "is_identity", "is_key"]

_IDENTITIES = words(
    "id no nr number code sku ref reference tracking key uuid ean isbn serial nummer numéro número номер"
)
_NUMBERS = words("id no nr num number nummer code ref reference key numéro numero número номер n")
"""What stands before a thing that has a number: numero_commande."""
THINGS = words(
    "order invoice shipment parcel package booking ticket subscription contract bestellung auftrag rechnung sendung "
    "commande facture colis paquete paket pedido factura envío заказ заказа счёт счет счёта счета посылка посылки "
    "sipariş siparis fatura tracking suivi seguimiento takip трек"
)
"""What has a number of its own. A field of such a name that holds a code holds that number."""
_NO_KEYS = words("telefonnummer faxnummer handynummer rufnummer mobilnummer hausnummer kontonummer zimmernummer")
_ENDING = re.compile(r"last_?-?(?:4|four|digits)(?:_?digits)?$", re.IGNORECASE)
"""What holds the end of a number: of a card, an account."""
_COUNTS = words("count quantity qty total size length of")
_STATES = words("status state stage phase condition durum zustand statut estado статус")
_MONEY = frozenset({"total", "price", "shipping", "refund", "tax", "discount", "balance"})
_MOMENTS = words("at dt date time timestamp created updated due sunrise sunset on until expires eta day")
_SPANS = frozenset({"hourly", "daily", "nightly", "weekly", "monthly"})
_SHARES = words("percent pct percentage rate share ratio")
_LONGEST = 2000
"""Characters of a text that are read for facts."""


@made_often
@frozen
class Fact:
    """A value with where it stands and what it is of."""

    path: str
    field: str
    """Names from the record to the value, joined: `wind.speed`."""
    kind: Kind
    value: Value
    unit: str = ""
    places: int = 0
    raw: str = ""
    """As it stands there; shown where a claim is contradicted."""

    @property
    def concepts(self) -> frozenset[str]:
        """What the field is about."""
        return concepts_of(self.field)


def is_identity(field: str) -> bool:
    """Whether a field of this name tells which record it is: order_id, trackingNumber, sku."""
    words = field_words(field)
    if not words:
        return False
    if words[-1] in _IDENTITIES or (words[-1].endswith("nummer") and words[-1] not in _NO_KEYS):
        return not (words[-1] == "number" and words[0] in _COUNTS)
    return len(words) > 1 and words[-1] in THINGS and words[-2] in _NUMBERS


@lru_cache(maxsize=8192)
def is_key(field: str, value: str) -> bool:
    """Whether it tells which record it is: by its name, or as the number of a thing: `order: 41001`."""
    if is_identity(field):
        return True
    return set(field_words(field.rpartition(".")[2])) <= THINGS and _NUMBER_OF.fullmatch(value.strip()) is not None


def facts_of(value: Json, field: str, path: str, *, currency: str = "") -> Iterator[Fact]:
    """What a plain value states: none for null and truth values, several for a text that holds several."""
    if isinstance(value, bool) or value is None:
        return
    if isinstance(value, (int, float)):
        yield _of_number(Decimal(str(value)), field, path, currency)
    elif isinstance(value, str) and value.strip():
        for kind, known, unit, places in _of_text(value[:_LONGEST], field):
            yield Fact(path=path, field=field, kind=kind, value=known, unit=unit, places=places, raw=value[:200])


def _of_number(value: Decimal, field: str, path: str, currency: str) -> Fact:  # noqa: PLR0911 - one answer for each sort of field
    raw, words = str(value), field_words(field)
    last = words[-1] if words else ""
    if value == value.to_integral_value() and (is_key(field, raw) or _ENDING.search(field) is not None):
        return Fact(path=path, field=field, kind=Kind.IDENTIFIER, value=fold(raw), raw=raw)
    if last in _MOMENTS and (when := of_epoch(float(value))) is not None:
        return Fact(path=path, field=field, kind=Kind.DATE, value=when, raw=raw)
    places = decimal_places(value)
    if last in ("cents", "minor", "cent") and concepts_of(field):
        return Fact(path=path, field=field, kind=Kind.MONEY, value=value / 100, unit=currency, places=2, raw=raw)
    if last in _SHARES and not (currency and _SPANS.intersection(words)):
        return Fact(path=path, field=field, kind=Kind.PERCENTAGE, value=value, unit="%", places=places, raw=raw)
    if last.upper() in CURRENCIES:
        return Fact(path=path, field=field, kind=Kind.MONEY, value=value, unit=last.upper(), places=places, raw=raw)
    if concepts_of("_".join(words[-2:])) & _MONEY and (currency or last in ("amount", "price", "total", "fee", "cost")):
        return Fact(path=path, field=field, kind=Kind.MONEY, value=value, unit=currency, places=places, raw=raw)
    # A price per tonne is no tonne.
    unit = unit_of(last) if len(words) > 1 and len(last) > 0 and "per" not in words else ""
    kind = Kind.QUANTITY if unit else Kind.NUMBER
    return Fact(path=path, field=field, kind=kind, value=value, unit=unit, places=places, raw=raw)


_NUMBER_OF = re.compile(r"#?(?=(?:[^\d]*\d){3}|[^\W\d_]{1,5}[-_/]\d)(?!\d{4}-\d\d-\d\d)[^\W_]+(?:[-_/][^\W_]+)*")
_CODE = re.compile(r"#?[^\W_]+(?:[-_/.][^\W_]+)*")
_DIALLED = re.compile(r"\+\d{8,15}")
_PLAIN_NUMBER = re.compile(r"[-+]?\d{1,15}(?:\.\d{1,9})?")


@lru_cache(maxsize=8192)
def _of_text(value: str, field: str) -> tuple[tuple[Kind, Value, str, int], ...]:
    said, words = value.strip(), field_words(field)
    if _CODE.fullmatch(said) and (is_key(field, said) or (said.isdigit() and _ENDING.search(field) is not None)):
        return ((Kind.IDENTIFIER, fold(said), "", 0),)
    if words and words[-1] in _STATES:
        return ((Kind.STATUS, state, "", 0),) if (state := state_of(said)) else ()
    if _PLAIN_NUMBER.fullmatch(said) and not _DIALLED.fullmatch(said):
        fact = _of_number(Decimal(said), field, "", "")
        return ((fact.kind, fact.value, fact.unit, fact.places),)
    found: list[tuple[Kind, Value, str, int]] = []
    covered = 0
    for claim in claims_in(said):
        if claim.kind not in (Kind.STATUS, Kind.NAME):
            found.append((claim.kind, claim.value, claim.unit, claim.places))
            found += [(claim.kind, other, claim.unit, claim.places) for other in claim.others]
            covered += claim.end - claim.start
    if any(ch.isalpha() for ch in said) and (covered < len(said) * 0.8 or not found) and len(said) <= 200:
        found.append((Kind.NAME, said.lower(), "", 0))
    return tuple(found)
