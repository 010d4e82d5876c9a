"""One life of a runner process: its child, its channel, the pipe it dies by."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import orjson

from sluicegate.errors import Fault, InputError
from sluicegate.model import Json
from sluicegate.pipelines.frames import Channel
from sluicegate.pipelines.process import Child, spawn

__all__ = ["Message", "RunnerProcess"]

Message = list[Any]

_LOAD_S = 120.0
_CLOSE_S = 8.0
_READ_S = 1.0
_IMPORT_MEND = "Importing the module should only define things; move the work into the function."


class RunnerProcess:
    """`python -m sluicegate.pipelines.host`. `on_message` gets its answers, `on_end` how it ended, once."""

    def __init__(self, on_message: Callable[[Message], None], on_end: Callable[[str], None]) -> None:
        self.asks: frozenset[str] = frozenset()
        """What the callable there takes; known once it is loaded."""
        self.ending: asyncio.Task[None] | None = None
        """Set from the first sign of its end until everything is known."""
        self._on_message = on_message
        self._on_end = on_end
        loop = asyncio.get_running_loop()
        self._loaded: asyncio.Future[Message] = loop.create_future()
        self._closed: asyncio.Future[Message] = loop.create_future()
        self._closing = False
        self._child: Child | None = None
        self._channel: Channel | None = None
        self._death = -1

    @property
    def pid(self) -> int | None:
        """Of the process, while it runs."""
        child = self._child
        return child.pid if child is not None and child.running else None

    async def start(self, base: Path, environment: Mapping[str, str]) -> None:
        """Start it in `base`, with `environment` over the parent's own."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        death, self._death = os.pipe()
        # -P: the user's folder goes on the import path only after our own modules are imported.
        argv = [sys.executable, "-P", "-m", "sluicegate.pipelines.host", str(theirs.fileno()), str(death)]
        try:
            self._child = await spawn(
                argv,
                cwd=base,
                environment={**os.environ, **environment},
                pass_fds=(theirs.fileno(), death),
                stdin=False,
            )
        except BaseException:  # a cancellation too: without a child nobody else closes these
            ours.close()
            self._release()
            raise
        finally:
            theirs.close()
            os.close(death)
        loop = asyncio.get_running_loop()
        _, self._channel = await loop.create_unix_connection(lambda: Channel(self._hear, self._lost), sock=ours)
        self._child.ended.add_done_callback(lambda _: self._lost())

    async def load(self, options: Mapping[str, Json]) -> None:
        """Import the target there. Raises InputError when that fails; the process is gone then."""
        self.send(orjson.dumps(["load", options]))
        await asyncio.wait([self._loaded], timeout=_LOAD_S)
        where = f"pipeline '{options['target']}'"
        answer: Message = self._loaded.result() if self._loaded.done() else ["late", None]
        kind, said = answer
        if kind == "ready":
            self.asks = frozenset(said)
            return
        if kind == "fault":
            faults = [Fault(**item) for item in said]
        else:
            ended = f"ended the process while it was imported: {said}."
            what = ended if kind == "ended" else f"was not imported within {_LOAD_S:.0f} s."
            faults = [Fault(where=where, what=what, mend=_IMPORT_MEND)]
        await self._stop()
        raise InputError(faults)

    def send(self, message: bytes) -> None:
        """Send one encoded message."""
        if self._channel is not None:
            self._channel.send(message)

    def kill(self) -> None:
        """End it and everything it started."""
        if self._child is not None:
            self._child.kill()

    async def close(self) -> list[str]:
        """Ask it to close, then end it. Returns what it said of itself."""
        self._closing = True
        self.send(b'["close"]')
        if self._child is not None:
            ends: list[asyncio.Future[Any]] = [self._closed, self._child.ended]
            await asyncio.wait(ends, timeout=_CLOSE_S, return_when=asyncio.FIRST_COMPLETED)
            if not await self._child.settle(_READ_S):
                await self._child.stop()
            if self._channel is not None:  # what it told on its way out is still in there
                await asyncio.wait([self._channel.ended], timeout=_READ_S)
        await self._stop()
        return list(self._closed.result()[1]) if self._closed.done() else []

    def _hear(self, message: Message) -> None:
        kind = message[0]
        if kind in ("ready", "fault", "closed"):
            waited = self._closed if kind == "closed" else self._loaded
            if not waited.done():
                waited.set_result(message)
        else:
            self._on_message(message)

    def _lost(self) -> None:
        if self.ending is None and not self._closing:
            self.ending = asyncio.ensure_future(self._end())

    async def _end(self) -> None:
        """Its socket or the process itself is gone: wait for the exit status and the last words, then tell."""
        child, channel = self._child, self._channel
        if child is None or channel is None:
            return
        if not await child.settle(_READ_S):
            await child.stop()
        await asyncio.wait([channel.ended], timeout=_READ_S)  # answers sent before the end still count
        how = child.said()
        if self._loaded.done():
            await self._stop()
            self._on_end(how)
        else:
            self._loaded.set_result(["ended", how])

    async def _stop(self) -> None:
        self._closing = True
        if self._child is not None:
            await self._child.stop()
        if self._channel is not None:
            self._channel.close()
        self._release()

    def _release(self) -> None:
        if self._death >= 0:
            os.close(self._death)
            self._death = -1
