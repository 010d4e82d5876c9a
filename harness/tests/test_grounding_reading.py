"""Claims are read as people write them: numbers, money, dates, times and states in six languages."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluicegate.grounding.claims import Kind, When
from sluicegate.grounding.dates import same
from sluicegate.grounding.extraction import claims_in
from sluicegate.grounding.numbers import readings
from sluicegate.grounding.sentences import sentences
from sluicegate.grounding.statuses import agrees

TODAY = date(2026, 1, 29)


def read(text: str, language: str, kind: Kind) -> list[tuple[object, str]]:
    return [
        (claim.value, claim.unit) for claim in claims_in(text, language=language, today=TODAY) if claim.kind is kind
    ]


@pytest.mark.parametrize(
    ("text", "language", "value"),
    [
        ("1,234.56", "en", "1234.56"),
        ("1.234,56", "de", "1234.56"),
        ("1 234,56", "fr", "1234.56"),
        ("1\u202f234,5", "fr", "1234.5"),
        ("1.234,56", "es", "1234.56"),
        ("1 234,56", "ru", "1234.56"),
        ("1.234,56", "tr", "1234.56"),
        ("1'234.50", "de", "1234.50"),
        ("1.234", "de", "1234"),
        ("1.234", "en", "1.234"),
        ("62.57", "de", "62.57"),
        ("0,5", "en", "0.5"),
    ],
)
def test_numbers_by_language(text: str, language: str, value: str) -> None:
    """The likeliest reading comes first; what can be read otherwise is kept as another."""
    assert readings(text, language)[0] == Decimal(value)


@pytest.mark.parametrize(
    ("text", "language", "value"),
    [
        ("The total is €1,234.50.", "en", ("1234.50", "EUR")),
        ("Das macht 1.234,50 €.", "de", ("1234.50", "EUR")),
        ("Soit 1 234,50 euros.", "fr", ("1234.50", "EUR")),
        ("Son 1.234,50 EUR.", "es", ("1234.50", "EUR")),
        ("Сумма 1 234,50 руб.", "ru", ("1234.50", "RUB")),
        ("Tutar 1.234,50 TL.", "tr", ("1234.50", "TRY")),
    ],
)
def test_money_by_language(text: str, language: str, value: tuple[str, str]) -> None:
    """Signs, codes and words of currencies, before the amount or after it."""
    assert read(text, language, Kind.MONEY) == [(Decimal(value[0]), value[1])]


@pytest.mark.parametrize(
    ("text", "language", "when"),
    [
        ("on 3 February 2026", "en", When(year=2026, month=2, day=3)),
        ("on February 3rd", "en", When(month=2, day=3)),
        ("02/03/2026", "en", When(year=2026, month=2, day=3)),
        ("am 3. Februar 2026", "de", When(year=2026, month=2, day=3)),
        ("am 03.02.2026", "de", When(year=2026, month=2, day=3)),
        ("le 3 février 2026", "fr", When(year=2026, month=2, day=3)),
        ("el 3 de febrero de 2026", "es", When(year=2026, month=2, day=3)),
        ("3 февраля 2026", "ru", When(year=2026, month=2, day=3)),
        ("3 Şubat 2026", "tr", When(year=2026, month=2, day=3)),
        ("SALI", "tr", When(weekday=1)),
        ("tomorrow", "en", When(year=2026, month=1, day=30)),
        ("in 5 days", "en", When(year=2026, month=2, day=3)),
        ("vor 2 Tagen", "de", When(year=2026, month=1, day=27)),
        ("через 5 дней", "ru", When(year=2026, month=2, day=3)),
        ("5 gün sonra", "tr", When(year=2026, month=2, day=3)),
        ("2026-02-03", "fr", When(year=2026, month=2, day=3)),
    ],
)
def test_dates_by_language(text: str, language: str, when: When) -> None:
    """Written out, in digits, and relative to the clock of the case."""
    assert [value for value, _ in read(text, language, Kind.DATE)] == [when]


def test_a_zone_may_move_a_time_by_a_day_and_not_further() -> None:
    """22:30 UTC on the third is the fourth in Istanbul; the fifth it is nowhere."""
    known = When(year=2026, month=2, day=3, hour=22, minute=30, offset=0)

    assert same(When(month=2, day=3), known) == "date_of_time"
    assert same(When(month=2, day=4), known) == "time_zone"
    assert same(When(month=2, day=5), known) == ""
    assert same(When(month=2, day=2), known) == ""
    assert same(When(month=2, day=4), When(year=2026, month=2, day=3)) == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Your order has shipped.", [("shipped", False)]),
        ("Your order has not shipped yet.", [("shipped", True)]),
        ("We can confirm that it was delivered.", [("delivered", False)]),
        ("It will be delivered soon.", []),
        ("Was it delivered?", []),
        ("Once it has shipped, you can follow it.", []),
        ("Le hemos enviado un correo.", []),
        ("Ihre Bestellung wurde versandt.", [("shipped", False)]),
        ("Votre commande n'a pas été livrée.", [("delivered", True)]),
        ("Заказ отменён.", [("cancelled", False)]),
        ("Siparişiniz kargoya verildi.", [("shipped", False)]),
    ],
)
def test_states_are_claims_where_they_are_said_to_be_so(text: str, said: list[tuple[str, bool]]) -> None:
    """Not under `will`, `once` or a question mark; denied ones are claims of the opposite."""
    found = [(claim.value, claim.negated) for claim in claims_in(text) if claim.kind is Kind.STATUS]
    assert found == said


def test_an_earlier_state_is_true_of_a_later_one_and_no_other_way_round() -> None:
    """What was delivered has shipped; what has shipped need not have been delivered."""
    assert agrees("shipped", "delivered") == "earlier_stage"
    assert agrees("delivered", "shipped") == ""
    assert agrees("cancelled", "shipped") == ""


def test_sentences_end_at_stops_and_not_at_ordinals() -> None:
    """Ordinals, initials and decimals are inside; items of a list are sentences of their own."""
    text = "Sie kommt am 3. Februar an. Danke!\n- total: 1.50 EUR\n- due: today"
    assert [text[start:end] for start, end in sentences(text)] == [
        "Sie kommt am 3. Februar an.", "Danke!", "- total: 1.50 EUR", "- due: today",
    ]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=80), st.sampled_from(["en", "de", "fr", "es", "ru", "tr", "xx", ""]))
def test_reading_is_total_and_claims_lie_in_the_text(text: str, language: str) -> None:
    """Whatever is written: no exception, spans inside the text, in order and apart."""
    claims = claims_in(f"{text} 3 Mart {text} 5 EUR", language=language, today=TODAY, names=True)

    assert [claim.start for claim in claims] == sorted(claim.start for claim in claims)
    for one, other in pairwise(claims):
        assert one.start < one.end <= other.start


def test_a_day_that_no_calendar_has_is_none() -> None:
    """The day before the first and the day after the last."""
    assert claims_in("It came yesterday.", today=date(1, 1, 1)) == []
    assert claims_in("It comes tomorrow.", today=date(9999, 12, 31)) == []
    assert claims_in("It comes in 2 days.", today=date(9999, 12, 31))[0].kind != "date"
