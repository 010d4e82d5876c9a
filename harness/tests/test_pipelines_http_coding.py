"""An answer whose content encoding ends early, or is none that was asked for, is no whole answer."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from typing import Any

import pytest

from sluicegate.model import Case, CrashKind, Output, RunContext
from sluicegate.pipelines.http import HttpPipeline
from sluicegate.pipelines.http_coding import Uncoded
from sluicegate.plan.types import HttpTarget

BODY = b'{"content": "on its way"}'
_RAW = zlib.compressobj(wbits=-15)
RAW = _RAW.compress(BODY) + _RAW.flush()


def read(encoding: str | None, body: bytes, step: int = 7) -> tuple[bytes, str]:
    """What is left of a body that comes in pieces, and its fault."""
    uncoded = Uncoded(encoding)
    pieces = [piece for at in range(0, len(body), step) for piece in uncoded.feed(body[at : at + step])]
    return b"".join(pieces), uncoded.end()


@pytest.mark.parametrize("step", [1, 7, 10_000])
@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        (None, BODY),
        ("", BODY),
        ("identity", BODY),
        ("UTF-8", BODY),
        ("gzip", gzip.compress(BODY)),
        ("X-GZIP", gzip.compress(BODY)),
        ("gzip", gzip.compress(BODY[:5]) + gzip.compress(BODY[5:])),
        ("gzip", gzip.compress(BODY) + bytes(20)),
        ("deflate", zlib.compress(BODY)),
        ("deflate", RAW),
    ],
)
def test_a_whole_body_is_read(encoding: str | None, body: bytes, step: int) -> None:
    """However it is cut into pieces; a header that names a charset says nothing of the bytes."""
    assert read(encoding, body, step) == (BODY, "")


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_every_cut_is_found(encoding: str) -> None:
    """Also one that takes nothing but the trailer: no byte of the end is missing without being told."""
    whole = gzip.compress(BODY) if encoding == "gzip" else zlib.compress(BODY)
    for end in range(1, len(whole)):
        assert "ends in the middle" in read(encoding, whole[:end])[1], end


@pytest.mark.parametrize("encoding", ["br", "br, deflate", "gzip, gzip", "zstd"])
def test_an_encoding_nobody_asked_for_is_no_answer(encoding: str) -> None:
    """Plain bytes under its name may be half of anything."""
    assert "none that was asked for" in read(encoding, BODY)[1]


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_plain_bytes_under_an_encoding_are_no_answer(encoding: str) -> None:
    """The header says what they are, and they are not."""
    left, fault = read(encoding, BODY)
    assert fault
    assert left != BODY


def test_a_body_of_zeros_comes_in_pieces() -> None:
    """A megabyte of a gigabyte: whoever reads gives up at a limit, having held one piece."""
    coded = Uncoded("gzip").feed(gzip.compress(bytes(1 << 24)))
    assert [len(next(coded)) for _ in range(3)] == [1 << 16] * 3


async def _asked(head: str, body: bytes) -> Output:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Any:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {head}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    pipeline = HttpPipeline(HttpTarget(url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"))
    context = RunContext(run_id="ab" * 8, traceparent="00-abab-cd-01")
    try:
        return await pipeline.call(Case(id="c", input={"n": 1}), context)
    finally:
        await pipeline.aclose()
        server.close()
        await server.wait_closed()


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", ["application/json", "text/event-stream"])
async def test_the_adapter_takes_whole_answers_alone(kind: str) -> None:
    """A gzip body without its trailer, br over plain bytes and status 206 are garbage, and a whole one is read."""
    said = b'data: {"choices": [{"index": 0, "delta": {"content": "on its way"}}]}\n\ndata: [DONE]\n\n'
    body = BODY if kind == "application/json" else said
    typed = f"content-type: {kind}"
    whole = await _asked(f"200 OK\r\n{typed}\r\ncontent-encoding: gzip", gzip.compress(body))
    assert (whole.error, whole.content) == (None, "on its way")
    for head, sent in (
        (f"200 OK\r\n{typed}\r\ncontent-encoding: gzip", gzip.compress(body)[:-9]),
        (f"200 OK\r\n{typed}\r\ncontent-encoding: br", body),
        (f"206 Partial Content\r\n{typed}\r\ncontent-range: bytes 0-10/5000", body),
    ):
        crash = (await _asked(head, sent)).error
        assert crash is not None, head
        assert crash.kind is CrashKind.GARBAGE
        assert "not whole" in crash.message
