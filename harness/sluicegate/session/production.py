"""A pipeline opened with everything around it, and given back whole."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sluicegate.frozen import frozen
from sluicegate.model import Boundary, Capability, Pipeline
from sluicegate.pipelines.build import Ears, make_pipeline, notes_of, open_pipeline
from sluicegate.plan.types import MailSpec, Plan, Stage
from sluicegate.session.correlating import correlated, follows, told, unattributed
from sluicegate.session.knocking import knock
from sluicegate.session.read_files import ReadFiles
from sluicegate.session.strays import Strays
from sluicegate.session.workspace import Workspace

if TYPE_CHECKING:
    from sluicegate.doubles.latency import Latencies
    from sluicegate.doubles.server import Doubles
    from sluicegate.doubles.weather import Weather
    from sluicegate.session.flagging import Flagging

__all__ = ["DOUBLED", "Production", "UnderLoad", "production"]

DOUBLED = frozenset(
    {
        Capability.MODEL,
        Capability.MAIL,
        Capability.TOOLS,
        Capability.RETRIEVAL,
        Capability.STREAMING,
        Capability.CLOCK,
    }
)
"""A pipeline that declares one of these calls something the doubles stand in for."""


@frozen
class UnderLoad:
    """What is different while load runs: nobody waits for spans or reads logs, and faults come by the time."""

    weather: Weather
    latencies: Latencies
    at_once: int
    """Runs with a port of their own at the mail sink."""


@dataclass(slots=True, kw_only=True)
class Production:
    """The pipeline and its doubles; after the end, what is to be said about them."""

    pipeline: Pipeline
    doubles: Doubles | None
    boundary: Boundary | None
    """What opens and closes the runs: the doubles, or what stands around them and the flags."""
    strays: Strays
    """Whoever keeps the evidence listens to them."""
    plan: Plan
    notes: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    """What belonged to no run, by reason; known at the end."""

    def settle(self) -> None:
        """Read what pipeline and doubles have to say, once both are quiet."""
        self.notes += notes_of(self.pipeline)
        doubles = self.doubles
        counts = self.counts
        if doubles is not None:
            counts |= {"unattributed": doubles.unattributed, "late": doubles.late, "unserved": doubles.unserved}
        if doubles is not None and doubles.telemetry is not None:
            self.notes += told(doubles.telemetry)
            counts["unattributed"] += unattributed(doubles.telemetry, self.plan)
        self.notes += self.strays.settle(counts)
        if self.strays.elsewhere:
            counts["elsewhere"] = self.strays.elsewhere


@asynccontextmanager
async def production(
    workspace: Workspace, stage: Stage | None = None, *, under: UnderLoad | None = None
) -> AsyncIterator[Production]:
    """Doubles first, then the pipeline with their addresses; at the end in the other order. Raises InputError.

    The stage sets its own variables. Its suite `pii` wants prompts and log lines as they were.
    """
    plan = workspace.plan
    suites = stage.requires.suites if stage is not None else ()
    if stage is not None and stage.exposure.variables:
        variables = {**plan.pipeline.environment, **stage.exposure.variables}
        plan = replace(plan, pipeline=replace(plan.pipeline, environment=variables))
    strays = Strays()
    flags: Flagging | None = None
    followed = follows(plan, suites)
    is_doubled = bool(plan.pipeline.capabilities & DOUBLED)
    doubles = _surrounding(plan, suites, strays, under) if is_doubled or followed is not None else None
    if doubles is not None:
        await doubles.start()
    try:
        endpoints = dict(doubles.environment()) if doubles else {}
        if Capability.FLAGS in plan.pipeline.capabilities:
            from sluicegate.session.flagging import Flagging

            flags = Flagging(plan.pipeline, workspace.base)
            endpoints |= flags.environment
        noticed = strays.connection if is_doubled else None
        telemetry = doubles.telemetry if doubles is not None else None
        files = ReadFiles(workspace, strays.file)
        ears = Ears(
            noticed=noticed,
            hears=telemetry.logged if telemetry is not None and under is None else None,
            reads=files.hear,
        )
        pipeline = make_pipeline(
            plan.pipeline,
            base=workspace.base,
            endpoints=endpoints,
            ears=ears,
            id_header=followed.header if followed is not None else None,
            ports=doubles.mail.addresses if doubles is not None and doubles.mail is not None else (),
        )
        made = Production(pipeline=pipeline, doubles=doubles, boundary=doubles, strays=strays, plan=plan)
        asked = pipeline
        if flags is not None:
            pipeline = flags.around(pipeline, doubles, endpoints, noticed=noticed, switched=files.switched)
            made.pipeline = made.boundary = pipeline
        if under is None:
            made.pipeline = correlated(made.pipeline, doubles, plan)
        try:
            await open_pipeline(pipeline)
            await knock(plan.pipeline, asked)
            yield made
        finally:
            await pipeline.aclose()
            made.settle()
    finally:
        if flags is not None:
            flags.clear()
        if doubles is not None:
            await doubles.stop()


def _surrounding(plan: Plan, suites: Collection[str], strays: Strays, under: UnderLoad | None) -> Doubles:
    """The doubles, not started; for a pipeline that calls none of them, only what follows ids."""
    from sluicegate.doubles.latency import Latencies
    from sluicegate.doubles.server import Doubles

    return Doubles(
        tools=plan.tools,
        latencies=Latencies(seed=plan.seed) if under is None else under.latencies,
        lane=plan.concurrency == 1 and under is None,
        noticed=strays.request,
        keep_prompts=plan.doubles.keep_prompts,
        unmasked="pii" in suites,
        follows=follows(plan, suites),
        only_follows=not plan.pipeline.capabilities & DOUBLED,
        mail=(plan.mail or MailSpec()).sink if Capability.MAIL in plan.pipeline.capabilities else None,
        at_once=plan.concurrency if under is None else under.at_once,
        weather=under.weather if under is not None else None,
    )
