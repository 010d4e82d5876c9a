"""Ids of many cases by number, in a few bytes each: a dictionary of them would take ten times as much."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import overload

__all__ = ["CaseIds"]


class CaseIds(Sequence[str]):
    """Ids in the order given, each found by its number and each number by its id. 16 bytes an id, and the id itself.

    Not for use from several threads: the last question is remembered, for several askers ask the same one in turn.
    """

    __slots__ = ("_ends", "_hashes", "_last", "_numbers", "_text")

    def __init__(self, ids: Iterable[str]) -> None:
        text, ends, hashes = bytearray(), array("I", [0]), array("q")
        for case_id in ids:
            text += case_id.encode("utf-8", "surrogatepass")
            ends.append(len(text))
            hashes.append(hash(case_id))
        self._text, self._ends = bytes(text), ends
        self._numbers = array("I", sorted(range(len(hashes)), key=hashes.__getitem__))
        self._hashes = array("q", map(hashes.__getitem__, self._numbers))
        self._last: tuple[str | None, int | None] = None, None

    def number(self, case_id: str) -> int | None:
        """The number of an id, the first where it stands twice; None for one that is not there."""
        if self._last[0] == case_id:
            return self._last[1]
        wanted, found = hash(case_id), None
        at = bisect_left(self._hashes, wanted)
        while at < len(self._hashes) and self._hashes[at] == wanted:
            number = self._numbers[at]
            if self._bytes(number) == case_id.encode("utf-8", "surrogatepass"):
                found = number
                break
            at += 1
        self._last = case_id, found
        return found

    def repeated(self) -> int | None:
        """The number of the first id that stands there a second time; None where each stands once."""
        twice: list[int] = []
        begins = 0
        for at in range(1, len(self._hashes) + 1):
            if at < len(self._hashes) and self._hashes[at] == self._hashes[begins]:
                continue
            if at - begins > 1:
                alike = sorted(self._numbers[begins:at])
                seen: set[bytes] = set()
                for number in alike:
                    said = self._bytes(number)
                    if said in seen:
                        twice.append(number)
                    seen.add(said)
            begins = at
        return min(twice, default=None)

    def __len__(self) -> int:
        return len(self._numbers)

    def __contains__(self, case_id: object) -> bool:
        return isinstance(case_id, str) and self.number(case_id) is not None

    def __iter__(self) -> Iterator[str]:
        begins = 0
        for ends in self._ends[1:]:
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
