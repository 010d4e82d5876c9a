"""Ids of many cases by number, in a few bytes each: a dictionary of them would take ten times as much."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import overload

__all__ = ["CaseIds"]


class CaseIds(Sequence[str]):
    """Ids in the order given, each found by its number and each number by its id: 12 to 20 bytes, and the id itself.

    A hash table of numbers with open addressing. Not for several threads: the last question is remembered, for several
    askers ask the same one in turn.
    """

    __slots__ = ("_ends", "_last", "_mask", "_places", "_text", "is_sorted", "repeated")

    def __init__(self, ids: Iterable[str]) -> None:
        text, ends, hashes = bytearray(), array("I", [0]), array("q")
        self.is_sorted = True
        """Whether they stand in order, each once."""
        before = None
        for case_id in ids:
            text += case_id.encode("utf-8", "surrogatepass")
            ends.append(len(text))
            hashes.append(hash(case_id))
            self.is_sorted = self.is_sorted and (before is None or before < case_id)
            before = case_id
        self._text, self._ends = bytes(text), ends
        self._mask = (1 << (2 * len(hashes)).bit_length()) - 1
        self._places = array("I", bytes(4 * (self._mask + 1)))
        """One more than the number that stands there; 0 for none."""
        self.repeated: int | None = None
        """The number of the first id that stands there a second time."""
        for number, key in enumerate(hashes):
            at = self._place(key, self._bytes(number))
            if not self._places[at]:
                self._places[at] = number + 1
            elif self.repeated is None:
                self.repeated = number
        self._last: tuple[str | None, int | None] = None, None

    def number(self, case_id: str) -> int | None:
        """The number of an id, the first where it stands twice; None for one that is not there."""
        if self._last[0] == case_id:
            return self._last[1]
        place = self._places[self._place(hash(case_id), case_id.encode("utf-8", "surrogatepass"))]
        self._last = case_id, (place - 1 if place else None)
        return self._last[1]

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __contains__(self, case_id: object) -> bool:
        return isinstance(case_id, str) and self.number(case_id) is not None

    def __iter__(self) -> Iterator[str]:
        begins = 0
        for number in range(1, len(self._ends)):
            ends = self._ends[number]
            yield self._text[begins:ends].decode("utf-8", "surrogatepass")
            begins = ends

    @overload
    def __getitem__(self, number: int) -> str: ...
    @overload
    def __getitem__(self, number: slice) -> list[str]: ...

    def __getitem__(self, number: int | slice) -> str | list[str]:
        if isinstance(number, slice):
            return [self[each] for each in range(*number.indices(len(self)))]
        if number < 0:
            number += len(self)
        if not 0 <= number < len(self):
            raise IndexError(number)
        return self._bytes(number).decode("utf-8", "surrogatepass")

    def _bytes(self, number: int) -> bytes:
        return self._text[self._ends[number] : self._ends[number + 1]]

    def _place(self, key: int, said: bytes) -> int:
        """Where an id stands, or may be put."""
        places, ends, text, at = self._places, self._ends, self._text, key & self._mask
        while (place := places[at]) and text[ends[place - 1] : ends[place]] != said:
            at = (at + 1) & self._mask
        return at
