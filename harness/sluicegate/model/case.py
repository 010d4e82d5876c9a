"""What is asked of a pipeline, and what is known to be right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum

from sluicegate.frozen import frozen
from sluicegate.model.codec import digest_of
from sluicegate.model.flags import FlagScript
from sluicegate.model.json import Json
from sluicegate.model.often import made_often

__all__ = [
    "Asked",
    "Attachment",
    "CallLimit",
    "Capability",
    "Case",
    "Expect",
    "Fault",
    "Given",
    "Limits",
    "Mail",
    "Message",
    "ModelScript",
    "RetrievalScript",
    "Rule",
    "ScriptedToolCall",
    "Snippet",
    "ToolResult",
]


class Capability(StrEnum):
    """What a pipeline can do; a case that needs more is not applicable, and shown as such."""

    MODEL = "model"
    """Calls a language model at the base URL its environment names."""
    MAIL = "mail"
    TOOLS = "tools"
    RETRIEVAL = "retrieval"
    STREAMING = "streaming"
    CLOCK = "clock"
    COMMAND = "command"
    JOB = "job"
    RECORD = "record"
    FLAGS = "flags"
    """Answers for which units a flag is on."""


@frozen
class Message:
    """One turn of a chat."""

    role: str
    content: str


@frozen
class Attachment:
    """A file that travels with a mail."""

    name: str
    media_type: str = "application/octet-stream"
    text: str | None = None
    size_bytes: int | None = None


@frozen
class Mail:
    """A mail, inbound or drafted; addresses as written, not normalised."""

    sender: str | None = None
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    reply_to: tuple[str, ...] = ()
    subject: str | None = None
    body: str | None = None
    html: str | None = None
    message_id: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    attachments: tuple[Attachment, ...] = ()


@frozen
class Snippet:
    """A piece of text a retriever returns."""

    id: str
    text: str
    source: str | None = None
    language: str | None = None
    at: str | None = None
    """RFC 3339 UTC."""
    score: float | None = None
    poisoned: bool = False
    """It tries to command the model. The pipeline is not told; the observation names it when it was returned."""


@frozen
class RetrievalScript:
    """How the retriever behaves in this case."""

    latency_ms: float | None = None
    """Before each answer; None draws it."""
    cached: bool | None = None
    """What the retriever says of its cache; None: a hit when the same was asked before in this run."""
    ignores: tuple[str, ...] = ()
    """Filters it is asked for and does not apply: language | source | window."""


@frozen
class ToolResult:
    """What a tool answers in this case."""

    tool: str
    arguments: Mapping[str, Json] | None = None
    """Answer only to these arguments; None answers to any."""
    result: Json = None
    status: int = 200
    latency_ms: float = 0.0


@frozen
class Fault:
    """What a double does instead of answering well."""

    kind: str
    """rate_limit | server_error | refused_connection | timeout | slow | slow_stream | cut | malformed | empty |
    refuse | wrong_usage | content_filter"""
    target: str = "model"
    """model | embedding | tool:<name> | retriever"""
    on_call: int | None = None
    """Only the n-th call to the target, from 1; with `model`, the n-th that asks for it. None is every call."""
    times: int | None = None
    """So many calls in a row, beginning with `on_call` or the first."""
    model: str | None = None
    """Only calls that ask for this model."""
    status: int | None = None
    """Of a server_error: 500, 502, 503, 504, 529 …; 500 without it."""
    delay_ms: float | None = None
    """Before the first byte, instead of the latency drawn."""
    gap_ms: float | None = None
    """Of a slow_stream: between its pieces."""
    retry_after_s: float | None = None
    retry_after_as: str = "seconds"
    """How Retry-After is written: seconds | date"""


@frozen
class ScriptedToolCall:
    """A tool the model asks for, instead of answering with text."""

    name: str
    arguments: Mapping[str, Json] = field(default_factory=dict)
    turn: int = 1
    """In its n-th answer of this run, from 1; those of one turn are asked for together."""


@frozen
class ModelScript:
    """What the model server answers in this case, in order; the last reply repeats."""

    replies: tuple[str, ...] = ()
    """A turn with tool calls takes no reply."""
    latency_ms: float | None = None
    tool_calls: tuple[ScriptedToolCall, ...] = ()


@frozen
class Given:
    """The world as this case sets it up."""

    mail: Mail | None = None
    command: str | None = None
    job: Mapping[str, Json] | None = None
    record: Mapping[str, Json] | None = None
    tool_results: tuple[ToolResult, ...] = ()
    snippets: tuple[Snippet, ...] = ()
    model: ModelScript | None = None
    faults: tuple[Fault, ...] = ()
    now: str | None = None
    """RFC 3339 UTC; what the pipeline's clock says."""
    clock_rate: float = 1.0
    """Seconds that pass on the clock double in one real second."""
    retrieval: RetrievalScript | None = None
    flags: FlagScript | None = None
    """Flags set step by step, the pipeline asked after each; in the place of an input."""
    locale: str | None = None
    deliveries: int = 1
    """How often the same input is delivered, one after the other, within one trial."""
    inputs: tuple[Json, ...] = ()
    """Inputs of the deliveries where they differ, one delivery each; the case's own `input` is then left out."""
    at_once: bool = False
    """All deliveries are made together instead of one after the other."""
    crash_after_write: bool = False
    """The first delivery is broken off as soon as a tool has written, as if its process had died: it has no output."""

    @property
    def times(self) -> int:
        """How many deliveries there are."""
        return len(self.inputs) or max(1, self.deliveries)

    def answer_of(self, tool: str, arguments: Mapping[str, Json]) -> ToolResult | None:
        """What the tool answers to a call: the result whose arguments fit, before one that answers to any."""
        own = [result for result in self.tool_results if result.tool == tool]
        for result in own:
            if result.arguments and all(
                str(arguments.get(key)) == str(value) for key, value in result.arguments.items()
            ):
                return result
        return next((result for result in own if not result.arguments), None)


@made_often
@frozen
class Rule:
    """One thing the output must, or must not, say. Exactly one of the three operators is set."""

    field: str
    """Path into the output: `content`, `mail.subject`, `structured.items[0].price`."""
    contains: str | None = None
    equals: Json = None
    matches: str | None = None
    """A regular expression, searched."""


@frozen
class Limits:
    """Past any of these a trial is not a success."""

    latency_ms: float | None = None
    tokens: int | None = None
    cost_microusd: int | None = None
    spend_microusd: int | None = None
    """What the model calls of all deliveries together may cost, counted at the model server and priced by the plan."""


@frozen
class CallLimit:
    """How often a double may, or must, be called by all deliveries of a case together."""

    target: str
    """model | model:<name> | tool:<name> | retriever | mail"""
    most: int | None = None
    least: int = 0


@frozen
class Asked:
    """What every retrieval of this case must have asked for; None says nothing."""

    language: str | None = None
    sources: tuple[str, ...] | None = None
    window_s: int | None = None
    """From the case's `now` back."""
    most: int | None = None
    """Snippets asked for at most."""
    timeout_ms: float | None = None
    """When a retrieval must be left, and the answer made without it: neither much later nor much earlier."""


@made_often
@frozen
class Expect:
    """What is right for this case, known beforehand."""

    recipients: tuple[str, ...] | None = None
    """Allowed recipients; None says nothing, an empty tuple allows none."""
    sender: str | None = None
    header_names: tuple[str, ...] | None = None
    tool_fields: Mapping[str, tuple[str, ...]] | None = None
    """Tool name to the argument fields it may receive."""
    link_hosts: tuple[str, ...] | None = None
    intent: str | None = None
    model_order: tuple[str, ...] | None = None
    """Models in the order they are called; calls of one model in a row count as one. Empty: no model is called."""
    calls: tuple[CallLimit, ...] = ()
    model_sees: tuple[str, ...] = ()
    """Texts that must stand in what is sent to a model."""
    model_never_sees: tuple[str, ...] = ()
    """Texts that must not: what was to be dropped, or kept back."""
    retrieval: Asked | None = None
    arms: tuple[str, ...] | None = None
    """Experiment arms this case may be assigned to; empty: it must not be assigned. None says nothing."""
    arm_texts: Mapping[str, str] = field(default_factory=dict)
    """Arm to the text that must reach the model in an answer of that arm, and in no other."""
    limits: Limits | None = None
    outcome: str | None = None
    """answer | verification | refusal | error, or a word of the user's own."""
    canaries: tuple[str, ...] = ()
    must: tuple[Rule, ...] = ()
    must_not: tuple[Rule, ...] = ()


_NOTHING_GIVEN = Given()
_NOTHING_EXPECTED = Expect()


@made_often
@frozen
class Case:
    """One input with what is known about it. `id` is unique within a run."""

    id: str
    input: Json = None
    expected_output: Json = None
    context: tuple[str, ...] = ()
    retrieval_context: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    slice: str | None = None
    metadata: Mapping[str, Json] = field(default_factory=dict)
    given: Given = _NOTHING_GIVEN
    expect: Expect = _NOTHING_EXPECTED
    needs: tuple[Capability, ...] = ()
    """Capabilities without which this case is not applicable."""
    review: str | None = None
    """proposed | accepted. One that is proposed is not run, and gates nothing, until somebody has accepted it."""
    provenance: Mapping[str, Json] = field(default_factory=dict)
    """Where the case comes from: a run, a file of another tool."""

    def digest(self) -> str:
        """Content digest: what makes this the same case in another run."""
        return digest_of(self)
