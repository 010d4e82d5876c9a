"""A Python callable in a runner process of its own, as its parent sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import orjson

from sluicegate.errors import InputError
from sluicegate.model import Capability, Case, CrashKind, Json, Output, RunContext, decode, encode
from sluicegate.pipelines.connections import Lookout
from sluicegate.pipelines.conversion import MAX_BYTES
from sluicegate.pipelines.crashes import crash
from sluicegate.pipelines.inputs import canonical_input
from sluicegate.pipelines.log_lines import Hears, lines_of
from sluicegate.pipelines.runner_process import Message, RunnerProcess
from sluicegate.pipelines.target import split_target

__all__ = ["HostedCallable"]

_MAX_RESTARTS = 3


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
    ) -> None:
        """`allowed` are the addresses it may connect to; for every other, `noticed` is told it and the case's id.

        Where `allowed` is None nobody watches. `hears` is told what the callable logs in each delivery.
        """
        split_target(target)
        self.capabilities = frozenset(capabilities)
        self._lives = 0
        self._target = target
        self._base = base
        self._environment = dict(environment or {})
        self._options = {
            "target": target,
            "timeout_s": timeout_s,
            "max_bytes": max_bytes,
            "threads": threads,
            "paths": list(import_paths),
            "allowed": None if allowed is None else list(allowed),
            "hears": hears is not None,
        }
        self._noticed = noticed
        self._allowed = allowed
        self._lookout: Lookout | None = None
        self._hears = hears
        self._patience_s = timeout_s + max(timeout_s, 5.0)
        self._calls: dict[int, tuple[float, asyncio.Future[Message], str]] = {}
        self._number = 0
        self._process: RunnerProcess | None = None
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
            self._lookout = self._lookout or Lookout.over(self._started, self._allowed, self._noticed)

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
        self._number += 1
        number = self._number
        try:
            message = orjson.dumps(["call", number, *self._told(process, case, context)])
        except TypeError as error:
            return crash(CrashKind.NOT_SENT, f"{case.id}: the input cannot be written as JSON: {error}.")
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Message] = loop.create_future()
        now = loop.time()
        self._calls[number] = (now, done, case.id)
        process.send(message)
        if self._watch is None:
            self._heard = now
            self._watch = loop.call_later(self._patience_s, self._look, loop)
        try:
            _, _, output, took_ms, *logged = await done
        except asyncio.CancelledError:
            process.send(orjson.dumps(["cancel", number]))
            raise
        finally:
            self._calls.pop(number, None)
        if logged and self._hears is not None:
            self._hears(context.run_id, context.delivery, lines_of(logged[0]), logged[1])
        if type(output) is Output:
            return output
        if len(output) == 1 and type(output.get("content")) is str:
            return Output(content=output["content"], latency_ms=took_ms)
        return replace(decode(Output, output, case.id), latency_ms=took_ms)

    async def aclose(self) -> None:
        """Let the callable's own `aclose` run, then end the process and everything it started."""
        if self._watch is not None:
            self._watch.cancel()
        if self._lookout is not None:
            self._lookout.stop()
        if self._process is not None:
            process, self._process = self._process, None
            self._said += await process.close()
        self._gone = self._gone or f"The runner process of {self._target} is closed."

    def _started(self) -> list[tuple[int, bool]]:
        """What the process starts is looked at; the process itself tells of its own connections."""
        pid = None if self._process is None else self._process.pid
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
        if message[0] == "done" and (entry := self._calls.get(message[1])) is not None and not entry[1].done():
            entry[1].set_result(message)
        elif message[0] == "elsewhere" and self._noticed is not None:
            _, number, address = message
            under_way = self._calls.get(number)
            self._noticed(address, under_way[2] if under_way is not None else None)

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
        for _, done, _ in self._calls.values():
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
