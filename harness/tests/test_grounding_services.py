"""Records of other trades than orders: bookings, meters, lines, cards; each claim is held against its own."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from sluicegate.grounding import Evidence, Judgement, Ruling, Source, judge
from sluicegate.grounding.claims import Kind

TODAY = date(2026, 3, 17)


def ruled(text: str, *records: dict[str, Any], language: str = "en") -> dict[str, Judgement]:
    found = judge(text, Evidence([Source(path="tools.find[0]", value=list(records))]), language=language, today=TODAY)
    return {text[item.claim.start : item.claim.end]: item for item in found}


def told(text: str, *records: dict[str, Any], language: str = "en") -> set[str]:
    """What is contradicted."""
    found = ruled(text, *records, language=language)
    return {said for said, item in found.items() if item.ruling is Ruling.CONTRADICTED}


METER = {
    "meter_number": "EM-4451290", "reading": {"previous": 12345, "current": 13876, "unit": "kWh"},
    "consumption_kwh": 1531,
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Meter EM-4451290 stands at 13,876 kWh; you used 1,531 kWh.", "en"),
        ("Zähler EM-4451290 steht bei 13.876 kWh, der Verbrauch liegt bei 1.531 kWh.", "de"),
        ("Счётчик EM-4451290: 13 876 кВт·ч, расход 1 531 кВт·ч.", "ru"),
    ],
)
def test_a_unit_that_stands_beside_numbers_is_theirs(text: str, language: str) -> None:
    """Of several fields in one unit, the unit alone means none."""
    found = ruled(text, METER, language=language)
    assert [item.ruling for item in found.values()] == [Ruling.SUPPORTED] * 3


def test_a_unit_of_several_fields_does_not_say_which() -> None:
    assert (
        told("The tariff for L-4410 has 20 GB, and 12.4 GB are used.", {"id": "L-4410", "data_gb": 20, "used_gb": 12.4})
        == set()
    )


def test_the_word_for_what_is_counted_may_be_of_what_the_field_stands_in() -> None:
    invoice = {"invoice_number": "INV-0227", "seats": {"purchased": 270, "used": 261}}
    assert told("Invoice INV-0227 covers 270 seats; 261 seats are in use.", invoice) == set()


def test_about_twenty_is_right_for_nineteen_and_not_for_sixteen() -> None:
    """People round to fives."""
    visits = ({"appointment_id": "A-5512", "duration_min": 19}, {"appointment_id": "A-5513", "duration_min": 16})
    assert told("Appointment A-5512 takes about 20 minutes.", *visits) == set()
    assert told("Appointment A-5513 takes about 20 minutes.", *visits) == {"20 minutes"}


def test_a_preposition_that_may_be_a_bound_is_none_where_the_value_is_met() -> None:
    transfer = {"transfer_id": "TR-9926", "amount": "1416.81 EUR", "fee": "5.02 EUR"}
    assert told("TR-9926 over €1,416.81 was booked, and the fee for it was €5.02.", transfer) == set()


def test_an_hour_is_written_with_blanks_in_french() -> None:
    show = {"order_id": "TK-9957", "quantity": 5, "doors_at": "2026-04-08T19:25:00+02:00", "row": 11}
    found = ruled("La commande TK-9957 : ouverture à 19 h 25, rang 11.", show, language="fr")
    assert found["19 h 25"].ruling is Ruling.SUPPORTED
    assert found["19 h 25"].claim.kind is Kind.TIME
