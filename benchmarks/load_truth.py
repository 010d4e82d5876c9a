"""G8 and G9: what `sluicegate load` records, held against a server that knows its own latencies.

Three generators ask the same server in turn, each about a hundred times a second: arrivals of ours, and Locust's
FastHttpUser and HttpUser as closed-loop users. First the server is steady, then it stands still for a second every
ten. The truth behind stalls is worked out from the times of arrival, the latencies the server drew and the stalls it
logged; no generator is asked. The cost of a request is the slope of CPU time between a short and a long run.

Read the figures of one run only: what else the machine does is in all of them alike.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import ceil
from operator import truediv
from pathlib import Path
from statistics import median

import orjson

from benchmarks.side_by_side import Goal, cost_of, verdicts
from sluicegate.ledger.load_shard import LoadLag, LoadRequest, ShardReader
from sluicegate.model import Case, encode
from sluicegate.plan.arrivals import arrivals
from sluicegate.plan.load import Arrival, LoadJob, Profile, Step
from sluicegate.plan.types import HttpTarget
from sluicegate.resources import data

__all__ = ["measure"]

_RATE = 100.0
_PARTS = (0.5, 0.95, 0.99)
_USERS, _PAUSE_S = 10, 0.066
"""Ten users who pause as long as they wait at the median: about a hundred requests a second."""
_FAST_RATE, _FAST_USERS = 1200.0, 20
_LOCUST = [sys.executable, "-m", "locust", "--headless", "--only-summary", "--loglevel", "ERROR", "-f"]


def measure(steady_s: float = 19, stalled_s: float = 19, rounds: int = 5) -> list[Goal]:
    """Both goals, seen now; some three minutes."""
    return [*_truth(steady_s, stalled_s), *_cost(rounds)]


def _truth(steady_s: float, stalled_s: float) -> list[Goal]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        steady = _Seen(folder / "steady", steady_s, stalls=False)
        stalled = _Seen(folder / "stalled", stalled_s, stalls=True)
    steady.show("steady")
    stalled.show("a stall of 1 s every 10 s")
    apart = [
        min(abs(ours - own) / own / 0.01, abs(ours - own) / 2000)
        for ours, own in zip(steady.percentiles(steady.service()), steady.percentiles(steady.own()), strict=True)
    ]
    true, seen = stalled.percentiles(stalled.truth())[-1], stalled.percentiles(stalled.ours())[-1]
    lost = steady.planned - len(steady.requests) + stalled.planned - len(stalled.requests)
    return [
        Goal("G8", "percentiles beside the server's own, in units of 1 % or 2 ms", max(apart), 1.0),
        Goal("G8", "with stalls: p99 beside the open-loop truth", abs(seen - true) / true * 100, 5.0, unit="%"),
        Goal("G8", "requests planned and not in the shard", lost, 0.0, unit=""),
    ]


class _Seen:
    """One run of three generators against one server, read. Times in microseconds."""

    def __init__(self, folder: Path, lasts_s: float, *, stalls: bool) -> None:
        folder.mkdir()
        self.profile = Profile(
            name="open", steps=(Step(for_s=lasts_s, rate=_RATE),), arrival=Arrival.POISSON, warm_up_s=1.0, seed=3
        )
        words = ("delays", "stalls") if stalls else ("delays",)
        with _server(folder / "log", *words) as url:
            _run(_job(folder, url, self.profile))
        self.users = {}
        for name in ("Fast", "Requests"):
            with _server(folder / name, *words) as url:
                self.users[name] = _users(name, url, lasts_s)
        self._log = [line.split() for line in (folder / "log").read_text().splitlines()]
        self.requests, self.worst_lag = _read(folder)
        self.planned = len(list(arrivals(self.profile)))
        start = min(request.intended for request in self.requests) + 1_000_000
        self._measured = [request for request in self.requests if request.intended >= start]

    def own(self) -> list[int]:
        """From received to answered, as the server logged it, of the measured requests."""
        named = {request.run_id for request in self._measured}
        return [int(end) - int(begun) for run, begun, end, _ in self._log if run in named]

    def service(self) -> list[int]:
        """From sent to answered, as the shard has it: what the server's own times are beside."""
        return [request.end - request.start for request in self._measured if request.end and request.start]

    def ours(self) -> list[int]:
        """From the intended start to the answer, as the shard has it: what is judged."""
        return [request.end - request.intended for request in self._measured if request.end]

    def truth(self) -> list[int]:
        """What each arrival had to wait, from when it came, the latency drawn for it and the stalls."""
        drawn = {line[0]: int(line[3]) for line in self._log if line[0] != "stall"}
        stalls = [(int(line[1]), int(line[2])) for line in self._log if line[0] == "stall"]
        return [_waited(one.intended, drawn[one.run_id], stalls) for one in self._measured if one.run_id in drawn]

    def percentiles(self, values: list[int]) -> list[int]:
        """The p50, p95 and p99 by nearest rank."""
        ranked = sorted(values)
        return [ranked[ceil(part * len(ranked)) - 1] for part in _PARTS]

    def show(self, what: str) -> None:
        """A table for people."""
        print(f"{what}: ms at p50, p95, p99; worst lateness of the generator {self.worst_lag / 1000:.1f} ms")
        for name, values in (("server's own", self.own()), ("open-loop truth", self.truth())):
            self._line(name, len(values), [value / 1000 for value in self.percentiles(values)])
        self._line("shard, from start", len(self._measured), [v / 1000 for v in self.percentiles(self.service())])
        self._line("shard, from intended", len(self._measured), [v / 1000 for v in self.percentiles(self.ours())])
        for name, (count, *values) in self.users.items():
            self._line(f"Locust, closed: {name}", int(count), values)

    def _line(self, name: str, count: int, values: Sequence[float]) -> None:
        print(f"  {name:<24} {count:>6} " + " ".join(f"{value:>8.1f}" for value in values))


def _waited(arrived: int, latency: int, stalls: Sequence[tuple[int, int]]) -> int:
    """A request that comes in a stall begins at its end; one whose answer falls into a stall has it at the end."""
    begun = next((end for begin, end in stalls if begin <= arrived < end), arrived)
    ready = begun + latency
    return next((end for begin, end in stalls if begin <= ready < end), ready) - arrived


_PAIRS = (
    ("arrivals", "irregular", "CPU a request, arrivals over FastHttpUsers as many and as irregular"),
    ("users", "unpaced", "CPU a request, users over FastHttpUser, both as fast as they can"),
)
_IN_STEP = "in step"
"""Users with `constant_throughput` ask twenty at a time, and such a bunch wakes both sides once: a cheaper request than
any arrival that comes alone, shown beside the others."""


def _cost(rounds: int) -> list[Goal]:
    spent: dict[str, list[float]] = {who: [] for who in (*(who for pair in _PAIRS for who in pair[:2]), _IN_STEP)}
    with tempfile.TemporaryDirectory() as name, _server(Path(name) / "log") as url:
        for turn in range(rounds):
            for who, seen in spent.items():
                few, many = (_cost_once(who, Path(name) / f"{turn}{who}{lasts_s}", url, lasts_s) for lasts_s in (1, 4))
                seen.append((many[0] - few[0]) / (many[1] - few[1]) * 1e6)
    for who, seen in spent.items():
        print(f"{who}: {', '.join(f'{one:.0f}' for one in seen)} µs CPU a request")
    return [Goal("G9", what, median(map(truediv, spent[ours], spent[theirs])), 1.15) for ours, theirs, what in _PAIRS]


def _cost_once(who: str, folder: Path, url: str, lasts_s: int) -> tuple[float, int]:
    """CPU seconds and requests of one run."""
    if who in ("arrivals", "users"):
        step = Step(for_s=lasts_s, rate=_FAST_RATE) if who == "arrivals" else Step(for_s=lasts_s, users=_FAST_USERS)
        arrival = Arrival.POISSON if who == "arrivals" else None
        job = _job(folder, url, Profile(name=who, steps=(step,), arrival=arrival))
        cost = cost_of([*_LOCUST, str(data("load", "locustfile.py"))], {"SLUICEGATE_LOAD_JOB": str(job)})
        return cost.cpu_s, len(_read(folder)[0])
    users = [str(Path(__file__).with_name("load_users.py")), "Fast", "-u", str(_FAST_USERS), "-r", "100"]
    wait = {} if who == "unpaced" else {"BENCH_WAIT": who, "BENCH_PAUSE": str(_FAST_USERS / _FAST_RATE)}
    cost = cost_of([*_LOCUST, *users, "-t", str(lasts_s)], {"BENCH_URL": url, **wait})
    return cost.cpu_s, int(cost.said.split("BENCH", 1)[1].split()[0])


def _job(folder: Path, url: str, profile: Profile) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    cases = tuple(Case(id=f"case-{number}", input={"text": "Where is my parcel?"}) for number in range(100))
    job = LoadJob(nonce="ab" * 16, target=HttpTarget(url=url), profile=profile, cases=cases, shards=str(folder / "s"))
    path = folder / "job.json"
    path.write_bytes(orjson.dumps(encode(job)))
    return path


def _run(job: Path) -> None:
    command = [*_LOCUST, str(data("load", "locustfile.py"))]
    environment = {**os.environ, "SLUICEGATE_LOAD_JOB": str(job)}
    # In a session of its own, as the server and the users are: the kernel shares processors out between sessions.
    subprocess.run(command, env=environment, capture_output=True, check=True, timeout=120, start_new_session=True)


def _read(folder: Path) -> tuple[list[LoadRequest], int]:
    """The requests of a closed shard, and the worst lateness of its generator's clock."""
    (path,) = (folder / "s").glob("*.jsonl")
    reader = ShardReader(path)
    lines = list(reader)
    assert reader.closed is not None, reader.broken
    assert all(line.status == "ok" for line in lines if isinstance(line, LoadRequest))
    worst = max((line.worst for line in lines if isinstance(line, LoadLag)), default=0)
    return [line for line in lines if isinstance(line, LoadRequest)], worst


def _users(name: str, url: str, lasts_s: float) -> list[float]:
    """How many requests Locust's users made, and their p50, p95 and p99 in ms."""
    command = [*_LOCUST, str(Path(__file__).with_name("load_users.py")), name, "-u", str(_USERS), "-r", "100"]
    environment = {**os.environ, "BENCH_URL": url, "BENCH_PAUSE": str(_PAUSE_S)}
    command += ["-t", str(ceil(lasts_s))]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True, timeout=120, start_new_session=True
    )
    return [float(word) for word in done.stdout.split("BENCH", 1)[1].split()[:4]]


@contextmanager
def _server(log: Path, *words: str) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "benchmarks.load_target", str(port), str(log), *words]
    process = subprocess.Popen(command, start_new_session=True)
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/draft"
        time.sleep(0.3)  # the log's last lines
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def main(arguments: Sequence[str]) -> int:
    """`python -m benchmarks.load_truth [truth | cost [ROUNDS]]`."""
    match list(arguments):
        case ["truth"]:
            return verdicts(_truth(19, 19))
        case ["cost", *rounds]:
            return verdicts(_cost(int(rounds[0]) if rounds else 5))
        case _:
            return verdicts(measure())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
