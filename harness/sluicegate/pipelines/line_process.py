"""A process that is asked line by line. What it writes is held up to a limit and never beyond."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from sluicegate.pipelines.process import Child, spawn

__all__ = ["EndedError", "LineProcess", "TooLongError"]


_HEARD_BYTES = 256_000
"""Of its standard error, for one request."""


class EndedError(Exception):
    """Its standard output ended before a line was complete."""


class TooLongError(Exception):
    """It wrote more than the limit without an answer in it; it has been killed."""


class LineProcess:
    """One process at a time; after `end` another may be started."""

    def __init__(self, max_bytes: int, *, listens: bool = False) -> None:
        """`listens` keeps what it writes to its standard error, for `heard`."""
        self._max_bytes = max_bytes
        self._listens = listens
        self._heard = bytearray()
        self._child: Child | None = None
        self._buffer = bytearray()
        self._ended = False
        self._spoke = False
        self._too_long = False
        self._waiting: asyncio.Future[None] | None = None

    @property
    def ready(self) -> bool:
        """Whether a process is there that still answers."""
        return self._child is not None and self._child.running and not self._ended

    @property
    def mute(self) -> bool:
        """Whether it runs and has written nothing to its standard output since it was started."""
        return self.ready and not self._spoke

    @property
    def pid(self) -> int | None:
        """Of the process that runs."""
        child = self._child
        return child.pid if child is not None and child.running else None

    async def start(self, argv: Sequence[str], cwd: Path, environment: Mapping[str, str]) -> None:
        """Start it. Raises OSError."""
        self._buffer.clear()
        self._ended = self._too_long = self._spoke = False
        self._child = await spawn(
            argv,
            cwd=cwd,
            environment=environment,
            on_stdout=self._take,
            on_stdout_end=self._end_of_output,
            on_stderr=self._listen if self._listens else None,
        )

    async def ask(self, line: bytes, *, only: bool) -> bytes:
        """The line it answers to `line`; `only` closes its input afterwards. Raises EndedError or TooLongError."""
        child = self._started
        self._heard.clear()
        child.write(line)
        if only:
            child.close_input()
        searched = 0
        while (at := self._buffer.find(b"\n", searched)) < 0:
            if self._too_long:
                raise TooLongError
            if self._ended:
                return self._unended(only=only)
            searched = len(self._buffer)
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting
        answer = bytes(self._buffer[:at])
        del self._buffer[: at + 1]
        return answer

    def heard(self) -> bytes:
        """The beginning of what it has written to its standard error since it was asked."""
        return bytes(self._heard)

    async def finish(self) -> tuple[int | None, bytes]:
        """Wait until it exits: its status, and the beginning of what it wrote after its line."""
        child = self._started
        await asyncio.wait([child.ended])
        await child.settle(0)
        return child.status, bytes(self._buffer[:2000])

    async def stays(self, within_s: float) -> bool:
        """Whether it is still there after so long."""
        await asyncio.wait([self._started.ended], timeout=within_s)
        return self._started.running

    async def how(self) -> str:
        """How it ended, with its last words. It is killed if it only closed its output."""
        child = self._started
        if not await child.settle(1.0):
            await child.stop()
        return child.said()

    async def end(self) -> None:
        """Kill it and everything it started."""
        if self._child is not None:
            child, self._child = self._child, None
            await child.stop()

    @property
    def _started(self) -> Child:
        if self._child is None:
            raise EndedError
        return self._child

    def _unended(self, *, only: bool) -> bytes:
        """A program for one case may leave out the last line end."""
        if not (only and self._buffer):
            raise EndedError
        answer = bytes(self._buffer)
        self._buffer.clear()
        return answer

    def _take(self, data: bytes) -> None:
        self._spoke = True
        if self._too_long:
            return
        if len(self._buffer) + len(data) > self._max_bytes:
            self._too_long = self._ended = True
            self._buffer.clear()
            self._started.kill()
        else:
            self._buffer += data
        self._wake()

    def _listen(self, data: bytes) -> None:
        self._heard += data[: _HEARD_BYTES - len(self._heard)]

    def _end_of_output(self) -> None:
        self._ended = True
        self._wake()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)
