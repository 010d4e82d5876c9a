"""What serves and what surrounds it, as the plan names them: pipeline, tools, prices, subject."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from sluicegate.model import Capability, Json

__all__ = [
    "CallableTarget",
    "CommandTarget",
    "HeaderValue",
    "HttpTarget",
    "ModelPrice",
    "PipelineSpec",
    "RecordingTarget",
    "SubjectSpec",
    "ToolSpec",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallableTarget:
    """`module:attribute`, sync or async, called in a runner process."""

    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderValue:
    """A header, literal or from the environment; environment values are never logged."""

    literal: str | None = None
    env: str | None = None
    prefix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpTarget:
    """An HTTP endpoint, and the mapping to and from it."""

    url: str
    method: str = "POST"
    headers: Mapping[str, HeaderValue] = field(default_factory=dict)
    request: Json = None
    """Template of the JSON body: `${input.text}` in a string is replaced; None sends the canonical case input."""
    response: Mapping[str, str] = field(default_factory=dict)
    """Output field to path in the response: `content: $.choices[0].message.content`; empty reads an Output object."""
    max_bytes: int = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandTarget:
    """A program that speaks JSON lines."""

    argv: tuple[str, ...]
    long_lived: bool = True
    """False starts it anew for each case: one line in, one line out, exit 0."""
    processes: int = 1
    cwd: str | None = None
    max_bytes: int = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingTarget:
    """Outputs that exist already."""

    paths: tuple[str, ...]
    """Glob patterns, relative to the plan."""
    format: str = "jsonl"
    """jsonl | otlp"""
    case_id: str = "case_id"
    """Path of the case id in a row; for otlp the span attribute."""
    output: Mapping[str, str] = field(default_factory=dict)
    """Output field to path in the row; empty reads an Output object at `output`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineSpec:
    """How to reach the pipeline under test."""

    target: CallableTarget | HttpTarget | CommandTarget | RecordingTarget
    capabilities: frozenset[Capability] = frozenset()
    timeout_s: float = 30.0
    retries: int = 0
    """Repeated calls after a transport fault (never after an answer); each is counted."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Extra variables for a callable's runner process or a command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSpec:
    """A tool the doubles stand in for."""

    name: str
    method: str = "POST"
    path: str
    """Template: `/orders/{order_id}`."""
    writes: bool = False
    """Has a side effect; the idempotency suite counts its calls."""
    key: str | None = None
    """Argument that tells two intended effects apart (e.g. order_id); None: a second call is a second effect."""
    fields: tuple[str, ...] | None = None
    """Allowed argument fields."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPrice:
    """What a model costs, in micro-dollars a token, which are dollars per million."""

    input: Fraction | None = None
    """None: by the installed price table."""
    output: Fraction | None = None
    cached: Fraction | None = None
    """Of input tokens the provider had cached; None: as any input."""
    expert: bool = False
    """One of the dear models whose calls are capped and counted apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectSpec:
    """What serves; a change of any part is a new subject."""

    git: str | None = None
    """Revision, e.g. HEAD; a dirty tree is an error."""
    files: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Part name (code, prompts, tools, index, guardrails …) to glob patterns; one that matches nothing is an error."""
    models: tuple[str, ...] = ()
    """Compared with the models observed in calls."""
    values: Mapping[str, str] = field(default_factory=dict)
    """Part name to a literal version or digest."""
