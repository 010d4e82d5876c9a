"""Where each finished trial stands in the ledger files, so that readers get it without anybody keeping it."""

from __future__ import annotations

import asyncio
import os
from array import array
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from sluicegate.model import Case

__all__ = ["Catalogue", "Span"]

_BATCH_ROWS = 64


class Span(NamedTuple):
    """One line of one ledger file."""

    file: int
    """Number that `add_file` gave."""
    at: int
    size_bytes: int


_NOWHERE = Span(0, 0, 0)


def _no_groups(_case: Case) -> Iterable[str]:
    return ()


@dataclass(slots=True)
class _Rows:
    """Trials of one set of groups: 43 bytes each, in order of completion."""

    case_file: array[int] = field(default_factory=lambda: array("B"))
    case_at: array[int] = field(default_factory=lambda: array("Q"))
    case_size: array[int] = field(default_factory=lambda: array("I"))
    outcome_file: array[int] = field(default_factory=lambda: array("B"))
    outcome_at: array[int] = field(default_factory=lambda: array("Q"))
    outcome_size: array[int] = field(default_factory=lambda: array("I"))
    checked_file: array[int] = field(default_factory=lambda: array("B"))
    checked_at: array[int] = field(default_factory=lambda: array("Q"))
    checked_size: array[int] = field(default_factory=lambda: array("I"))
    shard_key: array[int] = field(default_factory=lambda: array("I"))

    def __len__(self) -> int:
        return len(self.shard_key)

    def add(self, case: Span, outcome: Span, checked: Span, shard_key: int) -> None:
        """One more trial."""
        self.case_file.append(case.file)
        self.case_at.append(case.at)
        self.case_size.append(case.size_bytes)
        self.outcome_file.append(outcome.file)
        self.outcome_at.append(outcome.at)
        self.outcome_size.append(outcome.size_bytes)
        self.checked_file.append(checked.file)
        self.checked_at.append(checked.at)
        self.checked_size.append(checked.size_bytes)
        self.shard_key.append(shard_key)

    def spans(self, index: int) -> tuple[Span, Span, Span]:
        """Where case, outcome and results of a trial stand."""
        return (
            Span(self.case_file[index], self.case_at[index], self.case_size[index]),
            Span(self.outcome_file[index], self.outcome_at[index], self.outcome_size[index]),
            Span(self.checked_file[index], self.checked_at[index], self.checked_size[index]),
        )

    def of_shard(self, number: int, of: int, start: int, end: int) -> list[int]:
        """Which of the rows from `start` to before `end` belong to shard `number` of `of`."""
        return [index for index in range(start, end) if self.shard_key[index] % of == number]


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
            rows = self._rows[groups] = _Rows()
        rows.add(written, outcome, checked or _NOWHERE, _shard_key(case.id))
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
        case, outcome, checked = rows.spans(index)
        results = self._read(checked)
        if results_only:
            return b'{"checked":%b}\n' % results
        return b'{"intent":%b,"outcome":%b,"checked":%b}\n' % (self._read(case), self._read(outcome), results)

    def _read(self, span: Span) -> bytes:
        return os.pread(self._files[span.file], span.size_bytes, span.at).rstrip() if span.size_bytes else b"null"

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
