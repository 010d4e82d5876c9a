"""`sluicegate verify | status | subject | report`: what a deploy step and a person ask."""

from __future__ import annotations

from pathlib import Path

import click

from sluicegate.cli.errors import show
from sluicegate.cli.options import (
    evidence_option,
    format_option,
    now_option,
    plan_argument,
    seconds,
    terminal,
    wrapped,
    write_out,
)
from sluicegate.errors import printable

__all__ = ["report", "status", "subject", "verify"]


@click.command()
@click.argument("verdict", type=click.Path(path_type=Path), metavar="VERDICT")
@click.option(
    "--plan",
    type=click.Path(path_type=Path),
    required=True,
    help="Plan, with its lock beside it, of the protected branch.",
)
@click.option("--from", "from_stage", required=True, metavar="STAGE", help="Stage that is left.")
@click.option("--to", "to_stage", metavar="STAGE", help="Stage that is entered; none after the last.")
@click.option("--subject", required=True, metavar="DIGEST", help="What is about to serve: sluicegate subject PLAN.")
@click.option("--max-age", type=seconds, metavar="DURATION", help="Refuse a verdict older than this, e.g. 4h.")
@evidence_option
@now_option
@click.pass_context
def verify(
    ctx: click.Context,
    *,
    verdict: Path,
    plan: Path,
    from_stage: str,
    to_stage: str | None,
    subject: str,
    max_age: float | None,
    evidence: Path | None,
    now: object,
) -> None:
    """May this step be taken? Exit 0 only for a fresh promote of exactly this plan, lock, subject and step."""
    from datetime import datetime

    from sluicegate.session.verify import verify as ask

    assert now is None or isinstance(now, datetime)  # noqa: S101 - click's type made it
    result = ask(
        verdict,
        plan,
        subject=subject,
        from_stage=from_stage,
        to_stage=to_stage,
        max_age_s=max_age,
        evidence=evidence,
        now=now,
    )
    click.echo(wrapped(result.text))
    ctx.exit(result.exit_code)


@click.command()
@plan_argument
@evidence_option
def status(plan: Path, evidence: Path | None) -> None:
    """Stages, attempts, entries and verdicts so far."""
    from sluicegate.session.status import status as said
    from sluicegate.session.workspace import Workspace

    click.echo(said(Workspace(plan, evidence=evidence)))


@click.command()
@plan_argument
@evidence_option
@click.option("--parts", is_flag=True, help="Show what the digest is made of.")
def subject(plan: Path, evidence: Path | None, parts: bool) -> None:
    """The digest of what serves, as plan names it. Evidence makes no git tree dirty, if it is said where it is kept."""
    from sluicegate.session.workspace import Workspace

    workspace = Workspace(plan, evidence=evidence)
    click.echo(workspace.subject)
    if parts:
        for name, value in workspace.subject_parts.items():
            click.echo(printable(f"  {name:<12} {value}"))


@click.command()
@click.argument("verdict", type=click.Path(path_type=Path), metavar="VERDICT")
@format_option("text", "json", "markdown", "junit", "html")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="File to write; standard output without it.")
def report(verdict: Path, form: str, output: Path | None) -> None:
    """Draw a verdict file again; JUnit and HTML list what the ledgers beside it hold."""
    from sluicegate.session.reports import redrawn

    screen = terminal()
    text = redrawn(
        verdict, form, width=screen.width, colour=screen.colour and output is None, ascii_only=screen.ascii_only
    )
    if output is None:
        show(text, exact=form == "json")
    else:
        write_out(output, text)
        click.echo(f"wrote {output}")
