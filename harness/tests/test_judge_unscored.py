"""A judge that fails on right answers leaves the wrong ones: that takes no build back, and lets none pass."""

from __future__ import annotations

import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from judge_world import NOW, Memory, World, line

sys.path.pop(0)

from datetime import timedelta

from sluicegate.checks.scorers import SCORED_AS
from sluicegate.model import Kind, Origin, Status, Verdict
from sluicegate.plan.scoring import ScoreSpec
from sluicegate.plan.types import Better, Criterion, Drop, Metric, MetricKind, Scale

Scored = Callable[[int], float | None]
"""The score of each case by its number; None where the scorer raised."""


def criterion(kind: MetricKind, better: Better = Better.HIGHER, **lines: Any) -> Criterion:
    metric = Metric(
        name="right", kind=kind, better=better, scale=Scale.RATIO, unit="case", score=ScoreSpec(by="mine:it")
    )
    up = better is Better.HIGHER
    usual = {"promote": line(0.8 if up else 0.2), "alert": line(0.7 if up else 0.3), "rollback": line(0.5)}
    return Criterion(metric=metric, origins=(Origin.SUITE,), **(usual | lines))


def judged(asked: Criterion, scored: Scored, base: Scored | None = None) -> Verdict:
    """Twenty cases at a live stage, each answered, with what a scorer of the plan said of them."""
    live = {"live": True, "stages_before": 1, "stage_name": "ten", "entered": NOW - timedelta(days=2)}
    world = World(criteria=(asked,), **live)
    baseline = () if base is None else (noted(world.run(stage="baseline", subject="b" * 64), base),)
    return world.verdict(noted(world.run(), scored), baseline=baseline)


def noted(memory: Memory, scored: Scored) -> Memory:
    """The run with its scores."""
    for kind, body in memory.records:
        if kind == "checked":
            score = scored(int(body["case_id"][1:]))
            body["results"][f"{SCORED_AS}right"] = "error" if score is None else "pass"
            body["scores"] = {} if score is None else {"right": score}
    return memory


@pytest.mark.parametrize("kind", [MetricKind.PROPORTION, MetricKind.DISTRIBUTION])
@pytest.mark.parametrize("better", [Better.HIGHER, Better.LOWER])
def test_wrong_answers_that_alone_were_scored_roll_nothing_back(kind: MetricKind, better: Better) -> None:
    """What was not scored may have been right; nor is anything promoted. Scored, the same answers do roll back."""
    worst = 0.1 if better is Better.HIGHER else 1.0
    held = judged(criterion(kind, better), lambda number: None if number < 15 else worst)
    back = judged(criterion(kind, better), lambda number: worst)

    assert held.kind is Kind.HOLD_INCOMPLETE
    assert held.criteria[0].status is Status.ERROR
    assert "15 trials whose judge gave no score" in held.criteria[0].shown
    assert back.kind is Kind.ROLLBACK_THRESHOLD


@pytest.mark.parametrize("kind", [MetricKind.PROPORTION, MetricKind.DISTRIBUTION])
def test_a_line_that_is_crossed_whatever_was_not_scored_stays_crossed(kind: MetricKind) -> None:
    """One of twenty could have been right: the other nineteen decide."""
    assert judged(criterion(kind), lambda number: None if number == 3 else 0.1).kind is Kind.ROLLBACK_THRESHOLD


@pytest.mark.parametrize("kind", [MetricKind.PROPORTION, MetricKind.DISTRIBUTION])
def test_right_answers_that_alone_were_scored_promote_nothing(kind: MetricKind) -> None:
    """The other direction: what was not scored may have been wrong."""
    assert judged(criterion(kind), lambda number: None if number < 3 else 1.0).kind is Kind.HOLD_INCOMPLETE


@pytest.mark.parametrize("silent_side", ["candidate", "base"])
def test_beside_a_baseline_what_was_not_scored_speaks_for_the_build(silent_side: str) -> None:
    """On its own side it may have been right, on the other side wrong."""
    drop = Drop(amount=Fraction(1, 5), relative=False, than="baseline", text="20 points")
    asked = criterion(MetricKind.DISTRIBUTION, alert=None, rollback=drop)

    def worse(number: int) -> float | None:
        return 0.1

    def right(number: int) -> float | None:
        return 1.0

    def some(number: int) -> float | None:
        return None if number < 15 else (0.1 if silent_side == "candidate" else 1.0)

    held = judged(asked, some, right) if silent_side == "candidate" else judged(asked, worse, some)

    assert held.kind is not Kind.ROLLBACK_THRESHOLD
    assert held.exit_code != 0
    assert judged(asked, worse, right).kind is Kind.ROLLBACK_THRESHOLD
