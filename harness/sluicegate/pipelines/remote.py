"""A Python callable in a runner process of its own, as its parent sees it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import TypeAlias

import orjson

from sluicegate.errors import InputError
from sluicegate.model import Capability, Case, CrashKind, Json, Output, RunContext, decode, encode
from sluicegate.pipelines.connections import Lookout, new_mark
from sluicegate.pipelines.conversion import MAX_BYTES, from_json, timed
from sluicegate.pipelines.crashes import crash, raised_line
from sluicegate.pipelines.inputs import canonical_input
from sluicegate.pipelines.log_lines import Hears, lines_of
from sluicegate.pipelines.runner_process import Message, RunnerProcess
from sluicegate.pipelines.target import split_target

__all__ = ["HostedCallable"]

_MAX_RESTARTS = 3
_ANSWERS = ("done", "said")
"""An Output, and what is still to be made one."""
_Landed = Callable[[Output, float], None]


class HostedCallable:
    """`module:attribute`, imported and called in `python -m sluicegate.pipelines.host`.

    The environment, with the addresses of the doubles, stands before the module is imported; `base` is the working
    directory and first on the import path. When the process ends, every call in flight is a crash, and so is every
    later one: a case that kills its process is not tried until it survives. Ended while idle it is started again, at
    most three times, and counted.
    """

    def __init__(
        self,
        target: str,
        *,
        base: Path,
        environment: Mapping[str, str] | None = None,
        capabilities: Iterable[Capability] = (),
        timeout_s: float = 30.0,
        max_bytes: int = MAX_BYTES,
        threads: int = 256,
        import_paths: Sequence[str] = (),
        allowed: Sequence[str] | None = None,
        noticed: Callable[[str, str | None], None] | None = None,
        hears: Hears | None = None,
        reads: Callable[[str, bool], None] | None = None,
    ) -> None:
        """`allowed` are the addresses it may connect to; for every other, `noticed` is told it and the case's id.

        Where `allowed` is None nobody watches. `hears` is told what the callable logs in each delivery, `reads` the
        path under `base` of each file that it opens, and whether to write.
        """
        split_target(target)
        self.capabilities = frozenset(capabilities)
        self._lives = 0
        self._target = target
        self._base = base
        self._mark = new_mark() if allowed is not None else {}
        self._environment = {**(environment or {}), **self._mark}
        self._options = {
            "target": target,
            "timeout_s": timeout_s,
            "max_bytes": max_bytes,
            "threads": threads,
            "paths": list(import_paths),
            "allowed": None if allowed is None else list(allowed),
            "hears": hears is not None,
            "reads": reads is not None,
        }
        self._noticed = noticed
        self._allowed = allowed
        self._lookout: Lookout | None = None
        self._hears = hears
        self._reads = reads
        self._patience_s = timeout_s + max(timeout_s, 5.0)
        self._calls: dict[int, tuple[float, _Answer, str]] = {}
        self._number = 0
        self._process: RunnerProcess | None = None
        self._closing: RunnerProcess | None = None
        self._gone: str | None = None
        self._refused: InputError | None = None
        self._starting = asyncio.Lock()
        self._watch: asyncio.TimerHandle | None = None
        self._heard = 0.0
        self._said: list[str] = []

    async def open(self) -> None:
        """Start the process and import the target. Raises InputError when it cannot be imported or called."""
        async with self._starting:
            if self._refused is not None:
                raise self._refused
            if self._process is not None or self._gone is not None:
                return
            process = RunnerProcess(self._on_message, self._on_end)
            try:
                await process.start(self._base, self._environment)
                await process.load(self._options)
            except InputError as refused:
                self._refused = refused
                raise
            self._process = process
            self._lives += 1
            self._lookout = self._lookout or Lookout.over(self._started, self._allowed, self._noticed, mark=self._mark)

    async def call(self, case: Case, context: RunContext) -> Output:
        """Answer one delivery of `case`. Raises InputError only if the process was not opened and cannot be."""
        if self._process is not None and self._process.ending is not None:
            await asyncio.wait([self._process.ending])
        if self._gone is not None:
            return crash(CrashKind.DIED, self._gone)
        if self._process is None:
            await self.open()
        process = self._process
        if process is None:
            return crash(CrashKind.DIED, self._gone or f"The runner process of {self._target} is closed.")
        done: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        try:
            number = self._ask(process, case, context, done)
        except TypeError as error:
            return crash(CrashKind.NOT_SENT, f"{case.id}: the input cannot be written as JSON: {error}.")
        try:
            message = await done
        except asyncio.CancelledError:
            process.send(orjson.dumps(["cancel", number]))
            raise
        finally:
            self._calls.pop(number, None)
        return self._answered(message, case, context)

    def begin_now(self, case: Case, context: RunContext, landed: _Landed) -> _Asked | None:
        """Begin a delivery for a runner: `landed` is called with its Output, or never after a `cancel`.

        Neither a task nor a future is made for it. None where that needs the waiting that `call` does.
        """
        process = self._process
        if process is None or process.ending is not None or self._gone is not None:
            return None
        asked = _Asked(self, process, case, context, landed)
        try:
            asked.number = self._ask(process, case, context, asked)
        except TypeError:
            return None
        return asked

    def _ask(self, process: RunnerProcess, case: Case, context: RunContext, answer: _Answer) -> int:
        """Send one delivery; its number. Raises TypeError for an input that is not JSON."""
        self._number += 1
        number = self._number
        message = orjson.dumps(["call", number, *self._told(process, case, context)])
        loop = asyncio.get_running_loop()
        now = loop.time()
        self._calls[number] = (now, answer, case.id)
        process.send(message)
        if self._watch is None:
            self._heard = now
            self._watch = loop.call_later(self._patience_s, self._look, loop)
        return number

    def _answered(self, message: Message, case: Case, context: RunContext) -> Output:
        """What the process said. Raises InputError for what is no Output."""
        kind, _, output, took_ms, *logged = message
        if logged and self._hears is not None:
            self._hears(context.run_id, context.delivery, lines_of(logged[0]), logged[1])
        if kind == "said":
            return timed(from_json(output), took_ms)
        if type(output) is Output:
            return output
        if len(output) == 1 and type(output.get("content")) is str:
            return Output(content=output["content"], latency_ms=took_ms)
        return decode(Output, {**output, "latency_ms": took_ms}, case.id)

    async def aclose(self) -> None:
        """Let the callable's own `aclose` run, then end the process and everything it started."""
        if self._watch is not None:
            self._watch.cancel()
        if self._lookout is not None:
            self._lookout.look()
        if self._process is not None:
            self._closing, self._process = self._process, None
            self._said += await self._closing.close()
        if self._lookout is not None:  # not before: closing may start something too
            self._lookout.stop()
            await asyncio.sleep(0)
        self._gone = self._gone or f"The runner process of {self._target} is closed."

    def _started(self) -> list[tuple[int, bool]]:
        """What the process starts is looked at; the process itself tells of its own connections."""
        process = self._process or self._closing
        pid = None if process is None else process.pid
        return [] if pid is None else [(pid, False)]

    @property
    def restarts(self) -> int:
        """How often the process was started again."""
        return max(self._lives - 1, 0)

    def notes(self) -> tuple[str, ...]:
        """What happened outside any one case: restarts, and what the callable's process said of itself."""
        again = (f"{self._target}: its process ended while idle and was started again {self.restarts} times",)
        return (*(again if self.restarts else ()), *self._said)

    def _told(self, process: RunnerProcess, case: Case, context: RunContext) -> tuple[Json, Json, Json]:
        asks = process.asks
        given = canonical_input(case) if "input" in asks else None
        told = None
        if "context" in asks:
            told = {
                "run_id": context.run_id,
                "traceparent": context.traceparent,
                "endpoints": dict(context.endpoints),
                "now": context.now,
                "delivery": context.delivery,
                "repeat": context.repeat,
            }
        return given, told, encode(case) if "case" in asks else None

    def _on_message(self, message: Message) -> None:
        self._heard = asyncio.get_running_loop().time()
        if message[0] in _ANSWERS and (entry := self._calls.get(message[1])) is not None and not entry[1].done():
            entry[1].set_result(message)
        elif message[0] == "elsewhere" and self._noticed is not None:
            _, number, address = message
            under_way = self._calls.get(number)
            self._noticed(address, under_way[2] if under_way is not None else None)
        elif message[0] == "opened" and self._reads is not None:
            self._reads(os.fsdecode(message[1].encode("latin-1")), message[2])

    def _on_end(self, how: str) -> None:
        """The process is gone; `how` says how it went."""
        self._process = None
        if self._gone is not None:
            return
        if self._calls:
            count = len(self._calls)
            said = f"The runner process of {self._target} ended with {count} calls in flight: {how}."
            self._fail(CrashKind.DIED, said)
            self._gone = f"Not called: {said[0].lower()}{said[1:]}"
        elif self.restarts == _MAX_RESTARTS:
            self._gone = f"Not called: the runner process of {self._target} ended {self._lives} times idle: {how}."

    def _fail(self, kind: CrashKind, said: str) -> None:
        for _, done, _ in list(self._calls.values()):
            if not done.done():
                done.set_result(["done", 0, crash(kind, said), None])

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """A process that answers nothing at all, not even time-outs, has a blocked loop: it is ended."""
        self._watch = None
        if not self._calls:
            return
        oldest, *_ = next(iter(self._calls.values()))
        silent = loop.time() - max(oldest, self._heard)
        if silent < self._patience_s:
            self._watch = loop.call_later(self._patience_s - silent, self._look, loop)
            return
        said = f"The runner process of {self._target} answered nothing for {silent:.0f} s: its event loop is blocked"
        self._gone = f"Not called: {said[0].lower()}{said[1:]}, so it was stopped."
        self._fail(CrashKind.TIMEOUT, f"{said}. Use async calls there, or a sync function.")
        if self._process is not None:
            self._process.kill()


class _Asked:
    """A delivery begun for a runner: takes its answer as a future would, and hands it on at once."""

    __slots__ = ("_began", "_case", "_context", "_is_done", "_landed", "_pipeline", "_process", "number")

    def __init__(
        self, pipeline: HostedCallable, process: RunnerProcess, case: Case, context: RunContext, landed: _Landed
    ) -> None:
        self._pipeline = pipeline
        self._process = process
        self._case = case
        self._context = context
        self._landed = landed
        self._is_done = False
        self._began = perf_counter()
        self.number = 0

    def done(self) -> bool:
        """Whether it has its answer, or waits for none."""
        return self._is_done

    def set_result(self, message: Message) -> None:
        """Its answer has come."""
        self._is_done = True
        pipeline = self._pipeline
        pipeline._calls.pop(self.number, None)  # noqa: SLF001 - one room
        try:
            output = pipeline._answered(message, self._case, self._context)  # noqa: SLF001 - one room
        except Exception as raised:  # noqa: BLE001 - what the process said is no Output: one case, not the run
            output = crash(CrashKind.EXCEPTION, raised_line(raised))
        self._landed(output, (perf_counter() - self._began) * 1000)

    def cancel(self) -> None:
        """Give it up: it never lands."""
        if not self._is_done:
            self._is_done = True
            self._pipeline._calls.pop(self.number, None)  # noqa: SLF001 - one room
            self._process.send(orjson.dumps(["cancel", self.number]))


_Answer: TypeAlias = "asyncio.Future[Message] | _Asked"
