"""How a request was tied to its run, and which ids of the caller's own it carried."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from sluicegate.model import Json, digest_bytes

__all__ = ["ID_HEADERS", "TRACEPARENT", "By", "correlation"]

By = Literal["path", "port", "login", "header", "traceparent", "helo", "canary", "recipient", "lane", "nothing"]
"""What named the run; `lane`: it was the only one open, and never more than one is. The words of SMTP are for mail."""

TRACEPARENT = "traceparent"
ID_HEADERS = (
    "x-sluicegate-run",
    "x-request-id",
    "x-correlation-id",
    "x-trace-id",
    "x-client-request-id",
    "request-id",
    "tracestate",
    "baggage",
    "b3",
    "x-b3-traceid",
    "x-cloud-trace-context",
    "x-amzn-trace-id",
)
_VALUE_LIMIT = 100


def correlation(named_by: By, headers: Mapping[str, str]) -> dict[str, Json]:
    """What named the run, the traceparent as it was, and of each other id header 12 digits of its value's SHA-256.

    Digests let two requests be compared; the values, which may name a person, stay out of the evidence.
    """
    told: dict[str, Json] = {"run": named_by}
    if TRACEPARENT in headers:
        told[TRACEPARENT] = headers[TRACEPARENT][:_VALUE_LIMIT].encode("ascii", "replace").decode()
    ids = {name: digest_bytes(headers[name].encode(errors="replace"))[:12] for name in ID_HEADERS if name in headers}
    if ids:
        told["ids"] = ids
    return told
