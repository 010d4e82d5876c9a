"""`sluicegate init | demo`: the first minutes."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import wrap

import click

from sluicegate.cli.errors import show
from sluicegate.cli.options import format_option, terminal

__all__ = ["demo", "init"]


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path(), metavar="[DIR]")
def init(folder: Path) -> None:
    """Write a plan, a pipeline, a golden set and a CI file into DIR; they run as they stand."""
    from sluicegate.session.starter import write_starter

    written = write_starter(folder)
    for path in written:
        click.echo(f"wrote {path}")
    if folder / ".gitignore" not in written:
        click.echo("add .sluicegate/ to your .gitignore: evidence and reports are no part of the repository")
    where = "" if folder == Path() else f"cd {folder} && "
    click.echo(f"\nnext: {where}sluicegate gate rollout.yaml")


@click.command()
@click.argument("name", required=False)
@click.option("--list", "listed", is_flag=True, help="Show the reference pipelines; with NAME, its planted defects.")
@click.option("--defect", metavar="NAME", help="Switch this planted defect on.")
@click.option("--case", "cases", multiple=True, metavar="ID", help="Only this case (repeatable); always a hold.")
@click.option(
    "--evidence",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(".sluicegate/demo"),
    metavar="DIR",
    help="Where evidence and reports go.",
)
@format_option("text", "json", "markdown", "junit")
@click.pass_context
def demo(
    ctx: click.Context,
    *,
    name: str | None,
    listed: bool,
    defect: str | None,
    cases: tuple[str, ...],
    evidence: Path,
    form: str,
) -> None:
    """Gate a reference pipeline before anybody sees it: the sound one is promoted, every defect is not."""
    if listed or name is None:
        click.echo(_listing(name, form))
        return
    from sluicegate.cli.gate import run_collection
    from sluicegate.session.demo import demonstration
    from sluicegate.session.judge import judge
    from sluicegate.session.record import enter
    from sluicegate.session.reports import shown_verdict

    made = demonstration(name, defect, evidence, anew=not cases)
    stage = made.workspace.stage(made.reference.stage)
    # What its lines compare with is measured at the stages before, as in a rollout: gated, then entered.
    for before, after in made.steps if not cases else ():
        label = f"stage {before.name}, to compare with: "
        run_collection(made.workspace, before.name, quiet=form != "text", goes_on=False, label=label)
        judged = judge(made.workspace, before)
        if judged.verdict.exit_code != 0:
            stage = before
            break
        enter(made.workspace, after.name)
    else:
        label = f"stage {stage.name}: " if made.steps and not cases else ""
        only = frozenset(cases) or None
        run_collection(made.workspace, stage.name, only=only, quiet=form != "text", goes_on=False, label=label)
        judged = judge(made.workspace, stage)
    screen = terminal()
    text = shown_verdict(
        judged, made.workspace, stage, form, width=screen.width, colour=screen.colour, ascii_only=screen.ascii_only
    )
    show(text, exact=form == "json")
    ctx.exit(judged.verdict.exit_code)


def _listing(name: str | None, form: str) -> str:
    from sluicegate.session.demo import reference_named, references

    known = references() if name is None else {name: reference_named(name)}
    if form == "json":
        listed = [
            {
                "name": reference.name,
                "title": reference.title,
                "plan": str(reference.plan),
                "stage": reference.stage,
                "defects": [
                    {
                        "name": planted.name,
                        "suite": planted.suite,
                        "check": planted.check,
                        "alone": planted.alone,
                        "kind": planted.kind,
                        "description": planted.description,
                    }
                    for planted in reference.defects
                ],
            }
            for reference in known.values()
        ]
        return json.dumps(listed, indent=2, ensure_ascii=False)
    lines, screen = [], terminal()
    for reference in known.values():
        lines += wrap(f"{reference.name}  {reference.title}", screen.width, subsequent_indent="  ")
        lines += [f"  plan {reference.plan}", f"  stage {reference.stage}"]
        if name is None:
            lines += [f"  {len(reference.defects)} planted defects: sluicegate demo {reference.name} --list", ""]
            continue
        lines.append("")
        width = max((len(planted.name) for planted in reference.defects), default=0)
        hang = " " * (width + 4)
        for planted in reference.defects:
            alone = f" Seen by {planted.check} alone." if planted.alone else ""
            lines.append(f"  {planted.name:<{width}}  {planted.kind:<20} {planted.suite}")
            lines += wrap(planted.description + alone, screen.width, initial_indent=hang, subsequent_indent=hang)
    return "\n".join(lines).rstrip()
