"""Following ids through a stage's run: whether the plan wants it, and what is to be said at the end."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from sluicegate.model import Pipeline
from sluicegate.pipelines.correlated import Correlated
from sluicegate.plan.types import CallableTarget, CommandTarget, CorrelationSpec, Plan, RecordingTarget

if TYPE_CHECKING:
    from sluicegate.doubles.server import Doubles
    from sluicegate.doubles.telemetry import Telemetry

__all__ = ["correlated", "follows", "told", "unattributed"]

_SUITE, _LOGS = "tracing", "pii"


def follows(plan: Plan, suites: Collection[str] = ()) -> CorrelationSpec | None:
    """Where ids are to be found again; None where nobody asks, or the answers are recorded.

    Suite `pii`, among the `suites` that will judge, reads log lines and spans: by their ids they belong to a case.
    """
    if isinstance(plan.pipeline.target, RecordingTarget):
        return None
    if plan.correlation is not None:
        return plan.correlation
    asked = _LOGS in suites or any(_SUITE in stage.requires.suites for stage in plan.stages)
    return CorrelationSpec() if asked else None


def correlated(pipeline: Pipeline, doubles: Doubles | None, plan: Plan) -> Pipeline:
    """The pipeline with an id of its own for each delivery, where the doubles follow them."""
    telemetry = doubles.telemetry if doubles is not None else None
    if telemetry is None:
        return pipeline
    match plan.pipeline.target:
        case CallableTarget():
            logs = "records"
        case CommandTarget():
            logs = "stderr"
        case _:
            logs = ""
    return Correlated(pipeline, telemetry, logs=logs)


def told(telemetry: Telemetry) -> list[str]:
    """Notes on what fits no run."""
    notes = []
    if telemetry.unattributed:
        said = f"{telemetry.unattributed:,} spans or log records name no run"
        notes.append(f"{said}: work in the background, or a trace the pipeline began anew")
    if telemetry.late:
        said = f"{telemetry.late:,} spans or log records came after their run"
        notes.append(f"{said}: set OTEL_BSP_SCHEDULE_DELAY=100 where the service starts, or flush before the answer")
    return notes


def unattributed(telemetry: Telemetry, plan: Plan) -> int:
    """What fits no run and has to, since the plan wants every span or log line followed."""
    wanted = plan.correlation is not None and {"spans", "logs"} & set(plan.correlation.sinks)
    return telemetry.unattributed if wanted else 0
