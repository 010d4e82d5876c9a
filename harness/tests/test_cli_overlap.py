"""Overlapping exports through the command line: with ids each unit once, without them no promotion."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from rollout_world import drafts, made, no_promote, prepared, recorded_only, refused

sys.path.pop(0)


def numbered(rows, first=0):
    """Rows with the id of their draft."""
    return [{**row, "id": f"draft {first + place}"} for place, row in enumerate(rows)]


def test_overlapping_exports(tmp_path: Path) -> None:
    """Sixty drafts in two files: without ids nothing is shown; with them sixty are, and sixty more promote."""
    rollout = prepared(recorded_only, tmp_path)
    rows = drafts(160, held=lambda number: True)
    for name, part in (("one.csv", rows[:50]), ("two.csv", rows[10:60])):
        assert rollout.measured("approved", part, name=name).code == 0

    done = no_promote(rollout.judge(), "hold.insufficient")
    assert "one.csv and two.csv overlap in time" in done.said

    every = numbered(rows)
    for name, part in (("one.csv", every[:50]), ("two.csv", every[10:60])):
        assert rollout.measured("approved", part, name=name).code == 0

    assert no_promote(rollout.judge(), "hold.insufficient").criterion("approved")["measured"]["n"] == 60
    assert "draft 7" not in rollout.recorded(3).read_text()

    assert rollout.measured("approved", every[40:], name="three.csv").code == 0
    promoted = rollout.judge()
    assert (promoted.code, promoted.criterion("approved")["measured"]["n"]) == (0, 160)


def test_failures_of_two_hosts(tmp_path: Path) -> None:
    """Two hosts export files of one name with failures of the same seconds: none is lost."""
    rollout = prepared(recorded_only, tmp_path)
    rows = drafts(24, held=lambda number: number % 6 == 0)
    for host in ("a", "b"):
        (rollout.root / host).mkdir()
        named = [{**row, "id": f"{host}{place}"} for place, row in enumerate(rows)]
        assert rollout.measured("approved", named, name=f"{host}/export.csv").code == 0

    done = no_promote(rollout.judge(), "rollback.threshold")

    assert done.criterion("approved")["measured"]["n"] == 48


def test_a_copy_rolls_nothing_back(tmp_path: Path) -> None:
    """The same rows under other names, one row apart, are no more evidence than once."""
    rollout = prepared(recorded_only, tmp_path)
    rows = drafts(14, held=lambda number: number % 3 == 0)
    for number in range(5):
        assert rollout.measured("approved", rows[: 14 - number % 2], name=f"{number}.csv").code == 0

    no_promote(rollout.judge(), "hold.suspect")


def test_an_empty_option_is_a_mistake(tmp_path: Path) -> None:
    """An unset variable in a script is not the present subject."""
    rollout = prepared(made, tmp_path)

    refused(rollout.measured("approved", drafts(3), "--subject", ""), 2, "--subject: is empty")
    refused(rollout.measured("approved", drafts(3), "--stage", ""), 2, "--stage")
