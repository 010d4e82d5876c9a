"""Where the rows of a key stand in files: 30 bytes a row, however long keys and rows are."""

from __future__ import annotations

from array import array
from collections.abc import Iterator

__all__ = ["Offsets"]

_FILE_BITS = 16
_FILE_MASK = (1 << _FILE_BITS) - 1
_FIRST_SLOTS = 64


class Offsets:
    """Rows by key, in the order they were added: an open table over columns, without an object per row.

    Keys are kept as 64-bit hashes only, so a reader must look at the row's own key; rows of another key with the same
    hash may be among those returned.
    """

    def __init__(self) -> None:
        self._hashes: array[int] = array("q")
        self._places: array[int] = array("Q")
        self._sizes: array[int] = array("I")
        self._next: array[int] = array("I")
        self._last: array[int] = array("I")
        self._slots: array[int] = array("I", bytes(4 * _FIRST_SLOTS))
        self._heads = 0

    def __len__(self) -> int:
        return len(self._hashes)

    def add(self, key: str | bytes, file: int, offset: int, size: int) -> None:
        """Remember that a row of `key` stands in file number `file` at `offset` and is `size` bytes long."""
        hashed = hash(key)
        row = len(self._hashes) + 1
        self._hashes.append(hashed)
        self._places.append(offset << _FILE_BITS | file)
        self._sizes.append(size)
        self._next.append(0)
        self._last.append(row)
        slot = self._slot(hashed)
        head = self._slots[slot]
        if head:
            self._next[self._last[head - 1] - 1] = row
            self._last[head - 1] = row
            return
        self._slots[slot] = row
        self._heads += 1
        if self._heads * 3 > len(self._slots) * 2:
            self._grow()

    def rows(self, key: str | bytes) -> Iterator[tuple[int, int, int]]:
        """(file, offset, size) of each row of `key`, first added first."""
        row = self._slots[self._slot(hash(key))]
        while row:
            place = self._places[row - 1]
            yield place & _FILE_MASK, place >> _FILE_BITS, self._sizes[row - 1]
            row = self._next[row - 1]

    def _slot(self, hashed: int) -> int:
        slots, mask = self._slots, len(self._slots) - 1
        slot = hashed & mask
        while slots[slot] and self._hashes[slots[slot] - 1] != hashed:
            slot = (slot + 1) & mask
        return slot

    def _grow(self) -> None:
        heads = [row for row in self._slots if row]
        self._slots = array("I", bytes(8 * len(self._slots)))
        for row in heads:
            self._slots[self._slot(self._hashes[row - 1])] = row
