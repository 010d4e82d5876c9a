"""One stage's run for tests that read along: described at once, produced when first asked, judged after the last."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path

from sluicegate.broker.broker import Broker
from sluicegate.broker.catalogue import Catalogue
from sluicegate.broker.earlier import take_over
from sluicegate.checks import SUITES
from sluicegate.errors import Fault, InputError, nearest
from sluicegate.ledger import Checked, LedgerError, Shard, TestRun
from sluicegate.model import Case, Json, Origin, Trial
from sluicegate.plan.cases import PROPOSED, read_cases
from sluicegate.plan.types import Stage
from sluicegate.runner import drive
from sluicegate.session.attempts import Earlier, attempt_for, failed_cases, note_attempt
from sluicegate.session.collect import Collection
from sluicegate.session.examine import examiner
from sluicegate.session.own_scorers import OwnScorers, own_scorers
from sluicegate.session.production import Production, production
from sluicegate.session.results import ANSWERS, RunResults
from sluicegate.session.trials import Trials
from sluicegate.session.workspace import Workspace

__all__ = ["FILE", "StageRun"]

FILE = "file:"
"""A group by this prefix holds the cases of one case file, named as the lock names it."""

_READINGS = "suites"
"""The shard that counts which of the bundled tests read their results."""


class StageRun:
    """Evidence of one stage while tests read it; used from one event loop.

    `begin` opens the ledgers and the pipeline, `produce` calls it, `close` writes the ends. What is less than the whole
    stage says so in the first record, and can only hold.
    """

    def __init__(self, workspace: Workspace, stage: Stage, *, shards: int = 1) -> None:
        self.workspace = workspace
        self.stage = stage
        self.notes: list[str] = []
        self.fault: InputError | None = None
        """Why the run could not begin."""
        self.catalogue = Catalogue(self._groups_of, repeats=workspace.plan.repeats)
        self._shards = shards
        self._collection = Collection(workspace, stage)
        self._results = RunResults(shards)
        self._files: dict[str, frozenset[str]] = {}
        self._selected: frozenset[str] | None = None
        self._runs: list[_OriginRun] = []
        self._now: _OriginRun | None = None
        self._begun: asyncio.Task[None] | None = None
        self._produced = asyncio.Event()
        self._is_whole = False
        """Every trial that was asked for has ended."""
        self._stack = AsyncExitStack()
        self._production: Production | None = None
        self._read: set[tuple[str, int]] = set()
        self._workers: dict[str, int] = {}
        self._reported: set[str] = set()

    def select(self, cases: frozenset[str], *, failed: bool) -> None:
        """Run only these cases, or those that failed in the last attempt, anew, and keep what comes of it aside.

        The stage's own attempts and verdict stay as they are. Raises InputError for unknown cases.
        """
        collection = self._collection
        known = {case_id for origin in collection.origins for case_id in collection.cases.ids_of(origin)}
        if strangers := sorted(cases - known):
            what = f"no case of stage '{self.stage.name}' is called {', '.join(strangers[:5])}."
            mend = nearest(strangers[0], known) or "Give ids as the report prints them."
            raise InputError(Fault(where="--sluicegate-case", what=what, mend=mend))
        if failed:
            cases |= failed_cases(self.workspace, self.stage) & known
            if not cases:
                what = "no case failed in the last attempt."
                raise InputError(Fault(where="--sluicegate-failed", what=what, mend="Run without it."))
        if cases:
            self._selected, self.workspace = cases, self.workspace.aside()
            self._collection = Collection(self.workspace, self.stage)

    def status(self) -> dict[str, Json]:
        """What the tests of this stage are made from."""
        stage = self.stage
        return {
            "plan": str(self.workspace.plan.path),
            "base": str(self.workspace.base),
            "stage": stage.name,
            "suites": [name for name in stage.requires.suites if name in SUITES],
            "has_cases": bool(self._collection.origins),
            "files": sorted(self._collection.cases.files),
            "trials": self._trials_so_far(),
        }

    def _trials_so_far(self) -> Json:
        """None before the ledgers are open; what an earlier attempt ran counts as run."""
        counts = [run.broker.counts for run in self._runs]
        names = ("planned", "run", "crashed")
        return {name: sum(getattr(each, name) for each in counts) for name in names} if counts else None

    @property
    def is_begun(self) -> bool:
        """Somebody has asked for the run, or for its record."""
        return self._begun is not None

    async def begin(self, asked: Mapping[str, Json]) -> None:
        """Open ledgers and pipeline for the groups that are read (None is all cases); once, whoever asks first.

        Raises InputError, to everybody who asks, for an unknown group and a pipeline that cannot be opened.
        """
        if self._begun is None:
            self._begun = asyncio.create_task(self._begin(asked.get("reads", [None])))
        await asyncio.wait([self._begun])
        if self.fault is not None:
            raise self.fault
        if (raised := self._begun.exception()) is not None:
            raise raised

    async def produce(self, stop: asyncio.Event) -> None:
        """Show what earlier attempts have, and run the rest; the pipeline is closed at the end."""
        await self.begin({})
        try:
            async with self._stack:
                for run in self._runs:
                    self._now = run
                    await run.produce(self._production, stop)
            self._is_whole = not stop.is_set()
        except InputError as error:
            self.fault = self.fault or error
            raise
        finally:
            if self._production is not None:
                self.notes += self._production.notes
            self._produced.set()

    async def ask(self, asked: Mapping[str, Json]) -> Json:
        """What a built-in check said of all cases of a shard, once the last has ended."""
        check, shard = str(asked["check"]), int(asked["shard"])
        await self._produced.wait()
        if self.fault is not None:
            raise self.fault
        if not self._is_whole:
            raise InputError(Fault(where=check, what="the run ended before every case had run."))
        self._read.add((check, shard))
        return self._results.of(check, shard).body()

    def test(self, test: TestRun) -> None:
        """How one of the user's own tests ended."""
        self._reported.add(test.test_id)
        self._ledger().test(test)

    def checked(self, checked: Checked) -> None:
        """What one of the user's own checks says of a trial."""
        at = next((run for run in reversed(self._runs) if run.has(checked.case_id)), self._runs[0])
        at.broker.checked(checked)

    def open_shard(self, name: str, planned: int) -> None:
        """A worker begins."""
        self._workers[name] = planned

    def close_shard(self, shard: Shard) -> None:
        """A worker's last word."""
        planned = self._workers.pop(shard.name, None)
        if self._runs:
            if planned is not None:
                self._ledger().open_shard(shard.name, planned)
            self._ledger().close_shard(shard)

    async def finish(self, *, complete: bool) -> None:
        """Close the ledgers, after production. Raises LedgerError."""
        self._produced.set()
        await self._stack.aclose()
        left = None
        if self._runs:
            self._account(complete=complete)
            if changed := self.workspace.deployed_since():
                self.notes.append(changed)
                complete, left = False, self.workspace.subject_left()
        for run in self._runs:
            run.broker.close(complete=complete and self.fault is None, left=left)
        self.catalogue.end()
        self.catalogue.close()

    def group(self, name: str) -> frozenset[str]:
        """Ids of the cases of a suite, a golden set, or a case file. Raises InputError for another name."""
        if name.startswith(FILE):
            if name not in self._files:
                self._files[name] = self._ids_of(name.removeprefix(FILE))
            return self._files[name]
        by_suite = self._collection.cases.by_suite
        if name not in by_suite:
            mend = nearest(name, by_suite) or f"It has {', '.join(by_suite) or 'none'}."
            what = f"the stage has no suite '{name}'."
            raise InputError(Fault(where="@pytest.mark.sluicegate(suite=…)", what=what, mend=mend))
        return frozenset(self._collection.cases.ids(name))

    def _ids_of(self, name: str) -> frozenset[str]:
        files = self._collection.cases.files
        if name not in files:
            what = f"the stage reads no cases from '{name}'."
            mend = nearest(name, files) or f"Its case files are {', '.join(sorted(files)) or 'none'}."
            raise InputError(Fault(where="@pytest.mark.sluicegate(golden=…)", what=what, mend=mend))
        return frozenset(case.id for case in read_cases([self.workspace.base / name]) if case.review != PROPOSED)

    async def _begin(self, reads: Sequence[str | None]) -> None:
        self.notes += self._collection.cases.notes
        try:
            groups = [self.group(name) for name in reads if name is not None]
            chosen = self._selected
            if None not in reads:
                read = frozenset[str]().union(*groups)
                chosen = read if chosen is None else read & chosen
            folder, earlier = attempt_for(self.workspace, self.stage, fresh=self._selected is not None)
            note_attempt(self.workspace, self.stage, folder)
            for origin in self._collection.origins or [Origin.SUITE]:
                trials = self._collection.trials(origin, chosen)
                run = _OriginRun(self, origin, trials, earlier.get(origin))
                run.open(folder.next_ledger(), folder.number)
                self._runs.append(run)
            if any(run.remaining for run in self._runs):
                self._production = await self._stack.enter_async_context(production(self.workspace, self.stage))
        except InputError as error:
            self.fault = error
            self._produced.set()

    def _ledger(self) -> Broker:
        if not self._runs:
            what = "nothing can be reported before the run has begun."
            raise InputError(Fault(where=self.stage.name, what=what))
        return self._runs[0].broker

    def _account(self, *, complete: bool) -> None:
        """Workers that never said they were done, required tests left out, and bundled tests that read no result."""
        ledger = self._ledger()
        for name in sorted(self._required() - self._reported if complete else ()):
            ledger.test(TestRun(test_id=name, outcome="absent"))
        for name, planned in self._workers.items():
            ledger.open_shard(name, planned)
            ledger.close_shard(Shard(name=name, planned=planned))
        if self._collection.origins:
            checks = [check for name in self.stage.requires.suites if name in SUITES for check in SUITES[name].checks]
            asked = {ANSWERS, *checks}
            run = sum(all((check, shard) in self._read for shard in range(self._shards)) for check in asked)
            ledger.account(Shard(name=_READINGS, planned=len(asked), run=run, closed=True))

    def _required(self) -> set[str]:
        """The user's own tests that the lock pins for this stage."""
        if not self.stage.requires.tests or (locked := self.workspace.lock.stages.get(self.stage.name)) is None:
            return set()
        return set(locked.tests)

    def _groups_of(self, case: Case) -> Iterable[str]:
        own = self._now.suites if self._now is not None else {}
        return [name for name, ids in (*own.items(), *self._files.items()) if case.id in ids]

    def lost(self, case: Case, repeat: int) -> None:
        """Count a trial that began in an earlier attempt and never ended."""
        self._results.lost(case, repeat)

    def examined(self, trial: Trial, checked: Checked | None) -> Checked | None:
        """Count what the built-in checks said."""
        self._results.add(trial, checked)
        return checked

    @property
    def collection(self) -> Collection:
        """Everything the stage reads."""
        return self._collection


class _OriginRun:
    """The ledger of one origin, and what is still to be run for it."""

    broker: Broker

    def __init__(self, run: StageRun, origin: Origin, trials: Trials, earlier: Earlier | None) -> None:
        self._run = run
        self._plan = run.workspace.plan
        self._origin = origin
        self._trials = trials
        self._resumed = earlier.resumed if earlier is not None else None
        self._paths = earlier.paths if earlier is not None else ()
        self.suites = run.collection.cases.suites_of(origin)
        """Suite to the ids of its cases."""
        self.remaining = trials.without(self._resumed)

    def open(self, path: Path, attempt: int) -> None:
        """Begin the ledger; what earlier attempts lost is a crash for ever."""
        collection = self._run.collection
        begun = frozenset(self._resumed.crashed) if self._resumed is not None else frozenset()
        lost = [(case, repeat) for case, repeat in self._trials if (case.id, repeat) in begun] if begun else []
        for case, repeat in lost:
            self._run.lost(case, repeat)
        examine = examiner(self.suites, collection.config)
        self._started = collection.started(self._origin, attempt, self._trials, self._resumed)
        self.broker = Broker(
            path,
            self._started,
            examine=lambda trial: self._run.examined(trial, examine(trial)),
            catalogue=self._run.catalogue,
            gathers=True,
            resumed=(len(self._trials) - len(self.remaining) - len(lost), len(lost)),
        )

    def has(self, case_id: str) -> bool:
        """Whether this origin runs the case."""
        return case_id in self._trials.ids

    async def produce(self, made: Production | None, stop: asyncio.Event) -> None:
        """Earlier attempts first, with their outputs kept and their checks redone."""
        await take_over(self.broker, self._run.catalogue, self._paths, repeats=self._plan.repeats)
        if made is None or not self.remaining:
            return
        made.strays.listen(self.broker.stray)
        run = self._run
        cases, base = run.collection.cases, run.workspace.base
        asked = own_scorers(self._plan, run.stage, cases, self._origin, base=base, say=self.broker.checked)
        try:
            async with asked as scorers:
                await self._drive(made, scorers, stop)
        finally:
            # A turn that raised has not committed, and readers still want what had ended. An error is on its way.
            with suppress(LedgerError):
                self.broker.flush()

    async def _drive(self, made: Production, scorers: OwnScorers, stop: asyncio.Event) -> None:
        def ended(block: list[Trial]) -> None:
            self.broker.settle(len(block))
            scorers.take(block)

        await drive(
            made.pipeline,
            self.remaining,
            recorder=self.broker,
            boundary=made.boundary,
            nonce=self._started.nonce,
            concurrency=self._plan.concurrency,
            on_block=ended,
            stop=stop,
        )
        await scorers.finish()
