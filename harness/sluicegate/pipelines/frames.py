"""Messages between a runner process and its parent: JSON arrays in length-prefixed frames, one write per loop tick."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import orjson

__all__ = ["Channel", "framed"]

_PREFIX = 4
_PAUSE_S = 0.005
_SPACE_BYTES = 65_536


class Channel(asyncio.BufferedProtocol):
    """One end of a socket pair. Messages sent within one tick of the loop travel in one frame and one write.

    What arrives is read into one buffer, which grows for a long frame: memory that asyncio takes anew for each read
    would cost more than the reading.
    """

    def __init__(self, on_message: Callable[[list[Any]], None], on_lost: Callable[[], None]) -> None:
        self._on_message = on_message
        self._on_lost = on_lost
        self._transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()
        self._parts: list[bytes] = []
        self._buffer = bytearray(_SPACE_BYTES)
        self._filled = 0
        self.ended: asyncio.Future[None] = self._loop.create_future()
        """Done when the other end is gone and everything it sent is handed on."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The pair is open."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - asyncio hands stream protocols nothing else
        self._transport = transport

    def send(self, message: bytes) -> None:
        """Queue one encoded JSON array. After the other end is gone it is dropped; `on_lost` has told."""
        if self.ended.done():
            return
        if not self._parts:
            self._loop.call_soon(self._flush)
        self._parts.append(message)

    async def drain(self) -> None:
        """Wait until the other end's socket has taken everything, or the other end is gone."""
        self._flush()
        while True:  # a transport says when its buffer is nearly empty, and not when it is
            if self._transport is None or not self._transport.get_write_buffer_size() or self.ended.done():
                return
            await asyncio.sleep(_PAUSE_S)

    def close(self) -> None:
        """Write what is queued and close."""
        self._flush()
        if self._transport is not None:
            self._transport.close()

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where to read to."""
        if self._filled == len(self._buffer):
            self._buffer += bytes(self._filled)
        elif not self._filled and len(self._buffer) > _SPACE_BYTES:
            self._buffer = bytearray(_SPACE_BYTES)
        return memoryview(self._buffer)[self._filled :]

    def buffer_updated(self, nbytes: int) -> None:
        """Split into frames and hand on each message."""
        self._filled += nbytes
        at = 0
        with memoryview(self._buffer) as read:
            while (begins := at + _PREFIX) <= self._filled:
                ends = begins + int.from_bytes(read[at:begins], "big")
                if ends > self._filled:
                    break
                self._hand_on(read[begins:ends])
                at = ends
            read[: self._filled - at] = read[at : self._filled]
        self._filled -= at

    def connection_lost(self, exc: Exception | None) -> None:
        """The other end is gone."""
        if not self.ended.done():
            self.ended.set_result(None)
        self._on_lost()

    def _hand_on(self, frame: memoryview) -> None:
        try:
            messages = orjson.loads(frame)
        except orjson.JSONDecodeError:
            # Only user code that wrote into this socket can do this; the connection says nothing any more.
            if self._transport is not None:
                self._transport.abort()
            return
        for message in messages:
            self._on_message(message)

    def _flush(self) -> None:
        parts, self._parts = self._parts, []
        if not parts or self._transport is None or self.ended.done():
            return
        self._transport.write(framed(parts))


def framed(messages: list[bytes]) -> bytes:
    """Encoded messages as one frame."""
    body = b"[" + b",".join(messages) + b"]"
    return len(body).to_bytes(_PREFIX, "big") + body
