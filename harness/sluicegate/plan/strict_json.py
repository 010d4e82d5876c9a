"""JSON that says what it means: a key written twice, NaN and Infinity are refused."""

from __future__ import annotations

import json
from typing import NoReturn

from sluicegate.model import Json

__all__ = ["RepeatedKeyError", "parse_unique"]


class RepeatedKeyError(ValueError):
    """A key stands twice in one object; readers would take one or the other."""

    def __init__(self, key: str) -> None:
        super().__init__(f"the key '{key}' is written twice")
        self.key = key


def parse_unique(text: str) -> Json:
    """Parsed JSON. Raises RepeatedKeyError, json.JSONDecodeError or ValueError."""
    return _DECODER.decode(text)


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise RepeatedKeyError(key)
            seen.add(key)
    return found


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON number")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse)
