"""G6: judging a million recorded rows beside DuckDB's sums of the same ledger, and checking recorded answers again.

The rows are taken in once by `sluicegate record measurements`; only `judge` is timed. DuckDB reads the JSON lines that
judge reads, unnests them and adds them up by slice; it verifies no chain. Start-up of each program is taken off by a
run over a ledger of a thousand rows.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.side_by_side import Cost, Goal, cost_of, verdicts

__all__ = ["measure"]

_ROWS = 1_000_000
_FEW = 1_000
_TRIALS = 4_000
_VERDICTS = (0, 10, 20, 30)

_PLAN = """schema_version: 1
name: replay
timezone: UTC
pipeline: pipeline:answer
subject: {code: {files: "*.py"}}
cases: cases.jsonl
slices: {team: [t0, t1, t2, t3]}
metrics:
  approval_rate: {kind: proportion, better: higher, unit: draft}
stages:
  - name: live
    exposure: {live: true, percent: 10}
    criteria:
      approval_rate: {from: live, promote: 70 %, alert: 60 %, min: 100}
"""

_DOOR = "import sys; from sluicegate.cli.app import main; sys.exit(main())"

_PIPELINE = "async def answer(input):\n    return input\n"

_SUMS = """
import duckdb, sys
con = duckdb.connect(config={"threads": 1})
con.sql('''
    select slice, sum(k), sum(n), min(at), max(at) from (
        select unnest(rows.at) as at, unnest(rows.slice) as slice, unnest(rows.k) as k, unnest(rows.n) as n
        from read_json(?, format = 'newline_delimited', maximum_object_size = 16777216, columns = {
            kind: 'VARCHAR',
            rows: 'STRUCT(at BIGINT[], slice VARCHAR[], k BIGINT[], n BIGINT[])'
        }) where kind = 'measurements'
    ) group by slice
''', params=[sys.argv[1]]).fetchall()
"""


def measure(runs: int = 3) -> list[Goal]:
    """The goals of replay, seen now."""
    with tempfile.TemporaryDirectory() as folder:
        return [*_judging(Path(folder), runs), _checking(runs)]


def _judging(folder: Path, runs: int) -> list[Goal]:
    few, many = (_recorded(folder / str(rows), rows) for rows in (_FEW, _ROWS))
    spent: dict[str, list[float]] = {"judge": [], "duckdb": []}
    peak_mb = 0.0
    for _ in range(runs):
        small, large = (_judge(plan) for plan in (few, many))
        spent["judge"].append(large.cpu_s - small.cpu_s)
        peak_mb = max(peak_mb, large.peak_mb)
        small, large = (cost_of([sys.executable, "-c", _SUMS, str(_ledger(plan))]) for plan in (few, many))
        spent["duckdb"].append(large.cpu_s - small.cpu_s)
    judged, summed = (statistics.median(spent[name]) for name in ("judge", "duckdb"))
    print(f"a million rows: judge {judged:.2f} s CPU, DuckDB {summed:.2f} s")
    return [
        Goal("G6", "judging a million recorded rows, CPU over DuckDB's sums", judged / summed, 1.3),
        Goal("", "peak memory of that judgement", peak_mb, 60, unit="MB"),
    ]


def _recorded(folder: Path, rows: int) -> Path:
    """A plan with so many rows of live evidence beside it."""
    folder.mkdir()
    (folder / "pipeline.py").write_text(_PIPELINE)
    (folder / "cases.jsonl").write_text('{"id": "c0", "input": "hello"}\n')
    plan = folder / "rollout.yaml"
    plan.write_text(_PLAN)
    _sluicegate("plan", "lock", str(plan))
    with (folder / "rows.csv").open("w") as file:
        file.write("at,team,approved,drafted\n")
        for row in range(rows):
            seconds = row * 80_000 // rows
            at = f"2026-01-05T{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}Z"
            file.write(f"{at},t{row % 4},{8 + row % 2},10\n")
    columns = ("at=at", "slice=team", "k=approved", "n=drafted")
    named = [word for column in columns for word in ("--column", column)]
    source = ["--metric", "approval_rate", "--file", str(folder / "rows.csv"), "--stage", "live"]
    _sluicegate("record", "measurements", str(plan), *source, *named, "--now", _NOW)
    return plan


_NOW = "2026-01-06T00:00:00Z"


def _ledger(plan: Path) -> Path:
    return next((plan.parent / ".sluicegate").rglob("recorded/*.jsonl"))


def _judge(plan: Path) -> Cost:
    return _sluicegate("judge", str(plan), "--stage", "live", "--now", _NOW, ok=_VERDICTS)


def _sluicegate(*words: str, ok: Sequence[int] = (0,)) -> Cost:
    """The command line, by this interpreter, whatever is first on the PATH."""
    return cost_of([sys.executable, "-c", _DOOR, *words], ok=ok)


def _checking(runs: int) -> Goal:
    """Recorded answers checked again: everything but the calls, over the built-in checks alone."""
    spent = {mode: [] for mode in ("alone", "recorded")}  # type: dict[str, list[float]]
    for _ in range(runs):
        for mode, seen in spent.items():
            small, large = (
                cost_of([sys.executable, "-m", "benchmarks.checking", mode, str(trials)]) for trials in (100, _TRIALS)
            )
            seen.append(large.cpu_s - small.cpu_s)
    ratio = statistics.median(b / a for a, b in zip(spent["alone"], spent["recorded"], strict=True))
    print(f"a recorded answer: checks {statistics.median(spent['alone']) / _TRIALS * 1e6:.0f} µs, "
          f"with reading {statistics.median(spent['recorded']) / _TRIALS * 1e6:.0f} µs")
    return Goal("", "checking recorded answers again, CPU over the checks", ratio, 1.2)


def main(arguments: Sequence[str]) -> int:
    """`python -m benchmarks.replay [ROUNDS]`."""
    return verdicts(measure(int(arguments[0]) if arguments else 3))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
