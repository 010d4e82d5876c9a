"""What the state file says: when a stage was entered, which lines were crossed, what waits for a human."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import TypeGuard

from sluicegate.errors import printable
from sluicegate.gate.commands import recording_command
from sluicegate.gate.validity import SKEW, Question
from sluicegate.ledger.state import Acknowledged, Entered, RolledBack, StateView, VerdictGiven
from sluicegate.model import Decision, Kind, Reason, parse_time, rfc3339, to_micros
from sluicegate.plan.types import CallableTarget, CommandTarget, Stage

__all__ = ["entered_at", "entry_notes", "new_subject", "remembered", "state_said", "taken_back", "unpromoted"]

_NO_END = 1 << 62


def entered_at(
    state: StateView | None, stage: Stage, subject: str, *, now: datetime, last: bool = False
) -> datetime | None:
    """When this subject entered this stage. The first entry: entering again sheds no evidence; `last` for bake time.

    An entry stamped later than now is a wrong clock's; it counts only where there is no other.
    """
    if state is None:
        return None
    stamps = [item.at for item in state.entries if item.stage == stage.name and item.subject == subject]
    times = [parse_time(stamp) for stamp in stamps]
    times = [at for at in times if at <= now + SKEW] or times
    return times[-1 if last else 0] if times else None


def remembered(question: Question, state: StateView | None) -> tuple[Question, str]:
    """The question at the time and with the entry that the state file knows of, and what is wrong with that file."""
    now, asked_at = question.now, None
    if state is not None and state.latest is not None and now < state.latest:
        # An old clock would make stale evidence fresh, and hide what was measured since: it can only hold.
        asked_at = now if now < state.latest - SKEW else None
        now = state.latest
    question = replace(question, now=now, asked_at=asked_at)
    try:
        entry = entered_at(state, question.stage, question.subject, now=now)
        stays = {} if state is None else _stays(state)
    except ValueError as error:
        return question, f"a time in the state file cannot be read ({error})"
    return replace(question, entered_at=entry, stays=stays), ""


def _stays(state: StateView) -> dict[tuple[str, str], tuple[tuple[int, int], ...]]:
    """When each subject stood at each stage: from its entry until it entered another one or was rolled back."""
    found: dict[tuple[str, str], tuple[tuple[int, int], ...]] = {}
    since: dict[str, tuple[str, int]] = {}
    for event in state.events:
        if not isinstance(event, Entered | RolledBack):
            continue
        at, (stage, begun) = to_micros(parse_time(event.at)), since.get(event.subject, ("", 0))
        if isinstance(event, Entered) and event.stage == stage:
            continue
        if stage:
            found[stage, event.subject] = (*found.get((stage, event.subject), ()), (begun, at))
        since[event.subject] = (event.stage, at) if isinstance(event, Entered) else ("", at)
    for subject, (stage, begun) in since.items():
        if stage:
            found[stage, subject] = (*found.get((stage, subject), ()), (begun, _NO_END))
    return found


def state_said(state: StateView | None, question: Question, *, first: bool) -> Iterator[Reason]:
    """A rollout under way is judged with its memory or not at all; a line once crossed stays crossed."""
    needed = not first or question.stage.exposure.live
    stage = question.stage
    if state is None or state.missing:
        if needed:
            text = "there is no state file, so nothing says when this stage was entered, and with what."
            yield _no_state(text, _to_have_state(state, question, first=first))
        elif state is not None and state.broken is not None:
            yield _no_state(state.broken.what, state.broken.mend)
        return
    if state.broken is not None:
        yield _no_state(f"the state file is damaged: {state.broken}", "Restore the untouched file.")
    if state.backwards is not None:
        what = f"the times in the state file go backwards: {state.backwards.what}"
        yield _no_state(what, state.backwards.mend)
    if question.asked_at is not None and state.latest is not None:
        asked, last = rfc3339(question.asked_at), rfc3339(state.latest)
        text = f"the clock is behind: judged as of {asked}, and the last record of the state file is of {last}."
        yield _no_state(text, "Leave --now out, or set the clock right.")
    if needed and question.entered_at is None:
        others = sorted({item.subject[:12] for item in state.entries if item.stage == stage.name})
        said = f"with {', '.join(others)}, not with this subject" if others else "by no subject"
        mend = _to_enter(state, question) if state is not None else ""
        yield _no_state(f"stage '{stage.name}' was entered {said}.", mend)
    elif (back := _stepped_back(state, question)) is not None:
        text = f"the rollout went back to '{back.stage}' at {back.at}, and has not entered '{stage.name}' again."
        mend = f"Lead this subject through the stages, from '{back.stage}'. Run: {_gate(question, back.stage)}"
        yield _no_state(text, mend)
    elif needed and (other := _overtaken(state, question)) is not None:
        who = f"another subject, {other.subject[:12]}, entered '{other.stage}' at {other.at}"
        text = f"{who}: what served since is not known."
        entry = recording_command(question, "entry", f"--stage {shlex.quote(stage.name)} --override …")
        mend = f"Lead this subject through the stages again; or, where it serves, say why. Run: {entry}"
        yield _no_state(text, mend)
    yield from _crossed(state, question)
    yield from _unacknowledged(state, question)


def _stepped_back(state: StateView, question: Question) -> Entered | None:
    """The last entry of this subject, where it is one of an earlier stage: nothing bakes at a stage that was left."""
    stages = [stage.name for stage in question.plan.stages]
    before = stages[: stages.index(question.stage.name)]
    last = next((item for item in reversed(state.entries) if item.subject == question.subject), None)
    return last if last is not None and last.stage in before else None


def _overtaken(state: StateView, question: Question) -> Entered | None:
    """The last entry, where it is another subject's: a rollout has one build on its way."""
    last = state.entries[-1] if state.entries else None
    return last if last is not None and last.subject != question.subject else None


def _to_enter(state: StateView, question: Question) -> str:
    """How this subject comes to the stage: by the step before it, where no promote or entry has let it through."""
    stages = [stage.name for stage in question.plan.stages]
    here = stages.index(question.stage.name)
    subject = question.subject
    promoted = {event.to_stage for event in state.verdicts if (event.decision, event.subject) == ("promote", subject)}
    let_in = {event.stage for event in state.entries if event.subject == subject} | promoted
    unmet = [name for name in stages[1 : here + 1] if name not in let_in]
    if not state.verdicts or not unmet:
        return f"Run: {recording_command(question, 'entry', f'--stage {question.stage.name}')}"
    before = stages[stages.index(unmet[0]) - 1]
    return f"Lead this subject through the stages, from '{before}'. Run: {_gate(question, before)}"


def _to_have_state(state: StateView | None, question: Question, *, first: bool) -> str:
    """A state file that was there is in its protected place; one that never was begins with the first stage."""
    if state is None:
        return "Name one in the plan: state: rollout/state.jsonl."
    entry = recording_command(question, "entry", f"--stage {shlex.quote(question.stage.name)}")
    begin = entry if first else _gate(question, question.plan.stages[0].name)
    return f"Restore it from its protected place; or, where this rollout has not begun yet, begin with: {begin}"


def _gate(question: Question, stage: str) -> str:
    """The command that gates another stage of this plan."""
    return printable(shlex.join(["sluicegate", "gate", str(question.plan.path), "--stage", stage, *question.kept]))


def unpromoted(state: StateView, stage: str, subject: str) -> Entered | None:
    """The first entry of this stage with this subject, where no promote into it is recorded before."""
    for event in state.events:
        match event:
            case VerdictGiven() if (event.to_stage, event.subject) == (stage, subject):
                if event.decision == Decision.PROMOTE:
                    return None
            case Entered() if (event.stage, event.subject) == (stage, subject):
                return event
    return None


def entry_notes(state: StateView | None, question: Question, *, first: bool) -> Iterator[str]:
    """What the verdict says of an entry that rests on somebody's word alone."""
    if state is None:
        return
    stage, subject = question.stage.name, question.subject
    if not first and unpromoted(state, stage, subject) is not None:
        yield f"stage '{stage}' was entered by word of the operator: no promote into it is recorded"
    for item in state.entries:
        if (item.stage, item.subject) == (stage, subject) and item.written is not None:
            yield printable(f"the entry of stage '{stage}' at {item.at} was recorded later, at {item.written}")


def _crossed(state: StateView, question: Question) -> Iterator[Reason]:
    """Each kind of line this subject has crossed, once: what came first must not hide what is worse."""
    told: set[Kind] = set()
    for item in state.verdicts:
        kind = _kind(item.kind)
        if (
            item.subject != question.subject
            or kind in told
            or (kind.row > 2 and kind.decision is not Decision.ROLLBACK)
        ):
            continue
        told.add(kind)
        attempt = _attempt_of(state, item)
        judged = f"this subject was judged {item.kind} at {item.at}, leaving '{item.from_stage}'{attempt}"
        text = f"{judged}: a line once crossed stays crossed."
        yield Reason(kind=_as_seen(kind, question), about="state", text=text, mend=new_subject(question))
    if any(kind.decision is Decision.ROLLBACK for kind in told):
        return
    for back in state.rollbacks:
        if back.subject == question.subject:
            text = f"this subject was rolled back from '{back.stage}' at {back.at} by {back.by}."
            kind = _as_seen(Kind.ROLLBACK_THRESHOLD, question)
            yield Reason(kind=kind, about="state", text=text, mend=new_subject(question))
            return


def new_subject(question: Question) -> str:
    """What helps where a subject stays held by what it did before, and what makes a new one of it."""
    subject, target = question.plan.subject, question.plan.pipeline.target
    literal = "a new literal part in the plan's subject, as in release: '2'"
    if subject.git:
        makes = "a commit makes one"
    elif subject.files or isinstance(target, CallableTarget | CommandTarget):
        makes = "an edit of the pipeline's files makes one"
    elif subject.services or subject.commands:
        makes = "a deployment that says another version makes one"
    else:
        return f"Mend the cause and serve a new subject: {literal}, makes one."
    return f"Mend the cause and serve a new subject: {makes}; where only the environment was at fault, {literal}."


def taken_back(state: StateView, stage: str, subject: str) -> RolledBack | None:
    """The rollback of this stage and subject, where it was not entered again since."""
    for event in reversed(state.events):
        if isinstance(event, (Entered, RolledBack)) and (event.stage, event.subject) == (stage, subject):
            return event if isinstance(event, RolledBack) else None
    return None


def _attempt_of(state: StateView, verdict: VerdictGiven) -> str:
    """`, in attempt 2`: the newest attempt noted before the verdict."""
    here = (verdict.from_stage, verdict.subject)
    made = [item for item in state.attempts if (item.stage, item.subject) == here and item.at <= verdict.at]
    return f", in attempt {made[-1].attempt}" if made else ""


def _as_seen(kind: Kind, question: Question) -> Kind:
    """Only a stage nobody sees has nothing to roll back."""
    if question.stage.exposure.live:
        return kind
    held = {
        Kind.ROLLBACK_INCIDENT: Kind.HOLD_INCIDENT,
        Kind.ROLLBACK_THRESHOLD: Kind.HOLD_THRESHOLD,
        Kind.ROLLBACK_FAILED: Kind.HOLD_FAILED,
    }
    return held.get(kind, kind)


def _kind(said: str) -> Kind:
    try:
        return Kind(said)
    except ValueError:
        return Kind.ROLLBACK_THRESHOLD if said.startswith("rollback") else Kind.PROMOTE


def _unacknowledged(state: StateView, question: Question) -> Iterator[Reason]:
    """After a rollback the next subject waits until somebody says that they saw it.

    Said while this subject serves, or the one that was rolled back, it is seen; for a third one it lets only that one
    try. The same rollback, judged again, asks nobody again; one after the subject was let in once more does.
    """
    waiting: dict[str, str] = {}
    elsewhere: dict[str, str] = {}
    told: set[str] = set()
    for event in state.events:
        if isinstance(event, Entered):
            told.discard(event.subject)
        elif isinstance(event, Acknowledged):
            if event.subject == question.subject:
                waiting.clear()
            waiting.pop(event.subject, None)
            elsewhere.update(dict.fromkeys(waiting, event.subject))
        elif _rolls_back(event) and event.subject != question.subject and event.subject not in told:
            told.add(event.subject)
            waiting[event.subject] = event.at
            elsewhere.pop(event.subject, None)
    for subject, at in waiting.items():
        seen = "and nobody has acknowledged it."
        if (third := elsewhere.get(subject)) is not None:
            seen = f"which is acknowledged for subject {third[:12]}, and not for this one."
        text = f"subject {subject[:12]} was rolled back at {at}, {seen}"
        mend = f"Look at it, then run: {recording_command(question, 'acknowledgement', '--by …')}"
        yield Reason(kind=Kind.HOLD_APPROVAL, about="state", text=text, mend=mend)


def _rolls_back(event: object) -> TypeGuard[RolledBack | VerdictGiven]:
    if isinstance(event, VerdictGiven):
        return event.decision == Decision.ROLLBACK
    return isinstance(event, RolledBack)


def _no_state(text: str, mend: str) -> Reason:
    return Reason(kind=Kind.HOLD_NO_STATE, about="state", text=printable(text), mend=mend)
