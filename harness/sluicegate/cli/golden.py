"""`sluicegate golden check | pin | import | add | review`: sets of cases that stay what they should be."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sluicegate.cli.errors import BAD_PLAN, say
from sluicegate.cli.options import Group, Number, format_option, now_option, wrapped, write_out
from sluicegate.errors import printable

if TYPE_CHECKING:
    from datetime import datetime

    from sluicegate.session.golden_add import Added
    from sluicegate.session.golden_check import LookedAt
    from sluicegate.session.golden_import import Imported

__all__ = ["golden"]

_SHOWN = 50
_PLANS = (".yaml", ".yml")
_path = click.Path(path_type=Path)
_share = Number(0.5, 1.0)


@click.group(cls=Group)
def golden() -> None:
    """Check, import, extend and review golden sets."""


@golden.command()
@click.argument("paths", type=_path, nargs=-1, required=True, metavar="PATH…|PLAN")
@click.option(
    "--train",
    type=_path,
    multiple=True,
    metavar="FILE",
    help="What the program saw: rows (.jsonl, .json), a saved DSPy program, a prompt's text.",
)
@click.option("--near", type=_share, default=0.9, help="Likeness from which two cases are near-duplicates.")
@format_option("text", "json")
@click.pass_context
def check(ctx: click.Context, *, paths: tuple[Path, ...], train: tuple[Path, ...], near: float, form: str) -> None:
    """Look at case files, or folders of them, as one set (or at the sets of a PLAN), and say all that is wrong.

    What cannot be read, duplicates and near-duplicates, cases seen in training, and what the manifest does not say.
    Exit 40 when there is anything.
    """
    from sluicegate.session.golden_check import LookedAt, check_sets, sets_of

    sets, slices = sets_of(paths)
    looked = LookedAt()
    for files in sets:
        looked.add(check_sets(files, train=train, near=near))
    if form == "json":
        click.echo(json.dumps(_as_json(looked), indent=2))
    else:
        for line in _lines(looked, slices):
            click.echo(wrapped(printable(line)))
    ctx.exit(BAD_PLAN if looked.faults else 0)


def _lines(looked: LookedAt, slices: dict[str, tuple[str, ...]]) -> list[str]:
    lines = [f"error: {fault}" for fault in looked.faults[:_SHOWN]]
    if (more := len(looked.faults) - _SHOWN) > 0:
        lines.append(f"and {_counted(more, 'error')} more: --format json lists all")
    lines += [f"note: {note}" for note in looked.notes]
    held = {name for counts in looked.slices.values() for name in counts}
    for kind, names in slices.items():
        if missing := [name for name in names if name not in held]:
            lines.append(f"note: no case of {kind} {', '.join(missing)}")
    if looked.awaiting:
        lines.append(f"note: {_counted(looked.awaiting, 'case')} awaiting review: sluicegate golden review FILE")
    for file, counts in looked.slices.items():
        said = ", ".join(f"{name or 'no slice'} {count}" for name, count in sorted(counts.items()))
        lines.append(f"{file}: {_counted(sum(counts.values()), 'case')}{f' ({said})' if len(counts) > 1 else ''}")
    compared = f", {_counted(looked.trained, 'training example')} compared with" if looked.trained else ""
    return [*lines, f"{_counted(len(looked.faults), 'error')} in {_counted(looked.cases, 'case')}{compared}"]


def _as_json(looked: LookedAt) -> dict[str, object]:
    return {
        "cases": looked.cases,
        "awaiting_review": looked.awaiting,
        "training_examples": looked.trained,
        "files": {
            file: {"cases": sum(counts.values()), "slices": dict(counts)} for file, counts in looked.slices.items()
        },
        "errors": [
            {"kind": item.kind, "where": item.where, "id": item.case_id, "what": item.what, "mend": item.mend}
            for item in looked.faults
        ],
        "notes": looked.notes,
    }


@golden.command()
@click.argument("files", type=_path, nargs=-1, required=True, metavar="FILE…")
@click.option("--origin", default="", metavar="TEXT", help="Where the cases come from; needed once.")
@click.option("--licence", metavar="TEXT", help="Under which licence they may be used.")
@click.option("--version", metavar="TEXT", help="Of the set, in words of yours.")
def pin(*, files: tuple[Path, ...], origin: str, licence: str | None, version: str | None) -> None:
    """Write what FILE holds into its manifest: cases, slices, digest. Review the change in git."""
    from sluicegate.session.golden_rows import pin as written

    for file in files:
        pinned = written(file, origin=origin, licence=licence, version=version)
        said = f"wrote {pinned.path}: {_counted(pinned.cases, 'case')}{_sliced(pinned.slices)}"
        click.echo(wrapped(printable(said)))


@golden.command()
@click.option("--of", "name", type=click.Choice(["case", "manifest"]), default="case", help="Of what.")
@click.option("-o", "--output", type=_path, help="File to write; standard output without it.")
def schema(*, name: str, output: Path | None) -> None:
    """The JSON Schema of a row of a set, or of manifests, for editors."""
    from sluicegate.pipelines.contracts import contract_schema

    made = contract_schema({"case": "case", "manifest": "golden_manifest"}[name])
    text = json.dumps(made, indent=2, ensure_ascii=False) + "\n"
    if output is None:
        click.echo(text, nl=False)
    else:
        write_out(output, text)
        click.echo(f"wrote {output}")


@golden.command(name="import")
@click.argument("tool", metavar="FROM")
@click.argument("file", type=_path, metavar="FILE")
@click.option("--to", type=_path, required=True, metavar="OUT", help="The golden set to write (JSONL).")
@format_option("text", "json")
def import_(*, tool: str, file: Path, to: Path, form: str) -> None:
    """Write FILE of another tool as a golden set: deepeval, promptfoo, ragas, inspect, pydantic-evals, langsmith.

    What has no words here is counted by kind and travels with its case, which then awaits review.
    """
    from sluicegate.session.golden_import import import_set

    made = import_set(tool, file, to)
    if form == "json":
        said = {
            "cases": made.cases,
            "mapped": dict(made.mapped),
            "unmapped": dict(made.unmapped),
            "checked_by": dict(made.checked_by),
            "nothing_to_check": made.unchecked,
            "awaiting_review": made.proposed,
        }
        click.echo(json.dumps(said, indent=2))
        return
    for line in _account(made):
        click.echo(wrapped(line))
    click.echo(wrapped(f"wrote {_counted(made.cases, 'case')}: {to}"))
    if made.pinned is not None:
        click.echo(wrapped(f"wrote {made.pinned.path}"))
    if made.proposed:
        say(f"next: sluicegate golden review {to}")


def _account(made: Imported) -> list[str]:
    """What was mapped, and what was not."""
    lines = []
    if made.mapped:
        lines.append(f"mapped: {_kinds(made.mapped)}")
    if made.unmapped:
        lines.append(f"not mapped, so not judged: {_kinds(made.unmapped)}")
    by = made.checked_by
    lines.append(
        f"{_counted(by['rules'], 'case')} with rules, {by['reference']} with a reference answer alone, "
        f"{by['nothing']} with nothing to check"
    )
    if made.unchecked:
        from sluicegate.checks.masking import masked

        named = ", ".join(masked(case_id) for case_id in made.unchecked[:10])
        lines.append(f"nothing to check: {named}{', …' if len(made.unchecked) > 10 else ''}")
    if made.proposed:
        lines.append(f"{_counted(made.proposed, 'case')} awaiting review, and counting for nothing until then")
    return lines


def _kinds(counts: Counter[str]) -> str:
    return ", ".join(f"{printable(kind)} {count}" for kind, count in sorted(counts.items()))


@golden.command()
@click.argument("run", type=_path, metavar="RUN|LEDGER|PLAN")
@click.option("--to", type=_path, metavar="FILE", help="The golden set they are proposed to.")
@click.option("--training", type=_path, metavar="FILE", help="The next training rows they are proposed to instead.")
@click.option("--golden", "sets", type=_path, multiple=True, metavar="PATH", help="Golden sets that no row may be of.")
@click.option("--stage", metavar="NAME", help="Of a PLAN: whose newest attempt is read.")
@click.option("--case", "only", multiple=True, metavar="ID", help="Only this failing case (repeatable).")
def add(
    *,
    run: Path,
    to: Path | None,
    training: Path | None,
    sets: tuple[Path, ...],
    stage: str | None,
    only: tuple[str, ...],
) -> None:
    """Propose the failing cases of a run (an attempt's folder, a ledger, a PLAN's newest attempt).

    With --to they become golden cases once somebody accepts them: sluicegate golden review. With --training they
    become rows of the next training set, but for those that are golden.
    """
    from sluicegate.session.golden_add import add_golden, add_training
    from sluicegate.session.golden_check import golden_of, set_beside
    from sluicegate.session.golden_failing import failing_cases, ledgers_of

    if (to is None) is (training is None):
        raise click.UsageError("Say where to: --to FILE (a golden set) or --training FILE (training rows).")
    if to is not None:
        failing = failing_cases(ledgers_of(run, stage))
        beside = set_beside(run, to) if run.suffix in _PLANS else []
        _say_added(add_golden(failing, to, beside=beside, only=only), len(failing), to)
        return
    assert training is not None  # noqa: S101 - one of the two is given
    named = [*sets, *([run] if run.suffix in _PLANS else [])]
    if not named:
        raise click.UsageError("Name the golden sets, so that none of their cases is trained on: --golden PATH.")
    failing = failing_cases(ledgers_of(run, stage))
    _say_added(add_training(failing, training, golden_of(named), only=only), len(failing), training)


def _say_added(added: Added, failing: int, to: Path) -> None:
    made = f", {len(added.made)} made by suites" if added.made else ""
    click.echo(f"{_counted(failing, 'failing case')}: {len(added.added)} added, {len(added.known)} there already{made}")
    if added.made:
        said = ", ".join(printable(case_id) for case_id in added.made[:5])
        click.echo(wrapped(f"left out: {said}{', …' if len(added.made) > 5 else ''}; --case ID takes one all the same"))
    for why in added.refused:
        click.echo(wrapped(f"refused: {printable(why)}"))
    if added.unanswered:
        said = ", ".join(printable(case_id) for case_id in added.unanswered[:10])
        click.echo(wrapped(f"without a right answer yet: {said}{', …' if len(added.unanswered) > 10 else ''}"))
    if not added.added:
        return
    click.echo(wrapped(f"wrote {to}"))
    if added.pinned is not None:
        click.echo(wrapped(f"wrote {added.pinned.path}"))
    say(f"next: sluicegate golden review {to}")


@golden.command()
@click.argument("file", type=_path, metavar="FILE")
@click.option("--accept", multiple=True, metavar="ID", help="It is right: from now on it counts.")
@click.option("--reject", multiple=True, metavar="ID", help="Take it out.")
@click.option("--all", "everything", is_flag=True, help="Accept all that await review.")
@click.option("--by", default="", metavar="NAME", help="Who has looked.")
@now_option
def review(
    *,
    file: Path,
    accept: tuple[str, ...],
    reject: tuple[str, ...],
    everything: bool,
    by: str,
    now: datetime | None,
) -> None:
    """Show the cases of FILE that await review; with --accept or --reject, note what somebody found."""
    from sluicegate.checks.masking import masked
    from sluicegate.model import canonical
    from sluicegate.session.golden_rows import awaiting
    from sluicegate.session.golden_rows import review as noted
    from sluicegate.sets.sameness import arrives

    waiting = awaiting(file)
    if everything:
        accept = tuple(case.id for case in waiting if case.id not in reject)
    if not (accept or reject):
        for case in waiting:
            said = ", ".join(
                f"{key} {masked(str(value), 60)}" for key, value in case.provenance.items() if key != "row"
            )
            click.echo(wrapped(f"{masked(case.id)}  {masked(canonical(arrives(case)).decode(), 120)}"))
            click.echo(wrapped(f"  {said or 'no provenance'}"))
        click.echo(f"{_counted(len(waiting), 'case')} awaiting review")
        return
    if not by.strip():
        raise click.UsageError("A review has somebody who made it: --by NAME.")
    pinned = noted(file, accept=accept, reject=reject, by=by, now=now)
    click.echo(
        f"{len(accept)} accepted, {len(reject)} rejected, {len(waiting) - len({*accept, *reject})} still awaiting"
    )
    if pinned is not None:
        click.echo(wrapped(f"wrote {pinned.path}"))
    say("next: sluicegate plan lock PLAN, where a plan reads the file")


def _sliced(slices: dict[str, int]) -> str:
    return f" ({', '.join(f'{name} {count}' for name, count in slices.items())})" if slices else ""


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
