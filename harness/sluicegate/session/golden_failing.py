"""The cases of recorded runs that failed, with what they failed on: from the evidence, its chain verified."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sluicegate.checks import CheckConfig
from sluicegate.checks.success import success
from sluicegate.errors import Fault, InputError
from sluicegate.frozen import frozen
from sluicegate.ledger import Checked, Intent, LedgerReader, Outcome, RunStarted, entry, read_ledger
from sluicegate.ledger.trials import TrialJoin
from sluicegate.model import Case, Origin, Trial
from sluicegate.session.workspace import AttemptFolder, Workspace

__all__ = ["Failing", "failing_cases", "ledgers_of"]

_LOST = "began and never ended"
_REFUSED = "not a success"
_BAD = frozenset({"fail", "error"})


@frozen
class Failing:
    """One case that failed in a run."""

    case: Case
    reasons: tuple[str, ...]
    """Checks that failed, and what else was wrong; each once."""
    ledger: Path
    started: RunStarted
    run_id: str

    @property
    def is_golden(self) -> bool:
        """It was run as a case of a golden set."""
        return self.started.origin is Origin.GOLDEN


@dataclass(slots=True)
class _Trial:
    """What is wrong with one trial, as far as it is known."""

    ended: str = ""
    checks: tuple[str, ...] = ()


@dataclass(slots=True)
class _Read:
    """One ledger: its trials that failed, and the run it is of."""

    started: RunStarted | None = None
    trials: dict[tuple[str, int], _Trial] = field(default_factory=dict)
    """Of every trial that ended or was checked in this file, where something is wrong; else absent."""
    sound: set[tuple[str, int]] = field(default_factory=set)


def ledgers_of(path: Path, stage: str | None = None) -> list[Path]:
    """The ledgers that are meant, oldest first: a file, an attempt's folder, or the newest attempt of a plan's stage.

    Raises InputError.
    """
    if path.suffix in (".yaml", ".yml"):
        workspace = Workspace(path)
        attempts = workspace.attempts(workspace.stage(stage).name)
        found = attempts[-1].ledgers if attempts else []
        mend = f"Run: sluicegate collect {path}"
    elif path.is_dir():
        found, mend = AttemptFolder(path=path, number=1).ledgers, "Name a ledger, or the folder of one attempt."
    else:
        return [path]
    if not found:
        raise InputError(Fault(where=str(path), what="Holds no ledger.", mend=mend))
    return found


def failing_cases(ledgers: Sequence[Path]) -> list[Failing]:
    """Each case of which a trial failed, crashed or never ended, in the order of the ledgers.

    What a later ledger says of a trial stands. Raises InputError for a ledger whose chain is broken.
    """
    reads = {path: _read(path) for path in ledgers}
    settled: dict[tuple[str, int], Path] = {}
    for path, read in reads.items():
        settled.update(dict.fromkeys([*read.sound, *read.trials], path))
    wrong: dict[Path, dict[str, list[str]]] = {}
    for path, read in reads.items():
        for key, trial in read.trials.items():
            if settled[key] == path:
                reasons = wrong.setdefault(path, {}).setdefault(key[0], [])
                said = (trial.ended, *trial.checks) if trial.ended != _REFUSED else trial.checks or (_REFUSED,)
                reasons += [reason for reason in said if reason and reason not in reasons]
    found: dict[str, Failing] = {}
    for path, reasons_of in wrong.items():
        for case, run_id in _cases(ledgers, set(reasons_of)):
            if case.id not in found:
                found[case.id] = _failing(case, run_id, path, reads[path], reasons_of[case.id])
    return list(found.values())


def _failing(case: Case, run_id: str, path: Path, read: _Read, reasons: list[str]) -> Failing:
    assert read.started is not None  # noqa: S101 - a chain that is not broken begins with it
    return Failing(case=case, reasons=tuple(reasons), ledger=path, started=read.started, run_id=run_id)


def _read(path: Path) -> _Read:
    read, reader = _Read(), read_ledger(path)
    join = TrialJoin()
    for record in reader:
        where = reader.where(record.seq)
        if record.kind == RunStarted.KIND:
            started = entry(record, where)
            assert isinstance(started, RunStarted)  # noqa: S101 - the kind was looked at
            read.started = started
            join = TrialJoin(repeats=max(1, started.expected.trials // max(1, started.expected.cases)))
        elif record.kind in (Intent.KIND, Outcome.KIND):
            ended = join.feed(record, where)
            if ended is not None:
                _note_end(read, ended.trial)
        elif record.kind == Checked.KIND:
            checked = entry(record, where)
            assert isinstance(checked, Checked)  # noqa: S101 - the kind was looked at
            _note_checks(read, checked)
    _refuse_broken(reader)
    for intent in join.unfinished():
        read.trials[intent.case_id, intent.repeat] = _Trial(ended=_LOST)
    return read


def _note_end(read: _Read, trial: Trial) -> None:
    """Crash, limits and rules of the case are looked at again; no recorded pass is believed."""
    key = (trial.case.id, trial.repeat)
    crashed = next((output.error.kind.value for output in trial.outputs if output.error is not None), "")
    if success(trial, CheckConfig()) is False:
        read.trials[key] = _Trial(ended=f"crash: {crashed}" if trial.failed else _REFUSED)
    else:
        read.sound.add(key)


def _note_checks(read: _Read, checked: Checked) -> None:
    key = (checked.case_id, checked.repeat)
    failed = tuple(name for name, result in checked.results.items() if result in _BAD)
    if failed:
        read.trials.setdefault(key, _Trial()).checks += failed
    elif key not in read.trials:
        read.sound.add(key)


def _refuse_broken(reader: LedgerReader) -> None:
    if reader.broken is not None:
        raise InputError(reader.broken)


def _cases(ledgers: Sequence[Path], ids: set[str]) -> Iterator[tuple[Case, str]]:
    """The cases of these ids with a run id each, wherever their first intent stands."""
    left = set(ids)
    for path in ledgers:
        reader = read_ledger(path)
        for record in reader:
            if record.kind == Intent.KIND and record.body.get("case_id") in left:
                intent = entry(record, reader.where(record.seq))
                assert isinstance(intent, Intent)  # noqa: S101 - the kind was looked at
                if intent.case is not None:
                    left.discard(intent.case_id)
                    yield intent.case, intent.run_id
