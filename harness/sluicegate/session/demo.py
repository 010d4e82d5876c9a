"""Gating a reference pipeline, sound or with a planted defect, in a folder of its own."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import entry_points
from itertools import pairwise
from pathlib import Path
from typing import Protocol

from sluicegate.errors import Fault, InputError, nearest
from sluicegate.frozen import frozen
from sluicegate.plan.reader import read_plan
from sluicegate.plan.types import Stage
from sluicegate.session.workspace import Workspace

__all__ = ["Demonstration", "PlantedDefect", "ReferencePipeline", "demonstration", "references"]

GROUP = "sluicegate.references"
"""Entry-point group: `name = module:mapping`, each mapping from a pipeline's name to a ReferencePipeline."""


class PlantedDefect(Protocol):
    """A weakness that can be switched on, and who must find it."""

    name: str
    description: str
    suite: str
    check: str
    kind: str
    alone: bool


class ReferencePipeline(Protocol):
    """A pipeline that comes ready to be gated."""

    name: str
    title: str
    stage: str
    defects: tuple[PlantedDefect, ...]

    @property
    def plan(self) -> Path:
        """Its plan file, the lock beside it."""
        ...

    def environment(self, defect: str | None = None) -> dict[str, str]:
        """What switches the defect on."""
        ...


@frozen
class Demonstration:
    """A reference pipeline made ready to be gated."""

    reference: ReferencePipeline
    workspace: Workspace

    @property
    def steps(self) -> list[tuple[Stage, Stage]]:
        """The steps that lead to its stage: each stage before it, with the one after that."""
        stages = self.workspace.plan.stages
        here = [stage.name for stage in stages].index(self.reference.stage)
        return [*pairwise(stages[: here + 1])]


def references() -> Mapping[str, ReferencePipeline]:
    """Every installed reference pipeline by name."""
    found: dict[str, ReferencePipeline] = {}
    for point in entry_points(group=GROUP):
        found.update(point.load())
    return found


def reference_named(name: str) -> ReferencePipeline:
    """The reference pipeline of that name. Raises InputError where there is none."""
    known = references()
    if name not in known:
        mend = nearest(name, known) or f"There are: {', '.join(known)}."
        raise InputError(Fault(where="demo", what=f"no reference pipeline is called '{name}'.", mend=mend))
    return known[name]


def demonstration(name: str, defect: str | None, folder: Path, *, anew: bool = True) -> Demonstration:
    """The reference pipeline with its evidence under `folder`, begun anew. Raises InputError for unknown names.

    Not `anew` is for a look at some cases: what was judged before stays, and the evidence lies beside it.
    """
    reference = reference_named(name)
    defects = {planted.name for planted in reference.defects}
    if defect is not None and defect not in defects:
        mend = nearest(defect, defects) or f"See: sluicegate demo {name} --list"
        raise InputError(Fault(where="--defect", what=f"'{defect}' is not planted in {name}.", mend=mend))
    plan = read_plan(reference.plan)
    evidence = folder / name / (defect or "sound")
    if anew:
        shutil.rmtree(evidence, ignore_errors=True)
    pipeline = replace(plan.pipeline, environment={**plan.pipeline.environment, **reference.environment(defect)})
    state = evidence / "state.jsonl" if plan.state else None
    # Switched on by the environment, a defect is part of what serves all the same.
    values = {**plan.subject.values, **({"defect": defect} if defect else {})}
    plan = replace(plan, pipeline=pipeline, state=state, subject=replace(plan.subject, values=values))
    rerun = ("sluicegate", "demo", name, *(("--defect", defect) if defect else ()), "--case")
    workspace = Workspace(reference.plan, evidence=evidence, plan=plan, rerun=rerun)
    return Demonstration(reference=reference, workspace=workspace if anew else workspace.aside())
