"""A costly pattern is tried only where it can match: what it finds is what it would find at every letter."""

from __future__ import annotations

import re
import sys
from datetime import date

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sluicegate.grounding import dates, extraction, hedges, kept, phrases, statuses
from sluicegate.grounding.calendar_words import MONTHS, RELATIVE, WEEKDAYS
from sluicegate.grounding.claims import Kind
from sluicegate.grounding.extraction import Vocabulary, claims_in, identifiers_in
from sluicegate.grounding.money import CURRENCY_WORDS
from sluicegate.grounding.places import Places, folded, matches_at

_LIKE = {"i": "İı", "s": "ſ", "k": "\u212a", "в": "\u1c80", "ü": "Ü"}
_SAID = [
    *MONTHS, *WEEKDAYS, *RELATIVE, *sorted(CURRENCY_WORDS), "€", "US$", "%", "kg", "3", "31.", "2026", "12.03.2026",
    "2026-02-03", "14:30", "2 pm", "1.234,56", "-5", "−7", "102-99", "order", "заказа", "Kargo", "41001", "no'lu",
    "#4711", "+49 30 1234567", "0049 30 1234567", "in", "days", "ago", "önce", "of", "über", "about", "bis zu", "~",
    "not", "on its way", "back-ordered", "backordered", "teslim edildi", "отменён", "оплачено", "lost", "per cent",
]  # fmt: skip


def _odd(words: list[tuple[str, int, str]]) -> str:
    """Words in another case, or with letters that IGNORECASE takes for theirs, and marks between them."""
    return "".join(
        (word, word.upper(), word.title(), "".join(_LIKE.get(ch, ch)[:1] for ch in word))[how] + mark
        for word, how, mark in words
    )


TEXTS = st.lists(
    st.tuples(
        st.sampled_from(_SAID), st.integers(0, 3), st.sampled_from([" ", " ", " ", ", ", ". ", "", "-", "\n", "'"])
    ),
    max_size=12,
).map(_odd)


def _everywhere(pattern: re.Pattern[str], text: str, _places: object) -> list[re.Match[str]]:
    return list(pattern.finditer(text))


@example(text="wednesday, 3 MAY 2026, Mittwoch den 4. März; May 5, 2026 friday. 2026 June 7, Haziran 2026, salı'da")
@example(text="In 3 days, vor 2 Wochen, 3 gün önce; the day after tomorrow, AVANT-HIER. 3.5., at 14h30, 2 p.m.!")
@example(
    text="US$ 5 and uſ$6, 7€, EUR 8, руб. 9, 5 %, % 6, -7 per cent, −5 kg, 3-inch, 102-99, -8 orders, order nr. 4711"
)
@example(
    text="+49 30 1234567, 0049 30 1234567, 030 123456, 123 no'lu, siparişiniz 41001, #4712, x12345Y, A12-34567, Yolda"
)
@given(text=TEXTS)
@settings(max_examples=80, deadline=None, derandomize=True)
def test_what_is_read_at_places_is_what_is_read_everywhere(text: str) -> None:
    """Claims of every kind, with `finditer` in the place of `matches_at`."""
    known = Vocabulary(
        identifiers=frozenset({"41001"}), states=("in qa", "lost kılo"), phrases=("order", "3 kg", "€ sign")
    )
    with pytest.MonkeyPatch.context() as patch:
        told = extraction._read.__wrapped__(text, "en", date(2026, 1, 29), known, False)
        for room in (dates, extraction, statuses):
            patch.setattr(room, "matches_at", _everywhere)
        patch.setattr(hedges, "_LAST", frozenset({folded(word) for word in re.findall(r"\w+", text)} | {""}))
        patch.setattr(extraction, "may_name", lambda _places: True)
        assert extraction._read.__wrapped__(text, "en", date(2026, 1, 29), known, False) == told
    read = claims_in(text, vocabulary=known)
    assert list(identifiers_in(text, known)) == [claim for claim in read if claim.kind is Kind.IDENTIFIER]


@example(text="a \u0345", wanted=["ι"])
@example(text="\u0345x ι", wanted=["\u0345", "x"])
@example(text="(set) of (SET) a(set) lamps", wanted=["(set) of", "(set)", "set"])
@given(
    text=TEXTS, wanted=st.lists(st.sampled_from([*_SAID, "€ sign", ". ", "ι", "\u0345", ""]), min_size=1, max_size=5)
)
@settings(max_examples=80, deadline=None, derandomize=True)
def test_phrases_are_found_as_a_pattern_of_them_all_finds_them(text: str, wanted: list[str]) -> None:
    """Whatever they begin with, and the empty one."""
    pattern = phrases._pattern(tuple(wanted))
    assert list(phrases.phrases_in(Places(text), tuple(wanted))) == [found.span() for found in pattern.finditer(text)]


def test_letters_that_are_one_under_ignorecase_fold_to_one() -> None:
    """Of every letter that a list of words here holds, among all of Unicode."""
    said = " ".join([*_SAID, *(word for words in statuses._WORDS for word in words)])
    letters = sorted({ch for ch in said.lower() if ch.isalpha()})
    alphabet = "".join(map(chr, (code for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000)))
    like = re.findall(f"[{''.join(letters)}]", alphabet, re.IGNORECASE)
    assert {"İ", "ı", "ſ", "\u212a", "\u1c80"} <= set(like)
    for letter in letters:
        alike = re.compile(letter, re.IGNORECASE)
        assert {folded(ch) for ch in like if alike.match(ch)} == {folded(letter)}


def test_every_form_of_a_state_is_known_by_its_first_word_and_its_longest() -> None:
    """What may be left out and what may be one of several letters is written out."""
    said = [one for forms in statuses._FORMS.values() for form in forms.split("|") for one in statuses._written(form)]
    assert all(statuses._ANY.fullmatch(one) for one in said)
    assert {"ordered", "backordered", "отменен", "отменены"} <= {one.split("-")[-1] for one in said} | set(said)
    named = [statuses._named(found) for one in said if (found := statuses._ANY.fullmatch(one))]
    assert [next(statuses.said_in(one)).state for one in said] == named


def test_every_hedge_is_known_by_its_last_word() -> None:
    """Each alternative of the three patterns, right before a number."""
    sources = [room.pattern.partition(")\\s*$")[0] for room in (hedges._ABOUT, hedges._LEAST, hedges._MOST)]
    said = [one for source in sources for one in source.rpartition("\\b(?:")[2].replace("(?: of)?", "").split("|")]
    said = [one.replace("\\.", ".").rstrip(")") for one in said if "[" not in one] + [
        "minimum of",
        "maximum of",
        "~",
        "≈",
    ]
    assert {"ca.", "jusqu'à", "yaklaşık", "от"} <= set(said)
    assert [one for one in said if not any(hedges.hedges_of(f"{one} 30", len(one) + 1).values())] == []


def test_matches_do_not_overlap() -> None:
    """The next one begins behind the last, as with `finditer`."""
    assert [found[0] for found in matches_at(re.compile("aa"), "aaaa a", [0, 1, 2, 3, 5])] == ["aa", "aa"]


def test_what_is_kept_is_bounded_by_characters() -> None:
    """Asked twice, read once; when the texts are too long together, all are forgotten."""
    asked: list[str] = []

    @kept.kept(characters=1000)
    def read(text: str) -> int:
        asked.append(text[:1])
        return len(text)

    for text in ("a" * 400, "a" * 400, "b" * 400, "a" * 400, "c" * 400, "a" * 400):
        assert read(text) == 400
    assert asked == ["a", "b", "c", "a"]
