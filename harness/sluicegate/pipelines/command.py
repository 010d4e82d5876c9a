"""A program that speaks JSON lines: one request on its stdin, one answer with the same id on its stdout.

Long-lived programs answer one request at a time, each process; others are started for each case, answer one line and
exit with 0. Whatever goes wrong, the process is ended with its whole group and the next request meets a new one: after
a wrong line nobody could tell which answer belongs to which case.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import perf_counter

import orjson

from sluicegate.errors import Fault, InputError, nearest
from sluicegate.model import Capability, Case, CrashKind, Json, Output, RunContext, now_utc, rfc3339
from sluicegate.pipelines.connections import Lookout, new_mark
from sluicegate.pipelines.conversion import from_json, not_json, output_of, read_exactly, too_large, with_error
from sluicegate.pipelines.crashes import crash, line_of, secrets_of
from sluicegate.pipelines.inputs import canonical_input
from sluicegate.pipelines.line_process import EndedError, LineProcess, TooLongError
from sluicegate.pipelines.log_lines import Hears, lines_in
from sluicegate.plan.types import CommandTarget

__all__ = ["CommandPipeline"]

_HOPELESS = 5
"""Deaths in a row without a single answer after which it is not started again."""
_UNASKED_S = 0.5
"""For so long a program that was just started is watched before the first case."""


class CommandPipeline:
    """At most `processes` of the program at once. Endpoints of the doubles are in its environment from the start."""

    def __init__(
        self,
        target: CommandTarget,
        *,
        base: Path,
        endpoints: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
        capabilities: Iterable[Capability] = (),
        timeout_s: float = 30.0,
        allowed: Sequence[str] | None = None,
        noticed: Callable[[str, str | None], None] | None = None,
        hears: Hears | None = None,
    ) -> None:
        """`hears` is told what the program writes to its standard error in each delivery."""
        self.capabilities = frozenset(capabilities)
        self._target = target
        self._cwd = base / target.cwd if target.cwd else base
        self._mark = new_mark() if allowed is not None else {}
        self._environment = {**os.environ, **(environment or {}), **(endpoints or {}), **self._mark}
        self._secrets = secrets_of(self._environment)
        self._timeout_s = timeout_s
        self._hears = hears
        self._argv: tuple[str, ...] | None = None
        self._free: asyncio.LifoQueue[LineProcess] = asyncio.LifoQueue()
        self._workers: list[LineProcess] = []
        self._answered = False
        self._deaths = 0
        self._starts = 0
        self._watched = (allowed, noticed)
        self._lookout: Lookout | None = None

    async def open(self) -> None:
        """Find the program. Raises InputError when it is not there or cannot be run."""
        if self._argv is not None:
            return
        self._argv = (_program(self._target, self._cwd, self._environment), *self._target.argv[1:])
        for _ in range(max(self._target.processes, 1)):
            worker = LineProcess(self._target.max_bytes, listens=self._hears is not None)
            self._workers.append(worker)
            self._free.put_nowait(worker)
        self._lookout = Lookout.over(self._running, *self._watched, mark=self._mark)

    async def stand_up(self) -> None:
        """Start the process that is asked first, and watch it for a moment. Raises InputError where it ends unasked.

        Whatever it answers a case with is evidence; a program that does not start has been asked nothing.
        """
        if not self._target.long_lived:
            return
        worker = self._workers[-1]
        try:
            await self._begin(worker, {})
        except OSError as error:
            how = f"cannot be started: {error.strerror or error}."
        else:
            if await worker.stays(_UNASKED_S):
                return
            how = f"ended before it was asked anything: {await self._how(worker)}."
        said = line_of(f"program {self._target.argv[0]!r} {how}", limit=600, secrets=self._secrets)
        what = f"{said} No case was called, and nothing is recorded."
        raise InputError(Fault(where="pipeline.command", what=what, mend="Mend it, and run the same command again."))

    async def call(self, case: Case, context: RunContext) -> Output:
        """Answer one delivery of `case`. `latency_ms` counts from the request, not from the wait for a process."""
        await self.open()
        number = f"{context.run_id}/{context.delivery}"
        try:
            line = orjson.dumps(_request(number, case, context)) + b"\n"
        except TypeError as error:
            return crash(CrashKind.NOT_SENT, f"{case.id}: the input cannot be written as JSON: {error}.")
        worker = await self._free.get()
        try:
            if not self._answered and self._deaths >= _HOPELESS:
                said = f"Not called: {self._name} ended {self._deaths} times without a single answer."
                return crash(CrashKind.DIED, said)
            output = await self._asked(worker, number, line, context)
        except asyncio.CancelledError:
            await worker.end()
            raise
        else:
            if self._hears is not None:
                self._hears(context.run_id, context.delivery, *lines_in(worker.heard(), rfc3339(now_utc())))
            return output
        finally:
            self._free.put_nowait(worker)

    async def aclose(self) -> None:
        """End every process and everything it started."""
        if self._lookout is not None:
            self._lookout.stop()
            await asyncio.sleep(0)
        for worker in self._workers:
            await worker.end()

    def notes(self) -> tuple[str, ...]:
        """What happened outside any one case."""
        extra = self._starts - len(self._workers)
        if not self._target.long_lived or extra <= 0:
            return ()
        return (f"{self._name}: started again {extra} times",)

    def _running(self) -> list[tuple[int, bool]]:
        return [(pid, True) for worker in self._workers if (pid := worker.pid) is not None]

    @property
    def _name(self) -> str:
        return f"the command {self._target.argv[0]}"

    async def _asked(self, worker: LineProcess, number: str, line: bytes, context: RunContext) -> Output:
        try:
            if not worker.ready:
                await self._start(worker, context)
            began = perf_counter()
            async with asyncio.timeout(self._timeout_s):
                output = self._read(number, await worker.ask(line, only=not self._target.long_lived))
                if not self._target.long_lived and output.error is None:
                    output = await self._left(worker, output)
            took_ms = (perf_counter() - began) * 1000
        except TimeoutError:
            hint = _UNFLUSHED if worker.mute and self._target.long_lived else ""
            output = self._crash(CrashKind.TIMEOUT, f"{self._name}: no answer within {self._timeout_s:g} s.{hint}")
        except OSError as error:
            output = self._crash(CrashKind.DIED, f"{self._name} cannot be started: {error.strerror or error}.")
        except EndedError:
            output = await self._died(worker)
        except TooLongError:
            output = too_large(None, self._target.max_bytes)
        if output.error is not None and output.error.kind is not CrashKind.REPORTED:
            await worker.end()
            self._deaths += output.error.kind is CrashKind.DIED
            return output
        self._answered = True
        if not self._target.long_lived:
            await worker.end()
        return replace(output, latency_ms=took_ms)

    async def _start(self, worker: LineProcess, context: RunContext) -> None:
        await worker.end()
        await self._begin(worker, {} if self._target.long_lived else context.endpoints)

    async def _begin(self, worker: LineProcess, own: Mapping[str, str]) -> None:
        self._starts += 1
        await worker.start(self._argv or (), self._cwd, {**self._environment, **own})

    def _read(self, number: str, line: bytes) -> Output:
        try:
            plain = orjson.loads(line)
        except orjson.JSONDecodeError:
            return not_json(line, what=f"{self._name}: expected a JSON line, got", secrets=self._secrets)
        return read_exactly(line, plain, partial(self._output, number))

    def _output(self, number: str, plain: Json) -> Output:
        if not isinstance(plain, dict):
            return self._crash(CrashKind.GARBAGE, f"{self._name}: expected an object with the id of the request.")
        seen = plain.pop("id", None)
        if seen != number and (seen is not None or self._target.long_lived):
            said = f"{self._name}: expected a line with the id {number!r}, got {str(seen)[:60]!r}."
            return self._crash(CrashKind.GARBAGE, f"{said} Echo the request's id, once per request.")
        if plain.keys() == {"output"}:
            return from_json(plain["output"])
        mend = "Put a mapping of your own into 'structured'."
        return output_of(with_error(plain), said=f"{self._name}: the line is no Output:", mend=mend)

    async def _left(self, worker: LineProcess, output: Output) -> Output:
        """A program for one case ends with 0 and says nothing more."""
        status, rest = await worker.finish()
        if status != 0:
            return await self._died(worker)
        if rest.strip():
            return not_json(rest, what=f"{self._name}: expected one line, got more", secrets=self._secrets)
        return output

    async def _died(self, worker: LineProcess) -> Output:
        said = f"{self._name} ended before it answered" if self._target.long_lived else f"{self._name} failed"
        return self._crash(CrashKind.DIED, f"{said}: {await self._how(worker)}.")

    async def _how(self, worker: LineProcess) -> str:
        how = await worker.how()
        if how.startswith("exit code 0") and self._target.long_lived:
            how += ". If it is meant to answer one line and exit, write long_lived: false"
        return how

    def _crash(self, kind: CrashKind, message: str) -> Output:
        return crash(kind, message[0].upper() + message[1:], secrets=self._secrets)


_UNFLUSHED = " It runs and has written nothing: is each answer flushed, as by print(..., flush=True)?"


def _request(number: str, case: Case, context: RunContext) -> Json:
    return {
        "id": number,
        "run_id": context.run_id,
        "traceparent": context.traceparent,
        "delivery": context.delivery,
        "now": context.now,
        "endpoints": dict(context.endpoints),
        "input": canonical_input(case),
    }


def _program(target: CommandTarget, cwd: Path, environment: Mapping[str, str]) -> str:
    """The path of the program to run, without a shell. Raises InputError with the mend."""
    where = "pipeline.command"
    if not target.argv:
        raise InputError(Fault(where=where, what="is empty.", mend="Write the program and its arguments as a list."))
    if not cwd.is_dir():
        raise InputError(Fault(where=where, what=f"working directory {cwd} does not exist.", mend="Correct 'cwd'."))
    name = target.argv[0]
    path = cwd / name
    if "/" not in name:
        found = shutil.which(name, path=environment.get("PATH"))
        if found is not None:
            return found
        what = f"program '{name}' is not on the PATH."
        if path.is_file():
            raise InputError(Fault(where=where, what=what, mend=f"Write ./{name} for the file in {cwd}."))
        if " " in name:
            raise InputError(Fault(where=where, what=what, mend=f"Write a list: {name.split()}. No shell is used."))
        raise InputError(Fault(where=where, what=what, mend=nearest(name, _programs(environment)) or "Install it."))
    if not path.is_file():
        beside = [str(Path(name).parent / item.name) for item in path.parent.glob("*") if item.is_file()]
        what = f"program '{name}' does not exist in {cwd}."
        raise InputError(Fault(where=where, what=what, mend=nearest(name, beside) or "Correct the path."))
    if not os.access(path, os.X_OK):
        what = f"program '{name}' is not executable."
        raise InputError(Fault(where=where, what=what, mend=f"Run: chmod +x {name}"))
    return str(path.absolute())


def _programs(environment: Mapping[str, str]) -> list[str]:
    folders = [Path(folder) for folder in environment.get("PATH", "").split(os.pathsep) if folder]
    return [item.name for folder in folders if folder.is_dir() for item in folder.iterdir()]
