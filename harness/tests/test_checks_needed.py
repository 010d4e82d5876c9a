"""Patterns that are not searched where a word they need is missing: never another answer."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sluicegate.checks.needed import needed_words
from sluicegate.checks.pattern import compile_pattern
from sluicegate.errors import InputError

_ATOMS = ["ab", "key", "sk", "Is", "é", "ſk", r"\b", "^", "$", "[ab]", ".", r"\w", "(?i:AB)", "(?-i:ab)", "(?=ab)",
          "(?!ab)", "(?>key)"]  # fmt: skip
_patterns = st.recursive(
    st.sampled_from(_ATOMS),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda ways: f"(?:{'|'.join(ways)})"),
        st.tuples(inner, st.sampled_from(["?", "{2}", "{1,2}", "{0}", "+?", "++"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        ),
        inner.map(lambda part: f"({part})"),
    ),
    max_leaves=6,
)
_texts = st.lists(
    st.sampled_from([*"aAbBkKsSiIey é", "key", "KEY", "\u017f", "\u212a", "\u0130", "\u0131"]), max_size=8
).map("".join)


@settings(max_examples=600, deadline=None)
@given(_patterns, st.booleans(), _texts)
@example("(?:key|sk)", True, "\u212aey")
@example("sk", True, "\u017f\u212a")
def test_a_needed_word_never_changes_the_answer(source: str, ignores_case: bool, text: str) -> None:
    """Whether searched or not, a text is answered as the standard library answers, whatever the case and the script."""
    source = f"(?i){source}" if ignores_case else source
    try:
        pattern = compile_pattern(source)
    except InputError:
        return
    assert pattern.search(text) is (re.search(source, text) is not None)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (r"(?i)\b(password|secret|api[_-]?key)\b", ("api", "password", "secret")),
        (r"order #\d+", ("order #",)),
        (r"(?:Dear )+customer", ("customer",)),
        (r"(?:colou?r|hue)s?", ("colo", "hue")),
        (r"\d{4}|total", ()),
        (r"^[A-Z]{2}-", ()),
        (r"(?i)größe", ()),
        (r"(?i:order) no", (" no",)),
        (r"x?", ()),
    ],
)
def test_the_words_a_pattern_needs(source: str, words: tuple[str, ...]) -> None:
    """The longest that every match holds; none where a match may hold no word at all, or letters of many cases."""
    from re import _parser  # type: ignore[attr-defined]

    assert needed_words(_parser.parse(source), re.compile(source).flags) == words
