"""OpenAI chat completions, streamed or not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sluicegate.doubles.answer import Call
from sluicegate.doubles.openai_error import openai_error
from sluicegate.doubles.replies import ModelRequest, Reply
from sluicegate.doubles.wire import RefusedError, Speech, identifier, number, pieces, read_object, sse, text_of
from sluicegate.model import Json, Message, canonical

__all__ = ["CHAT"]

_ROLES = {"developer": "system", "function": "tool"}


def _read(call: Call) -> ModelRequest:
    value = read_object(call.body)
    model, turns = value.get("model"), value.get("messages")
    if not isinstance(model, str) or not model:
        raise RefusedError("You must provide a model parameter.")
    if not isinstance(turns, list) or not turns or not all(isinstance(turn, Mapping) for turn in turns):
        raise RefusedError("'messages' must be a non-empty list of objects.")
    if value.get("n", 1) not in (1, None):
        raise RefusedError("'n' must be 1 here.")
    return ModelRequest(
        protocol="openai.chat",
        model=model,
        messages=tuple(_message(turn) for turn in turns),
        stream=value.get("stream") is True,
        max_tokens=number(value.get("max_completion_tokens")) or number(value.get("max_tokens")),
        tools=tuple(_tool_names(value.get("tools"))),
        asked=value,
    )


def _message(turn: Mapping[str, Json]) -> Message:
    """A turn with the tools it asked for told as JSON after its text."""
    role = str(turn.get("role", ""))
    asked = turn.get("tool_calls") or turn.get("function_call")
    said = text_of(turn.get("content"))
    return Message(role=_ROLES.get(role, role), content=said + (text_of(asked) if asked else ""))


def _tool_names(tools: Json) -> Iterator[str]:
    for tool in tools if isinstance(tools, list) else ():
        function = tool.get("function") if isinstance(tool, Mapping) else None
        if isinstance(function, Mapping):
            yield str(function.get("name", ""))


def _whole(reply: Reply, call: Call) -> dict[str, Json]:
    refusal = reply.text if reply.finish == "refusal" else None
    message: dict[str, Json] = {"role": "assistant", "content": None if refusal else reply.text, "refusal": refusal}
    if reply.tool_calls:
        message["content"] = None
        message["tool_calls"] = [
            {
                "id": identifier(call, "call_", reply.call, place),
                "type": "function",
                "function": {"name": item.name, "arguments": canonical(item.arguments).decode()},
            }
            for place, item in enumerate(reply.tool_calls)
        ]
    return {
        "id": identifier(call, "chatcmpl-", reply.call),
        "object": "chat.completion",
        "created": 1_700_000_000 + reply.call,
        "model": reply.request.model,
        "system_fingerprint": "fp_template",
        "service_tier": "default",
        "choices": [
            {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop" if refusal else reply.finish}
        ],
        "usage": _usage(reply),
    }


def _stream(reply: Reply, whole: dict[str, Json]) -> Iterator[bytes]:
    head = {key: whole[key] for key in ("id", "created", "model", "system_fingerprint", "service_tier")}
    choice = whole["choices"][0]
    said = [{"role": "assistant", "content": "", "refusal": None}, *_deltas(choice["message"])]
    for delta in said:
        yield _chunk(head, delta, None)
    yield _chunk(head, {}, choice["finish_reason"])
    options = reply.request.asked.get("stream_options")
    if isinstance(options, Mapping) and options.get("include_usage") is True:
        yield sse({**head, "object": "chat.completion.chunk", "choices": [], "usage": _usage(reply)})
    yield b"data: [DONE]\n\n"


def _deltas(message: Mapping[str, Any]) -> Iterator[dict[str, Json]]:
    name = "refusal" if message["refusal"] else "content"
    yield from ({name: piece} for piece in pieces(message[name] or ""))
    for place, asked in enumerate(message.get("tool_calls", ())):
        function = asked["function"]
        yield {"tool_calls": [{**asked, "index": place, "function": {**function, "arguments": ""}}]}
        for piece in pieces(function["arguments"]):
            yield {"tool_calls": [{"index": place, "function": {"arguments": piece}}]}


def _chunk(head: Mapping[str, Json], delta: Json, finish: str | None) -> bytes:
    choices = [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]
    return sse({**head, "object": "chat.completion.chunk", "choices": choices})


def _usage(reply: Reply) -> dict[str, Json]:
    return {
        "prompt_tokens": reply.input_tokens,
        "completion_tokens": reply.output_tokens,
        "total_tokens": reply.input_tokens + reply.output_tokens,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
    }


CHAT = Speech(protocol="openai.chat", read=_read, whole=_whole, stream=_stream, error=openai_error)
"""`/v1/chat/completions`."""
