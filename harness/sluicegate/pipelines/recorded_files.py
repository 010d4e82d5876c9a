"""Recorded files, line by line: bounded lines while scanning, rows by offset afterwards."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import orjson

from sluicegate.errors import Fault
from sluicegate.model import Json

__all__ = ["FaultList", "RecordedFiles"]

_SHOWN = 20


class FaultList:
    """The first twenty faults of a recording, and how many more there are."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self._more = 0

    def note(self, where: str, what: str, mend: str = "") -> None:
        """Note a fault at `file:line`."""
        if len(self.faults) < _SHOWN:
            self.faults.append(Fault(where=where, what=what, mend=mend))
        else:
            self._more += 1

    def all(self) -> list[Fault]:
        """Every fault that is shown, and the number of the others."""
        if not self._more:
            return self.faults
        return [*self.faults, Fault(where="pipeline.recording", what=f"{self._more:,} more lines have faults.")]


class RecordedFiles:
    """Open files by number."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self._paths: list[Path] = []
        self._names: list[str] = []
        self._handles: dict[int, int] = {}

    def name(self, file: int) -> str:
        """How messages call a file: relative to the plan where it is below it."""
        return self._names[file]

    def lines(self, path: Path, base: Path, faults: FaultList) -> Iterator[tuple[int, int, int, bytes]]:
        """(file number, line number, offset, line) of each line that is not blank; a line over the limit is a fault."""
        file = len(self._paths)
        self._paths.append(path)
        self._names.append(str(path.relative_to(base)) if path.is_relative_to(base) else str(path))
        number, offset = 0, 0
        try:
            with path.open("rb") as stream:
                while line := stream.readline(self.max_bytes + 1):
                    number += 1
                    begin, offset = offset, offset + len(line)
                    if len(line) > self.max_bytes:
                        faults.note(f"{self.name(file)}:{number}", f"is over {self.max_bytes:,} bytes.", "Split it.")
                        while line and not line.endswith(b"\n"):
                            line = stream.readline(self.max_bytes)
                            offset += len(line)
                    elif not line.isspace():
                        yield file, number, begin, line
        except OSError as error:
            faults.note(self.name(file), f"cannot be read: {error.strerror}.")

    def row(self, file: int, offset: int, size: int) -> Json:
        """The row that stands there. Raises OSError or ValueError when the file has changed since."""
        return orjson.loads(self.line(file, offset, size))

    def line(self, file: int, offset: int, size: int) -> bytes:
        """The bytes that stand there. Raises OSError when the file cannot be read."""
        handle = self._handles.get(file)
        if handle is None:
            if len(self._handles) >= 64:
                self.close()
            handle = self._handles[file] = os.open(self._paths[file], os.O_RDONLY)
        return os.pread(handle, size, offset)

    def line_number(self, file: int, offset: int) -> int:
        """The line that begins at `offset`; counted only when a message needs it."""
        number, left = 1, offset
        with self._paths[file].open("rb") as stream:
            while left > 0 and (block := stream.read(min(left, 1 << 20))):
                number += block.count(b"\n")
                left -= len(block)
        return number

    def close(self) -> None:
        """Close every open file."""
        for handle in self._handles.values():
            os.close(handle)
        self._handles.clear()
