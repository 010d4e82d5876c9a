"""Single rooms whose cost the rest of the house counts on: contracts, masking, the rollback scan, reading a plan."""

from __future__ import annotations

import random
import statistics
import sys
import time
from array import array
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

from jsonschema import Draft202012Validator

from benchmarks.side_by_side import Goal, verdicts
from benchmarks.workload import SCHEMA, answered
from sluicegate.checks import CHECKS, CheckConfig, compile_contract, run_check
from sluicegate.checks.masking import mask
from sluicegate.model import Case, Output, Trial
from sluicegate.plan.reader import read_plan
from sluicegate.stats.restarts import scan_counts

__all__ = ["measure"]

_HOSTILE = ("a@b.", "012 ", "token is ", "eyJ", "-----BEGIN PRIVATE KEY-----")
_UNITS = 1_000_000
_PLAN = Path(__file__).parents[1] / "harness" / "tests" / "test_plan_samples" / "ux.yaml"


def measure(runs: int = 7) -> list[Goal]:
    """The figures of single rooms, seen now."""
    return [
        _contract(runs),
        Goal("", "masking hostile text, four times the text", max(map(_growth, _HOSTILE)), 6),
        _scan(),
        Goal("", "reading the plan of the sketch", _best(lambda: read_plan(_PLAN), runs) * 1000, 100, unit="ms"),
    ]


def _contract(runs: int) -> Goal:
    """`schema.valid` over the bare jsonschema validator on the same answer."""
    value = answered({"n": 1, "text": "Where is my order?"})
    validator, config = Draft202012Validator(SCHEMA), CheckConfig(contracts={"structured": compile_contract(SCHEMA)})
    trial = Trial(case=Case(id="c"), outputs=(Output(structured=value),))
    check = CHECKS["schema.valid"]
    ratio = statistics.median(
        _spent(lambda: run_check(check, trial, config), 300)
        / _spent(lambda: next(validator.iter_errors(value), None), 300)
        for _ in range(runs)
    )
    return Goal("", "schema.valid over bare jsonschema", ratio, 1.2)


def _growth(unit: str) -> float:
    """Linear is four; six leaves room for noise, a quadratic scan would be sixteen."""
    text = unit * (60_000 // len(unit))
    return _best(lambda: mask(text), 3) / _best(lambda: mask(text[: len(text) // 4]), 3)


def _scan() -> Goal:
    """One rollback line over a million units, restarts and all."""
    rng = random.Random(1)
    hits = array("q", (int(rng.random() < 0.03) for _ in range(_UNITS)))
    totals = array("q", [1]) * _UNITS
    spent = _best(lambda: scan_counts(hits, totals, 0.05, Fraction(1, 100)), 3)
    return Goal("", "a rollback line over a million units", spent, 1.0, unit="s")


def _best(run: Callable[[], object], rounds: int) -> float:
    return min(_spent(run, 1) for _ in range(rounds))


def _spent(run: Callable[[], object], times: int) -> float:
    started = time.process_time()
    for _ in range(times):
        run()
    return time.process_time() - started


def main(arguments: Sequence[str]) -> int:
    """`python -m benchmarks.rooms [ROUNDS]`."""
    return verdicts(measure(int(arguments[0]) if arguments else 7))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
