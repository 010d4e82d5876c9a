"""The Anthropic protocol: messages, whole or as its own events, and their count of tokens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sluicegate.doubles import tokens
from sluicegate.doubles.answer import Answer, Call, json_answer, unserved
from sluicegate.doubles.replies import ModelRequest, Replies, Reply
from sluicegate.doubles.wire import (
    RefusedError,
    Speech,
    exchange,
    identifier,
    number,
    pieces,
    read_object,
    sse,
    text_of,
    turned_away,
)
from sluicegate.model import Json, Message, canonical

__all__ = ["Anthropic"]

_MODELS = ("claude-sonnet-5", "claude-haiku-4-5")
_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_REASONS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use"}


class Anthropic:
    """`/anthropic/v1/messages`: the vendor's client adds `/v1/…` to its base URL itself."""

    prefix = "/anthropic"
    variable = "ANTHROPIC_BASE_URL"
    keys = ("ANTHROPIC_API_KEY",)

    def __init__(self, replies: Replies) -> None:
        self._replies = replies

    def answer(self, call: Call) -> Answer:
        """Answer one request; what is wrong with it is told in the protocol's own error object."""
        path = call.path.removeprefix(self.prefix)
        if path in ("/v1/messages", "/v1/messages/count_tokens"):
            if call.method != "POST":
                return unserved(_error(405, "Method Not Allowed"))
            return exchange(call, self._replies, _SPEECH) if path == "/v1/messages" else _counted(call)
        if call.method == "GET" and path == "/v1/models":
            listed = [_model(name) for name in _MODELS]
            ends = {"first_id": _MODELS[0], "last_id": _MODELS[-1]}
            return json_answer({"data": listed, "has_more": False, **ends})
        if call.method == "GET" and path.startswith("/v1/models/"):
            return json_answer(_model(path.removeprefix("/v1/models/")))
        return unserved(_error(404, f"Not found: {call.method} {path[:200]}"))


def _read(call: Call, *, limited: bool = True) -> ModelRequest:
    value = read_object(call.body)
    model, turns = value.get("model"), value.get("messages")
    if not isinstance(model, str) or not model:
        raise RefusedError("model: Field required")
    if limited and number(value.get("max_tokens")) is None:
        raise RefusedError("max_tokens: Field required")
    if not isinstance(turns, list) or not turns or not all(isinstance(turn, Mapping) for turn in turns):
        raise RefusedError("messages: at least one message is required")
    for at, turn in enumerate(turns):
        if turn.get("role") not in ("user", "assistant", "system"):
            raise RefusedError(f"messages.{at}.role: Input should be 'user' or 'assistant'")
    system = value.get("system")
    tools = value.get("tools")
    return ModelRequest(
        protocol="anthropic.messages",
        model=model,
        messages=(
            *((Message(role="system", content=text_of(system)),) if system else ()),
            *(message for turn in turns for message in _messages(turn)),
        ),
        stream=value.get("stream") is True,
        max_tokens=number(value.get("max_tokens")),
        tools=tuple(
            str(tool.get("name", ""))
            for tool in (tools if isinstance(tools, list) else ())
            if isinstance(tool, Mapping)
        ),
        asked=value,
    )


def _messages(turn: Mapping[str, Json]) -> Iterator[Message]:
    """A turn; results of tools, which come in a user's turn, stand as messages of the tool."""
    content = turn.get("content")
    parts = content if isinstance(content, list) else [content]
    results = [part for part in parts if isinstance(part, Mapping) and part.get("type") == "tool_result"]
    for part in results:
        yield Message(role="tool", content=text_of(part.get("content")))
    rest = [part for part in parts if not any(part is result for result in results)]
    if rest or not results:
        yield Message(role=str(turn["role"]), content=text_of([part for part in rest if part is not None]))


def _whole(reply: Reply, call: Call) -> dict[str, Json]:
    content: list[Json] = [
        {
            "type": "tool_use",
            "id": identifier(call, "toolu_", reply.call, place),
            "name": item.name,
            "input": dict(item.arguments),
        }
        for place, item in enumerate(reply.tool_calls)
    ]
    if reply.text:
        content.append({"type": "text", "text": reply.text})
    return {
        "id": identifier(call, "msg_", reply.call),
        "type": "message",
        "role": "assistant",
        "model": reply.request.model,
        "content": content,
        "stop_reason": _REASONS.get(reply.finish, "refusal"),
        "stop_sequence": None,
        "usage": {
            "input_tokens": reply.input_tokens,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "output_tokens": reply.output_tokens,
            "service_tier": "standard",
        },
    }


def _stream(reply: Reply, whole: dict[str, Json]) -> Iterator[bytes]:
    for kind, body in _events(reply, whole):
        yield sse({"type": kind, **body}, kind)


def _events(reply: Reply, whole: dict[str, Any]) -> Iterator[tuple[str, dict[str, Json]]]:
    begun = {**whole, "content": [], "stop_reason": None, "usage": {**whole["usage"], "output_tokens": 1}}
    yield "message_start", {"message": begun}
    for index, block in enumerate(whole["content"]):
        blank: dict[str, Json] = {"input": {}} if block["type"] == "tool_use" else {"text": ""}
        yield "content_block_start", {"index": index, "content_block": {**block, **blank}}
        if index == 0:
            yield "ping", {}
        for delta in _deltas(block):
            yield "content_block_delta", {"index": index, "delta": delta}
        yield "content_block_stop", {"index": index}
    ended = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    yield "message_delta", {"delta": ended, "usage": {"output_tokens": reply.output_tokens}}
    yield "message_stop", {}


def _deltas(block: Mapping[str, Any]) -> Iterator[dict[str, Json]]:
    if block["type"] == "tool_use":
        said = canonical(block["input"]).decode()
        yield from ({"type": "input_json_delta", "partial_json": piece} for piece in pieces(said))
    else:
        yield from ({"type": "text_delta", "text": piece} for piece in pieces(block["text"]))


def _counted(call: Call) -> Answer:
    """Tokens of a prompt that no model is asked: no call of a model is observed."""
    try:
        request = _read(call, limited=False)
    except RefusedError as refused:
        return turned_away(call, "anthropic.messages", refused, _error)
    return json_answer({"input_tokens": tokens.count_messages(request.messages)})


def _model(name: str) -> dict[str, Json]:
    return {"type": "model", "id": name, "display_name": name, "created_at": "2026-01-01T00:00:00Z"}


def _error(
    status: int,
    message: str,
    *,
    code: str | None = None,
    headers: Mapping[str, str] | None = None,
    seen: dict[str, Json] | None = None,
) -> Answer:
    kind = code or _KINDS.get(status, "api_error" if status >= 500 else "invalid_request_error")
    said = {"type": "error", "error": {"type": kind, "message": message}, "request_id": None}
    return json_answer(said, status=status, headers=headers, seen=seen)


_SPEECH = Speech(protocol="anthropic.messages", read=_read, whole=_whole, stream=_stream, error=_error)
