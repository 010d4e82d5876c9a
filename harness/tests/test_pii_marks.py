"""Words that wake a layer: none that a layer asks for may be missed."""

from __future__ import annotations

import pytest

from sluicegate.pii import addresses_east, addresses_other, dates, secrets
from sluicegate.pii.marks import bits_of, mark, waking
from sluicegate.pii.reading import read
from sluicegate.pii.secret_formats import FORMATS


@pytest.mark.parametrize(
    "words",
    [
        dates._MONTH_WORDS,
        dates._DAYS,
        secrets._VENDORS,
        addresses_other._ASKING,
        addresses_other._STREET_NAMED,
        addresses_other._STREET_NAMES,
        addresses_east._RU_WORDS,
        addresses_east._TR_WORDS,
    ],
    ids=["months", "days", "vendors", "asking", "streets behind", "streets before", "Russian", "Turkish"],
)
def test_every_word_that_a_layer_looks_for_is_among_those_that_wake(words: frozenset[str]) -> None:
    """A word without a bit would be one that no text holds."""
    assert waking(words) == words


def test_a_word_of_two_layers_has_the_bits_of_both() -> None:
    """The bits of a text are those of all its words."""
    first, second = mark(["wobbegong"]), mark(["wobbegong", "axolotl"])
    assert first != second
    assert bits_of(waking(frozenset({"wobbegong", "nothing"}))) == first | second
    assert read("An Axolotl.").marks & (first | second) == second


@pytest.mark.parametrize("text", ["don’t — 5 km² in Köln", "naïve_x1y２z", "Straße№7, ул. Мира", "a\u00a0b\u2009c"])
def test_words_of_any_script_are_runs_of_letters(text: str) -> None:
    """A sign beyond ASCII parts words as one of ASCII does."""
    apart = "".join(ch if ch.isalnum() and not ch.isdecimal() else " " for ch in text.lower())
    assert read(text).words == frozenset(apart.split())


def test_every_format_of_a_token_is_looked_for_once() -> None:
    """In groups by the signs of their prefixes, and no format in none or in two."""
    assert sorted(place for _, forms in secrets._BY_SIGN for place, _ in forms) == list(range(len(FORMATS)))


def test_an_ending_of_streets_is_never_passed_over() -> None:
    """What is looked for first stands in every ending."""
    for ending in addresses_other._LONG_ENDINGS:
        assert any(part in ending for part in addresses_other._OF_LONG_ENDINGS)
