"""What earlier attempts have done already: outcomes are never run again, and a begun trial stays a crash."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from sluicegate.errors import Fault
from sluicegate.ledger.chain import Record
from sluicegate.ledger.reader import LedgerReader
from sluicegate.ledger.records import RunStarted
from sluicegate.ledger.writer import LedgerError
from sluicegate.model import Case, decode

__all__ = ["Resumed", "resume"]


class Resumed:
    """Earlier attempts of one run, oldest first: what a new attempt has to leave alone.

    A trial is known by case id, case digest and repeat, 16 bytes each: a case whose content changed is another case.
    """

    def __init__(self) -> None:
        self.started: list[RunStarted] = []
        """Of each file, for comparing pipeline, plan and subject with the new attempt's."""
        self.head: str | None = None
        """Head of the newest file; the new attempt names it as `previous`."""
        self.closed = False
        """The newest file is closed and complete: there is nothing left to resume."""
        self.crashed: list[tuple[str, int]] = []
        """Case id and repeat of trials that began and never ended, in the order of their beginning."""
        self.run = 0
        """Trials with an outcome."""
        self.failed = 0
        """Of these, trials whose pipeline crashed."""
        self.reads: dict[str, str | None] = {}
        """What files held that the pipeline read and the subject does not name, by path; None for its own."""
        self._known: set[bytes] = set()

    def skips(self, case: Case, repeat: int) -> bool:
        """Whether this trial has an outcome, or began and crashed, in an earlier attempt."""
        return _key(case.id, case.digest(), repeat) in self._known if self._known else False

    def remaining(self, trials: Iterable[tuple[Case, int]]) -> Iterator[tuple[Case, int]]:
        """The trials that a new attempt has to run, in their order."""
        return ((case, repeat) for case, repeat in trials if not self.skips(case, repeat))

    def read(self, path: Path, *, newest: bool = False) -> int | None:
        """Add one file, which must continue the one before. Where an unfinished last line of the newest begins."""
        reader = LedgerReader(path)
        try:
            self._gather(reader)
        except (KeyError, TypeError) as error:
            what = f"a record lacks {error} or holds something else in its place."
            raise LedgerError(Fault(where=str(path), what=what, mend=_ANEW)) from error
        torn = reader.torn and newest
        if reader.broken is not None and not torn:
            raise LedgerError(Fault(where=reader.broken.where, what=reader.broken.what, mend=_ANEW))
        self.head = reader.head
        return reader.verified_bytes if torn else None

    def _gather(self, reader: LedgerReader) -> None:
        begun: dict[str, tuple[str, int]] = {}
        failed = 0
        for record in reader:
            body = record.body
            if record.kind == "run_started":
                self._continue(record, reader)
            elif record.kind == "intent":
                begun[body["run_id"]] = (body["case_id"], body["repeat"])
                self._known.add(_key(body["case_id"], body["case_digest"], body["repeat"]))
            elif record.kind == "outcome":
                self.run += begun.pop(body["run_id"], None) is not None
                failed += any("error" in output for output in body["outputs"])
            elif record.kind == "file_read":
                self.reads[body["path"]] = body["content"] if self.reads.get(body["path"], "") is not None else None
            elif record.kind == "run_closed":
                # It knows which errors a case expects; a run that was killed has none, and counts them all.
                failed = body.get("counts", {}).get("crashed", 0)
        self.failed += failed
        self.crashed.extend(begun.values())
        self.closed = reader.complete

    def _continue(self, record: Record, reader: LedgerReader) -> None:
        where = reader.where(record.seq)
        started = decode(RunStarted, record.body, where)
        if self.started and started.previous != self.head:
            what = f"'previous' names {started.previous}; the file of the attempt before ends with {self.head}."
            raise LedgerError(Fault(where=where, what=what, mend="Restore the file that was changed or left out."))
        self.started.append(started)


def resume(paths: Sequence[Path]) -> Resumed:
    """Read the files of earlier attempts, oldest first, and cut an unfinished last line off the newest.

    Raises LedgerError for any damage but that: nothing is added on top of evidence that was changed. Also for a file
    that a running broker still holds.
    """
    found = Resumed()
    for path in paths[:-1]:
        found.read(path)
    for path in paths[-1:]:
        with _held(path) as fd:
            torn_at = found.read(path, newest=True)
            if torn_at is not None:
                os.ftruncate(fd, torn_at)
                os.fsync(fd)
    return found


_ANEW = "Restore the untouched file, or begin anew without resuming."


def _key(case_id: str, digest: str, repeat: int) -> bytes:
    return sha256(f"{repeat}\0{digest}\0{case_id}".encode()).digest()[:16]


@contextmanager
def _held(path: Path) -> Iterator[int]:
    """The file, locked against a broker that still writes it."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        what = f"the ledger cannot be opened: {error.strerror}."
        raise LedgerError(Fault(where=str(path), what=what, mend=_ANEW)) from error
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield fd
    except BlockingIOError as error:
        mend = "Wait for it, or stop it."
        raise LedgerError(Fault(where=str(path), what="another run is writing this ledger.", mend=mend)) from error
    finally:
        os.close(fd)
