"""What serves and what surrounds it, as the plan names them: pipeline, tools, prices, subject."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from fractions import Fraction
from typing import Literal

from sluicegate.frozen import frozen
from sluicegate.model import Capability, Json

__all__ = [
    "CallableTarget",
    "CommandTarget",
    "CorrelationSpec",
    "DoublesSpec",
    "HeaderValue",
    "HttpTarget",
    "MailSpec",
    "ModelPrice",
    "PipelineSpec",
    "RecordingTarget",
    "SubjectSpec",
    "ToolSpec",
]


@frozen
class CallableTarget:
    """`module:attribute`, sync or async, called in a runner process."""

    target: str


@frozen
class HeaderValue:
    """A header, literal or from the environment; environment values are never logged."""

    literal: str | None = None
    env: str | None = None
    prefix: str = ""


@frozen
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


@frozen
class CommandTarget:
    """A program that speaks JSON lines."""

    argv: tuple[str, ...]
    long_lived: bool = True
    """False starts it anew for each case: one line in, one line out, exit 0."""
    processes: int = 1
    cwd: str | None = None
    max_bytes: int = 10_000_000


@frozen
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


@frozen
class PipelineSpec:
    """How to reach the pipeline under test."""

    target: CallableTarget | HttpTarget | CommandTarget | RecordingTarget
    capabilities: frozenset[Capability] = frozenset()
    timeout_s: float = 30.0
    retries: int = 0
    """Repeated calls after a transport fault (never after an answer); each is counted."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Extra variables for a callable's runner process or a command."""
    switch: CallableTarget | CommandTarget | None = None
    """What sets a flag; None: the harness does, in a file of its own."""
    may_connect: tuple[str, ...] = ()
    """Addresses besides the doubles it may open connections to, as `plan.addresses` reads them."""


@frozen
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
    """Allowed argument fields; `status[]` may come several times in a query or form."""

    @property
    def lists(self) -> frozenset[str]:
        """Names, without their brackets, of fields that may come several times."""
        return frozenset(name.removesuffix("[]") for name in self.fields or () if name.endswith("[]"))


@frozen
class ModelPrice:
    """What a model costs, in micro-dollars a token, which are dollars per million."""

    input: Fraction | None = None
    """None: by the installed price table."""
    output: Fraction | None = None
    cached: Fraction | None = None
    """Of input tokens the provider had cached; None: as any input."""
    expert: bool = False
    """One of the dear models whose calls are capped and counted apart."""


@frozen
class DoublesSpec:
    """What the doubles keep beside the usual."""

    keep_prompts: bool = False
    """Prompts stand whole in the evidence, personal data and secrets masked."""


@frozen
class MailSpec:
    """How mails are taken that the pipeline sends: where a plan says so, drafts are no evidence of what is sent."""

    sink: Literal["strict", "lenient"] = "strict"
    """strict: CRLF.CRLF alone ends a message; lenient: what careless servers take for an end does too."""


@frozen
class CorrelationSpec:
    """Where the id given with a request is to be found again."""

    header: str | None = None
    """Header of outgoing calls, in lower case; None: `traceparent`, else any of the usual id headers."""
    output_field: str | None = None
    """Path into the output; None: the usual places."""
    log_field: str | None = None
    """Field of a log record or of a JSON line; None: anywhere in the line."""
    sinks: tuple[str, ...] = ()
    """calls | logs | spans | output: those that must say something of each request; silence there is a loss."""


@frozen
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
    services: Mapping[str, str] = field(default_factory=dict)
    """Part name to the address at which the running service says what it is."""
    commands: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Part name to the program that says what serves."""

    @property
    def by_word(self) -> bool:
        """Nothing but words says what serves: it may change, and they stay."""
        return not (self.git or self.files or self.services or self.commands)
