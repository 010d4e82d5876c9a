"""The bytes of an SMTP connection as a server reads them: command lines, and data up to what ends it.

A strict server ends data at CRLF.CRLF alone. A lenient one also takes what careless servers take, so that a message
smuggled in behind such an ending shows itself as a second message.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Literal

from sluicegate.frozen import frozen

__all__ = ["DATA_LIMIT", "LINE_ENDINGS", "LINE_LIMIT", "Data", "Inbound", "LineEndings"]

LineEndings = Literal["strict", "lenient"]
LINE_ENDINGS: tuple[LineEndings, ...] = ("strict", "lenient")

LINE_LIMIT = 65_536
"""Bytes of a command line; a longer one is refused, and only its beginning is kept."""
DATA_LIMIT = 50_000_000
"""Bytes of one message; a larger one is read to its end and refused."""

_BEGINNING = 1_000
_LONGEST_END = 8
_PAUSE_S = 0.05
"""For the LF of an ending whose CR came alone; a client that sends none waits for its answer."""
_ENDS = {
    "strict": re.compile(rb"(\r\n)\.\r\n"),
    # A NUL beside the dot is dropped by some, and what is left is an ending.
    "lenient": re.compile(rb"(\r\n|\r|\n)\x00?\.\x00?(?:\r\n|\r|\n)"),
}
_LINES = {"strict": (b"\r\n",), "lenient": (b"\n", b"\r")}
"""What begins a line, after which a dot is taken away."""


@frozen
class Data:
    """What was sent after DATA."""

    content: bytes
    """After dot-unstuffing and nothing else; of data past the limit, or past what was asked for, the beginning."""
    size_bytes: int
    """Of the whole, after dot-unstuffing; of data past the limit as it was sent."""
    digest: str
    """SHA-256 of the whole, in hexadecimal digits; empty for data past the limit."""
    ended_by: bytes
    """The bytes that ended it, with the line ending before them; empty where the client hung up."""

    @property
    def is_too_large(self) -> bool:
        """Whether it was past the limit."""
        return self.size_bytes > 0 and not self.digest


class Inbound:
    """What a client has sent and nobody has read yet. `more` reads further bytes and gives none at the end."""

    def __init__(self, more: Callable[[], Awaitable[bytes]], line_endings: LineEndings) -> None:
        self._more = more
        self._end = _ENDS[line_endings]
        self._lines = _LINES[line_endings]
        self._buffer = bytearray()
        self._skips_lf = False

    async def line(self) -> tuple[bytes, bool] | None:
        """A line up to its LF, and whether it was kept whole; None at the end, where what has no LF is dropped."""
        searched = 0
        while (found := self._buffer.find(b"\n", searched)) < 0:
            searched = len(self._buffer)
            if searched > LINE_LIMIT:
                return await self._long_line()
            if not await self._fill():
                return None
        line = self._take(found + 1)
        if self._skips_lf:
            self._skips_lf = False
            if line == b"\n":
                return await self.line()
        return (line, True) if len(line) <= LINE_LIMIT else (line[:_BEGINNING], False)

    async def data(self, *, kept: int, limit: int = DATA_LIMIT) -> Data:
        """Data up to its end; of its content the first `kept` bytes, or all."""
        # The line ending of the DATA command is the one before the first line.
        self._buffer[:0] = b"\r\n"
        searched, dropped, beginning = 0, 0, b""
        while (found := self._end.search(self._buffer, searched)) is None:
            searched = max(0, len(self._buffer) - _LONGEST_END)
            if len(self._buffer) > limit:
                beginning = beginning or self._unstuffed(bytes(self._buffer[: kept + 2]))
                dropped += searched
                self._take(searched)
                searched = 0
            if not await self._fill():
                return self._cut(kept, beginning, dropped)
        if found[0].endswith(b"\r") and found.end() == len(self._buffer):
            found = await self._whole_end(found) or found
        return self._ended(found, kept, beginning, dropped)

    async def _fill(self) -> bool:
        piece = await self._more()
        self._buffer += piece
        return bool(piece)

    def _take(self, size: int) -> bytes:
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    async def _long_line(self) -> tuple[bytes, bool] | None:
        beginning = bytes(self._buffer[:_BEGINNING])
        while (found := self._buffer.find(b"\n")) < 0:
            self._buffer.clear()
            if not await self._fill():
                return None
        self._take(found + 1)
        return beginning, False

    async def _whole_end(self, found: re.Match[bytes]) -> re.Match[bytes] | None:
        """The ending with the LF behind it, where one is on its way."""
        start = found.start()
        self._skips_lf = True
        try:
            async with asyncio.timeout(_PAUSE_S):
                await self._fill()
        except TimeoutError:
            return None
        whole = self._end.match(bytes(self._buffer), start)
        self._skips_lf = whole is not None and whole[0].endswith(b"\r")
        return whole

    def _ended(self, found: re.Match[bytes], kept: int, beginning: bytes, dropped: int) -> Data:
        end, ending = found.end(1), found[0]
        raw = self._take(found.end())[:end]
        if dropped:
            return Data(content=beginning, size_bytes=dropped + end - 2, digest="", ended_by=ending)
        content = self._unstuffed(raw)
        digest = sha256(content).hexdigest()
        return Data(content=content[:kept], size_bytes=len(content), digest=digest, ended_by=ending)

    def _cut(self, kept: int, beginning: bytes, dropped: int) -> Data:
        raw = self._take(len(self._buffer))
        if dropped:
            return Data(content=beginning, size_bytes=dropped + len(raw) - 2, digest="", ended_by=b"")
        content = self._unstuffed(raw)
        digest = sha256(content).hexdigest()
        return Data(content=content[:kept], size_bytes=len(content), digest=digest, ended_by=b"")

    def _unstuffed(self, raw: bytes) -> bytes:
        """Without the dot that begins a line, and without the line ending put in front."""
        for begun in self._lines:
            raw = raw.replace(begun + b".", begun)
        return raw[2:]
