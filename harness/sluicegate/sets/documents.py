"""Files of other tools as rows with places: JSON, JSON lines, YAML, CSV. Every bad row is a fault, all at once."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path

from sluicegate.errors import Fault, InputError
from sluicegate.model import Json
from sluicegate.plan.strict_json import parse_unique
from sluicegate.plan.textfile import read_bytes, read_text

__all__ = ["Row", "document", "listed", "objects", "rows"]

Row = tuple[str, dict[str, Json]]
"""The place of a row, and the row."""
_LIMIT = 256 * 1024 * 1024
_YAML = (".yaml", ".yml")


def document(path: Path) -> Json:
    """The whole value of a .json or .yaml file; the rows of a .jsonl or .csv file. Raises InputError."""
    if path.suffix in (".jsonl", ".csv"):
        return [row for _, row in rows(path)]
    text = _text(path)
    return _yaml(text, path) if path.suffix in _YAML else _json(text, str(path))


def rows(path: Path, value: Json = None, under: str = "$") -> list[Row]:
    """The rows of a file; of `value`, a list that stands at `under` in it, where it is given. Raises InputError."""
    if value is not None:
        return objects(((f"{path} {under}[{index}]", item) for index, item in enumerate(value)), path)
    if path.suffix == ".jsonl":
        lines = enumerate(_text(path).split("\n"), start=1)
        return objects(
            ((f"{path}:{n}", _json(line, f"{path}:{n}")) for n, line in lines if line.strip()),
            path,
        )
    if path.suffix == ".csv":
        return objects(_csv(path), path)
    whole = document(path)
    if not isinstance(whole, list):
        raise InputError(Fault(where=str(path), what="Is no list of rows.", mend="Is it the format you named?"))
    return rows(path, whole)


def listed(path: Path, whole: Json, keys: Sequence[str], under: str = "$") -> list[Row]:
    """The rows of a list, or of the lists under `keys` of an object, one after the other. Raises InputError."""
    if isinstance(whole, list):
        return rows(path, whole, under)
    lists = {key: whole[key] for key in keys if isinstance(whole, Mapping) and isinstance(whole.get(key), list)}
    if not lists:
        what = f"Is neither a list of rows nor has {' or '.join(keys)}."
        raise InputError(Fault(where=str(path), what=what, mend="Is it the format you named?"))
    return objects(
        ((f"{path} {under}.{key}[{index}]", item) for key in lists for index, item in enumerate(lists[key])), path
    )


def objects(found: Iterator[tuple[str, Json]], path: Path) -> list[Row]:
    """Only objects are rows. Raises InputError with every fault."""
    faults: list[Fault] = []
    kept: list[Row] = []
    while True:
        try:
            place, value = next(found)
        except StopIteration:
            break
        if isinstance(value, Mapping):
            kept.append((place, dict(value)))
        else:
            faults.append(Fault(where=place, what="Is no object.", mend="Is it the format you named?"))
    if not kept and not faults:
        faults.append(Fault(where=str(path), what="Holds no row.", mend="Is it the format you named?"))
    if faults:
        raise InputError(faults)
    return kept


def _text(path: Path) -> str:
    return read_text(read_bytes(path, "rows of another tool", limit=_LIMIT), str(path), limit=_LIMIT, what="rows")


def _json(text: str, where: str) -> Json:
    try:
        return parse_unique(text)
    except (ValueError, RecursionError) as error:
        mend = "Is it the format you named?" if "Infinity" not in text and "NaN" not in text else "Write null for NaN."
        raise InputError(Fault(where=where, what=f"Is no JSON: {error}.", mend=mend)) from None


def _csv(path: Path) -> Iterator[tuple[str, Json]]:
    reader = csv.DictReader(io.StringIO(_text(path), newline=""), strict=True)
    try:
        for row in reader:
            if None in row:
                raise InputError(Fault(where=f"{path}:{reader.line_num}", what="Has more cells than the header."))
            yield f"{path}:{reader.line_num}", {key: value or "" for key, value in row.items()}
    except csv.Error as error:
        raise InputError(Fault(where=f"{path}:{reader.line_num}", what=f"Is no CSV: {error}.")) from None


def _yaml(text: str, path: Path) -> Json:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        return _plain(YAML(typ="safe", pure=True).load(text))
    except (YAMLError, ValueError, RecursionError) as error:
        said = str(error).splitlines()[0] if str(error) else "it cannot be read"
        raise InputError(Fault(where=str(path), what=f"Is no YAML: {said}.")) from None


def _plain(value: Json) -> Json:
    """JSON again: a YAML date is its text, a key is text."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, (date, datetime)) else value
