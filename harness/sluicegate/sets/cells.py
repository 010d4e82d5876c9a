"""What a cell of a table holds where a list or an object was written into it."""

from __future__ import annotations

import ast

from sluicegate.model import Json

__all__ = ["json_cell", "literal", "objects_in"]


def json_cell(value: Json) -> Json:
    """What a cell of a table holds where it is JSON; anything else as it is."""
    if not isinstance(value, str) or value.lstrip()[:1] not in ("{", "["):
        return value
    import json

    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return literal(value)


def literal(value: Json) -> Json:
    """What Python's `csv` made of a list: its repr."""
    if not isinstance(value, str) or value.lstrip()[:1] not in ("[", "{"):
        return value
    try:
        return ast.literal_eval(value)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return value


def objects_in(value: Json) -> list[dict[str, Json]]:
    """The objects of a list; none where it is no list."""
    return [dict(item) for item in value if isinstance(item, dict)] if isinstance(value, list) else []
