"""An HTTP endpoint: the case in the user's own request, the user's own response as an Output."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING

from sluicegate.errors import InputError
from sluicegate.model import Capability, Case, CrashKind, Output, RunContext
from sluicegate.pipelines.conversion import too_large
from sluicegate.pipelines.crashes import crash, line_of
from sluicegate.pipelines.http_answer import PART, AnswerReader
from sluicegate.pipelines.http_coding import ACCEPTED, Uncoded
from sluicegate.pipelines.http_request import Request, RequestTemplate
from sluicegate.pipelines.stream import EventFold
from sluicegate.plan.types import HttpTarget

if TYPE_CHECKING:
    import aiohttp

__all__ = ["HttpPipeline"]

_HOPS = 5
_PAUSE_S = 0.1
_KEPT_ALIVE_S = 1.5
"""Shorter than any usual server's own limit, so that no request meets a connection the server is just closing."""
_EXCERPT_BYTES = 4096


@dataclass(slots=True)
class _Attempts:
    """How often one delivery was sent again, and whether it may be once more."""

    retries: int = 0
    may_repeat: bool = False


class HttpPipeline:
    """One request per delivery, within `timeout_s` altogether.

    Without a `request` template the canonical input is the body; without a `response` mapping the response is read by
    the rules every adapter shares (`conversion`). Redirects are followed within the same origin only. Proxies of the
    environment are not used. `retries` repeats after transport faults, never after an answer, and is counted in
    `metadata.retries`. Raises InputError for every fault of the configuration, without any header's value.
    """

    def __init__(
        self,
        target: HttpTarget,
        *,
        endpoints: Mapping[str, str] | None = None,
        capabilities: Iterable[Capability] = (),
        timeout_s: float = 30.0,
        retries: int = 0,
        environment: Mapping[str, str] | None = None,
        id_header: str | None = None,
    ) -> None:
        """`id_header` names a further header that carries the run's id."""
        self.capabilities = frozenset(capabilities)
        given = os.environ if environment is None else environment
        self._template = RequestTemplate(target, endpoints=endpoints or {}, environment=given, id_header=id_header)
        self._answers = AnswerReader(target, secrets=self._template.secrets)
        self._timeout_s = timeout_s
        self._retries = retries
        self._max_bytes = target.max_bytes
        self._session: aiohttp.ClientSession | None = None

    async def call(self, case: Case, context: RunContext) -> Output:
        """Answer one delivery of `case`."""
        try:
            request = self._template.fill(case, context)
        except InputError as error:
            said = " ".join(str(fault) for fault in error.faults)
            return crash(CrashKind.NOT_SENT, f"{case.id}: the case does not fit the request: {said}")
        except TypeError as error:
            return crash(CrashKind.NOT_SENT, f"{case.id}: the request cannot be written as JSON: {error}.")
        attempts = _Attempts()
        try:
            async with asyncio.timeout(self._timeout_s):
                output = await self._tried(request, attempts)
        except TimeoutError:
            output = self._crash(CrashKind.TIMEOUT, f"{request.shown}: no answer within {self._timeout_s:g} s.")
        if output.error is not None:  # an error the endpoint reports may repeat what it was sent
            said = line_of(output.error.message, limit=500, secrets=self._template.secrets)
            output = replace(output, error=replace(output.error, message=said))
        if attempts.retries:
            return replace(output, metadata={**output.metadata, "retries": attempts.retries})
        return output

    async def aclose(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _tried(self, request: Request, attempts: _Attempts) -> Output:
        while True:
            output = await self._sent(request, attempts)
            if not attempts.may_repeat or attempts.retries >= self._retries:
                return output
            attempts.retries += 1
            await asyncio.sleep(_PAUSE_S * 2 ** (attempts.retries - 1))

    async def _sent(self, request: Request, attempts: _Attempts) -> Output:
        """One attempt, with the redirects it may follow. A fault before any answer may be repeated."""
        import aiohttp

        attempts.may_repeat = False
        try:
            for _ in range(_HOPS):
                answer = await self._exchange(request)
                if isinstance(answer, Output):
                    return answer
                request = answer
        except aiohttp.InvalidURL:
            return self._crash(CrashKind.NOT_SENT, f"{request.shown}: this is no URL that can be called.")
        except aiohttp.ClientPayloadError:
            said = f"{request.shown}: the connection broke in the middle of the answer."
            return self._crash(CrashKind.UNREACHABLE, said)
        except aiohttp.ClientResponseError as error:
            return self._crash(CrashKind.GARBAGE, f"{request.shown}: the answer is not HTTP: {error.message}")
        except (aiohttp.ClientError, OSError) as error:
            attempts.may_repeat = True
            return self._crash(CrashKind.UNREACHABLE, f"{request.shown} is unreachable: {_reason(error)}.")
        return self._crash(CrashKind.HTTP_STATUS, f"{request.shown}: more than {_HOPS} redirects.")

    async def _exchange(self, request: Request) -> Output | Request:
        """One request; the Output of its response, or the request a redirect asks for."""
        began = perf_counter()
        session = self._session or self._opened()
        async with session.request(
            request.method, request.url, data=request.body, headers=request.headers, allow_redirects=False
        ) as response:
            if 300 <= response.status < 400 and (location := response.headers.get("location")):
                return self._redirected(request, response, location)
            if not 200 <= response.status < 300:
                return await self._refused(request, response)
            return await self._answered(request, response, began)

    async def _answered(self, request: Request, response: aiohttp.ClientResponse, began: float) -> Output:
        """The Output of a response whose status is a success."""
        if response.status == PART:
            response.close()
            return self._answers.partial(request.shown, f"its status is {PART}")
        uncoded = Uncoded(", ".join(response.headers.getall("content-encoding", ())))
        if response.content_type == "text/event-stream":
            output = await self._streamed(response, uncoded, began)
            return self._answers.partial(request.shown, uncoded.fault) if uncoded.fault else output
        body = await self._read(response, uncoded)
        if body is None:
            return too_large(response.content_length, self._max_bytes)
        if uncoded.end():
            response.close()
            return self._answers.partial(request.shown, uncoded.fault)
        return self._answers.whole(request.shown, response.headers.get("content-type", ""), body)

    async def _read(self, response: aiohttp.ClientResponse, uncoded: Uncoded) -> bytes | None:
        """The body, or None as soon as it is beyond the limit; the rest is never read."""
        if (response.content_length or 0) > self._max_bytes:
            response.close()
            return None
        chunks: list[bytes] = []
        size = 0
        async for came in response.content.iter_any():
            for chunk in uncoded.feed(came):
                size += len(chunk)
                if size > self._max_bytes:
                    response.close()
                    return None
                chunks.append(chunk)
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    async def _streamed(self, response: aiohttp.ClientResponse, uncoded: Uncoded, began: float) -> Output:
        fold, size, ttft_ms = EventFold(), 0, None
        async for came in response.content.iter_any():
            for chunk in uncoded.feed(came):
                size += len(chunk)
                if size > self._max_bytes:
                    response.close()
                    return too_large(None, self._max_bytes)
                fold.feed(chunk)
                if ttft_ms is None and fold.has_text:
                    ttft_ms = (perf_counter() - began) * 1000
        uncoded.end()
        fold.end()
        return self._answers.folded(fold, ttft_ms=ttft_ms)

    async def _refused(self, request: Request, response: aiohttp.ClientResponse) -> Output:
        read = await response.content.read(_EXCERPT_BYTES)
        response.close()
        body = b"".join(Uncoded(", ".join(response.headers.getall("content-encoding", ()))).feed(read))[:_EXCERPT_BYTES]
        return self._answers.refused(request.shown, response.status, response.reason or "", body)

    def _redirected(self, request: Request, response: aiohttp.ClientResponse, location: str) -> Output | Request:
        from yarl import URL

        try:
            to = response.url.join(URL(location))
            origin = to.origin()
        except ValueError:
            return self._crash(CrashKind.HTTP_STATUS, f"{request.shown} answered {response.status} without an address.")
        if origin != response.url.origin():
            said = f"{request.shown} answered {response.status}, a redirect to {origin}; other hosts are not followed."
            return self._crash(CrashKind.HTTP_STATUS, said)
        if response.status in (307, 308):
            return replace(request, url=str(to))
        return replace(request, url=str(to), method="GET", body=None)

    def _opened(self) -> aiohttp.ClientSession:
        import aiohttp

        # No limit here: the runner bounds what is in flight, and waiting in a pool would be counted as latency.
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEPT_ALIVE_S),
            timeout=aiohttp.ClientTimeout(total=None),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"accept-encoding": ACCEPTED},
            auto_decompress=False,  # a gzip body without its end would pass for a whole one
            trust_env=False,
        )
        return self._session

    def _crash(self, kind: CrashKind, message: str) -> Output:
        return crash(kind, message, secrets=self._template.secrets)


def _reason(error: Exception) -> str:
    cause = getattr(error, "os_error", None) or error
    said = getattr(cause, "strerror", None) or str(cause) or type(error).__name__
    return str(said).rstrip(".")
