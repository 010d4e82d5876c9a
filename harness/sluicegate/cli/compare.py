"""`sluicegate compare`: a candidate's run against a base's, on the same cases."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sluicegate.cli.errors import show
from sluicegate.cli.options import format_option, now_option, terminal

if TYPE_CHECKING:
    from datetime import datetime

    from sluicegate.gate.compared import Change
    from sluicegate.session.comparing import Comparison

__all__ = ["compare"]


@click.command()
@click.argument("base", type=click.Path(path_type=Path), metavar="BASE")
@click.argument("candidate", type=click.Path(path_type=Path), metavar="CANDIDATE")
@click.option("--plan", type=click.Path(path_type=Path), help="The plan both ran under; found beside the evidence.")
@click.option("--metric", "metrics", multiple=True, metavar="NAME", help="A metric to compare (repeatable).")
@click.option("--from", "origin", type=click.Choice(["golden", "suite"]), help="Which evidence of an attempt.")
@click.option("--better-than", metavar="CHANGE", help="What has to be shown: 15 percent, or 2 points.")
@click.option("--no-worse-than", metavar="CHANGE", help="How much worse is tolerated: 2 points, or 5 percent.")
@click.option("--no-broken", is_flag=True, help="A case that broke and that nobody knows of is worse.")
@click.option("--known-failures", "known", type=click.Path(path_type=Path), help="File of known failures.")
@click.option("--confidence", default="95 %", metavar="SHARE", help="Of the two-sided intervals; 95 % without it.")
@now_option
@format_option("text", "markdown", "json")
@click.pass_context
def compare(
    ctx: click.Context,
    *,
    base: Path,
    candidate: Path,
    plan: Path | None,
    metrics: tuple[str, ...],
    origin: str | None,
    better_than: str | None,
    no_worse_than: str | None,
    no_broken: bool,
    known: Path | None,
    confidence: str,
    now: datetime | None,
    form: str,
) -> None:
    """Compare two runs of the same cases, each a ledger or the folder of an attempt.

    Exit codes: 0 what was asked is shown (better, without a wish), 10 not shown, 20 worse, 30 the runs cannot be
    compared or a trial has no partner, 2 usage.
    """
    from sluicegate.gate.compared import Goal
    from sluicegate.model import Origin
    from sluicegate.session.comparing import Asked, compare_runs
    from sluicegate.session.known_failures import known_failures

    asked = Asked(
        metrics=metrics,
        plan=plan,
        origin=None if origin is None else Origin(origin),
        goal=Goal(
            better_than=_change(better_than, "--better-than"), no_worse_than=_change(no_worse_than, "--no-worse-than")
        ),
        confidence=_confidence(confidence),
        known=() if known is None else known_failures(known),
        forbid_broken=no_broken,
        now=now,
    )
    found = compare_runs(base, candidate, asked)
    show(_drawn(found, form), exact=form == "json")
    ctx.exit(found.outcome.exit_code)


def _drawn(found: Comparison, form: str) -> str:
    from sluicegate.model import canonical
    from sluicegate.report.comparison import ComparisonView, comparison_json, render_comparison
    from sluicegate.report.comparison_markdown import render_comparison_markdown

    view = ComparisonView(
        base=found.base.name,
        candidate=found.candidate.name,
        subjects=(found.base.started.subject, found.candidate.started.subject),
        origin=found.candidate.started.origin.value,
        outcome=found.outcome,
        confidence=float(found.confidence),
        metrics=found.metrics,
        notes=found.notes,
    )
    if form == "json":
        return canonical(comparison_json(view)).decode()
    if form == "markdown":
        return render_comparison_markdown(view)
    return render_comparison(view, width=terminal().width)


def _change(text: str | None, option: str) -> Change | None:
    from sluicegate.gate.compared import Change
    from sluicegate.plan.units import UnitError, difference

    if text is None:
        return None
    try:
        amount, relative = difference(text)
    except UnitError as error:
        raise click.BadParameter(f"{error.what} {error.mend}", param_hint=option) from None
    return Change(amount=amount, relative=relative, text=" ".join(text.split()))


def _confidence(text: str) -> Fraction:
    from sluicegate.plan.units import UnitError, share

    try:
        value = share(text)
    except UnitError as error:
        raise click.BadParameter(f"{error.what} {error.mend}", param_hint="--confidence") from None
    if not Fraction(1, 2) <= value <= Fraction(9999, 10000):
        raise click.BadParameter(f"'{text}' is outside 50 % to 99.99 %.", param_hint="--confidence")
    return value
