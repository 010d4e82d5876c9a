"""What to do next as a command that can be typed: with its plan and stage, and with what it has to reach."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import unquote, urlsplit

from sluicegate.checks import CHECKS
from sluicegate.errors import printable
from sluicegate.gate.validity import Question, Run
from sluicegate.gate.wording import count_of
from sluicegate.model import CriterionResult, Decision, Finding, Kind, NotMeasured, Origin, Reason, Witness
from sluicegate.plan.types import CommandTarget, HttpTarget, MetricKind, Scale

__all__ = [
    "aside_said",
    "case_command",
    "gate_command",
    "pytest_command",
    "recording_command",
    "rollback_said",
    "test_command",
    "typed",
    "typed_result",
    "unreached_said",
]

_LOAD, _LOCK = "sluicegate load", "sluicegate plan lock"
_ROWS = (3, 6, 7, 9, 10)
"""Rows that a pipeline which nobody reached can ask for."""


def gate_command(question: Question) -> str:
    """The command that judges this stage again."""
    return printable(shlex.join(question.rerun[:-1]))


def pytest_command(question: Question) -> str:
    """The command that runs every required test."""
    words = ["pytest", "--sluicegate-plan", str(question.plan.path), "--sluicegate-stage", question.stage.name]
    words += [word.replace("--evidence", "--sluicegate-evidence", 1) for word in question.kept[:1]]
    return printable(shlex.join([*words, *question.kept[1:]]))


def test_command(question: Question, name: str) -> str:
    """The command that runs one required test by its id, from the plan's folder."""
    return printable(f"{pytest_command(question)} {shlex.quote(unquote(name))}")


def case_command(question: Question, finding: Finding) -> str:
    """The command that runs the finding's case alone: pytest's, where only pytest runs the check that found it.

    Where the stage runs none but under load, the load.
    """
    case_id = printable(finding.case_id)
    if not _runs_cases(question):
        return load_command(question, "")
    if question.rerun[1:2] == ("demo",) or not _is_of_pytest(question, finding):
        return shlex.join([*question.rerun, case_id])
    return f"{pytest_command(question)} --sluicegate-case {shlex.quote(case_id)}"


def _runs_cases(question: Question) -> bool:
    stage = question.stage
    origins = {origin for criterion in stage.criteria for origin in criterion.origins}
    return bool(stage.requires.suites or stage.requires.tests or not origins <= {Origin.LOAD, Origin.LIVE})


def _is_of_pytest(question: Question, finding: Finding) -> bool:
    """Whether a check of the user's own found it, or it counts against a metric that reads one."""
    metrics = {item.metric.name: item.metric for item in question.stage.criteria}
    if (metric := metrics.get(finding.check)) is not None:
        return metric.check is not None and metric.check not in CHECKS
    return finding.witness is Witness.SELF_REPORTED and finding.check not in CHECKS


def recording_command(question: Question, what: str, options: str) -> str:
    """`sluicegate record WHAT PLAN OPTIONS`, where this evidence is kept."""
    kept = f" {shlex.join(question.kept)}" if question.kept else ""
    return printable(f"sluicegate record {what} {_plan(question)}{kept} {options}")


def load_command(question: Question, options: str) -> str:
    """`sluicegate load PLAN --stage STAGE OPTIONS`, where this evidence is kept."""
    kept = f" {shlex.join(question.kept)}" if question.kept else ""
    return printable(f"{_LOAD} {_plan(question)} --stage {shlex.quote(question.stage.name)}{kept}{options}")


def typed(reason: Reason, question: Question) -> Reason:
    """The reason, with whatever its command lacks."""
    return replace(reason, mend=_typed(reason.mend, reason.about, question))


def typed_result(result: CriterionResult, question: Question) -> CriterionResult:
    """The same for what would change a criterion's answer."""
    measured = result.measured
    if isinstance(measured, NotMeasured):
        measured = replace(measured, mend=_typed(measured.mend, result.metric, question))
    return replace(result, measured=measured, flip=_typed(result.flip, result.metric, question))


def rollback_said(reason: Reason, question: Question) -> Reason:
    """Of the reason that rolls a stage back: take it back first, and say so; what mends it comes after.

    Any other reason, and that of a demonstration, which serves nobody, is as it was.
    """
    if reason.kind.decision is not Decision.ROLLBACK or question.rerun[1:2] == ("demo",):
        return reason
    how = "with the plan's rollback steps" if question.stage.rollback.steps else "the way it went in"
    after = f" Then, for the next subject: {reason.mend.rstrip('.')}." if reason.mend else ""
    command = recording_command(question, "rollback", f"--stage {shlex.quote(question.stage.name)} --by NAME")
    mend = f"Take stage {question.stage.name} back now, {how}.{after} When it is back, run: {command}"
    return replace(reason, mend=printable(mend))


def aside_said(question: Question) -> Reason:
    """Single cases were run and kept apart: what the stage's own attempts found of the subject was not looked at."""
    text = "these cases were run by themselves: what else this stage has seen of the subject is not among them."
    mend = f"Run: {gate_command(question)}"
    return Reason(kind=Kind.HOLD_INCOMPLETE, about="cases", text=text, mend=mend)


def unreached_said(runs: Sequence[Run], kind: Kind, question: Question) -> Reason | None:
    """Most calls of the newest attempt found nobody: before anything is mended, the pipeline has to be there."""
    ours = [run for run in runs if run.ours_fixed and run.started is not None]
    newest = max((run.started.attempt for run in ours if run.started is not None), default=0)
    ours = [run for run in ours if run.started is not None and run.started.attempt == newest]
    missed, asked = sum(run.unreached for run in ours), sum(run.asked for run in ours)
    wanted = _wanted(question)
    if wanted is None or 2 * missed <= asked or kind.decision is not Decision.HOLD or kind.row not in _ROWS:
        return None
    about, asks = wanted
    text = f"{missed:,} of {count_of(asked, 'trial')} found nobody at {about}."
    mend = (
        f"{asks} What was missed counts against this subject, so give the plan's subject a new literal part, as in "
        f"release: '2'. Then run {_LOCK} {_plan(question)}, and run: {gate_command(question)}"
    )
    return Reason(kind=kind, about="pipeline", text=printable(text), mend=printable(mend))


def _wanted(question: Question) -> tuple[str, str] | None:
    """What should have answered, and the question to ask about it."""
    target = question.plan.pipeline.target
    if isinstance(target, HttpTarget):
        parts = urlsplit(target.url)
        address = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        return address, f"Does the server run at {address}? Start it."
    if isinstance(target, CommandTarget):
        command = shlex.join(target.argv)
        return f"the command {command}", f"Does {command} start by hand? Its last words are with the findings. Mend it."
    return None


def _typed(mend: str, about: str, question: Question) -> str:
    """A mend that ends with a command, and with that command as it is typed here; any other as it was."""
    told, found, said = mend.rpartition("sluicegate ")
    command, dashes, options = said.partition(" --")
    stage = options.removeprefix("stage ") or question.stage.name
    match command:
        case "plan lock":
            here = f"{_LOCK} {_plan(question)}"
        case "gate":
            here = _judging(question, stage) if dashes else gate_command(question)
        case "record measurements":
            here = recording_command(question, "measurements", _measured(about, question, stage))
        case "record baseline":
            here = recording_command(question, "baseline", "RUN")
        case "load":
            here = load_command(question, dashes + options)
        case _:
            return mend
    return f"{told}{here}" if found else mend


def _judging(question: Question, stage: str) -> str:
    words = ["sluicegate", "gate", str(question.plan.path), "--stage", stage, *question.kept]
    return printable(shlex.join(words))


def _measured(name: str, question: Question, stage: str) -> str:
    """The options that hand measurements of a metric over, as its criterion asks for them; `…` is to be filled in."""
    criterion = next((item for item in question.stage.criteria if item.metric.name == name), None)
    words = ["--metric", shlex.quote(name), "--file …", "--column at=…"]
    if criterion is not None:
        kind = criterion.metric.kind
        words += [f"--column {role}=…" for role in _COLUMNS.get(kind, ("passed",))]
        if criterion.slices is not None or kind is MetricKind.SPLIT:
            words.append("--column slice=…")
        if "value" in _COLUMNS.get(kind, ()) and criterion.metric.scale in (Scale.MS, Scale.MICROUSD):
            words.append("--unit …")
        if criterion.origins == (Origin.LOAD,):
            words.append("--from load")
    return " ".join((*words, "--stage", shlex.quote(stage)))


_COLUMNS = {
    MetricKind.DISTRIBUTION: ("value",),
    MetricKind.CONTROLLED: ("value",),
    MetricKind.INCIDENTS: ("k", "n"),
    MetricKind.SPLIT: ("k", "n"),
}
"""What a row says of a unit, by kind; of any other, whether it passed."""


def _plan(question: Question) -> str:
    return printable(shlex.quote(str(question.plan.path)))
