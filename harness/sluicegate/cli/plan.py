"""`sluicegate plan check | schema | lock`."""

from __future__ import annotations

from pathlib import Path

import click

from sluicegate.cli.errors import BAD_PLAN, exit_code_of, say
from sluicegate.cli.options import Group, plan_argument, wrapped, write_out
from sluicegate.errors import printable

__all__ = ["plan"]


@click.group(cls=Group)
def plan() -> None:
    """Check a plan, write its lock, export its JSON Schema."""


@plan.command()
@plan_argument
@click.pass_context
def check(ctx: click.Context, plan: Path) -> None:
    """Read PLAN, say everything that is wrong, and what its figures will take."""
    from sluicegate.errors import InputError
    from sluicegate.session.linting import checked_plan

    try:
        notes = checked_plan(plan)
    except InputError as error:
        for fault in error.faults:
            click.echo(wrapped(f"error: {fault}"))
        click.echo(_counted(len(error.faults), "error"))
        ctx.exit(BAD_PLAN)
    for note in notes:
        click.echo(wrapped(f"{plan}:{note.line}  {note.about}  {note.text}"))
    click.echo(f"0 errors, {_counted(len(notes), 'note')}")


@plan.command()
@click.option("-o", "--output", type=click.Path(path_type=Path), help="File to write; standard output without it.")
def schema(output: Path | None) -> None:
    """The JSON Schema of plan files, for editors."""
    import json

    from sluicegate.plan.schema import plan_schema

    text = json.dumps(plan_schema(), indent=2, ensure_ascii=False) + "\n"
    if output is None:
        click.echo(text, nl=False)
    else:
        write_out(output, text)
        click.echo(f"wrote {output}")


@plan.command()
@plan_argument
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit 40 when the lock is out of date.")
@click.pass_context
def lock(ctx: click.Context, plan: Path, only_check: bool) -> None:
    """Pin the cases, checks and tests that a verdict on PLAN will ask for; review the file in git."""
    from sluicegate.errors import InputError
    from sluicegate.plan.lock import Lock, lock_path, read_lock
    from sluicegate.session.lock import build_lock, differences, write_lock
    from sluicegate.session.own_tests import own_tests
    from sluicegate.session.workspace import Workspace

    try:
        workspace = Workspace(plan)
        fresh = build_lock(workspace, tests_of=own_tests)
    except InputError as error:
        for fault in error.faults:
            say(f"error: {fault}")
        ctx.exit(exit_code_of(error))
    path = lock_path(plan)
    try:
        old = read_lock(path) if path.exists() else Lock(plan_digest="")
    except InputError:
        old = Lock(plan_digest="")
    changes = differences(old, fresh)
    for change in changes:
        click.echo(printable(change))
    if only_check:
        click.echo("the lock is out of date" if changes else "the lock is up to date")
        ctx.exit(BAD_PLAN if changes else 0)
    click.echo(f"wrote {write_lock(workspace, fresh)}")


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
