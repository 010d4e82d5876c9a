"""JSON Schema 2020-12, compiled once: every error with its place, formats really checked, never a fetch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cache, partial
from itertools import islice
from typing import Any

from sluicegate.checks import schema_words
from sluicegate.checks.accepting import compile_accepts
from sluicegate.checks.check import Problem
from sluicegate.checks.formats import ANNOTATIONS, FORMATS
from sluicegate.checks.pattern import TooLong, compile_pattern, ecma
from sluicegate.checks.plain_schema import DIALECTS, is_plain
from sluicegate.checks.values import path_of, unsound
from sluicegate.errors import Fault, InputError, nearest
from sluicegate.model import Json

__all__ = ["MAX_PROBLEMS", "compile_schema", "unknown_keywords"]

MAX_PROBLEMS = 100
"""Listed of one value; a hostile answer breaks a rule a million times."""


def compile_schema(schema: Json, *, where: str) -> Callable[[Json], Sequence[Problem]]:
    """A function from a value to everything the schema forbids in it.

    Raises InputError with every fault of the schema: keywords that do not exist, formats nobody checks, references that
    leave the document, patterns that could take for ever.
    """
    accepts = compile_accepts(schema) if is_plain(schema) else None
    # What is plain needs the full validator, which is slow to load, only to word a no.
    validator = cache(partial(_validator, schema))
    if accepts is None:
        if faults := list(_faults(schema, where)):
            raise InputError(faults)
        _probe(validator(), where)
        accepts = compile_accepts(schema)

    def problems(value: Json) -> Sequence[Problem]:
        if accepts is not None and accepts(value):
            return ()
        bad = unsound(value)
        if bad is not None:
            return (Problem(place=path_of(bad[0]), expected="must be a JSON value", seen=bad[1]),)
        errors = list(islice(validator().iter_errors(value), MAX_PROBLEMS + 1))
        return tuple(_problems(errors)) if errors else ()

    return problems


def _probe(validator: Any, where: str) -> None:
    """A schema that only refers to itself never ends; better said now than once per answer. Raises InputError."""
    try:
        for probe in _PROBES:
            next(validator.iter_errors(probe), None)
    except RecursionError:
        what = "refers to itself without reading anything in between."
        raise InputError(Fault(where=where, what=what, mend="Put the reference under properties or items.")) from None


def _problems(errors: list[Any]) -> Iterator[Problem]:
    told: set[tuple[str, str]] = set()
    for error in errors[:MAX_PROBLEMS]:
        for problem in schema_words.problems_of(error):
            if (problem.place, problem.expected) not in told:
                told.add((problem.place, problem.expected))
                yield problem
    if len(errors) > MAX_PROBLEMS:
        yield Problem(expected=f"breaks more than {MAX_PROBLEMS} rules; the others are not listed")


def _validator(schema: Json) -> Any:
    from jsonschema import Draft202012Validator, FormatChecker, validators
    from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]  # ships no types

    checker = FormatChecker(formats=())
    for name, holds in FORMATS.items():
        checker.checks(name)(_on_text(holds))
    extend: Any = validators.extend
    kind = extend(Draft202012Validator, {"pattern": _pattern, "patternProperties": _pattern_properties})
    # A registry without a way to retrieve: what is not in the document is not found, never fetched.
    return kind(schema, format_checker=checker, registry=REGISTRY)


def _on_text(holds: Callable[[str], bool]) -> Callable[[object], bool]:
    return lambda value: not isinstance(value, str) or holds(value)


def _pattern(_validator: Any, pattern: str, value: Any, _schema: Any) -> Iterator[Any]:
    from jsonschema import ValidationError

    if isinstance(value, str):
        try:
            if not compile_pattern(ecma(pattern)).search(value):
                yield ValidationError("pattern")
        except TooLong:
            yield ValidationError("pattern")


def _pattern_properties(validator: Any, patterns: Mapping[str, Any], value: Any, _schema: Any) -> Iterator[Any]:
    from jsonschema import ValidationError

    if not isinstance(value, dict):
        return
    for pattern, below in patterns.items():
        compiled = compile_pattern(ecma(pattern))
        for key, item in value.items():
            try:
                if compiled.search(key):
                    yield from validator.descend(item, below, path=key, schema_path=pattern)
            except TooLong:
                yield ValidationError("a property name is too long to be searched", path=())


def _faults(schema: Json, where: str) -> Iterator[Fault]:
    if schema is True or schema == {}:
        yield Fault(where=where, what="the schema accepts every value.", mend="Say what the answer must look like.")
        return
    if (bad := unsound(schema)) is not None:
        yield Fault(where=where, what=f"{path_of(bad[0])} {bad[1]}.")
        return
    broken = list(_metaschema_faults(schema, where))
    yield from broken
    if not broken and isinstance(schema, dict):
        yield from _Reading(where).faults(schema)


def _metaschema_faults(schema: Json, where: str) -> Iterator[Fault]:
    from jsonschema import Draft202012Validator

    dialect = schema.get("$schema") if isinstance(schema, dict) else None
    if dialect is not None and dialect not in DIALECTS:
        what = f"$.$schema is '{dialect}'; expected JSON Schema 2020-12."
        yield Fault(where=where, what=what, mend='Write "https://json-schema.org/draft/2020-12/schema".')
        return
    meta = Draft202012Validator(Draft202012Validator.META_SCHEMA)
    told: set[str] = set()
    for error in meta.iter_errors(schema):
        for problem in schema_words.problems_of(error):
            if problem.place not in told:
                told.add(problem.place)
                yield Fault(where=where, what=f"{problem.place} {problem.expected}: {problem.seen}.", mend=problem.mend)


def unknown_keywords(schema: Json) -> list[str]:
    """Where a sound schema has keywords that check nothing and look like none that do; those with x- say so."""
    if not isinstance(schema, dict) or is_plain(schema):
        return []
    reading = _Reading("")
    reading.faults(schema)
    return reading.unknown


_PROBES: tuple[Json, ...] = ({}, [], "", 0, None)


class _Reading:
    """One walk over the subschemas: what the metaschema lets pass and would silently check nothing."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.found: list[Fault] = []
        self.unknown: list[str] = []
        """Where keywords stand that JSON Schema does not know: it permits them, and they check nothing."""

    def faults(self, schema: dict[str, Any]) -> list[Fault]:
        from jsonschema_specifications import REGISTRY
        from referencing.jsonschema import DRAFT202012

        self.draft = DRAFT202012
        self.walk(schema, (), REGISTRY.resolver_with_root(DRAFT202012.create_resource(schema)))
        return self.found

    def walk(self, schema: Any, steps: tuple[Any, ...], resolver: Any) -> None:
        if not isinstance(schema, dict):
            return
        if "$id" in schema and steps:
            resolver = resolver.in_subresource(self.draft.create_resource(schema))
        self.keywords(schema, steps)
        self.references(schema, steps, resolver)
        for key, value in schema.items():
            if key in _ONE:
                self.walk(value, (*steps, key), resolver)
            elif key in _MANY and isinstance(value, list):
                for index, item in enumerate(value):
                    self.walk(item, (*steps, key, index), resolver)
            elif key in _NAMED and isinstance(value, dict):
                for name, item in value.items():
                    self.walk(item, (*steps, key, name), resolver)

    def keywords(self, schema: dict[str, Any], steps: tuple[Any, ...]) -> None:
        for key in schema:
            if key in _KEYWORDS or key.startswith("x-"):
                continue
            near = get_close_matches(key.casefold(), _FOLDED, n=1, cutoff=0.8)
            if not near:
                self.unknown.append(path_of((*steps, key)))
            else:
                mend = f"Did you mean '{_FOLDED[near[0]]}'?"
                self.fault(steps, f"has the unknown keyword '{key}', which would check nothing.", mend)
        name = schema.get("format")
        if isinstance(name, str) and name not in FORMATS and name not in ANNOTATIONS:
            mend = nearest(name, FORMATS) or "Use a pattern instead."
            self.fault((*steps, "format"), f"is '{name}', which nobody checks.", mend)
        named = schema.get("patternProperties")
        patterns = [*(named if isinstance(named, dict) else ()), *([schema["pattern"]] if "pattern" in schema else ())]
        for pattern in patterns:
            try:
                compile_pattern(ecma(pattern))
            except InputError as error:
                self.fault(steps, error.faults[0].what, error.faults[0].mend)

    def references(self, schema: dict[str, Any], steps: tuple[Any, ...], resolver: Any) -> None:
        from referencing.exceptions import Unresolvable

        for key in ("$ref", "$dynamicRef"):
            target = schema.get(key)
            if not isinstance(target, str):
                continue
            try:
                resolver.lookup(target)
            except Unresolvable:
                mend = "Nothing is fetched: copy it under $defs and refer to '#/$defs/…'."
                self.fault((*steps, key), f"refers to '{target}', which is not in this document.", mend)

    def fault(self, steps: tuple[Any, ...], what: str, mend: str) -> None:
        self.found.append(Fault(where=self.where, what=f"{path_of(steps)} {what}", mend=mend))


_ONE = {
    "items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames", "unevaluatedItems",
    "unevaluatedProperties", "contentSchema",
}  # fmt: skip
_MANY = {"allOf", "anyOf", "oneOf", "prefixItems"}
_NAMED = {"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"}
_KEYWORDS = frozenset(
    _ONE | _MANY | _NAMED
    | {
        "$schema", "$id", "$ref", "$anchor", "$dynamicRef", "$dynamicAnchor", "$vocabulary", "$comment",
        "type", "const", "enum", "multipleOf", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum",
        "maxLength", "minLength", "pattern", "maxItems", "minItems", "uniqueItems", "maxContains", "minContains",
        "maxProperties", "minProperties", "required", "dependentRequired", "format", "contentEncoding",
        "contentMediaType", "title", "description", "default", "deprecated", "readOnly", "writeOnly", "examples",
        "example", "discriminator", "nullable", "xml", "externalDocs",
    }
)  # fmt: skip
_FOLDED = {keyword.casefold(): keyword for keyword in sorted(_KEYWORDS)}
