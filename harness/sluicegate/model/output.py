"""What a pipeline gave back for one delivery of one case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum

from sluicegate.frozen import frozen
from sluicegate.model.case import Case, Mail, Message
from sluicegate.model.json import Json
from sluicegate.model.often import made_often

__all__ = [
    "TELEMETRY",
    "Crash",
    "CrashKind",
    "LogLine",
    "Observation",
    "Output",
    "Provenance",
    "ToolCall",
    "Trial",
    "Usage",
    "is_crash",
]

TELEMETRY = frozenset({"log", "span", "trace"})
"""Kinds of observations that say what a pipeline told of itself: no call that crossed its boundary."""


class Provenance(StrEnum):
    """Where an output came from; latency and cost evidence asks for `live` unless the plan says otherwise."""

    LIVE = "live"
    CACHED = "cached"
    REPLAYED = "replayed"
    MOCKED = "mocked"


class CrashKind(StrEnum):
    """Why there is no usable answer."""

    EXCEPTION = "exception"
    TIMEOUT = "timeout"
    DIED = "died"
    UNREACHABLE = "unreachable"
    HTTP_STATUS = "http_status"
    GARBAGE = "garbage"
    NOT_FINITE = "not_finite"
    TOO_LARGE = "too_large"
    CANCELLED = "cancelled"
    REPORTED = "reported"
    """The pipeline itself answered with an error."""
    NOT_RECORDED = "not_recorded"
    """The recording has no row for this case and repeat; nothing is known about the pipeline."""
    NOT_SENT = "not_sent"
    """The case does not fit the mapping to the user's request; the pipeline was not called."""


@frozen
class Crash:
    """A typed failure of the pipeline; counts as an attempt that failed, with infinite latency."""

    kind: CrashKind
    message: str
    """Escaped and cut to 500 characters; never a header value or a secret of the environment."""


@frozen
class Usage:
    """Tokens as the pipeline reports them."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None


@frozen
class ToolCall:
    """A tool call as the pipeline reports it."""

    name: str
    arguments: Mapping[str, Json] = field(default_factory=dict)
    result: Json = None
    error: str | None = None


@made_often
@frozen
class Output:
    """The answer, or the crash instead of one."""

    content: str | None = None
    structured: Json = None
    mail: Mail | None = None
    messages: tuple[Message, ...] = ()
    tools_called: tuple[ToolCall, ...] = ()
    usage: Usage | None = None
    model: str | None = None
    route: str | None = None
    latency_ms: float | None = None
    """Measured by the runner around the call; a recording carries what it recorded."""
    ttft_ms: float | None = None
    cost_microusd: int | None = None
    error: Crash | None = None
    provenance: Provenance = Provenance.LIVE
    metadata: Mapping[str, Json] = field(default_factory=dict)


@frozen
class LogLine:
    """A line that a pipeline logged while it answered, as it was written."""

    text: str
    at: str
    """RFC 3339 UTC."""
    logger: str
    """Its logger, `stderr`, or the name of a service."""
    level: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    """What the record carries beside its text."""
    among: int = 0
    """Of a line that names no call: how many were under way, of which any may have written it. 0: its call is known."""


@made_often
@frozen
class Observation:
    """What crossed the boundary, as a double saw it."""

    run_id: str
    double: str
    """model | tool | retriever | clock | mail, and what tells of a run without crossing: log | span | trace"""
    action: str
    """Model name, tool name, query kind: what was asked for."""
    at: str
    """RFC 3339 UTC."""
    detail: Mapping[str, Json] = field(default_factory=dict)
    """Per double, described by the schema `observation.<double>`."""


@made_often
@frozen
class Trial:
    """One case at one repeat: every delivery's output, and everything the doubles saw meanwhile."""

    case: Case
    repeat: int = 0
    outputs: tuple[Output, ...]
    """One per delivery, in order; never empty."""
    observations: tuple[Observation, ...] = ()

    @property
    def output(self) -> Output:
        """The last delivery's output."""
        return self.outputs[-1]

    @property
    def failed(self) -> bool:
        """Whether any delivery crashed, other than with the error its case expects."""
        return self.crashed and any(is_crash(output, self.case) for output in self.outputs)

    @property
    def crashed(self) -> bool:
        """Whether any delivery has a crash instead of an answer."""
        outputs = self.outputs
        return outputs[0].error is not None or (
            len(outputs) > 1 and any(output.error is not None for output in outputs)
        )


def is_crash(output: Output, case: Case) -> bool:
    """Whether the delivery failed. An error the pipeline reports where the case expects one is its right answer."""
    if output.error is None:
        return False
    return not (output.error.kind is CrashKind.REPORTED and case.expect.outcome == "error")
