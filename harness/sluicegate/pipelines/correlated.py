"""A pipeline whose requests each have an id of their own, told to whoever follows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from time import perf_counter
from typing import Protocol

from sluicegate.checks.tracing import ids_said
from sluicegate.model import Case, CrashKind, LogLine, Output, Pipeline, Provenance, RunContext
from sluicegate.pipelines.build import notes_of, open_pipeline

__all__ = ["Correlated", "Follower", "traceparent_of"]


class Follower(Protocol):
    """Who follows ids; the doubles' account of what a pipeline tells of itself."""

    def given(self, run_id: str, delivery: int, traceparent: str, logs: str) -> None:
        """A delivery is about to begin with this id; `logs` says how its lines are seen, empty: they are not."""
        ...

    def logged(self, run_id: str, delivery: int, lines: Sequence[LogLine], more: int = 0) -> None:
        """Lines of a delivery."""
        ...

    async def answered(self, run_id: str, delivery: int, said: Mapping[str, str] = ...) -> None:
        """A delivery has its answer, which names the ids `said` by place; waits for what is still under way."""
        ...


class Correlated:
    """`pipeline`, with a trace of its own for each delivery: all of them begin with the run's id.

    The time a follower waits for the last spans is none of the pipeline's.
    """

    def __init__(self, pipeline: Pipeline, follower: Follower, *, logs: str = "") -> None:
        self.capabilities = pipeline.capabilities
        self._pipeline = pipeline
        self._follower = follower
        self._logs = logs

    async def open(self) -> None:
        """Open the pipeline. Raises InputError."""
        await open_pipeline(self._pipeline)

    async def call(self, case: Case, context: RunContext) -> Output:
        """Answer one delivery of `case`."""
        told = replace(context, traceparent=traceparent_of(context))
        self._follower.given(told.run_id, told.delivery, told.traceparent, self._logs)
        began = perf_counter()
        output = await self._pipeline.call(case, told)
        took_ms = (perf_counter() - began) * 1000
        await self._follower.answered(told.run_id, told.delivery, ids_said(output))
        return replace(output, latency_ms=took_ms) if output.latency_ms is None and _is_timed(output) else output

    async def aclose(self) -> None:
        """Close the pipeline."""
        await self._pipeline.aclose()

    def notes(self) -> tuple[str, ...]:
        """What the pipeline has to say outside any one case."""
        return notes_of(self._pipeline)


def traceparent_of(context: RunContext) -> str:
    """The run's own for the first delivery; for a later one another trace and span, derived from it."""
    if context.delivery == 0:
        return context.traceparent
    digest = sha256(f"{context.traceparent}\0{context.delivery}".encode()).hexdigest()
    return f"00-{context.run_id}{digest[:16]}-{digest[16:32]}-01"


def _is_timed(output: Output) -> bool:
    error = output.error
    return (error is None or error.kind is CrashKind.REPORTED) and output.provenance is not Provenance.REPLAYED
