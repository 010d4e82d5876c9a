"""Messages between a runner process and its parent: JSON arrays in length-prefixed frames, one write per loop tick."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import orjson

__all__ = ["Channel", "framed"]

_PREFIX = 4
_PAUSE_S = 0.005


class Channel(asyncio.Protocol):
    """One end of a socket pair. Messages sent within one tick of the loop travel in one frame and one write."""

    def __init__(self, on_message: Callable[[list[Any]], None], on_lost: Callable[[], None]) -> None:
        self._on_message = on_message
        self._on_lost = on_lost
        self._transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()
        self._parts: list[bytes] = []
        self._buffer = bytearray()
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

    def data_received(self, data: bytes) -> None:
        """Split into frames and hand on each message."""
        if self._buffer or len(data) < _PREFIX or int.from_bytes(data[:_PREFIX], "big") != len(data) - _PREFIX:
            self._buffer += data
            self._split()
            return
        self._hand_on(data[_PREFIX:])

    def connection_lost(self, exc: Exception | None) -> None:
        """The other end is gone."""
        if not self.ended.done():
            self.ended.set_result(None)
        self._on_lost()

    def _split(self) -> None:
        buffer, at = self._buffer, 0
        while len(buffer) - at >= _PREFIX:
            size = int.from_bytes(buffer[at : at + _PREFIX], "big")
            if len(buffer) - at - _PREFIX < size:
                break
            with memoryview(buffer) as view:
                frame = bytes(view[at + _PREFIX : at + _PREFIX + size])
            self._hand_on(frame)
            at += _PREFIX + size
        del buffer[:at]

    def _hand_on(self, frame: bytes) -> None:
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
