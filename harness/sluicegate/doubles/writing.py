"""How an answer goes out over a socket: late, in pieces, cut, or not at all."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import TYPE_CHECKING

from sluicegate.doubles.answer import Answer
from sluicegate.model import Json

if TYPE_CHECKING:
    from aiohttp import web

__all__ = ["write"]

_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER on, for 0 seconds: closing sends RST instead of FIN."""
_LOOK_S = 0.05
_LATE_S = 0.005
"""A wait of `_LOOK_S` that ends so much later was held up; less is what any timer adds."""


async def write(
    request: web.BaseRequest,
    answer: Answer,
    unanswered: dict[int, tuple[dict[str, Json], float]] | None = None,
    *,
    held_up_s: float = 0.0,
) -> web.StreamResponse:
    """Send the answer. Whoever hangs up before it is out is noted in its observation.

    Until its first byte it stands among the `unanswered`, with the time by the loop's clock. `held_up_s`: how long the
    request may have lain there unread.
    """
    from aiohttp import web

    begun = asyncio.get_running_loop().time()
    try:
        if answer.delay_ms > 0:
            await _waited(answer, begun, {} if unanswered is None else unanswered, held_up_s)
    except (asyncio.CancelledError, ConnectionError):
        _left(answer, begun)
        raise
    if answer.cut == "silent":
        return _hung_up(request)
    if answer.cut == "reset":
        return _reset(request)
    if answer.stream or answer.cut == "middle":
        return await _write_pieces(request, answer, begun)
    headers = {"content-type": answer.content_type, **answer.headers}
    return web.Response(status=answer.status, body=answer.body, headers=headers)


async def _waited(
    answer: Answer, begun: float, unanswered: dict[int, tuple[dict[str, Json], float]], held_up_s: float
) -> None:
    if answer.seen is not None:
        unanswered[id(answer)] = answer.seen, begun
    try:
        await _sleep(begun + answer.delay_ms / 1000, {} if answer.seen is None else answer.seen, held_up_s)
    finally:
        unanswered.pop(id(answer), None)


async def _sleep(until: float, seen: dict[str, Json], late_s: float) -> None:
    """Sleep until then by the loop's clock; what holds up this machine meanwhile holds up the caller's timers too."""
    loop, total_s = asyncio.get_running_loop(), 0.0
    while True:
        if late_s > _LATE_S:
            total_s += late_s
            seen["late_ms"] = round(total_s * 1000, 1)
        if (now := loop.time()) >= until:
            return
        wake = min(now + _LOOK_S, until)
        await asyncio.sleep(wake - now)
        late_s = loop.time() - wake


def _left(answer: Answer, begun: float) -> None:
    """Note that the caller hung up."""
    if answer.seen is not None:
        answer.seen["aborted"] = True
        answer.seen["aborted_after_ms"] = round((asyncio.get_running_loop().time() - begun) * 1000, 1)


async def _write_pieces(request: web.BaseRequest, answer: Answer, begun: float) -> web.StreamResponse:
    """Send a stream, or half of a body. Who has all of an answer may hang up before its end mark."""
    from aiohttp import web

    pieces = answer.stream or (answer.body[: len(answer.body) // 2], answer.body[len(answer.body) // 2 :])
    response = web.StreamResponse(status=answer.status, headers={"content-type": answer.content_type, **answer.headers})
    if not answer.stream:
        response.content_length = len(answer.body)
    ends = len(pieces) // 2 if answer.cut == "middle" else len(pieces)
    sent, enough = 0, min(answer.enough or ends, ends)
    try:
        await response.prepare(request)
        for piece in pieces[:ends]:
            await response.write(piece)
            sent += 1
            if answer.gap_ms > 0:
                await asyncio.sleep(answer.gap_ms / 1000)
        if answer.cut == "middle":
            return _hung_up(request, response)
        await response.write_eof()
    except (asyncio.CancelledError, ConnectionError):
        if sent < enough:
            _left(answer, begun)
        raise
    return response


def _hung_up(request: web.BaseRequest, response: web.StreamResponse | None = None) -> web.StreamResponse:
    """Close the connection, as a server that died would."""
    from aiohttp import web

    if request.transport is not None:
        request.transport.close()
    return response or web.Response(status=500)


def _reset(request: web.BaseRequest) -> web.StreamResponse:
    """The nearest a listening server gets to a refused connection: torn down at once, without a byte."""
    from aiohttp import web

    transport = request.transport
    if transport is not None:
        opened = transport.get_extra_info("socket")
        if opened is not None:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        transport.abort()
    return web.Response(status=500)
