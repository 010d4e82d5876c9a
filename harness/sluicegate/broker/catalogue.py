"""Where each finished trial stands in the ledger files, so that readers get it without anybody keeping it."""

from __future__ import annotations

import asyncio
import os
from array import array
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias
from zlib import crc32

from sluicegate.errors import Fault
from sluicegate.ledger.writer import LedgerError
from sluicegate.model import Case

__all__ = ["Catalogue", "Place"]

_BATCH_ROWS = 64
_LINE_BYTES = 4096
"""Most lines are shorter."""
_AT = (1 << 48) - 1


Place: TypeAlias = int
"""Where one line of one ledger file begins: bytes into the file, and above bit 48 the file's number."""

_NOWHERE: Place = 0
"""A file begins with `run_started`, which is nothing a trial consists of."""


def _no_groups(_case: Case) -> Iterable[str]:
    return ()


def _longs() -> array[int]:
    return array("Q")


@dataclass(slots=True)
class _Rows:
    """Trials of one set of groups, in order of completion: 28 bytes each."""

    cases: array[int] = field(default_factory=_longs)
    outcomes: array[int] = field(default_factory=_longs)
    results: array[int] = field(default_factory=_longs)
    shard_keys: array[int] = field(default_factory=lambda: array("I"))

    def __len__(self) -> int:
        return len(self.shard_keys)

    def add(self, case: Place, outcome: Place, results: Place, shard_key: int) -> None:
        """One more trial."""
        self.cases.append(case)
        self.outcomes.append(outcome)
        self.results.append(results)
        self.shard_keys.append(shard_key)

    def of_shard(self, number: int, of: int, start: int, end: int) -> list[int]:
        """Which of the rows from `start` to before `end` belong to shard `number` of `of`."""
        return [index for index in range(start, end) if self.shard_keys[index] % of == number]


class Catalogue:
    """Finished trials by group and shard; a reader that has read all of them waits for the next.

    A trial belongs to the groups that `groups` names for its case (suites, golden sets), and to shard i of n by the
    CRC-32 of its case id, so every process agrees on it. Used from one event loop.
    """

    def __init__(self, groups: Callable[[Case], Iterable[str]] = _no_groups, *, repeats: int = 1) -> None:
        self._groups = groups
        self._repeats = repeats
        self._rows: dict[frozenset[str], _Rows] = {}
        self._cases: dict[str, tuple[Place, int]] = {}
        self._files: list[int] = []
        self._waiting: set[asyncio.Future[None]] = set()
        self.ended = False
        """No more trials will come."""

    def add_file(self, path: Path) -> Place:
        """Open a ledger file for reading; where it begins."""
        self._files.append(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
        return len(self._files) - 1 << 48

    def intended(self, case: Case, place: Place) -> None:
        """A case was written there. Kept until its trials have all ended."""
        self._cases.setdefault(case.id, (place, self._repeats))

    def recorded(self, case: Case, outcome: Place, checked: Place | None) -> None:
        """A trial of this case ended there."""
        written, left = self._cases[case.id]
        if left > 1:
            self._cases[case.id] = (written, left - 1)
        else:
            del self._cases[case.id]
        groups = frozenset(self._groups(case))
        rows = self._rows.get(groups)
        if rows is None:
            rows = self._rows[groups] = _Rows()
        rows.add(written, outcome, checked or _NOWHERE, _shard_key(case.id))
        if self._waiting:
            self._ring()

    def end(self) -> None:
        """Let the readers go once they have read everything."""
        self.ended = True
        self._ring()

    def close(self) -> None:
        """Let go of the files."""
        while self._files:
            os.close(self._files.pop())

    async def batches(
        self, group: str | None = None, shard: tuple[int, int] | None = None, *, results_only: bool = False
    ) -> AsyncIterator[bytes]:
        """JSON lines of the trials of a group and shard as they end, until all have; some of them at a time.

        A line is `{"intent":…,"outcome":…,"checked":…}`, or `{"checked":…}` alone where only results are read; each
        is the ledger's own record, `checked` null where no check applies.
        """
        read: dict[frozenset[str], int] = {}
        while True:
            ended = self.ended
            for groups, rows in list(self._rows.items()):
                if group is not None and group not in groups:
                    continue
                while (start := read.get(groups, 0)) < len(rows):
                    read[groups] = end = min(start + _BATCH_ROWS, len(rows))
                    chosen = range(start, end) if shard is None else rows.of_shard(*shard, start, end)
                    if lines := [self._line(rows, index, results_only=results_only) for index in chosen]:
                        yield b"".join(lines)
            if ended:
                return
            if not self.ended and not self._has_more(group, read):
                await self._next()

    def _has_more(self, group: str | None, read: Mapping[frozenset[str], int]) -> bool:
        return any(
            read.get(groups, 0) < len(rows) for groups, rows in self._rows.items() if group is None or group in groups
        )

    def _line(self, rows: _Rows, index: int, *, results_only: bool) -> bytes:
        results = self._read(rows.results[index])
        if results_only:
            return b'{"checked":%b}\n' % results
        case, outcome = self._read(rows.cases[index]), self._read(rows.outcomes[index])
        return b'{"intent":%b,"outcome":%b,"checked":%b}\n' % (case, outcome, results)

    def _read(self, place: Place) -> bytes:
        """The line that begins there, without its newline."""
        if not place:
            return b"null"
        fd, at = self._files[place >> 48], place & _AT
        line = os.pread(fd, _LINE_BYTES, at)
        while (end := line.find(b"\n")) < 0:
            more = os.pread(fd, len(line), at + len(line))
            if not more:
                raise LedgerError(Fault(where="ledger", what="a file was cut while its run was going on."))
            line += more
        return line[:end]

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
