"""What excuses a claim ends where the letter says something of its own."""

from __future__ import annotations

from datetime import date

import pytest

from sluicegate.grounding import Evidence, Ruling, Source, judge
from sluicegate.grounding.speech import is_general, is_reported

ORDER = {"order_id": "41001", "status": "shipped", "total": "62.57 EUR", "due": "2026-06-20"}


def wrong_in(text: str, language: str = "en") -> list[str]:
    """What is contradicted, as it was said."""
    sources = [
        Source(path="order", value=ORDER, asked={"order_id": "41001"}),
        Source(path="mail", value="Where is order 41001?", request=True),
    ]
    found = judge(text, Evidence(sources), language=language, today=date(2026, 6, 17))
    return [text[i.claim.start : i.claim.end] for i in found if i.ruling is Ruling.CONTRADICTED]


@pytest.mark.parametrize(
    ("language", "text", "wrong"),
    [
        ("en", "It will arrive on 24 June, and if you have any questions, just write.", "24 June"),
        ("en", "All your items arrive on 24 June.", "24 June"),
        ("en", "The items arrive on 24 June.", "24 June"),
        ("de", "Alle Ihre Artikel: Lieferung am 24. Juni.", "24. Juni"),
        ("de", "Die Lieferung kommt am 24. Juni, und falls Sie Fragen haben, schreiben Sie uns.", "24. Juni"),
        ("fr", "La livraison par Colissimo est prévue le 24 juin.", "24 juin"),
        ("fr", "La livraison est prévue le 24 juin ; si vous avez des questions, écrivez-nous.", "24 juin"),
        ("es", "Su pedido llegará el 24 de junio por DHL.", "24 de junio"),
        ("ru", "Доставка ожидается 24 июня, если у вас есть вопросы, пишите.", "24 июня"),
        ("en", "As you asked, the total of order 41001 is 19.90 EUR.", "19.90 EUR"),
        ("en", "You asked about order 41001: its total is 19.90 EUR.", "19.90 EUR"),
        ("en", "You wrote about order 41001; its total is 19.90 EUR.", "19.90 EUR"),
    ],
)  # fmt: skip
def test_a_wish_a_carrier_and_an_answer_excuse_nothing(language: str, text: str, wrong: str) -> None:
    """`If you have any questions`, `par Colissimo`, `all your items`, `as you asked` are no condition and no report."""
    assert wrong in wrong_in(text, language)


@pytest.mark.parametrize(
    "sentence",
    [
        "Orders over 50 EUR ship free.", "If it comes later than 24 June, write to us.",
        "Each item weighs 2 kg.", "Returns are 5 EUR per parcel.", "Alle Artikel kosten 5 EUR.",
        "Jede Bestellung kostet 5 EUR pro Paket.", "Le port est de 5 EUR par commande.",
        "El envío cuesta 5 EUR por pedido.", "Si no llega el 24 de junio, escríbanos.",
    ],
)  # fmt: skip
def test_rules_for_everybody_and_conditions_stay_such(sentence: str) -> None:
    assert is_general(sentence)


def test_what_the_reader_said_or_was_told_is_reported() -> None:
    """Until the letter answers it."""
    assert is_reported("You wrote that order 41001 is due on ")
    assert is_reported("You were told ")
    assert is_reported("On vous avait annoncé le ")
    assert not is_reported("As you wrote, order 41001 is due on ")
    assert not is_reported("You asked about order 41001: it is due on ")
    assert not is_reported("You wrote about it; order 41001 is due on ")


PARCELS = {
    "order_id": "41001", "total": "62.57 EUR", "ordered_on": "2026-06-15",
    "parcels": [
        {"parcel_id": "S-1", "tracking_number": "JD0146000345678", "status": "in_transit", "eta": "2026-06-19"},
        {"parcel_id": "S-2", "tracking_number": "GLS77120934", "status": "delivered", "arrived_on": "2026-06-15"},
    ],
    "return": {"received_on": "2026-06-10"}, "refunds": [{"amount": "20.00 EUR", "issued_on": "2026-06-11"}],
    "window": {"from": "2026-06-19", "until": "2026-06-22"}, "weight_kg": 4.2, "kwh_per_100": 49,
    "storage_gb": 200, "storage_used_gb": 151.3, "vat": "9.99 EUR",
    "items": [{"name": "desk lamp", "price": "39.90 EUR"}, {"name": "shade", "price": "22.67 EUR"}],
}  # fmt: skip
OTHER = {"order_id": "41008", "total": "19.90 EUR", "weight_kg": 0.8}
DEVICE = {"serial": "WM-009931", "model": "Aqua 5", "warranty_until": "2026-08-02"}
PLANS = "The Solo plan costs 6.99 EUR a month with 50 GB of storage."


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "You were told June 12, but it will arrive on June 19."),
        ("en", "We received the lamp on 10 June and refunded 20.00 EUR on 11 June."),
        ("en", "Of your 200 GB, 48.7 GB are free."),
        ("en", "The Solo plan has 50 GB of storage for 6.99 EUR."),
        ("en", "Orders 41001 and 41008 weigh 4.2 kg and 0.8 kg, 5 kg in all."),
        ("en", "Your machine, an Aqua 5, is under warranty until 2 August 2026."),
        ("de", "DHL nennt für JD0146000345678 den 19.06. als Tag, GLS hat GLS77120934 am 15.06. zugestellt."),
        ("de", "Das Gerät braucht 49 kWh auf 100 Zyklen."),
        ("de", "Sie hatten am Montag bestellt, am Mittwoch verschicken wir."),
        ("de", "Sollte die Lieferung bis zum 24. Juni nicht da sein, melden Sie sich bitte."),
        ("fr", "Le total est de 62,57 € (dont TVA 9,99 €) : la lampe à 39,90 €."),
    ],
)  # fmt: skip
def test_sound_letters_of_nested_records_are_contradicted_nowhere(language: str, text: str) -> None:
    """Two parcels by number, a day that has its own word, what is left of a measure, a text about another plan."""
    sources = [
        *(Source(path=f"order[{at}]", value=order, asked={}) for at, order in enumerate((PARCELS, OTHER))),
        Source(path="device", value=DEVICE, asked={}),
        Source(path="plans", value=PLANS),
        Source(path="mail", value="Where is order 41001?", request=True),
    ]
    found = judge(text, Evidence(sources), language=language, today=date(2026, 6, 17))
    assert [text[i.claim.start : i.claim.end] for i in found if i.ruling is Ruling.CONTRADICTED] == []


def test_what_another_kind_of_record_says_is_supported() -> None:
    """The day of the device's warranty, where an order was asked about; another order's amount still contradicts."""
    sources = [
        *(Source(path=f"order[{at}]", value=order, asked={}) for at, order in enumerate((PARCELS, OTHER))),
        Source(path="device", value=DEVICE, asked={}),
        Source(path="mail", value="Where is order 41001?", request=True),
    ]
    evidence = Evidence(sources)
    (day,) = (i for i in judge("The warranty lasts until 2 August 2026.", evidence) if i.claim.kind == "date")
    (sum_,) = (i for i in judge("The total is 19.90 EUR.", evidence) if i.claim.kind == "money")
    assert (day.ruling, sum_.ruling) == (Ruling.SUPPORTED, Ruling.CONTRADICTED)


STAY = {
    "reservation_id": "HTL-88213", "check_in": "2026-08-14", "check_out": "2026-08-17", "nights": 3,
    "rate": {"amount": "129.00", "currency": "EUR"}, "total": "387.00 EUR", "vat": 61.79, "window": "14:00-18:00",
    "renewed_on": "2026-08-20",
}  # fmt: skip


@pytest.mark.parametrize(
    ("language", "text", "said"),
    [
        ("en", "You stay from 14 to 17 August 2026.", "14"),
        ("en", "You stay 14-17 August.", "14"),
        ("de", "Ihr Aufenthalt vom 14. bis 17. August ist bestätigt.", "14"),
        ("fr", "Votre séjour du 14 au 17 août est confirmé.", "14"),
        ("es", "Su estancia es del 14 al 17 de agosto.", "14"),
        ("ru", "Вы живёте у нас с 14 по 17 августа.", "14"),
        ("en", "Come between 2 and 6 pm.", "2"),
        ("de", "Kommen Sie von 14 bis 18 Uhr.", "14"),
        ("fr", "Venez entre 14 h et 18 h.", "14 h"),
    ],
)  # fmt: skip
def test_the_first_day_and_hour_of_a_range_are_moments(language: str, text: str, said: str) -> None:
    """`from 14 to 17 August` names two days, and both are held against the record."""
    sources = [Source(path="stay", value=STAY, asked={})]
    found = judge(text, Evidence(sources), language=language, today=date(2026, 6, 17))
    (first,) = (item for item in found if text[item.claim.start : item.claim.end].strip(".") == said)
    assert (first.claim.kind in ("date", "time"), first.ruling) == (True, Ruling.SUPPORTED)


def test_a_first_day_that_is_another_one_is_no_number() -> None:
    (first, *_) = judge(
        "The stay is due from 13 to 17 August 2026.", Evidence([Source(path="stay", value=STAY, asked={})])
    )
    assert (first.claim.kind, first.ruling) == ("date", Ruling.UNATTESTED)


@pytest.mark.parametrize(
    "text",
    [
        "Three nights at 120.00 EUR would be 360.00 EUR.",
        "The VAT is 19 %.",
        "The window on 30 August is free.",
    ],
)
def test_a_field_of_another_sort_contradicts_nothing(text: str) -> None:
    """Nights are no amount, a tax is no rate, a time of day no day."""
    found = judge(text, Evidence([Source(path="stay", value=STAY, asked={})]), today=date(2026, 6, 17))
    assert [text[i.claim.start : i.claim.end] for i in found if i.ruling is Ruling.CONTRADICTED] == []
