"""Where the newest verdict lies, in what bytes it is printed, and `--evidence` wherever evidence matters."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from rollout_world import called

sys.path.pop(0)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """What `init` writes."""
    folder = tmp_path / "project"
    assert called("init", str(folder), cwd=tmp_path).code == 0
    return folder


def test_the_newest_verdict_lies_at_one_place_and_is_printed_in_its_own_bytes(project: Path) -> None:
    """Whatever the attempt; the output names the place, and what `--format json` prints is taken by `verify`."""
    told = called("gate", "rollout.yaml", cwd=project)
    assert told.out.splitlines()[-1] == " newest .sluicegate/preflight/verdict.json"
    again = called("gate", "rollout.yaml", "--again", "--format", "json", cwd=project)
    newest = project / ".sluicegate/preflight/verdict.json"

    assert newest.read_bytes() == (project / ".sluicegate/preflight/2/verdict.json").read_bytes()
    assert again.out.encode() == newest.read_bytes()
    redrawn = called("report", ".sluicegate/preflight/verdict.json", "--format", "json", cwd=project)
    assert redrawn.out.encode() == newest.read_bytes()
    (project / "v.json").write_bytes(again.out.encode())
    subject = called("subject", "rollout.yaml", cwd=project).out.strip()
    step = ("--plan", "rollout.yaml", "--from", "preflight", "--to", "ten", "--subject", subject)
    assert called("verify", "v.json", *step, cwd=project).code == 0


def test_a_look_at_one_case_leaves_the_newest_verdict_alone(project: Path) -> None:
    """It is no verdict on the stage."""
    called("gate", "rollout.yaml", cwd=project)
    before = (project / ".sluicegate/preflight/verdict.json").read_bytes()

    assert called("gate", "rollout.yaml", "--case", "order-1001", cwd=project).code == 10

    assert (project / ".sluicegate/preflight/verdict.json").read_bytes() == before


def test_a_newest_verdict_that_cannot_be_written_leaves_no_older_one(project: Path) -> None:
    """A deploy step must not find yesterday's promote there."""
    called("gate", "rollout.yaml", cwd=project)
    newest = project / ".sluicegate/preflight/verdict.json"
    (newest.parent / "verdict.json.new").mkdir()

    told = called("gate", "rollout.yaml", cwd=project)

    assert told.code == 0
    assert "verdict.json cannot be written" in told.err
    assert not newest.exists()


def test_evidence_elsewhere_is_one_option_for_every_command(project: Path) -> None:
    """Where it lies in the git tree that serves, it makes that tree dirty for a command that is not told."""
    plan = project / "rollout.yaml"
    plan.write_text(plan.read_text().replace("{files: support_bot.py}", "{git: HEAD}"))
    there = ("--evidence", "kept")
    assert called("plan", "lock", "rollout.yaml", cwd=project).code == 0
    who = ("-c", "user.name=ann", "-c", "user.email=ann@example.test")
    for words in (("init", "-q"), ("add", "-A"), (*who, "commit", "-q", "-m", "first")):
        subprocess.run(["git", *words], cwd=project, check=True)
    assert called("gate", "rollout.yaml", *there, cwd=project).code == 0
    assert called("subject", "rollout.yaml", cwd=project).code == 2
    subject = called("subject", "rollout.yaml", *there, cwd=project).out.strip()

    step = ("--plan", "rollout.yaml", "--from", "preflight", "--to", "ten", "--subject", subject)
    assert called("verify", "kept/preflight/verdict.json", *step, *there, cwd=project).code == 0
    assert called("record", "entry", "rollout.yaml", "--stage", "ten", *there, cwd=project).code == 0
    assert subject[:8] in called("status", "rollout.yaml", *there, cwd=project).out.splitlines()[-1]
    assert called("record", "rollback", "rollout.yaml", "--stage", "ten", "--by", "ann", *there, cwd=project).code == 0
    assert called("record", "acknowledgement", "rollout.yaml", "--by", "ann", *there, cwd=project).code == 0


def test_one_case_again_shows_its_finding_first(project: Path) -> None:
    """Before what is missing, in the terminal and in the JUnit file."""
    bot = project / "support_bot.py"
    bot.write_text(bot.read_text().replace("in the warehouse", "lost"))

    told = called("gate", "rollout.yaml", "--case", "order-1003", cwd=project)

    lines = told.out.splitlines()
    first = next(place for place, line in enumerate(lines) if line.startswith((" ✗", " –")))
    assert lines[first].startswith(" ✗ schema.must  case order-1003")
    junit = next(project.glob(".sluicegate/selected/1/preflight/1/junit.xml")).read_text()
    assert 'message="HOLD incomplete: schema.must [order-1003] must contain' in junit.splitlines()[4]


def test_what_does_not_apply_says_why_in_one_note(project: Path) -> None:
    """With the suite, how many, and the reason most of them have."""
    told = " ".join(called("gate", "rollout.yaml", cwd=project).out.split())

    assert re.search(r"most often because (\w.* )?schema 100 \w", told)
