"""Amounts, shares and measures: what follows from a record, and what only looks so."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from sluicegate.grounding import Evidence, Judgement, Ruling, Source, judge

INVOICE = {
    "invoice_no": "INV-457", "currency": "EUR", "net_total": 636.50, "vat_rate": 19, "vat": 120.94,
    "gross_total": 757.44, "paid": 300.00, "open_amount": 457.44, "shipping": 4.50,
    "lines": [
        {"pos": 1, "description": "scaffold", "quantity": 14, "unit_price_net": 35.00, "net": 490.00},
        {"pos": 3, "description": "assembly", "quantity": 1, "unit_price_net": 180.00, "net": 180.00},
    ],
}  # fmt: skip
TERMS = "Payable within 10 days. The Trail 30 weighs 1.2 kg. Two percent, 2 %, are taken off early payments."


def told(text: str, said: str, record: Any = INVOICE, language: str = "en") -> Judgement:
    """The ruling on one value."""
    sources = [
        Source(path="invoice", value=record, asked={}),
        Source(path="terms", value=TERMS),
        Source(path="mail", value="What is INV-457?", request=True),
    ]
    found = judge(text, Evidence(sources), language=language, today=date(2026, 6, 17))
    return next(item for item in found if said in text[item.claim.start : item.claim.end])


@pytest.mark.parametrize("amount", ["982.44", "767.44", "335.00", "792.44"])
def test_amounts_that_do_not_go_together_add_up_to_nothing(amount: str) -> None:
    """An item's price and what is open, what was paid and an item's price: of eight some sum is nearly anything."""
    assert told(f"Invoice INV-457 comes to {amount} EUR gross.", amount).ruling is not Ruling.SUPPORTED


@pytest.mark.parametrize(
    ("amount", "rule"),
    [("670.00", "sum"), ("761.94", "sum"), ("457.44", "exact"), ("267.44", "difference")],
)
def test_what_goes_together_does(amount: str, rule: str) -> None:
    """Two items, the gross and the freight, the gross without an item."""
    item = told(f"For INV-457 that makes {amount} EUR.", amount)
    assert (item.ruling, item.rule) == (Ruling.SUPPORTED, rule)


def test_ten_days_are_no_ten_percent() -> None:
    """A text attests a measure in its own unit, in another of the same kind, or as a bare number."""
    assert told("The deduction is 10 %.", "10 %").ruling is Ruling.UNATTESTED
    assert told("The deduction is 2 %.", "2 %").rule == "text"
    assert told("Please pay within 10 days.", "10 days").rule == "text"
    assert told("The Trail 30 weighs 1200 g.", "1200 g").rule == "text"
    assert told("The Trail 30 weighs 1300 g.", "1300 g").ruling is not Ruling.SUPPORTED


def test_a_place_in_a_list_and_a_price_are_no_share() -> None:
    """`pos: 3` is no 3 %, and a net price of 35.00 contradicts no 19 %."""
    assert told("We take off 3 %.", "3 %").ruling is Ruling.UNATTESTED
    assert told("Net 636.50 EUR + 19 % VAT 120.94 EUR = 757.44 EUR.", "19 %").ruling is Ruling.SUPPORTED
    assert told("Die Mehrwertsteuer beträgt 7 %.", "7 %", language="de").ruling is Ruling.CONTRADICTED


def test_seats_are_no_money() -> None:
    """A word both share leaves an amount to the field that holds one."""
    plan = {
        "plan_id": "sub-7",
        "seats": 5,
        "seats_used": 3,
        "payments": [{"amount": "12.99 USD"}, {"amount": "14.99 USD"}],
    }
    assert told("Your plan used to be $12.99.", "12.99", plan).ruling is Ruling.SUPPORTED


def test_a_share_before_an_amount_is_not_its_thousands() -> None:
    """`%19 120,94 €` of Turkish."""
    assert told("INV-457: KDV %19 120,94 €.", "120,94", language="tr").ruling is Ruling.SUPPORTED


@pytest.mark.parametrize(
    ("text", "ruling"),
    [
        ("We expect 41001 on 20 June and 41008 on 12 June; together that is 82.47 EUR.", Ruling.SUPPORTED),
        ("Order 41001 and order 41008 come to 82.47 EUR in total.", Ruling.SUPPORTED),
        ("We expect 41001 on 20 June and 41008 on 12 June; the total is 92.47 EUR.", Ruling.CONTRADICTED),
    ],
)
def test_what_two_of_three_orders_come_to_is_their_sum(text: str, ruling: Ruling) -> None:
    """The ones that the sentence names."""
    orders = [
        {"order_id": "41001", "total": "62.57 EUR", "due": "2026-06-20"},
        {"order_id": "41008", "total": "19.90 EUR", "due": "2026-06-12"},
        {"order_id": "41015", "total": "5.00 EUR", "due": "2026-06-15"},
    ]
    amount = "92.47" if "92.47" in text else "82.47"
    assert told(text, amount, orders).ruling is ruling
