"""G6: judging a million recorded rows beside DuckDB's sums of the same ledger, and checking recorded answers again.

The rows are taken in once by `sluicegate record measurements`; only `judge` is timed. DuckDB reads the JSON lines that
judge reads, unnests them and adds them up by slice; it verifies no chain. Start-up of each program is taken off by a
run over a ledger of a thousand rows.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.side_by_side import Cost, Goal, cost_of, verdicts
from benchmarks.workload import SCHEMA, answered, cases
from sluicegate.checks import CHECKS, SUITES, CheckConfig, compile_contract, run_check
from sluicegate.ledger import read_ledger
from sluicegate.ledger.trials import RecordedTrial, TrialJoin
from sluicegate.model import Case, Expect, Output, Rule, Trial
from sluicegate.testing.builders import a_ledger

__all__ = ["measure"]

_ROWS = 1_000_000
_FEW = 1_000
_TRIALS = 4_000
_VERDICTS = (0, 10, 20, 30)
_CHECKS = [CHECKS[name] for name in SUITES["schema"].checks]
_FORBIDDEN = (Rule(field="structured.text", matches=r"\b(password|secret|api[_-]?key)\b"),)

_PLAN = """schema_version: 1
name: replay
timezone: UTC
state: state.jsonl
pipeline: pipeline:answer
subject: {code: {files: "*.py"}}
cases: cases.jsonl
slices: {team: [t0, t1, t2, t3]}
metrics:
  approval_rate: {kind: proportion, better: higher, unit: draft, record: true}
stages:
  - name: live
    exposure: {live: true, percent: 10}
    criteria:
      approval_rate: {from: live, promote: 70 %, alert: 60 %, min: 100}
"""

_DOOR = "from sluicegate.cli import main; main()"

_PIPELINE = "async def answer(input):\n    return input\n"

_SUMS = """
import duckdb, sys
con = duckdb.connect(config={"threads": 1})
con.sql('''
    select slice, sum(k), sum(n), min(moment), max(moment) from (
        select unnest(rows['at']) as moment, unnest(rows.slice) as slice, unnest(rows.k) as k,
               unnest(rows.n) as n
        from read_json(?, format = 'newline_delimited', maximum_object_size = 16777216, columns = {
            kind: 'VARCHAR',
            rows: 'STRUCT("at" BIGINT[], slice VARCHAR[], k BIGINT[], n BIGINT[])'
        }) where kind = 'measurements'
    ) group by slice
''', params=[sys.argv[1]]).fetchall()
"""


def measure(runs: int = 3) -> list[Goal]:
    """The goals of replay, seen now."""
    with tempfile.TemporaryDirectory() as folder:
        return [*_judging(Path(folder), runs), _checking(Path(folder), runs)]


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
    _sluicegate("record", "entry", str(plan), "--stage", "live", "--now", _ENTERED)
    _sluicegate("record", "measurements", str(plan), *source, *named, "--now", _NOW)
    return plan


_ENTERED = "2026-01-04T00:00:00Z"
_NOW = "2026-01-06T00:00:00Z"


def _ledger(plan: Path) -> Path:
    return next((plan.parent / ".sluicegate").rglob("recorded/*.jsonl"))


def _judge(plan: Path) -> Cost:
    return _sluicegate("judge", str(plan), "--stage", "live", "--now", _NOW, ok=_VERDICTS)


def _sluicegate(*words: str, ok: Sequence[int] = (0,)) -> Cost:
    """The command line, by this interpreter, whatever is first on the PATH."""
    return cost_of([sys.executable, "-c", _DOOR, *words], ok=ok)


def _checking(folder: Path, runs: int) -> Goal:
    """Reading a ledger, putting its trials together and checking them, over the checks of trials in memory."""
    ledger = a_ledger(folder / "trials.jsonl", trials=list(_trials(_TRIALS)))
    config = CheckConfig(contracts={"structured": compile_contract(SCHEMA)})
    trials = [done.trial for done in _read(ledger)]
    spent: dict[str, list[float]] = {"alone": [], "recorded": []}
    for _ in range(runs * 3 + 1):
        for name, given in (("alone", trials), ("recorded", (done.trial for done in _read(ledger)))):
            started = time.process_time()
            for trial in given:
                for check in _CHECKS:
                    run_check(check, trial, config)
            spent[name].append((time.process_time() - started) / _TRIALS * 1e6)
    alone, recorded = (statistics.median(seen[1:]) for seen in spent.values())
    print(f"a recorded answer: checks {alone:.0f} µs, with reading {recorded:.0f} µs")
    ratio = statistics.median(b / a for a, b in zip(spent["alone"][1:], spent["recorded"][1:], strict=True))
    return Goal("", "checking recorded answers again, CPU over the checks alone", ratio, 1.2)


def _trials(count: int) -> Iterator[Trial]:
    rules = (Rule(field="structured.text", contains="order"),)
    for given in cases(count):
        case = Case(id=given["id"], input=given["input"], expect=Expect(must=rules, must_not=_FORBIDDEN))
        yield Trial(case=case, outputs=(Output(structured=answered(given["input"]), latency_ms=1.0),))


def _read(ledger: Path) -> Iterator[RecordedTrial]:
    join = TrialJoin()
    return (done for record in read_ledger(ledger) if (done := join.feed(record)) is not None)


def main(arguments: Sequence[str]) -> int:
    """`python -m benchmarks.replay [ROUNDS]`."""
    return verdicts(measure(int(arguments[0]) if arguments else 3))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
