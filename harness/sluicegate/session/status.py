"""Where a rollout stands, in words."""

from __future__ import annotations

from sluicegate.errors import InputError
from sluicegate.ledger import StateView
from sluicegate.ledger.state import event_said
from sluicegate.session.workspace import Workspace

__all__ = ["status"]


def status(workspace: Workspace) -> str:
    """Stages with the current one marked, then what the state file tells, newest last."""
    plan = workspace.plan
    here = workspace.stage().name
    lines = [f"{plan.name}  ({plan.path})"]
    for stage in plan.stages:
        mark = "→" if stage.name == here else " "
        attempts = len(workspace.attempts(stage.name))
        exposure = "live" if stage.exposure.live else "not live"
        percent = "" if stage.exposure.percent is None else f", {float(stage.exposure.percent):.0%}"
        said = f"{attempts} attempt{'s' * (attempts != 1)}" if attempts else "no attempt yet"
        lines.append(f" {mark} {stage.name:<14} {exposure}{percent}, {said}")
    state = workspace.state()
    lines += [*_newcomer(workspace, state, here), ""]
    if state is None:
        lines.append("the plan names no state file")
    elif state.missing and state.broken is None:
        lines.append(f"{state.path}: no state file yet")
    else:
        lines += _events(state)
    return "\n".join(lines)


def _newcomer(workspace: Workspace, state: StateView | None, here: str) -> list[str]:
    """That what serves now is not what entered the stage: it has the stages before it still to pass."""
    try:
        subject = workspace.subject
    except InputError:
        return []
    entered = [event.subject for event in state.entries if event.stage == here] if state is not None else []
    if not entered or subject in entered:
        return []
    return [f"   entered {here} is {entered[-1][:8]}; subject {subject[:8]}, which serves now, has not"]


def _events(state: StateView) -> list[str]:
    lines = []
    for event in state.events:
        at = event.at[:16].replace("T", " ")
        lines.append(f" {at}  {event_said(event)}  subject {event.subject[:8]}")
    if state.broken is not None:
        lines.append(f" broken: {state.broken}")
    if state.backwards is not None:
        lines.append(f" not in order of time: {state.backwards}")
    return lines
