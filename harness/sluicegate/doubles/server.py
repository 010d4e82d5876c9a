"""The doubles as one server on loopback: it reads, attributes, asks the right endpoint, and writes the answer."""

from __future__ import annotations

import errno
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote

from sluicegate.checks.masking import masked
from sluicegate.doubles.answer import Answer, Call, Endpoint, json_answer, unserved
from sluicegate.doubles.anthropic import Anthropic
from sluicegate.doubles.clock import Clock
from sluicegate.doubles.control import Control
from sluicegate.doubles.correlation import By, correlation
from sluicegate.doubles.gemini import Gemini
from sluicegate.doubles.latency import Latencies
from sluicegate.doubles.mail_data import LineEndings
from sluicegate.doubles.openai import OpenAI
from sluicegate.doubles.prompts import marks
from sluicegate.doubles.pulse import Pulse
from sluicegate.doubles.replies import Replies, TemplateModel
from sluicegate.doubles.retriever import Retriever
from sluicegate.doubles.runs import Run, Runs, split_path
from sluicegate.doubles.scripts import check_script
from sluicegate.doubles.telemetry import Telemetry
from sluicegate.doubles.template import template_reply
from sluicegate.doubles.tools import Tools
from sluicegate.doubles.weather import Weather
from sluicegate.doubles.writing import write
from sluicegate.errors import Fault, InputError
from sluicegate.model import Case, Json, Observation, now_utc, rfc3339
from sluicegate.plan.types import CorrelationSpec, ToolSpec

if TYPE_CHECKING:
    from aiohttp import web

    from sluicegate.doubles.mail_sink import MailSink

__all__ = ["BODY_LIMIT", "HOST", "TOLD", "Doubles", "Why"]

HOST = "127.0.0.1"
TOLD = 20
"""Requests of each kind without a run that are told one by one; the rest is counted."""
Why = Literal["unattributed", "late", "unserved"]
BODY_LIMIT = 8_000_000
"""Bytes of a request that are read; a larger one is answered 413 and observed without its content."""

_READING = ("GET", "HEAD", "OPTIONS")
_MODEL_PREFIXES = (OpenAI.prefix, Anthropic.prefix, Gemini.prefix)
_LISTING = re.compile(r"(?:/v1(?:beta|alpha)?)?/models(?:/[^/:]+)?/?")
"""A look at which models there are, under the prefix of any vendor."""

_SILENT = logging.Logger("sluicegate.doubles")
_SILENT.addHandler(logging.NullHandler())


class Doubles:
    """Model server, tools, retriever, clock and mail sink around a pipeline; the runner's `Boundary`.

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
        keep_prompts: bool = False,
        unmasked: bool = False,
        port: int = 0,
        controlled: bool = False,
        lane: bool = False,
        noticed: Callable[[Why, Observation], None] | None = None,
        follows: CorrelationSpec | None = None,
        only_follows: bool = False,
        mail: LineEndings | None = None,
        mail_port: int = 0,
        at_once: int = 32,
        weather: Weather | None = None,
    ) -> None:
        """`keep_prompts` puts prompts into the observations; `controlled` lets `/_runs` script runs over HTTP.

        `unmasked` puts prompts and log lines there as they were, for who judges the personal data in them.

        `lane` says that no two runs are ever open at once. `noticed` is told the first few requests of each kind that
        belong to no run. `follows` says where the id of a run is to be found again, and opens the receiver of spans;
        `only_follows` leaves everything else out, for a pipeline that is to call nobody here. `mail` opens the mail
        sink, which takes so strictly what ends a message; `at_once` runs have a port of their own there. `weather`
        holds the faults that strike every run at their time.
        """
        latencies = latencies or Latencies()
        replies = Replies(template=template, latencies=latencies, keep_prompts=keep_prompts, unmasked=unmasked)
        every: tuple[Endpoint, ...] = (
            OpenAI(replies, latencies=latencies),
            Anthropic(replies),
            Gemini(replies),
            Tools(tools, latencies=latencies),
            Retriever(latencies=latencies),
            Clock(),
        )
        self._endpoints = () if only_follows else every
        self._tool_names = None if only_follows else frozenset(tool.name for tool in tools)
        self._writes = not only_follows and any(tool.writes for tool in tools)
        self._runs = Runs(lane=lane, weather=weather)
        self._noticed = noticed
        self.telemetry = None if follows is None else Telemetry(self._runs, follows, clock, unmasked=unmasked)
        """What the pipeline tells of itself, where somebody follows it."""
        self._port = port
        # A pipeline under test must not be able to write its own script.
        self._control = Control(self, self._runs) if controlled else None
        self._clock = clock
        self._mail_port = mail_port
        self.mail = None if mail is None or only_follows else self._sink(mail, at_once)
        """The mail sink, where mails are sent."""
        self._pulse = Pulse()
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
    def unserved(self) -> int:
        """Requests of open runs that no double stands for, answered 404 or 405; their effect is unknown."""
        return self._runs.unserved

    @property
    def strays(self) -> tuple[Observation, ...]:
        """What the last few unattributed requests were."""
        return tuple(self._runs.strays)

    async def start(self) -> None:
        """Listen on 127.0.0.1. Raises RuntimeError when started already, InputError for a port that cannot be had."""
        from aiohttp import web

        if self._runner is not None:
            raise RuntimeError("the doubles are running already")
        server: Any = web.Server(self._handle, handler_cancellation=True, logger=_SILENT, access_log=None)
        runner = web.ServerRunner(server, shutdown_timeout=0.2)
        await runner.setup()
        try:
            await web.TCPSite(runner, HOST, self._port, backlog=1024).start()
        except (OSError, OverflowError) as error:
            await runner.cleanup()
            raise InputError(_no_port(self._port, error)) from None
        if self.mail is not None:
            try:
                self.mail.start()
            except (OSError, OverflowError) as error:
                await runner.cleanup()
                raise InputError(_no_port(self._mail_port, error, "--smtp-port")) from None
        self._pulse.start()
        self._runner = runner
        self._base = f"http://{HOST}:{runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Close every connection. Does nothing when not running."""
        runner, self._runner = self._runner, None
        self._pulse.stop()
        if runner is not None:
            await runner.cleanup()
            if self.mail is not None:
                await self.mail.stop()

    def environment(self) -> Mapping[str, str]:
        """Base URLs by variable, without a run; to be set before user code is imported."""
        # Vendors' clients refuse to start without a key; this one also keeps a real key out of loopback requests.
        keys = {name: "sluicegate-double" for endpoint in self._endpoints for name in endpoint.keys}
        told = self.telemetry.settings() if self.telemetry is not None else {}
        return {**self._urls(""), **keys, **told, **(self.mail.variables(None) if self.mail is not None else {})}

    def open_run(self, run_id: str, case: Case) -> Mapping[str, str]:
        """Script the doubles for one run. Raises InputError for what no double can play, ValueError if open."""
        check_script(case, self._tool_names)
        self._runs.open(run_id, case)
        return {**self._urls(f"/r/{run_id}"), **(self.mail.variables(run_id) if self.mail is not None else {})}

    def when_written(self, run_id: str, tell: Callable[[], None]) -> None:
        """Call `tell` once, as soon as a tool of the run has written. Does nothing for a run that is not open."""
        run = self._runs.named(run_id)
        if run is not None:
            run.when_written = tell

    def goes_on(self, run_id: str, delivery: int) -> None:
        """The deliveries before this one have been answered: what comes now says so. Nothing for a run not open."""
        run = self._runs.named(run_id)
        if run is not None:
            run.delivery = delivery

    def listens(self, run_id: str) -> float:
        """Seconds for which an answered run is still open: where a second write would show, late ones count too."""
        run = self._runs.named(run_id) if self._writes else None
        return run.listens() if run is not None and run.case.given.times > 1 else 0.0

    def close_run(self, run_id: str) -> tuple[Observation, ...]:
        """What was attributed to the run, in order of arrival. Raises KeyError for a run that is not open."""
        if self.mail is not None:
            self.mail.close(run_id)
        seen = self._runs.close(run_id)
        if self.telemetry is not None:
            self.telemetry.close(run_id)
        return seen

    def _urls(self, prefix: str) -> dict[str, str]:
        if self._runner is None:
            raise RuntimeError("the doubles are not running; await start() first")
        base = f"{self._base}{prefix}"
        told = self.telemetry.variables(base) if self.telemetry is not None else {}
        return {**{endpoint.variable: f"{base}{endpoint.prefix}" for endpoint in self._endpoints}, **told}

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        held_up_s = self._pulse.held_up_s()
        body = await _body(request)
        path = request.rel_url.raw_path
        if self._control is not None and self._control.owns(path):
            return await write(request, self._control.answer(request.method, path, request.headers, body))
        run_id, path = split_path(path)
        if self.telemetry is not None and self.telemetry.owns(path):
            kind = request.headers.get("content-type", "")
            return await write(request, self.telemetry.answer(run_id, request.method, path, kind, body))
        named_by: By = "path"
        if run_id is None:
            raw = (body or b"") + request.rel_url.raw_path_qs.encode()
            run_id, run, named_by = self._runs.belonging(request.headers, raw)
        else:
            run = self._runs.named(run_id)
            if self._runs.contradicts(run_id, request.headers):
                run_id, run, named_by = None, None, "nothing"
        if run is None and run_id is not None:
            self._runs.late += 1
            self._notice("late", self._runs.late, request.method, path, run_id)
            return await write(request, json_answer({"error": f"run {run_id[:16]} is not open"}, status=410))
        owner = run or self._runs.stray()
        if run is None:
            self._notice("unattributed", self._runs.unattributed, request.method, path, "")
        call = Call(
            run=owner,
            method=request.method,
            path=path,
            query=tuple(request.rel_url.query.items()),
            body=body,
            when=self._clock(),
            correlation=self._correlation(named_by, owner, request.headers),
        )
        answer = self._decide(call)
        if run is None:
            self._runs.strays.extend(owner.log)
        elif answer.is_unserved and not self._is_probe(request.method, path):
            self._runs.unserved += 1
            self._notice("unserved", self._runs.unserved, request.method, path, run.run_id)
        return await write(request, answer, owner.unanswered, held_up_s=held_up_s)

    def _sink(self, line_endings: LineEndings, at_once: int) -> MailSink:
        # Loaded where mails are sent: no other run pays for an SMTP server.
        from sluicegate.doubles.mail_sink import MailSink

        def noticed(why: Why, words: str, run_id: str) -> None:
            number = self._runs.late if why == "late" else self._runs.unattributed
            self._notice(why, number, "SMTP", words, run_id)

        return MailSink(
            self._runs,
            line_endings=line_endings,
            clock=self._clock,
            noticed=noticed,
            at_once=at_once,
            port=self._mail_port,
        )

    def _notice(self, why: Why, number: int, method: str, path: str, run_id: str) -> None:
        if self._noticed is not None and number <= TOLD:
            # An address in a path may be percent-encoded, which hides it from whoever masks.
            action, at = masked(f"{method} {unquote(path)}", limit=200), rfc3339(self._clock())
            self._noticed(why, Observation(run_id=run_id[:16], double="server", action=action, at=at))

    def _correlation(self, named_by: By, run: Run, headers: Mapping[str, str]) -> dict[str, Json]:
        told = correlation(named_by, headers)
        if self.telemetry is not None:
            told["carries"] = self.telemetry.carried(run, headers).value
        if run.delivery:
            told["delivery"] = run.delivery
        if held := marks(run.case, "\n".join(headers.values())):
            told["marks"] = list(held)
        return told

    def _decide(self, call: Call) -> Answer:
        for endpoint in self._endpoints:
            if call.path == endpoint.prefix or call.path.startswith(f"{endpoint.prefix}/"):
                answer = endpoint.answer(call)
                if call.body is None and answer.status < 400:
                    return json_answer({"error": "body too large"}, status=413, seen=answer.seen)
                return answer
        return unserved(json_answer({"error": f"no double answers {call.path[:200]}"}, status=404))

    def _is_probe(self, method: str, path: str) -> bool:
        """A look whether anybody is there, or which models are: it asks for nothing that could have an effect."""
        prefix = next((each.prefix for each in self._endpoints if path.startswith(f"{each.prefix}/")), "")
        places = ("", *(each.prefix for each in self._endpoints))
        is_model = prefix in _MODEL_PREFIXES and _LISTING.fullmatch(path.removeprefix(prefix)) is not None
        return method in _READING and (path.rstrip("/") in places or is_model)


def _no_port(port: int, error: OSError | OverflowError, option: str = "--port") -> Fault:
    what = f"port {port} of {HOST} cannot be had: {getattr(error, 'strerror', None) or error}."
    if getattr(error, "errno", None) == errno.EADDRINUSE:
        what = f"port {port} of {HOST} is in use."
    return Fault(where="doubles", what=what, mend=f"Choose another with {option}, or leave it out for a free one.")


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
