"""G1, G3, G4: what `sluicegate.evaluate` costs over a bare worker pool that does the same calls and checks.

The floor keeps nothing; `evaluate` writes every case, output and check result to a ledger. CPU a case is the slope
between two sizes, so start-up is not in it; both programs run in turn, and the median of the ratios counts.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from benchmarks.side_by_side import Goal, cost_of, slope, verdicts

__all__ = ["measure"]

_SMALL, _LARGE = 1_000, 6_000
_CONCURRENCY = 32
_WAITING, _WAITERS, _DELAY_S = 1_000, 100, 0.05


def measure(runs: int = 7) -> list[Goal]:
    """The goals of the evaluation, seen now."""
    with tempfile.TemporaryDirectory() as folder:
        ledgers = _Ledgers(Path(folder))
        return [*_overhead(ledgers, runs), _waiting(ledgers, max(3, runs // 2)), _memory(ledgers)]


class _Ledgers:
    """A new path for every run: a finished ledger is never written again."""

    def __init__(self, folder: Path) -> None:
        self._paths = (folder / f"{number}.jsonl" for number in count())

    def __call__(self) -> str:
        return str(next(self._paths))


def _program(mode: str, cases: int, delay_s: float = 0, at_once: int = _CONCURRENCY, ledger: str = "") -> list[str]:
    return [sys.executable, "-m", "benchmarks.workload", mode, str(cases), str(delay_s), str(at_once), ledger]


def _overhead(ledgers: _Ledgers, runs: int) -> list[Goal]:
    costs: dict[str, list[float]] = {"bare": [], "evaluate": [], "recorded": []}
    for _ in range(runs):
        for name, seen in costs.items():
            mode = "bare" if name == "bare" else "evaluate"
            small, large = (
                cost_of(_program(mode, cases, ledger=ledgers() if name == "recorded" else ""))
                for cases in (_SMALL, _LARGE)
            )
            seen.append(slope([small], [large], _LARGE - _SMALL))
    floor = statistics.median(costs["bare"])
    print(
        f"floor {floor:.0f} µs CPU a case; evaluate {statistics.median(costs['evaluate']):.0f}, "
        f"with a ledger {statistics.median(costs['recorded']):.0f}"
    )
    return [
        Goal("G1", "evaluate with everything recorded, CPU a case over the floor", _ratio(costs, "recorded"), 1.5),
        Goal("", "the same without a ledger", _ratio(costs, "evaluate"), 1.5),
    ]


def _ratio(costs: dict[str, list[float]], name: str) -> float:
    """Median over the rounds: both sides of one round met the same neighbours."""
    return statistics.median(seen / floor for seen, floor in zip(costs[name], costs["bare"], strict=True))


def _waiting(ledgers: _Ledgers, runs: int) -> Goal:
    """Wall time of a run in a process that has made one before, over the ideal."""
    ideal_s = _WAITING / _WAITERS * _DELAY_S
    seen = [
        float(cost_of(_program("timed", _WAITING, delay_s=_DELAY_S, at_once=_WAITERS, ledger=ledgers())).said)
        for _ in range(runs)
    ]
    return Goal("G3", "1,000 calls of 50 ms, 100 at once, wall over the ideal", statistics.median(seen) / ideal_s, 1.15)


def _memory(ledgers: _Ledgers) -> Goal:
    peaks = {cases: cost_of(_program("evaluate", cases, ledger=ledgers())).peak_mb for cases in (100, 10_000, 100_000)}
    print("peak MB " + ", ".join(f"{cases:,} cases: {peak:.1f}" for cases, peak in peaks.items()))
    grown = max(peaks[10_000], peaks[100_000]) - peaks[100]
    return Goal("G4", "peak memory from 100 to 10,000 and 100,000 cases", grown, 5.0, unit="MB")


def main(arguments: Sequence[str]) -> int:
    """`python -m benchmarks.evaluation [ROUNDS]`."""
    return verdicts(measure(int(arguments[0]) if arguments else 7))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
