"""`expect(case, value)`: every assertion is counted, every failing case reported once, and nothing missing passes."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from sluicegate.pytest_plugin.expecting import Expectations
from sluicegate.pytest_plugin.failing import FailedCase, report_failures
from sluicegate.pytest_plugin.ids import has_plain_assertion
from sluicegate.testing import Example, a_case


def expectations() -> Expectations:
    return Expectations(rerun=lambda case_id: f"rerun {case_id}", subtests=None)


def failure_of(expect: Expectations) -> str:
    with pytest.raises(pytest.fail.Exception) as raised:
        expect.settle()
    return str(raised.value)


@pytest.mark.parametrize(
    ("value", "method", "argument", "holds"),
    [
        ("Order 1001", "contains", "1001", True),
        ("Order 1001", "contains", "1002", False),
        (["a", "b"], "contains", "b", True),
        (None, "contains", "1001", False),
        ("Order 1001", "lacks", "1002", True),
        ("Order 1001", "lacks", "1001", False),
        (None, "lacks", "1001", False),
        ({"order": 1}, "equals", {"order": 1}, True),
        (1.0, "equals", 1, True),
        (None, "equals", "", False),
        ("Order 1001", "matches", r"\d{4}", True),
        ("Order 1001", "matches", r"^\d", False),
        (None, "matches", ".*", False),
    ],
)
def test_each_assertion_holds_or_fails_and_is_counted(
    value: object, method: str, argument: object, holds: bool
) -> None:
    """A value that is not there holds nothing, not even the absence of a text."""
    expect = expectations()

    getattr(expect(a_case(), value), method)(argument)

    assert (1, 0 if holds else 1) == (expect.count, expect.failed_cases)


def test_a_case_is_reported_once_with_all_that_was_expected_of_it() -> None:
    """Chained and repeated assertions of one case are one failure, with its id and the command."""
    expect = expectations()
    expect(a_case("c1"), "no").contains("yes").is_true().equals("never")
    expect(a_case("c2"), "yes").contains("yes")
    expect(a_case("c1"), 7).equals(8)

    said = failure_of(expect)

    assert "1 case failed" in said
    assert "c1: expected: contains 'yes'\n  seen: no\n  expected: equals 'never'" in said
    assert said.endswith("rerun: rerun c1")
    assert expect.count == 5


def test_what_a_model_said_is_escaped_and_cut() -> None:
    """A terminal is not steered by an answer, nor filled by one."""
    expect = expectations()
    expect(a_case("c1"), "\x1b[2J" + "x" * 10_000).contains("yes")

    said = failure_of(expect)

    assert "\\x1b[2J" in said
    assert len(said) < 600


def test_the_first_twenty_cases_are_shown_and_the_rest_is_counted() -> None:
    """A failing subtest costs time and paper."""
    cases = [FailedCase(case_id=f"c{number:02d}", lines=("is wrong",)) for number in range(30)]

    with pytest.raises(pytest.fail.Exception) as raised:
        report_failures(cases, total=30, subtests=None, about="schema.valid: ")

    said = str(raised.value)
    assert said.startswith("schema.valid: 30 cases failed; 10 more in the report")
    assert "c19" in said
    assert "c20" not in said


def test_nothing_expected_in_vain_passes() -> None:
    """Settling without failures does nothing."""
    expectations().settle()


def test_plain_asserts_are_seen_in_the_code_of_the_test() -> None:
    """Nobody counts them, but a test that has none has asserted nothing."""

    def asserts(value: int) -> None:
        assert value

    def raises() -> None:
        with pytest.raises(ValueError, match="literal"):
            int("x")

    def nothing() -> None:
        int("1")

    seen = [has_plain_assertion(SimpleNamespace(obj=function)) for function in (asserts, raises, nothing)]

    assert seen == [True, True, False]


def test_expectations_fail_a_test_without_any_plan(tmp_path: Path) -> None:
    """The fixture is no decoration: an unmarked test in a run without a plan fails by it too."""
    test = """
from sluicegate.testing import a_case

def test_plain(expect):
    for number in range(3):
        expect(a_case(f"c{number}"), number).equals(1)
"""
    example = Example(
        files={"test_plain.py": test}, folder=tmp_path, environment={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    )

    result = example.run_pytest("-p", "sluicegate.pytest_plugin", "--strict-markers")

    result.check(exit_code=1, says=("c0: expected: equals 1", "2 cases failed"), says_not="c1:")
