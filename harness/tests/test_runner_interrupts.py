"""Ctrl-C, once and twice, to a real process; and what a hundred thousand cases leave in memory."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import time

from sluicegate.ledger import read_ledger, resume

_RUN = """
    import asyncio, sys
    from pathlib import Path
    from sluicegate.broker.broker import Broker
    from sluicegate.ledger import Expected, RunStarted
    from sluicegate.model import Case, Origin, Output
    from sluicegate.runner import drive, interruptible

    class Slow:
        capabilities = frozenset()
        async def call(self, case, context):
            await asyncio.sleep(float(sys.argv[2]))
            return Output(content=case.input)
        async def aclose(self):
            pass

    COUNT = int(sys.argv[3])
    started = RunStarted(
        schema_version=1, nonce="n", at="t", origin=Origin.SUITE, stage="s", attempt=1, subject="s", apparatus="a",
        plan_digest="p", lock_digest="l", engine="e", pipeline="callable",
        expected=Expected(cases=COUNT, trials=COUNT, ids_digest="i"),
    )
    trials = ((Case(id=f"c{n}", input="x" * 40), 0) for n in range(COUNT))

    async def main():
        stop = asyncio.Event()
        with Broker(Path(sys.argv[1]), started) as broker:
            with interruptible(stop, asyncio.current_task(), tell=lambda times: print("asked", times, flush=True)):
                print("ready", flush=True)
                await drive(Slow(), trials, recorder=broker, nonce="n", concurrency=8, stop=stop)
            broker.close(complete=not stop.is_set())

    try:
        asyncio.run(main())
    except asyncio.CancelledError:
        print("cancelled", flush=True)
    import resource
    print("rss", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, flush=True)
"""


def _start(path, wait_s, count):
    argv = [sys.executable, "-c", textwrap.dedent(_RUN), str(path), str(wait_s), str(count)]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_ctrl_c_drains_what_is_in_flight_and_leaves_a_ledger_to_resume(tmp_path):
    """Every intent has its outcome, the tail is whole, and the close says that it is not complete."""
    path = tmp_path / "l"
    process = _start(path, 0.2, 1000)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=20)

    reader = read_ledger(path)
    kinds = [record.kind for record in reader]
    assert "asked 1" in said
    assert process.returncode == 0
    assert kinds.count("intent") == kinds.count("outcome") >= 8
    assert (reader.broken, reader.closed, reader.complete) == (None, True, False)
    assert resume([path]).crashed == []


def test_a_second_ctrl_c_leaves_what_is_in_flight_as_intents(tmp_path):
    """They count as crashed; the ledger is whole and can be resumed."""
    path = tmp_path / "l"
    process = _start(path, 30, 1000)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=20)

    reader = read_ledger(path)
    kinds = [record.kind for record in reader]
    assert "cancelled" in said
    assert (kinds.count("intent"), kinds.count("outcome")) == (8, 0)
    assert (reader.broken, reader.complete) == (None, False)
    assert len(resume([path]).crashed) == 8


def test_kill_9_leaves_a_ledger_to_resume(tmp_path):
    """Nothing was closed, nothing is torn further up, everything that ended is kept."""
    path = tmp_path / "l"
    process = _start(path, 0.001, 1_000_000)
    time.sleep(0.5)
    process.kill()
    process.communicate()

    resumed = resume([path])
    reader = read_ledger(path)
    reader.verify()
    assert resumed.run > 50
    assert len(resumed.crashed) <= 8
    assert reader.broken is None
    assert not reader.closed


def test_memory_is_flat_in_the_number_of_cases(tmp_path, request):
    """From 100 to 20,000 cases (100,000 with --slow) at most 5 MB more."""
    many = 100_000 if request.config.getoption("--slow") else 20_000
    used = {}
    for count in (100, many):
        process = _start(tmp_path / str(count), 0, count)
        said, _ = process.communicate(timeout=300)
        used[count] = int(said.split()[-1])

    assert used[many] - used[100] <= 5 * 1024
