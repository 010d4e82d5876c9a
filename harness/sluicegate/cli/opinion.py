"""`sluicegate opinion calibrate | rate`: what a judge model is worth, and what it says. It decides nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from sluicegate.cli.errors import show
from sluicegate.cli.options import Group, Number, format_option, now_option
from sluicegate.errors import printable

__all__ = ["opinion"]

_HOLD = 10
_PATH = click.Path(path_type=Path, dir_okay=False)


@click.group(cls=Group)
def opinion() -> None:
    """Judge models: calibrated against people, advisory without that. No verdict reads them."""


def _judge_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--seed", type=int, default=0, help="Of the controls."),
        click.option("--max-usd", type=Number(min=0), help="Most money; the model needs a known price."),
        click.option("--max-calls", type=click.IntRange(min=1), default=1000, show_default=True, help="Most calls."),
        click.option(
            "--store",
            type=click.Path(path_type=Path, file_okay=False),
            default=Path(".sluicegate/opinions"),
            show_default=True,
            help="Where answers are kept, by digest of model and prompt.",
        ),
        click.option("--program", type=_PATH, help="Saved DSPy program (JSON) of the judge; a built-in one without."),
        click.option("--model", required=True, help="Name of the model at OPENAI_BASE_URL."),
    ):
        command = option(command)
    return command


@opinion.command()
@click.argument("labels", type=_PATH)
@click.option("--out", type=_PATH, default=Path("calibration.json"), show_default=True, help="The record to write.")
@click.option("--days", type=click.IntRange(1, 366), default=90, show_default=True, help="How long it holds.")
@_judge_options
@now_option
def calibrate(
    *,
    labels: Path,
    out: Path,
    days: int,
    model: str,
    program: Path | None,
    store: Path,
    max_calls: int,
    max_usd: float | None,
    seed: int,
    now: datetime | None,
) -> None:
    """Ask a judge about LABELS and write how often it agrees with people.

    LABELS has a line for each statement: {"id", "evidence", "statement", "supported": true or false, "by": NAME}.
    """
    from sluicegate.model import now_utc
    from sluicegate.session import opinions

    asked = opinions.Asked(
        model=model, program=program, store=store, calls=max_calls, microusd=_microusd(max_usd), seed=seed
    )
    record, judged = opinions.calibrate(asked, labels, out, days=days, now=now or now_utc())
    of = record.agreement
    counts = {"sensitivity": (of.true_positive, of.positives), "specificity": (of.true_negative, of.negatives)}
    lines = [f"{record.model}  program {record.program[:12]}  labels by {', '.join(record.labelled_by)}"]
    for name, figure in opinions.figures_of(record).items():
        k_of_n = "{} of {}".format(*counts[name]) if name in counts else ""
        lines.append(f"  {name:<12} {_figure(opinions.told(figure)):<32} {k_of_n}".rstrip())
    lines.append(f"  {judged.calls} calls; all controls seen through")
    lines.append(f"wrote {out}; it holds until {record.expires}")
    show(printable("\n".join(lines)))


@opinion.command()
@click.argument("statements", type=_PATH)
@click.option("--calibration", type=_PATH, help="What `calibrate` wrote, for the same model and program.")
@_judge_options
@now_option
@format_option("text", "json")
@click.pass_context
def rate(
    ctx: click.Context,
    *,
    statements: Path,
    calibration: Path | None,
    model: str,
    program: Path | None,
    store: Path,
    max_calls: int,
    max_usd: float | None,
    seed: int,
    now: datetime | None,
    form: str,
) -> None:
    """Ask a judge about STATEMENTS: how many the evidence does not support, corrected for the judge's own errors.

    STATEMENTS has a line for each: {"id", "evidence", "statement"}. Exit 10 where the run gives no figure.
    """
    from sluicegate.model import now_utc
    from sluicegate.session import opinions

    asked = opinions.Asked(
        model=model, program=program, store=store, calls=max_calls, microusd=_microusd(max_usd), seed=seed
    )
    said = opinions.rate(asked, statements, calibration, now=now or now_utc())
    show(json.dumps(said, indent=2, ensure_ascii=False) if form == "json" else printable(_text(said)))
    ctx.exit(_HOLD if said["void"] else 0)


def _microusd(usd: float | None) -> int | None:
    return None if usd is None else int(usd * 1_000_000)


def _text(said: Mapping[str, Any]) -> str:
    lines = [f"{said['model']}  program {said['program'][:12]}  {said['statements']} statements  {said['calls']} calls"]
    if said["void"]:
        return "\n".join([*lines, f"  no figure: {said['void']}"])
    lines.append(f"  unsupported  {_figure(said['flagged'])}  as the judge says")
    if "corrected" in said:
        lines.append(f"  unsupported  {_figure(said['corrected'])}  corrected for its errors")
    if said["advisory"]:
        lines.append(f"  advisory: {said['advisory']}")
    return "\n".join(lines)


def _figure(said: Mapping[str, Any]) -> str:
    if "not_measured" in said:
        return f"not measured: {said['not_measured']}"
    return f"{said['value']:.3f}  {said['low']:.3f} to {said['high']:.3f} at 95 %"
