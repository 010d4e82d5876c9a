"""A sweep runs one rate after the other, keeps none of it as evidence, and says what it has found and why it ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sluicegate.errors import InputError
from sluicegate.model.load_result import LoadTally
from sluicegate.plan.load import Arrival, Profile, Step
from sluicegate.report.knee import knee_lines, probe_line
from sluicegate.session import load_sweep
from sluicegate.session.load_sweep import at_rate, probe_of, search_of, sweep
from sluicegate.session.workspace import Workspace
from sluicegate.stats.knee import Knee, Probe

STEADY = Profile(name="steady", steps=(Step(for_s=5, rate=10.0),), arrival=Arrival.POISSON, objective_ms=200)
DRAFTS = Profile(name="drafts", steps=(Step(for_s=5, users=4),), objective_ms=200, redelivered=0.1, seed=3)
RISING = Step(for_s=5, rate=1, to_rate=9)

PLAN = """
schema_version: 1
name: bot
pipeline: "bot:answer"
subject: {code: {files: "*.py"}}
cases: cases.jsonl
load: {profiles: {waiting: {users: 2, for: 2s, objective: 460 ms, max_lag: 5s}}}
stages: [{name: first, exposure: {live: false}, criteria: {latency: {from: load, at: p50, promote: 1 s, mode: point}}}]
"""
BOT = """
import asyncio
lock = asyncio.Lock()

async def answer(asked, context):
    async with lock:
        await asyncio.sleep(0.1)
    return {"text": "done"}
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    from sluicegate.session.lock import build_lock, write_lock

    (tmp_path / "bot.py").write_text(BOT)
    (tmp_path / "cases.jsonl").write_text('{"id": "a", "input": 1}\n')
    (tmp_path / "plan.yaml").write_text(PLAN)
    workspace = Workspace(tmp_path / "plan.yaml")
    write_lock(workspace, build_lock(workspace))
    return Workspace(tmp_path / "plan.yaml")


def tally(in_time: int, measured: int = 100, p95: float | None = 120.0) -> LoadTally:
    return LoadTally(began="2026-01-01T00:00:00Z", lasts_s=5, measured=measured, in_time=in_time, p95_ms=p95)


def ran(in_time: int, *, measured: int = 100, complete: bool = True, void: str = "") -> Any:
    found = SimpleNamespace(tally=tally(in_time, measured), complete=complete, void=void, broken=())
    return SimpleNamespace(imported=found)


def swept(
    monkeypatch: pytest.MonkeyPatch, workspace: Workspace, profile: Profile, answer: Callable[[Profile], Any]
) -> tuple[Any, list[tuple[Profile, Path]]]:
    asked: list[tuple[Profile, Path]] = []

    def run_load(workspace: Workspace, profile: Profile, **_: Any) -> Any:
        asked.append((profile, workspace.evidence))
        return answer(profile)

    monkeypatch.setattr(load_sweep, "run_load", run_load)
    stage = workspace.stage("first")
    return sweep(workspace, profile, search_of(profile), stage=stage), asked


def test_rates_are_searched_for_a_rate_and_users_for_users(
    monkeypatch: pytest.MonkeyPatch, workspace: Workspace
) -> None:
    """Everything else of the profile stays; no evidence lies where the plan's does."""
    rates, asked = swept(monkeypatch, workspace, STEADY, lambda at: ran(100 if (at.steps[0].rate or 0) <= 70 else 50))
    assert 60 < (rates.knee.rate or 0) <= 70
    assert {len(profile.steps) for profile, _ in asked} == {1}
    assert all(profile == at_rate(STEADY, profile.steps[0].rate or 0) for profile, _ in asked)
    assert all(evidence != workspace.evidence for _, evidence in asked)
    assert not workspace.evidence.exists()

    users, asked = swept(monkeypatch, workspace, DRAFTS, lambda at: ran(96 if (at.steps[0].users or 0) <= 21 else 94))
    assert (users.knee.rate, users.knee.fails_at) == (21, 23)  # less than a tenth apart
    assert {(profile.redelivered, profile.seed, profile.arrival) for profile, _ in asked} == {(0.1, 3, None)}


def test_a_late_generator_and_a_broken_run_show_nothing(monkeypatch: pytest.MonkeyPatch, workspace: Workspace) -> None:
    """Neither is a failure of the service: the knee is bounded by the generator, and that is said."""

    def answer(at: Profile) -> Any:
        late = (at.steps[0].rate or 0) > 40
        return ran(100, void="the load generator was late" if late else "")

    found, _ = swept(monkeypatch, workspace, STEADY, answer)
    assert (found.knee.ended_by, found.runs[-1].probe.held) == ("generator", True)
    assert any(run.said == "the load generator was late" for run in found.runs)
    found, _ = swept(monkeypatch, workspace, STEADY, lambda _: ran(100, complete=False))
    assert (found.knee.rate, found.knee.ended_by) == (None, "generator")
    assert probe_of(1, tally(0, 0), 0.95, counts=True).held is None


def test_a_sweep_leaves_nothing_in_the_state(monkeypatch: pytest.MonkeyPatch, workspace: Workspace) -> None:
    """What it measured is no evidence: a state file that named it would miss it for ever."""
    text = workspace.plan.path.read_text()
    workspace.plan.path.write_text(f"state: rollout/state.jsonl\n{text}")
    workspace = Workspace(workspace.plan.path)
    states = []

    def run_load(workspace: Workspace, _: Profile, **__: Any) -> Any:
        states.append(workspace.state())
        return ran(100)

    monkeypatch.setattr(load_sweep, "run_load", run_load)
    sweep(workspace, STEADY, search_of(STEADY, most=20), stage=workspace.stage("first"))

    assert workspace.plan.state is not None
    assert set(states) == {None}


def test_a_sweep_of_nobody_ends_at_once(monkeypatch: pytest.MonkeyPatch, workspace: Workspace) -> None:
    """And says so, instead of asking ever less of who is not there."""
    with pytest.raises(InputError, match=r"nobody answered at http://127\.0\.0\.1:9\. Start"):
        swept(monkeypatch, workspace, STEADY, lambda _: ran(0, void="nobody answered at http://127.0.0.1:9"))


def test_the_share_in_time_decides() -> None:
    """Exactly at the share it holds."""
    assert probe_of(1, tally(95), 0.95, counts=True).held is True
    assert probe_of(1, tally(94), 0.95, counts=True).held is False
    assert probe_of(1, tally(95), 0.95, counts=True).value == 120.0


@pytest.mark.parametrize(
    ("profile", "said"),
    [
        (Profile(name="x", steps=(Step(for_s=5, users=4),)), "has no objective"),
        (Profile(name="x", steps=(Step(for_s=5, users=4), Step(for_s=5, users=8)), objective_ms=1), "changes over"),
        (Profile(name="x", steps=(RISING,), arrival=Arrival.POISSON, objective_ms=1), "changes over"),
        (Profile(name="x", arrival=Arrival.TRACE, trace="t", objective_ms=1), "changes over"),
    ],
)  # fmt: skip
def test_what_cannot_be_swept_is_refused(profile: Profile, said: str) -> None:
    """Before anything is sent."""
    with pytest.raises(InputError, match=said):
        search_of(profile)
    with pytest.raises(InputError, match="less than"):
        search_of(STEADY, most=5)


def test_the_end_says_what_is_known() -> None:
    """The knee with its runs; where the search ended otherwise, why it is none."""
    from sluicegate.model import NotMeasured
    from sluicegate.stats.interval import Interval

    values = Interval(low=1700, high=1930, confidence=0.95, method="t")
    knee = Knee(rate=42.5, fails_at=46, ended_by="objective", runs=3, held=3, values=values)
    assert knee_lines(knee, share=0.95, whole=False, objective="2000 ms") == [
        " knee     42.5/s: 95 % of the requests whole and within 2000 ms in 3 of 3 runs",
        "     p95 1,700 to 1,930 ms (mean of these runs, 95 % on each side)",
        "     at 46/s it does not hold",
    ]
    none = Knee(rate=None, fails_at=1, ended_by="least", runs=0, held=0, values=NotMeasured(reason="0 values"))
    assert knee_lines(none, share=0.9, whole=True, objective="2 s")[0].startswith(" knee     below 1 user: 90 %")
    for ended in ("generator", "limit", "probes"):
        other = Knee(rate=8, fails_at=None, ended_by=ended, runs=3, held=3, values=values)
        assert "does not hold" not in knee_lines(other, share=0.95, whole=True, objective="2 s")[-1]
    held = Probe(rate=42.5, held=True, value=1)
    assert probe_line(held, tally(97), "", whole=False) == "     42.5/s  holds  97 of 100 in time, p95 120 ms"
    assert "late" in probe_line(Probe(rate=8, held=None), tally(0), "it was late", whole=True)


@pytest.mark.slow
def test_a_service_of_ten_a_second_has_its_knee_at_four_users(
    workspace: Workspace, request: pytest.FixtureRequest
) -> None:
    """Users who wait for 100 ms each behind one lock: four wait 400 ms, five 500, and 460 is the objective."""
    if not request.config.getoption("--slow"):
        pytest.skip("each of its runs starts processes; run with --slow")
    from sluicegate.session.load import profile_named

    began = time.monotonic()
    profile = profile_named(workspace.plan, "waiting")
    found = sweep(workspace, profile, search_of(profile, most=32, repeats=1), stage=workspace.stage("first"))
    assert found.knee.ended_by == "objective"
    assert 2 <= (found.knee.rate or 0) <= 4  # on a busy machine less
    assert time.monotonic() - began < 120
