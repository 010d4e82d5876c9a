"""What a program was trained on or is shown: rows, saved DSPy programs, prompt texts. Read, never imported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from sluicegate.errors import Fault, InputError
from sluicegate.frozen import frozen
from sluicegate.model import Json
from sluicegate.plan.strict_json import parse_unique
from sluicegate.plan.textfile import read_bytes, read_text

__all__ = ["TrainRow", "train_rows"]

_LIMIT = 256 * 1024 * 1024
_IDS = ("id", "case_id", "name", "dspy_uuid", "uuid")
_SHOWN = ("demos", "train")
"""Where a saved DSPy program keeps examples, below each of its predictors."""


@frozen
class TrainRow:
    """One example a program has seen."""

    where: str
    """`file:line`, or the file and the path in it."""
    ids: frozenset[str]
    value: Json
    texts: tuple[str, ...]
    """Each text in it, to be compared whole."""


def train_rows(path: Path) -> Iterator[TrainRow]:
    """Every example in `path`, by its suffix: `.jsonl` rows, `.json` a list or a saved program, else a prompt's text.

    Raises InputError where it cannot be read, or holds none.
    """
    text = read_text(read_bytes(path, "training rows", limit=_LIMIT), str(path), limit=_LIMIT, what="training rows")
    if path.suffix == ".jsonl":
        yield from _lines(path, text)
    elif path.suffix == ".json":
        yield from _document(path, _parsed(text, str(path)))
    else:
        lines = [part for line in text.splitlines() for part in (line, line.partition(":")[2])]
        yield TrainRow(
            where=str(path), ids=frozenset(), value=text, texts=tuple(part for part in lines if part.strip())
        )


def _lines(path: Path, text: str) -> Iterator[TrainRow]:
    found = False
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            found = True
            yield _row(_parsed(line, f"{path}:{number}"), f"{path}:{number}")
    if not found:
        raise InputError(Fault(where=str(path), what="Holds no row.", mend="Name the file the program was trained on."))


def _document(path: Path, value: Json) -> Iterator[TrainRow]:
    if isinstance(value, list):
        rows = [(f"$[{index}]", row) for index, row in enumerate(value)]
    else:
        rows = list(_examples(value, "$"))
    if not rows and not _is_program(value):
        what = "Holds neither a list of rows nor the demos of a saved program."
        raise InputError(Fault(where=str(path), what=what, mend="Name a training file, a saved program or a prompt."))
    for place, row in rows:
        yield _row(row, f"{path} {place}")


def _examples(value: Json, place: str) -> Iterator[tuple[str, Json]]:
    """The examples of every predictor, however deep the program is."""
    if not isinstance(value, Mapping):
        return
    for key, item in value.items():
        if key in _SHOWN and isinstance(item, list):
            yield from ((f"{place}.{key}[{index}]", row) for index, row in enumerate(item))
        else:
            yield from _examples(item, f"{place}.{key}")


def _is_program(value: Json) -> bool:
    """A saved program may well have no example: one that was never optimised."""
    if not isinstance(value, Mapping):
        return False
    return any((key in _SHOWN and isinstance(item, list)) or _is_program(item) for key, item in value.items())


def _row(value: Json, where: str) -> TrainRow:
    said = value if isinstance(value, Mapping) else {}
    ids = frozenset(str(said[name]) for name in _IDS if isinstance(said.get(name), (str, int)))
    return TrainRow(where=where, ids=ids, value=value, texts=tuple(_texts(value)))


def _texts(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _parsed(text: str, where: str) -> Json:
    try:
        return parse_unique(text)
    except (ValueError, RecursionError) as error:
        raise InputError(
            Fault(where=where, what=f"Is no JSON: {error}.", mend="Write one JSON object a line.")
        ) from None
