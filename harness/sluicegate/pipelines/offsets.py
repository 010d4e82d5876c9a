"""Where the rows of a key stand in files: some thirty bytes a row, however long keys and rows are."""

from __future__ import annotations

from array import array
from collections.abc import Iterator

__all__ = ["Offsets", "Seen"]

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
        """Number of the next row of the same key; that of the last row is the first."""
        self._slots: array[int] = array("I", [0]) * _FIRST_SLOTS
        """Number, from 1, of the last row of a key."""
        self._keys = 0

    def __len__(self) -> int:
        return len(self._hashes)

    def add(self, key: str, file: int, offset: int, size: int) -> None:
        """Remember that a row of `key` stands in file number `file` at `offset` and is `size` bytes long."""
        hashed = hash(key)
        row = len(self._hashes) + 1
        self._hashes.append(hashed)
        self._places.append(offset << _FILE_BITS | file)
        self._sizes.append(size)
        slot = self._slot(hashed)
        last = self._slots[slot]
        self._slots[slot] = row
        if last:
            self._next.append(self._next[last - 1])
            self._next[last - 1] = row
            return
        self._next.append(row)
        self._keys += 1
        if self._keys * 3 > len(self._slots) * 2:
            self._grow()

    def rows(self, key: str) -> Iterator[tuple[int, int, int]]:
        """(file, offset, size) of each row of `key`, first added first."""
        last = self._slots[self._slot(hash(key))]
        row = self._next[last - 1] if last else 0
        while row:
            place = self._places[row - 1]
            yield place & _FILE_MASK, place >> _FILE_BITS, self._sizes[row - 1]
            row = self._next[row - 1] if row != last else 0

    def _slot(self, hashed: int) -> int:
        slots, mask = self._slots, len(self._slots) - 1
        slot = hashed & mask
        while slots[slot] and self._hashes[slots[slot] - 1] != hashed:
            slot = (slot + 1) & mask
        return slot

    def _grow(self) -> None:
        old = self._slots
        self._slots = array("I", [0]) * (2 * len(old))
        for row in old:
            if row:
                self._slots[self._slot(self._hashes[row - 1])] = row


class Seen:
    """Which values came before, by their 64-bit hash: a chance of error of one in a million for a million values."""

    def __init__(self) -> None:
        self._slots: array[int] = array("q", [0]) * _FIRST_SLOTS
        self._count = 0

    def add(self, value: str | bytes) -> bool:
        """Remember it; whether it came before."""
        hashed = hash(value) or 1  # 0 marks a free slot
        slot = self._slot(hashed)
        if self._slots[slot]:
            return True
        self._slots[slot] = hashed
        self._count += 1
        if self._count * 3 > len(self._slots) * 2:
            old = self._slots
            self._slots = array("q", [0]) * (2 * len(old))
            for item in old:
                if item:
                    self._slots[self._slot(item)] = item
        return False

    def _slot(self, hashed: int) -> int:
        slots, mask = self._slots, len(self._slots) - 1
        slot = hashed & mask
        while slots[slot] and slots[slot] != hashed:
            slot = (slot + 1) & mask
        return slot
