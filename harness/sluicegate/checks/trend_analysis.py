"""The response contract of a trend-analysis bot: short answers, each insight with evidence that can be opened.

The shape (`header`, `tldr`, `insights` with `evidence_refs`, `evidence`, `result`, `meta`, `warnings`) is closed: a
field it does not have is a finding. `result` is each command's own and stays open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from sluicegate.checks.check import Problem
from sluicegate.checks.json_schema import compile_schema
from sluicegate.checks.language import asked_language, spoken_otherwise
from sluicegate.checks.truncation import cut_off
from sluicegate.checks.urls import host_of, within
from sluicegate.checks.values import seen
from sluicegate.errors import Fault, InputError
from sluicegate.frozen import frozen
from sluicegate.model import Case, Json

__all__ = ["TrendRules", "compiled", "trend_schema"]


@frozen
class TrendRules:
    """The settings of the contract; lengths are in characters."""

    tldr: int = 220
    insight: int = 180
    snippet: int = 240
    header: int = 100
    title: int = 200
    """Of a piece of evidence."""
    types: tuple[str, ...] = ("fact", "hypothesis", "recommendation", "conflict")
    min_evidence: int = 1
    """References each insight must have."""
    allow_domains: tuple[str, ...] | None = None
    """Only evidence from these domains and those below them; None allows all. A case's `link_hosts` narrow it."""
    block_domains: tuple[str, ...] = ()
    language: bool = True
    """Compare header, tldr and insights with the language of the request; quoted snippets keep their own."""


def trend_schema(rules: TrendRules) -> dict[str, Any]:
    """The part of the contract that JSON Schema can say."""
    date = {"type": "string", "format": "date"}
    text = {"type": "string", "pattern": r"\S"}
    share = {"type": "number", "minimum": 0, "maximum": 1}
    source = {"id": {"type": ["string", "integer"]}, "article_id": {"type": ["string", "integer"]}, "url": text}
    reference = {"anyOf": [{"type": ["string", "integer"]}, _closed({**source, "date": date})]}
    references = {"type": "array", "minItems": rules.min_evidence, "items": reference}
    insight = _closed(
        {
            "type": {"enum": list(rules.types)},
            "text": {**text, "maxLength": rules.insight},
            "evidence_refs": references,
            "evidence": references,
            "confidence": share,
        },
        required=("type", "text"),
    )
    evidence = _closed(
        {
            **source,
            "title": {**text, "maxLength": rules.title},
            "date": date,
            "snippet": {**text, "maxLength": rules.snippet},
            "source": text,
            "domain": text,
            "language": text,
            "score": {"type": "number"},
        },
        required=("date", "snippet"),
    )
    meta = {"model": text, "version": text, "correlation_id": text, "language": text, "lang": text}
    more = {"experiment": {"type": ["string", "null"]}, "arm": {"type": ["string", "null"]}, "iterations": _COUNT}
    return _closed(
        {
            "header": {**text, "maxLength": rules.header},
            "tldr": {**text, "maxLength": rules.tldr},
            "insights": {"type": "array", "minItems": 1, "items": insight},
            "evidence": {"type": "array", "minItems": 1, "items": evidence},
            "confidence": share,
            "result": {"type": "object"},
            "meta": _closed({"confidence": share, **meta, **more}),
            "warnings": {"type": "array", "items": {"type": "string"}},
        },
        required=("tldr", "insights", "evidence"),
    )


def compiled(rules: TrendRules, where: str) -> Callable[[Json, Case], Iterable[Problem]]:
    """Every rule of the contract as one function. Raises InputError for lists that name no domain."""
    faults = [
        Fault(where=where, what=f"'{domain}' is no domain.", mend="Write it as news.example.com.")
        for domain in (*(rules.allow_domains or ()), *rules.block_domains)
        if host_of(f"https://{domain.strip().strip('.')}") is None or "/" in domain
    ]
    if faults:
        raise InputError(faults)
    by_schema = compile_schema(trend_schema(rules), where=where)

    def problems(value: Json, case: Case) -> Iterator[Problem]:
        yield from by_schema(value)
        if isinstance(value, Mapping):
            yield from _evidence_problems(value, rules, case)
            yield from _insight_problems(value)
            yield from _text_problems(value, rules, case)

    return problems


_COUNT = {"type": "integer", "minimum": 1}


def _closed(properties: Mapping[str, Any], *, required: tuple[str, ...] = ()) -> dict[str, Any]:
    closed = {"type": "object", "additionalProperties": False, "properties": dict(properties)}
    return {**closed, "required": list(required)} if required else closed


def _items(value: Json, name: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The objects of a list; what is no object has been told by the schema already."""
    found = value.get(name) if isinstance(value, Mapping) else None
    for index, item in enumerate(found if isinstance(found, (list, tuple)) else ()):
        if isinstance(item, Mapping):
            yield index, item


def _evidence_problems(value: Mapping[str, Any], rules: TrendRules, case: Case) -> Iterator[Problem]:
    names: set[str] = set()
    for index, item in _items(value, "evidence"):
        place = f"$.evidence[{index}]"
        own = _names(item)
        if not own:
            mend = "Give it an article_id or a url."
            yield Problem(place=place, expected="is named by nothing an insight could refer to", mend=mend)
        for name in sorted(own & names):
            yield Problem(place=place, expected="must be named differently from other evidence", seen=name)
        names |= own
        if "url" in item:
            yield from _url_problems(item["url"], f"{place}.url", rules, case)


def _url_problems(url: Any, place: str, rules: TrendRules, case: Case) -> Iterator[Problem]:
    if not isinstance(url, str) or not url.strip():
        return
    host = host_of(url)
    if host is None:
        expected = "must be an http or https address without user name"
        yield Problem(place=place, expected=expected, seen=url, mend="Write https://host/path.")
        return
    if rules.block_domains and within(host, rules.block_domains):
        yield Problem(place=place, expected="must not come from a blocked domain", seen=host)
    for allowed in (rules.allow_domains, case.expect.link_hosts):
        if allowed is not None and not within(host, allowed):
            yield Problem(place=place, expected="must come from an allowed domain", seen=host)
            break


def _names(item: Mapping[str, Any]) -> set[str]:
    """What a reference can call a piece of evidence; a kind of name never stands for another."""
    given = {(kind, _plain(item.get(kind))) for kind in ("id", "article_id", "url")}
    return {f"{'url' if kind == 'url' else 'id'} {name}" for kind, name in given if name}


def _plain(name: Any) -> str:
    if isinstance(name, bool) or not isinstance(name, (str, int)):
        return ""
    return seen(name).strip()


def _insight_problems(value: Mapping[str, Any]) -> Iterator[Problem]:
    evidence = [(_names(item), item.get("date")) for _, item in _items(value, "evidence")]
    for index, insight in _items(value, "insights"):
        place = f"$.insights[{index}]"
        field = "evidence_refs" if "evidence_refs" in insight else "evidence"
        if field not in insight:
            mend = "Add evidence_refs with at least one reference."
            yield Problem(place=place, expected="lacks 'evidence_refs': an insight without evidence", mend=mend)
            continue
        references = insight[field]
        for number, reference in enumerate(references if isinstance(references, (list, tuple)) else ()):
            if not _resolves(reference, evidence):
                yield Problem(
                    place=f"{place}.{field}[{number}]",
                    expected="must refer to a piece of evidence of this answer",
                    seen=_reference_shown(reference),
                    mend="Use the article_id or url of an item in $.evidence.",
                )


def _resolves(reference: Any, evidence: list[tuple[set[str], Any]]) -> bool:
    """Whether one and the same piece of evidence carries every name, and the date, that the reference gives."""
    if isinstance(reference, Mapping):
        wanted, date = _names(reference), reference.get("date")
        return bool(wanted) and any(wanted <= names and date in (None, at) for names, at in evidence)
    name = _plain(reference)
    return bool(name) and any({f"id {name}", f"url {name}"} & names for names, _ in evidence)


def _reference_shown(reference: Any) -> str:
    if isinstance(reference, Mapping):
        keys = [key for key in ("id", "article_id", "url", "date") if key in reference]
        return ", ".join(f"{key}: {seen(reference[key])}" for key in keys) or "no name"
    return seen(reference)


def _text_problems(value: Mapping[str, Any], rules: TrendRules, case: Case) -> Iterator[Problem]:
    texts = [("$.header", value.get("header"), rules.header), ("$.tldr", value.get("tldr"), rules.tldr)]
    insights = [(f"$.insights[{index}].text", item.get("text")) for index, item in _items(value, "insights")]
    texts += [(place, text, rules.insight) for place, text in insights]
    language = asked_language(case) if rules.language else None
    for place, text, limit in texts:
        if not isinstance(text, str):
            continue
        # A header is a title and has no full stop; the other two are sentences.
        why = cut_off(text, None if place == "$.header" else limit)
        if why is not None:
            mend = "Ask for a shorter text instead of cutting it."
            yield Problem(
                place=place, expected="must be a whole sentence, not cut off", seen=f"{why}: {text[-80:]}", mend=mend
            )
        other = spoken_otherwise(text, language) if language else None
        if other is not None:
            yield Problem(place=place, expected=f"must be in the language of the request ({language})", seen=other)
