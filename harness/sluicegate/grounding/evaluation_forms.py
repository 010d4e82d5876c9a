"""Sound replies that say more than a field of a record: what follows from fields, and what is not said of the record.

Sums over items, net and tax, counts and prices, refunds, shares, discounts, totals of several orders, ranges of days,
denials, words of a back end for a state, minor units, `the other one`, the customer's own words, mails quoted below.
Deterministic under its seed. Nothing in them is wrong, so each contradiction told of one is a false alarm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from sluicegate.grounding.evaluation import TODAY, Draft
from sluicegate.grounding.index import Source
from sluicegate.grounding.owners import Party

__all__ = ["FORMS", "sound_forms"]

_PARTY = Party(email="ada.finch@mail.test", name="Ada Finch")
_CENT = Decimal("0.01")
_ITEMS = ("desk lamp", "oak stool", "tea kettle", "wool rug", "brass hook", "linen curtain")
_SHARES = (5, 10, 15, 20, 25)
_BEHIND = """Order {a[order_id]} is packed.

On 28 January 2026 Ada Finch wrote:
> order {a[order_id]} was delivered on {when} and cost {said}"""
_BELOW = """Order {a[order_id]} is packed.

-----Original Message-----
Order {a[order_id]} was delivered on {when} and cost {said}."""
_Record = dict[str, Any]
_Made = tuple[list[_Record], dict[str, Any]]
"""The records, and what fills the slots of a sentence."""


def _order(random: Random, number: int, **more: Any) -> _Record:
    return {
        "order_id": str(number), "status": "packed", "total": _money(_amount(random)), "currency": "EUR",
        "ordered": (TODAY - timedelta(days=random.randint(5, 60))).isoformat(),
        "due": (TODAY + timedelta(days=random.randint(3, 25))).isoformat(),
        "customer": _PARTY.name, "email": _PARTY.email, **more,
    }  # fmt: skip


def _amount(random: Random) -> Decimal:
    return Decimal(random.randint(1000, 90_000)) / 100


def _money(value: Decimal) -> str:
    return f"{value.quantize(_CENT)} EUR"


def _of(record: Mapping[str, Any]) -> Decimal:
    return Decimal(record["total"].split()[0])


def _two(random: Random) -> _Made:
    """Two orders of the same customer, the second one delivered."""
    first = random.randint(10_000, 80_000)
    mine = _order(random, first)
    other = _order(random, first + random.randint(1, 9), status="delivered")
    both = _of(mine) + _of(other)
    return [mine, other], {"a": mine, "b": other, "sum": _money(both), "gap": _money(abs(_of(mine) - _of(other)))}


def _items(random: Random) -> _Made:
    """An order with two items, each with its price and count."""
    names = random.sample(_ITEMS, 2)
    prices, counts = [_amount(random) for _ in names], [random.randint(1, 4) for _ in names]
    lines = [price * count for price, count in zip(prices, counts, strict=True)]
    items = [
        {"name": name, "price": _money(price), "quantity": count}
        for name, price, count in zip(names, prices, counts, strict=True)
    ]
    order = _order(random, random.randint(10_000, 80_000), items=items, total=_money(sum(lines, Decimal(0))))
    filled = {"a": order, "n": names, "p": [_money(price) for price in prices], "c": counts}
    return [order], {**filled, "l": [_money(line) for line in lines], "sum": order["total"]}


def _tax(random: Random) -> _Made:
    """Net, tax and what both come to, which stands in no field."""
    net = _amount(random)
    tax = (net * Decimal("0.19")).quantize(_CENT)
    order = _order(random, random.randint(10_000, 80_000), net=_money(net), vat=_money(tax))
    del order["total"]
    return [order], {"a": order, "sum": _money(net + tax)}


def _refunded(random: Random) -> _Made:
    total = _amount(random)
    back = (total * Decimal(random.randint(1, 9)) / 10).quantize(_CENT)
    status = random.choice(("partially refunded", "partially_refunded", "PARTIALLY_REFUNDED", "refund_partial"))
    more = {"status": status, "total": _money(total), "refund": _money(back)}
    order = _order(random, random.randint(10_000, 80_000), **more)
    return [order], {"a": order, "rest": _money(total - back)}


def _discounted(random: Random) -> _Made:
    share, base = random.choice(_SHARES), _amount(random)
    off = (base * share / 100).quantize(_CENT)
    order = _order(random, random.randint(10_000, 80_000), total=_money(base), discount=f"{share} %")
    return [order], {"a": order, "share": share, "off": _money(off), "left": _money(base - off)}


def _worded(random: Random) -> _Made:
    """A back end's own word for a state."""
    status = random.choice(("completed", "COMPLETE", "done", "closed", "fulfilled", "DLV", "archived", "stage 7"))
    order = _order(random, random.randint(10_000, 80_000), status=status, delivered_at="2026-01-20")
    return [order], {"a": order}


def _minor(random: Random) -> _Made:
    value = _amount(random)
    total = {"amount": int(value * 100), "currency": "EUR"} | random.choice(({}, {"exponent": 2}))
    order = _order(random, random.randint(10_000, 80_000), total=total)
    del order["currency"]
    return [order], {"a": order, "sum": _money(value)}


def _ranged(random: Random) -> _Made:
    first = TODAY + timedelta(days=random.randint(2, 10))
    last = first + timedelta(days=random.randint(2, 6))
    names = random.choice((("due_from", "due_to"), ("delivery_earliest", "delivery_latest"), ("eta_min", "eta_max")))
    more = {names[0]: first.isoformat(), names[1]: last.isoformat()}
    order = _order(random, random.randint(10_000, 80_000), **more)
    del order["due"]
    within = first + timedelta(days=random.randint(0, (last - first).days))
    return [order], {"a": order, "from": first.isoformat(), "to": last.isoformat(), "day": within.isoformat()}


def _wrongly_told(random: Random) -> _Made:
    """The customer is mistaken about amount and day."""
    made, filled = _two(random)
    wrong: date = TODAY + timedelta(days=random.randint(26, 40))
    return made, {**filled, "said": _money(_amount(random)), "when": wrong.isoformat()}


FORMS: tuple[tuple[Callable[[Random], _Made], tuple[tuple[str, str], ...]], ...] = (
    (_two, (
        ("en", "Neither {a[order_id]} nor {b[order_id]} has been cancelled."),
        ("en", "Together orders {a[order_id]} and {b[order_id]} come to {sum}."),
        ("en", "Order {a[order_id]} is packed; the other one was delivered and cost {b[total]}."),
        ("en", "Both your orders, {a[order_id]} and {b[order_id]}, are on file; the difference is {gap}."),
        ("en", "Unlike order {b[order_id]}, order {a[order_id]} has not been delivered yet."),
        ("de", "Weder {a[order_id]} noch {b[order_id]} wurde storniert."),
        ("de", "Zusammen kosten {a[order_id]} und {b[order_id]} {sum}."),
        ("de", "Bestellung {a[order_id]} ist gepackt, die andere wurde zugestellt und kostete {b[total]}."),
        ("fr", "Ni la commande {a[order_id]} ni la commande {b[order_id]} n'ont été annulées."),
        ("es", "Ni el pedido {a[order_id]} ni el pedido {b[order_id]} han sido cancelados."),
        ("ru", "Ни заказ {a[order_id]}, ни заказ {b[order_id]} не отменён."),
    )),
    (_items, (
        ("en", "Order {a[order_id]} holds a {n[0]} ({p[0]}) and a {n[1]} ({p[1]})."),
        ("en", "Order {a[order_id]}: {c[0]} x {n[0]} at {p[0]} each, {l[0]}."),
        ("en", "The {n[0]} and the {n[1]} of order {a[order_id]} come to {sum} in all."),
        ("de", "Bestellung {a[order_id]}: {n[0]} ({p[0]}) und {n[1]} ({p[1]}), insgesamt {sum}."),
        ("fr", "Commande {a[order_id]} : {n[0]} ({p[0]}) et {n[1]} ({p[1]})."),
    )),
    (_tax, (
        ("en", "Order {a[order_id]}: {a[net]} plus {a[vat]} VAT, {sum}."),
        ("de", "Bestellung {a[order_id]}: {a[net]} zuzüglich {a[vat]} Mehrwertsteuer, also {sum}."),
        ("es", "Pedido {a[order_id]}: {a[net]} más {a[vat]} de IVA, {sum}."),
    )),
    (_refunded, (
        ("en", "For order {a[order_id]} we refunded {a[refund]} of {a[total]}."),
        ("en", "We refunded {a[refund]} for order {a[order_id]}; {rest} remain."),
        ("de", "Von {a[total]} der Bestellung {a[order_id]} wurden {a[refund]} erstattet."),
        ("ru", "По заказу {a[order_id]} возвращено {a[refund]} из {a[total]}."),
    )),
    (_discounted, (
        ("en", "Order {a[order_id]}: {share} % off {a[total]} is {off} less, so {left}."),
        ("fr", "Commande {a[order_id]} : {a[total]} moins {share} %, soit {left}."),
    )),
    (_worded, (
        ("en", "Order {a[order_id]} was delivered on {a[delivered_at]}."),
        ("de", "Bestellung {a[order_id]} wurde am {a[delivered_at]} zugestellt."),
        ("ru", "Заказ {a[order_id]} доставлен {a[delivered_at]}."),
    )),
    (_minor, (("en", "Order {a[order_id]} costs {sum}."), ("es", "El pedido {a[order_id]} cuesta {sum}."))),
    (_ranged, (
        ("en", "Order {a[order_id]} arrives between {from} and {to}, perhaps on {day}."),
        ("de", "Bestellung {a[order_id]} kommt zwischen {from} und {to}, wohl am {day}."),
        ("en", "Order {a[order_id]} arrives on {day}, within 3 business days of its dispatch."),
    )),
    (_wrongly_told, (
        ("en", "You mention {said} for order {a[order_id]}; it comes to {a[total]}."),
        ("en", "You wrote: “order {a[order_id]} costs {said} and was delivered on {when}”. It is packed."),
        ("en", _BEHIND),
        ("en", _BELOW),
        ("de", "Laut Ihrer Nachricht kostete {a[order_id]} {said}; es sind {a[total]}."),
        ("fr", "Vous parlez de {said} pour la commande {a[order_id]} ; elle coûte {a[total]}."),
        ("es", "Usted menciona {said} para el pedido {a[order_id]}; cuesta {a[total]}."),
    )),
)  # fmt: skip
"""What makes the records, with the sentences that are right by them, by language."""


def sound_forms(number: int, *, seed: int = 0) -> Iterator[Draft]:
    """So many sound drafts, each form in turn."""
    random = Random(f"forms {seed}")  # noqa: S311 - reproducible, not secret
    every = [(make, language, text) for make, texts in FORMS for language, text in texts]
    for at in range(number):
        make, language, text = every[at % len(every)]
        records, filled = make(random)
        said = text.format(**filled)
        asked = (
            f"Hello, what about my order {records[0]['order_id']}? {filled.get('said', '')} {filled.get('when', '')}"
        )
        tools = (Source(path=f"tools.order[{place}]", value=record) for place, record in enumerate(records))
        sources = (*tools, Source(path="mail", value=asked, request=True))
        yield Draft(text=said, language=language, evidence=sources, party=_PARTY)
