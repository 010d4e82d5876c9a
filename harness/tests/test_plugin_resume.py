"""A golden set through pytest: progress on a terminal, killed in the middle, gone on with; each case called once."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from plugin_world import PLAN, gated, project

sys.path.pop(0)

from sluicegate.testing import Example

PIPELINE = '''\
import asyncio

CALLS = open("calls", "a", buffering=1)


async def answer(input):
    """Every call is one line of a file, so that nobody has to be believed."""
    CALLS.write(f"{input['n']}\\n")
    await asyncio.sleep(WAIT)
    order = 1000 + input["n"]
    return {"content": f"Order {order} is on its way.", "structured": {"order": order}}
'''
OWN = '''\
import pytest

@pytest.mark.sluicegate(golden="golden.jsonl")
def test_orders(outputs, expect):
    """Every answer names its order."""
    for case, output in outputs:
        expect(case, output.content).contains(case.expected_output["order_id"])
'''
AT_ONCE = 32


def golden(folder: Path, cases: int, wait_s: float) -> Example:
    """A stage that is judged by a golden set of so many cases, numbered from 1; its own case file has but number 0."""
    numbers = range(1, cases + 1)
    lines = ({"id": f"g{n:05d}", "input": {"n": n}, "expected_output": {"order_id": str(1000 + n)}} for n in numbers)
    return project(
        folder,
        pipeline=PIPELINE.replace("WAIT", str(wait_s)),
        tests={"test_own.py": OWN},
        files={"golden.jsonl": "".join(json.dumps(line) + "\n" for line in lines)},
        cases=1,
        # A golden set may lose at most what was in flight when the run was killed, and still say something.
        criteria="errors.rate: {from: golden, promote: 25 %, alert: 30 %, min: 3}",
        more=f"concurrency: {AT_ONCE}\ngolden: golden.jsonl",
    )


def called(example: Example) -> list[int]:
    path = example.folder / "calls"
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def on_a_terminal(example: Example, until: int) -> str:
    """pytest as somebody watches it, every process of it killed with -9 after so many calls; what the screen showed."""
    ours, theirs = pty.openpty()
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-p", "sluicegate.pytest_plugin", *PLAN],
        cwd=example.folder,
        env={**environment, **example.environment, "TERM": "xterm", "COLUMNS": "100"},
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    shown, deadline = b"", time.monotonic() + 300
    os.set_blocking(ours, False)
    while time.monotonic() < deadline and process.poll() is None:
        try:
            shown += os.read(ours, 65_536)
        except (BlockingIOError, OSError):
            time.sleep(0.02)
        if len(called(example)) >= until and b" trials" in shown:
            break
    assert process.poll() is None, f"it ended before the kill: {shown[-2000:]!r}"
    # The broker first: a broker that sees its parent go still finishes what is in flight.
    for child in psutil.Process(process.pid).children(recursive=True):
        child.kill()
    process.kill()
    process.wait()
    os.close(ours)
    return shown.decode("utf-8", "replace")


@pytest.mark.slow
def test_a_killed_golden_run_is_gone_on_with(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """600 cases in CI, 10,000 with --slow. Progress is shown; the next run calls only what was not called before.

    What was in flight at the kill has been called, and its answer is lost: that is a crash, it holds, and no call is
    made again for it.
    """
    cases = 10_000 if request.config.getoption("--slow") else 600
    example = golden(tmp_path, cases, wait_s=0.02 if cases > 1_000 else 0.2)

    shown = on_a_terminal(example, until=cases // 3)
    before = called(example)
    done = re.findall(r"\x1b7 ([\d,]+) of ([\d,]+) trials", shown)
    assert cases // 3 <= len(before) < cases
    assert {planned for _, planned in done} == {f"{cases + 1:,}"}
    assert done == sorted(done, key=lambda pair: int(pair[0].replace(",", "")))

    result = gated(example)

    again = called(example)[len(before) :]
    assert "\x1b7" not in result.stdout
    assert sorted(before + again) == list(range(cases + 1))
    counts = json.loads((tmp_path / ".sluicegate/preflight/1/verdict.json").read_bytes())["counts"]
    assert counts["planned"] == cases + 1
    assert 0 < counts["crashed"] <= AT_ONCE
    assert counts["run"] == cases + 1 - counts["crashed"]
    result.check(exit_code=1, kind="hold.incomplete", says=("never ended", "collect with --again"))


TOUCHING = """\
import os

def pytest_collection_modifyitems():
    if path := os.environ.get("TOUCHES"):
        os.utime(path, ns=(1, 1))
"""


def test_a_case_file_that_is_written_after_it_was_read_is_told_and_holds(tmp_path: Path) -> None:
    """Each test that reads results says so in one line; what was asked would be another set than the lock's."""
    example = project(tmp_path, files={"conftest.py": TOUCHING})

    result = gated(example, environment={"TOUCHES": "cases.jsonl"})

    says_not = ("During handling of the above exception", "Traceback", "client.py")
    result.check(exit_code=1, kind="hold.invalid_evidence", says_not=says_not)
    assert "cases.jsonl: Was changed while its cases were run. Run again once nobody writes it." in result.stdout
    gated(example).check(exit_code=0, kind="complete")
