"""What every protocol of the model server shares: reading a body, server-sent events, faults, one exchange.

A protocol is a `Speech`: how it reads a request, writes an answer, streams it, and words an error.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

from sluicegate.doubles.answer import Answer, Call
from sluicegate.doubles.bodies import read_json
from sluicegate.doubles.faults import SLOW_GAP_MS, retry_after, status_of
from sluicegate.doubles.prompts import marked
from sluicegate.doubles.replies import ModelRequest, Replies, Reply
from sluicegate.frozen import frozen
from sluicegate.model import Json, canonical, digest_bytes

__all__ = [
    "ErrorWriter",
    "RefusedError",
    "Speech",
    "exchange",
    "identifier",
    "number",
    "pieces",
    "read_object",
    "sse",
    "text_of",
    "turned_away",
    "under_fault",
    "whole_body",
]

_PIECE = 16
"""Characters of a streamed piece."""
_STREAM_MS = 0.5
_ENDS = (b'"finish_reason":"', b'"stop_reason":"', b'"finishReason":"')
"""In the piece that says why a completion ended. Inside a text its quotes would be escaped."""


class RefusedError(Exception):
    """A request the protocol turns away; the message is what the caller is told."""

    def __init__(self, message: str, *, status: int = 400, code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class ErrorWriter(Protocol):
    """Words an error as the protocol does."""

    def __call__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
        seen: dict[str, Json] | None = None,
    ) -> Answer:
        """The answer with this status."""
        ...


@frozen
class Speech:
    """One protocol's way to say things."""

    protocol: str
    read: Callable[[Call], ModelRequest]
    """Raises RefusedError in the protocol's words."""
    whole: Callable[[Reply, Call], dict[str, Json]]
    stream: Callable[[Reply, dict[str, Json]], Iterable[bytes]]
    """The same answer as pieces, each a whole event."""
    error: ErrorWriter
    stream_type: str = "text/event-stream"


def exchange(call: Call, replies: Replies, speech: Speech) -> Answer:
    """One request answered: refused, failed by a fault, or said whole or as a stream."""
    try:
        request = speech.read(call)
    except RefusedError as refused:
        return turned_away(call, speech.protocol, refused, speech.error)
    reply = replies.reply(call, request)
    failed = under_fault(reply, speech.error, call)
    if failed is not None:
        return failed
    whole = speech.whole(reply, call)
    if not request.stream:
        return whole_body(reply, whole)
    kind = reply.fault.kind if reply.fault else ""
    said = tuple(speech.stream(reply, whole))
    if kind == "malformed":
        torn = said[len(said) // 2]
        said = (*said[: len(said) // 2], torn[: len(torn) * 2 // 3] + b"\n\n")
    gap_ms = _STREAM_MS
    if kind == "slow_stream":
        gap_ms = reply.fault.gap_ms if reply.fault and reply.fault.gap_ms is not None else SLOW_GAP_MS
        reply.seen["gap_ms"] = gap_ms
    enough = next((number for number, piece in enumerate(said, 1) if any(end in piece for end in _ENDS)), None)
    answer = Answer(stream=said, enough=enough, content_type=speech.stream_type, gap_ms=gap_ms, seen=reply.seen)
    return replace(answer, delay_ms=reply.delay_ms, cut="middle" if kind == "cut" else "no")


def turned_away(call: Call, protocol: str, refused: RefusedError, error: ErrorWriter) -> Answer:
    """A bad request, told to the caller and noted with the texts of the case that stood in it."""
    text = (call.body or b"").decode(errors="replace")
    detail: dict[str, Json] = {
        "protocol": protocol,
        "status": refused.status,
        "refused": str(refused)[:500],
        **marked(call.run.case, text),
    }
    seen = call.see("model", "(invalid request)", detail)
    return error(refused.status, str(refused), code=refused.code, seen=seen)


def under_fault(reply: Reply, error: ErrorWriter, call: Call) -> Answer | None:
    """The answer of a fault that leaves nothing of the model's, or None."""
    fault = reply.fault
    if fault is None:
        return None
    if fault.kind in ("timeout", "refused_connection"):
        return Answer(delay_ms=reply.delay_ms, cut="silent" if fault.kind == "timeout" else "reset", seen=reply.seen)
    status = status_of(fault)
    if status == 200 or status is None:
        return None
    said = "The server had an error while processing your request."
    if status == 429:
        said = f"Rate limit reached for {reply.request.model}."
    elif status in (503, 529):
        said = "The model is overloaded. Please try again later."
    headers = retry_after(fault, call.when + timedelta(milliseconds=reply.delay_ms))
    if headers:
        reply.seen["retry_after"] = headers["retry-after"]
    answer = error(status, said, headers=headers, seen=reply.seen)
    return replace(answer, delay_ms=reply.delay_ms)


def whole_body(reply: Reply, whole: Json) -> Answer:
    """An answer in one piece, cut or torn where the fault says so."""
    kind = reply.fault.kind if reply.fault else ""
    body = canonical(whole)
    if kind == "malformed":
        body = body[: len(body) * 2 // 3]
    return Answer(body=body, delay_ms=reply.delay_ms, cut="middle" if kind == "cut" else "no", seen=reply.seen)


def sse(value: Json, event: str | None = None) -> bytes:
    """One server-sent event."""
    head = f"event: {event}\n".encode() if event else b""
    return head + b"data: " + canonical(value) + b"\n\n"


def pieces(text: str) -> list[str]:
    """A text as a model streams it."""
    return [text[at : at + _PIECE] for at in range(0, len(text), _PIECE)]


def read_object(body: bytes | None) -> Mapping[str, Json]:
    """The JSON object of a body. Raises RefusedError."""
    if body is None:
        raise RefusedError("The request body is too large.", status=413)
    try:
        value = read_json(body)
    except ValueError:
        raise RefusedError("We could not parse the JSON body of your request.") from None
    if not isinstance(value, Mapping):
        raise RefusedError("The request body must be a JSON object.")
    return value


def text_of(content: Json) -> str:
    """The text of a content, which is a text or a list of parts.

    A part without text is told as JSON, so that what was sent is counted and digested.
    """
    if isinstance(content, str):
        return content
    if isinstance(content, Mapping):
        content = [content]
    if not isinstance(content, list):
        return ""
    return "".join(_part_text(part) for part in content)


def number(value: Json) -> int | None:
    """A limit as given, None for what is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def identifier(call: Call, prefix: str, turn: int, part: int = 0) -> str:
    """The same id for the same call of the same run."""
    return prefix + digest_bytes(f"{call.run.run_id}\0{turn}\0{part}".encode())[:24]


def _part_text(part: Json) -> str:
    if isinstance(part, str):
        return part
    if isinstance(part, Mapping):
        text = part.get("text")
        if isinstance(text, str):
            return text
    return json.dumps(part, sort_keys=True, ensure_ascii=False)
