"""What came over HTTP as an Output: by the plan's mapping, else by the rules every adapter shares. No IO."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial

import orjson

from sluicegate.model import CrashKind, Json, Output
from sluicegate.pipelines.conversion import from_json, live, not_json, output_of, read_exactly, with_error
from sluicegate.pipelines.crashes import crash, excerpt
from sluicegate.pipelines.mapping import parse_mapping, tool_calls_of
from sluicegate.pipelines.stream import EventFold
from sluicegate.pipelines.usage import usage_of
from sluicegate.plan.types import HttpTarget

__all__ = ["PART", "AnswerReader"]

PART = 206
"""The status of a part of an answer (RFC 9110, 15.3.7), which no request asked for."""


class AnswerReader:
    """Reads the answers of one target. Raises InputError for a mapping that cannot be read."""

    def __init__(self, target: HttpTarget, *, secrets: Iterable[str] = ()) -> None:
        """`secrets` are the values that nothing read here may show."""
        self._mapping = parse_mapping(target.response, where="pipeline.http.response") if target.response else None
        self._secrets = tuple(secrets)

    def whole(self, shown: str, content_type: str, body: bytes) -> Output:
        """The Output of a body that came whole; a crash for one that is no JSON, or does not fit the mapping."""
        for secret in self._secrets:  # an endpoint that echoes a header must not write it into the evidence
            body = body.replace(secret.encode(), b"***")
        what = f"{shown}: expected JSON, got {content_type or 'no content type'}"
        if content_type.startswith("text/html"):
            said = excerpt(body[:2000].decode("utf-8", "replace"), secrets=self._secrets)
            return crash(CrashKind.GARBAGE, f"{what}: {said}", secrets=self._secrets)
        try:
            plain = orjson.loads(body)
        except orjson.JSONDecodeError:
            return not_json(body, what=what, secrets=self._secrets)
        read = from_json if self._mapping is None else partial(self._mapping.read, what="response")
        return live(read_exactly(body, plain, read))

    def folded(self, fold: EventFold, *, ttft_ms: float | None) -> Output:
        """The Output of a stream that has ended; a crash for one that was cut or is none."""
        if fold.fault is not None:
            said = excerpt(fold.fault, limit=300, secrets=self._secrets)
            return crash(CrashKind.GARBAGE, said, secrets=self._secrets)
        if fold.reported is not None:
            return output_of(with_error({"error": fold.reported}))
        if self._mapping is not None:
            return replace(live(self._mapping.read(fold.completion, what="stream")), ttft_ms=ttft_ms)
        return replace(_from_completion(fold.completion), ttft_ms=ttft_ms)

    def partial(self, shown: str, why: str) -> Output:
        """The crash of an answer that is not whole."""
        return crash(CrashKind.GARBAGE, f"{shown}: the answer is not whole: {why}.", secrets=self._secrets)

    def refused(self, shown: str, status: int, reason: str, body: bytes) -> Output:
        """The crash of an answer whose status is no success; `body` is its beginning."""
        read = excerpt(body.decode("utf-8", "replace"), secrets=self._secrets)
        said = f"{shown} answered {status} {reason}".rstrip()
        return crash(CrashKind.HTTP_STATUS, f"{said}: {read}" if read else f"{said}.", secrets=self._secrets)


def _from_completion(completion: Mapping[str, Json]) -> Output:
    """A folded stream without a mapping: its content, tool calls, model and usage."""
    message = completion["choices"][0]["message"]
    plain: dict[str, Json] = {"content": message["content"], "model": completion["model"]}
    if calls := message.get("tool_calls"):
        plain["tools_called"] = tool_calls_of(calls)
    if usage := completion["usage"]:
        plain["usage"] = usage_of(usage)
    return output_of(plain, said="The stream does not hold an answer:", mend="")
