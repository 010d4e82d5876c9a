"""A retriever that finds what the case gives it to find."""

from __future__ import annotations

from collections.abc import Mapping

from sluicegate.doubles.answer import Answer, Call, json_answer
from sluicegate.doubles.faults import disturbed, fault_for
from sluicegate.doubles.latency import Latencies
from sluicegate.model import Json, Snippet, encode, parse

__all__ = ["Retriever"]


class Retriever:
    """`/retriever/search`: POST `{"query", "k"}`, or GET with the same in the query string."""

    prefix = "/retriever"
    variable = "SLUICEGATE_RETRIEVER_URL"

    def __init__(self, *, latencies: Latencies) -> None:
        self._latencies = latencies

    def answer(self, call: Call) -> Answer:
        """The case's snippets, best score first, at most k; weak ones too, as real indexes do."""
        if call.path.removeprefix(self.prefix).rstrip("/") != "/search" or call.method not in ("GET", "POST"):
            return json_answer({"error": f"no such route: {call.method} {call.path}"}, status=404)
        asked = _asked(call)
        if asked is None:
            detail: dict[str, Json] = {"status": 400, "query": None, "k": None, "returned": []}
            seen = call.run.see("retriever", "search", call.at, detail)
            return json_answer({"error": "expected a JSON object with 'query'"}, status=400, seen=seen)
        query, k = asked
        case = call.run.case
        turn = call.run.count("retriever")
        fault = fault_for(case, "retriever", turn)
        empty = fault is not None and fault.kind == "empty"
        found = [] if empty else sorted(case.given.snippets, key=_rank)[:k]
        seen = call.run.see(
            "retriever",
            "search",
            call.at,
            {"query": query[:2000], "k": k, "returned": [snippet.id for snippet in found], "status": 200},
        )
        answer = json_answer(
            {"snippets": [encode(snippet) for snippet in found]},
            delay_ms=self._latencies.draw(self._latencies.retriever_ms, case.id, "retriever", turn),
            seen=seen,
        )
        if empty:
            seen["fault"] = "empty"
            return answer
        return disturbed(answer, fault)


def _rank(snippet: Snippet) -> tuple[float, str]:
    return (-(snippet.score if snippet.score is not None else 0.0), snippet.id)


def _asked(call: Call) -> tuple[str, int] | None:
    value: Json = dict(call.query)
    if call.method == "POST":
        try:
            value = parse(call.body or b"")
        except ValueError:
            return None
    if not isinstance(value, Mapping) or not isinstance(value.get("query"), str):
        return None
    try:
        k = int(value.get("k", 5))
    except (TypeError, ValueError):
        return None
    return value["query"], max(k, 0)
