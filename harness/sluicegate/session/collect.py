"""Evidence for one stage: every pinned case through the pipeline once, surrounded by doubles, into a ledger."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sluicegate.broker.broker import Broker
from sluicegate.checks import CheckConfig
from sluicegate.errors import Fault, InputError, nearest
from sluicegate.ledger import Expected, LedgerReader, Resumed, RunStarted, append_state, resume
from sluicegate.model import Capability, Case, Counts, Origin, digest_of, now_utc, parse_time, rfc3339
from sluicegate.pipelines.build import make_pipeline, notes_of, open_pipeline
from sluicegate.plan.lock import LockedStage
from sluicegate.plan.types import CallableTarget, CommandTarget, HttpTarget, Stage
from sluicegate.resources import VERSION
from sluicegate.runner import Progress, drive, interruptible
from sluicegate.session.contracts import check_config, compile_contracts
from sluicegate.session.examine import examiner
from sluicegate.session.stage_cases import StageCases, stage_cases
from sluicegate.session.workspace import AttemptFolder, PlanError, Workspace

if TYPE_CHECKING:
    from sluicegate.doubles.server import Doubles

__all__ = ["Collected", "Collection", "collect"]

_DOUBLED = frozenset({Capability.MODEL, Capability.TOOLS, Capability.RETRIEVAL, Capability.STREAMING})
"""A pipeline that declares one of these calls something the doubles stand in for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What a collection did."""

    ledgers: tuple[Path, ...]
    counts: Counts
    complete: bool
    reused: str | None = None
    """When the evidence that still serves was taken, where nothing had to run."""
    notes: tuple[str, ...] = ()


class Collection:
    """Everything one stage's run needs, read and checked before anything starts."""

    def __init__(self, workspace: Workspace, stage: Stage) -> None:
        self.workspace = workspace
        self.stage = stage
        plan = workspace.plan
        self.locked = workspace.lock.stages.get(stage.name, LockedStage())
        contracts = compile_contracts(plan, workspace.base, workspace.lock.models)
        self.config: CheckConfig = check_config(plan, contracts)
        self.cases: StageCases = stage_cases(plan, stage, workspace.base)
        self._check_lock(contracts)

    @property
    def origins(self) -> list[Origin]:
        """What has cases to run."""
        return [origin for origin in (Origin.SUITE, Origin.GOLDEN) if self.cases.of(origin)]

    def trials(self, origin: Origin, only: frozenset[str] | None = None) -> list[tuple[Case, int]]:
        """Every trial of an origin, repeats of a case side by side; `only` narrows it to some case ids."""
        cases = [case for case in self.cases.of(origin) if only is None or case.id in only]
        return [(case, repeat) for case in cases for repeat in range(self.workspace.plan.repeats)]

    def started(
        self, origin: Origin, attempt: int, trials: Sequence[tuple[Case, int]], previous: Resumed | None
    ) -> RunStarted:
        """The first record of a run."""
        workspace = self.workspace
        ids = sorted({case.id for case, _ in trials})
        return RunStarted(
            schema_version=1,
            nonce=previous.started[0].nonce if previous and previous.started else secrets.token_hex(16),
            at=rfc3339(now_utc()),
            origin=origin,
            stage=self.stage.name,
            attempt=attempt,
            subject=workspace.subject,
            subject_parts=workspace.subject_parts,
            apparatus=workspace.apparatus(self.stage.name),
            plan_digest=workspace.plan.digest,
            lock_digest=workspace.lock_digest,
            engine=VERSION,
            previous=previous.head if previous else None,
            pipeline=_kind(workspace),
            capabilities=tuple(sorted(workspace.plan.pipeline.capabilities)),
            expected=Expected(cases=len(ids), trials=len(trials), ids_digest=digest_of(ids)),
        )

    def _check_lock(self, contracts: Mapping[str, object]) -> None:
        faults = []
        for suite, cases in self.cases.by_suite.items():
            pinned = dict(self.locked.suites[suite].cases) if suite in self.locked.suites else {}
            seen = {case.id: case.digest() for case in cases}
            if pinned != seen:
                gone, new = len(pinned.keys() - seen.keys()), len(seen.keys() - pinned.keys())
                changed = sum(pinned[key] != seen[key] for key in pinned.keys() & seen.keys())
                what = f"suite {suite} has other cases than the lock pins: {gone} gone, {new} new, {changed} changed."
                faults.append(what)
        locked = self.workspace.lock.contracts
        for name, contract in contracts.items():
            if locked.get(name) != getattr(contract, "digest", None):
                faults.append(f"the contract of {name} is not the one the lock pins.")
        if faults:
            plan = self.workspace.plan.path
            mend = f"Review the change, then run: sluicegate plan lock {plan}"
            raise PlanError([Fault(where=str(plan), what=what, mend=mend) for what in faults])


async def collect(
    collection: Collection,
    *,
    progress: Progress | None = None,
    only: frozenset[str] | None = None,
    again: bool = False,
    tell: Callable[[int], None] | None = None,
) -> Collected:
    """Run what is missing for the stage and say what stands in the ledgers.

    Closed evidence of the same subject, plan, lock and apparatus that is not stale is reused, unless `again`; an
    unclosed run is resumed: outcomes and crashes stay, only what never began is called. `only` runs some cases into a
    new attempt, which can never promote. Raises InputError; a LedgerError when evidence can no longer be written.
    """
    if only is not None:
        _check_selection(collection, only)
    folder, earlier = _folder(collection, fresh=again or only is not None)
    ledgers, counts, notes, complete, ran = [], Counts(), [], True, False
    progress = progress or Progress()
    for origin in collection.origins:
        trials = collection.trials(origin, only)
        if only is not None and not trials:
            continue
        previous = earlier.get(origin)
        if previous is not None and previous.closed:
            continue
        ran = True
        run = _Run(collection, folder, origin, trials, previous)
        closed, said = await run.go(progress, tell)
        ledgers.append(run.path)
        counts = _sum(counts, closed)
        notes += said
        complete = complete and closed.run == closed.planned
    if not ran:
        _note_attempt(collection.workspace, collection.stage, folder)
    reused = None if ran else max((p.started[-1].at for p in earlier.values()), default=None)
    return Collected(ledgers=tuple(ledgers), counts=counts, complete=complete, reused=reused, notes=tuple(notes))


def _check_selection(collection: Collection, only: frozenset[str]) -> None:
    """Before an attempt is begun for nothing."""
    known = {case.id for origin in collection.origins for case in collection.cases.of(origin)}
    if strangers := sorted(only - known):
        what = f"no case of stage '{collection.stage.name}' is called {', '.join(strangers)}."
        mend = nearest(strangers[0], known) or "Give ids as the report prints them."
        raise InputError(Fault(where="--case", what=what, mend=mend))


class _Run:
    """One origin's trials through the pipeline into one new ledger file."""

    def __init__(
        self,
        collection: Collection,
        folder: AttemptFolder,
        origin: Origin,
        trials: Sequence[tuple[Case, int]],
        previous: Resumed | None,
    ) -> None:
        self.collection = collection
        self.path = folder.next_ledger()
        self._folder = folder
        self._trials = trials
        self._previous = previous
        self._started = collection.started(origin, folder.number, trials, previous)
        self._examine = examiner(collection.cases.suites_of(origin), collection.config)

    async def go(self, progress: Progress, tell: Callable[[int], None] | None) -> tuple[Counts, list[str]]:
        """Run, close, count."""
        plan, base = self.collection.workspace.plan, self.collection.workspace.base
        doubles: Doubles | None = None
        if plan.pipeline.capabilities & _DOUBLED:
            from sluicegate.doubles.latency import Latencies
            from sluicegate.doubles.server import Doubles

            doubles = Doubles(tools=plan.tools, latencies=Latencies(seed=plan.seed))
            await doubles.start()
        notes: list[str] = []
        try:
            environment = dict(doubles.environment()) if doubles else {}
            pipeline = make_pipeline(plan.pipeline, base=base, endpoints=environment)
            try:
                await open_pipeline(pipeline)
            except BaseException:
                await pipeline.aclose()
                raise
            previous = self._previous
            skipped = (previous.run, len(previous.crashed)) if previous else (0, 0)
            _note_attempt(self.collection.workspace, self.collection.stage, self._folder)
            with Broker(self.path, self._started, examine=self._examine, resumed=skipped) as broker:
                stop = asyncio.Event()
                task = asyncio.current_task()
                assert task is not None  # noqa: S101 - a coroutine that runs is in a task
                progress.planned = (progress.planned or 0) + len(self._trials)
                complete = False
                try:
                    with interruptible(stop, task, **({"tell": tell} if tell else {})):
                        await drive(
                            pipeline,
                            previous.remaining(self._trials) if previous else self._trials,
                            recorder=broker,
                            boundary=doubles,
                            nonce=self._started.nonce,
                            concurrency=plan.concurrency,
                            stop=stop,
                            progress=progress,
                        )
                    complete = not stop.is_set()
                finally:
                    await pipeline.aclose()
                    if doubles is not None and (said := _unattributed(doubles)):
                        complete = False
                        notes += said
                broker.close(complete=complete)
                notes += notes_of(pipeline)
                return broker.counts, notes
        finally:
            if doubles is not None:
                await doubles.stop()


def _unattributed(doubles: Doubles) -> list[str]:
    """What crossed the boundary and belongs to no trial: the evidence is not whole."""
    said = []
    if doubles.unattributed:
        mend = "the pipeline passes neither its endpoints nor the x-sluicegate-run header on"
        said.append(f"{doubles.unattributed} requests at the doubles belong to no run: {mend}")
    if doubles.late:
        said.append(
            f"{doubles.late} requests came after their trial had answered: the pipeline goes on in the background"
        )
    return said


def _folder(collection: Collection, *, fresh: bool) -> tuple[AttemptFolder, dict[Origin, Resumed]]:
    """The attempt to write to, and what of it is done already, by origin."""
    workspace, stage = collection.workspace, collection.stage
    attempts = workspace.attempts(stage.name)
    if fresh or not attempts:
        return workspace.new_attempt(stage.name), {}
    last = attempts[-1]
    earlier: dict[Origin, Resumed] = {}
    for origin, paths in _by_origin(last.ledgers).items():
        found = resume(paths)
        if not all(_serves(collection, started) for started in found.started):
            return workspace.new_attempt(stage.name), {}
        earlier[origin] = found
    return last, earlier


def _note_attempt(workspace: Workspace, stage: Stage, folder: AttemptFolder) -> None:
    """Say in the state file that evidence is being taken.

    A state that should exist and does not is never made up, and a damaged one is left for the judge to see.
    """
    path = workspace.plan.state
    state = workspace.state()
    if path is None or state is None or state.broken is not None:
        return
    if state.missing and stage.name != workspace.plan.stages[0].name:
        return
    if not any(known.stage == stage.name and known.attempt == folder.number for known in state.attempts):
        body = {"stage": stage.name, "attempt": folder.number, "subject": workspace.subject, "at": rfc3339(now_utc())}
        append_state(path, "attempt", body)


def _by_origin(paths: Iterable[Path]) -> dict[Origin, list[Path]]:
    found: dict[Origin, list[Path]] = {}
    for path in paths:
        first = next(iter(LedgerReader(path)), None)
        if first is not None and first.kind == RunStarted.KIND:
            found.setdefault(Origin(first.body["origin"]), []).append(path)
    return found


def _serves(collection: Collection, started: RunStarted) -> bool:
    """Whether a run's evidence is about the same subject, taken with the same apparatus, and not stale."""
    workspace = collection.workspace
    age_s = (now_utc() - parse_time(started.at)).total_seconds()
    return (
        started.subject == workspace.subject
        and started.plan_digest == workspace.plan.digest
        and started.lock_digest == workspace.lock_digest
        and started.apparatus == workspace.apparatus(collection.stage.name)
        and started.engine == VERSION
        and age_s < workspace.plan.max_evidence_age_s
    )


def _sum(one: Counts, other: Counts) -> Counts:
    return Counts(
        planned=one.planned + other.planned,
        run=one.run + other.run,
        crashed=one.crashed + other.crashed,
        skipped=one.skipped + other.skipped,
        scored=one.scored + other.scored,
        not_applicable=one.not_applicable + other.not_applicable,
    )


def _kind(workspace: Workspace) -> str:
    match workspace.plan.pipeline.target:
        case CallableTarget():
            return "callable"
        case HttpTarget():
            return "http"
        case CommandTarget():
            return "command"
        case _:
            return "recording"
