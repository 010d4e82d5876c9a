"""A retriever that finds what the case gives it to find, filters as it is asked, and says what it left out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sluicegate.doubles.answer import Answer, Call, json_answer, unserved
from sluicegate.doubles.bodies import read_json
from sluicegate.doubles.faults import disturbed, struck
from sluicegate.doubles.latency import Latencies
from sluicegate.frozen import frozen
from sluicegate.model import Json, RetrievalScript, Snippet, digest_of, encode, parse_time, rfc3339

__all__ = ["Retriever"]

_SPAN = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)([smhdw]?)")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_KEPT = 20_000
"""Characters of a query that are kept."""
_MOST_TOLD = 200
"""Snippets left out that an observation names."""


@frozen
class _Asked:
    query: str
    k: int
    languages: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None

    def filters(self) -> dict[str, Json]:
        """As the observation tells them; none asked, none told."""
        told: dict[str, Json] = {}
        if self.languages:
            told["language"] = self.languages[0] if len(self.languages) == 1 else list(self.languages)
        if self.sources:
            told["sources"] = list(self.sources)
        for name, at in (("since", self.since), ("until", self.until)):
            if at is not None:
                told[name] = rfc3339(at)
        return told


class Retriever:
    """`/retriever/search`: POST `{"query", "k", …filters}`, or GET with the same in the query string."""

    prefix = "/retriever"
    variable = "SLUICEGATE_RETRIEVER_URL"
    keys: tuple[str, ...] = ()

    def __init__(self, *, latencies: Latencies) -> None:
        self._latencies = latencies

    def answer(self, call: Call) -> Answer:
        """The case's snippets that pass the filters, best score first, at most k; weak ones too, as real indexes do."""
        if call.path.removeprefix(self.prefix).rstrip("/") != "/search" or call.method not in ("GET", "POST"):
            return unserved(json_answer({"error": f"no such route: {call.method} {call.path[:200]}"}, status=404))
        try:
            asked = _asked(call)
        except ValueError as refused:
            refusal: dict[str, Json] = {"status": 400, "query": _said(call), "k": None, "returned": []}
            seen = call.see("retriever", "search", {**refusal, "refused": str(refused)[:500]})
            return json_answer({"error": str(refused)}, status=400, seen=seen)
        return self._found(call, asked)

    def _found(self, call: Call, asked: _Asked) -> Answer:
        case = call.run.case
        script = case.given.retrieval or RetrievalScript()
        turn, fault = struck(call.run, "retriever")
        kept, left_out = _filtered(case.given.snippets, asked, frozenset(script.ignores))
        empty = fault is not None and fault.kind == "empty"
        found = [] if empty else sorted(kept, key=_rank)[: asked.k]
        cached = _is_cached(call, asked, script)
        detail: dict[str, Json] = {
            "query": asked.query[:_KEPT],
            "k": asked.k,
            "status": 200,
            "cache": "hit" if cached else "miss",
        }
        if len(asked.query) > _KEPT:
            detail["query_cut"] = True
        seen = call.see("retriever", "search", {**detail, **_told(asked, found, left_out, call)})
        scripted = script.latency_ms
        if scripted is None:
            scripted = self._latencies.draw(self._latencies.retriever_ms, case.id, "retriever", turn)
        answer = json_answer(
            {"snippets": [_given_out(snippet) for snippet in found], "cache": detail["cache"]},
            headers={"x-cache": str(detail["cache"])},
            delay_ms=scripted,
            seen=seen,
        )
        if empty:
            seen["fault"] = "empty"
        return disturbed(answer, None if empty else fault, call)


def _told(asked: _Asked, found: list[Snippet], left_out: Mapping[str, str], call: Call) -> dict[str, Json]:
    told: dict[str, Json] = {"returned": [snippet.id for snippet in found]}
    if filters := asked.filters():
        told["filters"] = filters
        if asked.since is not None:
            until = asked.until or call.run.clock(call.when).now(call.when)
            filters["window_s"] = round((until - asked.since).total_seconds())
    if left_out:
        told["left_out"] = dict(list(left_out.items())[:_MOST_TOLD])
    twice = [name for name, count in Counter(snippet.text for snippet in found).items() if count > 1]
    if twice:
        told["duplicates"] = sorted({snippet.id for snippet in found if snippet.text in twice})
    if poisoned := [snippet.id for snippet in found if snippet.poisoned]:
        told["poisoned"] = poisoned
    return told


def _filtered(
    snippets: Iterable[Snippet], asked: _Asked, ignored: frozenset[str]
) -> tuple[list[Snippet], dict[str, str]]:
    """What passes, and of the rest the id with the first filter it failed at."""
    kept, left_out = [], {}
    for snippet in snippets:
        reason = next((name for name in _failed(snippet, asked) if name not in ignored), None)
        if reason is None:
            kept.append(snippet)
        else:
            left_out[snippet.id] = reason
    return kept, left_out


def _failed(snippet: Snippet, asked: _Asked) -> Iterable[str]:
    """Filters the snippet does not pass. What has no language, source or time passes no filter by it."""
    if asked.languages and (snippet.language or "").lower() not in asked.languages:
        yield "language"
    if asked.sources and snippet.source not in asked.sources:
        yield "source"
    if asked.since is not None or asked.until is not None:
        at = parse_time(snippet.at) if snippet.at else None
        if (
            at is None
            or (asked.since is not None and at < asked.since)
            or (asked.until is not None and at > asked.until)
        ):
            yield "window"


def _is_cached(call: Call, asked: _Asked, script: RetrievalScript) -> bool:
    key = digest_of([asked.query, asked.k, *asked.languages, *asked.sources, str(asked.since), str(asked.until)])[:16]
    known = key in call.run.asked
    if len(call.run.asked) < _MOST_TOLD:
        call.run.asked.add(key)
    return known if script.cached is None else script.cached


def _given_out(snippet: Snippet) -> Json:
    """As the pipeline sees it: nothing tells it which one is poisoned."""
    return {name: value for name, value in encode(snippet).items() if name != "poisoned"}


def _rank(snippet: Snippet) -> tuple[float, str]:
    return (-(snippet.score if snippet.score is not None else 0.0), snippet.id)


def _asked(call: Call) -> _Asked:
    """The request. Raises ValueError with what is expected instead."""
    value = _body(call)
    query = value.get("query")
    if not isinstance(query, str):
        raise ValueError("expected a JSON object with 'query'")  # noqa: TRY004 - one kind of refusal
    query = query.encode(errors="replace").decode()
    try:
        k = int(value.get("k", 5))
    except (TypeError, ValueError, OverflowError):
        raise ValueError("'k' must be a whole number") from None
    since, until = _time(value, "since"), _time(value, "until")
    if "window" in value or "window_s" in value:
        if since is not None:
            raise ValueError("'window' and 'since' say the same; keep one")
        until_said = until or call.run.clock(call.when).now(call.when)
        since = until_said - _span(value.get("window", value.get("window_s")))
    return _Asked(
        query=query,
        k=max(k, 0),
        languages=tuple(word.lower() for word in _words(value, "language", "languages")),
        sources=_words(value, "source", "sources"),
        since=since,
        until=until,
    )


def _said(call: Call) -> str | None:
    """What a request that is refused asked for, where it says so: it has gone out all the same."""
    try:
        query = _body(call).get("query")
    except ValueError:
        return None
    return query[:_KEPT].encode(errors="replace").decode() if isinstance(query, str) else None


def _body(call: Call) -> Mapping[str, Json]:
    if call.method == "GET":
        found: dict[str, Json] = {}
        for name, item in call.query:
            # A name that comes again makes a list of it.
            found[name] = [*_listed(found[name]), item] if name in found else item
        return found
    try:
        value = read_json(call.body)
    except ValueError:
        value = None
    if not isinstance(value, Mapping):
        raise ValueError("expected a JSON object with 'query'")  # noqa: TRY004 - one kind of refusal
    return value


def _listed(value: Json) -> list[Json]:
    return value if isinstance(value, list) else [value]


def _words(value: Mapping[str, Json], *names: str) -> tuple[str, ...]:
    found = [item for name in names if value.get(name) is not None for item in _listed(value[name])]
    if not all(isinstance(item, str) for item in found):
        raise ValueError(f"'{names[0]}' must be a text or a list of texts")
    return tuple(item.encode(errors="replace").decode() for item in found)


def _time(value: Mapping[str, Json], name: str) -> datetime | None:
    said = value.get(name)
    if said is None:
        return None
    try:
        return parse_time(said)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"'{name}' must be an RFC 3339 time, e.g. 2026-01-29T14:00:00Z") from None


def _span(said: Json) -> timedelta:
    match = _SPAN.fullmatch(str(said))
    if match is None or isinstance(said, bool):
        raise ValueError("'window' must be seconds, or a number with s, m, h, d or w: 24h")
    try:
        return timedelta(seconds=float(match[1]) * _SECONDS[match[2]])
    except OverflowError:
        raise ValueError("'window' reaches back beyond the first year") from None
