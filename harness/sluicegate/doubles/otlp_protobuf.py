"""OTLP as protobuf, read into the mapping that OTLP/JSON is; the extra `otlp` has the message types."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from typing import Any

from sluicegate.errors import MissingExtraError
from sluicegate.model import Json

__all__ = ["read_protobuf"]

_IDS = ("traceId", "spanId", "parentSpanId")


def read_protobuf(kind: str, body: bytes) -> Json:
    """An upload of `traces` or `logs` as OTLP/JSON. Raises MissingExtraError, ValueError for no message."""
    try:
        from google.protobuf.json_format import MessageToDict
        from google.protobuf.message import DecodeError

        message: Any = _message(kind)
    except ImportError:
        raise MissingExtraError("OTLP as protobuf", needs="opentelemetry-proto", extra="otlp") from None
    try:
        message.ParseFromString(body)
        plain: Json = MessageToDict(message)
    except (DecodeError, ValueError, RecursionError) as error:
        raise ValueError(f"is no OTLP message: {error}") from None
    # protobuf's own JSON writes ids in base64; OTLP/JSON has them in hexadecimal.
    for item in _items(plain, kind):
        for key in _IDS:
            if key in item:
                item[key] = b64decode(item[key]).hex()
    return plain


def _message(kind: str) -> Any:
    if kind == "traces":
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

        return ExportTraceServiceRequest()
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

    return ExportLogsServiceRequest()


def _items(plain: Json, kind: str) -> Iterator[dict[str, Any]]:
    groups, scopes, items = (
        ("resourceSpans", "scopeSpans", "spans") if kind == "traces" else ("resourceLogs", "scopeLogs", "logRecords")
    )
    plain.setdefault(groups, [])
    for group in plain[groups]:
        for scope in group.get(scopes, ()):
            yield from scope.get(items, ())
