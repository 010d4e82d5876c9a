"""Arguments and options that several commands share."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import datetime
from math import isfinite
from pathlib import Path
from typing import Any

import click

from sluicegate.cli.errors import filled
from sluicegate.errors import Fault, InputError
from sluicegate.model import parse_time
from sluicegate.report.screen import screen_width, width_told

__all__ = [
    "Group",
    "Number",
    "evidence_option",
    "format_option",
    "now_option",
    "plan_argument",
    "seconds",
    "stage_option",
    "terminal",
    "time",
    "wrapped",
    "write_out",
]


class Group(click.Group):
    """Commands told in a whole sentence each: the next line is cheaper than a guess at what `...` stands for."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands with the first sentence of their help."""
        found = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl([(name, made.get_short_help_str(limit=1_000)) for name, made in found if made])


plan_argument = click.argument("plan", type=click.Path(path_type=Path), metavar="PLAN")
stage_option = click.option("--stage", metavar="NAME", help="Stage to judge; without it, the one the state file says.")
evidence_option = click.option(
    "--evidence",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Where evidence is kept; .sluicegate beside the plan without it.",
)


def format_option(*formats: str) -> Callable[[Any], Any]:
    """`--format`, the first being the default."""
    return click.option("--format", "form", type=click.Choice(formats), default=formats[0], help="How to print it.")


class _Time(click.ParamType):  # type: ignore[type-arg]  # generic only in newer versions of click
    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            at = parse_time(value)
        except (ValueError, OverflowError):
            self.fail(f"'{value}' is no time with a zone. Write e.g. 2026-01-29T14:00:00Z.", param, ctx)
        if not 1970 <= at.year < 9000:
            self.fail(f"'{value}' lies outside of the years 1970 to 8999.", param, ctx)
        return at


time = _Time()
now_option = click.option(
    "--now", type=time, metavar="TIME", help="Judge as of this time (RFC 3339) instead of the clock's."
)


class Number(click.FloatRange):
    """A number within bounds. `nan` lies within all bounds that a comparison asks for, and `inf` above them."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Refuses what is no finite number."""
        told: float = super().convert(value, param, ctx)
        if not isfinite(told):
            self.fail(f"'{value}' is no number. Write it in digits.", param, ctx)
        return told


class _Seconds(click.ParamType):  # type: ignore[type-arg]  # generic only in newer versions of click
    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        number, unit = value[:-1], value[-1:]
        scale = {"s": 1, "m": 60, "h": 3600, "d": 86400}.get(unit)
        if scale is None or not number.replace(".", "", 1).isdigit():
            self.fail(f"'{value}' is no duration. Write e.g. 90s, 20m, 4h or 7d.", param, ctx)
        return float(number) * scale


seconds = _Seconds()


def write_out(path: Path, text: str) -> None:
    """Write what `-o` asks for. Raises InputError."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        fault = Fault(where=str(path), what=f"cannot be written: {error.strerror}.", mend="Name a file you can write.")
        raise InputError(fault) from None


class Terminal:
    """What the terminal can show."""

    def __init__(self) -> None:
        self.width = screen_width()
        self.is_tty = sys.stdout is not None and not sys.stdout.closed and sys.stdout.isatty()
        self.is_narrow = self.is_tty or width_told() is not None
        """Somebody reads along, or has said how wide a line may be."""
        self.colour = self.is_tty and "NO_COLOR" not in os.environ
        encoding = (getattr(sys.stdout, "encoding", None) or "ascii").lower()
        self.ascii_only = "utf" not in encoding


def terminal() -> Terminal:
    """The terminal as it is now."""
    return Terminal()


def wrapped(text: str) -> str:
    """On a terminal as wide as it is, words and paths whole; unbroken lines anywhere else, where programs read them."""
    screen = terminal()
    return filled(text, screen.width) if screen.is_narrow else text
