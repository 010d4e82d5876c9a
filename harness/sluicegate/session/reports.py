"""A verdict in every form a user reads, and the cases behind it."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path

from sluicegate.model import Decision, Verdict
from sluicegate.model.verdict_json import read_verdict, verdict_json
from sluicegate.plan.textfile import read_bytes
from sluicegate.plan.types import Stage
from sluicegate.report.html import render_html
from sluicegate.report.junit import render_junit
from sluicegate.report.markdown import render_markdown
from sluicegate.report.terminal import render_terminal
from sluicegate.session.case_report import CaseReport
from sluicegate.session.judged import Judged
from sluicegate.session.verify import MAX_VERDICT_BYTES, VERDICT_MEND
from sluicegate.session.workspace import EVIDENCE_FOLDER, Workspace

__all__ = ["redrawn", "rendered", "shown_verdict"]


def rendered(verdict: Verdict, cases: CaseReport) -> dict[str, Iterable[bytes]]:
    """Every report by the name of its file, in pieces."""
    return {
        "report.html": [render_html(verdict).encode()],
        "report.md": [render_markdown(verdict).encode()],
        "junit.xml": render_junit(verdict, cases.cases()),
    }


def shown_verdict(
    judged: Judged, workspace: Workspace, stage: Stage, form: str, *, width: int, colour: bool, ascii_only: bool
) -> str:
    """The verdict as a door prints it."""
    if form == "json":
        return judged.raw.decode()
    if form == "text" or judged.unwritten:
        named = {"report": "report.html", "verdict": "verdict.json"}
        paths = {name: _near(judged.written[file]) for name, file in named.items() if file in judged.written}
        # Where single cases were looked at, the stage's own verdict is the newest still.
        label, own = ("newest", workspace) if workspace.beside is None else ("unchanged", workspace.beside)
        newest = own.evidence / stage.name / "verdict.json"
        if "verdict" in paths and newest.exists():
            paths[label] = _near(newest)
        then = _then(judged.verdict, workspace, paths.get("newest") or paths.get("verdict"))
        return render_terminal(
            judged.verdict,
            width=width,
            colour=colour,
            ascii_only=ascii_only,
            paths=paths,
            then=then,
            aside=workspace.beside is not None,
        )
    name = {"markdown": "report.md", "junit": "junit.xml"}[form]
    return judged.written[name].read_text(encoding="utf-8")


def redrawn(path: Path, form: str, *, width: int, colour: bool, ascii_only: bool) -> str:
    """A verdict file drawn again. Raises InputError when it is none."""
    raw = read_bytes(path, "a verdict", limit=MAX_VERDICT_BYTES, siblings="*.json", mend=VERDICT_MEND)
    verdict = read_verdict(raw, str(path))
    match form:
        case "json":
            return verdict_json(verdict).decode()
        case "markdown":
            return render_markdown(verdict)
        case "html":
            return render_html(verdict)
        case "junit":
            ledgers = sorted(path.parent.glob("ledger-*.jsonl"))
            return b"".join(render_junit(verdict, CaseReport(ledgers).cases())).decode()
        case _:
            return render_terminal(verdict, width=width, colour=colour, ascii_only=ascii_only)


def _then(verdict: Verdict, workspace: Workspace, file: str | None) -> list[list[str]]:
    """What follows a promote, as it can be typed; nothing for a demonstration, which has nowhere to go."""
    if verdict.decision is not Decision.PROMOTE or verdict.to_stage is None or file is None or workspace.rerun:
        return []
    plan, stage = shlex.quote(_near(workspace.plan.path)), shlex.quote(verdict.to_stage)
    usual = workspace.evidence.resolve() == workspace.base / EVIDENCE_FOLDER
    elsewhere = [] if usual else ["--evidence", shlex.quote(_near(workspace.evidence))]
    subject = " ".join(["sluicegate subject", plan, *elsewhere])
    step = ["--from", shlex.quote(verdict.from_stage), "--to", stage]
    verify = ["sluicegate", "verify", shlex.quote(file), "--plan", plan, *step, "--subject", f'"$({subject})"']
    entry = ["sluicegate", "record", "entry", plan, "--stage", stage]
    return [[*verify, *elsewhere], *([[*entry, *elsewhere]] if workspace.plan.state is not None else [])]


def _near(path: Path) -> str:
    """Relative to where the user stands, when that is shorter."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
