"""The hand that writes a shard: lines as they happen, and at the end a line that vouches for all of them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import orjson

from sluicegate.errors import Fault
from sluicegate.ledger.writer import LedgerError
from sluicegate.model import Json

__all__ = ["ShardWriter"]

_HELD_BYTES = 1 << 16


class ShardWriter:
    """Appends lines to a new file. `flush` hands what is held back to the kernel; `close` writes the closing line.

    What was flushed survives a SIGKILL. Raises LedgerError where a file is in the way or cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines = 0
        self._digest = sha256()
        self._held: list[bytes] = []
        self._size = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o644)
        except OSError as error:
            what = f"the shard cannot be made: {error.strerror}."
            raise LedgerError(Fault(where=str(path), what=what, mend="Give another folder.")) from error

    def append(self, kind: str, body: Mapping[str, Json]) -> None:
        """One line; held back with those before it until there are 64 KiB of them, or a flush."""
        line = orjson.dumps({"kind": kind, **body}, option=orjson.OPT_APPEND_NEWLINE)
        self._held.append(line)
        self.lines += 1
        self._size += len(line)
        if self._size >= _HELD_BYTES:
            self.flush()

    def flush(self) -> None:
        """Hand every line to the kernel."""
        said = b"".join(self._held)
        self._held.clear()
        self._size = 0
        self._digest.update(said)
        try:
            while said:
                said = said[os.write(self._fd, said) :]
        except OSError as error:
            what = f"the shard cannot be written: {error.strerror}."
            raise LedgerError(Fault(where=str(self.path), what=what, mend="Free some space and run again.")) from error

    def close(self, body: Mapping[str, Json]) -> None:
        """Write the closing line, with `lines` and `sha256` of what stands before it, and sync. Once."""
        if self._fd < 0:
            return
        self.flush()
        self.append("closed", {**body, "lines": self.lines, "sha256": self._digest.hexdigest()})
        self.flush()
        os.fsync(self._fd)
        os.close(self._fd)
        self._fd = -1
