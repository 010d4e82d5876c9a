"""A fault script with a mistake is told by `plan check` and `plan lock`, before anything runs."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from rollout_world import PLAN, Rollout, a_case, made, prepared, refused

sys.path.pop(0)

MISTAKES = [
    ({"kind": "rate_limt"}, "case c07: given.faults[0]: kind is 'rate_limt'", "Did you mean 'rate_limit'?"),
    ({"kind": "slow", "target": "retreiver"}, "case c07: given.faults[0]: target is 'retreiver'", "'retriever'"),
    ({"kind": "slow", "on_cal": 2}, "cases.jsonl:8", "Did you mean 'on_call'?"),
    ({"kind": "cut", "times": 0}, "case c07: given.faults[0]: times is 0.", "Count from 1."),
    ({"kind": "slow", "delay_ms": "2s"}, "cases.jsonl:8", "delay_ms"),
]


def with_script(root: Path, *faults: dict[str, object], number: int = 7) -> Rollout:
    """A locked rollout, one of whose cases then gets a script."""
    rollout = prepared(made, root)
    cases = [a_case(each) for each in range(40)]
    cases[number]["given"] = {"faults": list(faults)}
    rollout.write("cases.jsonl", "".join(json.dumps(case) + "\n" for case in cases))
    return rollout


@pytest.mark.parametrize(("fault", "place", "mend"), MISTAKES)
def test_a_mistake_in_a_script_is_a_fault_of_check_and_lock(
    fault: dict[str, object], place: str, mend: str, tmp_path: Path
) -> None:
    """Exit 40 with the case, or file and line, and the nearest word; the lock stays as it was."""
    rollout = with_script(tmp_path, fault)
    before = (rollout.root / "rollout.lock").read_bytes()

    for words in (("plan", "check"), ("plan", "lock"), ("collect",)):
        done = refused(rollout.run(*words, "rollout.yaml"), 40)

        assert place in done.text, done.text
        assert mend in " ".join(done.text.split()), done.text
    assert (rollout.root / "rollout.lock").read_bytes() == before
    assert not (rollout.root / ".sluicegate" / "preflight").exists()


def test_every_mistake_of_every_script_is_told_at_once(tmp_path: Path) -> None:
    """Two in one case: two lines."""
    rollout = with_script(tmp_path, {"kind": "slwo"}, {"kind": "cut", "target": "modle"})

    done = refused(rollout.run("plan", "check", "rollout.yaml"), 40, "'slow'", "'model'")

    assert "2 errors" in done.out


def test_a_tool_that_is_not_declared_is_a_mistake_where_doubles_stand_in(tmp_path: Path) -> None:
    """A plan without doubles plays no script, so its tools are nobody's business; one with them plays it."""
    rollout = with_script(tmp_path, {"kind": "cut", "target": "tool:ordr"})
    rollout.sound("plan", "check", "rollout.yaml")

    tools = 'tools: {order: {path: "/orders"}}\npipeline: {callable: bot:answer, capabilities: [tools]}'
    rollout.write("rollout.yaml", PLAN.replace("pipeline: bot:answer", tools))

    refused(rollout.run("plan", "check", "rollout.yaml"), 40, "a tool the plan does not declare", "'order'")


def test_a_script_that_can_be_played_is_no_mistake(tmp_path: Path) -> None:
    """Check and lock pass."""
    rollout = with_script(tmp_path, {"kind": "rate_limit", "on_call": 1, "retry_after_s": 2})

    rollout.sound("plan", "check", "rollout.yaml")
    rollout.lock()
