"""The set that detection is measured on: reply mails over tool results, some with a value of another record.

Deterministic under its seed. A wrong value is always one that is really wrong: an earlier state of the same parcel,
or a sum that both orders have, is no error.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from sluicegate.frozen import frozen
from sluicegate.grounding.binding import judge
from sluicegate.grounding.claims import Ruling
from sluicegate.grounding.evaluation_templates import FILLERS, GREETINGS, HELD_OUT, STATES, TUNED
from sluicegate.grounding.index import Evidence, Source
from sluicegate.grounding.owners import Party
from sluicegate.grounding.statuses import agrees

__all__ = ["TODAY", "Counted", "Draft", "counted", "counted_by_sort", "drafts"]

TODAY = date(2026, 1, 29)
_CARRIERS = ("Northway", "Parcelline", "Swiftgo", "Hermelin")
_ITEMS = ("desk lamp", "oak stool", "tea kettle", "wool rug", "hiking poles", "linen curtain", "brass hook")
_PEOPLE = ("Ada Finch", "Noel Brook", "Mia Berger", "Deniz Aydin", "Priya Nair", "Marek Novak", "Lena Hofer")
_SORTS = {
    "state": "state", "total": "amount", "due": "date", "ordered": "date", "item": "name", "carrier": "name",
    "tracking": "name",
}  # fmt: skip
_OFTEN = 0.8
_SLOT = re.compile(r"\{(order|state|total|due|ordered|item|carrier|tracking)(2?)\}")
_LONG = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "ru": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "tr": "Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım Aralık",
}


@frozen
class Draft:
    """A reply with its evidence, and where it is wrong."""

    text: str
    language: str
    evidence: tuple[Source, ...]
    party: Party
    wrong: tuple[tuple[int, int, str], ...] = ()
    """Start, end and slot of each wrong value; none in a sound draft."""


@frozen
class Counted:
    """What was found over a set."""

    k: int = 0
    """Wrong values found."""
    n: int = 0
    """Wrong values."""
    alarms: int = 0
    """Contradictions told where nothing is wrong."""


def counted(made: Iterable[Draft]) -> Counted:
    """Wrong values found, and false alarms, over drafts."""
    k = n = alarms = 0
    for draft in made:
        told = _told(draft)
        n += len(draft.wrong)
        k += sum(_is_among(start, end, told) for start, end, _ in draft.wrong)
        alarms += sum(
            not _is_among(left, right, [(start, end) for start, end, _ in draft.wrong]) for left, right in told
        )
    return Counted(k=k, n=n, alarms=alarms)


def counted_by_sort(made: Iterable[Draft]) -> dict[str, tuple[int, int]]:
    """Wrong values found, of how many, by what is wrong: state, amount, date, name."""
    found: dict[str, tuple[int, int]] = {}
    for draft in made:
        told = _told(draft)
        for start, end, slot in draft.wrong:
            k, n = found.get(_SORTS[slot], (0, 0))
            found[_SORTS[slot]] = (k + _is_among(start, end, told), n + 1)
    return found


def _told(draft: Draft) -> list[tuple[int, int]]:
    rulings = judge(draft.text, Evidence(draft.evidence), language=draft.language, today=TODAY, party=draft.party)
    return [(item.claim.start, item.claim.end) for item in rulings if item.ruling is Ruling.CONTRADICTED]


def _is_among(start: int, end: int, spans: Sequence[tuple[int, int]]) -> bool:
    return any(start < right and left < end for left, right in spans)


def drafts(number: int, *, seed: int = 0, held_out: bool = True, wrong: bool = True) -> Iterator[Draft]:
    """So many drafts; each holds one wrong value where `wrong`, and none otherwise."""
    random = Random(f"grounding {seed} {held_out} {wrong}")  # noqa: S311 - reproducible, not secret
    templates = HELD_OUT if held_out else TUNED
    made = 0
    while made < number:
        draft = _draft(random, templates, wrong=wrong)
        if draft is not None:
            made += 1
            yield draft


def _draft(random: Random, templates: Mapping[str, tuple[str, ...]], *, wrong: bool) -> Draft | None:
    # English has the sentences about names and parcel numbers, which would else be few.
    language = random.choice((*templates, "en", "en"))
    orders = _orders(random)
    said = random.sample(templates[language], k=min(len(templates[language]), random.choice((1, 1, 2))))
    slots = [
        (at, found[1], bool(found[2]))
        for at, text in enumerate(said)
        for found in _SLOT.finditer(text)
        if found[1] != "order"
    ]
    rare = [slot for slot in slots if _SORTS[slot[1]] == "name"]
    spoiled = random.choice(rare if rare and random.random() < _OFTEN else slots) if wrong else None
    if spoiled is not None and not _can_be_wrong(spoiled[1], orders, second=spoiled[2]):
        return None
    parts: list[str] = []
    errors: list[tuple[int, int, str]] = []
    name = random.choice(_PEOPLE)
    hello, goodbye = GREETINGS[language]
    length = 0

    def add(text: str) -> int:
        nonlocal length
        at = length
        parts.append(text)
        length += len(text)
        return at

    add(hello.format(name=name) + "\n\n")
    for at, template in enumerate(said):
        last = 0
        for found in _SLOT.finditer(template):
            add(template[last : found.start()])
            second, slot = bool(found[2]), found[1]
            is_wrong = (at, slot, second) == spoiled
            value = _said(slot, orders[int(second) ^ is_wrong], language, random)
            start = add(value)
            if is_wrong:
                errors.append((start, start + len(value), slot))
            last = found.end()
        add(template[last:] + random.choice((" ", "\n\n")))
    for text in random.sample(FILLERS[language], k=random.choice((0, 1, 2))):
        add(text + " ")
    add("\n\n" + goodbye)
    evidence = _evidence(random, orders, name)
    return Draft(
        text="".join(parts),
        language=language,
        evidence=evidence,
        party=Party(email=_address(name), name=name),
        wrong=tuple(errors),
    )


def _can_be_wrong(slot: str, orders: tuple[dict[str, Any], ...], *, second: bool) -> bool:
    mine, other = orders[int(second)], orders[int(not second)]
    if slot == "state":
        return not agrees(other["state"], mine["state"])
    return bool(mine[slot] != other[slot])


def _address(name: str) -> str:
    return f"{name.replace(' ', '.').lower()}@mail.test"


def _orders(random: Random) -> tuple[dict[str, Any], ...]:
    first = random.randint(1000, 89_000)
    made = []
    shape = random.choice(("{n}", "AC-{n}", "ORD{n}", "{n}-X"))
    for at in range(2):
        ordered = TODAY - timedelta(days=random.randint(3, 60))
        made.append(
            {
                "order": shape.format(n=first + at * random.randint(1, 9)),
                "state": random.choice(tuple(STATES["en"])),
                "total": Decimal(random.randint(500, 250_000)) / 100,
                "ordered": ordered,
                "due": TODAY + timedelta(days=random.randint(1, 25)),
                "item": random.choice(_ITEMS),
                "carrier": random.choice(_CARRIERS),
                "tracking": f"TRK{random.randint(10_000_000, 99_999_999)}",
            }
        )
    return tuple(made)


def _evidence(random: Random, orders: tuple[dict[str, Any], ...], name: str) -> tuple[Source, ...]:
    """The two orders as one of four back ends writes them."""
    shape = random.choice((_flat, _typed, _nested))
    records = [shape(order, name) for order in orders]
    asked = Source(path="mail", value="Where are my orders?", request=True)
    if random.random() < 0.3:
        return (Source(path="tools.orders[0]", value={"orders": records, "count": len(records)}), asked)
    each = [
        Source(path=f"tools.order[{at}]", value=record, asked={"order_id": orders[at]["order"]})
        for at, record in enumerate(records)
    ]
    return (*each, asked)


def _flat(order: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {
        "order_id": order["order"], "status": order["state"], "total": f"{order['total']:.2f} EUR",
        "item": order["item"],
        "ordered": order["ordered"].isoformat(), "due": order["due"].isoformat(), "carrier": order["carrier"],
        "tracking_id": order["tracking"], "customer": name,
    }  # fmt: skip


def _typed(order: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {
        "id": order["order"], "state": order["state"].upper().replace(" ", "_"), "totalAmount": float(order["total"]),
        "currency": "EUR", "createdAt": f"{order['ordered'].isoformat()}T10:15:00Z",
        "estimatedDelivery": order["due"].isoformat(),
        "product": order["item"], "carrier": order["carrier"], "trackingNumber": order["tracking"],
        "email": _address(name),
    }  # fmt: skip


def _nested(order: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {
        "order": {"number": order["order"], "placed_on": order["ordered"].isoformat()},
        "payment": {"total": {"amount": f"{order['total']:.2f}", "currency": "EUR"}},
        "shipment": {"status": order["state"], "eta": order["due"].isoformat(), "carrier": order["carrier"],
                     "tracking": order["tracking"]},
        "items": [{"name": order["item"], "quantity": 1}],
        "customer": {"name": name, "email": _address(name)},
    }  # fmt: skip


def _said(slot: str, order: Mapping[str, Any], language: str, random: Random) -> str:
    value = order[slot]
    if slot == "state":
        return random.choice(STATES[language][value])
    if slot == "total":
        return _money(value, language, random)
    if slot in ("due", "ordered"):
        return _day(value, language, random)
    return str(value)


def _money(value: Decimal, language: str, random: Random) -> str:
    plain = f"{value:,.2f}"
    if language != "en":
        group = random.choice(
            {"de": ".", "fr": "\u202f", "es": ".", "ru": "\u00a0", "tr": "."}[language] + " ".strip() or "."
        )
        plain = plain.replace(",", "#").replace(".", ",").replace("#", group)
        return random.choice((f"{plain} €", f"{plain} EUR"))
    return random.choice((f"€{plain}", f"{plain} EUR", f"EUR {plain}"))


def _day(value: date, language: str, random: Random) -> str:
    month = _LONG[language].split()[value.month - 1]
    iso = value.isoformat()
    if language == "en":
        return random.choice(
            (f"{value.day} {month}", f"{month} {value.day}, {value.year}", f"{value.day} {month} {value.year}", iso)
        )
    if language == "de":
        return random.choice(
            (
                f"{value.day}. {month}",
                f"{value.day}. {month} {value.year}",
                f"{value.day:02}.{value.month:02}.{value.year}",
            )
        )
    if language == "fr":
        return random.choice((f"{value.day} {month}", f"{value.day:02}/{value.month:02}/{value.year}"))
    if language == "es":
        return random.choice((f"{value.day} de {month}", f"{value.day} de {month} de {value.year}"))
    return random.choice(
        (f"{value.day} {month}", f"{value.day} {month} {value.year}", f"{value.day:02}.{value.month:02}.{value.year}")
    )
