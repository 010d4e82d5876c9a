"""Patterns of users on texts of models: the same answer as the standard library's, in bounded time."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluicegate.checks.linear import LinearPattern, NotRegular
from sluicegate.checks.pattern import MAX_TEXT, TooLong, compile_pattern, ecma
from sluicegate.errors import InputError


def _linear(source: str) -> LinearPattern:
    from re import _parser

    return LinearPattern(_parser.parse(source), re.compile(source).flags)


_ATOMS = ["a", "b", "ab", ".", r"\d", r"\w", r"\s", r"\b", r"\B", "^", "$", r"\Z", r"\A", "[ab]", "[^a]", "[a-z0-9]",
          r"[^\s]", "é", "\n", "1", "_", "(?i:A)", "(?m:^)", "(?m:$)", "(?s:.)"]  # fmt: skip
_patterns = st.recursive(
    st.sampled_from(_ATOMS),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda pair: f"(?:{pair[0]}|{pair[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "*?", "{0,2}"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        ),
    ),
    max_leaves=6,
)


@settings(max_examples=400, deadline=None)
@given(_patterns, st.text(alphabet="abAé1_ \n", max_size=8))
def test_the_automaton_answers_as_the_standard_library(source, text):
    """Linear time must not mean another answer."""
    assert _linear(source).search(text) is (re.search(source, text) is not None)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (r"(a+)+$", "a" * 20_000 + "b"),
        (r"(?:a|a)*b", "a" * 20_000),
        (r"\s+$", " " * 100_000 + "x"),
        (r".*a.*b.*c", "a" * 20_000),
        (r"(\w+\s)+end", "word " * 10_000),
        ("a?" * 25 + "a" * 25, "a" * 24),
        (r"(a{0,16}){0,16}b", "a" * 2_000),
    ],
)
def test_no_text_makes_a_pattern_slow(source, text):
    """Nested and repeated quantifiers, on texts that would keep a backtracking engine for ever, come to an end."""
    assert compile_pattern(source).search(text) is False


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("(", "broken"),
        ("[z-a]", "broken"),
        (r"(?=(a+)+$)x", "could take for ever"),
        (r"((a+)\2)+$", "could take for ever"),
    ],
)
def test_what_cannot_be_searched_safely_is_a_fault(source, says):
    """A pattern is refused with where, what and the mend, never a traceback or a hang."""
    with pytest.raises(InputError) as raised:
        compile_pattern(source, where="cases.jsonl:3")

    fault = raised.value.faults[0]
    assert fault.where == "cases.jsonl:3"
    assert says in fault.what
    assert fault.mend


@pytest.mark.parametrize(
    "source", [r"(?<!\d)(?:\d{1,3}\.){3}\d{1,3}", r"^(?!.*secret).*$", r"(?<=order )\d+", r"^(?=.*\d)(?=.*[a-z]).{8,}$"]
)
def test_ordinary_patterns_with_look_around_are_accepted(source):
    """What people write is not refused."""
    assert compile_pattern(source).limit > 1_000


def test_a_text_past_the_limit_is_said_to_be_too_long():
    """A longer text is neither a match nor none."""
    with pytest.raises(TooLong, match="at most 1000000"):
        compile_pattern("a").search("b" * (MAX_TEXT + 1))


@pytest.mark.parametrize(
    ("source", "text", "found"),
    [(r"^\d{4}$", "1234\n", False), (r"^\d{4}$", "1234", True), (r"[$]", "a$", True), (r"\$", "$", True)],
)
def test_a_schema_pattern_ends_where_the_text_ends(source, text, found):
    """In JSON Schema `$` is not satisfied before a last line break: a CR LF must not slip behind it."""
    assert compile_pattern(ecma(source)).search(text) is found


@pytest.mark.parametrize("source", [r"(?=a)", r"(a)\1", r"a++b", r"(?>a)"])
def test_what_is_no_regular_language_is_not_compiled(source):
    """The automaton refuses what it would answer wrongly."""
    with pytest.raises(NotRegular):
        _linear(source)


def test_repeats_that_unfold_to_thousands_are_left_to_the_library():
    """Where that is safe; the automaton would be too large."""
    pattern = compile_pattern(r"\d{5000}")

    assert pattern.automaton is None
    assert pattern.search("1" * 5000)
    assert not pattern.search("1" * 4999)


@pytest.mark.parametrize("source", [r"(a)?(?(1)b+|c+)", r"(?a:\bword\b)"])
def test_rare_constructs_are_left_to_the_library_too(source):
    """Conditionals and ASCII word boundaries."""
    pattern = compile_pattern(source)

    assert pattern.automaton is None
    assert pattern.search("ab c word") is (re.search(source, "ab c word") is not None)


def test_the_automaton_forgets_before_it_grows_large():
    """Memory stays bounded over texts that visit ever new states."""
    automaton = _linear(r"(?:a|b)*a(?:a|b){12}c")
    text = "".join("ab"[at * at % 7 % 2] for at in range(30_000)) + "".join(map(chr, range(0x400, 0x4FF)))

    assert automaton.search(text) is False
    assert len(automaton._closures) <= 2_001
