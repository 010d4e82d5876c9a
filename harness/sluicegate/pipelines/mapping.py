"""From a user's own response or recorded row to an Output, by a table of field to path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import orjson

from sluicegate.errors import Fault, InputError, nearest
from sluicegate.frozen import frozen
from sluicegate.model import CrashKind, Json, Mail, Output, Usage, holds_long_number
from sluicegate.model.paths import MISSING, Path, parse_path
from sluicegate.pipelines.conversion import output_of, with_error
from sluicegate.pipelines.crashes import crash
from sluicegate.pipelines.usage import usage_of

__all__ = ["OutputMapping", "parse_mapping", "tool_calls_of"]

_FIELDS = tuple(item.name for item in fields(Output))
_BELOW: Mapping[str, tuple[str, ...] | None] = {
    "mail": tuple(item.name for item in fields(Mail)),
    "usage": tuple(item.name for item in fields(Usage)),
    "metadata": None,
}


@frozen
class OutputMapping:
    """`content: $.choices[0].message.content`, parsed. `usage.input_tokens` and `mail.subject` name a part."""

    places: tuple[tuple[tuple[str, ...], Path], ...]

    def absent(self, value: Json) -> Fault | None:
        """The first path at which nothing stands."""
        return next((path.missing(value) for _, path in self.places if path.get(value) is MISSING), None)

    def read(self, value: Json, *, what: str) -> Output:
        """The Output of one `what` ("response", "row"); a crash naming the path that is not there."""
        made: dict[str, Any] = {}
        for names, path in self.places:
            found = path.get(value)
            if found is MISSING:
                fault = path.missing(value)
                mend = fault.mend or f"Write {path.text}? where it may be absent."
                return crash(CrashKind.GARBAGE, f"The {what} does not fit the mapping: {path.text} {fault.what} {mend}")
            if found is None:
                continue
            into = made
            for name in names[:-1]:
                into = into.setdefault(name, {})
            into[names[-1]] = _usual(names, found)
        mend = "Map it to a path of that type."
        return output_of(with_error(made), said=f"The {what} does not fit the mapping:", mend=mend)


def parse_mapping(mapping: Mapping[str, str], *, where: str) -> OutputMapping:
    """The table parsed. Raises InputError with every unknown field and unreadable path."""
    places: list[tuple[tuple[str, ...], Path]] = []
    faults: list[Fault] = []
    for field, text in mapping.items():
        names = tuple(field.split("."))
        if (fault := _unknown(field, names, where)) is not None:
            faults.append(fault)
            continue
        try:
            places.append((names, parse_path(text, where=f"{where}.{field}")))
        except InputError as error:
            faults.extend(error.faults)
    if faults:
        raise InputError(faults)
    return OutputMapping(places=tuple(places))


def tool_calls_of(calls: list[Json]) -> list[Json]:
    """OpenAI's `{"function": {"name", "arguments": "<JSON>"}}` as tool calls; others stay what they are."""
    return [_tool_call(call["function"]) if _is_openai(call) else call for call in calls]


def _unknown(field: str, names: tuple[str, ...], where: str) -> Fault | None:
    at = f"{where}.{field}"
    if names[0] not in _FIELDS:
        mend = nearest(names[0], _FIELDS) or f"Fields are {', '.join(_FIELDS)}."
        return Fault(where=at, what=f"'{names[0]}' is no field of an Output.", mend=mend)
    if len(names) == 1:
        return None
    below = _BELOW.get(names[0], ())
    if len(names) > 2 or (below is not None and names[1] not in below):
        mend = nearest(names[1], below or ()) or f"Map {names[0]} as a whole."
        return Fault(where=at, what=f"'{names[0]}' has no part '{'.'.join(names[1:])}'.", mend=mend)
    return None


def _usual(names: tuple[str, ...], found: Json) -> Json:
    if names == ("usage",) and isinstance(found, Mapping):
        return usage_of(found) or found
    if names == ("tools_called",) and isinstance(found, list):
        return tool_calls_of(found)
    return found


def _is_openai(call: Json) -> bool:
    return isinstance(call, Mapping) and isinstance(call.get("function"), Mapping)


def _tool_call(function: Mapping[str, Json]) -> Json:
    arguments = function.get("arguments")
    try:
        read = orjson.loads(arguments) if isinstance(arguments, str) else arguments
    except orjson.JSONDecodeError:
        return {"name": function.get("name"), "error": f"arguments are not JSON: {str(arguments)[:200]}"}
    if isinstance(arguments, str) and holds_long_number(arguments.encode(errors="replace")):
        return {"name": function.get("name"), "error": "arguments hold a whole number beyond 64 bits; it must be text"}
    return {"name": function.get("name"), "arguments": read if isinstance(read, Mapping) else {}}
