"""The table of docs/fail-open.md: no row without a test, no test that is not there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
TABLE = TESTS.parents[1] / "docs" / "fail-open.md"
NAMED = re.compile(r"`(test_\w+\.py)::([\w:]+)`")

pytestmark = pytest.mark.skipif(not TABLE.exists(), reason="documentation is not part of what is installed")


def names_in(path: Path) -> set[str]:
    """Tests of a file: `test` and `Class::test`."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}::{item.name}" for item in node.body if isinstance(item, ast.FunctionDef)}
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
    return {name for name in found if name.rpartition("::")[2].startswith("test_")}


def rows() -> list[str]:
    text = TABLE.read_text(encoding="utf-8").partition("## Still out of reach")[0]
    return [line for line in text.splitlines() if line.startswith("| ") and not line.endswith("| Tests |")]


def test_every_row_has_tests_that_exist() -> None:
    """A name in the table is a test in that file."""
    for row in rows():
        named = NAMED.findall(row)
        assert named, row
        for file, name in named:
            assert (TESTS / file).exists(), row
            assert name in names_in(TESTS / file), f"{file}::{name}"


def test_every_fail_open_test_is_in_the_table() -> None:
    """What shows that something holds is found from the row it is about."""
    named = set(NAMED.findall(TABLE.read_text(encoding="utf-8")))
    files = [*TESTS.glob("test_fail_open_*.py"), *TESTS.glob("test_twin_law_*.py")]
    here = {(path.name, name) for path in files if path != Path(__file__) for name in names_in(path)}

    assert sorted(here - named - CONTROLS) == []


CONTROLS = {
    ("test_fail_open_verdicts.py", "TestAsked::test_the_one_way_through"),
    ("test_fail_open_verdicts.py", "TestAsked::test_that_was_edited"),
    ("test_fail_open_verdicts.py", "TestAsked::test_that_is_not_there"),
    ("test_fail_open_ledgers.py", "TestNotThePipeline::test_a_pipeline_out_of_reach"),
    ("test_fail_open_ledgers.py", "TestNotThePipeline::test_a_pipeline_that_hangs_up"),
    ("test_fail_open_silence.py", "TestSideEffects::test_one_write_for_each_message_is_promoted"),
    ("test_fail_open_silence.py", "TestMails::test_one_mail_for_each_message_is_promoted"),
    ("test_fail_open_silence.py", "TestSinks::test_one_call_is_evidence"),
    ("test_fail_open_uncounted.py", "TestCounted::test_what_a_criterion_counts_is_its_business"),
    ("test_fail_open_uncounted.py", "TestCounted::test_a_crash_that_a_criterion_counts_fails_no_suite"),
    ("test_fail_open_ledgers.py", "TestNotThePipeline::test_a_pipeline_that_is_not_there"),
    ("test_twin_law_rollback.py", "TestALineCrossed::test_tells_what_to_run"),
}
"""Beside the rows: the sound way, and what a user is told."""


def test_the_table_is_whole() -> None:
    """Every way the gate is known to fail elsewhere is a row, or said to be out of reach."""
    text = TABLE.read_text(encoding="utf-8")
    for word in WAYS:
        assert word in text, word


WAYS = (
    "0 tests were collected", "all were skipped", "parametrize was empty", "xfail, xpass", "rerun until green",
    "retried until it survived", "-k, -m, PYTEST_ADDOPTS, a conftest", "lost under xdist",
    "rewrote reports or the exit",
    "plugin was not loaded and an old verdict file", "os._exit(0)", "two tests had one name", "never asserted",
    "upload was made twice", "zero requests", "NaN, Inf", "metric was missing", "judge raised",
    "plan was missing, unreachable", "plan was empty", "without criteria", "plan typo", "YAML traps", "wrong unit",
    "loosened along with the build", "verdict was stale", "another commit, model, prompt", "another tenant",
    "another stage", "old promote was replayed", "state file was deleted", "tampered with, truncated, reordered",
    "failing evidence was deleted", "judged again until green", "suite or mocked evidence was read as live",
    "evidence of the previous stage", "clock skew, future stamps", "DST", "pooled average", "tenant vanished",
    "dropped from the denominator", "over successes only", "dry run or an advisory", "rollback signal was lost",
    "login page came with status 200", "shell, Markdown or HTML", "run was cancelled", "deadline was reached",
    "rounding (94.96", "cached or replayed outputs", "outage of the metric source", "false alarm of a detector",
    "late load generator", "chance over many looks", "20 quiet criteria",
)  # fmt: skip
