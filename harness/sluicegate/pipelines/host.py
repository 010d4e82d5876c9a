"""The runner process: `python -m sluicegate.pipelines.host SOCKET_FD DEATH_FD` serves one callable to its parent.

User code lives here and nowhere else: it cannot disturb the latencies, the warnings filters or the environment of the
process that keeps the evidence, and when it ends the process only calls are lost.
"""

from __future__ import annotations

import asyncio
import faulthandler
import io
import os
import signal
import socket
import sys
import threading
from pathlib import Path
from time import perf_counter
from typing import Any

import orjson

from sluicegate.errors import InputError
from sluicegate.model import Case, RunContext, decode, encode
from sluicegate.pipelines.callable import CallablePipeline
from sluicegate.pipelines.elsewhere import CALL, watch
from sluicegate.pipelines.frames import Channel
from sluicegate.pipelines.log_capture import LogCapture, flush_exporters
from sluicegate.pipelines.target import load_target

__all__ = ["main"]


class _Host:
    """Answers the parent's messages until the parent closes."""

    def __init__(self) -> None:
        self._pipeline: CallablePipeline | None = None
        self._closing = asyncio.Event()
        self._calls: dict[int, asyncio.Task[None]] = {}
        self._channel: Channel | None = None
        self._loop = asyncio.get_running_loop()
        self._logs: LogCapture | None = None

    async def serve(self, connection: socket.socket) -> None:
        """Run until told to close or the parent is gone."""
        loop = asyncio.get_running_loop()
        _, self._channel = await loop.create_unix_connection(
            lambda: Channel(self._on_message, self._closing.set), sock=connection
        )
        await self._closing.wait()
        for task in tuple(self._calls.values()):
            task.cancel()
        if self._pipeline is not None:
            await self._pipeline.aclose()
            self._send(["closed", list(self._pipeline.notes())])
        self._channel.close()
        await asyncio.sleep(0)

    def _on_message(self, message: list[Any]) -> None:
        kind = message[0]
        if kind == "call":
            self._calls[message[1]] = asyncio.ensure_future(self._answer(*message[1:]))
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
        if options["allowed"] is not None:
            watch(options["allowed"], self._notice)
        if options["hears"]:
            self._logs = LogCapture()
            self._logs.install()
        try:
            pipeline = CallablePipeline(
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
        self._send(["done", number, encode(output), took_ms, *logged])

    def _notice(self, call: int | None, address: str) -> None:
        """A connection elsewhere; told from the loop, for any thread may open one."""
        self._loop.call_soon_threadsafe(self._send, ["elsewhere", call, address])

    def _send(self, message: list[Any]) -> None:
        if self._channel is not None:
            self._channel.send(orjson.dumps(message))


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
