"""Currencies: the signs and words people write beside an amount."""

from __future__ import annotations

from sluicegate.grounding.wording import words

__all__ = ["CURRENCIES", "CURRENCY", "CURRENCY_WORDS", "currency_of"]

CURRENCIES = words(
    "EUR USD GBP CHF TRY RUB PLN CZK SEK NOK DKK HUF RON BGN UAH KZT JPY CNY INR CAD AUD NZD MXN BRL "
    "ARS CLP COP ZAR"
    " AED SAR ILS SGD HKD KRW THB IDR MYR PHP VND EGP"
)
"""Codes of ISO 4217 that are read."""

_SIGNS = {"€": "EUR", "£": "GBP", "$": "USD", "US$": "USD", "₺": "TRY", "₽": "RUB", "¥": "JPY", "₴": "UAH", "₹": "INR"}
_WORDS = {
    "euro": "EUR", "euros": "EUR", "евро": "EUR", "avro": "EUR",
    "dollar": "USD", "dollars": "USD", "dólares": "USD", "dólar": "USD", "dolar": "USD", "долларов": "USD",
    "доллара": "USD", "доллар": "USD",
    "pound": "GBP", "pounds": "GBP", "livres": "GBP", "libras": "GBP", "pfund": "GBP", "sterlin": "GBP",
    "lira": "TRY", "tl": "TRY", "lirası": "TRY", "franken": "CHF",
    "рубль": "RUB", "рубля": "RUB", "рублей": "RUB", "руб.": "RUB", "руб": "RUB",
}  # fmt: skip

CURRENCY_WORDS = frozenset(_WORDS)

CURRENCY = (
    r"US\$|[€£$₺₽¥₴₹]|\b(?:"
    + "|".join([*sorted(CURRENCIES), *sorted(_WORDS, key=len, reverse=True)]).replace(".", r"\.")
    + r")(?!\w)"
)
"""A sign, a code or a word."""


def currency_of(text: str) -> str:
    """The code of a sign, code or word; empty for what is none."""
    said = text.strip()
    return _SIGNS.get(said) or (said.upper() if said.upper() in CURRENCIES else _WORDS.get(said.lower(), ""))
