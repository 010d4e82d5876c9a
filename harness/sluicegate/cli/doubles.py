"""`sluicegate doubles serve`: the doubles for a service outside."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sluicegate.cli.errors import say
from sluicegate.errors import nearest

if TYPE_CHECKING:
    from sluicegate.plan.types import Plan

__all__ = ["doubles"]

_PARTS = ("model", "tool", "retriever")


@click.group()
def doubles() -> None:
    """Models, tools, retriever, clock and mail sink on loopback, scripted and recording."""


@doubles.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port of 127.0.0.1; a free one without it.")
@click.option(
    "--plan", type=click.Path(path_type=Path), metavar="PLAN", help="Whose tools to stand in for, and ids to follow."
)
@click.option(
    "--latency",
    "latencies",
    multiple=True,
    metavar="[NAME=]MS",
    help="Median answer time of model, tool or retriever; without a name of all three.",
)
@click.option("--seed", type=int, default=0, help="Of the latencies.")
@click.option("--smtp-port", type=click.IntRange(0, 65535), default=0, help="Of the mail sink; a free one without it.")
@click.option("--keep-prompts", is_flag=True, help="Log prompts whole, personal data and secrets masked.")
def serve(
    *, port: int, plan: Path | None, latencies: tuple[str, ...], seed: int, smtp_port: int, keep_prompts: bool
) -> None:
    """Serve on 127.0.0.1 until Ctrl-C. Prints the variables to set.

    A run is scripted with PUT /_runs/ID (16 digits of 0-9a-f), read with GET, ended with DELETE.
    """
    from sluicegate.doubles.latency import Latencies
    from sluicegate.doubles.server import Doubles
    from sluicegate.doubles.serving import serve as run
    from sluicegate.session.correlating import follows

    planned = _planned(plan)
    served = Doubles(
        tools=planned.tools if planned is not None else (),
        latencies=Latencies(seed=seed, **_medians(latencies)),
        keep_prompts=keep_prompts or (planned is not None and planned.doubles.keep_prompts),
        follows=follows(planned) if planned is not None else None,
        port=port,
        controlled=True,
        mail=planned.mail.sink if planned is not None and planned.mail is not None else "strict",
        mail_port=smtp_port,
    )
    asyncio.run(run(served, _ready))
    say("stopped")


def _planned(plan: Path | None) -> Plan | None:
    if plan is None:
        return None
    from sluicegate.session.workspace import Workspace

    return Workspace(plan).plan


def _medians(given: tuple[str, ...]) -> dict[str, float]:
    medians: dict[str, float] = {}
    for item in given:
        name, _, number = item.rpartition("=")
        try:
            median = float(number)
        except ValueError:
            median = -1.0
        if not 0 <= median <= 600_000:
            raise click.BadParameter(
                f"'{item}' is no time. Write e.g. model=20 or 5: milliseconds up to 600000.", param_hint="--latency"
            )
        if name and name not in _PARTS:
            mend = nearest(name, _PARTS) or f"Known are {', '.join(_PARTS)}."
            raise click.BadParameter(f"'{name}' is no double with a latency. {mend}", param_hint="--latency")
        medians.update(dict.fromkeys([f"{name}_ms"] if name else [f"{part}_ms" for part in _PARTS], median))
    return medians


def _ready(environment: Mapping[str, str]) -> None:
    # On standard output, to be read by a shell; what is for the person goes to standard error.
    for name, value in sorted(environment.items()):
        click.echo(f"export {name}={value}")
    base = environment["OPENAI_BASE_URL"].removesuffix("/v1")
    say(f"serving at {base} until Ctrl-C; runs are scripted at {base}/_runs/ID")
