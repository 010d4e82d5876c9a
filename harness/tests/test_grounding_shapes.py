"""Records in whatever clothes a tool gives them: a claim is held against its own, and no other order's value counts."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from sluicegate.grounding import Evidence, Ruling, Source, judge
from sluicegate.grounding.shapes import opened, told_in

ONE = {"order_id": "41001", "status": "packed", "total": "62.57 EUR", "due": "2026-06-20"}
TWO = {"order_id": "41008", "status": "delivered", "total": "19.90 EUR", "due": "2026-06-12"}
BOTH = (ONE, TWO)
COLUMNS = list(ONE)
ROWS = [list(order.values()) for order in BOTH]


def renamed(*names: str) -> list[dict[str, str]]:
    return [dict(zip(names, order.values(), strict=True)) for order in BOTH]


SHAPES: dict[str, Any] = {
    "JSON as text": json.dumps(BOTH),
    "wrapped as text": {"content": [{"type": "text", "text": json.dumps({"orders": BOTH})}]},
    "a text for each": {"content": [{"type": "text", "text": json.dumps(order)} for order in BOTH]},
    "under their numbers": {"orders": {order["order_id"]: {**order, "order_id": None} for order in BOTH}},
    "rows and columns": {"columns": COLUMNS, "rows": ROWS},
    "columns with types": {"schema": [{"name": name, "type": "text"} for name in COLUMNS], "data": ROWS},
    "lists by column": {name: [order[name] for order in BOTH] for name in COLUMNS},
    "lines": "\n\n".join("\n".join(f"{name}: {value}" for name, value in order.items()) for order in BOTH),
    "a table": "\n".join([",".join(COLUMNS), *(",".join(row) for row in ROWS)]),
    "a table with bars": "\n".join(
        [f"| {' | '.join(COLUMNS)} |", "|---|---|---|---|", *(f"| {' | '.join(row)} |" for row in ROWS)]
    ),
    "named as the thing": renamed("order", "status", "total", "due"),
    "German": renamed("Bestellnummer", "Status", "Betrag", "Liefertermin"),
    "French": renamed("numero_commande", "statut", "montant", "livraison"),
    "Spanish": renamed("pedido", "estado", "importe", "entrega"),
    "Russian": renamed("номер_заказа", "статус", "сумма", "доставка"),
}


SHAPES["letters of another script"] = [{**order, "order_id": "МСК-" + order["order_id"]} for order in BOTH]


def rulings(text: str, value: Any) -> set[Ruling]:
    """Of all but the numbers of the orders."""
    sources = [
        Source(path="orders", value=value, asked={"email": "ada@mail.example"}),
        Source(path="mail", value="Where are my orders?", request=True),
    ]
    found = judge(text, Evidence(sources), today=date(2026, 6, 17))
    return {item.ruling for item in found if item.claim.kind not in ("identifier", "name")}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_value_is_held_against_its_own_record(shape: str) -> None:
    """What stands in the order is supported; what stands in the other one is contradicted."""
    value = SHAPES[shape]
    named = "МСК-41001" if shape.startswith("letters") else "41001"
    for said in ("is packed", "comes to 62.57 EUR", "is due on 20 June"):
        assert rulings(f"Order {named} {said}.", value) == {Ruling.SUPPORTED}, said
    for said in ("has been delivered", "comes to 19.90 EUR", "is due on 12 June"):
        assert rulings(f"Order {named} {said}.", value) == {Ruling.CONTRADICTED}, said


def test_parcels_with_short_numbers_are_told_apart() -> None:
    """`paquete: PK-1`."""
    parcels = [{"paquete": "PK-1", "due": "2026-06-15"}, {"paquete": "PK-2", "due": "2026-06-22"}]
    value = {"pedido": "ES-33107", "envios": parcels}
    assert rulings("Parcel PK-2 is due on 22 June.", value) == {Ruling.SUPPORTED}
    assert rulings("Parcel PK-2 is due on 15 June.", value) == {Ruling.CONTRADICTED}


@pytest.mark.parametrize(
    "text",
    [
        "{broken",
        "[1, 2, 3]",
        "{'single': 'quotes'}",
        "Dear Ann, hello, thanks\nBye, now, then",
        "Note: call first\nThank you",
        "Monday: 9 to 5\nTuesday: 9 to 5\nFriday: 9 to 1",
    ],
)
def test_prose_stays_prose(text: str) -> None:
    """Lines that say of no record which it is are a text."""
    assert told_in(text) is None


@pytest.mark.parametrize(
    "value",
    [
        {"2025": {"sold": 1}, "2026": {"sold": 2}},
        {"2026-06-01": {"high": 20}},
        {"customer": {"name": "Ann"}, "41001": {"status": "packed"}},
        {"columns": ["a", "b"], "rows": [["1"]]},
        {"tags": ["a", "b"], "notes": ["c", "d"]},
        {},
    ],
)
def test_a_mapping_of_anything_else_stays_one(value: Any) -> None:
    """Years and days are no numbers of records; a table needs a cell for each column, and a column that is a key."""
    assert opened(value) == value
