"""`sluicegate demo content-routing`: the sound router promotes; every planted defect holds with the kind it states."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from rollout_world import called

sys.path.pop(0)

from sluicegate.fixtures.content_router.defects import DEFECTS

SOME = ("cap-checked-without-lock", "spend-checked-after-the-call", "arms-out-of-balance", "says-core-calls-expert")
"""One for each kind of verdict, and the races that only jobs at once can show."""


def caught(folder: Path, name: str) -> None:
    planted = DEFECTS[name]
    done = called("demo", "content-routing", "--defect", name, "--format", "json", cwd=folder, timeout=180)

    assert done.kind == planted.kind, f"{name}: {done.said}"
    assert done.code == (20 if planted.kind.startswith("rollback") else 10)
    causes = {reason["about"] for reason in done.verdict["reasons"]}
    causes |= {reason["finding"]["check"] for reason in done.verdict["reasons"] if "finding" in reason}
    assert planted.check in causes, f"{name}: {done.said}"


def test_the_sound_router_promotes(tmp_path: Path) -> None:
    """With nothing to configure; again, it begins anew."""
    for _ in range(2):
        done = called("demo", "content-routing", cwd=tmp_path, timeout=180)

        assert done.code == 0, done.text
        assert "PROMOTE" in done.out
        assert "attempt 1" in done.out


@pytest.mark.parametrize("name", SOME)
def test_a_defect_is_caught(tmp_path: Path, name: str) -> None:
    """The stated kind, and a finding or criterion that names the cause."""
    caught(tmp_path, name)


@pytest.mark.slow
def test_every_defect_is_caught(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """All of them, with --slow."""
    if not request.config.getoption("--slow"):
        pytest.skip("all defects take a minute; run with --slow")
    for name in DEFECTS:
        caught(tmp_path, name)
