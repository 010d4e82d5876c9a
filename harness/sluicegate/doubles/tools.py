"""A user's REST back end, stood in for: tools as the plan declares them, answers as the case gives them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from math import isfinite
from urllib.parse import parse_qsl, quote, unquote

from sluicegate.doubles.answer import Answer, Call, json_answer, unserved
from sluicegate.doubles.bodies import DEEPEST
from sluicegate.doubles.faults import disturbed, struck
from sluicegate.doubles.latency import Latencies
from sluicegate.doubles.runs import Run
from sluicegate.frozen import frozen
from sluicegate.model import Json, digest_bytes
from sluicegate.plan.types import ToolSpec

__all__ = ["Tools"]

_RECORDED_BYTES = 64_000
"""A larger body is recorded by its digest and size."""

_WIDEST = 2**63
_REFUSING = ("rate_limit", "server_error", "refused_connection")


class Tools:
    """`/tools/<path template>`: records what each tool really received."""

    prefix = "/tools"
    variable = "SLUICEGATE_TOOLS_URL"
    keys: tuple[str, ...] = ()

    def __init__(self, tools: Sequence[ToolSpec], *, latencies: Latencies) -> None:
        self._tools = [(tool, _pattern(tool.path)) for tool in tools]
        self._latencies = latencies

    def answer(self, call: Call) -> Answer:
        """Answer from the case; a record it does not give is a 404 in JSON, an undeclared tool is one too."""
        path = call.path.removeprefix(self.prefix) or "/"
        fitting = [(tool, match) for tool, pattern in self._tools if (match := pattern.match(path))]
        chosen = next((pair for pair in fitting if pair[0].method.upper() == call.method), None)
        if chosen is None:
            status = 405 if fitting else 404
            detail: dict[str, Json] = {"method": call.method, "path": path[:500], "status": status, "writes": False}
            seen = call.see("tool", "(undeclared)", detail)
            return unserved(json_answer({"error": f"no tool answers {call.method} {path}"}, status=status, seen=seen))
        tool, match = chosen
        received = _received(call, {name: unquote(value) for name, value in match.groupdict().items()})
        return self._answer(call, tool, path, received)

    def _answer(self, call: Call, tool: ToolSpec, path: str, received: _Received) -> Answer:
        run, target = call.run, f"tool:{tool.name}"
        turn, fault = struck(run, target)
        # What is turned away has no effect.
        refused = fault is not None and fault.kind in _REFUSING
        status, value, latency_ms = (500, None, 0.0) if refused else _result(run, tool, path, received.arguments)
        detail = {**received.recorded(), "status": status, "writes": tool.writes}
        answer = json_answer(
            value,
            status=status,
            delay_ms=latency_ms or self._latencies.draw(self._latencies.tool_ms, run.case.id, target, turn),
            seen=call.see("tool", tool.name, detail),
        )
        if tool.writes and status < 400:
            run.wrote()
        return disturbed(answer, fault, call)


@frozen
class _Received:
    arguments: Mapping[str, Json]
    """Path, query and body; where a name came twice, the last value."""
    duplicates: tuple[tuple[str, Json], ...] = ()
    """Every value of a name that came more than once, in order."""
    raw: str | None = None
    """The beginning of a body that is no JSON object."""
    large: tuple[str, int] | None = None
    """Digest and size of a body too large to record."""

    def recorded(self) -> dict[str, Json]:
        """As the observation tells it."""
        detail: dict[str, Json] = {"arguments": dict(self.arguments)}
        if self.large:
            detail = {"arguments_digest": self.large[0], "size_bytes": self.large[1]}
        if self.duplicates:
            detail["duplicates"] = [list(pair) for pair in self.duplicates]
        if self.raw is not None:
            detail["raw"] = self.raw
        return detail


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", template.partition("?")[0])
    return re.compile(
        "".join(f"(?P<{part}>[^/]+)" if at % 2 else re.escape(part) for at, part in enumerate(parts)) + r"\Z"
    )


def _received(call: Call, path_arguments: Mapping[str, str]) -> _Received:
    pairs: list[tuple[str, Json]] = [*path_arguments.items(), *call.query]
    body = call.body
    if body is None:
        return _merged(pairs, replace(_Received(arguments={}), large=("", -1)))
    rest = _Received(arguments={})
    if len(body) > _RECORDED_BYTES:
        rest = replace(rest, large=(digest_bytes(body), len(body)))
    if body:
        more = _body_pairs(body)
        if more is None:
            rest = replace(rest, raw=body[:2000].decode(errors="replace"))
        else:
            pairs += more
    return _merged(pairs, rest)


def _body_pairs(body: bytes) -> list[tuple[str, Json]] | None:
    """The members of a JSON object, duplicates kept; a form's fields; None for anything else."""
    try:
        # The standard library's reader, because it shows duplicate keys and what is not finite.
        value = json.loads(body, object_pairs_hook=_Members, parse_constant=str)
        return [(_text(name), _plain(item)) for name, item in value.pairs] if isinstance(value, _Members) else None
    except (ValueError, RecursionError):
        form = parse_qsl(body.decode(errors="replace"), keep_blank_values=True) if b"=" in body[:500] else []
        return [*form] or None


class _Members:
    """A JSON object as it was written."""

    __slots__ = ("pairs",)

    def __init__(self, pairs: list[tuple[str, Json]]) -> None:
        self.pairs = pairs


def _plain(value: Json, depth: int = 0) -> Json:
    """As JSON can tell it: what has no form there is told as text. Raises ValueError for what nests too deeply."""
    if depth > DEEPEST:
        raise ValueError("too deep")
    if isinstance(value, _Members):
        return {_text(name): _plain(item, depth + 1) for name, item in value.pairs}
    if isinstance(value, list):
        return [_plain(item, depth + 1) for item in value]
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, float):
        return value if isfinite(value) else str(value)
    return value if not isinstance(value, int) or -_WIDEST <= value < _WIDEST else str(value)


def _text(value: str) -> str:
    """A lone surrogate, which has no UTF-8, is shown as it was written."""
    return value if value.isascii() else value.encode(errors="backslashreplace").decode()


def _merged(pairs: Iterable[tuple[str, Json]], rest: _Received) -> _Received:
    pairs = list(pairs)
    names = [name for name, _ in pairs]
    twice = tuple((name, value) for name, value in pairs if names.count(name) > 1)
    return replace(rest, arguments=dict(pairs), duplicates=twice)


def _result(run: Run, tool: ToolSpec, path: str, arguments: Mapping[str, Json]) -> tuple[int, Json, float]:
    """Status, body and latency: the case's own result, else what a writing tool stored here, else 404."""
    given = run.case.given.answer_of(tool.name, arguments)
    if given is not None:
        if tool.writes and given.status < 300:
            run.stored[path] = given.result
        return given.status, given.result, given.latency_ms
    if not tool.writes:
        return (200, run.stored[path], 0.0) if path in run.stored else (404, {"error": "not found"}, 0.0)
    known = path in run.stored
    record_id = f"{tool.name}-{digest_bytes(path.encode())[:12]}"
    if tool.method.upper() == "POST":
        # POST makes a record each time; the others say which record they mean, by their path.
        known, record_id = False, f"{record_id}-{len(run.stored) + 1}"
        path = f"{path.rstrip('/')}/{quote(record_id)}"
    run.stored[path] = {**arguments, "id": record_id}
    return (200 if known else 201), run.stored[path], 0.0
