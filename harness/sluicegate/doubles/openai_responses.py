"""OpenAI responses, whole or as its own events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sluicegate.doubles.answer import Call
from sluicegate.doubles.openai_error import openai_error
from sluicegate.doubles.replies import ModelRequest, Reply
from sluicegate.doubles.wire import RefusedError, Speech, identifier, number, pieces, read_object, sse, text_of
from sluicegate.model import Json, Message, canonical

__all__ = ["RESPONSES"]

_KEPT_CHATS = 100
"""Answers of one run that another request may go on from."""

_ECHOED = ("instructions", "max_output_tokens", "previous_response_id", "temperature", "top_p", "user")
_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}


def _read(call: Call) -> ModelRequest:
    value = read_object(call.body)
    model, said = value.get("model"), value.get("input")
    if not isinstance(model, str) or not model:
        raise RefusedError("Missing required parameter: 'model'.", code="missing_required_parameter")
    if not said or not isinstance(said, (str, list)):
        raise RefusedError("Missing required parameter: 'input'.", code="missing_required_parameter")
    items = [{"role": "user", "content": said}] if isinstance(said, str) else said
    if not all(isinstance(item, Mapping) for item in items):
        raise RefusedError("Invalid type for 'input': expected a text or a list of objects.", code="invalid_type")
    before: tuple[Message, ...] = ()
    earlier = value.get("previous_response_id")
    if earlier is not None:
        if not isinstance(earlier, str) or earlier not in call.run.chats:
            message = f"Previous response with id '{str(earlier)[:80]}' not found."
            raise RefusedError(message, code="previous_response_not_found")
        before = call.run.chats[earlier]
    told = value.get("instructions")
    head = (Message(role="system", content=text_of(told)),) if told else ()
    tools = value.get("tools")
    return ModelRequest(
        protocol="openai.responses",
        model=model,
        messages=(*head, *before, *(_message(item) for item in items)),
        stream=value.get("stream") is True,
        max_tokens=number(value.get("max_output_tokens")),
        tools=tuple(
            str(tool["name"])
            for tool in (tools if isinstance(tools, list) else ())
            if isinstance(tool, Mapping) and "name" in tool
        ),
        asked=value,
    )


def _message(item: Mapping[str, Json]) -> Message:
    kind = item.get("type", "message")
    if kind == "function_call_output":
        return Message(role="tool", content=text_of(item.get("output")))
    if kind == "function_call":
        return Message(role="assistant", content=text_of([{"name": item.get("name"), "asks": item.get("arguments")}]))
    role = str(item.get("role", ""))
    return Message(role="system" if role == "developer" else role, content=text_of(item.get("content")))


def _whole(reply: Reply, call: Call) -> dict[str, Json]:
    asked = reply.request.asked
    made = identifier(call, "resp_", reply.call)
    cut_short = _INCOMPLETE.get(reply.finish)
    status = "incomplete" if cut_short else "completed"
    output = list(_output(reply, call, status))
    _remember(call, made, reply)
    return {
        "id": made,
        "object": "response",
        "created_at": 1_700_000_000 + reply.call,
        "status": status,
        "error": None,
        "incomplete_details": {"reason": cut_short} if cut_short else None,
        "model": reply.request.model,
        "output": output,
        "parallel_tool_calls": True,
        "reasoning": {"effort": None, "summary": None},
        "store": asked.get("store") is not False,
        "text": {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": asked["tools"] if isinstance(asked.get("tools"), list) else [],
        "truncation": "disabled",
        "metadata": {},
        **{name: asked.get(name) for name in _ECHOED},
        "usage": {
            "input_tokens": reply.input_tokens,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": reply.output_tokens,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": reply.input_tokens + reply.output_tokens,
        },
    }


def _remember(call: Call, made: str, reply: Reply) -> None:
    chats = call.run.chats
    if reply.request.asked.get("store") is False:
        return
    # Instructions are not carried over to the next response, as the vendor says.
    said = [turn for turn in reply.request.messages if turn.role != "system"]
    chats[made] = (*said, Message(role="assistant", content=reply.text))
    while len(chats) > _KEPT_CHATS:
        del chats[next(iter(chats))]


def _output(reply: Reply, call: Call, status: str) -> Iterator[dict[str, Json]]:
    for place, item in enumerate(reply.tool_calls):
        yield {
            "id": identifier(call, "fc_", reply.call, place),
            "type": "function_call",
            "status": "completed",
            "call_id": identifier(call, "call_", reply.call, place),
            "name": item.name,
            "arguments": canonical(item.arguments).decode(),
        }
    if not reply.tool_calls:
        content: dict[str, Json] = {"type": "output_text", "text": reply.text, "annotations": [], "logprobs": []}
        if reply.finish == "refusal":
            content = {"type": "refusal", "refusal": reply.text}
        yield {
            "id": identifier(call, "msg_", reply.call),
            "type": "message",
            "status": status,
            "role": "assistant",
            "content": [content],
        }


def _stream(reply: Reply, whole: dict[str, Json]) -> Iterator[bytes]:
    for at, (kind, body) in enumerate(_events(whole)):
        yield sse({"type": kind, "sequence_number": at, **body}, kind)


def _events(whole: dict[str, Any]) -> Iterator[tuple[str, dict[str, Json]]]:
    begun = {**whole, "status": "in_progress", "output": [], "usage": None, "incomplete_details": None}
    yield "response.created", {"response": begun}
    yield "response.in_progress", {"response": begun}
    for place, item in enumerate(whole["output"]):
        blank: dict[str, Json] = {"arguments": ""} if item["type"] == "function_call" else {"content": []}
        at = {"output_index": place}
        yield "response.output_item.added", {**at, "item": {**item, **blank, "status": "in_progress"}}
        yield from _item_events(item, {**at, "item_id": item["id"]})
        yield "response.output_item.done", {**at, "item": item}
    yield f"response.{whole['status']}", {"response": whole}


def _item_events(item: dict[str, Any], at: dict[str, Json]) -> Iterator[tuple[str, dict[str, Json]]]:
    if item["type"] == "function_call":
        for piece in pieces(item["arguments"]):
            yield "response.function_call_arguments.delta", {**at, "delta": piece}
        done = {**at, "arguments": item["arguments"], "name": item["name"]}
        yield "response.function_call_arguments.done", done
        return
    part = item["content"][0]
    at = {**at, "content_index": 0}
    name, kind = ("refusal", "refusal") if part["type"] == "refusal" else ("text", "output_text")
    more: dict[str, Json] = {} if kind == "refusal" else {"logprobs": []}
    yield "response.content_part.added", {**at, "part": {**part, name: ""}}
    for piece in pieces(part[name]):
        yield f"response.{kind}.delta", {**at, **more, "delta": piece}
    yield f"response.{kind}.done", {**at, **more, name: part[name]}
    yield "response.content_part.done", {**at, "part": part}


RESPONSES = Speech(protocol="openai.responses", read=_read, whole=_whole, stream=_stream, error=openai_error)
"""`/v1/responses`."""
