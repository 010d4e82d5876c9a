"""The same job keeps its experiment arm when it comes as another request, whatever each request says by itself."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from judge_world import Memory, World, case

sys.path.pop(0)

from sluicegate.model import Decision, Kind


def world() -> World:
    asked = [replace(each, expect=replace(each.expect, arms=("a", "b"))) for each in map(case, range(20))]
    return World(cases=[*asked, *(replace(each, id=f"{each.id}~again") for each in asked[:3])])


def run(made: World, arms: dict[str, str]) -> Memory:
    """Every answer with its arm, `a` where nothing else is said."""
    memory = made.run()
    for kind, body in memory.records:
        if kind == "outcome":
            for output in body["outputs"]:
                output["metadata"] = {"arm": arms.get(body["case_id"], "a")}
    return memory


@pytest.mark.parametrize("arms", [{}, {"c000": "b", "c000~again": "b"}, {"c009": "b"}])
def test_jobs_that_keep_their_arm_go_on(arms: dict[str, str]) -> None:
    """Different jobs may differ, and so may those that come once."""
    made = world()

    assert made.verdict(run(made, arms)).decision is Decision.PROMOTE


def test_a_job_that_another_request_puts_into_another_arm_is_held_by_name() -> None:
    """The order of the requests changes nothing."""
    made = world()
    memory = run(made, {"c001~again": "b"})
    start, *middle, close = memory.records
    verdicts = [made.verdict(each) for each in (memory, Memory([start, *middle[-9:], *middle[:-9], close]))]

    assert {each.kind for each in verdicts} == {Kind.HOLD_FAILED}
    assert {each.reasons[0].text for each in verdicts} == {
        "1 job got another experiment arm in another request: case c001."
    }
