"""How a judged value is walked and shown: places, soundness, and what was seen, without trusting any of it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from sluicegate.checks.masking import masked

__all__ = ["MAX_BITS", "MAX_DEPTH", "is_sound", "is_sound_text", "path_of", "seen", "unsound"]

MAX_DEPTH = 100
MAX_BITS = 4096
"""Of a whole number; the standard library refuses to print much longer ones, and so do readers of JSON."""
_SHOWN_STEPS = 6
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def path_of(steps: Iterable[Any], root: str = "$") -> str:
    """`$.insights[0].text` from keys and indices; keys that are no plain names are quoted and masked."""
    parts = [root]
    for step in steps:
        if isinstance(step, int):
            parts.append(f"[{step}]")
        else:
            name = str(step)
            parts.append(f".{name}" if _NAME.fullmatch(name) and len(name) <= 80 else f'["{masked(name, limit=60)}"]')
    return "".join(parts)


def unsound(value: Any) -> tuple[tuple[Any, ...], str] | None:
    """The first thing in `value` that JSON cannot hold: its steps and what it is. None for a sound value.

    NaN, infinities, keys that are no text, objects of other types, half characters, and nesting past 100 levels, which
    also ends values that contain themselves.
    """
    # Nearly every value is sound and needs no steps, so the walk that keeps them comes second.
    return None if is_sound(value, 0) else _first_unsound(value)


def is_sound(value: Any, depth: int) -> bool:
    """Whether JSON can hold what stands at this level, the outermost being 0."""
    kind = type(value)
    if kind is str:
        return value.isascii() or is_sound_text(value)
    if kind is dict:
        return depth <= MAX_DEPTH and _is_sound_object(value, depth + 1)
    if kind is list or kind is tuple:
        return depth <= MAX_DEPTH and _are_sound(value, depth + 1)
    if kind is int or kind is float:
        return bool(math.isfinite(value) if kind is float else value.bit_length() <= MAX_BITS)
    return kind is bool or value is None


def _is_sound_object(value: dict[Any, Any], depth: int) -> bool:
    for key, item in value.items():
        if type(key) is not str or not (key.isascii() or is_sound_text(key)):
            return False
        # Most of what an object holds is text, and needs no call of its own.
        if (type(item) is not str or not item.isascii()) and not is_sound(item, depth):
            return False
    return True


def _are_sound(items: Iterable[Any], depth: int) -> bool:
    for item in items:  # noqa: SIM110 - a loop, because this runs for every list of every answer
        if not is_sound(item, depth):
            return False
    return True


def _first_unsound(value: Any) -> tuple[tuple[Any, ...], str] | None:
    stack: list[tuple[tuple[Any, ...], Any]] = [((), value)]
    while stack:
        steps, item = stack.pop()
        kind = type(item)
        if kind is dict or kind is list or kind is tuple:
            problem = _container_problem(item, len(steps))
            pairs = item.items() if kind is dict else enumerate(item)
            stack.extend(((*steps, key), below) for key, below in pairs if not problem)
        else:
            problem = _scalar_problem(item)
        if problem:
            return steps[:_SHOWN_STEPS], problem
    return None


def _container_problem(item: Any, depth: int) -> str:
    if depth > MAX_DEPTH:
        return f"is nested deeper than {MAX_DEPTH} levels"
    if type(item) is dict and not all(type(key) is str and is_sound_text(key) for key in item):
        return "has a key that is no text"
    return ""


def _scalar_problem(item: Any) -> str:
    kind = type(item)
    if kind is bool or item is None:
        return ""
    if kind is int:
        return "" if item.bit_length() <= MAX_BITS else f"is a whole number of {item.bit_length()} bits"
    if kind is str:
        return "" if is_sound_text(item) else "holds half of a character (a lone surrogate)"
    if kind is float:
        return "" if math.isfinite(item) else "is no finite number"
    return f"is no JSON value but {kind.__name__}"


def is_sound_text(text: str) -> bool:
    """Whether the text holds no half of a character."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def seen(value: Any) -> str:
    """What a value is, in some words, at a cost that does not grow with it. Masked where it becomes an excerpt.

    A text that JSON would read as something else keeps its quotes: `"7"` is not 7.
    """
    if isinstance(value, str):
        return f'"{value}"' if _reads_as_another(value) else value
    if isinstance(value, Mapping):
        names = [seen(key)[:40] for _, key in zip(range(6), value, strict=False)]
        return f"an object with {', '.join(names)}{', …' if len(value) > 6 else ''}" if names else "an empty object"
    if isinstance(value, (list, tuple)):
        return f"a list of {len(value)}"
    return _scalar_seen(value)


def _reads_as_another(text: str) -> bool:
    """Whether a text, shown without quotes, could be taken for a number, true, false or null."""
    if len(text) > _LONGEST_NUMBER:
        return False
    try:
        return not isinstance(json.loads(text), (str, list, dict))
    except ValueError:
        return False


_LONGEST_NUMBER = 40


def _scalar_seen(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int) and value.bit_length() > MAX_BITS:
        return f"a whole number of {value.bit_length()} bits"
    return repr(value) if isinstance(value, (int, float)) else f"a {type(value).__name__}"
