"""The cases a lock pins, and their rows in its file: the bulk of a lock, read a line at a time."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from json.encoder import encode_basestring as _quoted
from secrets import token_hex
from typing import BinaryIO, overload

from sluicegate.plan.ids import CaseIds

__all__ = ["LockedCases", "Skimmed", "rows", "skimmed"]

_ROW = re.compile(rb' *\["((?:[^"\\\x00-\x1f\x7f]|\\.)*)", "([0-9a-f]{64})"\](,?)\n')
_OPENS = re.compile(rb' *"cases": \[\n')
_CLOSES = re.compile(rb" *\],?\n")
_UNPRINTED = re.compile("[\x80-\x9f\ufffe\uffff]")
_TOGETHER = 256
_MOST_BYTES = 1 << 20


class LockedCases(Sequence[tuple[str, str]]):
    """Id and content digest of each case, in the order given; 50 bytes a case."""

    __slots__ = ("_digests", "ids")

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Raises ValueError for a digest that is none."""
        digests = bytearray()

        def ids() -> Iterator[str]:
            for case_id, digest in pairs:
                digests.extend(_digest(digest))
                yield case_id

        self.ids = CaseIds(ids())
        self._digests = bytes(digests)

    def digest(self, number: int) -> str:
        """The content pinned of the case of that number."""
        return self._digests[32 * number : 32 * number + 32].hex()

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        for number, case_id in enumerate(self.ids):
            yield case_id, self.digest(number)

    @overload
    def __getitem__(self, number: int) -> tuple[str, str]: ...
    @overload
    def __getitem__(self, number: slice) -> list[tuple[str, str]]: ...

    def __getitem__(self, number: int | slice) -> tuple[str, str] | list[tuple[str, str]]:
        if isinstance(number, slice):
            return [self[each] for each in range(*number.indices(len(self)))]
        return self.ids[number], self.digest(number % len(self))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, LockedCases):
            return self._digests == other._digests and list(self.ids) == list(other.ids)
        return isinstance(other, tuple | list) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # as long as a lock, and never a key


def _digest(said: str) -> bytes:
    digest = bytes.fromhex(said)  # which passes over spaces, and reads large letters
    if len(digest) != 32 or digest.hex() != said:
        raise ValueError(f"{said!r:.80} is no SHA-256")
    return digest


def rows(cases: Sequence[tuple[str, str]], indent: str) -> Iterator[str]:
    """Their lines in a lock, sorted, some at a time; without the last newline."""
    ordered = cases if isinstance(cases, LockedCases) and cases.ids.is_sorted else sorted(cases)
    held: list[str] = []
    before = ""
    for case_id, digest in ordered:
        held.append(f'{before}{indent}[{_quoted(case_id)}, "{digest}"]')
        before = ",\n"
        if len(held) == _TOGETHER:
            yield "".join(held)
            held.clear()
    yield "".join(held)


class Skimmed:
    """A lock's file without the rows of its cases, each block of them standing in its place as one row."""

    def __init__(self) -> None:
        self.text = bytearray()
        self.blocks: list[LockedCases] = []
        self._known: dict[bytes, LockedCases] = {}
        """By what a block says: suites share most of their cases."""
        self._mark = token_hex(16)
        """What stands where a digest would, another for each reading: no file can say it."""

    def stands_for(self, cases: Sequence[tuple[str, ...]]) -> LockedCases | None:
        """The block that a row of `text` stands for."""
        if len(cases) != 1 or len(cases[0]) != 2 or cases[0][1] != self._mark:
            return None
        number = cases[0][0]
        is_known = number.isascii() and number.isdigit() and int(number) < len(self.blocks)
        return self.blocks[int(number)] if is_known else None

    def take(self, file: BinaryIO) -> None:
        """Read the block that begins here. Raises ValueError where anything in it is not as a lock is written."""
        begins, said = file.tell(), sha256()
        while _CLOSES.fullmatch(line := file.readline(_MOST_BYTES)) is None:
            if not line:
                raise ValueError("the rows do not end")
            said.update(line)
        ends = file.tell() - len(line)
        block = self._known.get(said.digest())
        if block is None:
            file.seek(begins)
            block = self._known[said.digest()] = LockedCases(_pairs(file, ends))
            file.seek(ends + len(line))
        self.text += b'["%d", "%b"]\n%b' % (len(self.blocks), self._mark.encode(), line)
        self.blocks.append(block)


def skimmed(file: BinaryIO) -> Skimmed:
    """A lock's file, read once and in little memory. Raises ValueError where it is not written as locks are."""
    found = Skimmed()
    while line := file.readline(_MOST_BYTES):
        found.text += line
        if _OPENS.fullmatch(line) is not None:
            found.take(file)
    return found


def _pairs(file: BinaryIO, ends: int) -> Iterator[tuple[str, str]]:
    at, last = file.tell(), b","
    while at < ends:
        line = file.readline(_MOST_BYTES)
        row = _ROW.fullmatch(line)
        if row is None or last != b",":
            raise ValueError("a row is no pair of id and digest")
        at += len(line)
        said, digest, last = row.groups()
        case_id = json.loads(b'"%b"' % said) if b"\\" in said else said.decode()
        if not case_id.isascii() and _UNPRINTED.search(case_id):
            raise ValueError("a row holds a control character")
        yield case_id, digest.decode()
    if last:
        raise ValueError("the rows end in a comma, or there is none")
