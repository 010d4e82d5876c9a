"""One load run beside others: what is wrong with it, what it cost and whose it was are its own affair."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from sluicegate.model import Kind
from sluicegate.session.load import take_shards

sys.path.insert(0, str(Path(__file__).parent))
from load_gate_world import Answer, LoadWorld, ok

sys.path.pop(0)

LATENCY = "latency: {from: load, at: p95, promote: 100 ms, alert: 300 ms, rollback: 1 s}"
STEADY = "steady: {arrivals: constant, rate: 100/s, for: 4 s, objective: 200 ms}"


def slow(_: int) -> Answer:
    """Twice as slow as the rollback line."""
    return Answer(took_ms=2000)


def late(_: int) -> Answer:
    """From a generator that could not keep its times."""
    return Answer(lag_ms=500)


def measured(world: LoadWorld, metric: str = "latency") -> int | None:
    """How many units the verdict counts."""
    found = next(result.measured for result in world.verdict().criteria if result.metric == metric)
    return getattr(found, "n", None)


class TestVoid:
    """A void run makes its own rows void and nobody else's, whatever the time they were sent at."""

    def same_seconds(
        self, world: LoadWorld, answer: Callable[[int], Answer] = late, *, profile: str = "steady"
    ) -> Path:
        """Shards of a run of the same seconds as the one before."""
        world.start -= timedelta(seconds=10)
        return world.shards(answer, profile=profile)

    @pytest.mark.parametrize("first", ["slow", "late"])
    def test_a_late_run_of_the_same_seconds_hides_no_crossed_line(self, tmp_path: Path, first: str) -> None:
        """Nor does a good one afterwards; in whatever order slow and late are taken in."""
        world = LoadWorld(root=tmp_path, criteria=(LATENCY,), live=True)
        folders = [world.shards(slow), self.same_seconds(world)]
        for folder in folders if first == "slow" else reversed(folders):
            world.took_in(folder)
        assert world.verdict().kind is Kind.ROLLBACK_THRESHOLD
        assert measured(world) == 400

        world.ran()
        assert world.verdict().kind is Kind.ROLLBACK_THRESHOLD

    def test_a_late_baseline_takes_no_row_of_the_build(self, tmp_path: Path) -> None:
        """It was another run, of another build perhaps."""
        line = "errors.rate: {from: load, promote: {rise: 5 points, than: baseline}, mode: point}"
        world = LoadWorld(root=tmp_path, criteria=(LATENCY, line), live=True)
        world.ran(slow)
        workspace = world.workspace
        take_shards(workspace, self.same_seconds(world), stage=workspace.stage("first"), baseline=True)

        assert world.verdict().kind is Kind.ROLLBACK_THRESHOLD

    def test_a_late_run_of_another_profile_takes_no_row(self, tmp_path: Path) -> None:
        """Kept answers and numbers of every request both stay."""
        criteria = (
            "errors.rate: {from: load, profile: steady, promote: 1 %, alert: 5 %}",
            "draft.success_rate: {from: load, profile: steady, promote: 95 %, alert: 90 %}",
        )
        other = "other: {arrivals: constant, rate: 50/s, for: 4 s, objective: 200 ms}"
        world = LoadWorld(root=tmp_path, criteria=criteria, profiles=(STEADY, other))
        world.ran()
        world.took_in(self.same_seconds(world, profile="other"))

        assert (measured(world, "errors.rate"), measured(world, "draft.success_rate")) == (400, 400)

    def test_its_own_rows_are_void_whatever_their_time(self, tmp_path: Path) -> None:
        """Also beside a whole run of the same seconds: its requests are not mixed in, and it is still said."""
        world = LoadWorld(root=tmp_path, criteria=(LATENCY, "errors.rate: {from: load, promote: 1 %, alert: 5 %}"))
        good = world.shards(ok)
        world.took_in(self.same_seconds(world, lambda _: Answer(took_ms=2000, lag_ms=500)))
        world.took_in(good)

        assert world.verdict().kind is Kind.PROMOTE
        assert measured(world) == 400

    def test_a_baseline_afterwards_does_not_make_up_for_it(self, tmp_path: Path) -> None:
        """The newest run of the build has to be whole; what it is compared with is another one."""
        line = "errors.rate: {from: load, promote: {rise: 5 points, than: baseline}, mode: point}"
        world = LoadWorld(root=tmp_path, criteria=(LATENCY, line))
        world.ran()
        world.ran(late)
        workspace = world.workspace
        take_shards(workspace, world.shards(ok), stage=workspace.stage("first"), baseline=True)

        assert Kind.HOLD_INVALID_EXPERIMENT in {reason.kind for reason in world.verdict().reasons}
