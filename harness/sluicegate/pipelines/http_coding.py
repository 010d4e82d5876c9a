"""The content encoding of an HTTP answer, undone piece by piece: one that ends early is no whole answer. No IO."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

__all__ = ["ACCEPTED", "Uncoded"]

ACCEPTED = "gzip, deflate"
"""What requests say they take."""
_GZIP = ("gzip", "x-gzip")
_UNREAD = frozenset({"br", "zstd", "compress", "x-compress", "dcb", "dcz", "exi", "pack200-gzip"})
"""Registered with IANA and not asked for. Names beyond the registry say nothing of the bytes, and are passed over."""
_GZIP_BEGINS = 0x1F
_PIECE_BYTES = 1 << 16
"""Decoded at once, so that a small body of many gigabytes is given up at the caller's limit."""


class Uncoded:
    """The bytes of one body without its content encoding (RFC 9110, 8.4)."""

    def __init__(self, encoding: str | None) -> None:
        """`encoding` is the header's value."""
        names = [name for part in (encoding or "").split(",") if (name := part.strip().lower())]
        self._names = [name for name in names if name in _UNREAD or name in _GZIP or name == "deflate"]
        self.fault = ""
        """Why the body is no whole answer; empty where nothing is wrong so far."""
        self._open: zlib._Decompress | None = None
        self._members = 0
        """Begun so far: gzip may hold several, one behind the other."""
        if len(self._names) > 1 or (self._names and self._names[0] in _UNREAD):
            self.fault = f"its content encoding '{', '.join(self._names)[:60]}' is none that was asked for ({ACCEPTED})"

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """What `chunk` adds, in pieces of 64 KiB at most; nothing once there is a fault."""
        if not self._names:
            yield chunk
            return
        more = bool(chunk)
        while more and not self.fault:
            if self._open is None:
                if self._members and chunk[0] != _GZIP_BEGINS:
                    return  # what follows a whole member and is none is padding
                self._open = self._begun(chunk[0])
            try:
                piece = self._open.decompress(chunk, _PIECE_BYTES)
            except zlib.error:
                self.fault = f"its body is not {self._names[0]}, as its content encoding says"
                return
            chunk = self._open.unconsumed_tail
            more = bool(chunk) or len(piece) == _PIECE_BYTES
            if self._open.eof:
                chunk, self._open = self._open.unused_data, None
                more = bool(chunk)
            if piece:
                yield piece

    def end(self) -> str:
        """The fault of a body that has ended."""
        if not self.fault and self._open is not None:
            self.fault = f"its {self._names[0]} body ends in the middle"
        return self.fault

    def _begun(self, first: int) -> zlib._Decompress:
        self._members += 1
        if self._names[0] in _GZIP:
            return zlib.decompressobj(16 + zlib.MAX_WBITS)
        # Servers send deflate both with the header of zlib, as they should, and without.
        return zlib.decompressobj(zlib.MAX_WBITS if first & 0xF == 8 else -zlib.MAX_WBITS)
