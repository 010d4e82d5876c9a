"""Records in other clothes: JSON in a text, a table with its columns, records under their numbers, lines `name: value`.

A tool's answer often comes so: wrapped as text by a protocol, or as a query gave it. Read as one heap of values, every
value would be every record's.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence

from sluicegate.grounding.facts import is_key
from sluicegate.grounding.wording import words
from sluicegate.model import Json, parse

__all__ = ["KEYED", "opened", "told_in"]

KEYED = "key"
"""The field of the number that a record stood under."""
_COLUMNS = words("columns column_names headers header fields cols schema")
_ROWS = words("rows data values records")
_LONGEST = 500_000
_FEWEST = 2
_LEAST_LINES = 3
_YEAR = re.compile(r"(?:19|20)\d\d(?:-\d\d.*)?")
_SHORT = 3
"""Digits alone of which there are no more are a place in a list, or a price."""
_LINE = re.compile(r"\s*(?:[-*•]\s+)?\**([^\W\d_][\w ./-]{0,40}?)\**\s*[:=]\**\s*(\S.*)")


def opened(value: Json) -> Json:
    """A mapping that is a table, or holds records under their numbers, as a list of records; else as it is."""
    if not isinstance(value, Mapping):
        return value
    sorts = set(map(type, value.values()))
    if sorts == {dict}:
        keyed = all(map(_is_number, value))
        return [{KEYED: name, **item} for name, item in value.items() if isinstance(item, dict)] if keyed else value
    if list not in sorts:
        return value
    rows = _table(value)
    return (_by_columns(value) if sorts == {list} and rows is None else rows) or value


def told_in(text: str) -> Json:
    """What a text holds that is no prose: JSON, lines of a table, lines `name: value`; None for all else."""
    if len(text) > _LONGEST:
        return None
    said = text.strip()
    if said[:1] in ("{", "[") and said[-1:] in ("}", "]"):
        try:
            found = parse(said.encode(errors="replace"))
        except ValueError:
            return None
        return found if isinstance(found, dict) or _holds_records(found) else None
    if "\n" not in said:
        return None
    return _blocks(said) or _lines(said)


def _is_number(name: str) -> bool:
    """Whether a name is the number of a record."""
    is_short = name.isdigit() and len(name) <= _SHORT
    return not is_short and _YEAR.fullmatch(name) is None and is_key("order", name)


def _holds_records(value: Json) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def _table(value: Mapping[str, Json]) -> list[Json] | None:
    """`columns` and `rows`."""
    columns = next((names for name, item in value.items() if name.lower() in _COLUMNS and (names := _names(item))), [])
    rows = next((item for name, item in value.items() if name.lower() in _ROWS and isinstance(item, list)), [])
    if len(columns) < _FEWEST or not rows or not all(isinstance(r, list) and len(r) == len(columns) for r in rows):
        return None
    return [dict(zip(columns, row, strict=True)) for row in rows if isinstance(row, list)]


def _names(value: Json) -> list[str]:
    """Of columns, told by name or as mappings with one; nothing where they are something else."""
    if not isinstance(value, list):
        return []
    told = [item.get("name") if isinstance(item, Mapping) else item for item in value]
    names = [name for name in told if isinstance(name, str)]
    return names if len(names) == len(value) == len(set(names)) else []


def _by_columns(value: Mapping[str, Json]) -> list[Json] | None:
    """Lists of one length, one of which says which record each place is."""
    lists = {name: item for name, item in value.items() if isinstance(item, list)}
    if len(lists) != len(value) or len(lists) < _FEWEST or len({len(item) for item in lists.values()}) != 1:
        return None
    if any(isinstance(inner, (Mapping, list)) for item in lists.values() for inner in item):
        return None
    keyed = [n for n, item in lists.items() if len(set(map(str, item))) == len(item) and _are_keys(n, item)]
    return [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)] if keyed else None


def _are_keys(name: str, values: Sequence[Json]) -> bool:
    return len(values) >= _FEWEST and all(is_key(name, str(value)) for value in values)


def _blocks(text: str) -> list[Json] | None:
    """Records of lines `name: value`, a blank line between them; each says which it is."""
    found: list[Json] = []
    for block in re.split(r"\n\s*\n", text):
        lines = [_LINE.fullmatch(line) for line in block.splitlines() if line.strip()]
        fields: dict[str, Json] = {line[1].strip(): line[2].strip() for line in lines if line is not None}
        if len(fields) < max(len(lines), _LEAST_LINES) or not any(is_key(n, str(v)) for n, v in fields.items()):
            return None
        found.append(fields)
    return found or None


def _lines(text: str) -> list[Json] | None:
    """Rows below a head with the names of columns, parted by commas, semicolons, tabs or bars."""
    lines = [line.strip().strip("|") for line in text.splitlines() if line.strip(" |:-+")]
    mark = max(",;\t|", key=lines[0].count)
    try:
        rows = [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=mark)]
    except csv.Error:
        return None
    head = rows[0]
    if len(head) < _LEAST_LINES or len(rows) < _FEWEST or any(len(row) != len(head) for row in rows):
        return None
    if len(set(head)) < len(head) or not all(cell and not any(ch.isdigit() for ch in cell) for cell in head):
        return None
    keyed = any(all(is_key(name, row[at]) for row in rows[1:]) for at, name in enumerate(head))
    return [dict(zip(head, row, strict=True)) for row in rows[1:]] if keyed else None
