"""OTLP/JSON as exporters write it: one TracesData object a line, ids in hexadecimal, 64-bit integers as text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Any

from sluicegate.frozen import frozen
from sluicegate.model import Json

__all__ = ["LogRecord", "Span", "SpanError", "attributes_of", "log_records_of", "spans_of"]

_TRACE_ID = re.compile(r"[0-9a-fA-F]{32}")
_SPAN_ID = re.compile(r"[0-9a-fA-F]{16}")
_WIDEST = 2**63
_ERROR = (2, "2", "STATUS_CODE_ERROR")


class SpanError(ValueError):
    """What is wrong with a line of spans, in the user's words."""


@frozen
class Span:
    """One span with plain attributes."""

    trace_id: str
    span_id: str
    parent_id: str | None
    name: str
    start_ns: int
    end_ns: int
    attributes: Mapping[str, Json]
    resource: Mapping[str, Json]
    events: tuple[tuple[str, Mapping[str, Json]], ...] = field(default=())
    failed: bool = False
    status: str = ""
    """The message of its status."""

    @property
    def latency_ms(self) -> float:
        """From start to end."""
        return (self.end_ns - self.start_ns) / 1e6


@frozen
class LogRecord:
    """One log record with plain attributes."""

    trace_id: str | None
    """None where it belongs to no trace."""
    text: str
    level: str
    at_ns: int
    attributes: Mapping[str, Json]
    resource: Mapping[str, Json]


def log_records_of(line: Json) -> Iterator[LogRecord]:
    """Every log record of one parsed upload. Raises SpanError for what is no OTLP/JSON."""
    for record, resource in _items(line, "resourceLogs", "scopeLogs", "logRecords"):
        trace = str(record.get("traceId") or "")
        body = _value(_mapping(record, "body"))
        yield LogRecord(
            trace_id=trace.lower() if _TRACE_ID.fullmatch(trace) and trace.strip("0") else None,
            text=body if isinstance(body, str) else str(body),
            level=str(record.get("severityText") or ""),
            at_ns=_nanos(record, "timeUnixNano") or _nanos(record, "observedTimeUnixNano"),
            attributes=attributes_of(record.get("attributes") or ()),
            resource=resource,
        )


def spans_of(line: Json) -> Iterator[Span]:
    """Every span of one parsed line. Raises SpanError for what is no OTLP/JSON."""
    for span, resource in _items(line, "resourceSpans", "scopeSpans", "spans"):
        yield _span(span, resource)


def _items(line: Json, *keys: str) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Json]]]:
    """What lies three lists deep, each with the attributes of its resource."""
    groups, scopes, items = keys
    if not isinstance(line, Mapping) or groups not in line:
        seen = ", ".join(list(line)[:5]) if isinstance(line, Mapping) else type(line).__name__
        raise SpanError(f"has no {groups}; it has {seen or 'nothing'}")
    for group in _list(line, groups):
        resource = attributes_of(_mapping(group, "resource").get("attributes") or ())
        for scope in _list(group, scopes):
            for item in _list(scope, items):
                yield item, resource


def attributes_of(pairs: Any) -> dict[str, Json]:
    """`[{"key": …, "value": {"stringValue": …}}]` as a mapping of plain values. Raises SpanError."""
    try:
        return {pair["key"]: _value(pair.get("value") or {}) for pair in pairs}
    except (TypeError, KeyError, AttributeError, ValueError) as error:
        raise SpanError(f"has an attribute that cannot be read: {type(error).__name__} {error}") from None


def _span(span: Mapping[str, Any], resource: Mapping[str, Json]) -> Span:
    status = _mapping(span, "status")
    events = [
        (str(item.get("name", "")), attributes_of(item.get("attributes") or ())) for item in _list(span, "events")
    ]
    parent = span.get("parentSpanId") or None
    return Span(
        trace_id=_id(span, "traceId", _TRACE_ID),
        span_id=_id(span, "spanId", _SPAN_ID),
        parent_id=str(parent).lower() if parent else None,
        name=str(span.get("name", "")),
        start_ns=_nanos(span, "startTimeUnixNano"),
        end_ns=_nanos(span, "endTimeUnixNano"),
        attributes=attributes_of(span.get("attributes") or ()),
        resource=resource,
        events=tuple(events),
        failed=status.get("code") in _ERROR,
        status=str(status.get("message") or ""),
    )


def _value(value: Mapping[str, Any]) -> Json:
    for kind, item in value.items():
        match kind:
            case "intValue":
                if isinstance(item, float) or not -_WIDEST <= int(item) < _WIDEST:
                    raise ValueError("an intValue beyond 64 bits")
                return int(item)
            case "doubleValue":
                return float(item)  # "NaN" and "Infinity" come as text
            case "arrayValue":
                return [_value(each) for each in item.get("values") or ()]
            case "kvlistValue":
                return {pair["key"]: _value(pair.get("value") or {}) for pair in item.get("values") or ()}
            case _:
                return item
    return None


def _id(span: Mapping[str, Any], key: str, form: re.Pattern[str]) -> str:
    text = str(span.get(key, ""))
    if form.fullmatch(text) is None:
        digits = 32 if form is _TRACE_ID else 16
        raise SpanError(
            f"has the {key} '{text[:40]}', which is not {digits} hexadecimal digits: protobuf's own JSON writes base64 "
            "there and is not OTLP/JSON"
        )
    return text.lower()


def _nanos(span: Mapping[str, Any], key: str) -> int:
    try:
        return int(span.get(key) or 0)
    except (TypeError, ValueError):
        raise SpanError(f"has the {key} {span.get(key)!r}; expected nanoseconds") from None


def _list(held: Mapping[str, Any], key: str) -> list[Any]:
    found = held.get(key) or []
    if not isinstance(found, list) or not all(isinstance(item, Mapping) for item in found):
        raise SpanError(f"has {key} that is no list of objects")
    return found


def _mapping(held: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = held.get(key) or {}
    if not isinstance(found, Mapping):
        raise SpanError(f"has {key} that is no object")
    return found
