"""Generators against a real server: every request told as what it was, nothing lost, shares and ends in the shards."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest

from sluicegate.ledger.load_shard import LoadRequest, ShardReader
from sluicegate.model import Case, CrashKind
from sluicegate.plan.arrivals import arrivals
from sluicegate.plan.load import Arrival, Profile, Step, TraceArrival
from sluicegate.plan.types import HttpTarget

sys.path.insert(0, str(Path(__file__).parent))
from load_world import PATHS, WORDS, ended, engines, job_file, locust, secret_header, shards, target

sys.path.pop(0)

RATE, LASTS_S = 64, 1.0
STEADY = Profile(name="steady", steps=(Step(for_s=LASTS_S, rate=RATE),), arrival=Arrival.POISSON, seed=5)
STATUS = {"ok": "ok", "echo": "ok", "stream": "ok"} | dict.fromkeys(("cut", "half", "coded", "part"), "incomplete")

Read = tuple[ShardReader, list[LoadRequest]]


@pytest.fixture(scope="module")
def address():
    with target() as found:
        yield found


@pytest.fixture(scope="module")
def alone(address: str, tmp_path_factory: pytest.TempPathFactory) -> Read:
    """One process that asked every path of the target."""
    folder = tmp_path_factory.mktemp("alone")
    code, said = ended(locust(job_file(folder, address + "/${case.id}", STEADY)))
    assert code == 0, said
    (read,) = shards(folder)
    return read


@pytest.fixture(scope="module")
def pair(address: str, tmp_path_factory: pytest.TempPathFactory) -> list[Read]:
    """A master with two workers, asked for the same."""
    folder = tmp_path_factory.mktemp("pair")
    code, said = ended(locust(job_file(folder, address + "/${case.id}", STEADY), "--processes", "2"))
    assert code == 0, said
    return shards(folder)


def test_every_arrival_is_sent_and_told(alone: Read) -> None:
    """Each once, meant for exactly the time the profile says, and nothing lost at the end."""
    reader, requests = alone
    assert reader.broken is None
    assert reader.closed is not None
    assert reader.closed.complete
    offsets = list(arrivals(STEADY))
    assert [request.i for request in requests] == list(range(len(offsets)))
    assert [request.intended - reader.opened.start_us for request in requests] == offsets
    assert reader.opened.planned == reader.closed.requests == len(offsets)
    assert all(request.start is not None and request.start >= request.intended for request in requests)


def test_each_answer_is_what_it_is(alone: Read) -> None:
    """HTML with 200, 503 and silence are errors; what was cut is incomplete; the others are answers."""
    _, requests = alone
    assert {request.case for request in requests} == set(PATHS)
    for request in requests:
        assert request.status == STATUS.get(request.case, "error"), request
        assert (request.error is None) is (request.status == "ok")
        assert request.output is not None
        assert request.output.error == request.error
    kinds = {request.case: request.error.kind for request in requests if request.error is not None}
    assert kinds["html"] is CrashKind.GARBAGE
    assert kinds["refused"] is CrashKind.HTTP_STATUS
    assert kinds["slow"] is CrashKind.TIMEOUT
    assert {request.http for request in requests if request.case == "refused"} == {503}
    slow = next(request for request in requests if request.case == "slow")
    assert slow.end is not None
    assert slow.start is not None
    assert 3 <= (slow.end - slow.start) / 1e6 < 10


def test_a_streamed_answer_has_its_first_token_and_gaps(alone: Read) -> None:
    """Every piece is timed as it comes, and their sum and longest stand beside the list."""
    _, requests = alone
    streamed = [request for request in requests if request.case == "stream"]
    for request in streamed:
        assert request.first is not None
        assert request.end is not None
        assert request.start is not None
        assert request.start < request.first < request.end
        assert request.pieces == WORDS
        assert len(request.gaps) == WORDS - 1
        assert sum(request.gaps) == request.gap_sum
        assert max(request.gaps) == request.gap_max
        assert request.usage is not None
        assert request.usage.output_tokens == WORDS
    # The server waits 20 ms between pieces. A busy machine hands some over together, and never all of them.
    assert max(request.gap_max for request in streamed) >= 15_000


def test_the_case_was_asked_as_the_adapter_asks_it(alone: Read) -> None:
    """The canonical input is the body, and usage comes under its names."""
    _, requests = alone
    echo = next(request for request in requests if request.case == "echo")
    assert echo.output is not None
    assert echo.output.structured == {"n": "echo"}
    assert echo.usage is not None
    assert (echo.usage.input_tokens, echo.usage.output_tokens) == (3, 5)


def test_two_workers_are_the_same_evidence_as_one(alone: Read, pair: list[Read]) -> None:
    """The same requests at the same times of the profile, of the same cases, with the same outcomes."""

    def told(reader: ShardReader, requests: list[LoadRequest]) -> list[tuple[object, ...]]:
        start = reader.opened.start_us
        return [(one.i, one.case, one.repeat, one.intended - start, one.status) for one in requests]

    assert [(reader.opened.worker, reader.opened.of) for reader, _ in pair] == [(0, 2), (1, 2)]
    assert all(reader.broken is None and reader.closed is not None and reader.closed.complete for reader, _ in pair)
    assert len({(reader.opened.run, reader.opened.start_us, reader.opened.job) for reader, _ in pair}) == 1
    assert sorted(line for read in pair for line in told(*read)) == told(*alone)


def test_a_killed_worker_leaves_a_shard_that_is_not_closed(address: str, tmp_path: Path) -> None:
    """The other one ends as planned; nothing makes up for the lost one, and the exit code says so."""
    profile = Profile(name="long", steps=(Step(for_s=4, rate=25),), arrival=Arrival.CONSTANT)
    process = locust(job_file(tmp_path, address + "/ok", profile), "--processes", "2")
    while sum(path.stat().st_size > 0 for path in (tmp_path / "shards").glob("*of2.jsonl")) < 2:
        assert process.poll() is None
        time.sleep(0.05)
    psutil.Process(process.pid).children()[0].kill()
    code, _ = ended(process)
    assert code == 5
    readers = [reader for reader, _ in shards(tmp_path)]
    assert sorted(reader.closed is not None for reader in readers) == [False, True]
    lost = next(reader for reader in readers if reader.closed is None)
    assert lost.broken is not None
    assert sum(len(requests) for _, requests in shards(tmp_path)) < 100


def test_a_generator_ends_with_whoever_started_it(address: str, tmp_path: Path) -> None:
    """Killed, `sluicegate load` can end nobody: no load goes on that nobody would take in."""
    profile = Profile(name="users", steps=(Step(for_s=60, users=2),), pause_s=0.05)
    job = job_file(tmp_path, address + "/ok", profile)
    started = "import pathlib, sys; from load_world import locust; locust(pathlib.Path(sys.argv[1])).wait()"
    above = subprocess.Popen([sys.executable, "-c", started, str(job)], cwd=Path(__file__).parent)
    while not any(b'"lag"' in path.read_bytes() for path in (tmp_path / "shards").glob("*.jsonl")):
        assert above.poll() is None
        time.sleep(0.05)
    (generator,) = psutil.Process(above.pid).children()
    above.kill()
    above.wait()
    generator.wait(timeout=20)
    ((reader, _),) = shards(tmp_path)
    assert reader.closed is not None
    assert not reader.closed.complete


def test_users_who_are_told_to_stop_say_so(address: str, tmp_path: Path) -> None:
    """SIGTERM: what is under way is told as cancelled, and the shard is closed as not complete."""
    profile = Profile(name="users", steps=(Step(for_s=60, users=3),), pause_s=0.05)
    more = {"cases": (Case(id="ok"), Case(id="slow")), "timeout_s": 30.0}
    process = locust(job_file(tmp_path, address + "/${case.id}", profile, **more))
    while not any(b'"lag"' in path.read_bytes() for path in (tmp_path / "shards").glob("*.jsonl")):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    code, said = ended(process)
    assert code == 4, said
    ((reader, requests),) = shards(tmp_path)
    assert reader.broken is None
    assert reader.closed is not None
    assert not reader.closed.complete
    kinds = Counter(request.error.kind for request in requests if request.error is not None)
    assert set(kinds) == {CrashKind.CANCELLED}
    assert 1 <= kinds[CrashKind.CANCELLED] <= 3
    assert all(request.intended == request.start for request in requests)


def test_users_of_locusts_own_options_are_recorded_too(address: str, tmp_path: Path) -> None:
    """Plain `-u 2 -t 1`, without a plan: a closed shard, and a host that ends in a slash is asked."""
    folder = str(tmp_path / "shards")
    code, said = ended(locust(None, "-u", "2", "-r", "9", "-t", "1", "--host", f"{address}/", "--shards", folder))
    assert code == 0, said
    ((reader, requests),) = shards(tmp_path)
    assert reader.broken is None
    assert reader.closed is not None
    assert reader.closed.complete
    assert {request.status for request in requests} == {"ok"}


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("is_planned", [True, False])
def test_a_shard_that_cannot_be_written_ends_the_run(
    address: str, tmp_path: Path, is_planned: bool, processes: int
) -> None:
    """A full disk: one line says so, and nobody waits for the rest of a minute; that shard is not closed."""
    profile = Profile(name="minute", steps=(Step(for_s=60, users=8),))
    plain = ("-u", "8", "-r", "9", "-t", "60", "--host", f"{address}/", "--shards", str(tmp_path / "shards"))
    more = ("--processes", str(processes)) if processes > 1 else ()
    began = time.monotonic()
    job = job_file(tmp_path, f"{address}/ok", profile) if is_planned else None
    code, said = ended(locust(job, *(() if is_planned else plain), *more, most_kb=64))
    assert code == 5, said
    assert time.monotonic() - began < 40
    assert said.count("the shard cannot be written: File too large. Free some space and run again.") >= 1
    assert "Traceback" not in said
    assert not all(reader.closed is not None and reader.closed.complete for reader, _ in shards(tmp_path))


def test_what_is_no_test_target_is_never_asked(tmp_path: Path) -> None:
    """One line says why, nothing is sent, and no shard is begun."""
    code, said = ended(locust(job_file(tmp_path, "http://example.com/", STEADY)))
    assert code == 3
    assert "example.com:80 is neither on loopback nor named" in said
    assert "Traceback" not in said
    assert not (tmp_path / "shards").exists()


def test_what_goes_wrong_ends_up_as_what_it_is(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody there, too many under way, a final slash, a trace, a secret, no case, nothing at all to send."""
    monkeypatch.setenv("DRAFT_TOKEN", "s3cret-of-the-target")
    mirror = HttpTarget(url=f"{address}/mirror", headers={"authorization": secret_header("DRAFT_TOKEN")})
    quick = (Step(for_s=0.5, rate=40),)
    only = {"cases": (Case(id="ok"), Case(id="slow"))}
    nobody = "http://127.0.0.1:9"
    two = Profile(name="p", steps=(Step(for_s=0.5, users=2),))
    steady = Profile(name="p", steps=quick, arrival=Arrival.CONSTANT)
    jobs = {
        "dead": job_file(tmp_path / "dead", f"{nobody}/", Profile(name="p", steps=quick, arrival=Arrival.GAMMA)),
        "users": job_file(tmp_path / "users", nobody, two),
        "full": job_file(
            tmp_path / "full", f"{address}/slow", Profile(name="p", steps=quick, arrival=Arrival.CONSTANT, in_flight=4)
        ),
        "slash": job_file(tmp_path / "slash", f"{address}/", steady),
        "trace": job_file(
            tmp_path / "trace",
            address + "/${case.id}",
            Profile(name="p", arrival=Arrival.TRACE, sample=0.0),
            trace=(TraceArrival(at_us=0, case_id="slow"), TraceArrival(at_us=1000)),
            **only,
        ),
        "unknown": job_file(
            tmp_path / "unknown", address, Profile(name="p"), trace=(TraceArrival(at_us=0, case_id="x"),), **only
        ),
        "secret": job_file(tmp_path / "secret", address, steady, target=mirror),
        "none": job_file(tmp_path / "none", address, steady, cases=()),
        "zero": job_file(
            tmp_path / "zero", address, Profile(name="p", steps=(Step(for_s=0.3, rate=0),), arrival=Arrival.POISSON)
        ),
    }
    refused = engines(list(jobs.values()))
    assert f"{jobs['unknown']}: load: arrival 1 of the trace asks case 'x'" in refused
    assert f"{jobs['none']}: load: there is no case to ask." in refused
    read = {name: shards(tmp_path / name) for name in jobs}
    assert [name for name, found in read.items() if not found] == ["unknown", "none"]
    told = {name: found[0][1] for name, found in read.items() if found}
    closes = {name: found[0][0].closed for name, found in read.items() if found}
    assert all(close is not None and close.complete for close in closes.values())
    assert {(one.status, one.error and one.error.kind) for one in told["dead"] + told["users"]} == {
        ("error", CrashKind.UNREACHABLE)
    }
    assert 2 <= len(told["users"]) <= 14  # nobody there is asked again after a tenth of a second
    assert Counter(one.status for one in told["full"]) == {"error": 4, "dropped": 16}
    assert {one.status for one in told["slash"]} == {"ok"}
    assert [(one.case, one.repeat, one.status, one.output) for one in told["trace"]] == [
        ("slow", 0, "error", None),
        ("slow", 0, "error", None),
    ]
    assert told["zero"] == []
    # It goes to the target, and stands in no job, message or shard, although the target says it back.
    assert {one.status for one in told["secret"]} == {"ok"}
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"s3cret" not in written
    assert b'"content":"***"' in written


def test_this_process_has_neither_gevent_nor_locust() -> None:
    """Whatever was imported until here: threads would be greenlets, and the watchdogs of other tests deaf."""
    assert not {"gevent", "locust"} & set(sys.modules)
