"""`sluicegate load`: send a profile of the plan's load, and keep what came back as evidence."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sluicegate.cli.errors import filled, show
from sluicegate.cli.options import Number, evidence_option, plan_argument, stage_option, terminal
from sluicegate.errors import printable

if TYPE_CHECKING:
    from sluicegate.plan.types import Stage
    from sluicegate.session.load_evidence import LoadRan
    from sluicegate.session.load_generators import LoadProgress
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
@click.option("--baseline", is_flag=True, help="Keep it as what lines than: baseline compare with.")
@click.option("--web", is_flag=True, help="With Locust's own page on http://127.0.0.1:8089 while it runs.")
@click.option(
    "--shards",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    metavar="DIR",
    help="Send nothing: take in what Locust recorded elsewhere.",
)
@click.option("--sweep", is_flag=True, help="Look for the largest rate or number of users that holds the objective.")
@click.option("--most", type=Number(), metavar="RATE", help="With --sweep: look no further than this.")
def load(
    *,
    plan: Path,
    stage: str | None,
    evidence: Path | None,
    names: tuple[str, ...],
    processes: int,
    baseline: bool,
    web: bool,
    shards: Path | None,
    sweep: bool,
    most: float | None,
) -> None:
    """Send the plan's load profiles, one after the other, and keep every request as evidence for `gate`."""
    from sluicegate.session.load import load_spec, profile_named, run_load
    from sluicegate.session.load_orphans import take_orphans
    from sluicegate.session.workspace import Workspace

    workspace = Workspace(plan, evidence=evidence)
    at = workspace.stage(stage)
    if sweep and (shards is not None or web or baseline):
        raise click.UsageError(
            "--sweep sends load of its own, and none of it is evidence: leave the other options out."
        )
    if most is not None and not sweep:
        raise click.UsageError("--most ends a sweep: add --sweep, or leave it out.")
    for ran in () if sweep else take_orphans(workspace):
        show(filled(" What a run left that was cut short is taken in first.", terminal().width))
        _told(ran)
    if shards is not None:
        _taken(workspace, shards, at, baseline=baseline)
    else:
        asked = [profile_named(workspace.plan, name) for name in dict.fromkeys(names)]
        if sweep:
            from sluicegate.cli.load_sweep import swept

            swept(workspace, at, asked or list(load_spec(workspace.plan).profiles), processes=processes, most=most)
            return
        if stage is None:
            _said_of_stage(workspace, at)
        for profile in asked or load_spec(workspace.plan).profiles:
            with _Line(profile.name) as line:
                ran = run_load(
                    workspace, profile, stage=at, workers=processes, baseline=baseline, web=web, tell=line.tell
                )
            _told(ran)
    kept = [] if evidence is None else ["--evidence", shlex.quote(str(evidence))]
    has_run = any((workspace.evidence / at.name).glob("[0-9]*"))
    words = [
        "sluicegate",
        "judge" if has_run or not at.requires.suites else "gate",
        shlex.quote(str(plan)),
        "--stage",
        shlex.quote(at.name),
        *kept,
    ]
    show(f" next: {' '.join(words)}")


def _said_of_stage(workspace: Workspace, at: Stage) -> None:
    """That the stage the rollout is at asks for no load, where others do: what is sent now is not theirs."""
    from sluicegate.model import Origin

    asking = [
        stage.name
        for stage in workspace.plan.stages
        if any(Origin.LOAD in criterion.origins for criterion in stage.criteria)
    ]
    if asking and at.name not in asking:
        text = (
            f" This load is for stage {at.name}, where no criterion is from: load. For {asking[0]}: --stage {asking[0]}"
        )
        show(filled(text, terminal().width))


def _taken(workspace: Workspace, folder: Path, stage: Stage, *, baseline: bool) -> None:
    """Each run of a folder by itself, and a word on those that are no evidence."""
    from sluicegate.session.load import shards_at_hand, take_shards

    runs, left = shards_at_hand(workspace, folder, baseline=baseline)
    for why in left:
        show(filled(printable(f" {why}"), terminal().width))
    for run in runs or (None,):
        _told(take_shards(workspace, folder, stage=stage, baseline=baseline, run=run))


def _told(ran: LoadRan) -> None:
    """What became of a run, and what keeps it from counting."""
    from sluicegate.model.load_result import LoadResult
    from sluicegate.report.loads import load_lines, load_view

    screen, profile, imported = terminal(), ran.profile, ran.imported
    result = LoadResult(
        profile=profile.name,
        number=int(ran.path.stem),
        complete=imported.complete,
        tally=imported.tally,
        objective_ms=profile.objective_ms,
        objective_ttft_ms=profile.objective_ttft_ms,
    )
    lines = load_lines(load_view(result), screen.width)
    lines += [filled(printable(f"     – {why}: it holds"), screen.width) for why in imported.broken]
    if imported.void:
        said = f"     – {imported.void}: the run counts for nothing, and holds"
        lines.append(filled(printable(said), screen.width))
    lines += [f" evidence {ran.path}", ""]
    text = "\n".join(lines) + "\n"
    show(text.replace("–", "--") if screen.ascii_only else text)


class _Line:
    """How far a run is: a line that moves on a terminal, a line every ten seconds anywhere else."""

    def __init__(self, profile: str) -> None:
        self._profile = profile
        self._moves = sys.stderr is not None and sys.stderr.isatty()
        self._last_s = 0.0

    def __enter__(self) -> _Line:
        return self

    def __exit__(self, *_: object) -> None:
        if self._moves:
            click.echo("\r\x1b[K", nl=False, err=True)

    def tell(self, progress: LoadProgress) -> None:
        """Show it."""
        if not self._moves and progress.passed_s - self._last_s < _EVERY_S:
            return
        self._last_s = progress.passed_s
        failed = f", {progress.failed:,} failed" if progress.failed else ""
        passed = f"{min(progress.passed_s, progress.lasts_s):.0f} of {progress.lasts_s:.0f} s"
        text = f" load     {self._profile[:30]}: {passed}, {progress.requests:,} requests{failed}"[:79]
        click.echo(f"\r\x1b[K{text}" if self._moves else text, nl=not self._moves, err=True)


_EVERY_S = 10.0
