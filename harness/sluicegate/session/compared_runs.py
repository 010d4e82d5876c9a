"""A run to be compared: found where the user says it lies, read whole, and known by what it was measured with."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sluicegate.checks import CHECKS
from sluicegate.errors import Fault, InputError
from sluicegate.frozen import frozen
from sluicegate.ledger import Checked, Intent, LedgerError, LedgerReader, Outcome, RunStarted, entry
from sluicegate.model import Case, Origin, Trial
from sluicegate.session.workspace import AttemptFolder

__all__ = ["ComparedRun", "NotComparable", "differences", "own_results", "read_run"]

_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
_SHOWN = 5


class NotComparable(LedgerError):  # noqa: N818 - an answer about evidence, not a failure of ours
    """A run that cannot be read, or two that were not measured alike; doors exit with 30."""


@frozen
class ComparedRun:
    """One side."""

    name: str
    """As the user gave it."""
    ledgers: tuple[Path, ...]
    started: RunStarted
    """Of the newest ledger."""
    cases: Mapping[str, str]
    """Case id to the digest of its content."""

    def trials(self) -> Iterator[tuple[Trial, dict[str, str], dict[str, float]]]:
        """Every trial with its recorded results and scores; one recorded twice comes twice. Raises LedgerError."""
        said = _Said()
        for path in self.ledgers:
            said.hear(path)
        for path in self.ledgers:
            known: dict[str, Case] = {}
            for record in LedgerReader(path):
                if record.kind == Intent.KIND:
                    intent = entry(record, str(path))
                    assert isinstance(intent, Intent)  # noqa: S101 - the kind was looked at
                    if intent.case is not None:
                        known[intent.case_id] = intent.case
                elif record.kind == Outcome.KIND:
                    outcome = entry(record, str(path))
                    assert isinstance(outcome, Outcome)  # noqa: S101 - the kind was looked at
                    if (case := known.get(outcome.case_id)) is None:
                        what = f"the outcome of '{outcome.case_id}' answers no intent with its case."
                        raise NotComparable(Fault(where=str(path), what=what))
                    key = (outcome.case_id, outcome.repeat)
                    yield outcome.trial(case), said.results.get(key, {}), said.scores.get(key, {})

    def lost(self) -> Iterator[tuple[str, int]]:
        """Trials that began and never ended, in the order of their beginning."""
        for path in self.ledgers:
            begun: dict[tuple[str, int], None] = {}
            for record in LedgerReader(path):
                if record.kind == Intent.KIND:
                    begun[str(record.body["case_id"]), int(record.body["repeat"])] = None
                elif record.kind == Outcome.KIND:
                    begun.pop((str(record.body["case_id"]), int(record.body["repeat"])), None)
            yield from begun


@dataclass(slots=True)
class _Said:
    """What checks and scorers said of each trial; of two answers the worse."""

    results: dict[tuple[str, int], dict[str, str]] = field(default_factory=dict)
    scores: dict[tuple[str, int], dict[str, float]] = field(default_factory=dict)

    def hear(self, path: Path) -> None:
        for record in LedgerReader(path):
            if record.kind != Checked.KIND:
                continue
            checked = entry(record, str(path))
            assert isinstance(checked, Checked)  # noqa: S101 - the kind was looked at
            key = (checked.case_id, checked.repeat)
            known = self.results.setdefault(key, {})
            for name, result in checked.results.items():
                if _WEIGHT[result] >= _WEIGHT.get(known.get(name, ""), -1):
                    known[name] = result
            self.scores.setdefault(key, {}).update(checked.scores)


_WEIGHT = {"not_applicable": 0, "pass": 1, "error": 2, "fail": 3}


def read_run(given: Path, *, origin: Origin | None = None) -> ComparedRun:
    """The run at a ledger file, an attempt's folder, a stage's (its newest attempt), or evidence of a single stage.

    Of golden and suite evidence in one attempt `origin` chooses; without it golden comes first. Raises InputError where
    there is no run, and NotComparable for ledgers that are damaged, unended, or of several subjects.
    """
    by_origin: dict[Origin, list[tuple[Path, RunStarted, dict[str, str], bool]]] = {}
    for path in _ledgers(given):
        started, cases, complete = _opened(path)
        by_origin.setdefault(started.origin, []).append((path, started, cases, complete))
    pinned = [each for each in (Origin.GOLDEN, Origin.SUITE) if each in by_origin]
    chosen = origin or (pinned[0] if pinned else None)
    if chosen not in by_origin:
        if Origin.LOAD in by_origin:
            what = "is a load run: its requests are no trials of the same cases, which could be paired."
            mend = "Compare load by a line than: baseline, recorded with: sluicegate load --baseline"
            raise InputError(Fault(where=str(given), what=what, mend=mend))
        held = ", ".join(sorted(each.value for each in by_origin)) or "nothing"
        what = f"holds no {'golden or suite' if chosen is None else chosen.value} run; it holds {held}."
        raise InputError(Fault(where=str(given), what=what, mend="Name the folder of an attempt, or its ledger."))
    parts = by_origin[chosen]
    path, started, _, complete = parts[-1]
    if not complete:
        raise NotComparable(Fault(where=str(path), what="the run did not end.", mend="Run: sluicegate collect"))
    merged: dict[str, str] = {}
    for _, other, cases, _ in parts:
        if (other.subject, other.fingerprint) != (started.subject, started.fingerprint):
            what = "its ledgers are of several subjects, or were measured differently."
            raise NotComparable(Fault(where=str(given), what=what, mend="Name one ledger."))
        merged |= cases
    return ComparedRun(name=str(given), ledgers=tuple(each[0] for each in parts), started=started, cases=merged)


def differences(base: ComparedRun, candidate: ComparedRun) -> list[str]:
    """What keeps two runs from being compared, one line a field; empty where they were measured alike."""
    one, two = base.started, candidate.started
    said = []
    if one.fingerprint and two.fingerprint:
        for name in sorted(one.fingerprint.keys() | two.fingerprint.keys()):
            was, now = one.fingerprint.get(name), two.fingerprint.get(name)
            if was != now:
                said.append(f"{name}: {_short(was)} in the base, {_short(now)} in the candidate")
    elif one.apparatus != two.apparatus:
        named = [name for name in ("plan_digest", "lock_digest", "engine") if getattr(one, name) != getattr(two, name)]
        said.append(f"apparatus ({', '.join(named) or 'case files'}); one of the runs says no more of itself")
    changed = sorted(
        name for name in base.cases.keys() & candidate.cases.keys() if base.cases[name] != candidate.cases[name]
    )
    if changed:
        more = f" and {len(changed) - _SHOWN:,} more" if len(changed) > _SHOWN else ""
        said.append(f"dataset: other content under the same id in {', '.join(changed[:_SHOWN])}{more}")
    return said


def _short(value: str | None) -> str:
    if value is None:
        return "nothing"
    return value[:12] if len(value) == 64 else value


def _ledgers(given: Path) -> Sequence[Path]:
    if given.is_file():
        return (given,)
    if not given.is_dir():
        mend = "Name a ledger, or the folder of an attempt: .sluicegate/preflight/1"
        raise InputError(Fault(where=str(given), what="is not there.", mend=mend))
    found = AttemptFolder(path=given, number=1).ledgers
    if found:
        return found
    numbered = sorted((int(path.name), path) for path in given.glob("*") if _NUMBER.fullmatch(path.name))
    attempts = [AttemptFolder(path=path, number=number).ledgers for number, path in numbered]
    if attempts := [each for each in attempts if each]:
        return attempts[-1]
    stages = sorted(path for path in given.glob("*") if path.is_dir() and list(path.glob("*/ledger-*.jsonl")))
    if len(stages) == 1:
        return _ledgers(stages[0])
    mend = f"Name one of: {', '.join(str(path) for path in stages)}." if stages else "Run: sluicegate collect"
    what = "holds the runs of several stages." if stages else "holds no ledger."
    raise InputError(Fault(where=str(given), what=what, mend=mend))


def _opened(path: Path) -> tuple[RunStarted, dict[str, str], bool]:
    """The first record, the digests of the cases, and whether the run ended; the file is verified to its end."""
    reader = LedgerReader(path)
    started: RunStarted | None = None
    cases: dict[str, str] = {}
    for record in reader:
        if record.kind == RunStarted.KIND:
            said = entry(record, str(path))
            assert isinstance(said, RunStarted)  # noqa: S101 - the kind was looked at
            started = said
        elif record.kind == Intent.KIND:
            cases[str(record.body["case_id"])] = str(record.body["case_digest"])
    if reader.broken is not None:
        raise NotComparable(reader.broken)
    if started is None:
        raise NotComparable(Fault(where=str(path), what="is no ledger of a run."))
    return started, cases, reader.complete


def own_results(results: Mapping[str, str]) -> dict[str, str]:
    """Results of a user's own checks, which cannot be asked again here."""
    return {name: result for name, result in results.items() if name not in CHECKS}
