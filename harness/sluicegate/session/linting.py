"""A plan read and looked at before anything runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from sluicegate.errors import Fault, InputError, nearest, printable
from sluicegate.gate.linter import Note, lint
from sluicegate.gate.wording import count_of
from sluicegate.plan.arrivals import read_trace
from sluicegate.plan.types import HttpTarget, Plan, Stage
from sluicegate.session.contracts import compile_contracts, exported_models
from sluicegate.session.load_cases import load_cases
from sluicegate.session.out_of_reach import out_of_reach
from sluicegate.session.stage_cases import CasesError, StageCases, stage_cases
from sluicegate.session.surroundings import beyond_recording, surroundings
from sluicegate.session.workspace import PlanError, Workspace
from sluicegate.sources.subject import missing_files

__all__ = ["checked_plan"]


def checked_plan(path: Path) -> tuple[Note, ...]:
    """Notes on a plan whose file, contracts and cases can all be read, and on what it needs besides.

    Raises PlanError with every fault.
    """
    workspace = Workspace(path)
    plan, base = workspace.plan, workspace.base
    faults = missing_files(plan.subject, base) + _unread_traces(plan, base) + _unplayable(plan) + _unfilled(plan)
    reads: list[tuple[Stage | None, Callable[[], object]]] = [
        (None, lambda: compile_contracts(plan, base, exported_models(plan, base))),
        *((stage, partial(stage_cases, plan, stage, base)) for stage in plan.stages),
    ]
    notes: dict[str, None] = {}
    beyond: list[Note] = []
    for stage, read in reads:
        try:
            found = read()
        except InputError as error:
            faults += [fault for fault in error.faults if fault not in faults]
        else:
            if stage is not None and isinstance(found, StageCases):
                notes.update(dict.fromkeys(found.notes))
                beyond += (*beyond_recording(plan, stage, found), *out_of_reach(plan, stage, found))
    if faults:
        raise PlanError(faults)
    awaiting = [Note(line=1, about="cases", text=text) for text in notes]
    return tuple(sorted((*awaiting, *beyond, *surroundings(workspace), *lint(plan)), key=lambda note: note.line))


def _unfilled(plan: Plan) -> list[Fault]:
    """What is wrong with the places to fill in a request: no case could be sent."""
    if not isinstance(plan.pipeline.target, HttpTarget):
        return []
    from sluicegate.pipelines.http_request import template_faults  # here, as most plans need none of it

    return template_faults(plan.pipeline.target)


def _unplayable(plan: Plan) -> list[Fault]:
    """What no double can do of what load profiles ask: `load` would end with it."""
    asking = [each for each in (plan.load.profiles if plan.load is not None else ()) if each.spells or each.redelivered]
    if not asking:
        return []
    from sluicegate.session.load import unplayable  # here, as most plans need none of it

    said = [fault for profile in asking for fault in unplayable(plan, profile)]
    return [replace(fault, where=f"{plan.path}: {fault.where}") for fault in said]


def _unread_traces(plan: Plan, base: Path) -> list[Fault]:
    """What is wrong with the recorded arrivals of load profiles: `load` would end with it."""
    faults: dict[Fault, None] = {}
    for profile in plan.load.profiles if plan.load is not None else ():
        try:
            if profile.trace is not None:
                faults |= dict.fromkeys(_strangers(plan, base, base / profile.trace))
        except CasesError:  # is said where the cases are read
            continue
        except InputError as error:
            faults |= dict.fromkeys(error.faults)
    return list(faults)


def _strangers(plan: Plan, base: Path, trace: Path) -> Iterator[Fault]:
    """Cases that a trace asks for and load has not."""
    asked = dict.fromkeys(one.case_id for one in read_trace(trace) if one.case_id is not None)
    if not asked:
        return
    known = {case.id for case in load_cases(plan, base)}
    if unknown := [case_id for case_id in asked if case_id not in known]:
        what = f"asks {count_of(len(unknown), 'case')} that load is not made of: {', '.join(map(repr, unknown[:5]))}."
        mend = nearest(unknown[0], known) or "Leave case out where any may be asked; a case with faults is never sent."
        yield Fault(where=str(trace), what=printable(what), mend=mend)
