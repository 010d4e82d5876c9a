"""`sluicegate demo dspy-delegation`: base measured, optimised gated; every planted defect holds as it states."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from rollout_world import called

sys.path.pop(0)

from sluicegate.fixtures.dspy_delegation.defects import DEFECTS


def caught(folder: Path, name: str) -> None:
    planted = DEFECTS[name]
    done = called("demo", "dspy-delegation", "--defect", name, "--format", "json", cwd=folder, timeout=180)

    assert done.kind == planted.kind, f"{name}: {done.said}"
    assert done.code == (20 if planted.kind.startswith("rollback") else 10)
    causes = {reason["about"] for reason in done.verdict["reasons"]}
    causes |= {reason["finding"]["check"] for reason in done.verdict["reasons"] if "finding" in reason}
    assert planted.check in causes, f"{name}: {done.said}"


def test_the_sound_program_promotes(tmp_path: Path) -> None:
    """The go-live rule, shown with bounds, case by case; the report says that a template model answered."""
    done = called("demo", "dspy-delegation", cwd=tmp_path, timeout=180)
    evidence = tmp_path / ".sluicegate/demo/dspy-delegation/sound"

    assert done.code == 0, done.text
    assert "PROMOTE" in done.out
    assert "shown above 1.15 times base" in done.out
    assert "template-model decisions" in done.out
    kinds = [json.loads((evidence / name / "verdict.json").read_bytes())["kind"] for name in ("instructor", "base")]
    assert kinds == ["promote", "promote"]
    (improvement,) = [
        criterion
        for criterion in json.loads((evidence / "preflight/verdict.json").read_bytes())["criteria"]
        if criterion["metric"] == "improvement"
    ]
    assert "188 cases beside base" in improvement["measured"]["note"]


def test_the_base_program_in_its_place_is_caught(tmp_path: Path) -> None:
    """No improvement, and worse than the Instructor path."""
    caught(tmp_path, "base-program-served")


@pytest.mark.slow
def test_every_defect_is_caught(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """All of them, with --slow."""
    if not request.config.getoption("--slow"):
        pytest.skip("all defects take minutes; run with --slow")
    for name in DEFECTS:
        caught(tmp_path, name)
