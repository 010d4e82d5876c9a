"""A file of JSON lines, each naming the hash of the line before: what was written cannot change unnoticed."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

import orjson

from sluicegate.errors import Fault, printable
from sluicegate.frozen import frozen
from sluicegate.model import Json
from sluicegate.model.often import made_often, maker

__all__ = ["MAX_LINE_BYTES", "ZERO", "Chain", "Record", "link"]

ZERO = "0" * 64
"""What the first line names as the hash before it."""

_AHEAD_BYTES = 16_384
"""Read before the first of it is given out."""

MAX_LINE_BYTES = 256 * 2**20
"""A longer line is refused, so that a file without newlines cannot fill the memory."""


@made_often
@frozen
class Record:
    """One verified line."""

    seq: int
    """From 0; the line number is one more."""
    kind: str
    body: Mapping[str, Json]
    """Everything but `seq`, `prev` and `kind`."""
    hash: str


_record = maker(Record)


def link(seq: int, prev: str, kind: str, body: bytes) -> bytes:
    """The line, without its newline, of a record whose body is already a JSON object."""
    begins = b'{"seq":%d,"prev":"%b","kind":"%b"' % (seq, prev.encode(), kind.encode())
    return begins + b"," + body[1:] if len(body) > 2 else begins + b"}"


class Chain:
    """Iterates the verified prefix of a chained file; afterwards `head`, `count`, `broken` say how it ended.

    Memory is two lines, whatever the length. A record is given out once the line after it has confirmed its hash;
    the last one stands on its own. Iterating again reads the file again.
    """

    _noun = "ledger"

    def __init__(self, path: Path) -> None:
        self.path = path
        self._reset()

    def _reset(self) -> None:
        self.head: str | None = None
        """Hash of the last verified record; None before the first."""
        self.count = 0
        """Verified records."""
        self.verified_bytes = 0
        """Where the verified prefix ends."""
        self.broken: Fault | None = None
        """The first damage, or None."""
        self.torn = False
        """The damage is an unfinished last line, and nothing else: it may be cut."""
        self.missing = False

    def __iter__(self) -> Iterator[Record]:
        self._reset()
        file = self._opened()
        if file is None:
            return
        with file:
            try:
                yield from self._records(file)
            except OSError as error:
                self._break(f"the {self._noun} cannot be read: {error.strerror}.", "Copy it to a sound disk.")

    def verify(self) -> None:
        """Read to the end, for what `head` and `broken` say then."""
        for _ in self:
            pass

    def where(self, seq: int) -> str:
        """`path:line` of a record."""
        return f"{self.path}:{seq + 1}"

    def _objection(self, record: Record) -> str | None:
        """Why a well-chained record cannot stand here, or None."""
        return None

    def _opened(self) -> BinaryIO | None:
        try:
            # Without O_NONBLOCK a named pipe in the ledger's place would wait for a writer for ever.
            fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except FileNotFoundError:
            self.missing = True
            self._break(f"the {self._noun} does not exist.", "Run the stage first, or correct the path.")
            return None
        except OSError as error:
            self._break(f"the {self._noun} cannot be opened: {error.strerror}.", "Make the file readable.")
            return None
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            os.close(fd)
            self._break(f"the {self._noun} is not a regular file.", "Give the path of the file itself.")
            return None
        if status.st_size == 0:
            os.close(fd)
            self._break(f"the {self._noun} is empty.", "Its run wrote nothing; start a new attempt.")
            return None
        return open(fd, "rb", buffering=1 << 18)

    def _break(self, what: str, mend: str = "", *, seq: int | None = None) -> None:
        where = str(self.path) if seq is None else self.where(seq)
        self.broken = Fault(where=where, what=what, mend=mend)

    def _records(self, file: BinaryIO) -> Iterator[Record]:
        # Some at a time: verified one after the other they cost less than in turn with the work of whoever reads them.
        held: list[tuple[Record, int]] = []
        seq, prev = 0, ZERO
        more = True
        while more:
            ahead_bytes = 0
            while more and ahead_bytes < _AHEAD_BYTES:
                line = file.readline(MAX_LINE_BYTES + 1)
                record = self._read(line, seq, prev) if line else None
                if record is None:
                    more = False
                    if line and self._explain(line, seq, prev, file) and held:
                        del held[-1]
                else:
                    held.append((record, len(line)))
                    ahead_bytes += len(line)
                    seq, prev = seq + 1, record.hash
            last = held.pop() if more else None
            for verified, size_bytes in held:
                self.head = verified.hash
                self.count += 1
                self.verified_bytes += size_bytes
                yield verified
            held = [last] if last is not None else []

    def _read(self, line: bytes, seq: int, prev: str) -> Record | None:
        """The record, or None when anything about the line is not as this place demands."""
        begins = b'{"seq":%d,"prev":"%b","kind":"' % (seq, prev.encode())
        if not line.startswith(begins) or line[-1] != 10:
            return None
        try:
            body = orjson.loads(line)
            # The hash vouches for bytes; only those that the writer makes of this very value have one reading. A key
            # written twice, of which readers take one or the other, is not among them.
            if orjson.dumps(body, option=orjson.OPT_APPEND_NEWLINE) != line:
                return None
        except (ValueError, TypeError):  # no JSON, or nested deeper than anything is written
            return None
        kind = body.pop("kind")
        del body["seq"], body["prev"]
        if not isinstance(kind, str):
            return None
        # A view costs more than a copy of what few lines are longer than.
        said = line[:-1] if len(line) < _AHEAD_BYTES else memoryview(line)[:-1]
        record = _record(seq=seq, kind=kind, body=body, hash=sha256(said).hexdigest())
        if (objection := self._objection(record)) is not None:
            self._break(objection, _COPY, seq=seq)
            return None
        return record

    def _explain(self, line: bytes, seq: int, prev: str, file: BinaryIO) -> bool:
        """Set `broken` for the line at which the chain ends; True when the record before it is to be doubted too."""
        if self.broken is not None:
            return False
        if len(line) > MAX_LINE_BYTES:
            self._break(f"the line is longer than {MAX_LINE_BYTES} bytes.", _COPY, seq=seq)
            return False
        try:
            said = orjson.loads(line)
        except ValueError as error:
            self.torn = not file.read(1)
            what = "the last line is unfinished" if self.torn else "the line is not UTF-8 JSON"
            self._break(f"{what} ({error}).", _TORN if self.torn else _COPY, seq=seq)
            return False
        if line[-1] != 10:
            self.torn = True
            self._break("the last line is unfinished (no newline).", _TORN, seq=seq)
            return False
        if not isinstance(said, dict) or type(said.get("seq")) is not int or not isinstance(said.get("prev"), str):
            self._break(f"the line is not a {self._noun} record.", _COPY, seq=seq)
        elif said["seq"] != seq:
            self._break(_sequence(said["seq"], seq), _COPY, seq=seq)
        elif said["prev"] != prev:
            self._break("the record before this line was changed, or this one was.", _COPY, seq=seq)
            return _confirmed(line, file)
        elif (key := _key_written_twice(line)) is not None:
            self._break(f"the key '{printable(key)}' is written twice in one object.", _COPY, seq=seq)
        else:
            self._break("the line was rewritten by something else.", _COPY, seq=seq)
        return False


_COPY = "Restore the untouched file; a changed one is not evidence."
_TORN = "Resume the run: it cuts the unfinished line and goes on."


def _key_written_twice(line: bytes) -> str | None:
    import json  # damage is rare, and every start would pay for it

    found: list[str] = []

    def members(pairs: list[tuple[str, Json]]) -> None:
        names = [name for name, _ in pairs]
        found.extend(name for name in set(names) if names.count(name) > 1)

    with suppress(ValueError, RecursionError):
        json.loads(line, object_pairs_hook=members)
    return min(found, default=None)


def _sequence(seen: int, expected: int) -> str:
    if seen < expected:
        return f"record {seen} stands here a second time or out of order; expected {expected}."
    missing = f"record {expected} is" if seen == expected + 1 else f"records {expected} to {seen - 1} are"
    return f"{missing} missing or out of order; record {seen} stands here."


def _confirmed(line: bytes, file: BinaryIO) -> bool:
    """Whether the next line names `line` as it stands, so that it is the record before that was changed."""
    following = file.readline(MAX_LINE_BYTES + 1)
    return b'"prev":"%b"' % sha256(line[:-1]).hexdigest().encode() in following[:120]
