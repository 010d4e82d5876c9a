"""JSON as it arrives, refused where it nests deeper than anything can write it again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sluicegate.model import Json, parse

__all__ = ["DEEPEST", "read_json"]

DEEPEST = 100
"""Levels; the vendors stop about there too."""


def read_json(body: bytes | None) -> Json:
    """The value of a body. Raises ValueError for what is no JSON or nests too deeply."""
    value = parse(body or b"")
    level: list[Json] = [value]
    for _ in range(DEEPEST):
        level = [item for outer in level for item in _inside(outer) if isinstance(item, (dict, list))]
        if not level:
            return value
    raise ValueError("nested too deeply")


def _inside(value: Json) -> Iterable[Json]:
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, list) else ()
