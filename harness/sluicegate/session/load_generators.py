"""Locust as a process: started with a job, followed to its end, and ended with whoever started it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

import orjson

from sluicegate.frozen import frozen
from sluicegate.model import encode
from sluicegate.plan.load import LoadJob
from sluicegate.resources import data

__all__ = ["Ended", "LoadProgress", "generate"]

_PAUSE_S = 0.25
_GRACE_S = 30.0
_LEAVING_S = 10.0
_TAIL = 2000
_JOB = "SLUICEGATE_LOAD_JOB"


@frozen
class LoadProgress:
    """How far a run is."""

    passed_s: float
    lasts_s: float
    requests: int
    failed: int


class Ended:
    """How the generators ended."""

    def __init__(self) -> None:
        self.nonce = ""
        self.interrupted = False
        self.refused: list[str] = []
        """Why nothing was sent."""
        self.said: list[str] = []
        """What went wrong besides; the shards say the rest."""


def generate(
    job: LoadJob,
    ended: Ended,
    *,
    workers: int,
    web: bool,
    tell: Callable[[LoadProgress], None] | None,
    lasts_s: float,
) -> None:
    """Locust, from its start to its end. An interrupt stops it and is raised again when it has ended."""
    ended.nonce = job.nonce
    with TemporaryDirectory(prefix="sluicegate-load-") as scratch:
        path, said = Path(scratch, "job.json"), Path(scratch, "said")
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(orjson.dumps(encode(job)))
        locustfile = str(data("load", "locustfile.py"))
        words = [*(_WATCHED if web else ("--headless",)), *(_shared(workers) if workers > 1 else ())]
        argv = [sys.executable, "-P", "-m", "locust", "-f", locustfile, "--only-summary", *words]
        with said.open("wb") as output:
            # A group of its own: Ctrl-C is for this process, which ends that one when it has understood it.
            process = subprocess.Popen(  # noqa: S603 - our own interpreter and file
                argv,
                env={**os.environ, _JOB: str(path)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                process_group=0,
            )
        try:
            late = _followed(process, Path(job.shards), lasts_s, lasts_s + job.timeout_s + _GRACE_S, tell)
        finally:
            _end(process)
        if late:
            ended.said.append("the generators did not end in time, and were ended")
        lines = said.read_bytes()[-_TAIL:].decode("utf-8", "replace").strip().splitlines()
        if process.returncode == _REFUSED:
            ended.refused = lines or ["the generator refused the job."]
        elif process.returncode not in (0, _STOPPED) and not late:
            lines = [line for line in lines if line.startswith("error: ")] or lines
            last = lines[-1] if lines else "it said nothing"
            ended.said.append(f"the generator ended with exit code {process.returncode}: {last}")


def _shared(workers: int) -> list[str]:
    """What makes workers of one process: they meet at a port of their own, on loopback, whoever else runs Locust."""
    with socket.create_server((_LOOPBACK, 0)) as free:
        port = str(free.getsockname()[1])
    bound = ["--master-bind-host", _LOOPBACK, "--master-bind-port", port]
    return ["--processes", str(workers), *bound, "--master-host", _LOOPBACK, "--master-port", port]


_LOOPBACK = "127.0.0.1"
_REFUSED, _STOPPED = 3, 4
_WATCHED = ("--autostart", "--autoquit", "1", "--web-host", _LOOPBACK)


def _followed(
    process: subprocess.Popen[bytes],
    shards: Path,
    lasts_s: float,
    most_s: float,
    tell: Callable[[LoadProgress], None] | None,
) -> bool:
    """Wait for the end and tell how far it is; True where it had to be given up."""
    began, counted = monotonic(), _Counted(shards)
    while True:
        with suppress(subprocess.TimeoutExpired):
            process.wait(_PAUSE_S)
            return False
        passed = monotonic() - began
        if tell is not None:
            requests, failed = counted.now()
            tell(LoadProgress(passed_s=passed, lasts_s=lasts_s, requests=requests, failed=failed))
        if passed > most_s:
            return True


def _end(process: subprocess.Popen[bytes]) -> None:
    """The generator and those it started: asked to close their shards, then ended."""
    if process.poll() is not None:
        return
    for number, wait_s in ((signal.SIGTERM, _LEAVING_S), (signal.SIGKILL, None)):
        with suppress(ProcessLookupError):
            if number is signal.SIGTERM:
                process.send_signal(number)
            else:
                os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(wait_s)
            return


class _Counted:
    """Requests in shards that are still written, for whoever waits."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[Path, int] = {}
        self._requests = self._ok = 0

    def now(self) -> tuple[int, int]:
        """Requests so far, and how many of them failed."""
        for path in self._folder.glob("*of*.jsonl"):
            with path.open("rb") as file:
                file.seek(self._read.get(path, 0))
                more = file.read()
            whole = more[: more.rfind(b"\n") + 1]
            self._read[path] = self._read.get(path, 0) + len(whole)
            self._requests += whole.count(b'{"kind":"request"')
            self._ok += whole.count(b'"status":"ok"')
        return self._requests, max(0, self._requests - self._ok)
