"""What goes wrong in a required suite and no criterion counts: held, whatever the criteria that are there say."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from rollout_world import CASES, PLAN, SLUICEGATE, Rollout, environment, made, no_promote

sys.path.pop(0)

from sluicegate.ledger import LedgerError, append_state
from sluicegate.ledger.state import read_state

BOTH = """\
      draft.success_rate: {from: suite, promote: 95 %, alert: 85 %, min: 40}
      crashes: {from: suite, promote: 0, max_rate: 10 %, rollback: confirmed, min: 40}
  - name: ten
"""
ENTRY = {"stage": "ten", "subject": "a" * 64, "at": "2026-01-01T00:00:00.000000Z"}


def with_criteria(root: Path, *criteria: str) -> Rollout:
    """A rollout whose first stage has these criteria and no others."""
    listed = "".join(f"      {criterion}\n" for criterion in criteria)
    assert BOTH in PLAN
    return made(root, PLAN.replace(BOTH, f"{listed}  - name: ten\n"))


class TestCounted:
    def test_a_check_that_no_criterion_of_its_suite_counts(self, tmp_path: Path) -> None:
        """One criterion of a suite does not excuse what its other checks found."""
        cases = [
            {"id": f"c{number}", "input": {"n": number}, "expect": {"must": [{"field": "content", "contains": "no"}]}}
            for number in range(CASES)
        ]
        criteria = "      schema.valid_rate: {from: suite, promote: 90 %, mode: point, min: 40}\n"
        rollout = made(tmp_path / "shop", PLAN.replace(BOTH, f"{criteria}  - name: ten\n"), cases=cases)

        done = no_promote(rollout.gate(), "hold.failed")

        assert "checks of suite schema failed, and no criterion counts them" in done.said
        assert "schema.must of c0" in done.said

    def test_a_crash_that_no_criterion_counts(self, tmp_path: Path) -> None:
        """A suite's metric that leaves out what never answered says nothing of crashes."""
        rollout = with_criteria(
            tmp_path / "shop", "latency: {from: suite, at: p50, promote: 60 s, mode: point, min: 20}"
        )
        rollout.switch("raises", 1, 2, 3)

        done = no_promote(rollout.gate(), "hold.failed")

        assert "3 trials crashed, and no criterion counts a crash" in done.said

    def test_what_a_criterion_counts_is_its_business(self, tmp_path: Path) -> None:
        """Two crashes of forty are within the tenth that the plan allows."""
        rollout = with_criteria(tmp_path / "shop", "errors.rate: {from: suite, promote: 10 %, mode: point, min: 40}")
        rollout.switch("raises", 1, 2)

        assert "no criterion counts a crash" not in rollout.gate().said


def test_a_verdict_that_something_overtook_is_not_noted(tmp_path: Path) -> None:
    """What came while it was made, a rollback say, it does not know of."""
    path = tmp_path / "state.jsonl"
    append_state(path, "entered", ENTRY)
    seen = read_state(path)
    append_state(path, "rolled_back", {**ENTRY, "by": "kim"})

    with pytest.raises(LedgerError, match="something was recorded while the verdict was made"):
        append_state(path, "entered", ENTRY, after=seen)


@pytest.mark.parametrize("command", ["collect", "gate"])
def test_an_interrupted_command_gives_no_verdict(tmp_path: Path, command: str) -> None:
    """Ctrl-C is 130, and what was done is kept."""
    rollout = made(tmp_path / "shop")
    rollout.switch("hangs", 7)
    words = [SLUICEGATE, command, "rollout.yaml"]
    process = subprocess.Popen(words, cwd=rollout.root, env=environment(), stderr=subprocess.PIPE)
    while process.poll() is None and not (rollout.root / "switches/hanging").exists():
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)

    assert process.returncode == 130, said
    assert list(rollout.root.glob(".sluicegate/preflight/1/ledger-*"))
    assert not list(rollout.root.glob(".sluicegate/preflight/**/verdict.json"))
