"""Whether a program has seen a case: its id, what it asks, or nearly that, in rows it was trained on or is shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from sluicegate.model import Case, Json
from sluicegate.sets.near import held_in
from sluicegate.sets.sameness import Shingles, arrives, asked_key, asks_text, shingles, text_key
from sluicegate.sets.training import TrainRow

__all__ = ["Unseen"]

_FEWEST_WORDS = 3
"""A shorter text may be a label: it is the same question only where a question stands."""
_QUESTIONS = frozenset({"input", "inputs", "question", "query", "user_input", "task", "text"})


class Unseen:
    """Cases that no training row should hold; some hundred bytes each."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}
        self._arriving: list[Shingles] = []
        self._texts: dict[int, int] = {}
        self._short: dict[int, int] = {}
        self._items: dict[int, list[int]] = {}
        """Key of the first field of a structured input, to the cases."""
        self._inputs: dict[int, frozenset[int]] = {}
        """Keys of all its fields."""

    def add(self, case: Case) -> None:
        """The next case; `find` numbers them from 0."""
        number, arriving = len(self._arriving), arrives(case)
        self._ids[case.id] = number
        self._arriving.append(shingles(arriving))
        text = asks_text(arriving)
        if key := text_key(text):
            (self._texts if len(text.split()) >= _FEWEST_WORDS else self._short).setdefault(key, number)
        for value in (case.input, case.given.job, case.given.record):
            if isinstance(value, Mapping) and value:
                fields = _fields(value)
                self._items.setdefault(min(fields), []).append(number)
                self._inputs[number] = frozenset(fields)

    def find(self, rows: Sequence[TrainRow], threshold: float) -> Iterator[tuple[int, int, str]]:
        """(row, case, what of it was seen), each pair once; `threshold` of what a case asks is nearly all of it."""
        told: set[tuple[int, int]] = set()
        for position, row in enumerate(rows):
            for number, what in self._in(row):
                if (position, number) not in told:
                    told.add((position, number))
                    yield position, number, what
        texts = (shingles(row.value, whole=True) for row in rows)
        for position, number, share in held_in(self._arriving, texts, threshold):
            if (position, number) not in told:
                yield position, number, f"{share:.0%} of what it asks is"

    def _in(self, row: TrainRow) -> Iterator[tuple[int, str]]:
        for case_id in sorted(row.ids & self._ids.keys()):
            yield self._ids[case_id], "its id is"
        for text in row.texts:
            if (number := self._texts.get(text_key(text))) is not None:
                yield number, "what it asks is"
        for number in self._structured(row.value):
            yield number, "what it asks is"

    def _structured(self, value: Json) -> Iterator[int]:
        """Cases whose fields all stand in one object of the row; short texts where a question stands."""
        if isinstance(value, Mapping):
            fields = _fields(value)
            for field in fields:
                yield from (number for number in self._items.get(field, ()) if self._inputs[number] <= fields)
            for key in _QUESTIONS & value.keys():
                if (number := self._short.get(text_key(asks_text(value[key])))) is not None:
                    yield number
        for item in _inside(value):
            yield from self._structured(item)


def _inside(value: Json) -> Iterable[Json]:
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, list) else ()


def _fields(value: Mapping[str, Json]) -> set[int]:
    return {asked_key({key: item}) for key, item in value.items()}
