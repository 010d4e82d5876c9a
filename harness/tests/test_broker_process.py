"""The broker as a process of its own: asked over a socket, ended by its parent, its ledger whole whatever happens."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import psutil
import pytest

from sluicegate.broker.client import BrokerGoneError, Client
from sluicegate.broker.launch import launch
from sluicegate.errors import InputError
from sluicegate.ledger import Checked, Shard, TestRun, entry, read_ledger, resume
from sluicegate.model import Finding

_HERE = str(Path(__file__).parent)


@pytest.fixture
def start(monkeypatch, tmp_path):
    """Starts brokers, and leaves none behind."""
    monkeypatch.setenv("PYTHONPATH", _HERE)
    running = []

    def starting(count=20, *, name="l", **config):
        launched = launch(
            "broker_jobs:echo",
            {"ledger": str(tmp_path / name), "count": count, **config},
            stderr=subprocess.DEVNULL,
        )
        running.append(launched)
        return launched

    yield starting
    for launched in running:
        launched.end()


def _client(launched) -> Client:
    return Client(launched.address, launched.token)


def _kinds(path):
    return [record.kind for record in read_ledger(path)]


def _gone(pid: int, within_s: float = 15.0) -> bool:
    ends = time.monotonic() + within_s
    while time.monotonic() < ends:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False


def test_a_whole_run(start, tmp_path):
    """Workers read trials with what the checks say, report, and the controller has it closed."""
    launched = start(20)
    with _client(launched) as worker:
        worker.open_shard("gw0", 2)
        served = list(worker.trials())
        worker.checked(Checked(case_id="c1", repeat=0, results={"mine": "pass"}))
        worker.test(TestRun(test_id="t", outcome="passed", assertions=3, worker="gw0"))
        worker.close_shard(Shard(name="gw0", planned=2, run=2, closed=True))
    with _client(launched) as controller:
        closed = controller.finish()
    code = launched.end()

    assert sorted(one.case_id for one in served) == sorted(f"c{n}" for n in range(20))
    seven = next(one for one in served if one.case_id == "c7")
    assert seven.results == {"own.seven": "fail"}
    assert seven.findings == (Finding(check="own.seven", case_id="c7", message="is a seven"),)
    assert seven.trial.case.input == {"n": 7}
    assert seven.trial.output.latency_ms is not None
    assert (closed["complete"], closed["counts"]["run"], closed["faults"]) == (True, 20, [])
    assert code == 0
    reader = read_ledger(tmp_path / "l")
    entries = [entry(record) for record in reader]
    assert (reader.complete, reader.head) == (True, closed["head"])
    own = [said for said in entries if isinstance(said, Checked) and "mine" in said.results]
    assert [said.self_reported for said in own] == [True]
    assert not Path(launched.address).parent.exists()


def test_production_starts_with_the_first_request_and_only_once(start):
    """Whoever asks, and however many: the pipeline is called once per case."""
    launched = start(30, wait_s=0.005)
    first = _client(launched)
    assert first.status()["produced_times"] == 0
    seen: list[list[str]] = [[], [], []]

    def read(number: int) -> None:
        with _client(launched) as worker:
            seen[number] = [one.trial.output.content for one in worker.trials()]

    threads = [threading.Thread(target=read, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(seen[0]) == sorted(seen[1]) == sorted(seen[2])
    assert len(set(seen[0])) == 30
    assert first.status()["produced_times"] == 1
    assert first.status()["produced"] is True
    first.close()


def test_trials_are_served_while_others_are_still_running(start):
    """As they become ready, not at the end."""
    launched = start(40, wait_s=0.1)
    with _client(launched) as worker:
        reading = worker.trials()
        next(reading)
        done = worker.status()["counts"].get("run", 0)
        reading.close()

    assert done < 40


def test_a_reader_gets_its_group_and_its_shard(start):
    """Every trial falls to exactly one shard."""
    launched = start(40)
    with _client(launched) as worker:
        even = [one.case_id for one in worker.trials(group="even")]
        none = [one.case_id for one in worker.trials(group="nothing")]
        shards = [[one.case_id for one in worker.trials(shard=(number, 3))] for number in range(3)]
        results = [(one.case_id, one.results["own.seven"]) for one in worker.trials(group="odd", results_only=True)]

    assert sorted(even) == sorted(f"c{n}" for n in range(0, 40, 2))
    assert none == []
    assert sorted(case_id for shard in shards for case_id in shard) == sorted(f"c{n}" for n in range(40))
    assert sorted(case_id for case_id, said in results if said == "fail") == ["c17", "c27", "c37", "c7"]


def test_without_the_token_nothing_is_answered(start):
    """Whoever else is on the machine."""
    launched = start(1)

    with pytest.raises(BrokerGoneError, match="does not know this token"):
        Client(launched.address, "x" * 64)
    with pytest.raises(BrokerGoneError, match="no broker at"):
        Client(launched.address + "x", launched.token)
    assert Path(launched.address).parent.stat().st_mode & 0o077 == 0


def test_rubbish_on_the_socket_ends_that_connection_only(start):
    """The run goes on."""
    launched = start(3)
    for line in ({"op": "nonsense"}, {"op": "checked", "case_id": 1}, {"op": "open_shard"}, {"no": "op"}):
        with _client(launched) as client:
            client._wire.send(line)
            with pytest.raises(InputError):
                client.status()
    with _client(launched) as client:
        client._wire._socket.sendall(b"not json\n")
        with pytest.raises(BrokerGoneError):
            client.status()

    with _client(launched) as client:
        assert len(list(client.trials())) == 3
        assert client.finish()["complete"]


def test_what_was_refused_of_a_report_is_told_with_the_next_answer(start, tmp_path):
    """And nothing of it is in the ledger."""
    launched = start(1)
    with _client(launched) as client:
        client.checked(Checked(case_id="c", repeat=0, results={"mine": "perhaps"}))
        client.sync()
        client._wire.send({"op": "test", "test_id": "t", "outcome": 3})
        with pytest.raises(InputError, match="outcome is 3"):
            client.sync()
        client.sync()

    assert "test" not in _kinds(tmp_path / "l")


def test_a_production_that_fails_is_told_to_every_reader_and_closes_incomplete(start, tmp_path):
    """With the user's own fault, file and line."""
    launched = start(3, fail="produce")
    with _client(launched) as client:
        for _ in range(2):
            with pytest.raises(InputError, match=r"plan\.yaml:3: the pipeline cannot be loaded\. Mend it\."):
                list(client.trials())
        closed = client.finish()

    assert not closed["complete"]
    assert closed["faults"][0]["where"] == "plan.yaml:3"
    assert read_ledger(tmp_path / "l").complete is False


def test_a_job_that_cannot_be_made_is_told_to_who_launches_it(start):
    """Faults as they are; an exit with its code."""
    with pytest.raises(InputError, match=r"plan\.yaml:1: is no plan\."):
        start(1, fail="compose")
    with pytest.raises(InputError, match="ended with exit code 7"):
        start(1, fail="die")


def test_a_run_nobody_asked_for_is_closed_as_incomplete(start, tmp_path):
    """Nothing was called: that is no evidence."""
    launched = start(3)
    with _client(launched) as client:
        closed = client.finish()

    assert not closed["complete"]
    assert _kinds(tmp_path / "l") == ["run_started", "run_closed"]


def test_a_worker_that_dies_leaves_an_unclosed_shard(start, tmp_path):
    """What it reported before is kept; the run is incomplete."""
    launched = start(3)
    worker = _client(launched)
    worker.open_shard("gw1", 5)
    worker.test(TestRun(test_id="t", outcome="passed"))
    worker.close()
    with _client(launched) as controller:
        list(controller.trials())
        closed = controller.finish()

    entries = [entry(record) for record in read_ledger(tmp_path / "l")]
    assert not closed["complete"]
    assert Shard(name="gw1", planned=5) in entries
    assert any(isinstance(said, TestRun) for said in entries)


def test_stopping_drains_what_is_in_flight(start, tmp_path):
    """Readers are told that the stream is cut off; the ledger is whole, closed, incomplete."""
    launched = start(1000, wait_s=0.1)
    with _client(launched) as client, _client(launched) as other:
        reading = client.trials()
        next(reading)
        other.stop()
        with pytest.raises(BrokerGoneError, match="stopped before every case"):
            list(reading)
        closed = other.finish()

    kinds = _kinds(tmp_path / "l")
    assert not closed["complete"]
    assert kinds.count("intent") == kinds.count("outcome") < 1000
    assert resume([tmp_path / "l"]).crashed == []


def test_an_interrupt_means_what_the_parent_says(start, tmp_path):
    """Ctrl-C reaches every process in any order; the broker's own work ends when its parent says so, not before."""
    launched = start(20, wait_s=0.05)
    assert os.getpgid(launched.process.pid) == launched.process.pid
    with _client(launched) as client:
        reading = client.trials()
        next(reading)
        launched.process.send_signal(signal.SIGINT)
        assert len(list(reading)) == 19
        assert client.finish()["complete"]
    launched.end()


def test_a_request_that_was_broken_off_leaves_no_answer_to_the_next(start, tmp_path):
    """Whatever interrupts the wait for an answer, what is asked after it is answered, and nothing told is lost."""
    launched = start(200, wait_s=0.05)
    with _client(launched) as client:
        next(client.trials())
        signal.signal(signal.SIGALRM, _interrupt)
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        with pytest.raises(KeyboardInterrupt):
            client.finish()
        client.stop()
        assert not client.finish(complete=False)["complete"]
    launched.end()

    assert _kinds(tmp_path / "l")[-1] == "run_closed"


def _interrupt(_number, _frame):
    raise KeyboardInterrupt


def test_a_signal_ends_the_run_and_leaves_a_ledger_to_resume(start, tmp_path):
    """SIGTERM: what is in flight is finished, the rest is for the next attempt."""
    launched = start(1000, wait_s=0.1)
    with _client(launched) as client:
        next(client.trials())
        launched.process.send_signal(signal.SIGTERM)
    launched.end()

    reader = read_ledger(tmp_path / "l")
    kinds = [record.kind for record in reader]
    assert kinds.count("intent") == kinds.count("outcome")
    assert (reader.broken, reader.closed, reader.complete) == (None, True, False)


def test_kill_9_of_the_broker_leaves_a_ledger_to_resume(start, tmp_path):
    """Its readers are told; the next attempt runs what never began, and shows its readers everything."""
    launched = start(300, wait_s=0.01)
    with _client(launched) as client:
        reading = client.trials()
        before = [next(reading).case_id for _ in range(20)]
        launched.process.kill()
        with pytest.raises(BrokerGoneError):
            list(reading)
    launched.process.wait()
    shutil.rmtree(Path(launched.address).parent)
    resumed = resume([tmp_path / "l"])
    assert resumed.run >= 20
    assert not read_ledger(tmp_path / "l").closed

    again = start(300, name="l2", earlier=[str(tmp_path / "l")])
    with _client(again) as client:
        served = list(client.trials())
        closed = client.finish()

    crashed = {case_id for case_id, _ in resumed.crashed}
    assert closed["complete"]
    assert {one.case_id for one in served} == {f"c{n}" for n in range(300)} - crashed
    assert set(before) <= {one.case_id for one in served}
    assert len(served) == 300 - len(crashed)
    assert all(one.results for one in served)
    assert _kinds(tmp_path / "l2").count("outcome") == 300 - len(crashed) - resumed.run


_PARENT = """
    import sys, time
    from sluicegate.broker.client import Client
    from sluicegate.broker.launch import launch
    launched = launch("broker_jobs:echo", {"ledger": sys.argv[1], "count": 1000, "wait_s": 0.1})
    client = Client(launched.address, launched.token)
    next(client.trials())
    print(launched.process.pid, flush=True)
    time.sleep(60)
"""


def test_when_pytest_is_killed_the_broker_closes_its_ledger_and_goes(tmp_path):
    """No orphan, and nothing that looks complete."""
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(_PARENT), str(tmp_path / "l")],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": _HERE},
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.communicate()

    assert _gone(pid)
    reader = read_ledger(tmp_path / "l")
    kinds = [record.kind for record in reader]
    assert kinds.count("intent") == kinds.count("outcome")
    assert (reader.broken, reader.closed, reader.complete) == (None, True, False)


def test_letting_go_of_a_broker_ends_it(start, tmp_path):
    """The end of its standard input is the end of its parent."""
    launched = start(1000, wait_s=0.05)
    with _client(launched) as client:
        next(client.trials())
        assert launched.end() == 0

    assert not read_ledger(tmp_path / "l").complete
    assert _kinds(tmp_path / "l")[-1] == "run_closed"


def test_the_client_costs_a_worker_next_to_nothing():
    """Standard library and orjson: no model, no asyncio, nothing heavy."""
    code = (
        "import sys; import sluicegate.broker.client, sluicegate.broker.launch;"
        "print([name for name in ('asyncio', 'aiohttp', 'pydantic', 'jsonschema', 'sluicegate.model', 'ruamel')"
        " if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_the_broker_itself_stays_out_of_heavy_company():
    """Ledger, runner and broker import no network, no schema, no YAML."""
    code = (
        "import sys; import sluicegate.broker.process, sluicegate.broker.broker, sluicegate.runner, sluicegate.ledger;"
        "print([name for name in ('aiohttp', 'pydantic', 'jsonschema', 'ruamel', 'pytest') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
