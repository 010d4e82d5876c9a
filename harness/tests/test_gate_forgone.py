"""A case that failed and was then changed or dropped is no part of the verdict any more, which says so plainly."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from rollout_world import PLAN, Rollout, a_case, made, no_promote

sys.path.pop(0)

ONE_STAGE = PLAN[: PLAN.index("  - name: ten")]


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Rollout:
    """Of 53 cases ten fail: the stage holds."""
    root = tmp_path_factory.mktemp("relock") / "shop"
    rollout = made(root, ONE_STAGE, cases=[a_case(number) for number in range(53)])
    rollout.switch("wrong", *range(10))
    no_promote(rollout.gate(), "hold.below_target")
    return rollout


@pytest.mark.parametrize("how", ["dropped", "loosened", "kept"])
def test_a_relock_without_what_failed(held: Rollout, tmp_path: Path, how: str) -> None:
    """How many trials failed, with one by name; of cases that stay as they are the failures go on counting."""
    rollout = held.copy(tmp_path / "shop")
    lines = (rollout.root / "cases.jsonl").read_text().splitlines()
    first = [json.dumps({**json.loads(line), "expect": {}}) for line in lines[:10]]
    text = {"dropped": lines[10:], "loosened": [*first, *lines[10:]], "kept": lines[:-1]}[how]
    rollout.write("cases.jsonl", "\n".join(text) + "\n")
    rollout.lock()

    done = rollout.gate()

    notes = [note for note in done.verdict["notes"] if note.startswith("attempt 1 ")]
    assert "measured with another lock; no pass in it counts" in notes[0]
    if how == "kept":
        no_promote(done, "hold.below_target")
        assert len(notes) == 1
    else:
        assert done.kind == "complete", done.said
        assert "10 trials failed in cases that the lock no longer pins as then (c00): changed or dropped" in notes[1]
