"""A target that behaves well or badly by its path, and generators in processes of their own that send it load."""

from __future__ import annotations

import asyncio
import gzip
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import orjson
from aiohttp import web

from sluicegate.ledger.load_shard import LoadRequest, ShardReader
from sluicegate.model import Case, encode
from sluicegate.plan.load import LoadJob, Profile
from sluicegate.plan.types import HeaderValue, HttpTarget
from sluicegate.resources import data

PATHS = ("ok", "html", "cut", "stream", "half", "refused", "slow", "echo", "coded", "part")
WORDS = 4


def _event(said: object) -> bytes:
    return b"data: " + orjson.dumps(said) + b"\n\n"


async def _answer(request: web.Request) -> web.StreamResponse:
    name = request.path.strip("/").rpartition("/")[2]
    body = await request.read()
    if name == "html":
        return web.Response(text="<html><body>Welcome</body></html>", content_type="text/html")
    if name == "refused":
        return web.json_response({"error": "no"}, status=503)
    if name == "slow":
        await asyncio.sleep(30)
    if name == "echo":
        return web.json_response({"structured": orjson.loads(body), "usage": {"input_tokens": 3, "output_tokens": 5}})
    if name == "coded":  # its trailer is missing
        return web.Response(body=gzip.compress(b'{"content": "on"}')[:-8], headers={"content-encoding": "gzip"})
    if name == "part":
        return web.json_response({"content": "on"}, status=206)
    if name == "mirror":
        return web.json_response({"content": request.headers["authorization"]})
    if name == "cut":
        cut = web.StreamResponse(headers={"content-length": "1000", "content-type": "application/json"})
        await cut.prepare(request)
        await cut.write(b'{"content": "on')
        assert request.transport is not None
        request.transport.close()
        return cut
    if name in ("stream", "half"):
        return await _streamed(request, whole=name == "stream")
    return web.json_response({"content": "on its way"})


async def _streamed(request: web.Request, *, whole: bool) -> web.StreamResponse:
    stream = web.StreamResponse(headers={"content-type": "text/event-stream"})
    await stream.prepare(request)
    for number in range(WORDS):
        await stream.write(_event({"choices": [{"index": 0, "delta": {"content": f"w{number} "}}]}))
        await asyncio.sleep(0.02)
    if whole:
        usage = {"prompt_tokens": 7, "completion_tokens": WORDS}
        await stream.write(_event({"model": "m", "choices": [], "usage": usage}) + b"data: [DONE]\n\n")
    return stream


@contextmanager
def target() -> Iterator[str]:
    """The address of a server in a thread of its own, without a final slash."""
    loop, ready, address = asyncio.new_event_loop(), threading.Event(), [""]

    async def begin() -> web.AppRunner:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", _answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        address[0] = f"http://{host}:{port}"
        ready.set()
        return runner

    def serve() -> None:
        runner = loop.run_until_complete(begin())
        loop.run_forever()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(runner.cleanup())

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield address[0]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def secret_header(variable: str) -> HeaderValue:
    """A header that only the environment knows."""
    return HeaderValue(env=variable, prefix="Bearer ")


def job_file(folder: Path, url: str, profile: Profile, **more: object) -> Path:
    """A job whose cases are named like the paths of the target; shards go into `<folder>/shards`."""
    given = {"timeout_s": 3.0, "nonce": "ab" * 16, "cases": tuple(Case(id=name, input={"n": name}) for name in PATHS)}
    given |= {"target": HttpTarget(url=url), "shards": str(folder / "shards")} | more
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "job.json"
    path.write_bytes(orjson.dumps(encode(LoadJob(profile=profile, **given))))  # type: ignore[arg-type]
    return path


def locust(job: Path | None, *more: str, most_kb: int | None = None) -> subprocess.Popen[str]:
    """A Locust process as the command line starts it, its words on stderr; no file of it may be larger than that."""
    limit = ["sh", "-c", f'ulimit -f {2 * most_kb}; exec "$@"', "sh"] if most_kb is not None else []
    given = {} if job is None else {"SLUICEGATE_LOAD_JOB": str(job)}
    command = [sys.executable, "-m", "locust", "-f", str(data("load", "locustfile.py")), "--headless", "--only-summary"]
    if "--processes" in more:  # a port of their own: other tests have theirs at the same time
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = str(free.getsockname()[1])
        more += ("--master-bind-host", "127.0.0.1", "--master-bind-port", port, "--master-host", "127.0.0.1")
        more += ("--master-port", port)
    return subprocess.Popen(
        [*limit, *command, *more],
        env={**os.environ, **given},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Exit code and what was said."""
    _, said = process.communicate(timeout=150)
    return process.returncode, said


_ENGINES = """
import sys
from gevent import monkey
monkey.patch_all()
import time
from pathlib import Path
import gevent
from sluicegate.errors import InputError
from sluicegate.load.engine import Engine, Part, planned_of
from sluicegate.load.jobs import digest_of_job, read_job
def one(path):
    said = Path(path).read_bytes()
    job = read_job(said)
    start_us = time.time_ns() // 1000 + 50_000
    part = Part(run="cd" * 8, worker=0, of=1, start_us=start_us, planned=planned_of(job, 0, 1))
    try:
        Engine(job, digest_of_job(said), part, fire=lambda **told: None, broken=print).run()
    except InputError as error:
        print(f"{path}: {error}")
gevent.joinall([gevent.spawn(one, path) for path in sys.argv[1:]], raise_error=True)
"""


def engines(jobs: Sequence[Path]) -> str:
    """Engines for several jobs side by side in one process without Locust's own loop; what was refused."""
    done = subprocess.run(
        [sys.executable, "-c", _ENGINES, *map(str, jobs)], capture_output=True, text=True, timeout=150, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def shards(folder: Path) -> list[tuple[ShardReader, list[LoadRequest]]]:
    """Every shard of a job's folder, read to its end, with its requests by their place."""
    found = []
    for path in sorted((folder / "shards").glob("*.jsonl")):
        reader = ShardReader(path)
        requests = [line for line in reader if isinstance(line, LoadRequest)]
        found.append((reader, sorted(requests, key=lambda request: request.i)))
    return found
