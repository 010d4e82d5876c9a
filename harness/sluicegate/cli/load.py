"""`sluicegate load`: send a profile of the plan's load, and keep what came back as evidence."""

from __future__ import annotations

import sys
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING

import click

from sluicegate.cli.errors import show
from sluicegate.cli.options import evidence_option, plan_argument, stage_option, terminal

if TYPE_CHECKING:
    from sluicegate.plan.load import Profile
    from sluicegate.session.load import LoadProgress
    from sluicegate.session.load_evidence import LoadRan
    from sluicegate.session.workspace import Workspace

__all__ = ["load"]


@click.command()
@plan_argument
@stage_option
@evidence_option
@click.option("--profile", "names", multiple=True, metavar="NAME", help="Only this profile (repeatable).")
@click.option(
    "--processes", type=click.IntRange(1, 64), default=1, metavar="N", help="Generators that share the load; 1."
)
@click.option(
    "--shards",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    metavar="DIR",
    help="Send nothing: take in what Locust recorded elsewhere.",
)
@click.option("--web", is_flag=True, help="Print the line that starts the profile with Locust's own page.")
def load(
    *,
    plan: Path,
    stage: str | None,
    evidence: Path | None,
    names: tuple[str, ...],
    processes: int,
    shards: Path | None,
    web: bool,
) -> None:
    """Send the plan's load profiles, one after the other, and keep every request as evidence for `gate`."""
    from sluicegate.report.loads import load_lines
    from sluicegate.session.load import load_spec, profile_named, take_shards
    from sluicegate.session.workspace import Workspace

    workspace = Workspace(plan, evidence=evidence)
    at = workspace.stage(stage)
    if shards is not None:
        _told(take_shards(workspace, shards, stage=at))
    elif web:
        show(_by_hand(workspace, names))
    else:
        asked = [profile_named(workspace.plan, name) for name in dict.fromkeys(names)]
        for profile in asked or load_spec(workspace.plan).profiles:
            _told(_ran(workspace, profile, at.name, processes))
    if not web:
        kept = [] if evidence is None else ["--evidence", str(evidence)]
        show(load_lines.next_command(["sluicegate", "judge", str(plan), "--stage", at.name, *kept], terminal().width))


def _ran(workspace: Workspace, profile: Profile, stage: str, processes: int) -> LoadRan:
    from sluicegate.session.load import run_load

    line = _Line(profile.name)
    try:
        return run_load(workspace, profile, stage=workspace.plan.stage(stage), workers=processes, tell=line.tell)
    finally:
        line.clear()
