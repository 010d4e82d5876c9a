"""`sluicegate demo json-mode`: the sound search promotes; every planted defect holds with the kind it states."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from rollout_world import called

sys.path.pop(0)

from sluicegate.fixtures.json_mode.defects import DEFECTS


def caught(folder: Path, name: str) -> None:
    planted = DEFECTS[name]
    done = called("demo", "json-mode", "--defect", name, "--format", "json", cwd=folder, timeout=180)

    assert done.kind == planted.kind, f"{name}: {done.said}"
    assert done.code == (20 if planted.kind.startswith("rollback") else 10)
    causes = {reason["about"] for reason in done.verdict["reasons"]}
    causes |= {reason["finding"]["check"] for reason in done.verdict["reasons"] if "finding" in reason}
    assert planted.check in causes, f"{name}: {done.said}"


def test_the_sound_search_promotes(tmp_path: Path) -> None:
    """With nothing to configure."""
    done = called("demo", "json-mode", cwd=tmp_path, timeout=180)

    assert done.code == 0, done.text
    assert "PROMOTE" in done.out


def test_a_stale_cache_is_caught(tmp_path: Path) -> None:
    """No answer shows it: only the log of the backtest service does."""
    caught(tmp_path, "stale-cache")


@pytest.mark.slow
def test_every_defect_is_caught(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """All of them, with --slow."""
    if not request.config.getoption("--slow"):
        pytest.skip("all defects take two minutes; run with --slow")
    for name in DEFECTS:
        caught(tmp_path, name)
