"""What a plan speaks of that is not there yet: said before a rollout, as far as it can be known without running it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from sluicegate.checks.measures import admitted
from sluicegate.errors import InputError, printable
from sluicegate.gate.linter import Note
from sluicegate.gate.wording import count_of
from sluicegate.model import Provenance
from sluicegate.plan.types import CallableTarget, CommandTarget, HttpTarget, Plan, RecordingTarget, Stage
from sluicegate.session.contracts import unchecked_keywords
from sluicegate.session.stage_cases import GOLDEN, PLAIN, StageCases, case_files
from sluicegate.session.workspace import PlanError, Workspace
from sluicegate.sources.subject import imports_part

__all__ = ["beyond_recording", "surroundings"]


def surroundings(workspace: Workspace) -> Iterator[Note]:
    """Notes on the pipeline's module or program, recordings, case files no stage reads yet, the lock and the subject.

    Nothing is imported and nothing is run, so what another environment may hold is a note and no error.
    """
    plan, base = workspace.plan, workspace.base
    if plan.pipeline.retries and not isinstance(plan.pipeline.target, HttpTarget):
        yield _note(plan, "pipeline", "retries has no effect: only an http pipeline is called again.")
    if isinstance(plan.pipeline.target, HttpTarget) and plan.subject.by_word:
        text = (
            "what serves behind the address cannot be seen from here, and the subject names it in words: change a word "
            "with every release, or older evidence is taken for the new build."
        )
        yield _note(plan, "subject", text)
    if unnamed := sorted(workspace.unnamed):
        names = f"{', '.join(unnamed[:5])}{f' and {len(unnamed) - 5} more' if len(unnamed) > 5 else ''}"
        text = (
            f"names no part that holds {names}, which the pipeline runs: followed, as the part "
            f"'{imports_part(plan.subject)}'. What is imported by made-up names, and what is read, is not: name it."
        )
        yield _note(plan, "subject", text)
    if plan.mail is not None and isinstance(plan.pipeline.target, HttpTarget) and not _knows_sink(plan.pipeline.target):
        text = "the service is not told where the mail sink stands: write ${endpoint.SLUICEGATE_SMTP} into the request."
        yield _note(plan, "mail", text)
    for name, places in unchecked_keywords(plan, base).items():
        said = f"{name}: {', '.join(places[:5])}{', …' if len(places) > 5 else ''}"
        yield _note(plan, "schemas", f"{said}: no keyword of JSON Schema, so it checks nothing; x- marks one as yours.")
    missing = {
        "pipeline": _pipeline(plan, base),
        "cases": _unmatched(plan.cases, base),
        "golden": _unmatched(plan.golden, base),
    }
    for about, text in missing.items():
        if text:
            yield _note(plan, about, text)
    try:
        _ = workspace.lock
    except PlanError as error:
        fault = error.faults[0]
        yield Note(line=1, about="lock", text=printable(f"{fault.what} Until then gate exits with 40. {fault.mend}"))
    try:
        _ = workspace.subject
    except InputError as error:
        yield _note(plan, "subject", f"{error.faults[0].what} {error.faults[0].mend}".rstrip())


def beyond_recording(plan: Plan, stage: Stage, cases: StageCases) -> Iterator[Note]:
    """What no recording answers: cases that the stage's suites make, and what an answer costs or takes now."""
    if not isinstance(plan.pipeline.target, RecordingTarget):
        return
    own = {case.id for suite in (PLAIN, GOLDEN) for case in cases.by_suite.get(suite, ())}
    for suite, asked in cases.by_suite.items():
        if made := [case.id for case in asked if case.id not in own]:
            text = (
                f"suite {suite} makes {count_of(len(made), 'case')} of yours ({made[0]} …), which a recording has no "
                "rows for: the stage will hold as incomplete. Gate the live pipeline, or leave the suite out."
            )
            yield Note(line=stage.line, about=suite, text=printable(text))
    for criterion in stage.criteria:
        pinned = any(not origin.grows for origin in criterion.origins)
        if pinned and not admitted(criterion.metric, criterion.admits, Provenance.REPLAYED):
            text = "a recorded answer is no evidence of it: it will hold, unless the criterion says admits: [replayed]."
            yield Note(line=criterion.line, about=criterion.metric.name, text=text)


def _knows_sink(target: HttpTarget) -> bool:
    return "endpoint.SLUICEGATE_SMTP" in f"{target.url} {target.request} {target.headers}"


def _pipeline(plan: Plan, base: Path) -> str:
    """What is wrong with the target, as seen from here; empty when nothing is."""
    target = plan.pipeline.target
    match target:
        case CallableTarget():
            module = target.target.partition(":")[0]
            if not _has_module(module, base):
                return f"there is no module '{module}' in {base} or installed here; gate will need it."
        case CommandTarget():
            folder = base / target.cwd if target.cwd else base
            program, path = target.argv[0], plan.pipeline.environment.get("PATH")
            if not ((folder / program).is_file() or shutil.which(program, path=path)):
                return f"there is no program '{program}' in {folder} or on the path; gate will need it."
        case RecordingTarget():
            if unmatched := [pattern for pattern in target.paths if not any(base.glob(pattern))]:
                return f"no recording matches {', '.join(unmatched)} in {base}; gate will need it."
        case _:
            pass  # an endpoint is there when it is there
    return ""


def _has_module(name: str, base: Path) -> bool:
    """Beside the plan by its file, else installed by its first name: looking further would run its package."""
    *parents, last = name.split(".")
    for folder in (base, base / "src"):
        place = folder.joinpath(*parents)
        if (place / f"{last}.py").is_file() or (place / last).is_dir() or any(place.glob(f"{last}.*.so")):
            return True
    first = parents[0] if parents else last
    if (base / first).is_dir() or (base / f"{first}.py").is_file():
        return False
    try:
        return find_spec(first) is not None
    except (ImportError, ValueError):
        return False


def _unmatched(patterns: tuple[str, ...], base: Path) -> str:
    try:
        case_files(patterns, base)
    except InputError as error:
        return " ".join(fault.what for fault in error.faults)
    return ""


def _note(plan: Plan, about: str, text: str) -> Note:
    return Note(line=_line_of(plan.path, about), about=about, text=printable(text))


def _line_of(path: Path, key: str) -> int:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeError):
        return 1
    return next((number for number, line in enumerate(lines, start=1) if line.startswith(f"{key}:")), 1)
