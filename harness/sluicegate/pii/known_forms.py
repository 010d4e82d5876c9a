"""How people write one known value: names turned round, umlauts spelled out, dates and streets rewritten."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from sluicegate.pii.word_list import listed, phrases

__all__ = ["digits_of", "forms", "phone_core", "plain", "spelled_out"]

_SPELLED = str.maketrans(
    {
        "ä": "ae",
        "ö": "oe",
        "ü": "ue",
        "Ä": "Ae",
        "Ö": "Oe",
        "Ü": "Ue",
        "ß": "ss",
        "å": "aa",
        "Å": "Aa",
        "ø": "oe",
        "Ø": "Oe",
        "æ": "ae",
        "Æ": "Ae",
        "œ": "oe",
        "Œ": "Oe",
        "ł": "l",
        "Ł": "L",
        "đ": "d",
        "Đ": "D",
        "ð": "d",
        "Ð": "D",
        "þ": "th",
        "Þ": "Th",
        "ñ": "ny",
        "ı": "i",
        "İ": "I",
    }
)
_DROPPED = str.maketrans(
    {
        "ß": "ss",
        "ø": "o",
        "Ø": "O",
        "æ": "ae",
        "Æ": "Ae",
        "œ": "oe",
        "Œ": "Oe",
        "ł": "l",
        "Ł": "L",
        "đ": "d",
        "Đ": "D",
        "ð": "d",
        "Ð": "D",
        "þ": "th",
        "Þ": "Th",
        "ı": "i",
    }
)
_CYRILLIC = dict(
    zip(
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
        phrases("a|b|v|g|d|e|yo|zh|z|i|y|k|l|m|n|o|p|r|s|t|u|f|kh|ts|ch|sh|shch||y||e|yu|ya"),
        strict=True,
    )
)
_GREEK = dict(
    zip("αβγδεζηθικλμνξοπρσςτυφχψω", listed("a v g d e z i th i k l m n x o p r s s t y f ch ps o"), strict=True)
)
_SCRIPTS = str.maketrans(
    {**_CYRILLIC, **_GREEK}
    | {
        key.upper(): value.capitalize()
        for key, value in {**_CYRILLIC, **_GREEK}.items()
        if key.upper() != key and len(key.upper()) == 1
    }
)
_NAME = re.compile(r"[^\W\d_]+(?:['’\-. ]+[^\W\d_]+){1,4}\.?\Z")
_ISO = re.compile(r"((?:1[89]|20)[0-9]{2})-([0-9]{2})-([0-9]{2})\Z")
_MONTHS = listed("January February March April May June July August September October November December")
_SHORT = (
    ("Street", "St"),
    ("Road", "Rd"),
    ("Avenue", "Ave"),
    ("Boulevard", "Blvd"),
    ("Drive", "Dr"),
    ("Lane", "Ln"),
    ("Court", "Ct"),
    ("Square", "Sq"),
    ("straße", "str."),
    ("straße", "strasse"),
    ("Straße", "Str."),
    ("Straße", "Strasse"),
    ("Apartment", "Apt"),
    ("Avenida", "Avda."),
    ("Calle", "C/"),
)


def plain(text: str) -> str:
    """Without accents, and letters that no accent explains written in ASCII."""
    stripped = "".join(ch for ch in unicodedata.normalize("NFKD", text) if not unicodedata.combining(ch))
    return stripped.translate(_DROPPED)


def spelled_out(text: str) -> str:
    """Müller as Mueller, Łódź as Lodz, Иванов as Ivanov."""
    return plain(unicodedata.normalize("NFC", text).translate(_SPELLED).translate(_SCRIPTS))


def digits_of(text: str) -> str:
    """The decimal digits of a value."""
    return "".join(ch for ch in text if "0" <= ch <= "9")


def phone_core(digits: str) -> str:
    """What a phone number keeps in every way of writing it: the last nine digits, or all but a leading zero."""
    return digits[-9:] if len(digits) > 9 else digits.lstrip("0")


def forms(value: str) -> Iterator[str]:
    """The value and other ways to write it, without repeating one."""
    seen: set[str] = set()
    for form in (*_turned(value), *_dated(value), *_streets(value)):
        for written in (form, plain(form), spelled_out(form)):
            if written and written not in seen:
                seen.add(written)
                yield written


def _turned(value: str) -> Iterator[str]:
    """A name, and its parts in the other order."""
    yield value
    if _NAME.match(value) and not any(ch.isdigit() for ch in value):
        words = value.split()
        if len(words) > 1:
            yield f"{words[-1]}, {' '.join(words[:-1])}"
            yield f"{words[-1]} {' '.join(words[:-1])}"
        if len(words) > 2:
            yield f"{words[0]} {words[-1]}"


def _dated(value: str) -> Iterator[str]:
    """A date in the orders of Europe and America, and in words."""
    found = _ISO.match(value)
    if found is None or not 1 <= int(found[2]) <= 12:
        return
    year, month, day = found.groups()
    for sep in "./-":
        yield f"{day}{sep}{month}{sep}{year}"
        yield f"{int(day)}{sep}{int(month)}{sep}{year}"
    yield f"{month}/{day}/{year}"
    yield f"{int(month)}/{int(day)}/{year}"
    yield f"{year}/{month}/{day}"
    name = _MONTHS[int(month) - 1]
    for said in (name, name[:3]):
        yield f"{int(day)} {said} {year}"
        yield f"{said} {int(day)}, {year}"


def _streets(value: str) -> Iterator[str]:
    """An address with its street shortened or written out, and its first line alone when that holds a house number."""
    if not (any(ch.isdigit() for ch in value) and " " in value and any(ch.isalpha() for ch in value)):
        return
    first = re.split(r"[,\n]", value, maxsplit=1)[0].strip()
    line = (
        first
        if first != value and len(first) >= 8 and re.search(r"[0-9]", first) and re.search(r"[^\W\d_]{3}", first)
        else None
    )
    for base in (value, line) if line else (value,):
        if base is not value:
            yield base
        for long, short in _SHORT:
            if long in base:
                yield base.replace(long, short)
            elif re.search(rf"{re.escape(short)}(?![^\W_])", base):
                yield re.sub(rf"{re.escape(short)}(?![^\W_])", long, base)
