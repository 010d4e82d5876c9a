"""A Python callable in this process, sync or async, given what its signature asks for."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from sluicegate.model import Capability, Case, CrashKind, Json, Output, RunContext
from sluicegate.pipelines.conversion import MAX_BYTES, as_output, live
from sluicegate.pipelines.crashes import crash, one_line, raised_line, secrets_of
from sluicegate.pipelines.elsewhere import CALL
from sluicegate.pipelines.inputs import canonical_input, whole
from sluicegate.pipelines.signature import Caller, asks_of, is_async
from sluicegate.pipelines.threads import BrokenOff, Threads

__all__ = ["CallablePipeline"]

_Task = asyncio.Task[None]
_Told = tuple[Json, RunContext | None, Case | None]
_CLOSE_S = 5.0
_STRAY_S = 1.0
_Landed = Callable[[Output, float], None]
_LATE = object()
_NO_THREAD = object()
_OWN: Any = object()
"""In place of an input: what the case itself says."""


@dataclass(frozen=True, slots=True)
class _Raised:
    """What the user's code raised, as a value: raised further it would end the loop and every other case."""

    exception: BaseException


class CallablePipeline:
    """Calls `function` for each case, in a fresh copy of the context it was made in, within `timeout_s`.

    Sync functions run on daemon threads of their own, at most `threads` of them: a call that never returns costs its
    thread and is counted in `notes`. An `aclose` (or `close`) of the function's object is called at the end.
    Raises InputError when the signature asks for something a pipeline is not given.
    """

    answers_anew = True
    """Every Output is a new object that nothing else holds."""

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        capabilities: Iterable[Capability] = (),
        timeout_s: float = 30.0,
        max_bytes: int = MAX_BYTES,
        threads: int = 256,
        name: str | None = None,
    ) -> None:
        self.capabilities = frozenset(capabilities)
        self.name: str = name or str(getattr(function, "__qualname__", type(function).__name__))
        self.asks = asks_of(function, name=self.name)
        """What the function takes."""
        self._caller = self.asks.caller(function)
        self._function = function
        self._timeout_s = timeout_s
        self._max_bytes = max_bytes
        self._threads = None if is_async(function) else Threads(threads)
        self._context = contextvars.copy_context()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._live: dict[asyncio.Future[Any] | _Landing, tuple[float, _Task | None]] = {}
        self._watch: asyncio.TimerHandle | None = None
        self._strays: set[_Task] = set()
        self._said: list[str] = []
        self.begin = self._begin if self._threads is None else None
        """Begins one delivery: `landed` is called with its Output and latency in ms, or never after a `cancel`."""

    async def call(self, case: Case, context: RunContext) -> Output:
        """Answer one delivery of `case`."""
        return await self.answer(_given(case), context, case)

    async def answer(self, given: Json, context: RunContext | None, case: Case | None) -> Output:
        """Like `call` for an input at hand; context and case may be None where they are not asked for."""
        loop = self._here()
        told = (given, context, case)
        if self._threads is None:
            value = await self._awaited(loop, loop.time() + self._timeout_s, self._caller, told)
        else:
            value = await self._threaded(self._threads, loop, told)
        return self._output(value)

    def _output(self, value: Any) -> Output:
        if type(value) is str:
            return as_output(value, max_bytes=self._max_bytes)
        if type(value) is _Raised:
            return _crashed(value.exception)
        if value is _LATE:
            return crash(CrashKind.TIMEOUT, f"No answer within {self._timeout_s:g} s.")
        if value is _NO_THREAD:
            return crash(CrashKind.TIMEOUT, "Not called: every thread is held by a call that never returned.")
        return self.converted(value, max_bytes=self._max_bytes)

    def converted(self, value: Any, *, max_bytes: int) -> Output:
        """What is made of an answer that is no text."""
        return live(as_output(value, max_bytes=max_bytes))

    async def aclose(self) -> None:
        """Call the object's own `aclose` or `close`, cancel what still runs, end the threads. Never raises."""
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        await self._close_function()
        if self._strays:
            await asyncio.wait(self._strays, timeout=_STRAY_S)
            for stray in self._strays:
                _let_go(stray)
        if self._threads is not None:
            self._threads.close()

    def notes(self) -> tuple[str, ...]:
        """What happened outside any one case: lost threads, calls that ignore cancellation, failures while closing."""
        said = list(self._said)
        if self._threads is not None and (hung := self._threads.hung):
            said.append(f"{self.name}: {hung} calls have not returned; each holds a thread until the end")
        if self._strays:
            said.append(f"{self.name}: {len(self._strays)} calls went on after they were cancelled")
        return tuple(said)

    def _here(self) -> asyncio.AbstractEventLoop:
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._watch, self._live = loop, None, {}
        return loop

    def _begin(self, case: Case, context: RunContext, landed: _Landed) -> _Landing:
        return self._begun((_OWN, context, case), self._context.copy(), landed)

    def begin_numbered(self, number: int, told: _Told, landed: _Landed) -> _Landing:
        """As `begin`, for an input at hand; whatever the call does has its number in the context. Async ones only."""
        variables = self._context.copy()
        variables.run(CALL.set, number)
        return self._begun(told, variables, landed)

    def _begun(self, told: _Told, variables: contextvars.Context, landed: _Landed) -> _Landing:
        loop = self._here()
        due = loop.time() + self._timeout_s
        landing = _Landing(self, landed)
        running = landing.fly(*told)
        # Made directly: `loop.create_task` would cost a tenth of the whole call.
        landing.task = asyncio.Task(running, loop=loop, context=variables)
        self._live[landing] = (due, landing.task)
        if self._watch is None:
            self._watch = loop.call_at(due, self._expire, loop)
        return landing

    async def _awaited(self, loop: asyncio.AbstractEventLoop, due: float, caller: Caller, told: _Told) -> Any:
        """What `caller`'s coroutine answers, in a task of its own that can be given up."""
        done: asyncio.Future[Any] = loop.create_future()
        running = _guarded(caller, done, told)
        task = asyncio.Task(running, loop=loop, context=self._fresh())
        self._live[done] = (due, task)
        if self._watch is None:
            self._watch = loop.call_at(due, self._expire, loop)
        try:
            value = await done
        except asyncio.CancelledError:
            self._live.pop(done, None)
            self._abandon(task)
            raise
        self._live.pop(done, None)
        return value

    async def _threaded(self, threads: Threads, loop: asyncio.AbstractEventLoop, told: _Told) -> Any:
        if not await threads.free():
            return _NO_THREAD
        done: asyncio.Future[Any] = loop.create_future()
        due = loop.time() + self._timeout_s
        variables = self._fresh()

        def work() -> Any:
            try:
                return variables.run(self._caller, *told)
            except BrokenOff:
                raise
            except BaseException as raised:  # noqa: BLE001 - SystemExit in a thread ends that call, as it does in a task
                return _Raised(raised)

        threads.start(work, done, loop)
        self._live[done] = (due, None)
        if self._watch is None:
            self._watch = loop.call_at(due, self._expire, loop)
        try:
            value = await done
        except asyncio.CancelledError:
            threads.break_off(done)
            raise
        finally:
            self._live.pop(done, None)
        if inspect.isawaitable(value):  # a sync function that hands on a coroutine
            return await self._awaited(loop, due, lambda *_: value, told)
        return value

    def _fresh(self) -> contextvars.Context:
        """The context it was made in, and in it the number of the call under way."""
        fresh = self._context.copy()
        if (number := CALL.get()) is not None:
            fresh.run(CALL.set, number)
        return fresh

    def _expire(self, loop: asyncio.AbstractEventLoop) -> None:
        """Give up the calls that are past their time; one timer serves them all."""
        now = loop.time()
        for done, (due, task) in list(self._live.items()):
            if due > now or done.done():
                continue
            del self._live[done]
            done.set_result(_LATE)
            if task is not None:
                self._abandon(task)
            elif self._threads is not None:
                self._threads.give_up()
        first = min((due for due, _ in self._live.values()), default=None)
        self._watch = None if first is None else loop.call_at(first, self._expire, loop)

    def _abandon(self, task: _Task) -> None:
        task.cancel()
        self._strays.add(task)
        task.add_done_callback(self._strays.discard)

    async def _close_function(self) -> None:
        closing = getattr(self._function, "aclose", None) or getattr(self._function, "close", None)
        if not callable(closing):
            return
        try:
            result = closing()
            if inspect.isawaitable(result):
                await asyncio.wait_for(result, _CLOSE_S)
        except asyncio.CancelledError:
            raise
        except BaseException as raised:  # noqa: BLE001 - the user's clean-up may raise anything; the outputs stand
            self._said.append(f"{self.name}: closing it raised {one_line(raised_line(raised))}")


class _Landing:
    """A call begun for a runner: like a future, but whoever waits is told at once and not a turn of the loop later."""

    __slots__ = ("_began", "_is_done", "_landed", "_pipeline", "task")
    task: _Task

    def __init__(self, pipeline: CallablePipeline, landed: _Landed) -> None:
        self._pipeline = pipeline
        self._landed = landed
        self._is_done = False
        self._began = perf_counter()

    async def fly(self, given: Any, context: RunContext | None, case: Case | None) -> None:
        """The call itself; it ends alone, whatever it raises."""
        pipeline = self._pipeline
        self._began = began = perf_counter()
        latency_ms: float | None = None
        try:
            if given is _OWN and case is not None:
                given = _given(case)
            value = await pipeline._caller(given, context, case)  # noqa: SLF001 - one room
            latency_ms = (perf_counter() - began) * 1000
            output = pipeline._output(value)  # noqa: SLF001 - one room
        except GeneratorExit:
            raise
        except BaseException as raised:  # noqa: BLE001 - SystemExit, KeyboardInterrupt, pytest.skip: one case, not the loop
            output = _crashed(raised)
            if latency_ms is None:
                latency_ms = (perf_counter() - began) * 1000
        if not self._is_done:
            self._is_done = True
            pipeline._live.pop(self, None)  # noqa: SLF001 - one room
            self._landed(output, latency_ms)

    def done(self) -> bool:
        """Whether it has landed, or never will."""
        return self._is_done

    def set_result(self, value: object) -> None:
        """Land without the call, which is past its time."""
        self._is_done = True
        took_ms = (perf_counter() - self._began) * 1000
        self._landed(self._pipeline._output(value), took_ms)  # noqa: SLF001 - one room

    def cancel(self) -> None:
        """Never land; the call is cancelled, and not waited for."""
        if not self._is_done:
            self._is_done = True
            self._pipeline._live.pop(self, None)  # noqa: SLF001 - one room
            self._pipeline._abandon(self.task)  # noqa: SLF001 - one room


def _given(case: Case) -> Json:
    given = case.input
    if type(given) is str:
        return given
    return whole(canonical_input(case))  # its own copy: what the function changes stays with this call


async def _guarded(caller: Caller, done: asyncio.Future[Any], told: _Told) -> None:
    try:
        value = await caller(*told)
    except GeneratorExit:
        raise
    except BaseException as raised:  # noqa: BLE001 - SystemExit, KeyboardInterrupt, pytest.skip: one case, not the loop
        value = _Raised(raised)
    if not done.done():
        done.set_result(value)


def _let_go(stray: _Task) -> None:
    """Leave a task that ignores cancellation out of the loop's own end, which would wait for it for ever."""
    asyncio._unregister_task(stray)  # noqa: SLF001 - documented for extensions of asyncio
    stray._log_destroy_pending = False  # type: ignore[attr-defined] # noqa: SLF001 - `notes` has said it


def _crashed(raised: BaseException) -> Output:
    kind = CrashKind.CANCELLED if isinstance(raised, asyncio.CancelledError) else CrashKind.EXCEPTION
    return crash(kind, raised_line(raised), secrets=secrets_of())
