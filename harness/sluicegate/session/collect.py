"""Evidence for one stage: every pinned case through the pipeline once, surrounded by doubles, into a ledger."""

from __future__ import annotations

import asyncio
import platform
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from sluicegate.broker.broker import Broker
from sluicegate.checks import SUITES, CheckConfig
from sluicegate.errors import Fault, InputError, nearest
from sluicegate.frozen import frozen
from sluicegate.ledger import MailLibrary, Resumed, RunStarted
from sluicegate.model import Case, Counts, Origin, Trial, now_utc, rfc3339
from sluicegate.plan.lock import LockedStage
from sluicegate.plan.locked_cases import LockedCases
from sluicegate.plan.stored_cases import StoredCases
from sluicegate.plan.types import CallableTarget, CommandTarget, HttpTarget, Stage
from sluicegate.resources import VERSION
from sluicegate.runner import Progress, drive, interruptible
from sluicegate.session.attempts import attempt_for, note_attempt
from sluicegate.session.contracts import check_config, compile_contracts
from sluicegate.session.examine import examiner
from sluicegate.session.own_scorers import own_scorers
from sluicegate.session.own_test_files import changed_tests
from sluicegate.session.production import production
from sluicegate.session.stage_cases import StageCases, stage_cases
from sluicegate.session.trials import Trials
from sluicegate.session.workspace import AttemptFolder, PlanError, Workspace

__all__ = ["Collected", "Collection", "collect"]

_OF_MAILS = frozenset({"headers", "recipients"})


@frozen
class Collected:
    """What a collection did."""

    ledgers: tuple[Path, ...]
    counts: Counts
    """Of this call and of the evidence it went on from."""
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
        for name in stage.requires.suites:
            if name in SUITES:
                SUITES[name].installed()
        self.cases: StageCases = stage_cases(plan, stage, workspace.base, self.locked)
        self._check_lock(contracts)

    @property
    def origins(self) -> list[Origin]:
        """What has cases to run."""
        return [origin for origin in (Origin.SUITE, Origin.GOLDEN) if self.cases.of(origin)]

    def trials(self, origin: Origin, only: frozenset[str] | None = None) -> Trials:
        """Every trial of an origin, repeats of a case side by side; `only` narrows it to some case ids."""
        cases = self.cases
        return Trials(cases.of(origin), cases.ids_of(origin), self.workspace.plan.repeats, only=only)

    def started(self, origin: Origin, attempt: int, trials: Trials, previous: Resumed | None) -> RunStarted:
        """The first record of a run."""
        workspace = self.workspace
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
            fingerprint=workspace.fingerprint,
            plan_digest=workspace.plan.digest,
            lock_digest=workspace.lock_digest,
            engine=VERSION,
            previous=previous.head if previous else None,
            pipeline=_kind(workspace),
            capabilities=tuple(sorted(workspace.plan.pipeline.capabilities)),
            expected=trials.expected(),
            mail_library=self._mail_library(origin),
        )

    def _mail_library(self, origin: Origin) -> MailLibrary | None:
        """Tried at the start, where a suite judges mails that are sent now."""
        asked = origin is Origin.SUITE and _OF_MAILS & set(self.cases.by_suite)
        if not asked or _kind(self.workspace) == "recording":
            return None
        from sluicegate.mail.profile import profile

        tried = profile()
        python = f"{platform.python_implementation()} {platform.python_version()}"
        return MailLibrary(python=python, tried=len(tried), holes=tuple(hole.name for hole in tried if hole.present))

    def _check_lock(self, contracts: Mapping[str, object]) -> None:
        faults = []
        digests: dict[int, str] = {}
        for suite, cases in self.cases.by_suite.items():
            pinned = self.locked.suites[suite].cases if suite in self.locked.suites else ()
            if (unlike := _unlike(pinned, cases, digests)) is not None:
                faults.append(f"suite {suite} has other cases than the lock pins: {unlike}.")
        locked = self.workspace.lock.contracts
        for name, contract in contracts.items():
            if locked.get(name) != getattr(contract, "digest", None):
                faults.append(f"the contract of {name} is not the one the lock pins.")
        faults += changed_tests(self.locked, self.workspace.base)
        if faults:
            plan = self.workspace.plan.path
            mend = f"Review the change, then run: sluicegate plan lock {plan}"
            raise PlanError([Fault(where=str(plan), what=what, mend=mend) for what in faults])


def _unlike(pinned: Sequence[tuple[str, str]], cases: Sequence[Case], digests: dict[int, str]) -> str | None:
    """How the cases of a suite differ from those pinned. `digests` are known of some, by identity."""
    if isinstance(cases, StoredCases):
        if cases.pins is pinned:
            return None
        seen: Iterable[tuple[str, str]] = cases.pins
    else:
        # Suites share most of their cases, and a digest costs as much as reading one.
        seen = {case.id: digests.get(id(case)) or digests.setdefault(id(case), case.digest()) for case in cases}.items()
    known = pinned if isinstance(pinned, LockedCases) else LockedCases(pinned)
    new = changed = alike = 0
    for case_id, digest in seen:
        number = known.ids.number(case_id)
        new += number is None
        is_alike = number is not None and known.digest(number) == digest
        alike += is_alike
        changed += number is not None and not is_alike
    gone = len(known) - alike - changed
    return f"{gone} gone, {new} new, {changed} changed" if gone or new or changed else None


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
    unclosed run is resumed: outcomes and crashes stay, only what never began is called. Neither where words alone say
    what serves. `only` runs some cases into a
    new attempt, which can never promote. Raises InputError; a LedgerError when evidence can no longer be written.
    """
    if only is not None:
        _check_selection(collection, only)
    folder, known = attempt_for(collection.workspace, collection.stage, fresh=again or only is not None)
    earlier = {origin: found.resumed for origin, found in known.items()}
    ledgers, counts, notes, complete, ran = [], Counts(), collection.cases.notes, True, False
    progress = progress or Progress()
    for origin in collection.origins:
        trials = collection.trials(origin, only)
        if only is not None and not trials:
            continue
        previous = earlier.get(origin)
        if previous is not None:
            counts = _sum(counts, Counts(crashed=previous.failed))
        if previous is not None and previous.closed and not trials.without(previous):
            counts = _sum(counts, Counts(planned=len(trials), run=previous.run))
            continue
        ran = True
        run = _Run(collection, folder, origin, trials, previous)
        closed, said = await run.go(progress, tell)
        ledgers.append(run.path)
        counts = _sum(counts, closed)
        notes += said
        complete = complete and closed.run == closed.planned
    if not ran:
        note_attempt(collection.workspace, collection.stage, folder)
    reused = None if ran else max((p.started[-1].at for p in earlier.values()), default=None)
    return Collected(ledgers=tuple(ledgers), counts=counts, complete=complete, reused=reused, notes=tuple(notes))


def _check_selection(collection: Collection, only: frozenset[str]) -> None:
    """Before an attempt is begun for nothing."""
    known = {case_id for origin in collection.origins for case_id in collection.cases.ids_of(origin)}
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
        trials: Trials,
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
        workspace, previous = self.collection.workspace, self._previous
        async with AsyncExitStack() as stack:
            made = await stack.enter_async_context(production(workspace, self.collection.stage))
            note_attempt(workspace, self.collection.stage, self._folder)
            skipped = self._skipped()
            with Broker(self.path, self._started, examine=self._examine, resumed=skipped, gathers=True) as broker:
                made.strays.listen(broker.stray)
                asked = own_scorers(
                    workspace.plan,
                    self.collection.stage,
                    self.collection.cases,
                    self._started.origin,
                    base=workspace.base,
                    say=broker.checked,
                )
                scorers = await stack.enter_async_context(asked)

                def ended(block: list[Trial]) -> None:
                    broker.settle(len(block))
                    scorers.take(block)

                stop = asyncio.Event()
                task = asyncio.current_task()
                assert task is not None  # noqa: S101 - a coroutine that runs is in a task
                progress.planned = (progress.planned or 0) + len(self._trials)
                try:
                    with interruptible(stop, task, **({"tell": tell} if tell else {})):
                        await drive(
                            made.pipeline,
                            self._trials.without(previous),
                            recorder=broker,
                            boundary=made.boundary,
                            nonce=self._started.nonce,
                            concurrency=workspace.plan.concurrency,
                            on_block=ended,
                            stop=stop,
                            progress=progress,
                        )
                        await scorers.finish()
                finally:
                    # The pipeline goes before the ledger is closed: what it still does then is on record.
                    await stack.aclose()
                changed = workspace.deployed_since()
                left = workspace.subject_left() if changed else None
                broker.close(complete=not (stop.is_set() or changed), left=left)
                return broker.counts, [*made.notes, *([changed] if changed else [])]

    def _skipped(self) -> tuple[int, int]:
        """Trials that earlier attempts ran, and lost; only of those that this run is about."""
        previous = self._previous
        if previous is None:
            return 0, 0
        begun = frozenset(previous.crashed)
        known = [(case.id, repeat) for case, repeat in self._trials if previous.skips(case, repeat)]
        lost = sum(trial in begun for trial in known)
        return len(known) - lost, lost


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
