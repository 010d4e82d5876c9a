"""Where in a value something stands: `$.choices[0].message.content`, `mail.subject`, `attributes["case.id"]`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Final

from sluicegate.errors import Fault, InputError, nearest, printable
from sluicegate.frozen import frozen

__all__ = ["MISSING", "Path", "parse_path"]


class _Missing:
    """Nothing stands at a path; not the same as null."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> bool:
        return False


MISSING: Final = _Missing()

_STEP = re.compile(r"""\.?([^.\[\]\s"'?$]+) | \[(-?\d+)\] | \["([^"]*)"\] | \['([^']*)'\]""", re.VERBOSE)


@frozen
class Path:
    """A parsed path. Reads mappings, lists and the model's own dataclasses."""

    text: str
    steps: tuple[str | int, ...]
    optional: bool = False
    """Written with a trailing `?`: null where nothing stands."""

    def get(self, value: Any) -> Any:
        """What stands there, or MISSING (None for an optional path)."""
        for step in self.steps:
            value = _step(value, step)
            if value is MISSING:
                return None if self.optional else MISSING
        return value

    def missing(self, value: Any) -> Fault:
        """Why `get` found nothing: the last place that exists, what it holds, and the nearest key."""
        reached = "$"
        for step in self.steps:
            below = _step(value, step)
            if below is MISSING:
                return Fault(where=self.text, what=f"is not there: {_holds(reached, value)}.", mend=_mend(value, step))
            value = below
            reached += f"[{step}]" if isinstance(step, int) else f".{step}"
        return Fault(where=self.text, what="is there.")


def parse_path(text: str, *, where: str = "") -> Path:
    """`text` as a Path: names after dots, `[0]` or `["any key"]`, a leading `$` and a trailing `?` if wanted.

    Raises InputError at `where` for anything else.
    """
    body = text.strip()
    optional = body.endswith("?")
    body = body.removesuffix("?")
    body = body.removeprefix("$")
    steps: list[str | int] = []
    at = 0
    while at < len(body):
        match = _STEP.match(body, at)
        if match is None or (at > 0 and body[at] not in ".["):
            raise InputError(_unreadable(text, body[at:], where))
        name, index, *quoted = match.groups()
        steps.append(int(index) if index is not None else name or quoted[0] or quoted[1] or "")
        at = match.end()
    if not steps and text.strip() not in ("$", "$?"):
        raise InputError(_unreadable(text, text, where))
    return Path(text=text.strip(), steps=tuple(steps), optional=optional)


def _unreadable(text: str, rest: str, where: str) -> Fault:
    what = f"path '{text}' cannot be read at '{rest[:40]}'."
    return Fault(where=where, what=what, mend='Write names with dots, [0] for items, ["any key"] for other keys.')


def _step(value: Any, step: str | int) -> Any:
    if isinstance(step, int):
        if isinstance(value, (list, tuple)) and -len(value) <= step < len(value):
            return value[step]
        return MISSING
    if step in _names(type(value)):
        return getattr(value, step)
    if isinstance(value, Mapping):
        return value.get(step, MISSING)
    if step.isdecimal():
        return _step(value, int(step))
    return MISSING


_NAMES: dict[type, tuple[str, ...]] = {}


def _names(kind: type) -> tuple[str, ...]:
    """Fields of a dataclass, by which a path steps into it; none for any other type."""
    names = _NAMES.get(kind)
    if names is None:
        names = _NAMES[kind] = tuple(item.name for item in fields(kind)) if is_dataclass(kind) else ()
    return names


def _holds(reached: str, value: Any) -> str:
    if isinstance(value, Mapping) or is_dataclass(value):
        keys = list(value) if isinstance(value, Mapping) else list(_names(type(value)))
        said = ", ".join(printable(str(key)) for key in keys[:8]) + (", …" if len(keys) > 8 else "")
        return f"{reached} has {said}" if keys else f"{reached} is an empty mapping"
    if isinstance(value, (list, tuple)):
        return f"{reached} is a list of {len(value)}"
    return f"{reached} is null" if value is None else f"{reached} is {_kind(value)}"


def _kind(value: Any) -> str:
    return {"str": "text", "bool": "true or false", "int": "a number", "float": "a number"}.get(
        type(value).__name__, type(value).__name__
    )


def _mend(value: Any, step: str | int) -> str:
    if isinstance(value, Mapping) and isinstance(step, str):
        return nearest(step, [str(key) for key in value])
    if is_dataclass(value) and isinstance(step, str):
        return nearest(step, _names(type(value)))
    return ""
