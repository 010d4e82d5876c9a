"""The workflow that `init` writes: its commands run as they stand, and the deploy job asks before it deploys."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping
from os import environ
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

sys.path.insert(0, str(Path(__file__).parent))
from rollout_world import called

sys.path.pop(0)

KEPT = ("rollout", ".sluicegate")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository as `init` leaves it."""
    folder = tmp_path / "project"
    assert called("init", str(folder), cwd=tmp_path).code == 0
    return folder


def workflow(project: Path) -> Mapping[str, Any]:
    """The file's own words."""
    return YAML(typ="safe").load(project / ".github/workflows/sluicegate.yml")


def ran(project: Path, job: str, kept: Path, to: Path) -> list[tuple[str, int]]:
    """The `run:` lines of a job in a fresh checkout, as a runner's shell takes them, until one fails.

    State and evidence come from `kept`, where they go back to, as cache and artifact have them.
    """
    shutil.copytree(project, to)
    for name in KEPT:
        if (kept / name).exists():
            shutil.copytree(kept / name, to / name)
    said: list[tuple[str, int]] = []
    bin_folder = str(Path(sys.executable).parent)
    environment = {**environ, "PATH": f"{bin_folder}:{environ['PATH']}", "GITHUB_STEP_SUMMARY": str(to / "summary.md")}
    for step in workflow(project)["jobs"][job]["steps"]:
        command = step.get("run", "pip install")
        failed = any(code for _, code in said)
        if command.startswith("pip install") or (failed and step.get("if") != "always()"):
            continue
        done = subprocess.run(["bash", "-e", "-c", command], cwd=to, env=environment, check=False)
        said.append((command, done.returncode))
    for name in KEPT:
        if (to / name).exists():
            shutil.copytree(to / name, kept / name, dirs_exist_ok=True)
    return said


def test_a_promoted_push_is_deployed_and_the_next_one_goes_on_from_there(project: Path, tmp_path: Path) -> None:
    """Gate, verify, deploy, entry; the state is carried from run to run."""
    kept = tmp_path / "kept"
    for number in (1, 2):
        for job in ("gate", "deploy"):
            said = ran(project, job, kept, tmp_path / f"{job}{number}")
            assert [code for _, code in said] == [0] * len(said), said
    told = (kept / "rollout/state.jsonl").read_text()
    assert told.count('"kind":"entered"') == 2
    assert "PROMOTE" in (tmp_path / "gate2/summary.md").read_text()


def test_a_held_push_is_not_deployed_though_an_older_one_was_promoted(project: Path, tmp_path: Path) -> None:
    """The gate's step fails; a deploy job that ran all the same would be refused by `verify`, at the newest verdict."""
    kept = tmp_path / "kept"
    ran(project, "gate", kept, tmp_path / "sound")
    bot = project / "support_bot.py"
    bot.write_text(bot.read_text().replace("in the warehouse", "lost"))

    gated = ran(project, "gate", kept, tmp_path / "held")
    deployed = ran(project, "deploy", kept, tmp_path / "deploy")

    assert [code for command, code in gated if " gate " in command] == [10]
    assert [command.split()[1] for command, _ in deployed] == ["verify"]
    assert deployed[0][1] == 10
    assert "HOLD" in (tmp_path / "held/summary.md").read_text()


def test_the_deploy_job_verifies_before_anything_else_of_its_own(project: Path) -> None:
    """And waits for the gate; state and evidence are kept by both, whatever the gate says."""
    jobs = workflow(project)["jobs"]
    steps = [step["run"] for step in jobs["deploy"]["steps"] if "run" in step]
    kept = [step["with"]["path"].split() for step in jobs["gate"]["steps"] if "path" in step.get("with", {})]

    assert jobs["deploy"]["needs"] == "gate"
    assert steps[1].startswith("sluicegate verify .sluicegate/preflight/verdict.json")
    assert kept == [list(KEPT)] * 3
