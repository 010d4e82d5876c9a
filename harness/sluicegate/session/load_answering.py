"""The pipeline standing on loopback while load runs: a callable or command behind HTTP, its doubles around it.

A request names its run and its case; the doubles play that case's script for it, whoever else is under way, and what
they saw is written down when it has been answered.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from hashlib import sha256
from pathlib import Path
from time import time_ns
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import orjson

from sluicegate.checks.message_ids import own_ids, request_word
from sluicegate.checks.prices import prices_of
from sluicegate.doubles.latency import Latencies
from sluicegate.doubles.scripts import check_spells
from sluicegate.doubles.weather import Weather
from sluicegate.errors import Fault, InputError
from sluicegate.ledger.load_served import SERVED_VERSION, Served
from sluicegate.ledger.shard_writer import ShardWriter
from sluicegate.model import Case, CrashKind, Output, RunContext, encode
from sluicegate.pipelines.crashes import crash, raised_line
from sluicegate.plan.load import Profile, sampled
from sluicegate.plan.types import CallableTarget, CommandTarget, Stage
from sluicegate.session.load_account import account
from sluicegate.session.load_cases import load_cases
from sluicegate.session.load_trials import delivered
from sluicegate.session.production import Production, UnderLoad, production
from sluicegate.session.workspace import Workspace

if TYPE_CHECKING:
    from aiohttp import web

__all__ = ["CASE_PATH", "HOST", "RUN_HEADER", "answering"]

HOST = "127.0.0.1"
CASE_PATH = "/case/"
RUN_HEADER = "x-sluicegate-run"

_RUN_ID = re.compile(r"[0-9a-f]{16}")
_FLUSH_S = 1.0
_LETTING_GO_S = 5.0
_AT_ONCE = 512
"""Runs that may have a port of their own at the mail sink."""
_STATUS = {CrashKind.TIMEOUT: 504, CrashKind.DIED: 502, CrashKind.REPORTED: 200, CrashKind.NOT_SENT: 422}
_SILENT = logging.Logger("sluicegate.load")
_SILENT.addHandler(logging.NullHandler())


@asynccontextmanager
async def answering(
    workspace: Workspace, profile: Profile, served: Path, *, stage: Stage | None = None, port: int = 0
) -> AsyncIterator[str]:
    """The pipeline at an address of 127.0.0.1, ended with all that was started. Raises InputError, LedgerError.

    The profile's faults come by the time since the first request. At the end what is under way has a few seconds to
    answer, and `served`, a new file, is closed.
    """
    plan = workspace.plan
    if not isinstance(plan.pipeline.target, (CallableTarget, CommandTarget)):
        what = "only a callable or a command is stood up for load; an address is loaded where it is."
        raise InputError(Fault(where="pipeline", what=what))
    check_spells(profile.spells, [tool.name for tool in plan.tools], where=f"load profile '{profile.name}'")
    cases = {case.id: case for case in load_cases(plan, workspace.base)}
    under = UnderLoad(
        weather=Weather(profile.spells, seed=profile.seed),
        latencies=Latencies(seed=profile.seed, **{f"{name}_ms": median for name, median in profile.medians_ms.items()}),
        at_once=_AT_ONCE,
    )
    log = ShardWriter(served)
    log.append("opened", {"version": SERVED_VERSION, "profile": profile.name, "at": _now_us()})
    log.flush()
    async with production(workspace, stage, under=under) as made:
        server = _Server(made, cases, log, under.weather, profile)
        runner = await server.listen(port)
        flushing = asyncio.create_task(_flushing(log))
        try:
            yield f"http://{HOST}:{runner.addresses[0][1]}"
        finally:
            flushing.cancel()
            await server.drain()
            await runner.cleanup()
    told = {"strays": made.counts, "notes": made.notes}
    log.close({"at": _now_us(), "served": server.served, "lost": server.lost, **told})


class _Server:
    """Answers requests with what the pipeline gives; every request is a run of its own at the doubles."""

    def __init__(
        self,
        made: Production,
        cases: Mapping[str, Case],
        log: ShardWriter,
        weather: Weather,
        profile: Profile,
    ) -> None:
        self._made = made
        self._cases = cases
        renamed = {case.id: own_ids(case) for case in cases.values() if profile.own_ids}
        self._own = {case_id: own for case_id, own in renamed.items() if own is not None}
        self._log = log
        self._weather = weather
        self._profile = profile
        self._price_of = prices_of(made.plan.prices)
        self._open: set[str] = set()
        self._under_way: set[asyncio.Task[None]] = set()
        self.served = 0
        self.lost = 0
        """Runs that had not ended when nobody waited any more."""

    async def listen(self, port: int) -> web.ServerRunner:
        """Raises InputError for a port that cannot be had."""
        from aiohttp import web

        server: Any = web.Server(self._handle, logger=_SILENT, access_log=None)
        runner = web.ServerRunner(server, shutdown_timeout=0.2)
        await runner.setup()
        try:
            await web.TCPSite(runner, HOST, port, backlog=4096).start()
        except (OSError, OverflowError) as error:
            await runner.cleanup()
            what = f"port {port} of {HOST} cannot be had: {getattr(error, 'strerror', None) or error}."
            raise InputError(Fault(where="load", what=what, mend="Leave the port out for a free one.")) from None
        return runner

    async def drain(self) -> None:
        """Let what is under way end; what does not is cancelled and counted."""
        if self._under_way:
            _, late = await asyncio.wait(self._under_way, timeout=_LETTING_GO_S)
            self.lost += len(late)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        from aiohttp import web

        await request.read()
        path, run_id = request.rel_url.raw_path, request.headers.get(RUN_HEADER, "")
        if request.method != "POST" or not path.startswith(CASE_PATH):
            return _refused(404, f"POST {CASE_PATH}ID is all that is answered here.")
        case = self._cases.get(unquote(path.removeprefix(CASE_PATH)))
        if case is None or _RUN_ID.fullmatch(run_id) is None:
            said = f"The path names a case of the load, and {RUN_HEADER} the run: 16 digits of 0-9a-f."
            return _refused(422, said)
        if run_id in self._open:
            return _refused(409, f"run {run_id} is under way already.")
        first: asyncio.Future[Output] = asyncio.get_running_loop().create_future()
        # In a task of its own: a caller that hangs up ends no run half way, as a queue's message is not taken back.
        task = asyncio.create_task(self._run(run_id, case, request.headers.get("traceparent", ""), first))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        output = await asyncio.shield(first)
        status = 200 if output.error is None else _STATUS.get(output.error.kind, 500)
        return web.Response(status=status, body=orjson.dumps(_plain(output)), content_type="application/json")

    async def _run(self, run_id: str, case: Case, traceparent: str, first: asyncio.Future[Output]) -> None:
        self._open.add(run_id)
        doubles, at = self._made.doubles, _now_us()
        self._weather.begin()
        if case.id in self._own:
            case = self._own[case.id](request_word(run_id))
        case = delivered(case, 2) if self._is_repeated(run_id) else case
        outputs: list[Output] = []
        try:
            endpoints = {} if doubles is None else doubles.open_run(run_id, case)
            told = [_context(run_id, traceparent, endpoints, case, number) for number in range(case.given.times)]
            calls = [asyncio.ensure_future(self._made.pipeline.call(case, context)) for context in told]
            try:
                outputs.append(await calls[0])
                first.set_result(outputs[0])
                outputs += [await call for call in calls[1:]]
                took = _now_us() - at
                while doubles is not None and (wait_s := doubles.listens(run_id)) > 0:  # noqa: ASYNC110 - for silence
                    await asyncio.sleep(wait_s)
            finally:
                for call in calls:
                    call.cancel()
                seen = () if doubles is None else doubles.close_run(run_id)
            keeps = len(outputs) > 1 or sampled(run_id, self._profile.sample)
            line = Served(
                run_id=run_id,
                case=case.id,
                at=at,
                took=took,
                deliveries=len(outputs),
                crashed=sum(output.error is not None for output in outputs),
                outputs=tuple(outputs) if len(outputs) > 1 or outputs[0].error is not None else (),
                observations=seen if keeps else None,
                **account(seen, self._made.plan.tools, self._price_of),
            )
            self._log.append("served", encode(line))
            self.served += 1
        except (InputError, ValueError) as error:  # a script no double can play, a run opened twice
            _settle(first, crash(CrashKind.NOT_SENT, raised_line(error)))
        finally:
            self._open.discard(run_id)
            _settle(first, crash(CrashKind.CANCELLED, "The load ended before the answer."))

    def _is_repeated(self, run_id: str) -> bool:
        share = self._profile.redelivered
        digest = sha256(f"{self._profile.seed}\0redelivered\0{run_id}".encode()).digest()
        return share > 0 and int.from_bytes(digest[:4], "big") < share * 2**32


def _context(run_id: str, traceparent: str, endpoints: Mapping[str, str], case: Case, delivery: int) -> RunContext:
    if not traceparent:
        traceparent = f"00-{run_id}{sha256(run_id.encode()).hexdigest()[:16]}-{run_id}-01"
    return RunContext(
        run_id=run_id, traceparent=traceparent, endpoints=endpoints, now=case.given.now, delivery=delivery
    )


def _settle(first: asyncio.Future[Output], output: Output) -> None:
    if not first.done():
        first.set_result(output)


def _plain(output: Output) -> dict[str, Any]:
    """An answer's own fields, as every adapter reads them; its time is measured by whoever asked."""
    plain: dict[str, Any] = encode(output)
    plain.pop("latency_ms", None)
    if output.error is not None:
        plain["error"] = output.error.message
    return plain


def _refused(status: int, said: str) -> web.Response:
    from aiohttp import web

    return web.Response(status=status, body=orjson.dumps({"error": said}), content_type="application/json")


async def _flushing(log: ShardWriter) -> None:
    """What a run has seen is on disk a second later, whatever happens to this process."""
    with suppress(asyncio.CancelledError):
        while True:
            await asyncio.sleep(_FLUSH_S)
            log.flush()


def _now_us() -> int:
    return time_ns() // 1000
