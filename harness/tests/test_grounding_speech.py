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
