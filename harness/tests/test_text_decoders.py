"""A known value is found however it was written, wherever it stands; a text without it never shows it."""

from __future__ import annotations

import base64
import codecs
import quopri
import time
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluicegate.text.decoders import DECODERS, Search
from sluicegate.text.views import views

CANARY = "CANARY-7f3a-Xq91"


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _all_percent(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())


ENCODERS: dict[str, Callable[[str], str]] = {
    "raw": lambda text: text,
    "nfkc": lambda text: "".join(chr(ord(ch) + 0xFEE0) for ch in text),
    "casefold": str.upper,
    "format_stripped": "\u200b".join,
    "percent": _all_percent,
    "percent+percent": lambda text: quote(_all_percent(text)),
    "base64": _b64,
    "base64 of the url alphabet": lambda text: (
        base64.urlsafe_b64encode(b"\xff\xfe" + text.encode()).decode().rstrip("=")
    ),
    "hex": lambda text: text.encode().hex(),
    "hex in pairs": lambda text: text.encode().hex(" "),
    "hex with escapes": lambda text: "".join(f"\\x{byte:02x}" for byte in text.encode()),
    "hex of UTF-16": lambda text: "".join(f"\\u{ord(ch):04x}" for ch in text),
    "html": lambda text: "".join(f"&#{ord(ch)};" for ch in text),
    "quoted_printable": lambda text: "".join(f"={byte:02X}" for byte in text.encode()),
    "encoded_word": lambda text: f"=?utf-8?b?{_b64(text)}?=",
    "encoded_word of an unknown charset": lambda text: f"=?x?q?{''.join(f'={byte:02X}' for byte in text.encode())}?=",
    "reversed": lambda text: text[::-1],
    "rot13": lambda text: codecs.encode(text, "rot13"),
    "separators_stripped": " ".join,
    # Two after one another.
    "percent+base64": lambda text: _all_percent(_b64(text)),
    "base64+percent": lambda text: _b64(_all_percent(text)),
    "base64+base64": lambda text: _b64(_b64(text)),
    "html+base64": lambda text: "".join(f"&#x{ord(ch):x};" for ch in _b64(text)),
    "quoted_printable+base64": lambda text: quopri.encodestring(_b64(text * 6).encode()).decode(),
    "base64+reversed": lambda text: _b64(text[::-1]),
    "base64+rot13": lambda text: _b64(codecs.encode(text, "rot13")),
    "reversed+base64": lambda text: _b64(text)[::-1],
    "rot13+base64": lambda text: codecs.encode(_b64(text), "rot13"),
    "separators_stripped+base64": lambda text: " ".join(_b64(text)),
    "rot13+percent": lambda text: codecs.encode(_all_percent(text), "rot13"),
    "rot13+quoted_printable": lambda text: codecs.encode("".join(f"={byte:02X}" for byte in text.encode()), "rot13"),
    "reversed+html": lambda text: "".join(f"&#{ord(ch)};" for ch in text)[::-1],
    "nfkc+base64": lambda text: "".join(chr(ord(ch) + 0xFEE0) for ch in _b64(text)),
    "nfkc+percent": lambda text: "".join(chr(ord(ch) + 0xFEE0) for ch in _all_percent(text)),
    "format_stripped+percent": lambda text: "\u200b".join(_all_percent(text)),
    "separators_stripped+quoted_printable": lambda text: " ".join("".join(f"={byte:02X}" for byte in text.encode())),
    "reversed+rot13": lambda text: codecs.encode(text, "rot13")[::-1],
    "base64 of UTF-16": lambda text: base64.b64encode(text.encode("utf-16-le")).decode(),
    "base64 in lines": lambda text: base64.encodebytes(b"x" * 50 + text.encode() + b"y" * 60).decode(),
}

ANYTHING = st.text(st.characters(), max_size=40)
"""Half characters included."""
BROKEN_OFF = {"reversed+base64", "rot13+base64", "separators_stripped+base64", "base64 in lines", "hex in pairs"}
"""Codes that what stands beside them without a blank would become a part of."""


def test_digits_of_other_scripts_are_digits() -> None:
    """A number in an Arabic or Hindi answer is the same number."""
    for zero in (0x660, 0x6F0, 0x966, 0x1D7CE):
        written = "".join(chr(zero + int(ch)) if ch.isdigit() else ch for ch in "4556 7375 8689 9855")
        assert [item.value for item in Search(["4556737586899855"]).find(f"x {written} y")] == ["4556737586899855"]


def test_the_decoders_are_the_thirteen() -> None:
    """The list of decoders is part of every verdict, so it is fixed."""
    assert list(DECODERS) == [
        *("raw", "nfkc", "casefold", "format_stripped", "percent", "html", "encoded_word", "quoted_printable", "hex"),
        *("base64", "reversed", "rot13", "separators_stripped"),
    ]


@pytest.mark.parametrize("name", ENCODERS)
@given(before=ANYTHING, after=ANYTHING)
def test_a_value_is_found_in_any_code_at_any_offset(name: str, before: str, after: str) -> None:
    """Whatever stands around it, and wherever in a run of the code it begins."""
    text = f"{before} {ENCODERS[name](CANARY)} {after}"
    found = Search([CANARY]).find(text)
    assert [sighting.value for sighting in found][:1] == [CANARY]
    assert all(0 <= sighting.start < sighting.end <= len(text) for sighting in found)


@pytest.mark.parametrize(
    "name", sorted(ENCODERS.keys() - BROKEN_OFF - {"separators_stripped", "hex with escapes", "hex of UTF-16"})
)
@pytest.mark.parametrize("before", ["", "q", "zz9", "abcd"])
def test_a_value_is_found_with_letters_beside_its_code(name: str, before: str) -> None:
    """A code that begins in the middle of a word is read from each place of the word."""
    assert Search([CANARY]).find(before + ENCODERS[name](CANARY) + "!")


@pytest.mark.parametrize(
    "name",
    [
        *("raw", "nfkc", "casefold", "format_stripped", "percent", "base64", "hex", "html", "quoted_printable"),
        *("encoded_word", "reversed", "rot13", "separators_stripped"),
    ],
)
def test_a_sighting_names_its_decoder_and_place(name: str) -> None:
    """The simplest decoder, and the stretch of the text as it was given."""
    said = ENCODERS[name](CANARY)
    (sighting,) = Search([CANARY]).find(f"hello, {said}!")
    assert (sighting.decoder, f"hello, {said}!"[sighting.start : sighting.end]) == (name, said)


def test_every_place_is_told() -> None:
    """A value that stands there twice is seen twice."""
    assert [at.start for at in Search(["order-17"]).find("order-17 and order-17")] == [0, 13]


@given(st.text(st.characters(), max_size=300))
def test_nothing_raises_and_nothing_is_made_up(text: str) -> None:
    """Any text can be read by every decoder, and shows no value of 64 random bits."""
    for decode in DECODERS.values():
        decode(text)
    if CANARY not in text:
        assert Search([CANARY, "K-93b1c77e02da4f16"]).find(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "Your order 1001 left on 2026-01-29 at 10:00; tracking TRK00010025, total 62.57 EUR.",
        "می‌خواهم سفارش خود را پیگیری کنم",
        "👨‍👩‍👧‍👦 🏴󠁧󠁢󠁥󠁮󠁧󠁿 שָׁלוֹם हिन्दी",
        "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0bd822cd15d6c15b0f00a8 iVBORw0KGgoAAAANSUhEUgAA",
    ],
)
def test_clean_text_shows_nothing(text: str) -> None:
    """Hashes, numbers and scripts of the world are no codes of a value they do not hold."""
    assert Search([CANARY, "evil+7f3a@attacker.test", "VOUCHER-319"]).find(text) == []


def test_a_short_value_is_looked_for_as_it_is_written() -> None:
    """Five letters, turned round or rotated, stand in any text by chance."""
    assert Search(["AB-1"]).find("see ab-1")[0].decoder == "casefold"
    assert Search(["AB-1", "no"]).find("1-ba on") == []
    assert Search([""]).find("anything") == []


@pytest.mark.parametrize(
    "unit",
    ["%41", "QUJD", "&amp;", "=3D", "=?a?b?", "41 ", "\u0315\u0300", "ABCDEFGH\n", "\ud800", "=?x?q?=41?= ", "%25"],
)
def test_hostile_text_makes_views_linear_in_its_length(unit: str) -> None:
    """Twice the text makes about twice the characters to look at, in a bounded number of views."""
    sizes = [[len(view.text) for view in views((unit * n)[:n])] for n in (4_000, 8_000)]
    assert len(sizes[0]) <= 60
    assert sum(sizes[1]) <= 2.2 * sum(sizes[0]) + 1_000


@pytest.mark.slow
@pytest.mark.parametrize("unit", ["%41", "QUJD", "&amp;", "=?a?b?", "41 ", "\u0315\u0300", "\ud800"])
def test_hostile_text_takes_no_more_than_its_share(unit: str) -> None:
    """Ten times the text takes about ten times as long: a square would take a hundred."""
    took = []
    for n in (20_000, 200_000):
        began = time.process_time()
        Search([CANARY]).find((unit * n)[:n])
        took.append(time.process_time() - began)
    assert took[1] < 40 * took[0] + 0.5
