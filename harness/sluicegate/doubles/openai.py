"""The OpenAI protocol: chat completions, streamed or not, and the list of models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sluicegate.doubles.answer import Answer, Call, json_answer
from sluicegate.doubles.faults import retry_after
from sluicegate.doubles.replies import ModelRequest, Replies, Reply
from sluicegate.model import Json, Message, canonical, digest_bytes, parse

__all__ = ["OpenAI"]

_PIECE = 16
"""Characters of a streamed piece."""
_STREAM_MS = 0.5
_MODELS = ("gpt-4o-mini-2024-07-18", "gpt-4o-mini", "gpt-4o")


class OpenAI:
    """`/v1/chat/completions` and `/v1/models`."""

    prefix = "/v1"
    variable = "OPENAI_BASE_URL"

    def __init__(self, replies: Replies) -> None:
        self._replies = replies

    def answer(self, call: Call) -> Answer:
        """Answer one request; what is wrong with it is told in the protocol's own error object."""
        path = call.path.removeprefix(self.prefix)
        if path == "/chat/completions":
            return self._chat(call) if call.method == "POST" else _error(405, "Method not allowed; use POST.")
        if call.method == "GET" and path == "/models":
            return json_answer({"object": "list", "data": [_model(name) for name in _MODELS]})
        if call.method == "GET" and path.startswith("/models/"):
            return json_answer(_model(path.removeprefix("/models/")))
        return _error(404, f"Unknown request URL: {call.method} {path}.")

    def _chat(self, call: Call) -> Answer:
        try:
            said, include_usage = _read(call.body)
        except ValueError as fault:
            detail: dict[str, Json] = {"protocol": "openai.chat", "status": 400, "refused": str(fault)}
            return _error(400, str(fault), seen=call.run.see("model", "(invalid request)", call.at, detail))
        reply = self._replies.reply(call.run, said, call.at)
        return _under_fault(reply) or _plain(_completed(reply, call), reply, include_usage)


def _read(body: bytes | None) -> tuple[ModelRequest, bool]:
    """The request, and whether a stream ends with its usage. Raises ValueError in the protocol's words."""
    value = _object(body)
    model, turns = value.get("model"), value.get("messages")
    if not isinstance(model, str) or not model:
        raise ValueError("You must provide a model parameter.")
    if not isinstance(turns, list) or not turns or not all(isinstance(turn, Mapping) for turn in turns):
        raise ValueError("'messages' must be a non-empty list of objects.")
    if value.get("n", 1) not in (1, None):
        raise ValueError("'n' must be 1 here.")
    limit = value.get("max_completion_tokens", value.get("max_tokens"))
    options = value.get("stream_options")
    said = ModelRequest(
        protocol="openai.chat",
        model=model,
        messages=tuple(Message(role=str(turn.get("role", "")), content=_text(turn.get("content"))) for turn in turns),
        stream=value.get("stream") is True,
        max_tokens=limit if isinstance(limit, int) and limit > 0 else None,
    )
    return said, isinstance(options, Mapping) and options.get("include_usage") is True


def _object(body: bytes | None) -> Mapping[str, Json]:
    if body is None:
        raise ValueError("The request body is too large.")
    try:
        value = parse(body)
    except ValueError:
        raise ValueError("We could not parse the JSON body of your request.") from None
    if not isinstance(value, Mapping):
        raise ValueError("The request body must be a JSON object.")  # noqa: TRY004 - one kind of refusal
    return value


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    return "".join(str(part.get("text", "")) for part in content if isinstance(part, Mapping))


def _under_fault(reply: Reply) -> Answer | None:
    """The answer of a fault that leaves no completion, or None."""
    fault = reply.fault
    if fault is None:
        return None
    if fault.kind == "rate_limit":
        said = f"Rate limit reached for {reply.request.model}."
        return _error(429, said, code="rate_limit_exceeded", headers=retry_after(fault), seen=reply.seen)
    if fault.kind == "server_error":
        return _error(fault.status or 500, "The server had an error while processing your request.", seen=reply.seen)
    if fault.kind == "timeout":
        return Answer(delay_ms=reply.delay_ms, cut="silent", seen=reply.seen)
    return None


def _completed(reply: Reply, call: Call) -> dict[str, Json]:
    key = digest_bytes(f"{call.run.run_id}\0{reply.call}".encode())[:24]
    refusal = reply.text if reply.finish == "refusal" else None
    message = {"role": "assistant", "content": None if refusal else reply.text, "refusal": refusal}
    finish = "stop" if refusal else reply.finish
    return {
        "id": f"chatcmpl-{key}",
        "object": "chat.completion",
        "created": 1_700_000_000 + reply.call,
        "model": reply.request.model,
        "system_fingerprint": "fp_template",
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish}],
        "usage": _usage(reply),
    }


def _plain(completed: dict[str, Json], reply: Reply, include_usage: bool) -> Answer:
    kind = reply.fault.kind if reply.fault else ""
    cut: Any = "middle" if kind == "cut" else "no"
    if not reply.request.stream:
        body = canonical(completed)
        if kind == "malformed":
            body = body[: len(body) * 2 // 3]
        return Answer(body=body, delay_ms=reply.delay_ms, cut=cut, seen=reply.seen)
    pieces = tuple(_events(completed, reply, include_usage))
    if kind == "malformed":
        pieces = (*pieces[:2], b'data: {"id": "chatcmpl-\n\n')
    return Answer(
        stream=pieces,
        content_type="text/event-stream",
        delay_ms=reply.delay_ms,
        gap_ms=_STREAM_MS,
        cut=cut,
        seen=reply.seen,
    )


def _events(completed: dict[str, Json], reply: Reply, include_usage: bool) -> Iterator[bytes]:
    head = {key: completed[key] for key in ("id", "created", "model", "system_fingerprint")}
    choice = completed["choices"][0]
    field = "refusal" if choice["message"]["refusal"] else "content"
    deltas: list[tuple[dict[str, Json], str | None]] = [({"role": "assistant", field: ""}, None)]
    deltas += [({field: reply.text[at : at + _PIECE]}, None) for at in range(0, len(reply.text), _PIECE)]
    deltas += [({}, choice["finish_reason"])]
    for delta, finish in deltas:
        said = [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]
        yield _event({**head, "object": "chat.completion.chunk", "choices": said})
    if include_usage:
        yield _event({**head, "object": "chat.completion.chunk", "choices": [], "usage": _usage(reply)})
    yield b"data: [DONE]\n\n"


def _event(value: Json) -> bytes:
    return b"data: " + canonical(value) + b"\n\n"


def _usage(reply: Reply) -> dict[str, Json]:
    return {
        "prompt_tokens": reply.input_tokens,
        "completion_tokens": reply.output_tokens,
        "total_tokens": reply.input_tokens + reply.output_tokens,
        "prompt_tokens_details": {"cached_tokens": 0},
    }


def _model(name: str) -> dict[str, Json]:
    return {"id": name, "object": "model", "created": 1_700_000_000, "owned_by": "sluicegate"}


def _error(
    status: int,
    message: str,
    *,
    code: str | None = None,
    headers: Mapping[str, str] | None = None,
    seen: dict[str, Json] | None = None,
) -> Answer:
    kind = "server_error" if status >= 500 else code or "invalid_request_error"
    said = {"error": {"message": message, "type": kind, "param": None, "code": code}}
    return json_answer(said, status=status, headers=headers, seen=seen)
