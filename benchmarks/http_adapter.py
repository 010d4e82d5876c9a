"""G7: the HTTP adapter beside a bare aiohttp client, 100 requests at once against the same server.

The server runs in a process of its own; only the clients' CPU is compared, as the slope between two numbers of
requests, so that neither imports nor connections are in it.
"""

from __future__ import annotations

import asyncio
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from benchmarks.side_by_side import Goal, cost_of, slope, verdicts
from benchmarks.workload import answered, cases

__all__ = ["measure"]

_FEW, _MANY = 500, 3_000
_AT_ONCE = 100


def measure(runs: int = 5) -> list[Goal]:
    """The goal of the HTTP adapter, seen now."""
    spent: dict[str, list[float]] = {"bare": [], "adapter": []}
    with _server() as url:
        for _ in range(runs):
            for client, seen in spent.items():
                few, many = (
                    cost_of([sys.executable, "-m", "benchmarks.http_adapter", client, url, str(requests)])
                    for requests in (_FEW, _MANY)
                )
                seen.append(slope([few], [many], _MANY - _FEW))
    print(", ".join(f"{name} {statistics.median(seen):.0f} µs CPU a request" for name, seen in spent.items()))
    ratio = statistics.median(b / a for a, b in zip(spent["bare"], spent["adapter"], strict=True))
    return [Goal("G7", "HTTP adapter, 100 at once, client CPU over bare aiohttp", ratio, 1.5)]


@contextmanager
def _server() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.http_adapter", "serve", str(port)])
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/answer"
    finally:
        process.terminate()
        process.wait()


def _serve(port: int) -> None:
    from aiohttp import web

    async def answer(request: web.Request) -> web.Response:
        given = await request.json()
        await asyncio.sleep(0.02)
        return web.json_response(answered(given))

    app = web.Application()
    app.router.add_post("/answer", answer)
    web.run_app(app, host="127.0.0.1", port=port, print=None, access_log=None)


async def _bare(url: str, requests: int) -> None:
    """The floor: aiohttp's own client and `orjson`, no evidence, no limits, no checks."""
    import aiohttp
    import orjson

    source = cases(requests)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def worker() -> None:
            for case in source:
                body = orjson.dumps(case["input"])
                async with session.post(url, data=body, headers={"content-type": "application/json"}) as response:
                    orjson.loads(await response.read())

        await asyncio.gather(*(worker() for _ in range(_AT_ONCE)))


async def _adapter(url: str, requests: int) -> None:
    """The same through the adapter alone: a case in, an Output out."""
    from sluicegate.model import Case, RunContext
    from sluicegate.pipelines.http import HttpPipeline
    from sluicegate.plan.types import HttpTarget

    source = cases(requests)
    pipeline = HttpPipeline(HttpTarget(url=url))

    async def worker() -> None:
        for given in source:
            case = Case(id=given["id"], input=given["input"])
            output = await pipeline.call(case, RunContext(run_id="0" * 16, traceparent="00-0-0-01"))
            assert output.structured is not None, output

    await asyncio.gather(*(worker() for _ in range(_AT_ONCE)))
    await pipeline.aclose()


def main(arguments: Sequence[str]) -> int:
    """`python -m benchmarks.http_adapter [ROUNDS]`; the other words are for its own children."""
    match list(arguments):
        case ["serve", port]:
            _serve(int(port))
        case ["bare", url, requests]:
            asyncio.run(_bare(url, int(requests)))
        case ["adapter", url, requests]:
            asyncio.run(_adapter(url, int(requests)))
        case _:
            return verdicts(measure(int(arguments[0]) if arguments else 5))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
