"""Numbers as people write them: grouping and decimal marks by language, and small number words."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

__all__ = ["DIGITS", "NUMBER_WORDS", "decimal_places", "number_word", "readings"]

DIGITS = r"\d{1,3}(?:[ \u00a0\u202f'’]\d{3})+(?:[.,]\d{1,6})?(?!\d)|\d{1,20}(?:[.,]\d{1,12}){0,6}"
"""A number in digits, without its sign."""

_POINT = frozenset({"en"})
"""Languages whose decimal mark is the point; the others of this package write a comma."""

_WORDS = {
    "en": "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
    " seventeen eighteen nineteen twenty",
    "de": "null ein|eins|eine|einen|einem|einer zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn"
    " vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn zwanzig",
    "fr": "zéro un|une deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept"
    " dix-huit dix-neuf vingt",
    "es": "cero un|uno|una dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis"
    " diecisiete dieciocho diecinueve veinte",
    "ru": "ноль один|одна|одно|одного|одной два|две|двух три|трёх|трех четыре|четырёх|четырех пять|пяти шесть|шести"
    " семь|семи восемь|восьми девять|девяти десять|десяти одиннадцать двенадцать тринадцать четырнадцать пятнадцать"
    " шестнадцать семнадцать восемнадцать девятнадцать двадцать",
    "tr": "sıfır bir iki üç dört beş altı yedi sekiz dokuz on onbir oniki onüç ondört onbeş onaltı onyedi onsekiz"
    " ondokuz yirmi",
}
NUMBER_WORDS = {
    language: {form: Decimal(n) for n, forms in enumerate(words.split()) for form in forms.split("|")}
    for language, words in _WORDS.items()
}
"""By language: word to number."""
_TENS = {
    "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
    "twenty": 20,
}  # fmt: skip
_GROUP = re.compile(r"[ \u00a0\u202f'’]")


def number_word(word: str, language: str) -> Decimal | None:
    """The number a word names in this language, or None. English also names tens with ones: thirty-two."""
    known = NUMBER_WORDS.get(language, {})
    low = word.lower()
    if low in known:
        return known[low]
    if language != "en":
        return None
    tens, _, ones = low.partition("-")
    if tens in _TENS and (not ones or ones in known):
        return Decimal(_TENS[tens]) + (known[ones] if ones else 0)
    return None


def readings(text: str, language: str) -> tuple[Decimal, ...]:
    """Every number the digits can mean, the likeliest in this language first; none where they mean no number."""
    plain = _GROUP.sub("", text)
    points, commas = plain.count("."), plain.count(",")
    if not points and not commas:
        return _decimals(plain)
    if points and commas:
        last = max(plain.rfind("."), plain.rfind(","))
        mark = plain[last]
        if plain.count(mark) > 1:
            return ()
        return _decimals(plain[:last].replace("." if mark == "," else ",", "") + "." + plain[last + 1 :])
    mark = "." if points else ","
    groups = plain.split(mark)
    grouped = all(len(part) == 3 for part in groups[1:]) and 1 <= len(groups[0]) <= 3 and groups[0] != "0"
    if len(groups) > 2:
        return _decimals("".join(groups)) if grouped else ()
    fraction = _decimals(".".join(groups))
    if not grouped:
        return fraction
    whole = _decimals("".join(groups))
    is_decimal = (mark == ".") is (language in _POINT)
    return (*fraction, *whole) if is_decimal else (*whole, *fraction)


def decimal_places(value: Decimal) -> int:
    """Digits after the mark, as written."""
    exponent = value.as_tuple().exponent
    return -exponent if isinstance(exponent, int) and exponent < 0 else 0


def _decimals(text: str) -> tuple[Decimal, ...]:
    try:
        return (Decimal(text),)
    except InvalidOperation:
        return ()
