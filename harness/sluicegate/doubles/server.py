"""The doubles as one server on loopback: it reads, attributes, asks the right endpoint, and writes the answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sluicegate.doubles.answer import Answer, Call, Endpoint, json_answer
from sluicegate.doubles.faults import check_faults
from sluicegate.doubles.latency import Latencies
from sluicegate.doubles.openai import OpenAI
from sluicegate.doubles.replies import Replies, TemplateModel
from sluicegate.doubles.retriever import Retriever
from sluicegate.doubles.runs import Run, Runs, split_path
from sluicegate.doubles.template import template_reply
from sluicegate.doubles.tools import Tools
from sluicegate.model import Case, Observation, now_utc, rfc3339
from sluicegate.plan.types import ToolSpec

if TYPE_CHECKING:
    from aiohttp import web

__all__ = ["BODY_LIMIT", "HOST", "Doubles"]

HOST = "127.0.0.1"
BODY_LIMIT = 8_000_000
"""Bytes of a request that are read; a larger one is answered 413 and observed without its content."""

_SILENT = logging.Logger("sluicegate.doubles")
_SILENT.addHandler(logging.NullHandler())


class Doubles:
    """Model server, tools and retriever around a pipeline; the runner's `Boundary`.

    Lives in the event loop that calls `start`. `environment` names the endpoints for code that knows no run,
    `open_run` those of one run.
    """

    def __init__(
        self,
        *,
        tools: Sequence[ToolSpec] = (),
        latencies: Latencies | None = None,
        template: TemplateModel = template_reply,
        clock: Callable[[], datetime] = now_utc,
    ) -> None:
        latencies = latencies or Latencies()
        replies = Replies(template=template, latencies=latencies)
        self._endpoints: tuple[Endpoint, ...] = (
            OpenAI(replies),
            Tools(tools, latencies=latencies),
            Retriever(latencies=latencies),
        )
        self._runs = Runs()
        self._clock = clock
        self._runner: web.ServerRunner | None = None
        self._base = ""

    @property
    def unattributed(self) -> int:
        """Requests that belong to no run; while this is not 0, evidence is incomplete and holds."""
        return self._runs.unattributed

    @property
    def late(self) -> int:
        """Requests for a run that was not, or no longer, open; they were answered 410 and belong to no trial."""
        return self._runs.late

    @property
    def strays(self) -> tuple[Observation, ...]:
        """What the last few unattributed requests were."""
        return tuple(self._runs.strays)

    async def start(self) -> None:
        """Listen on a free port of 127.0.0.1. Raises RuntimeError when started already."""
        from aiohttp import web

        if self._runner is not None:
            raise RuntimeError("the doubles are running already")
        server: Any = web.Server(self._handle, handler_cancellation=True, logger=_SILENT, access_log=None)
        runner = web.ServerRunner(server, shutdown_timeout=0.2)
        await runner.setup()
        await web.TCPSite(runner, HOST, 0, backlog=1024).start()
        self._runner = runner
        self._base = f"http://{HOST}:{runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Close every connection. Does nothing when not running."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    def environment(self) -> Mapping[str, str]:
        """Base URLs by variable, without a run; to be set before user code is imported."""
        # Vendors' clients refuse to start without a key; this one also keeps a real key out of loopback requests.
        return {**self._urls(""), "OPENAI_API_KEY": "sluicegate-double"}

    def open_run(self, run_id: str, case: Case) -> Mapping[str, str]:
        """Script the doubles for one run. Raises InputError for a fault no double can inject, ValueError if open."""
        check_faults(case)
        self._runs.open(run_id, case)
        return self._urls(f"/r/{run_id}")

    def close_run(self, run_id: str) -> tuple[Observation, ...]:
        """What was attributed to the run, in order of arrival. Raises KeyError for a run that is not open."""
        return self._runs.close(run_id)

    def _urls(self, prefix: str) -> dict[str, str]:
        if self._runner is None:
            raise RuntimeError("the doubles are not running; await start() first")
        return {endpoint.variable: f"{self._base}{prefix}{endpoint.prefix}" for endpoint in self._endpoints}

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await _body(request)
        run_id, path = split_path(request.rel_url.raw_path)
        if run_id is None:
            raw = (body or b"") + request.rel_url.raw_path_qs.encode()
            run_id, run = self._runs.belonging(request.headers, raw)
        else:
            run = self._runs.named(run_id)
        if run is None and run_id is not None:
            self._runs.late += 1
            return await _write(request, json_answer({"error": f"run {run_id[:16]} is not open"}, status=410))
        owner = run or self._runs.stray()
        answer = self._decide(request, owner, path, body)
        if run is None:
            self._runs.strays.extend(owner.log)
        return await _write(request, answer)

    def _decide(self, request: web.BaseRequest, run: Run, path: str, body: bytes | None) -> Answer:
        call = Call(
            run=run,
            method=request.method,
            path=path,
            query=tuple(request.rel_url.query.items()),
            body=body,
            at=rfc3339(self._clock()),
        )
        for endpoint in self._endpoints:
            if path == endpoint.prefix or path.startswith(f"{endpoint.prefix}/"):
                answer = endpoint.answer(call)
                return answer if body is not None else json_answer({"error": "body too large"}, status=413)
        return json_answer({"error": f"no double answers {path[:200]}"}, status=404)


async def _body(request: web.BaseRequest) -> bytes | None:
    """The whole body, or None as soon as it passes the limit."""
    pieces: list[bytes] = []
    size = 0
    async for piece in request.content.iter_any():
        size += len(piece)
        if size > BODY_LIMIT:
            return None
        pieces.append(piece)
    return b"".join(pieces)


async def _write(request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
    from aiohttp import web

    try:
        if answer.delay_ms > 0:
            await asyncio.sleep(answer.delay_ms / 1000)
        if answer.cut == "silent":
            return _hung_up(request)
        if answer.stream or answer.cut == "middle":
            return await _write_pieces(request, answer)
    except (asyncio.CancelledError, ConnectionError):
        if answer.seen is not None:
            answer.seen["aborted"] = True
        raise
    headers = {"content-type": answer.content_type, **answer.headers}
    return web.Response(status=answer.status, body=answer.body, headers=headers)


async def _write_pieces(request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
    from aiohttp import web

    pieces = answer.stream or (answer.body[: len(answer.body) // 2], answer.body[len(answer.body) // 2 :])
    response = web.StreamResponse(status=answer.status, headers={"content-type": answer.content_type, **answer.headers})
    if not answer.stream:
        response.content_length = len(answer.body)
    await response.prepare(request)
    ends = len(pieces) // 2 if answer.cut == "middle" else len(pieces)
    for piece in pieces[:ends]:
        await response.write(piece)
        if answer.gap_ms > 0:
            await asyncio.sleep(answer.gap_ms / 1000)
    if answer.cut == "middle":
        return _hung_up(request, response)
    await response.write_eof()
    return response


def _hung_up(request: web.BaseRequest, response: web.StreamResponse | None = None) -> web.StreamResponse:
    """Close the connection, as a server that died would."""
    from aiohttp import web

    if request.transport is not None:
        request.transport.close()
    return response or web.Response(status=500)
