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


def bad(i: int) -> Answer:
    """Every second request fails."""
    return Answer(status="error", kind="http_status", http=500) if i % 2 else Answer()


class TestOwnBaseline:
    """What a build is compared with is not the build itself."""

    RISE = "errors.rate: {from: load, promote: {rise: 5 points, than: baseline}, mode: point}"

    def baseline(self, world: LoadWorld, answer: Callable[[int], Answer], *, of: str, then: str = "2") -> None:
        """A run of one build as the baseline; afterwards another one is served again."""
        world.serve(of)
        workspace = world.workspace
        take_shards(workspace, world.shards(answer), stage=workspace.stage("first"), baseline=True)
        world.serve(then)

    def test_another_build_is_the_baseline_whatever_is_measured_later(self, tmp_path: Path) -> None:
        """A build with 50 % errors is not like itself; beside two others the later one counts."""
        world = LoadWorld(root=tmp_path, criteria=(self.RISE,))
        self.baseline(world, ok, of="1")
        world.ran(bad)
        self.baseline(world, bad, of="2")
        assert world.verdict().kind is Kind.HOLD_BELOW_TARGET

        self.baseline(world, bad, of="1.1")
        assert world.verdict().kind is Kind.PROMOTE

    def test_itself_alone_is_no_comparison(self, tmp_path: Path) -> None:
        """It holds, says why, and how to get one."""
        world = LoadWorld(root=tmp_path, criteria=(self.RISE,), release="2")
        world.ran(bad)
        self.baseline(world, bad, of="2")
        verdict = world.verdict()

        assert verdict.kind is Kind.HOLD_INSUFFICIENT
        assert "measured of the very build that is judged" in verdict.reasons[0].text
        assert f"sluicegate load {tmp_path}/plan.yaml --stage first --baseline" in verdict.reasons[0].mend

        self.baseline(world, ok, of="1")
        assert world.verdict().kind is Kind.HOLD_BELOW_TARGET

    @pytest.mark.parametrize("other", [None, late])
    def test_a_line_crossed_beside_itself_stays_crossed(
        self, tmp_path: Path, other: Callable[[int], Answer] | None
    ) -> None:
        """It became worse than it was, which no late run of another build hides."""
        line = "errors.rate: {from: load, promote: 1 %, rollback: {rise: 5 points, than: baseline}}"
        world = LoadWorld(root=tmp_path, criteria=(line,), live=True, release="2")
        self.baseline(world, ok, of="2")
        world.ran(bad)
        if other is not None:
            self.baseline(world, other, of="1")

        assert world.verdict().kind is Kind.ROLLBACK_THRESHOLD
