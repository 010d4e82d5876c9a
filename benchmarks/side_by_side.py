"""Run programs in turn, A B A B …, and compare what the operating system says they cost."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Cost", "Goal", "cost_of", "interleaved", "slope", "verdicts"]


@dataclass(frozen=True, slots=True)
class Cost:
    """One finished process with all its children: CPU and wall seconds, peak resident size of the largest one."""

    cpu_s: float
    wall_s: float
    peak_mb: float
    said: str = ""
    """What it printed."""


@dataclass(frozen=True, slots=True)
class Goal:
    """One line of the goals table."""

    name: str
    what: str
    seen: float
    limit: float
    unit: str = "×"
    at_least: bool = False

    @property
    def met(self) -> bool:
        """Whether the figure keeps the goal."""
        return self.seen >= self.limit if self.at_least else self.seen <= self.limit


def cost_of(argv: Sequence[str], environment: Mapping[str, str] | None = None, ok: Sequence[int] = (0,)) -> Cost:
    """Run one program to its end. Raises SystemExit with its output when it ends with another code than `ok`."""
    env = {**os.environ, **(environment or {})}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    process = subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output = process.stdout.read() if process.stdout else b""
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode not in ok:
        raise SystemExit(
            f"{' '.join(argv)} ended with {process.returncode}:\n{output.decode(errors='replace')[-4000:]}"
        )
    cpu = (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)
    return Cost(cpu, wall, used.ru_maxrss / 1024, output.decode(errors="replace"))


def interleaved(programs: Mapping[str, Sequence[str]], runs: int = 5, **how: object) -> dict[str, list[Cost]]:
    """Every program `runs` times, in turn, after one round that is not counted."""
    costs: dict[str, list[Cost]] = {name: [] for name in programs}
    for turn in range(runs + 1):
        for name, argv in programs.items():
            cost = cost_of(argv, **how)  # type: ignore[arg-type]  # options are those of cost_of
            if turn:
                costs[name].append(cost)
    return costs


def slope(small: list[Cost], large: list[Cost], cases: int) -> float:
    """Median CPU microseconds a case between two sizes that differ by `cases`."""
    return statistics.median(b.cpu_s - a.cpu_s for a, b in zip(small, large, strict=True)) / cases * 1e6


def verdicts(goals: Sequence[Goal]) -> int:
    """Print the table; 0 when every goal is met, else 1."""
    for goal in goals:
        sign = "≥" if goal.at_least else "≤"
        state = "met" if goal.met else "NOT MET"
        print(f"{goal.name:<5} {goal.what:<62} {goal.seen:>9.2f} {goal.unit:<3} goal {sign} {goal.limit:g}  {state}")
    sys.stdout.flush()
    return 0 if all(goal.met for goal in goals) else 1
