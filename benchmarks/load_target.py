"""A server whose latencies are known: it draws each, logs it with the run id it was asked under, and can stand still.

Bare asyncio, so that what a client sees beside the drawn latency is as small as it can be. While it stands still its
process sleeps: connections wait in the kernel, as behind a real pause.
"""

from __future__ import annotations

import asyncio
import random
import re
import sys
import time
from pathlib import Path

__all__ = ["serve"]

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_RUN = re.compile(rb"\r\nx-sluicegate-run: *([0-9a-f]+)", re.IGNORECASE)
_BODY = b'{"content":"Your parcel is on its way.","usage":{"input_tokens":40,"output_tokens":8}}'
_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(_BODY), _BODY)
_MEDIAN_S, _SPREAD = 0.03, 0.5
"""Log-normal: a median of 30 ms, a p99 of 96."""


class _Connection(asyncio.Protocol):
    def __init__(self, log: list[str], draw: random.Random | None) -> None:
        self._log, self._draw = log, draw
        self._waiting = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._waiting += data
        while (head := self._waiting.find(b"\r\n\r\n")) >= 0:
            said = _LENGTH.search(self._waiting, 0, head + 2)
            end = head + 4 + (int(said[1]) if said else 0)
            if len(self._waiting) < end:
                return
            run = _RUN.search(self._waiting, 0, head + 2)
            self._waiting = self._waiting[end:]
            self._begin(run[1].decode() if run else "-")

    def _begin(self, run: str) -> None:
        received = time.time_ns()
        latency = self._draw.lognormvariate(0, _SPREAD) * _MEDIAN_S if self._draw else 0.0
        if latency:
            asyncio.get_running_loop().call_later(latency, self._answer, run, received, latency)
        else:
            self._answer(run, received, latency)

    def _answer(self, run: str, received: int, latency: float) -> None:
        if not self._transport.is_closing():
            self._transport.write(_ANSWER)  # type: ignore[attr-defined]  # TCP
        if self._draw:
            self._log.append(f"{run} {received // 1000} {time.time_ns() // 1000} {round(latency * 1e6)}\n")


async def serve(port: int, log: Path, *, delays: bool, stalls: bool) -> None:
    """Until it is ended. Stalls come 5 s after the first request, and every 10 s from then on.

    The log has a line a request: run id, received, answered, latency drawn; times in microseconds.
    """
    written: list[str] = []
    draw = random.Random(7) if delays else None
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(written, draw), "127.0.0.1", port, backlog=2048)
    began, next_stall = 0.0, 5.0
    async with server:
        with log.open("w") as file:
            while True:
                await asyncio.sleep(0.05)
                began = began or (time.monotonic() if written else 0.0)
                if stalls and began and time.monotonic() - began >= next_stall:
                    from_us = time.time_ns() // 1000
                    time.sleep(1.0)
                    written.append(f"stall {from_us} {time.time_ns() // 1000} 0\n")
                    next_stall += 10.0
                file.writelines(written)
                file.flush()
                written.clear()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2]), delays="delays" in sys.argv, stalls="stalls" in sys.argv))
