"""One request over gevent's sockets: sent, read to its end, timed, and read as an Output like every other answer."""

from __future__ import annotations

import os
import re
from base64 import b64encode
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import gevent
from geventhttpclient.response import HTTPConnectionClosed, HTTPParseError, HTTPSocketResponse

import sluicegate.checks.masking  # noqa: F401 - what the first failure would load is there before workers are forked
from sluicegate.errors import InputError
from sluicegate.load.connections import Connections
from sluicegate.model import Case, CrashKind, Output, RunContext, encode
from sluicegate.pipelines.conversion import too_large
from sluicegate.pipelines.crashes import crash
from sluicegate.pipelines.http_answer import PART, AnswerReader
from sluicegate.pipelines.http_coding import Uncoded
from sluicegate.pipelines.http_request import Request, RequestTemplate
from sluicegate.pipelines.stream import EventFold
from sluicegate.plan.load import LoadJob, not_a_test_target

__all__ = ["Asker", "Reply"]

_ORIGIN = re.compile(r"https?://[^/?#]*")
_BLOCK_BYTES = 1 << 16
_EXCERPT_BYTES = 4096
_HEAD_BYTES = 1 << 20
"""More of a head that does not end is none."""


@dataclass(slots=True)
class Reply:
    """What came of one request. Times are of `perf_counter`, in seconds."""

    output: Output = field(default_factory=Output)
    cut: bool = False
    """The answer had begun, and its connection broke."""
    end: float = 0.0
    first: float | None = None
    """Streamed: when the first content came."""
    last: float = 0.0
    """Streamed: when the last piece of content so far came."""
    gaps: list[float] = field(default_factory=list)
    """Streamed: seconds between pieces of content."""
    bytes: int = 0
    http: int | None = None

    @property
    def status(self) -> str:
        """What a shard says of it: ok, incomplete or error."""
        if self.cut:
            return "incomplete"
        return "ok" if self.output.error is None else "error"


class _TooLargeError(Exception):
    """More came than an answer may have."""


class _Response(HTTPSocketResponse):  # type: ignore[misc] # not typed where it is not installed
    """A response that is given up where a head, or a line of a stream, does not end: memory has one."""

    def __init__(self, sock: Any, *, method: str, max_bytes: int) -> None:
        self._head_bytes, self._max_bytes = 0, max_bytes
        super().__init__(sock, block_size=_BLOCK_BYTES, method=method)

    def feed(self, data: bytes) -> None:
        """Take what came. Raises HTTPParseError for a head, _TooLargeError for a body beyond its size."""
        super().feed(data)
        if not self.headers_complete:
            self._head_bytes += len(data)
            if self._head_bytes > _HEAD_BYTES:
                raise HTTPParseError("the head does not end")
        elif len(self._body_buffer) > self._max_bytes + _BLOCK_BYTES:
            raise _TooLargeError


class Asker:
    """Asks one target. Raises InputError for a request or mapping that is none, and for what is no test target."""

    def __init__(self, job: LoadJob) -> None:
        self._template = RequestTemplate(
            job.target, endpoints=dict(job.endpoints), environment=os.environ, id_header=job.id_header
        )
        self._answers = AnswerReader(job.target, secrets=self._template.secrets)
        self._timeout_s = job.timeout_s
        self._max_bytes = job.target.max_bytes
        self._allow = job.allow
        self._origins: dict[str, tuple[Connections, str]] = {}
        """By origin: connections, and the headers its address asks for."""
        context = RunContext(run_id="0" * 16, traceparent=f"00-{'0' * 32}-{'0' * 16}-00")
        self.shown = ""
        """Method and address of the first case, without what may be secret."""
        for case in job.cases[:1]:
            request = self._template.fill(case, context)
            self._known(_origin(request.url))
            self.shown = request.shown
        # What is compiled when it is first used is not for the first answer to wait for.
        for kind in ("application/json", "text/html"):
            encode(self._answers.whole(self.shown, kind, b"{}"))

    def ask(self, case: Case, context: RunContext) -> Reply:
        """Send one request and read all of its answer, within the time-out. Never raises for the target's failure."""
        reply = Reply()
        try:
            request = self._template.fill(case, context)
            origin = _origin(request.url)
            connections, headers = self._known(origin)
        except (InputError, TypeError) as error:
            reply.output = self._crash(CrashKind.NOT_SENT, f"{case.id}: the case does not fit the request: {error}")
            reply.end = perf_counter()
            return reply
        timeout = gevent.Timeout.start_new(self._timeout_s)
        try:
            self._exchange(connections, request, _written(request, origin, headers), reply)
        except gevent.Timeout as raised:
            if raised is not timeout:
                raise
            said = f"{request.shown}: no answer within {self._timeout_s:g} s."
            reply.output = self._crash(CrashKind.TIMEOUT, said)
        finally:
            timeout.close()
            reply.end = reply.end or perf_counter()
        return reply

    def _known(self, origin: str) -> tuple[Connections, str]:
        """Connections to an origin, and the headers its address asks for. Raises InputError where load must not go."""
        if (found := self._origins.get(origin)) is not None:
            return found
        if (fault := not_a_test_target(origin, self._allow)) is not None:
            raise InputError(fault)
        parts = urlsplit(origin)
        headers = f"host: {parts.netloc.rpartition('@')[2]}\r\n"
        if parts.username is not None:
            named = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            headers += f"authorization: Basic {b64encode(named.encode()).decode()}\r\n"
        self._origins[origin] = Connections(parts), headers
        return self._origins[origin]

    def _exchange(self, connections: Connections, request: Request, written: bytes, reply: Reply) -> None:
        connection, response = None, None
        try:
            connection = connections.take()
            sent = connection.socket.send(written)
            if sent < len(written):
                connection.socket.sendall(written[sent:])
            response = _Response(connection.socket, method=request.method, max_bytes=self._max_bytes)
            reply.http = response.get_code()
            self._read(response, request, reply)
        except _TooLargeError:
            reply.end, reply.output = perf_counter(), too_large(None, self._max_bytes)
        except HTTPConnectionClosed:
            if connection is not None:
                connections.ended(connection)
            self._failed(reply, CrashKind.UNREACHABLE, f"{request.shown}: the connection was closed without an answer.")
        except HTTPParseError:
            self._broke(reply, CrashKind.GARBAGE, request, "the answer is not HTTP.")
        except OSError as error:
            if connection is not None and reply.http is None:
                connections.ended(connection)
            said = f"the connection failed: {error.strerror or error}".rstrip(".")
            self._broke(reply, CrashKind.UNREACHABLE, request, f"{said}.")
        finally:
            if connection is not None:
                if response is not None and response.message_complete and not response.should_close():
                    connections.keep(connection)
                else:
                    connection.socket.close()

    def _broke(self, reply: Reply, kind: CrashKind, request: Request, said: str) -> None:
        """The connection ended before the answer did: half of one where it had begun."""
        reply.cut = reply.http is not None
        if reply.cut:
            kind, said = CrashKind.GARBAGE, "the connection broke in the middle of the answer."
        self._failed(reply, kind, f"{request.shown}: {said}")

    def _read(self, response: HTTPSocketResponse, request: Request, reply: Reply) -> None:
        kind, uncoded = _one(response, "content-type").lower(), Uncoded(_one(response, "content-encoding"))
        if not 200 <= (reply.http or 0) < 300:
            read = response.read(_EXCERPT_BYTES)
            reply.end, reply.bytes = perf_counter(), len(read)
            body = b"".join(uncoded.feed(read))[:_EXCERPT_BYTES]
            reply.output = self._answers.refused(request.shown, reply.http or 0, response.status_message or "", body)
        elif reply.http == PART:
            self._partial(reply, request, f"its status is {PART}")
        elif kind.startswith("text/event-stream"):
            self._read_stream(response, request, uncoded, reply)
        else:
            self._read_whole(response, request, kind, uncoded, reply)

    def _partial(self, reply: Reply, request: Request, why: str) -> None:
        reply.end, reply.cut = perf_counter(), True
        reply.output = self._answers.partial(request.shown, why)

    def _read_whole(
        self, response: HTTPSocketResponse, request: Request, kind: str, uncoded: Uncoded, reply: Reply
    ) -> None:
        chunks: list[bytes] = []
        while reply.bytes <= self._max_bytes and (came := response.read(_BLOCK_BYTES)):
            for chunk in uncoded.feed(came):
                chunks.append(chunk)
                reply.bytes += len(chunk)
                if reply.bytes > self._max_bytes:
                    break
        reply.end = perf_counter()
        if reply.bytes > self._max_bytes:
            reply.output = too_large(None, self._max_bytes)
        elif uncoded.end():
            self._partial(reply, request, uncoded.fault)
        else:
            reply.output = self._answers.whole(request.shown, kind, b"".join(chunks))

    def _read_stream(self, response: HTTPSocketResponse, request: Request, uncoded: Uncoded, reply: Reply) -> None:
        fold, pieces = EventFold(), 0
        while reply.bytes <= self._max_bytes and (line := response.readline(b"\n") or response.read()):
            for piece in uncoded.feed(line):
                reply.bytes += len(piece)
                fold.feed(piece)
                if reply.bytes > self._max_bytes:
                    break
            if fold.pieces != pieces:
                pieces, now = fold.pieces, perf_counter()
                if reply.first is None:
                    reply.first = now
                else:
                    reply.gaps.append(now - reply.last)
                reply.last = now
        reply.end = perf_counter()
        if reply.bytes > self._max_bytes:
            reply.output = too_large(None, self._max_bytes)
            return
        if uncoded.end():
            self._partial(reply, request, uncoded.fault)
            return
        fold.end()
        reply.cut = fold.was_cut
        reply.output = self._answers.folded(fold, ttft_ms=None)

    def _failed(self, reply: Reply, kind: CrashKind, message: str) -> None:
        reply.end = perf_counter()
        reply.output = self._crash(kind, message)

    def _crash(self, kind: CrashKind, message: str) -> Output:
        return crash(kind, message, secrets=self._template.secrets)


def _one(response: HTTPSocketResponse, header: str) -> str:
    """Its value; of one that was sent more than once, all of them."""
    value = response.get(header)
    return ", ".join(value) if isinstance(value, list) else value or ""


def _origin(url: str) -> str:
    """`http://host:port` of an address, whose host no case can change."""
    found = _ORIGIN.match(url)
    return found[0] if found else url


def _written(request: Request, origin: str, headers: str) -> bytes:
    """The request as bytes. The template let nothing into a header that could end it."""
    uri = request.url[len(origin) :].partition("#")[0]
    if not uri.isascii() or not uri.isprintable() or " " in uri:
        uri = quote(uri, safe="!#$%&'()*+,/:;=?@[]~")
    body = request.body or b""
    own = "".join([f"{name}: {value}\r\n" for name, value in request.headers.items()])
    head = f"{request.method} {uri if uri[:1] == '/' else '/' + uri} HTTP/1.1\r\n{headers}{own}"
    if body or request.method not in ("GET", "HEAD", "DELETE"):
        head += f"content-length: {len(body)}\r\n"
    return b"%b\r\n%b" % (head.encode(), body)
