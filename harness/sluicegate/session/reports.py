"""A verdict in every form a user reads, and the cases behind it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from sluicegate.errors import Fault, InputError
from sluicegate.ledger import Checked, entry, read_ledger
from sluicegate.model import Verdict
from sluicegate.model.verdict_json import read_verdict, verdict_json
from sluicegate.plan.types import Stage
from sluicegate.report.html import render_html
from sluicegate.report.junit import JUnitCase, render_junit
from sluicegate.report.markdown import render_markdown
from sluicegate.report.terminal import render_terminal
from sluicegate.session.tallies import SeenIds
from sluicegate.session.workspace import Workspace

__all__ = ["redrawn", "rendered", "shown_verdict"]


def rendered(verdict: Verdict, workspace: Workspace, stage: Stage) -> dict[str, bytes]:
    """Every report by the name of its file."""
    return {
        "report.html": render_html(verdict).encode(),
        "report.md": render_markdown(verdict).encode(),
        "junit.xml": b"".join(render_junit(verdict, _cases(_attempt_ledgers(workspace, stage)))),
    }


def shown_verdict(
    judged: object, workspace: Workspace, stage: Stage, form: str, *, width: int, colour: bool, ascii_only: bool
) -> str:
    """The verdict as a door prints it."""
    from sluicegate.session.judge import Judged

    assert isinstance(judged, Judged)  # noqa: S101 - imported here, since judge writes these reports
    if form == "text" or judged.unwritten:
        named = {"report": "report.html", "verdict": "verdict.json"}
        paths = {name: _near(judged.written[file]) for name, file in named.items() if file in judged.written}
        return render_terminal(judged.verdict, width=width, colour=colour, ascii_only=ascii_only, paths=paths)
    name = {"json": "verdict.json", "markdown": "report.md", "junit": "junit.xml"}[form]
    return judged.written[name].read_text(encoding="utf-8")


def redrawn(path: Path, form: str, *, width: int, colour: bool, ascii_only: bool) -> str:
    """A verdict file drawn again. Raises InputError when it is none."""
    try:
        verdict = read_verdict(path.read_bytes(), str(path))
    except OSError as error:
        mend = "Give the verdict.json that gate or judge wrote."
        raise InputError(Fault(where=str(path), what=f"cannot be read: {error.strerror}.", mend=mend)) from None
    match form:
        case "json":
            return verdict_json(verdict).decode()
        case "markdown":
            return render_markdown(verdict)
        case "html":
            return render_html(verdict)
        case "junit":
            return b"".join(render_junit(verdict, _cases(sorted(path.parent.glob("ledger-*.jsonl"))))).decode()
        case _:
            return render_terminal(verdict, width=width, colour=colour, ascii_only=ascii_only)


def _attempt_ledgers(workspace: Workspace, stage: Stage) -> list[Path]:
    attempts = workspace.attempts(stage.name)
    return attempts[-1].ledgers if attempts else []


def _cases(ledgers: Iterable[Path]) -> Iterator[JUnitCase]:
    """Every check of every trial, as the newest ledger that has it says: a later one may have checked it again."""
    paths = list(ledgers)
    told = SeenIds()
    for path in reversed(paths):
        for record in read_ledger(path):
            if record.kind != Checked.KIND:
                continue
            checked = entry(record, str(path))
            assert isinstance(checked, Checked)  # noqa: S101 - the kind was looked at
            case_id = f"{checked.case_id} (repeat {checked.repeat})" if checked.repeat else checked.case_id
            for name, result in checked.results.items():
                if len(paths) > 1 and not told.add(f"{name}\0{case_id}"):
                    continue
                found = [item for item in checked.findings if item.check == name]
                suite = name.partition(".")[0]
                yield JUnitCase(suite=suite, check=name, case_id=case_id, result=result, findings=found)


def _near(path: Path) -> str:
    """Relative to where the user stands, when that is shorter."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
