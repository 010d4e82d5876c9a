"""The one hand that writes a ledger."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self

import orjson

from sluicegate.errors import Fault, InputError
from sluicegate.ledger.chain import MAX_LINE_BYTES, ZERO, link
from sluicegate.model import Json

__all__ = ["LedgerError", "LedgerWriter", "is_being_written"]


class LedgerError(InputError):
    """A ledger or state file cannot be written, or not any more: nothing is added on top of what was changed."""


class LedgerWriter:
    """Appends to a new ledger file, one unbuffered write per record, or per few where the caller holds some back.

    What the kernel took survives a SIGKILL of this process; `run_started` and the end are synced to the disk. Whatever
    interrupts an append (a signal, a full disk) leaves the writer unusable for ever, so the chain on disk is never
    continued from a wrong place. One thread at a time: a second one is refused. Raises LedgerError when the path
    exists or is no place for a file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.head = ZERO
        """Hash of the last record."""
        self.count = 0
        """Records, those held back among them."""
        self.size_bytes = 0
        self._held: list[bytes] = []
        self._kept = 0
        """Records the kernel took."""
        self._kept_bytes = 0
        self._free = [True]
        """Taken by an append, given back by its last statement: an append that anything cut short never gives it."""
        self._fd = _created(path)

    def append(self, kind: str, body: Mapping[str, Json], *, held: bool = False) -> str:
        """Write one record and return its hash. A `held` one is written with the next that is not, or by `flush`.

        Raises TypeError for a body that is not JSON, which leaves the ledger as it was; LedgerError for anything else.
        """
        try:
            said = orjson.dumps(body)
        except TypeError:
            said = orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS)
            if orjson.dumps(orjson.loads(said)) != said:
                raise TypeError("two keys of one object are the same text: a number and its digits, say") from None
        if len(said) > _MAX_BODY_BYTES:
            raise TypeError(f"a record of {len(said)} bytes is too large for a ledger")
        try:
            free = self._free.pop()
        except IndexError:
            raise self._spoilt() from None
        line = link(self.count, self.head, kind, said)
        self._held.append(line)
        self.head = sha256(line).hexdigest()
        self.count += 1
        self.size_bytes += len(line) + 1
        if not held:
            self._write()
        self._free.append(free)
        if kind == "run_started":
            self.sync()
        return self.head

    def flush(self) -> None:
        """Write what was held back."""
        if self._held:
            try:
                free = self._free.pop()
            except IndexError:
                raise self._spoilt() from None
            self._write()
            self._free.append(free)

    def sync(self) -> None:
        """Have the disk hold everything written so far."""
        try:
            os.fsync(self._fd)
        except OSError as error:
            self._free.clear()
            raise LedgerError(self._fault(f"the disk did not take it: {error.strerror}.", _RESUME)) from error

    def close(self) -> None:
        """Sync and let go of the file. A second close does nothing."""
        if self._fd < 0:
            return
        try:
            if self._free:  # else an append was cut short, and what it held may be on disk in part
                self.flush()
            self.sync()
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Let go of the file as it is, unclosed: what was written stays what it is."""
        self._free.clear()
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _spoilt(self) -> LedgerError:
        what = "no more can be written here: an earlier write was cut short, or another is under way."
        return LedgerError(self._fault(what, _RESUME))

    def _write(self) -> None:
        lines = b"\n".join(self._held) + b"\n"
        try:
            while (taken := os.write(self._fd, lines)) < len(lines):
                lines = lines[taken:]
        except OSError as error:
            # Of a line that only began nobody could say what it was: the file ends with the record before.
            with suppress(OSError):
                os.ftruncate(self._fd, self._kept_bytes)
            full = error.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)
            what = "the disk is full" if full else f"writing failed: {error.strerror}"
            before = "record before is" if self._kept == 1 else "records before are"
            kept = f"{what}; the {self._kept:,} {before} safe."
            raise LedgerError(self._fault(kept, f"Free some space. {_RESUME}" if full else _RESUME)) from error
        self._held.clear()
        self._kept, self._kept_bytes = self.count, self.size_bytes

    def _fault(self, what: str, mend: str) -> Fault:
        return Fault(where=str(self.path), what=what, mend=mend)


_MAX_BODY_BYTES = MAX_LINE_BYTES - 1024

_RESUME = "Run the same command again: it resumes with what is missing."


def is_being_written(path: Path) -> bool:
    """Whether a writer has this ledger open, here or in another process."""
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _created(path: Path) -> int:
    """A new regular file, locked, its name on disk."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        what = f"the folder for the ledger cannot be made: {error.strerror}."
        raise LedgerError(Fault(where=str(path), what=what, mend="Give a path in a folder you can write.")) from error
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    except FileExistsError as error:
        mend = "Start a new attempt; evidence is never overwritten."
        raise LedgerError(Fault(where=str(path), what="something is there already.", mend=mend)) from error
    except OSError as error:
        what = f"the ledger cannot be created: {error.strerror}."
        raise LedgerError(Fault(where=str(path), what=what, mend="Give a path in a folder you can write.")) from error
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise LedgerError(Fault(where=str(path), what="this is not a regular file.", mend="Give another path."))
    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return fd
