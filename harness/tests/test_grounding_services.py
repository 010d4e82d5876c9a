"""Records of other trades than orders: bookings, meters, lines, cards; each claim is held against its own."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from sluicegate.grounding import Evidence, Judgement, Ruling, Source, judge
from sluicegate.grounding.claims import Kind
from sluicegate.grounding.quotes import quotes_in

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


STAYS: tuple[dict[str, Any], ...] = (
    {"confirmation": "HX7K2P", "stay": {"check_in": "2026-04-12"}, "total": 354.0, "currency": "EUR"},
    {"confirmation": "HB3M8T", "stay": {"check_in": "2026-05-02"}, "total": 512.4, "currency": "EUR"},
)


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_record_is_told_by_its_code_whatever_the_field_is_called(wrapped: bool) -> None:
    """`confirmation`, `pnr`, `reservation`: what looks like a code, and is no other record's, names it."""
    stays = [{"ok": True, "data": stay} for stay in STAYS] if wrapped else list(STAYS)
    assert told("Your stay HX7K2P comes to €354.00.", *stays) == set()
    assert told("Your stay HX7K2P comes to €512.40.", *stays) == {"€512.40"}


def test_a_code_that_two_records_share_names_neither() -> None:
    parts = ({"batch": "QX4417", "total": "20.00 EUR"}, {"batch": "QX4417", "total": "30.00 EUR"})
    assert told("Batch QX4417 comes to €30.00.", *parts) == set()


CARDS = ({"card_number": "6035118922044431", "points": 12480}, {"card_number": "6035118900128870", "points": 3120})


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("On the card ending in 4431 you have {} points.", "en"),
        ("Auf der Karte mit der Endung 4431 sind {} Punkte.", "de"),
        ("La carte se terminant par 4431 compte {} points.", "fr"),
        ("En la tarjeta terminada en 4431 hay {} puntos.", "es"),
        ("На карте, оканчивающейся на 4431, {} баллов.", "ru"),
        ("Sonu 4431 ile biten kartınızda {} puan var.", "tr"),
        ("Card **** 4431: {} points.", "en"),
    ],
)
def test_the_end_of_a_number_names_its_record(text: str, language: str) -> None:
    assert told(text.format(12480), *CARDS, language=language) == set()
    assert told(text.format(3120), *CARDS, language=language) == {"3120"}


def test_an_end_that_two_numbers_share_names_neither() -> None:
    twins = [{**card, "card_number": card["card_number"][:-4] + "4431"} for card in map(dict, CARDS)]
    assert told("On the card ending in 4431 you have 3120 points.", *twins) == set()


LINES = (
    {"line_id": "L-6742217", "msisdn": "+4915125040726", "fee": "33.23 EUR"},
    {"line_id": "L-0686466", "msisdn": "+4915126837111", "fee": "31.33 EUR"},
)


def test_a_telephone_number_names_the_line() -> None:
    said = "Line +49 151 2504 0726 costs €{}. +49 151 2683 7111 costs €31.33."
    assert told(said.format("33.23"), *LINES) == set()
    assert told(said.format("31.34").replace("31.33", "33.23"), *LINES) >= {"€33.23"}


def test_an_amount_at_the_end_of_a_sentence_is_no_date() -> None:
    transfer = {"transfer_id": "TR-9926", "fee": "5.02 EUR", "booked_at": "2026-03-11"}
    assert "5.02." not in ruled("The fee for TR-9926 was €5.02. It was booked on 11 March.", transfer)


RIDES: tuple[dict[str, Any], ...] = (
    {"reservation": "RC-40917", "pickup": {"at": "2026-03-28T18:40:00+01:00"}, "deposit": 900, "km_included": 1550},
    {"reservation": "RC-53310", "pickup": {"at": "2026-04-02T13:10:00+01:00"}, "deposit": 350, "km_included": 800},
)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("For RC-40917 please come on 2 April.", "2 April"),
        ("RC-40917 begins on 28 March at 13:10.", "13:10"),
        ("RC-40917 comes with 800 km.", "800 km"),
    ],
)
def test_what_only_another_record_says_contradicts_without_a_word_for_the_field(text: str, wrong: str) -> None:
    assert told(text, *RIDES) == {wrong}


@pytest.mark.parametrize(
    "text",
    [
        "RC-40917 begins on 28 March at 18:40. Our desk is open until 13:10.",
        "RC-40917 is booked. Our desk is open until 13:10.",
        "RC-40917 begins on 28 March. Please send the form by 2 April.",
        "RC-40917 comes with 1,550 km; a further 800 km are on offer.",
        "Neither RC-40917 nor RC-53310 begins before 28 March; RC-53310 comes with 800 km.",
        "RC-40917 takes 2 days longer than 1 March.",
    ],
)
def test_a_value_of_something_else_is_no_swap(text: str) -> None:
    """What the named record holds in that field is said, or nothing says the hour is its own."""
    assert told(text, *RIDES) == set()


def test_what_stands_before_a_semicolon_is_still_of_the_record_before() -> None:
    said = "The stay HX7K2P is booked. The total is €354.00; HB3M8T comes to €512.40."
    assert told(said, *STAYS) == set()
    assert told(said.replace("354.00", "512.40").replace("to €512.40", "to €354.00"), *STAYS) == {"€512.40", "€354.00"}


def test_a_zone_moves_no_day_whose_hour_stays() -> None:
    """1 April at 13:10 is not 2 April at 13:10; 1 April alone may be that of another zone."""
    assert ruled("RC-53310 begins on 1 April at 13:10.", *RIDES)["1 April"].ruling is Ruling.UNATTESTED
    assert ruled("RC-53310 begins on 1 April.", *RIDES)["1 April"].rule == "time_zone"


def test_a_price_of_each_is_no_rule_for_everybody() -> None:
    stays = [{**stay, "rate_per_night": rate} for stay, rate in zip(STAYS, (118.0, 170.8), strict=True)]
    assert told("HX7K2P is all set: 3 nights at €118.00 each, €512.40 altogether.", *stays) == {"€512.40"}


def test_a_short_title_between_marks_opens_no_quotation() -> None:
    assert not list(quotes_in('"Dune" is due on 7 April, and four renewals are left. "Emma" is due on 8 April.'))


def test_a_daily_rate_is_an_amount_and_a_tax_rate_a_share() -> None:
    cars = ({"reservation": "RC-40917", "daily_rate": 66.28, "tax_rate": 0.19, "currency": "EUR"},)
    found = ruled("RC-40917 is €66.28 a day, with 19 % tax.", *cars)
    assert (found["€66.28"].ruling, found["19 %"].ruling) == (Ruling.SUPPORTED, Ruling.SUPPORTED)


@pytest.mark.parametrize(
    ("text", "language"),
    [("Wagen 7, Platz {}", "de"), ("voiture 7, place {}", "fr"), ("вагон 7, место {}", "ru")],
)
def test_a_seat_is_held_against_the_seat(text: str, language: str) -> None:
    ride = {"pnr": "QW8R4T", "coach": 7, "seat": "54", "price": "59.90 EUR"}
    said = f"QW8R4T: {text}. 59,90 €."
    assert told(said.format(54), ride, language=language) == set()
    assert told(said.format(61), ride, language=language) == {"61"}


def test_what_may_be_told_of_either_record_contradicts_neither() -> None:
    said = "The stay HX7K2P is booked. The total was €{}, and for HB3M8T it was €512.40."
    assert told(said.format("354.00"), *STAYS) == set()
    assert told("HX7K2P is booked. You paid €512.40, and HB3M8T is booked, too.", *STAYS) == set()


def test_hours_and_minutes_are_no_hour_of_the_day() -> None:
    phone = {"id": "PH-4410", "talk_time": "Up to 3 h 30 min"}
    found = ruled("PH-4410 lasts up to 3 hours and 30 minutes.", phone)
    assert [found[said].ruling for said in ("3 hours", "30 minutes")] == [Ruling.SUPPORTED] * 2


def test_a_count_is_no_word_against_an_amount() -> None:
    """`Platz 54. Bezahlt wurden 59,90 €`: the seat is no amount."""
    ride = {"pnr": "QW8R4T", "seat": 54, "price_cents": 5990, "currency": "EUR"}
    other = {"pnr": "HB3M8T", "seat": 61, "price_cents": 1990, "currency": "EUR"}
    assert told("QW8R4T: Platz 54. Bezahlt wurden 59,90 €.", ride, other, language="de") == set()


def test_after_a_sentence_about_two_records_a_nameless_one_may_be_of_either() -> None:
    said = "RC-40917 comes with 1,550 km, and RC-53310 with 800 km. Please come on {}."
    assert told(said.format("28 March"), *RIDES) == set()
    assert told(said.format("2 April"), *RIDES) == set()


def test_a_small_count_of_another_record_is_no_amount() -> None:
    courses = (
        {"course_id": "CRS-9895", "lessons": 41, "price": "720.04 EUR"},
        {"course_id": "CRS-1120", "lessons": 25},
    )
    assert told("CRS-9895 is 720.04 EUR. A test would be 25.00 EUR.", *courses) == set()
