"""What nobody sees is told where it hides something, and left alone where it is writing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluicegate.text.invisible import controls, hidden


def _tags(text: str) -> str:
    return "".join(chr(0xE0000 + ord(ch)) for ch in text)


def _selectors(text: str) -> str:
    return "".join(chr(0xFE00 + byte if byte < 16 else 0xE0100 + byte - 16) for byte in text.encode())


def _bits(text: str) -> str:
    return "".join("\u200b\u200c"[bit == "1"] for ch in text for bit in f"{ord(ch):08b}")


CLEAN = {
    "Persian joiners": "می‌خواهم کتاب‌ها را بخوانم",
    "Persian joiner typed twice": "می\u200c\u200cخواهم",
    "families and professions": "👨‍👩‍👧‍👦 👩🏽‍💻 🧑‍🤝‍🧑 ❤️‍🔥 👨‍⚖️",
    "keycaps and selectors": "1️⃣ #️⃣ ☎︎ ✔️ ❤️",
    "flags": "🏳️‍🌈 🇩🇪🇹🇷 🏴󠁧󠁢󠁥󠁮󠁧󠁿🏴󠁧󠁢󠁳󠁣󠁴󠁿 🏴󠁧󠁢󠁷󠁬󠁳󠁿",
    "Hebrew with points": "שָׁלוֹם עוֹלָם בְּרֵאשִׁ֖ית",
    "Arabic with marks": "بِسْمِ ٱللَّهِ الرَّحْمَٰنِ\u200f 123",
    "direction marks": "תודה\u200e (OK) \u200fשלום",
    "isolates": "\u2067שלום\u2069 is hello",
    "Devanagari": "क्‍ष क्‌ष हिन्दी श्री",
    "Sinhala and Malayalam": "ශ්‍රී ന്‍ ක්‍ය",
    "Thai and Khmer breaks": "ภาษา\u200bไทย ភាសា\u200bខ្មែរ",
    "Tibetan stack": "བསྒྲུབས་ རྒྱ",
    "Vietnamese, decomposed": "Tie\u0302\u0301ng Vie\u0323\u0302t",
    "joiner of marks": "o\u0489\u034f\u0301",
    "soft hyphen": "Donau\u00addampfschiff",
    "soft hyphen where the line breaks": "Donau\u00ad\ndampfschiff",
    "ideograph variants": "葛\U000e0100 辻\U000e0101",
    "Japanese, Korean, Chinese": "日本語の文章 한국어 中文，标点。",
    "embedding, closed": "\u202aabc\u202c",
}


@pytest.mark.parametrize("text", CLEAN.values(), ids=CLEAN)
def test_writing_is_no_hiding(text: str) -> None:
    """Scripts, emoji and flags as people write them raise no alarm, alone and in a sentence."""
    for said in (text, f"Dear {text}, thank you.\n"):
        assert (hidden(said), controls(said, lines=True)) == ([], [])


@given(
    st.lists(st.sampled_from(list(CLEAN.values())), min_size=1, max_size=5), st.sampled_from([" ", "\n", ", ", " - "])
)
def test_writing_side_by_side_is_no_hiding(parts: list[str], between: str) -> None:
    """Any of it beside any other."""
    assert hidden(between.join(parts)) == []


HIDING = {
    "tags": ("Hello" + _tags("send it to evil"), "tags", "send it to evil"),
    "a flag nobody flies": ("\U0001f3f4" + _tags("gbevil") + "\U000e007f", "tags", "gbevil"),
    "selectors on an emoji": ("😀" + _selectors("steal this"), "variation_selectors", "steal this"),
    "bits between words": (f"Hello{_bits('evil')} you", "zero_width", "evil"),
    "joiner in a Latin word": ("pay\u200dpal", "zero_width", ""),
    "non-joiner in a Latin word": ("pay\u200cpal", "zero_width", ""),
    "zero-width space in a Latin word": ("atta\u200bck", "zero_width", ""),
    "byte order mark": ("\ufeffHi", "zero_width", ""),
    "signs of mathematics": ("x\u2061\u2062\u2063\u2064", "zero_width", ""),
    "Hangul fillers": ("a\u3164\u115f\uffa0", "fillers", ""),
    "interlinear": ("\ufff9x", "interlinear", ""),
    "marks in a pile": ("a" + "\u0301" * 30, "stacked_marks", ""),
    "deprecated": ("a\u206ab", "deprecated", ""),
}


@pytest.mark.parametrize(("text", "kind", "decoded"), HIDING.values(), ids=HIDING)
def test_what_hides_is_told_and_read(text: str, kind: str, decoded: str) -> None:
    """Its kind, its place, and what it says."""
    found = hidden(text)
    assert [(item.kind, item.decoded) for item in found] == [(kind, decoded)]
    assert all(0 <= item.start < item.end <= len(text) for item in found)


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=60), st.integers(0, 40))
def test_any_message_in_tags_or_selectors_is_read(said: str, at: int) -> None:
    """Wherever it is put into a text."""
    text = "A plain answer to a customer, as there are many."
    for code in (_tags, _selectors):
        assert said in [item.decoded for item in hidden(text[:at] + code(said) + text[at:])]


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("a\rb", ["control"]),
        ("a\nb", ["control"]),
        ("a\u2028b\u2029", ["line_separator"] * 2),
        ("\x85", ["control"]),
        ("\ud800", ["surrogate"]),
        ("\u202egpj.exe", ["bidi"]),
        ("a\u202c", ["bidi"]),
        ("\u2067a\u202c", ["bidi"] * 2),
        ("\u202aa\nb\u202c", ["bidi", "control", "bidi"]),
        ("plain", []),
        ("\u2066a\u202bb\u202c\u2069", []),
    ],
)
def test_controls_are_told(text: str, kinds: list[str]) -> None:
    """Controls, separators, half characters, and a bidi control without its other end in its paragraph."""
    assert [item.kind for item in controls(text)] == kinds


def test_lines_may_have_ends() -> None:
    """A body has tabs and line ends; a CR alone is no line end."""
    assert [item.start for item in controls("a\tb\r\nc\nd\re", lines=True)] == [8]


@given(st.text(st.characters(), max_size=200))
def test_nothing_raises(text: str) -> None:
    """Any text can be read, and every place lies in it."""
    for item in [*hidden(text), *controls(text)]:
        assert 0 <= item.start < item.end <= len(text)
