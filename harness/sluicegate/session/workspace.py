"""Where one rollout's plan, lock, state and evidence lie, and what they say before anything runs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from sluicegate.checks.prices import price_table
from sluicegate.errors import Fault, InputError
from sluicegate.frozen import frozen
from sluicegate.ledger import StateView, read_state
from sluicegate.plan.lines import BASELINE, references
from sluicegate.plan.lock import Lock, lock_digest, lock_path, read_lock
from sluicegate.plan.reader import read_plan
from sluicegate.plan.types import Plan, Stage
from sluicegate.resources import VERSION
from sluicegate.sources.scorers import scorer_digests, stage_scorers
from sluicegate.sources.served import unnamed_files
from sluicegate.sources.subject import apparatus_digest, imports_part, measuring_parts, subject_digest

__all__ = ["EVIDENCE_FOLDER", "AttemptFolder", "PlanError", "Workspace"]

_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
_LEDGER = re.compile(r"ledger-([1-9][0-9]{0,8})\.jsonl")
EVIDENCE_FOLDER = ".sluicegate"


class PlanError(InputError):
    """Plan or lock cannot be used; doors exit with 40."""


@frozen
class AttemptFolder:
    """`<evidence>/<stage>/<attempt>/`: ledgers of one attempt, in the order written, and the verdict on it."""

    path: Path
    number: int

    @property
    def ledgers(self) -> list[Path]:
        """Ledger files, oldest first."""
        # A copy or a backup lying beside them is no ledger of the attempt, and must not keep it from being judged.
        found = {
            int(named[1]): path for path in self.path.glob("ledger-*.jsonl") if (named := _LEDGER.fullmatch(path.name))
        }
        return [found[number] for number in sorted(found)]

    def next_ledger(self) -> Path:
        """The path of a new ledger file; nothing is made."""
        last = int(self.ledgers[-1].stem.rpartition("-")[2]) if self.ledgers else 0
        return self.path / f"ledger-{last + 1}.jsonl"


class Workspace:
    """A plan with its lock, its state and its evidence folder. Reading happens on first use."""

    def __init__(
        self,
        plan_path: Path,
        *,
        evidence: Path | None = None,
        plan: Plan | None = None,
        rerun: tuple[str, ...] = (),
        kept: tuple[str, ...] | None = None,
    ) -> None:
        self.plan = plan or _plan(plan_path)
        self.base = self.plan.path.resolve().parent
        """Folder of the plan; patterns and targets are relative to it."""
        self.evidence = evidence or self.base / EVIDENCE_FOLDER
        self.rerun = rerun
        """Words of the command that runs one case again, where that is not the plan's gate command."""
        usual = self.evidence.resolve() == self.base / EVIDENCE_FOLDER
        self.kept = (() if usual or rerun else ("--evidence", str(self.evidence))) if kept is None else kept
        """Words that name the folder of the evidence to a command: none where it is the usual one, or `rerun` knows."""
        self.beside: Workspace | None = None
        """The workspace that this one stands aside of; what it holds is no part of what serves either."""
        self._apparatus: dict[str, str] = {}

    @cached_property
    def lock(self) -> Lock:
        """The lock beside the plan. Raises PlanError when missing, unreadable or written for another plan."""
        path = lock_path(self.plan.path)
        if not path.exists():
            what = "there is no lock, so nothing says which cases and checks must have run."
            raise PlanError(Fault(where=str(path), what=what, mend=f"Run: sluicegate plan lock {self.plan.path}"))
        try:
            lock = read_lock(path)
        except InputError as error:
            raise PlanError(error.faults) from None
        if lock.plan_digest != self.plan.digest:
            what = "the lock was written for another version of this plan."
            mend = f"Review the change, then run: sluicegate plan lock {self.plan.path}"
            raise PlanError(Fault(where=str(path), what=what, mend=mend))
        return lock

    @cached_property
    def lock_digest(self) -> str:
        """SHA-256 of the lock."""
        return lock_digest(self.lock)

    @cached_property
    def _subject(self) -> tuple[str, dict[str, str]]:
        return self._subject_now(self.unnamed)

    @cached_property
    def unnamed(self) -> Mapping[str, Path]:
        """Name to file: what the pipeline runs of the user's own code that no part of the subject names."""
        return unnamed_files(self.plan.subject, self.plan.pipeline, self.base)

    def _subject_now(self, unnamed: Mapping[str, Path]) -> tuple[str, dict[str, str]]:
        places = [self] if self.beside is None else [self, self.beside]
        aside = [path for each in places for path in (each.evidence, each.plan.state) if path is not None]
        return subject_digest(self.plan.subject, self.base, aside=aside, unnamed=unnamed)

    def deployed_since(self) -> str:
        """Why what serves is not what it was at first, where it is asked or read from files; empty while it is.

        A commit is not read again: what the run itself leaves in the tree would make it dirty.
        """
        spec = replace(self.plan.subject, git=None)
        if spec.by_word and not self.unnamed:
            return ""
        try:
            _, now = subject_digest(spec, self.base, unnamed=self.unnamed)
        except InputError as error:
            return f"what serves cannot be told any more: {error}"
        other = sorted(name for name, said in now.items() if self.subject_parts.get(name) != said)
        if not other:
            return ""
        if self._are_files(other):
            return (
                f"files of the subject ({', '.join(other)}) changed while the cases ran: they are evidence of neither"
            )
        return "another build was deployed while the cases ran: they are evidence of neither"

    def subject_left(self) -> str | None:
        """The subject as its files lie now, where they are others than at first; None where only files cannot tell."""
        try:
            # Read anew: what was edited may import what it did not before.
            left, parts = self._subject_now(unnamed_files(self.plan.subject, self.plan.pipeline, self.base))
        except InputError:
            return None  # what cannot be told now cannot be told apart later
        other = {name for name, said in parts.items() if self.subject_parts.get(name) != said}
        return left if other and self._are_files(other) else None

    def _are_files(self, parts: Iterable[str]) -> bool:
        """Whether all these parts are files that lie here."""
        spec = self.plan.subject
        return {*parts} <= {*spec.files, imports_part(spec)}

    @property
    def subject(self) -> str:
        """Digest of what serves. Raises InputError when it cannot be told."""
        return self._subject[0]

    def subject_or_last(self) -> tuple[str, Mapping[str, str], InputError | None]:
        """What serves with its parts; where it cannot be told, what the state file names last, and why.

        Raises InputError when it cannot be told and nothing was ever noted.
        """
        try:
            return self.subject, self.subject_parts, None
        except InputError as error:
            state = self.state()
            events = state.events if state is not None else ()
            noted = [event.subject for event in events if isinstance(getattr(event, "subject", None), str)]
            if not noted:
                raise
            return noted[-1], {}, error

    def subject_at(self, stage: str) -> tuple[str, InputError | None]:
        """What serves; where it cannot be told, what the state file names last at this stage, and why. As above."""
        subject, _, untold = self.subject_or_last()
        state = self.state()
        if untold is not None and state is not None:
            at_stage = [event.subject for event in state.events if stage in _stages_of(event)]
            subject = at_stage[-1] if at_stage else subject
        return subject, untold

    @property
    def subject_parts(self) -> Mapping[str, str]:
        """The parts of the subject by name."""
        return self._subject[1]

    def apparatus(self, stage: str) -> str:
        """Digest of what measures at this stage: plan, lock, case files, engine, prices, the user's own scorers."""
        if stage not in self._apparatus:
            locked = self.lock.stages.get(stage)
            files = dict(locked.case_files) if locked else {}
            prices = price_table() if locked is not None and "budget" in locked.suites else None
            own = next((each for each in self.plan.stages if each.name == stage), None)
            scorers = stage_scorers(self.plan, own, self.base) if own is not None else {}
            digest, _ = apparatus_digest(
                self.plan, lock=self.lock, case_files=files, engine=VERSION, prices=prices, scorers=scorers
            )
            self._apparatus[stage] = digest
        return self._apparatus[stage]

    @cached_property
    def fingerprint(self) -> Mapping[str, str]:
        """What two runs must have in common to be compared, part by part."""
        parts = measuring_parts(self.plan, contracts=self.lock.contracts, engine=VERSION)
        return parts | {f"scorer {name}": digest for name, digest in scorer_digests(self.plan, self.base).items()}

    def state(self) -> StateView | None:
        """The state file as it is now; None when the plan names none.

        Evidence is never taken without a note of it in the state: where there is the one and not the other, the file
        is lost, which is not the same as a rollout that has not begun.
        """
        if self.plan.state is None:
            return None
        state = read_state(self.plan.state)
        if not state.missing or not any(one.ledgers for stage in self.plan.stages for one in self.attempts(stage.name)):
            return state
        what = "the state file is gone, and evidence of attempts is there."
        mend = f"Restore it from its protected place; to begin anew, remove {self.evidence} as well."
        return replace(state, broken=Fault(where=str(state.path), what=what, mend=mend))

    def aside(self, evidence: Path | None = None) -> Workspace:
        """The same plan with evidence of its own and no state: looking at some cases must not change what is judged.

        The evidence lies in a new folder beside the other, or where `evidence` says.
        """
        folder = self.evidence / "selected"
        number = 1 + max((int(path.name) for path in folder.glob("*") if _NUMBER.fullmatch(path.name)), default=0)
        plan, evidence = replace(self.plan, state=None), evidence or folder / str(number)
        made = Workspace(plan.path, evidence=evidence, plan=plan, rerun=self.rerun, kept=self.kept)
        made.beside = self
        return made

    def stage(self, name: str | None = None, *, where: str = "--stage") -> Stage:
        """The stage of that name, or the one the state file says the rollout is at (the first, before any entry)."""
        if name is None:
            state = self.state()
            entered = state.entries[-1].stage if state and state.entries else None
            name = entered if entered in {stage.name for stage in self.plan.stages} else self.plan.stages[0].name
        try:
            return self.plan.stage(name)
        except KeyError:
            from sluicegate.errors import nearest

            names = [stage.name for stage in self.plan.stages]
            mend = nearest(name, names) or f"The plan has {', '.join(names)}."
            raise InputError(Fault(where=where, what=f"'{name}' is no stage of {self.plan.name}.", mend=mend)) from None

    def attempts(self, stage: str) -> list[AttemptFolder]:
        """Attempts at this stage, oldest first."""
        folder = self.evidence / stage
        found = (path for path in folder.glob("*") if _NUMBER.fullmatch(path.name) and path.is_dir())
        return [AttemptFolder(path=path, number=int(path.name)) for path in sorted(found, key=lambda p: int(p.name))]

    def new_attempt(self, stage: str) -> AttemptFolder:
        """The folder of the next attempt; nothing is made. A number that the state has noted is never given again."""
        state = self.state()
        noted = [] if state is None else [item.attempt for item in state.attempts if item.stage == stage]
        number = max([*noted, *(attempt.number for attempt in self.attempts(stage))], default=0) + 1
        return AttemptFolder(path=self.evidence / stage / str(number), number=number)

    def recordings(self) -> list[Path]:
        """Ledgers of recorded measurements and attestations, oldest first."""
        return sorted((self.evidence / "recorded").glob("*.jsonl"))

    def ledgers(self, stage: str) -> Iterator[Path]:
        """Every ledger the judge of this stage reads: recordings, stages its lines compare with, its own attempts."""
        yield from self.recordings()
        for name in (*self._compared(stage), stage):
            for attempt in self.attempts(name):
                yield from attempt.ledgers

    def baseline(self, stage: str) -> list[Path]:
        """Ledgers of the run that was recorded last as the baseline, where a line of this stage compares with one."""
        attempts = self.attempts(BASELINE) if BASELINE in self._named(stage) else []
        return attempts[-1].ledgers if attempts else []

    def _named(self, stage: str) -> set[str]:
        """What the relative lines of a stage compare with, by the names they use."""
        named: set[str] = set()
        for criterion in self.plan.stage(stage).criteria:
            named.update(references((criterion.promote, criterion.alert, criterion.rollback)))
        return named

    def _compared(self, name: str) -> list[str]:
        """Stages that relative lines of this one name, in the order of the plan."""
        stages = [stage.name for stage in self.plan.stages]
        named = self._named(name)
        here = stages.index(name)
        if "previous" in named and here:
            named.add(stages[here - 1])
        return [stage for stage in stages if stage in named and stage != name]


def _stages_of(event: object) -> tuple[object, ...]:
    return tuple(getattr(event, name, None) for name in ("stage", "from_stage", "to_stage"))


def _plan(path: Path) -> Plan:
    try:
        return read_plan(path)
    except InputError as error:
        raise PlanError(error.faults) from None
