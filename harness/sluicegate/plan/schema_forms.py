"""The forms a JSON Schema of the plan is put together from."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from sluicegate.model import Json

__all__ = ["listed", "map_of", "object_of", "ref", "scalar", "text", "values_of", "whole", "words"]


def object_of(keys: Json, *, required: Iterable[str] = (), description: str = "") -> Json:
    """An object of these keys and the merge key of YAML, no other."""
    found: dict[str, Json] = {"type": "object", "properties": {**keys, "<<": {}}, "additionalProperties": False}
    if needed := list(required):
        found["required"] = needed
    return found | ({"description": description} if description else {})


def map_of(values: Json, description: str = "") -> Json:
    """Any keys of the user's, each with such a value."""
    found: dict[str, Json] = {"type": "object", "properties": {"<<": {}}, "additionalProperties": values}
    return found | ({"description": description} if description else {})


def text(description: str = "", *, pattern: str = "", examples: Iterable[str] = ()) -> Json:
    """Words that are not empty."""
    found: dict[str, Json] = {"type": "string", "minLength": 1}
    more = {"description": description, "pattern": pattern, "examples": list(examples)}
    return found | {key: value for key, value in more.items() if value}


def scalar(description: str = "") -> Json:
    """What YAML may read as text, number or truth."""
    found: dict[str, Json] = {"type": ["string", "number", "boolean"]}
    return found | ({"description": description} if description else {})


def whole(description: str = "", *, low: int = 0, high: int | None = None) -> Json:
    """A whole number."""
    found: dict[str, Json] = {"type": "integer", "minimum": low}
    return found | ({"description": description} if description else {}) | ({} if high is None else {"maximum": high})


def words(listed_words: Iterable[str], description: str) -> Json:
    """One of the words, or a list of some."""
    one = {"enum": values_of(listed_words)}
    many = {"type": "array", "minItems": 1, "items": one, "uniqueItems": True}
    return {"description": description, "anyOf": [one, many]}


def values_of(words: Iterable[str]) -> list[str]:
    """Enumerations as the texts they stand for."""
    return [word.value if isinstance(word, StrEnum) else word for word in words]


def ref(name: str, description: str = "") -> Json:
    """A shape that is defined once."""
    return {"$ref": f"#/$defs/{name}"} | ({"description": description} if description else {})


def listed(words: Iterable[str]) -> str:
    """Words in order, as a sentence lists them."""
    return ", ".join(sorted(words))
