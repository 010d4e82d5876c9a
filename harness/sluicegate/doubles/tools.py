"""A user's REST back end, stood in for: tools as the plan declares them, answers as the case gives them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from urllib.parse import quote, unquote

from sluicegate.doubles.answer import Answer, Call, json_answer, unserved
from sluicegate.doubles.faults import disturbed, struck
from sluicegate.doubles.latency import Latencies
from sluicegate.doubles.runs import Run
from sluicegate.doubles.tool_body import Members, gathered, members, twice
from sluicegate.frozen import frozen
from sluicegate.model import Json, digest_bytes
from sluicegate.plan.types import ToolSpec

__all__ = ["Tools"]

_RECORDED_BYTES = 64_000
"""A larger body is recorded by its digest and size."""
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
        received = _received(call, {name: unquote(value) for name, value in match.groupdict().items()}, tool.lists)
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
    """Every value of a name that came more than once, in order; of a name within a member with the way to it."""
    raw: str | None = None
    """The beginning of a body that is no JSON object."""
    large: tuple[str, int] | None = None
    """Digest and size of a body too large to record."""
    not_finite: tuple[str, ...] = ()
    """Ways to what was written as a number and is none of JSON; a text that says NaN is a text."""

    def recorded(self) -> dict[str, Json]:
        """As the observation tells it."""
        detail: dict[str, Json] = {"arguments": dict(self.arguments)}
        if self.large:
            detail = {"arguments_digest": self.large[0], "size_bytes": self.large[1]}
        if self.duplicates:
            detail["duplicates"] = [list(pair) for pair in self.duplicates]
        if self.not_finite:
            detail["not_finite"] = list(self.not_finite)
        if self.raw is not None:
            detail["raw"] = self.raw
        return detail


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", template.partition("?")[0])
    return re.compile(
        "".join(f"(?P<{part}>[^/]+)" if at % 2 else re.escape(part) for at, part in enumerate(parts)) + r"\Z"
    )


def _received(call: Call, path_arguments: Mapping[str, str], lists: Collection[str]) -> _Received:
    pairs: list[tuple[str, Json]] = [*path_arguments.items(), *gathered(call.query, lists)]
    body = call.body
    if body is None:
        return _Received(arguments=dict(pairs), duplicates=twice(pairs), large=("", -1))
    said = members(body) if body else Members(pairs=())
    if said is not None:
        pairs += gathered(said.pairs, lists) if said.is_form else said.pairs
    within = said.duplicates if said is not None else ()
    return _Received(
        arguments=dict(pairs),
        duplicates=(*twice(pairs), *within),
        raw=body[:2000].decode(errors="replace") if said is None else None,
        large=(digest_bytes(body), len(body)) if len(body) > _RECORDED_BYTES else None,
        not_finite=said.not_finite if said is not None else (),
    )


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
