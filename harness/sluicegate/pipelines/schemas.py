"""JSON Schema of a dataclass: what `model.decode` accepts, with the texts under its fields."""

from __future__ import annotations

import ast
import inspect
import textwrap
import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from itertools import pairwise
from typing import Any, Union, get_args, get_origin, get_type_hints

__all__ = ["closed_object", "schema_of"]

_SCALARS: Mapping[Any, str] = {str: "string", int: "integer", float: "number", bool: "boolean"}


def schema_of(kind: type) -> tuple[dict[str, Any], dict[str, Any]]:
    """The schema of a dataclass, and the definitions of those it is made of."""
    definitions: dict[str, Any] = {}
    schema = _object(kind, definitions)
    return schema, definitions


def closed_object(properties: Mapping[str, Any], *, required: list[str]) -> dict[str, Any]:
    """An object with these properties and no others."""
    made: dict[str, Any] = {"type": "object", "properties": dict(properties), "additionalProperties": False}
    if required:
        made["required"] = required
    return made


def _object(kind: type, definitions: dict[str, Any]) -> dict[str, Any]:
    hints, documented = get_type_hints(kind), _documented(kind)
    properties: dict[str, Any] = {}
    required: list[str] = []
    for item in fields(kind):
        schema = _schema(hints[item.name], definitions)
        if item.name in documented:
            schema = {**schema, "description": documented[item.name]}
        properties[item.name] = schema
        if item.default is MISSING and item.default_factory is MISSING:
            required.append(item.name)
    return {"description": " ".join((kind.__doc__ or "").split()), **closed_object(properties, required=required)}


def _schema(hint: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    if is_dataclass(hint) and isinstance(hint, type):
        if hint.__name__ not in definitions:
            definitions[hint.__name__] = {}  # first, for a type that holds itself
            definitions[hint.__name__] = _object(hint, definitions)
        return {"$ref": f"#/$defs/{hint.__name__}"}
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {"enum": [item.value for item in hint]}
    if hint in _SCALARS:
        return {"type": _SCALARS[hint]}
    return _generic(get_origin(hint), get_args(hint), definitions)


def _generic(origin: Any, arguments: tuple[Any, ...], definitions: dict[str, Any]) -> dict[str, Any]:
    """Optional types, tuples and mappings; any other type, Json above all, is any value."""
    if origin in (Union, types.UnionType) and len(arguments) == 2 and type(None) in arguments:
        inner = _schema(next(argument for argument in arguments if argument is not type(None)), definitions)
        if isinstance(inner.get("type"), str):
            return {**inner, "type": [inner["type"], "null"]}
        return {"anyOf": [inner, {"type": "null"}]} if inner else {}
    if origin is tuple:
        return {"type": "array", "items": _schema(arguments[0], definitions)}
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": _schema(arguments[1], definitions) or True}
    return {}


@cache
def _documented(kind: type) -> Mapping[str, str]:
    """The texts written under a dataclass's fields."""
    body = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    items = body.body if isinstance(body, ast.ClassDef) else []
    found: dict[str, str] = {}
    for before, item in pairwise(items):
        if not (isinstance(before, ast.AnnAssign) and isinstance(before.target, ast.Name)):
            continue
        if isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant) and isinstance(item.value.value, str):
            found[before.target.id] = " ".join(item.value.value.split())
    return found
