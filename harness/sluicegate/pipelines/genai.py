"""The answer in a trace: OpenTelemetry's GenAI attributes, new names and old.

Read after open-telemetry/semantic-conventions-genai (status: development), which still renames attributes; the old
names are those that exporters in use still write.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from sluicegate.model import Json, holds_long_number
from sluicegate.model.otlp import Span

__all__ = ["answer_of"]

_INPUT_TOKENS = ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens")
_OUTPUT_TOKENS = ("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens")
_CACHED_TOKENS = ("gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens")
_MODEL = ("gen_ai.response.model", "gen_ai.request.model")
_TALKS = ("chat", "text_completion", "generate_content", "completion")


def answer_of(root: Span, spans: Sequence[Span]) -> dict[str, Json]:
    """Output's fields from the span of a case and everything below it, the root first; what is absent is left out."""
    talks = sorted((span for span in spans if _talks(span)), key=lambda span: (span.start_ns, span.end_ns))
    said = [*reversed(talks), root] if root not in talks else list(reversed(talks))
    found: dict[str, Json] = {
        "latency_ms": root.latency_ms,
        "metadata": {"trace_id": root.trace_id, "span_id": root.span_id},
    }
    if (text := next((text for span in said if (text := _text(span)) is not None), None)) is not None:
        found["content"] = text
    if (
        model := next((model for span in said if (model := _first(span.attributes, _MODEL)) is not None), None)
    ) is not None:
        found["model"] = str(model)
    if usage := _usage(spans):
        found["usage"] = usage
    if calls := _tool_calls(spans):
        found["tools_called"] = calls
    if type(cost := root.attributes.get("pipeline.cost.microusd")) is int:
        found["cost_microusd"] = cost
    if root.failed or "error.type" in root.attributes:
        parts = [str(part) for part in (root.attributes.get("error.type"), root.status) if part]
        found["error"] = ": ".join(parts) or "The span of the case ended with an error."
    return found


def _talks(span: Span) -> bool:
    attributes = span.attributes
    operation = attributes.get("gen_ai.operation.name")
    if operation is not None:
        return operation in _TALKS
    return "gen_ai.request.model" in attributes and (
        "gen_ai.system" in attributes or "gen_ai.provider.name" in attributes
    )


def _text(span: Span) -> str | None:
    """What the model said in this span; None where it was not recorded."""
    holders = [span.attributes, *(attributes for _, attributes in span.events)]
    for attributes in holders:
        messages = _read(attributes.get("gen_ai.output.messages"))
        if isinstance(messages, list) and messages and isinstance(messages[0], Mapping):
            return _message_text(messages[0])
        for name in ("gen_ai.completion.0.content", "gen_ai.completion"):
            if (completion := attributes.get(name)) is not None:
                return _completion_text(completion)
    for name, attributes in span.events:
        message = _read(attributes.get("message"))
        if name == "gen_ai.choice" and isinstance(message, Mapping) and isinstance(message.get("content"), str):
            return str(message["content"])
    return None


def _message_text(message: Mapping[str, Any]) -> str:
    if isinstance(content := message.get("content"), str):
        return content
    parts = [part for part in message.get("parts") or () if isinstance(part, Mapping)]
    return "".join(str(part.get("content") or "") for part in parts if part.get("type", "text") == "text")


def _completion_text(completion: Json) -> str:
    """Older exporters write the text itself, or JSON of one message or a list of them."""
    read = _read(completion)
    first = read[0] if isinstance(read, list) and read else read
    return _message_text(first) if isinstance(first, Mapping) else str(completion)


def _usage(spans: Sequence[Span]) -> dict[str, Json]:
    """Tokens summed over the spans that report them and have none below them that do: parents repeat their sum."""
    reporting = [span for span in spans if _first(span.attributes, (*_INPUT_TOKENS, *_OUTPUT_TOKENS)) is not None]
    parents = {span.span_id: span.parent_id for span in spans}
    above: set[str] = set()
    for span in reporting:
        at = span.parent_id
        while at is not None and at not in above:
            above.add(at)
            at = parents.get(at)
    leaves = [span for span in reporting if span.span_id not in above]
    names = {"input_tokens": _INPUT_TOKENS, "output_tokens": _OUTPUT_TOKENS, "cached_tokens": _CACHED_TOKENS}
    found: dict[str, Json] = {}
    for field, attributes in names.items():
        values = [value for span in leaves if type(value := _first(span.attributes, attributes)) is int]
        if values:
            found[field] = sum(values)
    return found


def _tool_calls(spans: Iterable[Span]) -> list[Json]:
    tools = [span for span in spans if span.attributes.get("gen_ai.operation.name") == "execute_tool"]
    calls: list[Json] = []
    for span in sorted(tools, key=lambda span: span.start_ns):
        arguments = _read(span.attributes.get("gen_ai.tool.call.arguments"))
        call: dict[str, Json] = {"name": str(span.attributes.get("gen_ai.tool.name") or span.name)}
        if isinstance(arguments, Mapping):
            call["arguments"] = arguments
        if (result := _read(span.attributes.get("gen_ai.tool.call.result"))) is not None:
            call["result"] = result
        if span.failed:
            call["error"] = span.status or str(span.attributes.get("error.type") or "error")
        calls.append(call)
    return calls


def _first(attributes: Mapping[str, Json], names: Sequence[str]) -> Json:
    return next((attributes[name] for name in names if attributes.get(name) is not None), None)


def _read(value: Json) -> Json:
    """Structured attributes come as JSON in text where an exporter has no other way."""
    if not isinstance(value, str):
        return value
    try:
        read = orjson.loads(value)
    except orjson.JSONDecodeError:
        return value
    return value if holds_long_number(value.encode(errors="replace")) else read  # as text it stays the number it is
