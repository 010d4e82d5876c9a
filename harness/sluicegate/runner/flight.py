"""One trial under way: its deliveries one after the other or all at once, each answer typed and timed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import partial
from operator import attrgetter
from time import perf_counter
from typing import Protocol

from sluicegate.model import Case, CrashKind, Observation, Output, Pipeline, Provenance, RunContext, Trial
from sluicegate.model.often import maker
from sluicegate.pipelines.conversion import timed
from sluicegate.pipelines.crashes import crash, raised_line

__all__ = ["Begin", "Flight", "Landed", "Running", "beginner"]

Landed = Callable[[Output, float], None]
"""Called once with the answer and how many milliseconds it took."""


class Running(Protocol):
    """A call under way."""

    def cancel(self) -> object:
        """Give it up: nobody waits for its answer any more."""
        ...


Begin = Callable[[Case, RunContext, Landed], Running]


@dataclass(slots=True, eq=False)
class Flight:
    """A trial that is intended and has not ended."""

    case: Case
    repeat: int
    run_id: str
    traceparent: str
    endpoints: Mapping[str, str]
    begin: Begin
    arrived: Callable[[Flight], None]
    """Called with every answer."""
    anew: bool
    """Nobody else has seen the Outputs of this pipeline; copying one would cost as much as making it did."""
    now: str | None = None
    outputs: list[Output] = field(default_factory=list)
    running: tuple[Running, ...] = ()
    cancelled: bool = False
    crowd: dict[int, Output] = field(default_factory=dict)
    """Answers to deliveries made at once, by delivery, until all have come."""
    broken_off: int = 0
    """Deliveries that the case breaks off half way; they have no output."""
    stood_still_s: float = 0.0
    """How long this process, or the whole machine, did not run while the answer was waited for."""

    @property
    def has_ended(self) -> bool:
        """Every delivery has been answered, or broken off."""
        return self.next_delivery >= self.case.given.times

    @property
    def next_delivery(self) -> int:
        """The number of the delivery that begins next, from 0."""
        return len(self.outputs) + self.broken_off

    def deliver(self) -> None:
        """Begin the next delivery, or all of them."""
        if self.case.given.at_once:
            crowd = range(self.case.given.times)
            self.running = tuple(self._begun(number, partial(self._joined, number)) for number in crowd)
        else:
            self.running = (self._begun(self.next_delivery, self.landed),)

    def landed(self, output: Output, latency_ms: float) -> None:
        """Take an answer. One that comes after `cancel` is none: the pipeline was not let finish."""
        if not self.cancelled:
            self.outputs.append(self._typed(output, latency_ms))
            self.arrived(self)

    def break_off(self) -> None:
        """Give up the first delivery, which is under way, and go on to the next as if it had never been answered."""
        if self.cancelled or self.outputs or self.broken_off:
            return
        self.broken_off = 1
        for running in self.running:
            running.cancel()
        self.arrived(self)

    def _joined(self, number: int, output: Output, latency_ms: float) -> None:
        if self.cancelled:
            return
        self.crowd[number] = self._typed(output, latency_ms)
        if len(self.crowd) == self.case.given.times:
            self.outputs = [self.crowd[each] for each in range(len(self.crowd))]
            self.arrived(self)

    def _begun(self, delivery: int, landed: Landed) -> Running:
        case = self.case
        if case.given.inputs:
            given = replace(case.given, inputs=(), deliveries=case.given.times)
            case = replace(case, input=case.given.inputs[delivery], given=given)
        context = _context(
            run_id=self.run_id,
            traceparent=self.traceparent,
            endpoints=self.endpoints,
            now=self.now,
            delivery=delivery,
            repeat=self.repeat,
        )
        return self.begin(case, context, landed)

    def _typed(self, output: Output, latency_ms: float) -> Output:
        if type(output) is not Output:
            what = f"the adapter answered with {type(output).__name__}, not with an Output"
            output = crash(CrashKind.GARBAGE, what)
        elif output.latency_ms is None and _is_timed(output):
            output = timed(output if self.anew else _copied(output), latency_ms)
        return output

    def cancel(self) -> tuple[Running, ...]:
        """Give up the deliveries under way, and return them."""
        self.cancelled = True
        for running in self.running:
            running.cancel()
        return self.running

    def trial(self, observations: tuple[Observation, ...]) -> Trial:
        """What came of it."""
        outputs = tuple(self.outputs)
        if self.stood_still_s:
            outputs = tuple(self._excused(output) for output in outputs)
        return _trial(case=self.case, repeat=self.repeat, outputs=outputs, observations=observations)

    def _excused(self, output: Output) -> Output:
        """A time-out that a standstill may have made: nobody was there to hear the answer, so it shows no fault."""
        if output.error is None or output.error.kind is not CrashKind.TIMEOUT:
            return output
        said = f"This machine stood still for {self.stood_still_s:.1f} s meanwhile: {output.error.message}"
        return replace(output, error=replace(output.error, kind=CrashKind.UNREACHABLE, message=said))


def _is_timed(output: Output) -> bool:
    """Whether the pipeline itself answered just now; an error it reports is an answer, and may be the right one."""
    error = output.error
    return (error is None or error.kind is CrashKind.REPORTED) and output.provenance is not Provenance.REPLAYED


def beginner(pipeline: Pipeline) -> Begin:
    """How a call of this pipeline is begun: its own way where it has one, else a task around `call`.

    A pipeline with `begin_now` may answer None, where one call needs the task after all.
    """
    own: Begin | None = getattr(pipeline, "begin", None)
    if own is not None:
        return own
    loop = asyncio.get_running_loop()

    def begin(case: Case, context: RunContext, landed: Landed) -> Running:
        return loop.create_task(_called(pipeline, case, context, landed))

    now: Callable[[Case, RunContext, Landed], Running | None] | None = getattr(pipeline, "begin_now", None)
    return begin if now is None else lambda *told: now(*told) or begin(*told)


async def _called(pipeline: Pipeline, case: Case, context: RunContext, landed: Landed) -> None:
    began = perf_counter()
    try:
        output = await pipeline.call(case, context)
    except GeneratorExit:
        raise
    except BaseException as raised:  # the border to a pipeline: it may raise anything
        me = asyncio.current_task()
        if me is None or me.cancelling():
            raise
        # Whatever came out of one call, SystemExit and pytest.skip too, must not end all the others.
        output = crash(CrashKind.EXCEPTION, raised_line(raised))
    landed(output, (perf_counter() - began) * 1000)


_context = maker(RunContext)
_trial = maker(Trial)
_FETCH: Callable[[Output], tuple[object, ...]] = attrgetter(*(item.name for item in fields(Output)))
_STORE = tuple(vars(Output)[item.name].__set__ for item in fields(Output))


def _copied(output: Output) -> Output:
    """`dataclasses.replace` would take thrice the time, on every call of every run."""
    copy = object.__new__(Output)
    for store, value in zip(_STORE, _FETCH(output), strict=True):
        store(copy, value)
    return copy
