"""What a rule on a list or an object says: its value where it is short, else the first difference."""

from __future__ import annotations

from typing import Any

import pytest

from sluicegate.checks.difference import difference, json_equal, shown
from sluicegate.checks.rules import rule_problems
from sluicegate.model import Output, Rule


def problem(wanted: Any, given: Any) -> tuple[str, str]:
    (found,) = rule_problems(Rule(field="structured", equals=wanted), Output(structured=given))
    return found.expected, found.seen


def test_short_lists_are_shown() -> None:
    """`must equal a list of 1, seen a list of 1` says nothing."""
    assert problem(["a"], ["b"]) == ('must equal ["a"]', '["b"]')
    assert problem({"to": ["a"]}, {"to": []}) == ('must equal {"to":["a"]}', '{"to":[]}')


def test_long_values_are_told_by_their_first_difference() -> None:
    """The path, what is there, and what should be."""
    wanted = [{"text": f"line {number}", "n": number} for number in range(40)]
    given = [*wanted[:7], {"text": "other", "n": 7}, *wanted[8:]]

    assert problem(wanted, given) == ("must equal a list of 40", 'a list of 40; [7].text is "other", not "line 7"')


@pytest.mark.parametrize(
    ("value", "wanted", "said"),
    [
        ([1], [1, 2], "[1] is absent, not 2"),
        ({"a": 1, "b": 2}, {"a": 1}, ".b is 2, not absent"),
        ({"a": [True]}, {"a": [1]}, ".a[0] is true, not 1"),
        ({"a": {"b": "x" * 500}}, {"a": {"b": "y"}}, f'.a.b is "{"x" * 60}…", not "y"'),
        ([1, 2.0], [1, 2], ""),
        ("a", "b", ""),
    ],
)
def test_difference_has_a_path(value: Any, wanted: Any, said: str) -> None:
    """Missing, surplus, of another type, long; equal values and bare texts have none."""
    assert difference(value, wanted) == said


def test_hostile_values_are_not_written_out() -> None:
    """Deep, wide or long: no short form, and no price for finding that out."""
    deep: Any = "end"
    for _ in range(80):
        deep = [deep]

    assert shown(deep) is None
    assert shown(["x"] * 10_000) is None
    assert shown(["x" * 1_000_000]) is None
    assert shown([float("nan")]) is None or "NaN" not in (shown([float("nan")]) or "")


def test_equality_is_json_equality() -> None:
    """1 and 1.0 are the same, 1 and true are not, a tuple is a list."""
    assert json_equal({"a": (1, 2.0)}, {"a": [1.0, 2]})
    assert not json_equal([1], [True])
