"""`sluicegate demo flag-rollout`: the sound flags promote; every planted defect holds with the kind it states."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from rollout_world import called

sys.path.pop(0)

from sluicegate.fixtures.flag_rollout.defects import DEFECTS

SOME = ("hash-of-python", "kill-by-disabled")
"""One that only a second process shows, and one of the switch."""


def failing(folder: Path, name: str) -> Counter[str]:
    """How often each check failed, as the ledger has it."""
    found: Counter[str] = Counter()
    ledger = folder / ".sluicegate" / "demo" / "flag-rollout" / name / "preflight" / "1" / "ledger-1.jsonl"
    for line in ledger.read_bytes().splitlines():
        record = json.loads(line)
        if record["kind"] == "checked":
            found.update(check for check, result in record["results"].items() if result in ("fail", "error"))
    return found


def caught(folder: Path, name: str) -> None:
    planted = DEFECTS[name]
    done = called("demo", "flag-rollout", "--defect", name, "--format", "json", cwd=folder, timeout=180)

    assert done.kind == planted.kind, f"{name}: {done.said}"
    assert done.code == 10
    causes = {reason["finding"]["check"] for reason in done.verdict["reasons"] if "finding" in reason}
    assert planted.check in causes, f"{name}: {done.said}"
    seen = failing(folder, name)
    assert set(seen) == {planted.check} if planted.alone else planted.check in seen, f"{name}: {seen}"


def test_the_sound_flags_promote(tmp_path: Path) -> None:
    """With nothing to configure."""
    done = called("demo", "flag-rollout", cwd=tmp_path, timeout=180)

    assert done.code == 0, done.text
    assert "PROMOTE" in done.out
    assert not failing(tmp_path, "sound")


@pytest.mark.parametrize("name", SOME)
def test_a_defect_is_caught(tmp_path: Path, name: str) -> None:
    """The stated kind, and a finding that names the cause; one that only one check sees is seen by no other."""
    caught(tmp_path, name)


@pytest.mark.slow
def test_every_defect_is_caught(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """All of them, with --slow."""
    if not request.config.getoption("--slow"):
        pytest.skip("all defects take minutes; run with --slow")
    for name in DEFECTS:
        caught(tmp_path, name)
