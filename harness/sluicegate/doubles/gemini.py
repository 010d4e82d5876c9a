"""The Gemini protocol: generateContent, whole or streamed, and its count of tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

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

__all__ = ["Gemini"]

_PROTOCOL = "gemini.generate"
_PATH = re.compile(r"/v1(?:beta|alpha)?/(?:models|tunedModels)/([^/:]+):(\w+)\Z")
_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_REASONS = {"length": "MAX_TOKENS", "content_filter": "SAFETY"}
_HARMS = ("HARASSMENT", "HATE_SPEECH", "SEXUALLY_EXPLICIT", "DANGEROUS_CONTENT")


class Gemini:
    """`/gemini/v1beta/models/<model>:generateContent` and `:streamGenerateContent`."""

    prefix = "/gemini"
    variable = "GOOGLE_GEMINI_BASE_URL"
    # The vendor's client prefers the first; a program of one's own may read the second.
    keys = ("GOOGLE_API_KEY", "GEMINI_API_KEY")

    def __init__(self, replies: Replies) -> None:
        self._replies = replies

    def answer(self, call: Call) -> Answer:
        """Answer one request; what is wrong with it is told in the protocol's own error object."""
        path = unquote(call.path.removeprefix(self.prefix))
        match = _PATH.match(path)
        method = match[2] if match else ""
        if call.method == "POST" and method == "countTokens":
            return _counted(call)
        if call.method != "POST" or method not in ("generateContent", "streamGenerateContent"):
            return unserved(_error(404, f"Not found: {call.method} {path[:200]}"))
        if method == "streamGenerateContent" and ("alt", "sse") not in call.query:
            return exchange(call, self._replies, _LISTED)
        return exchange(call, self._replies, _SPEECH)


def _read(call: Call) -> ModelRequest:
    match = _PATH.match(unquote(call.path.removeprefix(Gemini.prefix)))
    if match is None:
        raise RefusedError("The path names no model.")
    value = read_object(call.body)
    turns = value.get("contents")
    turns = [turns] if isinstance(turns, Mapping) else turns
    if not isinstance(turns, list) or not turns or not all(isinstance(turn, Mapping) for turn in turns):
        raise RefusedError("* GenerateContentRequest.contents: contents is not specified")
    settings = _either(value, "generationConfig", "generation_config")
    settings = settings if isinstance(settings, Mapping) else {}
    if _either(settings, "candidateCount", "candidate_count") not in (None, 1):
        raise RefusedError("* GenerationConfig.candidate_count: must be 1 here")
    system = _either(value, "systemInstruction", "system_instruction")
    head = (Message(role="system", content=text_of(_parts(system))),) if system else ()
    return ModelRequest(
        protocol=_PROTOCOL,
        model=match[1],
        messages=(*head, *(_message(turn) for turn in turns)),
        stream=match[2] == "streamGenerateContent",
        max_tokens=number(_either(settings, "maxOutputTokens", "max_output_tokens")),
        tools=tuple(_tool_names(value.get("tools"))),
        asked=value,
    )


def _either(value: Mapping[str, Json], *names: str) -> Json:
    """Protocol buffers read both spellings of a field."""
    return next((value[name] for name in names if name in value), None)


def _parts(content: Json) -> Json:
    return content.get("parts", []) if isinstance(content, Mapping) else content


def _message(turn: Mapping[str, Json]) -> Message:
    parts = _parts(turn)
    listed = parts if isinstance(parts, list) else [parts]
    answers = any(
        isinstance(part, Mapping) and _either(part, "functionResponse", "function_response") for part in listed
    )
    role = "tool" if answers else {"model": "assistant"}.get(str(turn.get("role")), "user")
    return Message(role=role, content=text_of(parts))


def _tool_names(tools: Json) -> Iterator[str]:
    for tool in tools if isinstance(tools, list) else ():
        declared = _either(tool, "functionDeclarations", "function_declarations") if isinstance(tool, Mapping) else None
        for item in declared if isinstance(declared, list) else ():
            if isinstance(item, Mapping):
                yield str(item.get("name", ""))


def _whole(reply: Reply, call: Call) -> dict[str, Json]:
    parts: list[Json] = [
        {"functionCall": {"name": item.name, "args": dict(item.arguments)}} for item in reply.tool_calls
    ]
    if reply.text:
        parts.append({"text": reply.text})
    blocked = reply.finish == "content_filter"
    ratings = [
        {"category": f"HARM_CATEGORY_{harm}", "probability": "HIGH" if blocked and harm == _HARMS[-1] else "NEGLIGIBLE"}
        for harm in _HARMS
    ]
    candidate: dict[str, Json] = {
        "index": 0,
        "content": {"role": "model", "parts": parts},
        "finishReason": _REASONS.get(reply.finish, "STOP"),
        "safetyRatings": ratings,
    }
    if blocked:
        del candidate["content"]
    return {
        "candidates": [candidate],
        "usageMetadata": {
            "promptTokenCount": reply.input_tokens,
            "candidatesTokenCount": reply.output_tokens,
            "totalTokenCount": reply.input_tokens + reply.output_tokens,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": reply.input_tokens}],
        },
        "modelVersion": reply.request.model,
        "responseId": identifier(call, "", reply.call),
    }


def _chunks(whole: dict[str, Any]) -> Iterator[dict[str, Json]]:
    """The answer in pieces; only the last has the reason it ended and the whole usage."""
    candidate = whole["candidates"][0]
    parts = candidate.get("content", {}).get("parts", [])
    split = [[{"text": piece}] for part in parts if "text" in part for piece in pieces(part["text"])]
    split = [[part] for part in parts if "text" not in part] + split
    usage = {key: whole["usageMetadata"][key] for key in ("promptTokenCount", "promptTokensDetails")}
    for said in split[:-1]:
        begun = {"index": 0, "content": {"role": "model", "parts": said}}
        yield {**whole, "candidates": [begun], "usageMetadata": usage}
    last = {**candidate, "content": {"role": "model", "parts": split[-1]}} if split else candidate
    yield {**whole, "candidates": [last]}


def _stream(reply: Reply, whole: dict[str, Json]) -> Iterator[bytes]:
    yield from (sse(chunk) for chunk in _chunks(whole))


def _listed(reply: Reply, whole: dict[str, Json]) -> Iterator[bytes]:
    """Without `alt=sse` a stream is one JSON list that grows."""
    mark = b"["
    for chunk in _chunks(whole):
        yield mark + canonical(chunk)
        mark = b",\n"
    yield b"]"


def _counted(call: Call) -> Answer:
    """Tokens of a prompt that no model is asked: no call of a model is observed."""
    try:
        request = _read(call)
    except RefusedError as refused:
        return turned_away(call, _PROTOCOL, refused, _error)
    return json_answer({"totalTokens": tokens.count_messages(request.messages)})


def _error(
    status: int,
    message: str,
    *,
    code: str | None = None,
    headers: Mapping[str, str] | None = None,
    seen: dict[str, Json] | None = None,
) -> Answer:
    name = code or _STATUSES.get(status, "UNAVAILABLE" if status > 500 else "FAILED_PRECONDITION")
    error: dict[str, Json] = {"code": status, "message": message, "status": name}
    wait = (headers or {}).get("retry-after", "")
    if wait.replace(".", "", 1).isdigit():
        error["details"] = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{wait}s"}]
    return json_answer({"error": error}, status=status, headers=headers, seen=seen)


_SPEECH = Speech(protocol=_PROTOCOL, read=_read, whole=_whole, stream=_stream, error=_error)
_LISTED = replace(_SPEECH, stream=_listed, stream_type="application/json")
