"""Log lines of a delivery: from rows of a runner process, or from what a program writes to its standard error."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sluicegate.model import LogLine

__all__ = ["Hears", "lines_in", "lines_of"]

Hears = Callable[[str, int, Sequence[LogLine], int], None]
"""Told the lines of one delivery: run id, delivery, lines, and how many more there were."""

_MOST_LINES = 200
_MOST_CHARS = 16_001
"""One more than evidence keeps at most, so that a cut shows."""
_MOST_FIELDS = 40
_MOST_VALUE = 200
_TRACEBACK = "Traceback (most recent call last)"


def lines_in(data: bytes, at: str) -> tuple[list[LogLine], int]:
    """The lines of `data`, each a JSON object's members as fields, and how many more there were.

    A line that is indented goes on with the one before, and so does a traceback to its last line.
    """
    found: list[str] = []
    in_traceback = False
    for line in data.decode("utf-8", "replace").splitlines():
        if not line.strip():
            continue
        goes_on = in_traceback or line[0].isspace()
        begins = line.startswith(_TRACEBACK)
        if (goes_on or begins) and found:
            found[-1] += f"\n{line}"
        else:
            found.append(line)
        in_traceback = begins or (in_traceback and line[0].isspace())
    return [_line(text[:_MOST_CHARS], at) for text in found[:_MOST_LINES]], max(0, len(found) - _MOST_LINES)


def lines_of(rows: Sequence[Sequence[Any]]) -> list[LogLine]:
    """Rows as they came from the runner process."""
    return [
        LogLine(at=at, logger=logger, level=level, text=text, fields=fields, among=among)
        for at, logger, level, text, fields, among in rows
    ]


def _line(text: str, at: str) -> LogLine:
    fields = _members(text)
    level = fields.get("level", fields.get("severity", ""))
    return LogLine(text=text, at=at, logger=fields.get("logger", "stderr"), level=level, fields=fields)


def _members(text: str) -> dict[str, str]:
    """Of a JSON line its members, those one level down as `outer.inner`."""
    if not text.startswith("{"):
        return {}
    try:
        plain = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    pairs = [
        (f"{outer}.{inner}" if inner else outer, value)
        for outer, held in plain.items()
        for inner, value in (held.items() if isinstance(held, Mapping) else (("", held),))
    ]
    return {name: str(value)[:_MOST_VALUE] for name, value in pairs[:_MOST_FIELDS]}
