"""Contracts: what one field of every output must look like, from a JSON Schema, a pydantic model or a built-in name."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, get_origin

from sluicegate.checks.check import Contract, Problem
from sluicegate.checks.json_schema import MAX_PROBLEMS, compile_schema
from sluicegate.checks.values import path_of, seen, unsound
from sluicegate.errors import Fault, InputError, nearest
from sluicegate.model import Case, Json, canonical, decode, digest_of, encode

__all__ = ["BUILT_IN_CONTRACTS", "compile_contract"]

BUILT_IN_CONTRACTS = ("mail-draft", "trend-analysis")
"""Contracts that ship with Sluicegate; `{"contract": name, …}` sets their limits and lists."""


def compile_contract(source: Json | type, *, name: str = "contract", where: str = "") -> Contract:
    """A contract from its source, compiled once.

    `source` is a JSON Schema (parsed), the name of a built-in contract, `{"contract": name, <setting>: …}`, or a
    pydantic model (or any type pydantic can validate), which the caller has imported. Raises InputError with every
    fault found, each at `where`.
    """
    where = where or f"contract '{name}'"
    if isinstance(source, str):
        return _built_in(source, {}, where)
    if isinstance(source, Mapping) and "contract" in source:
        settings = {key: value for key, value in source.items() if key != "contract"}
        return _built_in(source["contract"], settings, where)
    if isinstance(source, (Mapping, bool)):
        return _from_schema(_plain(source, where), name, where)
    if isinstance(source, type) or get_origin(source) is not None:
        return _from_model(source, name, where)
    what = f"a contract is a JSON Schema, a pydantic model or a built-in name; got {seen(source)}."
    raise InputError(Fault(where=where, what=what, mend=_KNOWN))


_KNOWN = f"Built in are: {', '.join(BUILT_IN_CONTRACTS)}."


def _built_in(name: Json, settings: Mapping[str, Json], where: str) -> Contract:
    if name == "trend-analysis":
        from sluicegate.checks import trend_analysis

        trend = decode(trend_analysis.TrendRules, settings, where)
        return _contract(name, trend, trend_analysis.compiled(trend, where), judges_language=trend.language)
    if name == "mail-draft":
        from sluicegate.checks import mail_draft

        draft = decode(mail_draft.DraftRules, settings, where)
        return _contract(name, draft, mail_draft.compiled(draft, where), judges_language=draft.language)
    mend = nearest(str(name), BUILT_IN_CONTRACTS) or _KNOWN
    raise InputError(Fault(where=where, what=f"no built-in contract is called {name!r}.", mend=mend))


def _contract(
    name: str, rules: Any, problems: Callable[[Json, Case], Iterable[Problem]], *, judges_language: bool
) -> Contract:
    # The revision is part of the digest, so that a lock shows when a built-in contract itself has changed.
    digest = digest_of({"contract": name, "revision": 1, "rules": encode(rules)})
    return Contract(name=name, digest=digest, problems=problems, judges_language=judges_language)


def _plain(source: Json, where: str) -> Json:
    """The schema as plain JSON of its own: readers hand over their own kinds of mapping, and callers go on using it."""
    try:
        return json.loads(json.dumps(source))
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(Fault(where=where, what=f"the schema is no JSON value: {error}.")) from None


def _from_schema(schema: Json, name: str, where: str) -> Contract:
    problems = compile_schema(schema, where=where)
    kinds = schema.get("type") if isinstance(schema, dict) else None
    return Contract(
        name=name,
        digest=digest_of({"schema": schema}),
        problems=lambda value, _case: problems(value),
        reads_text=kinds == "string",
    )


def _from_model(model: type, name: str, where: str) -> Contract:
    from pydantic import PydanticSchemaGenerationError, TypeAdapter, ValidationError
    from pydantic.errors import PydanticInvalidForJsonSchema, PydanticUserError

    try:
        adapter: TypeAdapter[Any] = TypeAdapter(model)
        # A TypeAdapter of a model with an unresolved name compiles later; asking now shows the fault now.
        adapter.rebuild(raise_errors=True)
    except (PydanticSchemaGenerationError, PydanticUserError, NameError) as error:
        what = f"{_called(model)} cannot be used as a contract: {str(error).splitlines()[0]}."
        mend = "Give a pydantic model, a dataclass or a type pydantic can validate."
        raise InputError(Fault(where=where, what=what, mend=mend)) from None
    try:
        schema: Json = adapter.json_schema()
    except (PydanticInvalidForJsonSchema, PydanticUserError):
        schema = {}

    def problems(value: Json, _case: Case) -> Iterator[Problem]:
        bad = unsound(value)
        if bad is not None:
            yield Problem(place=path_of(bad[0]), expected="must be a JSON value", seen=bad[1])
            return
        try:
            # As JSON, so that dates, tuples and enums are read the way a client of the pipeline would read them.
            adapter.validate_json(_as_json(value))
        except ValidationError as refused:
            yield from _model_problems(refused.errors(include_url=False, include_context=False), refused.error_count())

    digest = digest_of({"model": _called(model), "schema": schema})
    return Contract(name=name, digest=digest, problems=problems, reads_text=schema.get("type") == "string")


def _as_json(value: Json) -> bytes:
    try:
        return canonical(value)
    except TypeError:
        # Whole numbers past 64 bits: valid JSON, which the fast writer does not do.
        return json.dumps(value, sort_keys=True).encode()


def _model_problems(errors: list[Any], count: int) -> Iterator[Problem]:
    for error in errors[:MAX_PROBLEMS]:
        missing = error["type"] == "missing"
        yield Problem(
            place=path_of(error["loc"]),
            expected=_lowered(error["msg"]),
            seen="" if missing else seen(error["input"]),
            mend="Add it." if missing else "",
        )
    if count > MAX_PROBLEMS:
        yield Problem(expected=f"breaks more than {MAX_PROBLEMS} rules; the others are not listed")


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]


def _called(model: type) -> str:
    return f"{getattr(model, '__module__', '')}:{getattr(model, '__qualname__', model)}"
