"""Datasets of pydantic-evals, YAML or JSON: cases with evaluators of their own and of the whole set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from types import NoneType

from sluicegate.errors import Fault, InputError
from sluicegate.model import Json
from sluicegate.sets.documents import document, rows
from sluicegate.sets.draft import Draft, any_of, mapping

__all__ = ["pydantic_evals"]


def pydantic_evals(path: Path) -> Iterator[Draft]:
    """The cases of one dataset."""
    whole = document(path)
    if not isinstance(whole, dict) or not isinstance(whole.get("cases"), list):
        raise InputError(Fault(where=str(path), what="Has no list of cases.", mend="Is it the format you named?"))
    shared = whole.get("evaluators") or []
    for place, row in rows(path, whole["cases"], "$.cases"):
        draft = Draft(tool="pydantic-evals", place=place, row=row, name=row.get("name"))
        draft.input, draft.expected = row.get("inputs"), row.get("expected_output")
        metadata = row.get("metadata")
        draft.metadata = (
            mapping(metadata) if isinstance(metadata, Mapping) or metadata is None else {"metadata": metadata}
        )
        for spec in [*(row.get("evaluators") or []), *shared]:
            _evaluator(draft, *_call(spec))
        for spec in whole.get("report_evaluators") or []:
            name, argument = _call(spec)
            draft.lose(f"report {name}", argument)
        yield draft


def _call(spec: Json) -> tuple[str, Json]:
    """Name and argument of `Name`, `{Name: argument}` or `{call: Name, args: […], kwargs: {…}}`."""
    if isinstance(spec, str):
        return spec, None
    if isinstance(spec, Mapping) and len(spec) == 1:
        ((name, argument),) = spec.items()
        return str(name), argument
    said = mapping(spec)
    name = said.get("call", said.get("name", "unnamed"))
    args, kwargs = said.get("args") or said.get("arguments") or [], said.get("kwargs") or {}
    return str(name), kwargs or (args[0] if isinstance(args, list) and args else args or None)


def _evaluator(draft: Draft, name: str, argument: Json) -> None:
    said = mapping(argument) if isinstance(argument, Mapping) else {"value": argument}
    value = said.get("value", argument)
    if name == "EqualsExpected":
        if draft.expected is not None:  # without one the evaluator says nothing either
            draft.must(name, _field(draft.expected), "equals", draft.expected)
    elif name == "Equals":
        draft.must(name, _field(value), "equals", value)
    elif name == "MaxDuration" and (seconds := _seconds(said.get("seconds", value))) is not None:
        draft.limit(name, "latency_ms", seconds * 1000)
    elif name == "Contains" and isinstance(value, str) and isinstance(draft.expected, (str, NoneType)):
        _contains(draft, name, value, folded=said.get("case_sensitive") is False)
    elif name == "Contains" and "value" in said and isinstance(value, Mapping):
        for key, item in value.items():
            draft.must(name, f"structured.{key}", "equals", item)
    else:
        draft.lose(name, argument)


def _seconds(value: Json) -> float | None:
    """A number of seconds, or a duration as ISO 8601 has it (`PT2.5S`), which is how a timedelta is written."""
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(timedelta).validate_python(value).total_seconds()
    except ValidationError:
        return None


def _contains(draft: Draft, kind: str, text: str, *, folded: bool) -> None:
    if folded:
        draft.must(kind, "content", "matches", any_of([text], folded=True))
    else:
        draft.must(kind, "content", "contains", text)


def _field(value: Json) -> str:
    """Where an answer of this type stands in an output."""
    return "content" if isinstance(value, str) else "structured"
