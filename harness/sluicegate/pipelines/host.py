"""The runner process: `python -m sluicegate.pipelines.host SOCKET_FD DEATH_FD` serves one callable to its parent.

User code lives here and nowhere else: it cannot disturb the latencies, the warnings filters or the environment of the
process that keeps the evidence, and when it ends the process only calls are lost.
"""

from __future__ import annotations

import asyncio
import faulthandler
import gc
import io
import os
import select
import signal
import socket
import sys
import threading
from contextlib import suppress
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, Protocol

import orjson

from sluicegate.errors import InputError
from sluicegate.model import Case, Output, RunContext, decode, encode_shared
from sluicegate.pipelines.callable import CallablePipeline
from sluicegate.pipelines.conversion import as_sent
from sluicegate.pipelines.elsewhere import CALL, watch
from sluicegate.pipelines.frames import Channel, framed
from sluicegate.pipelines.log_capture import LogCapture, flush_exporters
from sluicegate.pipelines.opened import watch_files
from sluicegate.pipelines.own_source import read_sources
from sluicegate.pipelines.target import load_target

__all__ = ["main"]

_PATIENCE_MS = 1000


class _Running(Protocol):
    """A call under way."""

    def cancel(self) -> object:
        """Give it up."""
        ...


class _Sending(CallablePipeline):
    """Leaves it to the parent, which parses every answer, to make an Output of it; where it is JSON at all."""

    def converted(self, value: Any, *, max_bytes: int) -> Any:
        """The answer's JSON, or an Output."""
        return as_sent(value, max_bytes=max_bytes)


def _answer(number: int, output: Output | bytes, took_ms: float, *logged: Any) -> list[Any]:
    if isinstance(output, bytes):
        return ["said", number, orjson.Fragment(output), took_ms, *logged]
    return ["done", number, encode_shared(output), took_ms, *logged]


class _Host:
    """Answers the parent's messages until the parent closes."""

    def __init__(self) -> None:
        self._pipeline: CallablePipeline | None = None
        self._closing = asyncio.Event()
        self._calls: dict[int, _Running] = {}
        self._channel: Channel | None = None
        self._serving: asyncio.Task[Any] | None = None
        self._last: _LastWords | None = None
        self._loop = asyncio.get_running_loop()
        self._logs: LogCapture | None = None

    async def serve(self, connection: socket.socket) -> None:
        """Run until told to close or the parent is gone."""
        loop = asyncio.get_running_loop()
        self._serving = asyncio.current_task()
        last = _LastWords(connection.dup())
        _, self._channel = await loop.create_unix_connection(
            lambda: Channel(self._on_message, self._closing.set), sock=connection
        )
        await self._closing.wait()
        for task in tuple(self._calls.values()):
            task.cancel()
        if self._pipeline is not None:
            await self._pipeline.aclose()
            await asyncio.sleep(0)  # notices of what it opened meanwhile
            self._send(["closed", list(self._pipeline.notes())])
        # User code still runs, in tasks that are cancelled, in threads and at exit; the loop soon does not.
        await self._channel.drain()
        self._last = last
        self._channel.close()
        await asyncio.sleep(0)

    def _on_message(self, message: list[Any]) -> None:
        kind = message[0]
        if kind == "call":
            self._begin(*message[1:])
        elif kind == "cancel":
            if (task := self._calls.pop(message[1], None)) is not None:
                task.cancel()
        elif kind == "load":
            self._load(message[1])
        else:
            self._closing.set()

    def _load(self, options: dict[str, Any]) -> None:
        target = options["target"]
        base = Path.cwd()
        sys.path[:0] = [str(base), *options["paths"]]
        read_sources()
        if options["allowed"] is not None:
            watch(options["allowed"], self._notice)
        if options["reads"]:
            # As bytes, a character each: a file's name need not be text.
            watch_files(base, lambda path, writes: self._say(["opened", os.fsencode(path).decode("latin-1"), writes]))
        if options["hears"]:
            self._logs = LogCapture()
            self._logs.install()
        try:
            pipeline = _Sending(
                load_target(target, base=base),  # type: ignore[arg-type] # load_target has checked that it is callable
                timeout_s=options["timeout_s"],
                max_bytes=options["max_bytes"],
                threads=options["threads"],
                name=target,
            )
        except InputError as error:
            faults = [{"where": item.where, "what": item.what, "mend": item.mend} for item in error.faults]
            self._send(["fault", faults])
            return
        self._pipeline = pipeline
        self._send(["ready", sorted(pipeline.asks.words)])

    def _begin(self, number: int, given: Any, context: dict[str, Any] | None, case: Any) -> None:
        """One task for a call, its own, where nothing has to be gathered around it."""
        pipeline = self._pipeline
        if pipeline is None or pipeline.begin is None or self._logs is not None:
            self._calls[number] = asyncio.ensure_future(self._answer(number, given, context, case))
            return
        told = RunContext(**context) if context is not None else None
        asked = decode(Case, case) if case is not None else None
        self._calls[number] = pipeline.begin_numbered(number, (given, told, asked), partial(self._ended, number))

    def _ended(self, number: int, output: Output | bytes, took_ms: float) -> None:
        self._calls.pop(number, None)
        if self._serving is not None and self._serving.cancelling():
            return  # the loop is being torn down, and every call with it: that is the end of the process, no answer
        self._send(_answer(number, output, took_ms))

    async def _answer(self, number: int, given: Any, context: dict[str, Any] | None, case: Any) -> None:
        pipeline = self._pipeline
        if pipeline is None:
            return
        told = RunContext(**context) if context is not None else None
        asked = decode(Case, case) if case is not None else None
        CALL.set(number)
        if self._logs is not None:
            self._logs.begin(number, told.run_id if told is not None else "")
        logged: tuple[Any, ...] = ()
        began = perf_counter()
        try:
            output = await pipeline.answer(given, told, asked)
            took_ms = (perf_counter() - began) * 1000
            if self._logs is not None:
                await flush_exporters()
        finally:
            if self._logs is not None:
                logged = self._logs.end(number)
        self._calls.pop(number, None)
        self._send(_answer(number, output, took_ms, *logged))

    def _notice(self, call: int | None, address: str) -> None:
        """A connection elsewhere."""
        self._say(["elsewhere", call, address])

    def _say(self, message: list[Any]) -> None:
        """Told from the loop, for any thread may have something to say, and at the end without it."""
        if self._last is not None:
            self._last.say(message)
        else:
            self._loop.call_soon_threadsafe(self._told, message)

    def _told(self, message: list[Any]) -> None:
        if self._last is not None:  # it waited in the loop while the channel was closed
            self._last.say(message)
        else:
            self._send(message)

    def _send(self, message: list[Any]) -> None:
        if self._channel is not None:
            self._channel.send(orjson.dumps(message))


class _LastWords:
    """The channel's own socket, written to without a loop: for what is to be told once the channel is closed."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._free = threading.Lock()

    def say(self, message: list[Any]) -> None:
        """Write one message, whole; dropped where the parent is gone, or does not read any more."""
        frame = framed([orjson.dumps(message)])
        with self._free, suppress(OSError):
            ready = select.poll()
            ready.register(self._connection, select.POLLOUT)
            while frame and ready.poll(_PATIENCE_MS):
                frame = frame[self._connection.send(frame) :]


def main(argv: list[str]) -> None:
    """Serve on the inherited socket; die with the parent."""
    connection = socket.socket(fileno=int(argv[0]))
    death = int(argv[1])
    os.set_inheritable(connection.fileno(), False)
    os.set_inheritable(death, False)
    # A thread, not the loop: user code that blocks the loop must not outlive the parent either.
    threading.Thread(target=_die_with_parent, args=(death,), name="sluicegate-parent", daemon=True).start()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True)  # its last words must not die in a buffer
    faulthandler.enable(all_threads=False)  # a crash in C then names the line of the user's code
    # Our own modules stay for good: nobody looks through them for cycles while the user's are imported, nor at the end.
    gc.freeze()
    connection.setblocking(False)
    asyncio.run(_served(connection))  # the parent kills what hangs after this


async def _served(connection: socket.socket) -> None:
    await _Host().serve(connection)


def _die_with_parent(death: int) -> None:
    while os.read(death, 1):
        pass
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1:])
