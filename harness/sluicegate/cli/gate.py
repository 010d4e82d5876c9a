"""`sluicegate collect | judge | gate`: evidence, and the decision on it."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING

import click

from sluicegate.cli.errors import say, show
from sluicegate.cli.options import (
    evidence_option,
    format_option,
    now_option,
    plan_argument,
    seconds,
    stage_option,
    terminal,
)
from sluicegate.cli.progress import shown
from sluicegate.model import Counts

if TYPE_CHECKING:
    from sluicegate.session.workspace import Workspace

__all__ = ["collect", "gate", "judge", "run_collection"]

_FORMATS = ("text", "json", "markdown", "junit")


@click.command()
@plan_argument
@stage_option
@evidence_option
@click.option(
    "--case", "cases", multiple=True, metavar="ID", help="Only this case (repeatable); never enough to promote."
)
@click.option("--again", is_flag=True, help="Run everything anew although evidence is there; it can only get worse.")
def collect(plan: Path, stage: str | None, evidence: Path | None, cases: tuple[str, ...], again: bool) -> None:
    """Run the stage's cases that have no evidence yet, and keep what came back."""
    from sluicegate.session.workspace import Workspace

    workspace = Workspace(plan, evidence=evidence)
    if cases:
        stage, workspace = workspace.stage(stage).name, workspace.aside()
    name = workspace.stage(stage).name
    if run_collection(workspace, stage, only=frozenset(cases) or None, again=again):
        asked = [word for case in cases for word in ("--case", shlex.quote(case))]
        words = [shlex.quote(str(plan)), "--stage", shlex.quote(name), *asked]
        kept = [] if evidence is None else ["--evidence", shlex.quote(str(evidence))]
        # What was looked at case by case lies aside, where no judge looks.
        _next(["sluicegate", "gate" if cases else "judge", *words, *kept])
    else:
        told = f"stage {name} has no cases to run; its evidence is recorded: sluicegate record measurements --help"
        show(fill(told, width=terminal().width, initial_indent=" ", subsequent_indent=" ", break_on_hyphens=False))


def _next(words: Sequence[str]) -> None:
    from sluicegate.report.columns import command_lines

    first, *rest = command_lines(words, terminal().width - 6, 1)
    show("\n".join([f" next:{first}", *(f"      {line}" for line in rest)]))


@click.command()
@plan_argument
@stage_option
@evidence_option
@now_option
@format_option(*_FORMATS)
@click.pass_context
def judge(
    ctx: click.Context, *, plan: Path, stage: str | None, evidence: Path | None, now: datetime | None, form: str
) -> None:
    """Decide on the evidence that is there; nothing is run."""
    from sluicegate.session.workspace import Workspace

    workspace = Workspace(plan, evidence=evidence)
    ctx.exit(_judged(workspace, stage, form, now))


@click.command()
@plan_argument
@stage_option
@evidence_option
@now_option
@click.option("--case", "cases", multiple=True, metavar="ID", help="Only this case (repeatable); always a hold.")
@click.option("--again", is_flag=True, help="Run everything anew although evidence is there; it can only get worse.")
@click.option(
    "--wait", type=seconds, default=0.0, metavar="DURATION", help="Judge again until it is no hold.insufficient."
)
@format_option(*_FORMATS)
@click.pass_context
def gate(
    ctx: click.Context,
    *,
    plan: Path,
    stage: str | None,
    evidence: Path | None,
    now: datetime | None,
    cases: tuple[str, ...],
    again: bool,
    wait: float,
    form: str,
) -> None:
    """Collect what is missing, then judge: exit 0 promote, 10 hold, 20 rollback, 30 unusable evidence, 40 plan."""
    import time

    from sluicegate.errors import InputError
    from sluicegate.ledger import LedgerError
    from sluicegate.session.stage_cases import CasesError
    from sluicegate.session.workspace import PlanError, Workspace

    workspace = Workspace(plan, evidence=evidence)
    if cases:
        stage, workspace = workspace.stage(stage).name, workspace.aside()
    try:
        run_collection(workspace, stage, only=frozenset(cases) or None, again=again, quiet=form != "text")
    except InputError as error:
        if isinstance(error, PlanError) and not isinstance(error, CasesError):
            raise
        if not isinstance(error, LedgerError) and not _rolls_back(workspace, stage, now):
            raise
        say(str(error))
        ctx.exit(_judged(workspace, stage, form, now))
    until = time.monotonic() + wait
    code = _judged(workspace, stage, form, now)
    while code == 10 and time.monotonic() < until and _is_insufficient(workspace, stage):
        time.sleep(min(60.0, max(0.0, until - time.monotonic())))
        if not cases:  # what serves may have changed meanwhile
            workspace = Workspace(plan, evidence=evidence)
        if _is_insufficient(workspace, stage):
            continue
        code = _judged(workspace, stage, form, now)
    ctx.exit(code)


def run_collection(
    workspace: object,
    stage_name: str | None,
    *,
    only: frozenset[str] | None = None,
    again: bool = False,
    quiet: bool = False,
    goes_on: bool = True,
    label: str = "",
) -> bool:
    """Collect with progress on a terminal; one line about what was done. False where the stage has no cases.

    `label` stands before that line where several stages are run. `goes_on` says that the same command would go on from
    what an interrupted one left, if what serves allows it.
    """
    from sluicegate.runner import Progress
    from sluicegate.session.collect import Collection
    from sluicegate.session.collect import collect as run
    from sluicegate.session.workspace import Workspace

    assert isinstance(workspace, Workspace)  # noqa: S101 - the room is loaded only here
    stage = workspace.stage(stage_name)
    collection = Collection(workspace, stage)
    if not collection.origins:
        return False
    progress = Progress()
    goes_on = goes_on and only is None
    interrupted = KeyboardInterrupt(_stopped(workspace, goes_on=goes_on, again=again))
    stopped = False

    def told(times: int) -> None:
        nonlocal stopped
        stopped = True
        say("finishing what is in flight; once more to leave it" if times == 1 else "leaving what is in flight")

    with shown(progress, quiet=quiet):
        try:
            collected = asyncio.run(run(collection, progress=progress, only=only, again=again, tell=told))
        except asyncio.CancelledError:
            raise interrupted from None
    if stopped:
        raise interrupted
    if quiet:
        return True
    for note in collected.notes:
        say(f"note: {note}")
    suites = ", ".join(name for name in collection.cases.by_suite if name in stage.requires.suites) or "cases"
    if collected.reused is not None:
        done = (
            f"the subject and what measures it are named as before, so evidence of {collected.reused[:16]}Z is reused "
            "and nothing was called; --again calls anew"
        )
        if collected.counts.crashed:
            done += f". Of its {collected.counts.run:,} trials {collected.counts.crashed:,} crashed"
    else:
        done = _counts(collected.counts)
    show(fill(f" suites   {label}{suites}: {done}", width=terminal().width, subsequent_indent=" " * 10) + "\n\n")
    return True


def _stopped(workspace: Workspace, *, goes_on: bool, again: bool) -> str:
    """What becomes of an interrupted collection; true to what the next one will do."""
    kept = "stopped; what was recorded is kept"
    if not goes_on:
        return f"{kept}, and the same command begins anew"
    if workspace.plan.subject.by_word:
        named = "the plan names what serves by word, so nothing shows that it is still the same"
        return f"{kept}, and the same command begins anew: {named}"
    return f"{kept}, and the same command{' without --again' if again else ''} goes on from there"


def _counts(counts: Counts) -> str:
    said = f"{counts.run:,} of {counts.planned:,} trials run"
    return f"{said}, {counts.crashed:,} crashed" if counts.crashed else said


def _judged(workspace: object, stage_name: str | None, form: str, now: datetime | None) -> int:
    from sluicegate.session.judge import judge as decide_and_write
    from sluicegate.session.reports import shown_verdict
    from sluicegate.session.workspace import Workspace

    assert isinstance(workspace, Workspace)  # noqa: S101 - the room is loaded only here
    stage = workspace.stage(stage_name)
    judged = decide_and_write(workspace, stage, now=now)
    screen = terminal()
    text = shown_verdict(
        judged, workspace, stage, form, width=screen.width, colour=screen.colour, ascii_only=screen.ascii_only
    )
    for why in judged.unwritten:
        say(f"note: {why}")
    show(text, exact=form == "json")
    return judged.verdict.exit_code


def _rolls_back(workspace: object, stage_name: str | None, now: datetime | None) -> bool:
    """Whether the evidence that is there already asks for a rollback: a pipeline out of reach hides no incident."""
    from sluicegate.model import Decision
    from sluicegate.session.judge import decide
    from sluicegate.session.workspace import Workspace

    assert isinstance(workspace, Workspace)  # noqa: S101 - the room is loaded only here
    return decide(workspace, workspace.stage(stage_name), now=now).decision is Decision.ROLLBACK


def _is_insufficient(workspace: object, stage_name: str | None) -> bool:
    from sluicegate.model import Kind
    from sluicegate.session.judge import decide
    from sluicegate.session.workspace import Workspace

    assert isinstance(workspace, Workspace)  # noqa: S101 - the room is loaded only here
    return decide(workspace, workspace.stage(stage_name)).kind is Kind.HOLD_INSUFFICIENT
