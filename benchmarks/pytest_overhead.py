"""G2, G4 and G5: what the pytest plugin costs, unused and with a plan, all processes together.

Unused: a run of pytest with the plugin loaded against the same run without it. With a plan: the first verdict on 100
cases against pytest alone on the same 100 cases, and 10,000 cases with three checks against a bare worker pool; and how
much more memory the largest of its processes takes for 10,000 cases than for 100.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.side_by_side import Cost, Goal, cost_of, verdicts
from benchmarks.workload import SCHEMA, cases

__all__ = ["measure"]

_PLUGIN = ("-p", "sluicegate.pytest_plugin")
_FEW, _MANY = 100, 10_000
_DELAY_S, _AT_ONCE = 0.02, 100
_ROOT = str(Path(__file__).parents[1])

_TRIVIAL = "def test_nothing():\n    pass\n"
_PARAMETRIZED = """
import pytest
from benchmarks.workload import CHECKS, cases, make_echo

ECHO = make_echo(0)

@pytest.mark.asyncio
@pytest.mark.parametrize("case", list(cases(100)), ids=lambda case: case["id"])
async def test_case(case):
    output = await ECHO(case["input"])
    for check in CHECKS:
        assert check(case, output)
"""
_PIPELINE = """
import asyncio

from benchmarks.workload import answered

async def answer(input):
    if DELAY_S:
        await asyncio.sleep(DELAY_S)
    return {"content": input["text"], "structured": answered(input)}
"""
_PLAN = """
schema_version: 1
name: overhead
timezone: UTC
pipeline: bot:answer
subject: {code: {files: bot.py}}
cases: cases.jsonl
concurrency: CONCURRENCY
schemas: {structured: reply.schema.json}
stages:
  - name: preflight
    exposure: {live: false}
    requires: {suites: [schema]}
    criteria:
      draft.success_rate: {from: suite, promote: 95 %, alert: 90 %, min: 50}
"""


def measure(runs: int = 5) -> list[Goal]:
    """The goals of the plugin, seen now."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        first = [*_unused(folder / "unused", runs * 3), *_first_verdict(folder / "few", runs)]
        many = [*_golden(folder / "many", folder / "few", runs), _waiting(folder / "waiting", runs)]
        return [*first, *many]


def _unused(folder: Path, runs: int) -> list[Goal]:
    folder.mkdir()
    (folder / "test_nothing.py").write_text(_TRIVIAL)
    without, loaded = _in_turn(folder, [(), _PLUGIN], runs)
    cpu_ms = statistics.median(b.cpu_s - a.cpu_s for a, b in zip(without, loaded, strict=True)) * 1000
    peak_mb = statistics.median(b.peak_mb - a.peak_mb for a, b in zip(without, loaded, strict=True))
    return [
        Goal("G5", "plugin loaded and unused, CPU", cpu_ms, 20, "ms"),
        Goal("G5", "plugin loaded and unused, memory", peak_mb, 3, "MB"),
    ]


def _first_verdict(folder: Path, runs: int) -> list[Goal]:
    _rollout(folder, _FEW)
    (folder / "test_cases.py").write_text(_PARAMETRIZED)
    asyncio = ("-p", "pytest_asyncio.plugin", "-W", "ignore", "test_cases.py")
    gated = (*_PLUGIN, "--sluicegate-plan", "rollout.yaml", "--ignore=test_cases.py")
    alone, verdict = _in_turn(folder, [asyncio, gated], runs)
    ratio = statistics.median(b.cpu_s / a.cpu_s for a, b in zip(alone, verdict, strict=True))
    print(f"pytest alone on {_FEW} cases {_cpu(alone):.2f} s CPU, first verdict {_cpu(verdict):.2f} s")
    return [Goal("G5", f"first verdict on {_FEW} cases over pytest's own CPU", ratio, 1.3)]


def _golden(folder: Path, few: Path, runs: int) -> list[Goal]:
    _rollout(folder, _MANY)
    gate = (*_PLUGIN, "--sluicegate-plan", "rollout.yaml", "--ignore=test_cases.py")
    floor, gated = [], []
    for _ in range(max(2, runs // 2)):
        floor.append(cost_of([sys.executable, "-m", "benchmarks.workload", "bare", str(_MANY), "0", "32"]))
        gated.append(_run(folder, gate))
    ratio = statistics.median(b.cpu_s / a.cpu_s for a, b in zip(floor, gated, strict=True))
    print(f"bare loop over {_MANY:,} cases {_cpu(floor):.2f} s CPU, through pytest to the verdict {_cpu(gated):.2f} s")
    small_mb, large_mb = (min(_run(each, gate).peak_mb for _ in range(2)) for each in (few, folder))
    print(f"the largest process takes {small_mb:.1f} MB for {_FEW} cases, {large_mb:.1f} MB for {_MANY:,}")
    return [
        Goal("G2", f"{_MANY:,} cases and three checks through pytest to the verdict", ratio, 2.0),
        Goal("G4", f"peak memory through pytest, from {_FEW} to {_MANY:,} cases", large_mb - small_mb, 5.0, unit="MB"),
    ]


def _waiting(folder: Path, runs: int) -> Goal:
    """Calls that wait: what stands around them should be done meanwhile."""
    _rollout(folder, _MANY, delay_s=_DELAY_S, concurrency=_AT_ONCE)
    bare, gated = [], []
    for _ in range(max(2, runs // 2)):
        argv = [sys.executable, "-m", "benchmarks.workload", "bare", str(_MANY), str(_DELAY_S), str(_AT_ONCE)]
        bare.append(cost_of(argv))
        gated.append(_run(folder, (*_PLUGIN, "--sluicegate-plan", "rollout.yaml")))
    ratio = statistics.median(b.wall_s / a.wall_s for a, b in zip(bare, gated, strict=True))
    print(f"bare loop over waiting calls {_wall(bare):.2f} s wall, through pytest to the verdict {_wall(gated):.2f} s")
    return Goal("G2", f"{_MANY:,} calls of 20 ms, {_AT_ONCE} at once, wall over the bare loop", ratio, 1.4)


def _rollout(folder: Path, count: int, *, delay_s: float = 0, concurrency: int = 32) -> None:
    """A plan whose schema suite asks what the workload's three checks ask."""
    folder.mkdir()
    (folder / "rollout.yaml").write_text(_PLAN.replace("CONCURRENCY", str(concurrency)))
    (folder / "bot.py").write_text(_PIPELINE.replace("DELAY_S", str(delay_s)))
    (folder / "reply.schema.json").write_text(json.dumps(SCHEMA))
    must = [{"field": "content", "contains": "order"}]
    must_not = [{"field": "content", "matches": r"(?i)\b(password|secret|api[_-]?key)\b"}]
    with (folder / "cases.jsonl").open("w") as file:
        for case in cases(count):
            file.write(json.dumps({**case, "expect": {"must": must, "must_not": must_not}}) + "\n")
    lock = "from sluicegate.cli import main; main()"
    command = [sys.executable, "-c", lock, "plan", "lock", "rollout.yaml"]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)


def _in_turn(folder: Path, options: Sequence[Sequence[str]], runs: int) -> list[list[Cost]]:
    """Each set of options in turn, after one round that is not counted."""
    rounds = [[_run(folder, given) for given in options] for _ in range(runs + 1)]
    return [list(column) for column in zip(*rounds[1:], strict=True)]


def _run(folder: Path, options: Sequence[str]) -> Cost:
    """No plugin but those named; each time without earlier evidence."""
    environment = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": _ROOT}
    subprocess.run(["rm", "-rf", str(folder / ".sluicegate")], check=True)
    with _standing_in(folder):
        return cost_of([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options], environment)


@contextmanager
def _standing_in(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _cpu(costs: Sequence[Cost]) -> float:
    return statistics.median(cost.cpu_s for cost in costs)


def _wall(costs: Sequence[Cost]) -> float:
    return statistics.median(cost.wall_s for cost in costs)


if __name__ == "__main__":
    sys.exit(verdicts(measure()))
