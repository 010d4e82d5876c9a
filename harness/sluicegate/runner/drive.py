"""Calling the pipeline once per trial, with every wait overlapped and nothing kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from sluicegate.model import Boundary, Case, Counts, Observation, Pipeline, Recorder, Trial
from sluicegate.runner.flight import Begin, Flight, beginner
from sluicegate.runner.identity import identity
from sluicegate.runner.progress import Progress

__all__ = ["clock_of", "drive"]

_TURN = 32
"""Trials begun, and ended, in one turn: enough to share a write, few enough that the first call does not wait long."""
_BLOCK = 8
"""Trials shown to `on_block` at first; after that, as many as the last block says will take `_HOLDS_UP_S`."""
_HOLDS_UP_S = 0.01
"""While checks run, no answer that arrives is timed, and no time-out of a pipeline in this process fires."""
_WAITING = 64
"""Trials that may wait to be shown; twice those under way at once, where that is more."""
_LISTENING = 128
"""Trials that have answered and are listened to a moment longer: each keeps a port of the mail sink meanwhile."""

_STALLED_S = 0.05
"""A timer this late says that nothing was heard for a while: whoever would have written was stopped as well."""
_LOOK_S = 0.25
_STOOD_STILL_S = 1.0
"""A look that comes so late, and no clock of a call under way says how long its pipeline had."""
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
        trials=iter(trials),
        recorder=recorder,
        commit=getattr(recorder, "commit", _nothing),
        boundary=boundary,
        nonce=nonce,
        concurrency=concurrency,
        begin=beginner(pipeline),
        anew=getattr(pipeline, "answers_anew", False) is True,
        now_of=now_of,
        on_block=on_block,
        stop=stop,
        progress=progress or Progress(),
    )
    run.turn()
    run.watch()
    try:
        await run.over
    finally:
        run.looking.cancel()
        await run.let_go()
        if run.raised is not None:
            raise run.raised
        run.settle(run.limit)
    return Counts(planned=run.progress.begun, run=run.progress.done, crashed=run.progress.failed)


def _nothing() -> None:
    return None


_NO_ENDPOINTS: Mapping[str, str] = {}


@dataclass(slots=True, kw_only=True)
class _Run:
    """One drive, in turns: each keeps what has ended and begins what comes next."""

    trials: Iterator[tuple[Case, int]]
    recorder: Recorder
    commit: Callable[[], None]
    """What a recorder that gathers does to have the intents on disk before their calls begin."""
    boundary: Boundary | None
    nonce: str
    concurrency: int
    begin: Begin
    anew: bool
    now_of: Callable[[Case], str | None]
    on_block: Callable[[list[Trial]], None] | None
    stop: asyncio.Event | None
    progress: Progress
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)
    over: asyncio.Future[None] = field(init=False)
    flying: dict[Flight, None] = field(default_factory=dict)
    """Begun, and not kept."""
    listening: dict[Flight, asyncio.TimerHandle] = field(default_factory=dict)
    """Answered, and not kept yet: what they still do in the background is theirs. They hold up no other trial."""
    arrived: list[Flight] = field(default_factory=list)
    """Answered, or listened to for long enough, since the last turn."""
    ended: list[Trial] = field(default_factory=list)
    """Recorded, and not yet shown to `on_block`."""
    exhausted: bool = False
    turning: bool = False
    settling: bool = False
    block: int = _BLOCK
    raised: BaseException | None = None
    """What ended the run, if anything but its end did."""
    looking: asyncio.TimerHandle = field(init=False)

    def __post_init__(self) -> None:
        self.over = self.loop.create_future()

    def watch(self) -> None:
        """Look at the clock from now on: a machine that is suspended, or this process alone, hears nobody meanwhile."""
        self.looking = self.loop.call_later(_LOOK_S, self._look)

    def _look(self) -> None:
        late_s = self.loop.time() - self.looking.when()
        if late_s > _STOOD_STILL_S:
            for flight in self.flying:
                flight.stood_still_s += late_s
        self.watch()

    @property
    def limit(self) -> int:
        """So many may wait to be shown."""
        return max(_WAITING, 2 * self.concurrency)

    def turn(self) -> None:
        """Keep some of what has ended, begin as much: what is to be on disk goes there in one piece, then the calls."""
        self.turning = False
        if self.over.done():
            return
        try:
            again = self._keep()
            begun = [self._intend(case, repeat) for case, repeat in self._next()]
            self.commit()
            if (goes_on := getattr(self.boundary, "goes_on", None)) is not None:
                for flight in again:
                    goes_on(flight.run_id, flight.next_delivery)
            for flight in (*again, *begun):
                flight.deliver()
        except BaseException as raised:  # noqa: BLE001 - raised again by `drive`; out of a callback it would be lost
            self._fail(raised)
            return
        if self.arrived or (not self.exhausted and self._room()):
            self._turn_soon()
        elif not self.flying and not self.listening and len(self.ended) < self.limit:
            self.over.set_result(None)
        if self.ended and not self.settling:
            # Not before the calls just begun are under way: their waiting is the time for checks. And whoever else has
            # an answer is timed first; and checks run in blocks cost a fifth less.
            self.settling = True
            self.loop.call_soon(self.loop.call_soon, self._settle_some)

    def settle(self, most: int) -> None:
        """Show `on_block` what has ended, `most` at a time."""
        while self.ended:
            block, self.ended = self.ended[:most], self.ended[most:]
            if self.on_block is not None:
                self.on_block(block)

    async def let_go(self) -> None:
        """Give up what is still under way; nothing, when the run has come to its end."""
        self._hear_out()
        flying, self.flying = list(self.flying), {}
        if not self.over.done():
            self.over.cancel()
        given_up = [running for flight in flying for running in flight.cancel()]
        tasks = [running for running in given_up if isinstance(running, asyncio.Task)]
        if tasks:
            await asyncio.wait(tasks, timeout=_LETTING_GO_S)
        for flight in flying:
            self._observed(flight)

    def _arrive(self, flight: Flight) -> None:
        self.arrived.append(flight)
        if not self.turning:
            self._turn_soon()

    def _turn_soon(self) -> None:
        self.turning = True
        self.loop.call_soon(self.turn)

    def _room(self) -> int:
        """How many may begin."""
        if (self.stop is not None and self.stop.is_set()) or len(self.ended) >= self.limit:
            return 0
        return max(0, min(self.concurrency - len(self.flying), _LISTENING - len(self.listening)))

    def _next(self) -> list[tuple[Case, int]]:
        """All of them before the first is intended: where `trials` raises, nobody is intended who is never called."""
        most = min(_TURN, self._room())
        found = [] if self.exhausted else list(islice(self.trials, most))
        self.exhausted = self.exhausted or len(found) < most
        return found

    def _intend(self, case: Case, repeat: int) -> Flight:
        if self.concurrency == 1 and self.listening:
            self._hear_out()  # in a lane one run is open at a time
        run_id, traceparent = identity(self.nonce, case.id, repeat)
        endpoints = _NO_ENDPOINTS if self.boundary is None else self.boundary.open_run(run_id, case)
        flight = Flight(case, repeat, run_id, traceparent, endpoints, self.begin, self._arrive, self.anew)
        self.flying[flight] = None
        if case.given.crash_after_write and (watch := getattr(self.boundary, "when_written", None)) is not None:
            watch(run_id, flight.break_off)
        self.recorder.intend(case, repeat, run_id)
        self.progress.begun += 1
        flight.now = self.now_of(case)
        return flight

    def _keep(self) -> list[Flight]:
        """Record the trials that have ended; those with a delivery to come are returned."""
        arrived, self.arrived = self.arrived[:_TURN], self.arrived[_TURN:]
        again = []
        for flight in arrived:
            if not flight.has_ended:
                again.append(flight)
                continue
            self.flying.pop(flight, None)
            stalled_s = self._stalled(self.listening.pop(flight, None))
            if (wait_s := self._to_listen(flight) or stalled_s) > 0:
                self.listening[flight] = self.loop.call_later(wait_s, self._arrive, flight)
            else:
                self._record(flight)
        return again

    def _to_listen(self, flight: Flight) -> float:
        """Seconds until what came back may be taken for all there is."""
        listens: Callable[[str], float] | None = getattr(self.boundary, "listens", None)
        return 0.0 if listens is None else listens(flight.run_id)

    def _stalled(self, timer: asyncio.TimerHandle | None) -> float:
        """Seconds this process stood still while it should have listened: they are listened to again."""
        late_s = 0.0 if timer is None else self.loop.time() - timer.when()
        return late_s if late_s > _STALLED_S else 0.0

    def _record(self, flight: Flight) -> None:
        trial = flight.trial(self._observed(flight))
        self.recorder.record(trial, flight.run_id)
        self.progress.done += 1
        self.progress.failed += trial.failed
        if self.on_block is not None:
            self.ended.append(trial)

    def _hear_out(self) -> None:
        """Keep at once what is still listened to."""
        listening, self.listening = self.listening, {}
        for flight, timer in listening.items():
            timer.cancel()
            if self.raised is None:
                self._record(flight)
            else:
                self._observed(flight)

    def _observed(self, flight: Flight) -> tuple[Observation, ...]:
        return () if self.boundary is None else self.boundary.close_run(flight.run_id)

    def _settle_some(self) -> None:
        was_full = len(self.ended) >= self.limit
        block, self.ended = self.ended[: self.block], self.ended[self.block :]
        self.settling = bool(self.ended)
        if self.settling:
            self.loop.call_soon(self._settle_some)
        if was_full and not self.turning:
            self._turn_soon()
        try:
            if block and self.on_block is not None:
                began = self.loop.time()
                self.on_block(block)
                taken_s = max(self.loop.time() - began, 1e-6)
                self.block = min(max(1, int(len(block) * _HOLDS_UP_S / taken_s)), self.limit)
        except BaseException as raised:  # noqa: BLE001 - as in `turn`
            self._fail(raised)

    def _fail(self, raised: BaseException) -> None:
        self.raised = self.raised or raised
        if not self.over.done():
            self.over.set_result(None)
