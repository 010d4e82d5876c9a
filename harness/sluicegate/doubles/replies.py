"""What the model server says, whatever the protocol: a scripted reply, else the template model's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sluicegate.doubles import tokens
from sluicegate.doubles.faults import NEVER_MS, SLOW_MS, fault_for
from sluicegate.doubles.latency import Latencies
from sluicegate.doubles.runs import Run
from sluicegate.model import Fault, Json, Message, digest_of, encode

__all__ = ["ModelRequest", "Replies", "Reply", "TemplateModel"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRequest:
    """A request to a model, in no protocol's words."""

    protocol: str
    """openai.chat"""
    model: str
    messages: tuple[Message, ...]
    stream: bool = False
    max_tokens: int | None = None


TemplateModel = Callable[[ModelRequest], str]
"""Answers from the request alone: the same request, the same answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What to answer, for a protocol to put into its own form."""

    request: ModelRequest
    text: str
    finish: str
    """stop | length | refusal | content_filter"""
    input_tokens: int
    output_tokens: int
    delay_ms: float
    call: int
    fault: Fault | None
    seen: dict[str, Json]
    """Detail of the observation; a protocol completes it."""


class Replies:
    """The model behind every protocol of the model server."""

    def __init__(self, *, template: TemplateModel, latencies: Latencies) -> None:
        self._template = template
        self._latencies = latencies

    def reply(self, run: Run, request: ModelRequest, at: str) -> Reply:
        """Decide the answer to one call and log the observation."""
        call = run.count("model")
        fault = fault_for(run.case, "model", call, request.model)
        text, finish = self._text(run, request, fault)
        said_in, said_out = tokens.count_messages(request.messages), tokens.count(text)
        if fault is not None and fault.kind == "wrong_usage":
            said_in, said_out = said_in * 10, said_out * 10
        status = _status(fault)
        detail: dict[str, Json] = {
            "model": request.model,
            "protocol": request.protocol,
            "stream": request.stream,
            "status": status,
            "prompt_digest": digest_of(encode(request.messages)),
            "input_tokens": said_in if status == 200 else 0,
            "output_tokens": said_out if status == 200 else 0,
            "fault": fault.kind if fault else None,
        }
        return Reply(
            request=request,
            text=text,
            finish=finish,
            input_tokens=said_in,
            output_tokens=said_out,
            delay_ms=self._delay_ms(run, call, fault),
            call=call,
            fault=fault,
            seen=run.see("model", request.model, at, detail),
        )

    def _text(self, run: Run, request: ModelRequest, fault: Fault | None) -> tuple[str, str]:
        kind = fault.kind if fault else ""
        if kind == "refuse":
            return "I cannot help with that.", "refusal"
        if kind == "content_filter":
            return "", "content_filter"
        if kind == "empty" or _status(fault) != 200:
            return "", "stop"
        script = run.case.given.model
        if script and script.replies:
            # A call that failed took no reply from the script, so that a retry gets the one it would have got.
            turn = run.count("model reply")
            text = script.replies[min(turn, len(script.replies)) - 1]
        else:
            text = self._template(request)
        if request.max_tokens is not None and tokens.count(text) > request.max_tokens:
            return tokens.cut_to(text, request.max_tokens), "length"
        return text, "stop"

    def _delay_ms(self, run: Run, call: int, fault: Fault | None) -> float:
        if fault is not None and fault.delay_ms is not None:
            return fault.delay_ms
        if fault is not None and fault.kind in ("timeout", "slow"):
            return NEVER_MS if fault.kind == "timeout" else SLOW_MS
        script = run.case.given.model
        if script and script.latency_ms is not None:
            return script.latency_ms
        return self._latencies.draw(self._latencies.model_ms, run.case.id, "model", call)


def _status(fault: Fault | None) -> int | None:
    """The status that goes out; None when no answer does."""
    kind = fault.kind if fault else ""
    if kind == "rate_limit":
        return 429
    if kind == "server_error":
        return fault.status if fault and fault.status else 500
    return None if kind == "timeout" else 200
