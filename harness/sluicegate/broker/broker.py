"""The owner of one run's ledger: everything that becomes evidence passes through here, and through nothing else."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import orjson

from sluicegate.broker.catalogue import Catalogue, Place
from sluicegate.broker.stamp import Stamp
from sluicegate.broker.unwritable import writable
from sluicegate.errors import Fault, InputError, printable
from sluicegate.ledger.records import Checked, FileRead, RunClosed, RunStarted, Shard, Stray, TestRun
from sluicegate.ledger.writer import LedgerError, LedgerWriter
from sluicegate.model import Case, Counts, Json, Trial, canonical, digest_bytes, encode_shared

__all__ = ["Broker", "Examine"]

Examine = Callable[[Trial], Checked | None]
"""What the built-in checks say of a trial."""


class Broker:
    """Writes `run_started` at once, then intents, outcomes and check results as they come, and `run_closed` last.

    It is the runner's `Recorder`. Used from one thread; the ledger fails with LedgerError, and so does the run.

    Args:
        path: the new file of this attempt.
        started: its first record.
        examine: the built-in checks; None writes no `checked` records.
        catalogue: where readers look for finished trials; None where nobody reads.
        resumed: trials of earlier attempts that count as run, and as crashed.
        stamp: gives the time of each record.
        gathers: records of trials are written together, when `commit` says so, and trials are checked when `settle`
            says so. The runner commits before it calls, and settles while the calls wait.

    """

    def __init__(
        self,
        path: Path,
        started: RunStarted,
        *,
        examine: Examine | None = None,
        catalogue: Catalogue | None = None,
        resumed: tuple[int, int] = (0, 0),
        stamp: Callable[[], str] | None = None,
        gathers: bool = False,
    ) -> None:
        self.started = started
        self.closed: RunClosed | None = None
        """The last record, once it is written."""
        self._examine = examine
        self._catalogue = catalogue
        self._stamp = stamp or Stamp()
        self._gathers = gathers
        self._resuming = resumed != (0, 0)
        self._run, self._abandoned = resumed
        self._unchecked: deque[tuple[Trial, Place]] = deque()
        """Recorded, and neither checked yet nor shown to readers."""
        self._begun = self._ended = self._crashed = self._scored = 0
        self._shards: dict[str, Shard] = {}
        self._lost_shard = False
        self._writer = LedgerWriter(path)
        self._begins = catalogue.add_file(path) if catalogue is not None else 0
        self._writer.append(RunStarted.KIND, started.body())

    @property
    def path(self) -> Path:
        """The ledger file."""
        return self._writer.path

    @property
    def head(self) -> str:
        """Hash of the last record."""
        return self._writer.head

    @property
    def counts(self) -> Counts:
        """Trials so far, those of resumed attempts among them."""
        planned = self.started.expected.trials
        run = self._run + self._ended
        skipped = max(0, planned - run - self._abandoned - (self._begun - self._ended))
        return Counts(planned=planned, run=run, crashed=self._crashed, skipped=skipped, scored=self._scored)

    def intend(self, case: Case, repeat: int, run_id: str) -> None:
        """Written before the first delivery: from here on the trial counts, whatever happens to this process."""
        try:
            said = canonical(encode_shared(case))
        except TypeError as error:
            what = f"the case cannot be written as JSON: {printable(str(error))}."
            mend = "Use text, numbers, lists and mappings only."
            raise InputError(Fault(where=f"case '{case.id}'", what=what, mend=mend)) from error
        body: dict[str, Json] = {
            "case_id": case.id,
            "repeat": repeat,
            "run_id": run_id,
            "case_digest": digest_bytes(said),
        }
        with_case = repeat == 0 or self._resuming
        if with_case:
            body["case"] = orjson.Fragment(said)
        place = self._append("intent", body, held=self._gathers)
        self._begun += 1
        if with_case and self._catalogue is not None:
            self._catalogue.intended(case, place)

    def record(self, trial: Trial, run_id: str) -> None:
        """Written after the last delivery, with what the checks say of it."""
        at = self._stamp()
        try:
            outcome = self._append("outcome", _outcome(trial, run_id, at), held=self._gathers)
        except TypeError as error:
            trial = writable(trial, error)
            outcome = self._append("outcome", _outcome(trial, run_id, at), held=self._gathers)
        self._ended += 1
        self._crashed += trial.failed
        if self._examine is None and self._catalogue is None:
            return
        self._unchecked.append((trial, outcome))
        if not self._gathers or len(self._unchecked) > _MOST_UNCHECKED:
            self.settle(len(self._unchecked))

    def settle(self, most: int) -> None:
        """Check some of the trials that were recorded, and show them to the readers."""
        while most > 0 and self._unchecked:
            most -= 1
            trial, outcome = self._unchecked.popleft()
            checked = self._check(trial)
            if self._catalogue is not None:
                self._catalogue.recorded(trial.case, outcome, checked)
        # Readers have their turn after this.
        self.commit()

    def review(self, trial: Trial) -> Place | None:
        """Check a trial of an earlier attempt again: outputs are kept, checks are always this attempt's."""
        self._crashed += trial.failed
        place = self._check(trial)
        self.commit()
        return place

    def checked(self, checked: Checked) -> None:
        """What somebody else's checks say of a trial."""
        self._say(checked)
        self.commit()

    def commit(self) -> None:
        """Write what was gathered."""
        self._writer.flush()

    def flush(self) -> None:
        """Check what is not checked yet, and write everything."""
        self.settle(len(self._unchecked))

    def test(self, test: TestRun) -> None:
        """How one of the user's own tests ended."""
        self._append(TestRun.KIND, test.body())

    def stray(self, stray: Stray | FileRead) -> None:
        """What crossed the boundary and belongs to no trial; at once, for the run may be killed before its end."""
        self._append(stray.KIND, stray.body())

    def open_shard(self, name: str, planned: int) -> None:
        """A worker begins; until it closes its shard the run is not complete."""
        self._shards[name] = Shard(name=name, planned=planned)

    def close_shard(self, shard: Shard) -> None:
        """A worker's last word, or with `closed` false what is known of one that died."""
        opened = self._shards.pop(shard.name, None)
        self._lost_shard |= not shard.closed or opened is None or shard.run != shard.planned
        self._append(Shard.KIND, shard.body())

    def account(self, shard: Shard) -> None:
        """What was read of what should have been: being short is for the judge to weigh, the run itself is whole."""
        self._append(Shard.KIND, shard.body())

    def close(self, *, complete: bool = True, planned: int | None = None, left: str | None = None) -> RunClosed:
        """Write `run_closed` and let go of the file. Complete only if asked to be and nothing is missing.

        `planned` is for runs that could not say beforehand how many trials they have, `left` the subject where its
        files changed meanwhile. Whoever is asked has to be gone before.
        """
        if self.closed is not None:
            return self.closed
        self.flush()
        for shard in list(self._shards.values()):
            self.close_shard(shard)
        whole = complete and not self._lost_shard and self._finished(planned)
        closed = RunClosed(at=self._stamp(), complete=whole, counts=self.counts, left=left)
        self._append(RunClosed.KIND, closed.body())
        self._writer.close()
        self.closed = closed
        return closed

    def abandon(self) -> None:
        """Let go of the ledger as it is, unclosed, as a killed broker would; it can be resumed."""
        self._writer.abandon()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.closed is not None:
            return
        try:
            self.close(complete=False)
        except LedgerError:
            # The error that broke the ledger is on its way already; a second one would hide it.
            self.abandon()
            if error is None:
                raise

    def _finished(self, planned: int | None) -> bool:
        done = self._run + self._abandoned + self._ended
        return self._begun == self._ended and done == (self.started.expected.trials if planned is None else planned)

    def _check(self, trial: Trial) -> Place | None:
        said = self._examine(trial) if self._examine is not None else None
        if said is None:
            return None
        self._scored += "error" not in said.results.values()
        return self._say(said)

    def _say(self, said: Checked) -> Place:
        body: dict[str, Json] = {
            "case_id": said.case_id,
            "repeat": said.repeat,
            "results": said.results,
            "findings": encode_shared(said.findings) if said.findings else [],
            "self_reported": said.self_reported,
        }
        if said.scores:
            body["scores"] = dict(said.scores)
        return self._append("checked", body, held=self._gathers)

    def _append(self, kind: str, body: dict[str, Json], *, held: bool = False) -> Place:
        place = self._begins + self._writer.size_bytes
        self._writer.append(kind, body, held=held)
        return place


_MOST_UNCHECKED = 128
"""A judge keeps twice as many outcomes that wait for their results."""


def _outcome(trial: Trial, run_id: str, at: str) -> dict[str, Json]:
    return {
        "case_id": trial.case.id,
        "repeat": trial.repeat,
        "run_id": run_id,
        "at": at,
        "outputs": [encode_shared(output) for output in trial.outputs],
        "observations": encode_shared(trial.observations) if trial.observations else [],
    }
