"""A user's mistake as a few lines on standard error and an exit code; never a traceback."""

from __future__ import annotations

import click

from sluicegate.errors import SluicegateError

__all__ = ["BAD_EVIDENCE", "BAD_PLAN", "USAGE", "exit_code_of", "say"]

USAGE = 2
BAD_EVIDENCE = 30
BAD_PLAN = 40


def exit_code_of(error: SluicegateError) -> int:
    """40 for plan and lock, 30 for a ledger that cannot be written, 2 for everything else a user gave."""
    from sluicegate.ledger import LedgerError
    from sluicegate.session.workspace import PlanError

    if isinstance(error, PlanError):
        return BAD_PLAN
    return BAD_EVIDENCE if isinstance(error, LedgerError) else USAGE


def say(text: str) -> None:
    """A line for the person at the terminal."""
    click.echo(text, err=True)
