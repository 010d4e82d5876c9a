"""A user's mistake as a few lines on standard error and an exit code; never a traceback."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from textwrap import TextWrapper

import click

from sluicegate.errors import SluicegateError

__all__ = ["BAD_EVIDENCE", "BAD_PLAN", "USAGE", "exit_code_of", "filled", "say", "settle", "show"]

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


def filled(text: str, width: int) -> str:
    """Each line broken between words, what follows hung under it."""
    whole = TextWrapper(width, break_long_words=False, break_on_hyphens=False)
    lines = []
    for line in text.split("\n"):
        whole.initial_indent = line[: len(line) - len(line.lstrip(" "))]
        whole.subsequent_indent = f"{whole.initial_indent}  "
        lines += whole.wrap(line.strip(" ")) or [""]
    return "\n".join(lines)


def say(text: str) -> None:
    """A line for the person at the terminal; where somebody reads along it is as wide as theirs."""
    with suppress(OSError, ValueError):
        if sys.stderr is not None and sys.stderr.isatty():
            from sluicegate.report.screen import screen_width

            text = filled(text, screen_width())
        click.echo(text, err=True)


def show(text: str, *, exact: bool = False) -> None:
    """Print a decision, or what led to it: where nobody can read it (a closed pipe, a full disk) it still stands.

    `exact` is for bytes that are verified later: on a terminal alone they get an end of line.
    """
    with suppress(OSError, ValueError):
        if exact and not sys.stdout.isatty():
            click.echo(text.encode(), nl=False)
        else:
            click.echo(text, nl=not text.endswith("\n"))


def settle() -> None:
    """Before exiting: what cannot be written any more must not change the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if stream is None:
            continue
        try:
            stream.flush()
        except (OSError, ValueError):
            # The interpreter flushes once more at its end; that must go somewhere.
            with suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
