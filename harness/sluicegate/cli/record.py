"""`sluicegate record …`: measurements, attestations, stage entries, rollbacks, acknowledgements."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from sluicegate.cli.errors import say
from sluicegate.cli.options import Group, evidence_option, now_option, plan_argument, time, wrapped

__all__ = ["record"]


@click.group(cls=Group)
def record() -> None:
    """Take in measurements, attestations and stage entries."""


@record.command()
@plan_argument
@evidence_option
@click.option("--metric", required=True, metavar="NAME", help="A metric of the plan.")
@click.option(
    "--from", "origin", type=click.Choice(["live", "load"]), default="live", help="What kind of evidence it is."
)
@click.option(
    "--file", "source", required=True, type=click.Path(path_type=Path), help="CSV, TSV, JSONL or SQLite file."
)
@click.option("--table", metavar="NAME", help="SQLite: the table.")
@click.option("--query", metavar="SQL", help="SQLite: a query instead of a table.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    required=True,
    metavar="ROLE=NAME",
    help="at, slice, k, n, value, passed, failed, subject, id.",
)
@click.option("--subject", metavar="DIGEST", help="Subject of every row; the present one without it.")
@click.option(
    "--release", "releases", multiple=True, metavar="NAME=DIGEST", help="What the subject column says, as a subject."
)
@click.option("--stage", metavar="NAME", help="Stage the traffic was at; baseline for what lines call that.")
@click.option(
    "--unit",
    type=click.Choice(["number", "ms", "s", "microusd", "usd"]),
    default="number",
    help="How values are written.",
)
@click.option("--provenance", type=click.Choice(["live", "cached", "replayed", "mocked"]), default="live")
@click.option("--since", type=time, metavar="TIME", help="Only rows from this time on.")
@click.option("--until", type=time, metavar="TIME", help="Only rows before this time.")
@now_option
def measurements(
    *,
    plan: Path,
    evidence: Path | None,
    metric: str,
    origin: str,
    source: Path,
    table: str | None,
    query: str | None,
    columns: tuple[str, ...],
    subject: str | None,
    releases: tuple[str, ...],
    stage: str | None,
    unit: str,
    provenance: str,
    since: datetime | None,
    until: datetime | None,
    now: datetime | None,
) -> None:
    """Measurements of live traffic from a file; all of them, or, when one row is bad, none."""
    from sluicegate.model import Origin, Provenance
    from sluicegate.session.record import measured_subject, record_measurements, source_table
    from sluicegate.session.workspace import Workspace
    from sluicegate.sources.columns import Columns, RecordSpec, Unit

    workspace = Workspace(plan, evidence=evidence)
    mapped = Columns.of(_pairs(columns, "--column"), "--column")
    if stage not in (None, "baseline"):
        workspace.stage(stage)
    spec = RecordSpec(
        metric=metric,
        origin=Origin(origin),
        columns=mapped,
        subject=measured_subject(workspace) if subject is None and mapped.subject is None else subject,
        subject_names=_pairs(releases, "--release"),
        stage=stage,
        provenance=Provenance(provenance),
        window=(since, until),
        unit=Unit(unit),
    )
    recorded = record_measurements(workspace, source_table(source, table=table, query=query), spec, now=now)
    left_out = f", {recorded.outside:,} outside of the window left out" if recorded.outside else ""
    for warning in recorded.warnings:
        say(warning)
    click.echo(wrapped(f"recorded {recorded.units:,} rows of {metric}{left_out}: {recorded.path}"))


@record.command()
@plan_argument
@evidence_option
@click.argument("run", type=click.Path(path_type=Path), metavar="RUN")
def baseline(plan: Path, evidence: Path | None, run: Path) -> None:
    """A run (a ledger, or the folder of an attempt) that lines `than: baseline` compare with, case by case."""
    from sluicegate.session.record_baseline import record_baseline
    from sluicegate.session.workspace import Workspace

    found = record_baseline(Workspace(plan, evidence=evidence), run)
    told = f"{found.cases:,} cases of subject {found.subject[:16]} are the baseline: {found.folder}"
    click.echo(wrapped(told))


@record.command()
@plan_argument
@evidence_option
@click.option("--name", required=True, help="What the plan asks for: an attestation, a prerequisite, an approval.")
@click.option("--by", required=True, help="Who attests.")
@click.option("--statement", required=True, help="What was done or seen.")
@click.option("--any-subject", is_flag=True, help="Attest for every subject, not only the present one.")
@click.option("--stage", metavar="NAME", help="Only for this stage.")
@click.option("--expires", metavar="TIME", help="RFC 3339; for ever without it.")
@now_option
def attestation(
    *,
    plan: Path,
    evidence: Path | None,
    name: str,
    by: str,
    statement: str,
    any_subject: bool,
    stage: str | None,
    expires: str | None,
    now: datetime | None,
) -> None:
    """Something a person vouches for: an audit passed, feedback reviewed, a drill done, an approval."""
    from sluicegate.checks.masking import mask_secrets
    from sluicegate.errors import nearest
    from sluicegate.session.record import record_attestation
    from sluicegate.session.workspace import Workspace

    workspace = Workspace(plan, evidence=evidence)
    given = {"name": name, "by": by, "statement": statement, "stage": stage, "expires": expires}
    path = record_attestation(workspace, {**given, "subject": None if any_subject else workspace.subject}, now=now)
    click.echo(wrapped(f"attested {mask_secrets(name)} by {mask_secrets(by, mails=False)}: {path}"))
    asked = workspace.plan.vouched
    if name not in asked and not (name == "approval" and by in asked):
        hint = nearest(name, asked) or (f"Asked for: {', '.join(asked)}." if asked else "")
        say(f"warning: no stage of the plan asks for '{mask_secrets(name)}'. {hint}".rstrip())


@record.command()
@plan_argument
@evidence_option
@click.option("--stage", required=True, metavar="NAME", help="Stage that was entered.")
@click.option("--override", metavar="REASON", help="Why it was entered although no promote leads there, or once more.")
@now_option
def entry(plan: Path, evidence: Path | None, stage: str, override: str | None, now: datetime | None) -> None:
    """The rollout entered a stage with the present subject; its live evidence begins here."""
    from sluicegate.session.record import enter
    from sluicegate.session.workspace import Workspace

    noted = enter(Workspace(plan, evidence=evidence), stage, now=now, override=override)
    if noted.already is not None:
        already = f"already entered {stage} at {noted.already}; nothing changed (--override REASON enters it anew)"
        click.echo(wrapped(already))
        return
    click.echo(wrapped(f"entered {stage}, state head {noted.head[:16]}"))
    for warning in noted.warnings:
        say(warning)


@record.command()
@plan_argument
@evidence_option
@click.option("--stage", required=True, metavar="NAME", help="Stage that was left backwards.")
@click.option("--by", required=True, help="Who rolled back.")
@click.option("--subject", metavar="DIGEST", help="What was taken back; the present subject without it.")
@now_option
def rollback(
    *, plan: Path, evidence: Path | None, stage: str, by: str, subject: str | None, now: datetime | None
) -> None:
    """A stage was rolled back; its lines stay crossed for this subject."""
    from sluicegate.session.record import roll_back
    from sluicegate.session.workspace import Workspace

    noted = roll_back(Workspace(plan, evidence=evidence), stage, by=by, now=now, subject=subject)
    if noted.already is not None:
        click.echo(wrapped(f"already rolled back from {stage} at {noted.already}; nothing changed"))
    else:
        click.echo(wrapped(f"rolled back from {stage}, state head {noted.head[:16]}"))
    for warning in noted.warnings:
        say(warning)


@record.command()
@plan_argument
@evidence_option
@click.option("--by", required=True, help="Who has seen the rollback.")
@now_option
def acknowledgement(plan: Path, evidence: Path | None, by: str, now: datetime | None) -> None:
    """A person has seen the rollback and lets the present subject try."""
    from sluicegate.checks.masking import mask_secrets
    from sluicegate.session.record import acknowledge
    from sluicegate.session.workspace import Workspace

    head = acknowledge(Workspace(plan, evidence=evidence), by=by, now=now)
    click.echo(wrapped(f"acknowledged by {mask_secrets(by, mails=False)}, state head {head[:16]}"))


def _pairs(given: tuple[str, ...], option: str) -> dict[str, str]:
    pairs = {}
    for item in given:
        name, equals, value = item.partition("=")
        if not (name and equals and value):
            raise click.BadParameter(f"'{item}' is not of the form NAME=VALUE.", param_hint=option)
        pairs[name] = value
    return pairs
