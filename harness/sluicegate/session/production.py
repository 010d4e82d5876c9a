"""A pipeline opened with everything around it, and given back whole."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sluicegate.model import Capability, Pipeline
from sluicegate.pipelines.build import make_pipeline, notes_of, open_pipeline
from sluicegate.session.workspace import Workspace

if TYPE_CHECKING:
    from sluicegate.doubles.server import Doubles

__all__ = ["Production", "production"]

_DOUBLED = frozenset({Capability.MODEL, Capability.TOOLS, Capability.RETRIEVAL, Capability.STREAMING, Capability.CLOCK})
"""A pipeline that declares one of these calls something the doubles stand in for."""


@dataclass(slots=True, kw_only=True)
class Production:
    """The pipeline and its doubles; after the end, what is to be said about them."""

    pipeline: Pipeline
    doubles: Doubles | None
    notes: list[str] = field(default_factory=list)
    whole: bool = True
    """Nothing crossed the boundary that belongs to no trial."""

    def settle(self) -> None:
        """Read what pipeline and doubles have to say, once both are quiet."""
        self.notes += notes_of(self.pipeline)
        doubles = self.doubles
        if doubles is not None and doubles.unattributed:
            self.whole = False
            mend = "the pipeline passes neither its endpoints nor the x-sluicegate-run header on"
            self.notes.append(f"{doubles.unattributed} requests at the doubles belong to no run: {mend}")
        if doubles is not None and doubles.late:
            self.whole = False
            late = "requests came after their trial had answered: the pipeline goes on in the background"
            self.notes.append(f"{doubles.late} {late}")


@asynccontextmanager
async def production(workspace: Workspace) -> AsyncIterator[Production]:
    """Doubles first, then the pipeline with their addresses; at the end in the other order. Raises InputError."""
    plan = workspace.plan
    doubles: Doubles | None = None
    if plan.pipeline.capabilities & _DOUBLED:
        from sluicegate.doubles.latency import Latencies
        from sluicegate.doubles.server import Doubles

        doubles = Doubles(tools=plan.tools, latencies=Latencies(seed=plan.seed))
        await doubles.start()
    try:
        endpoints = dict(doubles.environment()) if doubles else {}
        pipeline = make_pipeline(plan.pipeline, base=workspace.base, endpoints=endpoints)
        made = Production(pipeline=pipeline, doubles=doubles)
        try:
            await open_pipeline(pipeline)
            yield made
        finally:
            await pipeline.aclose()
            made.settle()
    finally:
        if doubles is not None:
            await doubles.stop()
