"""What the model server says, whatever the protocol: a scripted reply, else the template model's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field

from sluicegate.checks.broken_answers import BREAKING, REFUSAL, edges
from sluicegate.doubles import tokens
from sluicegate.doubles.answer import Call
from sluicegate.doubles.faults import NEVER_MS, SLOW_MS, status_of, struck
from sluicegate.doubles.latency import Latencies
from sluicegate.doubles.prompts import PROMPT_LIMIT, carried, kept_prompt, marked, sections, texts_in
from sluicegate.doubles.runs import Run
from sluicegate.frozen import frozen
from sluicegate.model import Case, Fault, Json, Message, ScriptedToolCall, canonical, digest_bytes, digest_of, encode

__all__ = ["ModelRequest", "Replies", "Reply", "TemplateModel", "delay_of"]


@frozen
class ModelRequest:
    """A request to a model, in no protocol's words."""

    protocol: str
    """openai.chat | openai.responses | anthropic.messages | gemini.generate"""
    model: str
    messages: tuple[Message, ...]
    """Roles are system, user, assistant and tool, whatever the protocol calls them."""
    stream: bool = False
    max_tokens: int | None = None
    tools: tuple[str, ...] = ()
    """Names of the tools the model may ask for."""
    asked: Mapping[str, Json] = field(default_factory=dict)
    """The whole body as it came."""


TemplateModel = Callable[[ModelRequest], str]
"""Answers from the request alone: the same request, the same answer."""


@frozen
class Reply:
    """What to answer, for a protocol to put into its own form."""

    request: ModelRequest
    text: str
    tool_calls: tuple[ScriptedToolCall, ...] = ()
    """Instead of the text."""
    finish: str
    """stop | length | tool_calls | refusal | content_filter"""
    input_tokens: int
    output_tokens: int
    delay_ms: float
    call: int
    fault: Fault | None
    seen: dict[str, Json]
    """Detail of the observation; a protocol completes it."""


@frozen
class _Said:
    text: str = ""
    finish: str = "stop"
    tool_calls: tuple[ScriptedToolCall, ...] = ()

    @property
    def tokens(self) -> int:
        asked = (item.name + canonical(item.arguments).decode() for item in self.tool_calls)
        return tokens.count(self.text) + sum(map(tokens.count, asked))


class Replies:
    """The model behind every protocol of the model server."""

    def __init__(
        self,
        *,
        template: TemplateModel,
        latencies: Latencies,
        keep_prompts: bool = False,
        unmasked: bool = False,
    ) -> None:
        self._template = template
        self._latencies = latencies
        self._keep_prompts = keep_prompts or unmasked
        self._unmasked = unmasked

    def reply(self, call: Call, request: ModelRequest) -> Reply:
        """Decide the answer to one call and log the observation."""
        run = call.run
        turn, fault = struck(run, "model", request.model)
        said = self._said(run, request, fault)
        local_in, local_out = tokens.count_messages(request.messages), said.tokens
        wrong = 10 if fault is not None and fault.kind == "wrong_usage" else 1
        delay_ms = delay_of(fault, _scripted_ms(run.case))
        if delay_ms is None:
            delay_ms = self._latencies.draw(self._latencies.model_ms, run.case.id, "model", turn)
        status = status_of(fault)
        answered = status == 200
        detail: dict[str, Json] = {
            "model": request.model[:200],
            "protocol": request.protocol,
            "stream": request.stream,
            "status": status,
            "prompt_digest": _digest(request.messages),
            "input_tokens": local_in * wrong if answered else 0,
            "output_tokens": local_out * wrong if answered else 0,
            "local_input_tokens": local_in,
            "local_output_tokens": local_out,
            "latency_ms": round(delay_ms, 3),
            "fault": fault.kind if fault else None,
            **_edges(run.case, said.text if answered else ""),
            **self._prompt(run, request),
        }
        return Reply(
            request=request,
            text=said.text,
            tool_calls=said.tool_calls,
            finish=said.finish,
            input_tokens=local_in * wrong,
            output_tokens=local_out * wrong,
            delay_ms=delay_ms,
            call=turn,
            fault=fault,
            seen=call.see("model", request.model[:200], detail),
        )

    def _prompt(self, run: Run, request: ModelRequest) -> dict[str, Json]:
        """What is told of the prompt."""
        text = "\n".join(texts_in(request.asked))
        told: dict[str, Json] = {"sections": sections(request.messages), **marked(run.case, text)}
        joined = "\n".join(message.content for message in request.messages)
        if found := carried(run.case, text, joined=joined):
            told["carried"] = found
        if self._keep_prompts:
            kept = kept_prompt(request.messages, min(run.prompt_room, PROMPT_LIMIT), unmasked=self._unmasked)
            run.prompt_room -= sum(len(part["content"]) for part in kept["prompt"])
            told.update(kept)
        return told

    def _said(self, run: Run, request: ModelRequest, fault: Fault | None) -> _Said:
        kind = fault.kind if fault else ""
        if kind == "refuse":
            return _Said(text=REFUSAL, finish="refusal")
        if kind == "content_filter":
            return _Said(finish="content_filter")
        if kind == "empty" or status_of(fault) != 200:
            return _Said()
        # A call that failed took no reply from the script, so that a retry gets the one it would have got.
        turn, script = run.count("model turn"), run.case.given.model
        calls = tuple(item for item in script.tool_calls if item.turn == turn) if script else ()
        if calls:
            return _Said(tool_calls=calls, finish="tool_calls")
        if script and script.replies:
            text = script.replies[min(run.count("model reply"), len(script.replies)) - 1]
        else:
            text = self._template(request)
        if request.max_tokens is not None and tokens.count(text) > request.max_tokens:
            return _Said(text=tokens.cut_to(text, request.max_tokens), finish="length")
        return _Said(text=text)


def delay_of(fault: Fault | None, scripted_ms: float | None) -> float | None:
    """Milliseconds before the first byte where fault or script say so, else None."""
    if fault is not None and fault.delay_ms is not None:
        return fault.delay_ms
    if fault is not None and fault.kind in ("timeout", "slow"):
        return NEVER_MS if fault.kind == "timeout" else SLOW_MS
    return 0.0 if fault is not None and fault.kind == "refused_connection" else scripted_ms


def _edges(case: Case, text: str) -> dict[str, Json]:
    """How a text begins and ends, in a case in which one is to break off: half of it may be shown later."""
    return {**edges(text)} if any(fault.kind in BREAKING for fault in case.given.faults) else {}


def _scripted_ms(case: Case) -> float | None:
    return case.given.model.latency_ms if case.given.model else None


def _digest(messages: tuple[Message, ...]) -> str:
    try:
        return digest_of(encode(messages))
    except TypeError:
        # A lone surrogate has no UTF-8 and therefore no canonical form.
        return digest_bytes(repr(messages).encode())
