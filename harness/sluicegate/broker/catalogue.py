"""Where each finished trial stands in the ledger files, so that readers get it without anybody keeping it."""

from __future__ import annotations

import asyncio
import os
from array import array
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from sluicegate.model import Case

__all__ = ["Catalogue", "Span"]


class Span(NamedTuple):
    """One line of one ledger file."""

    file: int
    """Number that `add_file` gave."""
    at: int
    size_bytes: int


def _no_groups(_case: Case) -> Iterable[str]:
    return ()


@dataclass(slots=True)
class _Rows:
    """Trials of one set of groups: 42 bytes each, in order of completion."""

    groups: frozenset[str]
    file: array[int] = field(default_factory=lambda: array("B"))
    case_at: array[int] = field(default_factory=lambda: array("Q"))
    case_size: array[int] = field(default_factory=lambda: array("I"))
    outcome_at: array[int] = field(default_factory=lambda: array("Q"))
    outcome_size: array[int] = field(default_factory=lambda: array("I"))
    checked_at: array[int] = field(default_factory=lambda: array("Q"))
    checked_size: array[int] = field(default_factory=lambda: array("I"))
    shard_key: array[int] = field(default_factory=lambda: array("I"))
    checked_file: array[int] = field(default_factory=lambda: array("B"))


class Catalogue:
    """Finished trials by group and shard; a reader that has read all of them waits for the next.

    A trial belongs to the groups that `groups` names for its case (suites, golden sets), and to shard i of n by the
    CRC-32 of its case id, so every process agrees on it. Used from one event loop.
    """

    def __init__(self, groups: Callable[[Case], Iterable[str]] = _no_groups, *, repeats: int = 1) -> None:
        self._groups = groups
        self._repeats = repeats
        self._rows: dict[frozenset[str], _Rows] = {}
        self._cases: dict[str, tuple[Span, int]] = {}
        self._files: list[int] = []
        self._waiting: set[asyncio.Future[None]] = set()
        self.ended = False
        """No more trials will come."""

    def add_file(self, path: Path) -> int:
        """Open a ledger file for reading; its number for `Span`s."""
        self._files.append(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
        return len(self._files) - 1

    def intended(self, case: Case, span: Span) -> None:
        """A case was written there. Kept until its trials have all ended."""
        self._cases.setdefault(case.id, (span, self._repeats))

    def recorded(self, case: Case, outcome: Span, checked: Span | None) -> None:
        """A trial of this case ended there."""
        written, left = self._cases[case.id]
        if left > 1:
            self._cases[case.id] = (written, left - 1)
        else:
            del self._cases[case.id]
        groups = frozenset(self._groups(case))
        rows = self._rows.get(groups)
        if rows is None:
            rows = self._rows[groups] = _Rows(groups)
        rows.file.append(outcome.file)
        rows.case_at.append(written.at)
        rows.case_size.append(written.size_bytes)
        rows.outcome_at.append(outcome.at)
        rows.outcome_size.append(outcome.size_bytes)
        rows.checked_at.append(checked.at if checked else 0)
        rows.checked_size.append(checked.size_bytes if checked else 0)
        rows.checked_file.append(checked.file if checked else 0)
        rows.shard_key.append(_shard_key(case.id))
        self._ring()

    def end(self) -> None:
        """Let the readers go once they have read everything."""
        self.ended = True
        self._ring()

    def close(self) -> None:
        """Let go of the files."""
        while self._files:
            os.close(self._files.pop())

    async def lines(self, group: str | None, shard: tuple[int, int] | None) -> AsyncIterator[bytes]:
        """`{"intent":…,"outcome":…,"checked":…}` for each trial of a group and shard, as they end, until the end."""
        read: dict[frozenset[str], int] = {}
        while True:
            ended = self.ended
            for rows in list(self._rows.values()):
                if group is not None and group not in rows.groups:
                    continue
                for index in range(read.get(rows.groups, 0), len(rows.file)):
                    read[rows.groups] = index + 1
                    if shard is None or rows.shard_key[index] % shard[1] == shard[0]:
                        yield self._line(rows, index)
            if ended:
                return
            if all(read.get(rows.groups, 0) == len(rows.file) for rows in self._of(group)) and not self.ended:
                await self._next()

    def _of(self, group: str | None) -> list[_Rows]:
        return [rows for rows in self._rows.values() if group is None or group in rows.groups]

    def _line(self, rows: _Rows, index: int) -> bytes:
        fd = self._files[rows.file[index]]
        case = os.pread(fd, rows.case_size[index], rows.case_at[index])
        outcome = os.pread(fd, rows.outcome_size[index], rows.outcome_at[index])
        checked = b"null"
        if size_bytes := rows.checked_size[index]:
            checked = os.pread(self._files[rows.checked_file[index]], size_bytes, rows.checked_at[index])
        return b'{"intent":%b,"outcome":%b,"checked":%b}\n' % (case.rstrip(), outcome.rstrip(), checked.rstrip())

    async def _next(self) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        try:
            await future
        finally:
            self._waiting.discard(future)

    def _ring(self) -> None:
        for future in self._waiting:
            if not future.done():
                future.set_result(None)
        self._waiting.clear()


def _shard_key(case_id: str) -> int:
    return crc32(case_id.encode("utf-8", "surrogatepass"))
