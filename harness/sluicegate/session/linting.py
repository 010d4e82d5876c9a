"""A plan read and looked at before anything runs."""

from __future__ import annotations

from pathlib import Path

from sluicegate.gate.linter import Note, lint
from sluicegate.session.contracts import compile_contracts, exported_models
from sluicegate.session.stage_cases import stage_cases
from sluicegate.session.workspace import PlanError, Workspace
from sluicegate.errors import InputError

__all__ = ["checked_plan"]


def checked_plan(path: Path) -> tuple[Note, ...]:
    """Notes on a plan whose file, contracts and cases can all be read. Raises PlanError with every fault."""
    workspace = Workspace(path)
    plan, base = workspace.plan, workspace.base
    faults = []
    for read in (
        lambda: compile_contracts(plan, base, exported_models(plan, base)),
        *(lambda stage=stage: stage_cases(plan, stage, base) for stage in plan.stages),
    ):
        try:
            read()
        except InputError as error:
            faults += [fault for fault in error.faults if fault not in faults]
    if faults:
        raise PlanError(faults)
    return lint(plan)
