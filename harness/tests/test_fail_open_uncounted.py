"""What goes wrong in a required suite and no criterion counts: held, whatever the criteria that are there say."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from rollout_world import BOT, CASES, PLAN, SLUICEGATE, Rollout, environment, gated, made, no_promote, prepared

sys.path.pop(0)

from sluicegate.ledger import LedgerError, append_state
from sluicegate.model import Verdict, now_utc, rfc3339
from sluicegate.session import judge as judge_room
from sluicegate.session.workspace import Workspace

BOTH = """\
      draft.success_rate: {from: suite, promote: 95 %, alert: 85 %, min: 40}
      crashes: {from: suite, promote: 0, max_rate: 10 %, rollback: confirmed, min: 40}
  - name: ten
"""


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

    def test_an_own_metric_of_a_check_grades_its_suite(self, tmp_path: Path) -> None:
        """What it counts is its business; another check of the suite is not, and holds."""
        own = "\nmetrics:\n  right: {kind: proportion, better: higher, unit: answer, check: schema.must}\n"
        criteria = "      right: {from: suite, promote: 0 %, mode: point, min: 40}\n"
        must = {"must": [{"field": "content", "contains": "no"}]}
        cases = [{"id": f"c{at:02}", "input": {"n": at}, "expect": must} for at in range(CASES)]
        plan = PLAN.replace(BOTH, f"{criteria}  - name: ten\n").replace("\nmetrics:\n", own)
        counted, uncounted = (made(tmp_path / name, plan, cases=cases) for name in ("shop", "other"))
        uncounted.write("bot.py", BOT.replace('float("nan") if weak("nan") else number', "str(number)"))

        done = counted.gate()
        assert done.kind == "promote", done.said

        done = no_promote(uncounted.gate(), "hold.failed")
        assert "of suite schema failed, and no criterion counts them: schema.valid of c00" in done.said, done.said

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

    def test_a_crash_that_a_criterion_counts_fails_no_suite(self, tmp_path: Path) -> None:
        """The checks that say of a crash that there was no answer say no more than the criterion that counts it."""
        counted = "errors.rate: {from: suite, promote: 10 %, mode: point, min: 40}"
        rollout = with_criteria(tmp_path / "shop", counted)
        rollout.switch("raises", 1, 2)

        done = rollout.gate()

        assert done.kind == "promote", done.said

    def test_what_another_answer_fails_is_not_excused_by_a_crash(self, tmp_path: Path) -> None:
        """Of two trials that crashed and one that answered badly the last holds, and it alone is counted there."""
        counted = "errors.rate: {from: suite, promote: 10 %, mode: point, min: 40}"
        rollout = with_criteria(tmp_path / "shop", counted)
        rollout.switch("raises", 1, 2)
        rollout.switch("wrong", 3)

        done = no_promote(rollout.gate(), "hold.failed")

        assert "of suite schema failed, and no criterion counts them: schema" in done.said, done.said
        assert "of c03" in done.said
        assert "of c01" not in done.said

    def test_what_the_next_delivery_fails_is_not_excused_by_a_crash(self, tmp_path: Path) -> None:
        """The first delivery of a case crashed, which is counted; what the second one said is wrong by itself."""
        must = {"must": [{"field": "structured.text", "contains": "ok"}]}
        cases: list[dict[str, Any]] = [{"id": f"c{at:02}", "input": {"n": at}, "expect": must} for at in range(CASES)]
        cases[3] |= {"given": {"deliveries": 2}}
        criteria = "      errors.rate: {from: suite, promote: 10 %, mode: point, min: 40}\n"
        rollout = made(tmp_path / "shop", PLAN.replace(BOTH, f"{criteria}  - name: ten\n"), cases=cases)
        rollout.write("bot.py", TWICE)
        rollout.lock()

        done = no_promote(rollout.gate(), "hold.failed")

        assert "of suite schema failed" in done.said
        assert "schema.must of c03" in done.said


TWICE = """
def answer(input, context):
    if input["n"] == 3 and context.delivery == 0:
        raise RuntimeError("boom")
    return {"text": "no" if input["n"] == 3 else "ok", "order": input["n"]}
"""


class TestOvertaken:
    """What came while the verdict was made, it does not know of: no promote is noted or written."""

    def judged(self, rollout: Rollout, monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[Path], None]) -> str:
        """What the judge says when this happens behind its back."""
        decide = judge_room.decide

        def decided(*args: Any, **how: Any) -> Verdict:
            verdict = decide(*args, **how)
            assert verdict.exit_code == 0
            meanwhile(rollout.root)
            return verdict

        monkeypatch.setattr(judge_room, "decide", decided)
        workspace = Workspace(rollout.root / "rollout.yaml")
        with pytest.raises(LedgerError) as raised:
            judge_room.judge(workspace, workspace.stage("preflight"))
        return str(raised.value)

    def test_by_a_rollback(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Somebody noted one in the state file."""

        def rolled_back(root: Path) -> None:
            body = {"stage": "preflight", "subject": "a" * 64, "at": rfc3339(now_utc()), "by": "kim"}
            append_state(root / "rollout/state.jsonl", "rolled_back", body)

        said = self.judged(prepared(gated, tmp_path), monkeypatch, rolled_back)

        assert "something was recorded while the verdict was made" in said

    def test_by_evidence(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A ledger grew."""

        def grown(root: Path) -> None:
            [ledger] = root.glob(".sluicegate/preflight/1/ledger-*")
            with ledger.open("ab") as file:
                file.write(b"{")

        said = self.judged(prepared(gated, tmp_path), monkeypatch, grown)

        assert "evidence came while it was judged" in said


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
