"""Schemas of the usual keywords, told sound at a glance: loading a whole metaschema costs more than a hundred cases."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sluicegate.checks.formats import ANNOTATIONS, FORMATS
from sluicegate.checks.pattern import compile_pattern, ecma
from sluicegate.checks.values import unsound
from sluicegate.errors import InputError
from sluicegate.model import Json

__all__ = ["DIALECTS", "is_plain"]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
DIALECTS = (_DIALECT, f"{_DIALECT}#")
_TYPES = frozenset({"object", "array", "string", "number", "integer", "boolean", "null"})


def is_plain(schema: Json) -> bool:
    """Whether the schema surely has no fault and refers to nothing. False says only that it must be read in full."""
    if type(schema) is not dict or not schema or unsound(schema) is not None:
        return False
    rest = {key: value for key, value in schema.items() if key != "$schema"}
    return schema.get("$schema", _DIALECT) in DIALECTS and _is_object(rest)


def _is_object(schema: dict[str, Any]) -> bool:
    return all(key in _TESTS and _TESTS[key](value) for key, value in schema.items())


def _is_schema(value: Any) -> bool:
    return type(value) is bool or (type(value) is dict and _is_object(value))


def _is_type(value: Any) -> bool:
    if type(value) is str:
        return value in _TYPES
    return _are_names(value) and bool(value) and _TYPES.issuperset(value)


def _are_names(value: Any) -> bool:
    return type(value) is list and all(type(item) is str for item in value) and len(set(value)) == len(value)


def _are_schemas(value: Any) -> bool:
    return type(value) is list and bool(value) and all(map(_is_schema, value))


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _is_number(value: Any) -> bool:
    return type(value) is int or type(value) is float


def _is_text(value: Any) -> bool:
    return type(value) is str


def _is_pattern(value: Any) -> bool:
    if type(value) is not str:
        return False
    try:
        compile_pattern(ecma(value))
    except InputError:
        return False
    return True


_TESTS: Mapping[str, Callable[[Any], bool]] = {
    "type": _is_type,
    "properties": lambda value: type(value) is dict and all(map(_is_schema, value.values())),
    "required": _are_names,
    "additionalProperties": _is_schema,
    "items": _is_schema,
    "anyOf": _are_schemas,
    "allOf": _are_schemas,
    "enum": lambda value: _are_names(value) and bool(value),
    "const": _is_text,
    "pattern": _is_pattern,
    "format": lambda value: type(value) is str and (value in FORMATS or value in ANNOTATIONS),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems"), _is_count),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), _is_number),
    **dict.fromkeys(("title", "description", "$comment"), _is_text),
}
