"""The verdict as JSON for machines: canonical bytes, a strict reader, and the published schema of both."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from typing import Any, Union, get_args, get_origin, get_type_hints

from sluicegate.model import MAX_VERDICT_BYTES, SCHEMA_VERSION, Json, Verdict, read_verdict, verdict_hash, verdict_json

__all__ = ["MAX_VERDICT_BYTES", "read_verdict", "verdict_hash", "verdict_json", "verdict_schema"]

_SCALARS: dict[Any, Json] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
}


def verdict_schema() -> dict[str, Json]:
    """The JSON Schema (2020-12) of a verdict, made from its types, so that the two cannot differ.

    Fields at their default are left out of the bytes, all but `schema_version`.
    """
    definitions: dict[str, Json] = {}
    whole = _object(Verdict, definitions)
    whole["properties"]["schema_version"] = {"const": SCHEMA_VERSION}
    whole["required"] = sorted([*whole["required"], "schema_version"])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Sluicegate verdict",
        **whole,
        "$defs": dict(sorted(definitions.items())),
    }


def _object(kind: type, definitions: dict[str, Json]) -> dict[str, Json]:
    hints = get_type_hints(kind)
    needed = [item.name for item in fields(kind) if item.default is MISSING and item.default_factory is MISSING]
    return {
        "type": "object",
        "description": (kind.__doc__ or "").partition("\n")[0],
        "properties": {item.name: _schema(hints[item.name], definitions) for item in fields(kind)},
        "required": sorted(needed),
        "additionalProperties": False,
    }


def _schema(kind: Any, definitions: dict[str, Json]) -> Json:
    if kind in _SCALARS:
        return _SCALARS[kind]
    if isinstance(kind, type) and issubclass(kind, Enum):
        definitions[kind.__name__] = {"enum": [item.value for item in kind]}
        return {"$ref": f"#/$defs/{kind.__name__}"}
    if is_dataclass(kind) and isinstance(kind, type):
        if kind.__name__ not in definitions:
            definitions[kind.__name__] = {}
            definitions[kind.__name__] = _object(kind, definitions)
        return {"$ref": f"#/$defs/{kind.__name__}"}
    if get_origin(kind) in (Union, types.UnionType):
        return {
            "anyOf": [{"type": "null"} if arg is type(None) else _schema(arg, definitions) for arg in get_args(kind)]
        }
    if get_origin(kind) is tuple:
        return {"type": "array", "items": _schema(get_args(kind)[0], definitions)}
    if get_origin(kind) is Mapping:
        return {"type": "object", "additionalProperties": _schema(get_args(kind)[1], definitions)}
    raise TypeError(f"{kind!r} has no JSON Schema")
