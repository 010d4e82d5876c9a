"""What pytest says when only a part of the stage runs: left out is no failure, and never a promotion."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from plugin_world import gated, project

sys.path.pop(0)

REQUIRES = "{suites: [schema, idempotency]}"


def test_a_check_that_does_not_apply_to_the_selected_case_is_skipped(tmp_path: Path) -> None:
    """`--sluicegate-case`: the redelivered copies are not among the selected, so nothing can be said of them."""
    example = project(tmp_path, ids=(), tests={}, requires=REQUIRES)

    result = gated(example, "--sluicegate-case", "c001", "-rs")

    result.check(
        exit_code=1,
        kind="hold.incomplete",
        says=("idempotency.once applies to none of the selected cases", "Run it without a selection"),
        says_not="no case was run",
        counts={"failed": 0},
    )


def test_deselected_tests_are_no_dead_workers(tmp_path: Path) -> None:
    """`-k`: counted are the bundled tests that were left out."""
    example = project(tmp_path, ids=(), tests={}, requires=REQUIRES)

    result = gated(example, "-k", "answers or valid")

    result.check(exit_code=1, kind="hold.incomplete", says="only 2 of 9 bundled tests read", says_not="worker")
