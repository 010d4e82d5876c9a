"""The reference pipelines at every stage of their plans: what is missing there may be missing, and nothing fails."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

import sluicegate.fixtures
import sluicegate.golden

sys.path.insert(0, str(Path(__file__).parent))
from rollout_world import called

sys.path.pop(0)

PLANS = {
    "content_router": ["preflight", "routing", "learning", "experiments"],
    "dspy_delegation": ["instructor", "base", "preflight", "staging", "ten"],
    "email_rag": ["preflight", "setup", "rag-on", "expand", "ten"],
    "flag_rollout": ["preflight", "five"],
    "json_mode": ["preflight", "template-library", "hybrid", "primary", "production"],
    "mail_guard": ["preflight", "all"],
    "trend_analysis": ["preflight", "ten", "thirty"],
}
"""Stages in order; those at the end that ask for the same suites as one before are left out."""
FAILED = ("hold.failed", "rollback")


def nothing_fails(folder: Path, name: str) -> None:
    """Each stage is gated, in order, with nothing handed over: it may lack evidence, and shows no failure."""
    for room in (sluicegate.fixtures, sluicegate.golden):
        (at,) = room.__path__
        shutil.copytree(at, folder / room.__name__.rpartition(".")[2], ignore=shutil.ignore_patterns("__pycache__"))
    for stage in PLANS[name]:
        words = ["gate", "plan.yaml", "--stage", stage, "--format", "json"]
        done = called(*words, cwd=folder / "fixtures" / name, timeout=300)
        failed = [reason for reason in done.verdict["reasons"] if reason["kind"].startswith(FAILED)]
        assert not failed, f"{name} at {stage}: {done.said}"


@pytest.mark.parametrize("name", ["dspy_delegation", "mail_guard"])
def test_at_no_stage_a_sound_reference_fails(name: str, tmp_path: Path) -> None:
    """A share of the accounts is on the other path; what is refused of an attack is an error."""
    nothing_fails(tmp_path, name)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(PLANS) - {"dspy_delegation", "mail_guard"}))
def test_at_no_stage_any_sound_reference_fails(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """The others, with --slow."""
    if not request.config.getoption("--slow"):
        pytest.skip("every stage of every reference takes some minutes; run with --slow")
    nothing_fails(tmp_path, name)
