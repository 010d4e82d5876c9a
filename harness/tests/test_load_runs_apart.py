"""One load run beside others: what is wrong with it, what it cost and whose it was are its own affair."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sluicegate.model import CriterionResult, Kind, Status, now_utc
from sluicegate.session import load_rows
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

    def test_shards_of_an_older_build_stay_its_own(self, tmp_path: Path) -> None:
        """Taken in where the new build is served already: they are of the one that was asked."""
        world = LoadWorld(root=tmp_path, criteria=(self.RISE,))
        before = world.shards(ok)
        world.serve("2")
        workspace = world.workspace
        take_shards(workspace, before, stage=workspace.stage("first"), baseline=True)
        world.ran(ok)

        assert world.verdict().kind is Kind.PROMOTE

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


class TestCaps:
    """A capped quantity under load is the total of one run: the worst decides, whatever came before or after."""

    CAP = "cost.total: {from: load, promote: $1, rollback: $1.40}"
    FAILURES = "errors.rate: {from: load, promote: 5 %, alert: 10 %}"

    def world(self, root: Path, cap: str = CAP, **how: Any) -> LoadWorld:
        return LoadWorld(root=root, criteria=(cap, self.FAILURES), **how)

    @pytest.fixture
    def spending(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What a request cost is in the doubles' log, as where we serve the pipeline ourselves."""
        monkeypatch.setattr(load_rows, "_said", lambda _, cost: [("budget.spend", cost)])

    def cap_of(self, world: LoadWorld) -> CriterionResult:
        return next(result for result in world.verdict().criteria if result.metric.startswith(("cost", "budget")))

    def test_a_late_run_spends_as_well(self, tmp_path: Path) -> None:
        """Lateness of the generator makes no call: what the build spent counts, and what it did not shows nothing."""
        dear = self.world(tmp_path / "dear", live=True)
        dear.ran(lambda _: Answer(cost=4_000, lag_ms=500))
        assert dear.verdict().kind is Kind.ROLLBACK_THRESHOLD
        dear.ran(lambda _: Answer(cost=1_000))
        assert dear.verdict().kind is Kind.ROLLBACK_THRESHOLD

        cheap = self.world(tmp_path / "cheap")
        cheap.ran(lambda _: Answer(cost=1_000, lag_ms=500))
        assert cheap.verdict().kind is Kind.HOLD_INVALID_EXPERIMENT
        cheap.ran(lambda _: Answer(cost=1_000))
        assert cheap.verdict().kind is Kind.PROMOTE

    def test_two_runs_are_not_added_up(self, tmp_path: Path) -> None:
        """Each of $0.80; a third of $1.60 crosses the line, and stays so when a cheap one follows."""
        world = self.world(tmp_path)
        for _ in range(2):
            world.ran(costs(2000))
        found = self.cap_of(world)
        assert world.verdict().kind is Kind.PROMOTE
        assert (found.unit, found.measured.value, found.measured.n) == ("run", 800_000, 2)  # type: ignore[union-attr]

        world.ran(costs(4000))
        world.ran(costs(1000))
        found = self.cap_of(world)
        assert world.verdict().kind is Kind.HOLD_THRESHOLD
        assert found.shown == "above rollback $1.40, $1.60 in run 3"

    def test_a_run_over_midnight_is_one(self, tmp_path: Path, spending: None) -> None:
        """Neither of its days is beyond the cap, and the run is."""
        yesterday = now_utc() - timedelta(days=1)
        midnight = yesterday.replace(hour=0, minute=0, second=0, microsecond=0)
        cap = "budget.spend: {from: load, promote: $1, rollback: $1.40}"
        world = self.world(tmp_path, cap, start=midnight - timedelta(seconds=12))
        world.ran(costs(4000))

        assert self.cap_of(world).status is Status.ROLLBACK

    def test_one_run_taken_in_by_halves_and_whole_is_one(self, tmp_path: Path) -> None:
        """Its first shard alone and then all: no half of it hides what the whole cost, and it is not two runs."""
        world = self.world(tmp_path)
        whole = world.shards(costs(4000), of=2)
        part = tmp_path / "part"
        shutil.copytree(whole, part)
        sorted(part.glob("*of*.jsonl"))[1].unlink()
        world.took_in(part)
        world.took_in(whole)

        found = self.cap_of(world)
        assert found.status is Status.ROLLBACK
        assert (found.measured.value, found.measured.n) == (1_600_000, 1)  # type: ignore[union-attr]

    def test_spend_of_a_run_is_over_on_the_day_it_was_sent(self, tmp_path: Path, spending: None) -> None:
        """The page's own line: a run has an end, so nobody waits for that of the day; `min` counts runs."""
        world = self.world(tmp_path, "budget.spend: {from: load, promote: $0.50, min: 2}")
        world.ran(costs(1000))
        found = self.cap_of(world)
        assert (found.unit, found.flip.partition(",")[0]) == ("run", "Collect 1 more run")

        world.ran(costs(1000))
        assert self.cap_of(world).status is Status.PASS
        world.ran(costs(1300))
        assert self.cap_of(world).kind is Kind.HOLD_BELOW_TARGET

    def test_slices_and_baselines_are_told_by_run_too(self, tmp_path: Path) -> None:
        """A slice has its share of each run; a baseline is its mean run."""
        drop = "cost.total: {from: load, promote: {rise: 10 percent, than: baseline}, slices: tenants}"
        more = "slices: {tenants: [acme, zenith]}\n"
        world = self.world(tmp_path, drop, more=more)
        workspace = world.workspace
        for cost in (1900, 2100):
            folder = world.shards(costs(cost))
            take_shards(workspace, folder, stage=workspace.stage("first"), baseline=True)
        world.serve("2")
        for _ in range(2):
            world.ran(costs(2100))

        found = self.cap_of(world)
        assert found.status is Status.PASS
        assert [each.measured.value for each in found.slices] == [420_000, 420_000]  # type: ignore[union-attr]
        world.ran(costs(2300))
        assert self.cap_of(world).status is not Status.PASS


def costs(micros: int) -> Callable[[int], Answer]:
    """Every answer says it cost so many millionths of a dollar."""
    return lambda _: Answer(cost=micros)
