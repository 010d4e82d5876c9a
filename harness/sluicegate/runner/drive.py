"""Calling the pipeline once per trial, with every wait overlapped and nothing kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from operator import attrgetter
from time import perf_counter

from sluicegate.model import (
    Boundary,
    Case,
    Counts,
    CrashKind,
    Observation,
    Output,
    Pipeline,
    Provenance,
    Recorder,
    RunContext,
    Trial,
)
from sluicegate.pipelines.crashes import crash, raised_line
from sluicegate.runner.identity import identity
from sluicegate.runner.progress import Progress

__all__ = ["clock_of", "drive"]

_BREATH_S = 0.01
"""A pipeline that never waits must not keep signals and the screen waiting for longer."""
_BLOCK = 8
"""Trials shown to `on_block` at a time: while their checks run, no answer that arrives is timed."""
_WAITING = 64
"""Trials that may wait to be shown; twice those under way at once, where that is more."""
_LETTING_GO_S = 5.0
"""How long a cancelled call may hold on before the run goes without it."""


def clock_of(case: Case) -> str | None:
    """What the pipeline's clock says in this case, unless the caller knows better."""
    return case.given.now


async def drive(
    pipeline: Pipeline,
    trials: Iterable[tuple[Case, int]],
    *,
    recorder: Recorder,
    boundary: Boundary | None = None,
    nonce: str,
    concurrency: int = 32,
    now_of: Callable[[Case], str | None] = clock_of,
    on_block: Callable[[list[Trial]], None] | None = None,
    stop: asyncio.Event | None = None,
    progress: Progress | None = None,
) -> Counts:
    """Run every trial (case, repeat), `concurrency` at a time, and record each as it ends.

    Setting `stop` begins nothing new and waits for what is in flight, which the adapter's time-out bounds. Cancelling
    leaves what is in flight without an outcome: its intents stay, and it counts as crashed. Whatever recorder,
    boundary, `trials` or `on_block` raise ends the run with that error. Memory does not depend on the number of trials.
    `on_block` is shown the trials that have ended, a few at a time, after they are recorded.

    Latency is measured here, around the call, unless the adapter has measured it nearer to the pipeline. (What the
    pipeline itself claims, an adapter drops.)
    """
    if concurrency < 1:
        raise ValueError(f"concurrency is {concurrency}; expected 1 or more")
    run = _Run(
        pipeline=pipeline,
        trials=iter(trials),
        recorder=recorder,
        boundary=boundary,
        nonce=nonce,
        now_of=now_of,
        on_block=on_block,
        stop=stop,
        progress=progress or Progress(),
    )
    run.answers_anew = getattr(pipeline, "answers_anew", False) is True
    run.limit = max(_WAITING, 2 * concurrency)
    run.workers = [asyncio.create_task(run.work()) for _ in range(concurrency)]
    try:
        await asyncio.wait(run.workers, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        await _let_go(run.workers)
        run.raise_first()
        run.settle(run.limit)
    return Counts(planned=run.progress.begun, run=run.progress.done, crashed=run.progress.failed)


def _failed(worker: asyncio.Task[None]) -> bool:
    return worker.done() and not worker.cancelled()


async def _let_go(workers: list[asyncio.Task[None]]) -> None:
    unfinished = [worker for worker in workers if not worker.done()]
    for worker in unfinished:
        worker.cancel()
    if unfinished:
        await asyncio.wait(unfinished, timeout=_LETTING_GO_S)


@dataclass(slots=True, kw_only=True)
class _Run:
    """One drive: its workers share this iterator and these counters."""

    pipeline: Pipeline
    trials: Iterator[tuple[Case, int]]
    recorder: Recorder
    boundary: Boundary | None
    nonce: str
    now_of: Callable[[Case], str | None]
    on_block: Callable[[list[Trial]], None] | None
    stop: asyncio.Event | None
    progress: Progress
    workers: list[asyncio.Task[None]] = field(default_factory=list)
    breathed: float = 0.0
    ended: list[Trial] = field(default_factory=list)
    """Recorded, and not yet shown to `on_block`."""
    limit: int = _WAITING
    """So many may wait."""
    settling: bool = False
    answers_anew: bool = False
    raised: BaseException | None = None
    """By `on_block`, between two steps of the workers."""

    async def work(self) -> None:
        """Take trials until there are no more, or until the run is stopped."""
        me = asyncio.current_task()
        assert me is not None  # noqa: S101 - a coroutine that runs is in a task
        while self.stop is None or not self.stop.is_set():
            trial = next(self.trials, None)
            if trial is None:
                return
            began = perf_counter()
            await self._one(*trial, me)
            now = perf_counter()
            if now - self.breathed > _BREATH_S:
                if now - began < _BREATH_S:  # else the call has waited, and everybody has had a turn meanwhile
                    await asyncio.sleep(0)
                    now = perf_counter()
                self.breathed = now

    async def _one(self, case: Case, repeat: int, me: asyncio.Task[None]) -> None:
        run_id, traceparent = identity(self.nonce, case.id, repeat)
        boundary = self.boundary
        endpoints: Mapping[str, str] = _NO_ENDPOINTS if boundary is None else boundary.open_run(run_id, case)
        observations: tuple[Observation, ...] = ()
        outputs: list[Output] = []
        try:
            self.recorder.intend(case, repeat, run_id)
            self.progress.begun += 1
            now = self.now_of(case)
            for delivery in range(max(1, case.given.deliveries)):
                context = RunContext(
                    run_id=run_id,
                    traceparent=traceparent,
                    endpoints=endpoints,
                    now=now,
                    delivery=delivery,
                    repeat=repeat,
                )
                outputs.append(await self._deliver(case, context, me))
        finally:
            if boundary is not None:
                observations = boundary.close_run(run_id)
        trial = Trial(case=case, repeat=repeat, outputs=tuple(outputs), observations=observations)
        self.recorder.record(trial, run_id)
        self.progress.done += 1
        self.progress.failed += trial.crashed
        if self.on_block is not None:
            self.ended.append(trial)
            if not self.settling:
                # Not before the calls that follow have begun: their waiting is the time for checks. And whoever else
                # has an answer is timed first; and checks run in blocks cost a fifth less.
                self.settling = True
                loop = me.get_loop()
                loop.call_soon(loop.call_soon, self._settle_soon, loop)
            elif len(self.ended) >= self.limit:
                self.settle(self.limit)

    def settle(self, most: int) -> None:
        """Show `on_block` what has ended, `most` at a time."""
        while self.ended:
            block, self.ended = self.ended[:most], self.ended[most:]
            if self.on_block is not None:
                self.on_block(block)

    def _settle_soon(self, loop: asyncio.AbstractEventLoop) -> None:
        block, self.ended = self.ended[:_BLOCK], self.ended[_BLOCK:]
        self.settling = bool(self.ended)
        if self.settling:
            loop.call_soon(self._settle_soon, loop)
        try:
            if block and self.on_block is not None:
                self.on_block(block)
        except BaseException as raised:  # noqa: BLE001 - raised again by `drive`; out of a callback it would be lost
            self.raised = raised
            for worker in self.workers:
                worker.cancel()

    def raise_first(self) -> None:
        """Raise what ended the run, if anything but its end did."""
        for raised in [self.raised, *(worker.exception() for worker in self.workers if _failed(worker))]:
            if raised is not None:
                raise raised

    async def _deliver(self, case: Case, context: RunContext, me: asyncio.Task[None]) -> Output:
        began = perf_counter()
        try:
            output = await self.pipeline.call(case, context)
        except GeneratorExit:
            raise
        except BaseException as raised:
            if me.cancelling():
                raise
            # Whatever came out of one call, SystemExit and pytest.skip too, must not end all the others.
            return crash(CrashKind.EXCEPTION, raised_line(raised))
        elapsed_ms = (perf_counter() - began) * 1000
        if me.cancelling():
            # An adapter that answers a cancellation has no outcome to keep: the pipeline was not let finish.
            raise asyncio.CancelledError
        if type(output) is not Output:
            return crash(CrashKind.GARBAGE, f"the adapter answered with {type(output).__name__}, not with an Output")
        if output.latency_ms is not None or output.error is not None or output.provenance is Provenance.REPLAYED:
            return output
        if self.answers_anew:
            # Nobody else has seen this Output yet; copying it would cost as much as making it did.
            _STORE_LATENCY(output, elapsed_ms)
            return output
        return _timed(output, elapsed_ms)


_NO_ENDPOINTS: Mapping[str, str] = {}
_FETCH: Callable[[Output], tuple[object, ...]] = attrgetter(*(item.name for item in fields(Output)))
_STORE = tuple(vars(Output)[item.name].__set__ for item in fields(Output))
_STORE_LATENCY = vars(Output)["latency_ms"].__set__


def _timed(output: Output, latency_ms: float) -> Output:
    """A copy with this latency; `dataclasses.replace` would take thrice the time, on every call of every run."""
    copy = object.__new__(Output)
    for store, value in zip(_STORE, _FETCH(output), strict=True):
        store(copy, value)
    _STORE_LATENCY(copy, latency_ms)
    return copy
