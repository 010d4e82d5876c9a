"""Two JSON values that should be equal: shown whole where they are short, else by the first place where they differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sluicegate.checks.values import path_of
from sluicegate.model import canonical

__all__ = ["difference", "json_equal", "shown"]

_SHORT = 120
_DEEPEST = 50
_MOST_NODES = 200
"""Parts of a value that are looked at before it counts as long; hostile values are never written out to be measured."""


def json_equal(value: Any, wanted: Any) -> bool:
    """JSON equality: 1 and 1.0 are the same, 1 and true are not, and a list is a list however Python holds it."""
    if isinstance(value, bool) or isinstance(wanted, bool):
        return value is wanted
    if isinstance(value, (list, tuple)) and isinstance(wanted, (list, tuple)):
        return len(value) == len(wanted) and all(map(json_equal, value, wanted))
    if isinstance(value, Mapping) and isinstance(wanted, Mapping):
        return value.keys() == wanted.keys() and all(json_equal(value[key], wanted[key]) for key in value)
    return bool(value == wanted)


def shown(value: Any) -> str | None:
    """A list or object as JSON where it is short; None where it is not. To be masked wherever it goes."""
    budget = [_MOST_NODES, _SHORT]
    if not _is_short(value, budget, 0):
        return None
    try:
        text = canonical(value).decode()
    except (TypeError, ValueError, UnicodeError):
        return None
    return text if len(text) <= _SHORT else None


def difference(value: Any, wanted: Any) -> str:
    """`[3].text is "x", not "y"`: the first place where two values differ; empty where none is found."""
    place, here, there = next(_differences(value, wanted, ()), ((), None, None))
    if not place:
        return ""
    return f"{path_of(place, root='')} is {_brief(here)}, not {_brief(there)}"


_Difference = tuple[tuple[Any, ...], Any, Any]


class _Absent:
    """Nothing stands there."""


def _differences(value: Any, wanted: Any, steps: tuple[Any, ...]) -> Iterator[_Difference]:
    lists = isinstance(value, (list, tuple)) and isinstance(wanted, (list, tuple))
    objects = isinstance(value, Mapping) and isinstance(wanted, Mapping)
    if len(steps) > _DEEPEST or not (lists or objects):
        if not json_equal(value, wanted):
            yield steps, value, wanted
        return
    if lists:
        for place in range(max(len(value), len(wanted))):
            here = value[place] if place < len(value) else _Absent()
            there = wanted[place] if place < len(wanted) else _Absent()
            yield from _differences(here, there, (*steps, place))
    else:
        for key in (*wanted, *(key for key in value if key not in wanted)):
            yield from _differences(value.get(key, _Absent()), wanted.get(key, _Absent()), (*steps, key))


def _brief(value: Any) -> str:
    if isinstance(value, _Absent):
        return "absent"
    if isinstance(value, str) and len(value) > _SHORT:
        return f'"{value[: _SHORT // 2]}…"'
    kind = f"a list of {len(value)}" if isinstance(value, (list, tuple)) else f"a {type(value).__name__}"
    return shown(value) or ("an object" if isinstance(value, Mapping) else kind)


def _is_short(value: Any, budget: list[int], depth: int) -> bool:
    budget[0] -= 1
    if isinstance(value, str):
        budget[1] -= len(value)
    if budget[0] < 0 or budget[1] < 0 or depth > _DEEPEST:
        return False
    if isinstance(value, Mapping):
        return all(_is_short(part, budget, depth + 1) for pair in value.items() for part in pair)
    if isinstance(value, (list, tuple)):
        return all(_is_short(item, budget, depth + 1) for item in value)
    return True
