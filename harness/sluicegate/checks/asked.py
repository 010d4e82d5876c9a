"""Whether retrievals asked for what a case says they must: language, sources, window, number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from sluicegate.checks.check import Problem
from sluicegate.model import Asked, Case, Json, Observation, parse_time

__all__ = ["misasked"]

_PLACE = "$.observations.retriever"
_SLACK_S = 60.0
"""Between the clock of the case and that of whoever computes a window from it."""
_FILTER = "Give every filter with every retrieval, from the request and its tenant."


def misasked(case: Case, calls: Sequence[Observation]) -> Iterator[Problem]:
    """What is wrong about each retrieval, and about all of them together. The case says what must be asked for."""
    asked = case.expect.retrieval or Asked()
    if not calls:
        expected = "a retrieval is expected"
        mend = "Does the pipeline use SLUICEGATE_RETRIEVER_URL? What is kept of an earlier one must fit this request."
        yield Problem(place=_PLACE, expected=expected, seen="none arrived at the retriever", mend=mend)
        return
    for call in calls:
        if (refused := call.detail.get("refused")) is not None:
            yield Problem(
                place=_PLACE, expected="a retrieval must be readable", seen=f"it was refused: {refused}", mend=_FILTER
            )
            continue
        filters = call.detail.get("filters")
        filters = filters if isinstance(filters, dict) else dict(filters or {})
        yield from _language(asked, filters.get("language"))
        yield from _sources(asked, filters.get("sources"))
        yield from _window(case, asked, filters)
        yield from _number(asked, call.detail.get("k"))
    yield from _forgotten(asked, calls)


def _language(asked: Asked, said: Json) -> Iterator[Problem]:
    if asked.language is not None and [item.casefold() for item in _listed(said)] != [asked.language.casefold()]:
        yield _other("language", asked.language, said)


def _sources(asked: Asked, said: Json) -> Iterator[Problem]:
    if asked.sources is None:
        return
    given = _listed(said)
    if not set(given) <= set(asked.sources) or (not given and asked.sources):
        yield _other("sources", ", ".join(asked.sources) or "none", said)


def _forgotten(asked: Asked, calls: Sequence[Observation]) -> Iterator[Problem]:
    """Sources may be asked one by one, but each must be."""
    given = {item for call in calls for item in _listed((call.detail.get("filters") or {}).get("sources"))}
    missing = sorted(set(asked.sources or ()) - given)
    if given and missing:
        yield Problem(
            place=f"{_PLACE}.filters.sources",
            expected=f"each of the sources {', '.join(asked.sources or ())} must be asked",
            seen=f"{', '.join(missing)} in none of {len(calls)} retrievals",
            mend="What is kept of a retrieval for one source or tenant is no answer for another.",
        )


def _window(case: Case, asked: Asked, filters: dict[str, Json]) -> Iterator[Problem]:
    if asked.window_s is None:
        return
    said = filters.get("window_s")
    slack = min(_SLACK_S, asked.window_s / 10)
    if not isinstance(said, (int, float)) or abs(said - asked.window_s) > slack:
        yield _other("window_s", f"{asked.window_s:,} s", f"{said:,} s" if isinstance(said, (int, float)) else said)
        return
    until, now = filters.get("until"), case.given.now
    if until is None or now is None:
        return
    behind = parse_time(now) - parse_time(str(until))
    if behind > timedelta(seconds=slack):
        yield _other("until", f"not before {now}", until)


def _number(asked: Asked, said: Json) -> Iterator[Problem]:
    if asked.most is not None and not (isinstance(said, int) and said <= asked.most):
        yield _other("k", f"at most {asked.most}", said, mend="Ask for as many as may be used.")


def _other(name: str, wanted: str, said: Json, *, mend: str = _FILTER) -> Problem:
    seen = "nothing" if said is None else ", ".join(_listed(said)) if isinstance(said, list) else str(said)
    place = f"{_PLACE}.{name}" if name == "k" else f"{_PLACE}.filters.{name}"
    expected = f"a retrieval must ask for {name}: {wanted}"
    return Problem(place=place, expected=expected, seen=f"asked for {seen}", mend=mend)


def _listed(value: Json) -> list[str]:
    if value is None:
        return []
    return [str(item) for item in value] if isinstance(value, (list, tuple)) else [str(value)]
