"""Where `evaluate` keeps its evidence: nowhere, or in a ledger that an interrupted call can be continued from."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sluicegate.broker.broker import Broker
from sluicegate.broker.stamp import Stamp
from sluicegate.errors import Fault, InputError
from sluicegate.ledger import Checked, Expected, LedgerError, LedgerReader, Resumed, RunStarted, resume
from sluicegate.ledger.trials import TrialJoin
from sluicegate.model import Case, Origin, Trial
from sluicegate.resources import VERSION

__all__ = ["Discarding", "Scratch", "recording_to"]


class Discarding:
    """A recorder that keeps nothing."""

    def intend(self, case: Case, repeat: int, run_id: str) -> None:
        """Forgotten."""

    def record(self, trial: Trial, run_id: str) -> None:
        """Forgotten."""

    def checked(self, checked: Checked) -> None:
        """Forgotten."""

    def flush(self) -> None:
        """Nothing was kept."""


class Scratch:
    """A ledger of `evaluate`. It names no plan and no subject, so no gate takes it for evidence.

    An intent is on disk before its call, an outcome before its checks. What is said in one turn of the runner goes
    there in one write: a write for each would cost more than encoding it does.
    """

    def __init__(self, broker: Broker, earlier: list[Path], resumed: Resumed | None, repeats: int) -> None:
        self.path = broker.path
        self.nonce = broker.started.nonce
        self.intend = broker.intend
        self.record = broker.record
        self.checked = broker.checked
        self.commit = self.flush = broker.flush
        self._broker = broker
        self._earlier = earlier
        self._resumed = resumed
        self._repeats = repeats

    def remaining(
        self, trials: Iterable[tuple[Case, int]], score: Callable[[Trial], Checked]
    ) -> Iterator[tuple[Case, int]]:
        """The trials that earlier calls did not get to; those they did are scored from the ledger."""
        if self._resumed is None:
            yield from trials
            return
        for path in self._earlier:
            join = TrialJoin(repeats=self._repeats)
            for record in LedgerReader(path):
                done = join.feed(record, str(path))
                if done is not None:
                    self.checked(score(done.trial))
        yield from self._resumed.remaining(trials)

    def finish(self, planned: int) -> None:
        """Close the ledger; complete when every planned trial has an outcome."""
        self._broker.close(planned=planned)


@contextmanager
def recording_to(ledger: str | Path | None, *, repeats: int) -> Iterator[Scratch | None]:
    """A ledger at that path, or beside an unfinished one there; None where nothing is kept.

    Raises InputError for a finished ledger, a damaged one, and a place that cannot be written.
    """
    if ledger is None:
        yield None
        return
    first = Path(ledger)
    if first.is_dir():
        raise InputError(
            Fault(where=f"ledger {str(ledger)!r}", what="is a folder.", mend="Name a file, e.g. run.jsonl")
        )
    earlier = _files(first)
    resumed = resume(earlier) if earlier else None
    if resumed is not None and resumed.closed:
        what = "holds a finished evaluation."
        raise InputError(Fault(where=str(first), what=what, mend="Name a new file; evidence is never overwritten."))
    path = first if not earlier else first.with_name(f"{first.stem}.{len(earlier) + 1}{first.suffix}")
    done = (resumed.run, len(resumed.crashed)) if resumed else (0, 0)
    with Broker(path, _started(resumed), resumed=done, gathers=True) as broker:
        scratch = Scratch(broker, earlier, resumed, repeats)
        try:
            yield scratch
        except BaseException:
            # What has ended is evidence, whatever ended the run; unless it was the ledger that failed.
            with suppress(LedgerError):
                scratch.flush()
            raise


def _files(first: Path) -> list[Path]:
    """`run.jsonl`, `run.2.jsonl` … as far as they exist."""
    found = []
    path = first
    while path.exists():
        found.append(path)
        path = first.with_name(f"{first.stem}.{len(found) + 1}{first.suffix}")
    return found


def _started(resumed: Resumed | None) -> RunStarted:
    return RunStarted(
        schema_version=1,
        nonce=resumed.started[0].nonce if resumed and resumed.started else secrets.token_hex(16),
        at=Stamp()(),
        origin=Origin.SUITE,
        stage="",
        attempt=1,
        subject="",
        apparatus="",
        plan_digest="",
        lock_digest="",
        engine=VERSION,
        previous=resumed.head if resumed else None,
        pipeline="callable",
        expected=Expected(cases=0, trials=0, ids_digest=""),
    )
