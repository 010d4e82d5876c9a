"""A child process with its own process group: what it writes, how it ends, and how it is ended."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from sluicegate.pipelines.crashes import excerpt, is_library, secrets_of

__all__ = ["Child", "spawn"]

_TAIL_BYTES = 4096
_REAP_S = 5.0
_WORDS_S = 0.5
_WORDS = 300
_FRAME = re.compile(r'File "([^"]+)", line (\d+)')


class Child(asyncio.SubprocessProtocol):
    """What runs, its last words on stderr, and whether it ended.

    Callbacks instead of streams: stderr is drained however much is written and only its end is kept.
    """

    def __init__(
        self,
        on_stdout: Callable[[bytes], None] | None,
        on_stdout_end: Callable[[], None] | None,
        secrets: tuple[str, ...],
        on_stderr: Callable[[bytes], None] | None = None,
    ) -> None:
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when the process has exited."""
        self.drained: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when it has exited and everything it wrote is read."""
        self._on_stdout = on_stdout
        self._on_stdout_end = on_stdout_end
        self._on_stderr = on_stderr
        self._tail = bytearray()
        self._transport: asyncio.SubprocessTransport | None = None
        self._secrets = secrets

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The process has started."""
        assert isinstance(transport, asyncio.SubprocessTransport)  # noqa: S101 - asyncio hands nothing else
        self._transport = transport

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Standard output goes to its reader; of anything else the tail is kept."""
        if fd == 1 and self._on_stdout is not None:
            self._on_stdout(data)
            return
        if self._on_stderr is not None:
            self._on_stderr(data)
        self._tail += data[-_TAIL_BYTES:]
        if len(self._tail) > 2 * _TAIL_BYTES:
            del self._tail[:-_TAIL_BYTES]

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        """The end of standard output is the end of answers."""
        if fd == 1 and self._on_stdout_end is not None:
            self._on_stdout_end()

    def process_exited(self) -> None:
        """The exit status is known."""
        if not self.ended.done():
            self.ended.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """It has exited and every pipe is at its end."""
        if not self.drained.done():
            self.drained.set_result(None)

    @property
    def pid(self) -> int:
        """Process id, which is also the id of its group."""
        return self._open.get_pid()

    @property
    def running(self) -> bool:
        """Whether it has not exited yet."""
        return not self.ended.done()

    @property
    def status(self) -> int | None:
        """Exit code, minus the signal number, or None while it runs."""
        return self._open.get_returncode()

    def write(self, data: bytes) -> None:
        """Write to its standard input; a broken pipe shows as its end."""
        stdin: Any = self._open.get_pipe_transport(0)
        if stdin is not None and not stdin.is_closing():
            stdin.write(data)

    def close_input(self) -> None:
        """Nothing more will be asked."""
        stdin: Any = self._open.get_pipe_transport(0)
        if stdin is not None:
            stdin.close()

    def kill(self) -> None:
        """End the process and everything it started in its group."""
        with suppress(ProcessLookupError, PermissionError):  # already gone
            os.killpg(self.pid, signal.SIGKILL)

    async def settle(self, within_s: float) -> bool:
        """Wait for its end and its last words; then whatever it left running is killed. False when it still runs."""
        await asyncio.wait([self.ended], timeout=within_s)
        if self.running:
            return False
        await asyncio.wait([self.drained], timeout=_WORDS_S)
        await self.stop()
        return True

    async def stop(self) -> None:
        """Kill, wait for the end, give back the pipes."""
        self.kill()
        await asyncio.wait([self.ended], timeout=_REAP_S)
        self._open.close()

    def said(self) -> str:
        """How it ended and its last words: `exit code 1; stderr: …`."""
        tail = self._tail[-_TAIL_BYTES:].decode("utf-8", "replace").strip()
        if not tail:
            return _status(self.status)
        return f"{_status(self.status)}; its last words: {_last(tail, self._secrets)}"

    @property
    def _open(self) -> asyncio.SubprocessTransport:
        if self._transport is None:
            raise RuntimeError("the process was not started")
        return self._transport


async def spawn(
    argv: Sequence[str],
    *,
    cwd: Path,
    environment: Mapping[str, str],
    on_stdout: Callable[[bytes], None] | None = None,
    on_stdout_end: Callable[[], None] | None = None,
    on_stderr: Callable[[bytes], None] | None = None,
    pass_fds: Sequence[int] = (),
    stdin: bool = True,
) -> Child:
    """Start a program without a shell, in a session of its own. Raises OSError when it cannot be started.

    Without `on_stdout` its standard output counts as more last words.
    """
    loop = asyncio.get_running_loop()
    secrets = secrets_of(environment)
    _, child = await loop.subprocess_exec(
        lambda: Child(on_stdout, on_stdout_end, secrets, on_stderr),
        *argv,
        stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if on_stdout is not None else subprocess.STDOUT,
        cwd=cwd,
        env=dict(environment),
        start_new_session=True,
        pass_fds=tuple(pass_fds),
    )
    return child


def _last(tail: str, secrets: tuple[str, ...]) -> str:
    """The end of what it wrote, on one line; of Python's own report of a fatal error, its title and the user's line."""
    title, found, stack = tail.partition("Fatal Python error: ")[2].partition("\n")
    if found:
        lines = [(match[1], match[2]) for match in _FRAME.finditer(stack)]
        own = [f"{name}:{line}" for name, line in lines if not is_library(name)]
        return excerpt(f"{title} ({own[0]})" if own else title, limit=_WORDS, secrets=secrets)
    # Masked whole and cut in front: a program says last what it died of, and half a secret is no secret any more.
    shown = excerpt(tail, limit=8 * _TAIL_BYTES, secrets=secrets)
    if len(shown) <= _WORDS:
        return shown
    end = shown[-_WORDS:]
    whole = end.partition("\\n")[2]
    return "…" + (whole if len(whole) > _WORDS // 2 else end)


def _status(code: int | None) -> str:
    if code is None:
        return "it still runs"
    if code >= 0:
        return f"exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = "unknown"
    return f"signal {-code} ({name})"
