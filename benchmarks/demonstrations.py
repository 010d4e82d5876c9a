"""A full run of the bundled suites on every reference pipeline: how long somebody waits for it."""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.side_by_side import Cost, Goal, cost_of, verdicts
from sluicegate.fixtures.catalogue import REFERENCES

__all__ = ["measure"]

_GOAL_S = 60.0
"""About a minute for all of them on two cores."""


def _demonstrated(name: str) -> Cost:
    """`sluicegate demo NAME` in an empty folder; SystemExit when the sound pipeline is not promoted."""
    command = Path(sys.executable).parent / "sluicegate"
    with tempfile.TemporaryDirectory() as folder:
        here = Path.cwd()
        os.chdir(folder)
        try:
            return cost_of([str(command), "demo", name])
        finally:
            os.chdir(here)


def measure(rounds: int = 3) -> list[Goal]:
    """The wall time of each demonstration, one after the other, and the sum beside its goal."""
    total_s = 0.0
    for name in REFERENCES:
        costs = [_demonstrated(name) for _ in range(rounds)]
        wall_s = statistics.median(cost.wall_s for cost in costs)
        cpu_s = statistics.median(cost.cpu_s for cost in costs)
        print(f"demo {name}: {wall_s:.1f} s, {cpu_s:.1f} s of CPU")
        total_s += wall_s
    return [Goal("", "every suite on every reference pipeline, wall seconds", total_s, _GOAL_S, unit="s")]


def main(arguments: Sequence[str]) -> int:
    """`python -m benchmarks.demonstrations [ROUNDS]`."""
    return verdicts(measure(*map(int, arguments[:1])))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
