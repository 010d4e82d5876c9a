"""A generator that stood still for less than makes its run void: what that may have cost rolls no build back."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sluicegate.model import Kind, Verdict

sys.path.insert(0, str(Path(__file__).parent))
from load_gate_world import Answer, LoadWorld

sys.path.pop(0)

OPEN, USERS = "p: {arrivals: constant, rate: 30/s, for: 60s, objective: 2 s}", "p: {users: 51, for: 60s}"
STALLS_S, LASTED_S = (10, 30), 0.9
REQUESTS = 1800
LATENCY = "latency: {from: load, at: p95, promote: 1.9 s, alert: 2 s, rollback: 2.2 s, min: 50}"
GOODPUT = "goodput: {from: load, promote: 98 %, alert: 97 %, rollback: 96 %, min: 50}"


def judged(root: Path, profile: str, line: str, took_ms: Callable[[float], float], *, live: bool = True) -> Verdict:
    """The verdict on a minute of load in which the generator stood still twice; `took_ms` by the second it began."""
    world = LoadWorld(root=root, live=live, profiles=[profile], criteria=[line])
    stalled = world.shards(
        lambda i: Answer(took_ms=took_ms(i / 30)),
        profile="p",
        users=REQUESTS,
        clock_ms=lambda second: LASTED_S * 1000 if second in STALLS_S else 0.5,
    )
    world.took_in(stalled)
    return world.verdict()


def sound(began_s: float) -> float:
    """1.7 s, and read so much later where the generator stood still meanwhile."""
    late = any(stall - LASTED_S - 1.7 <= began_s <= stall - LASTED_S for stall in STALLS_S)
    return 1700 + late * LASTED_S * 1000


@pytest.mark.parametrize(("profile", "line"), [(OPEN, LATENCY), (USERS, LATENCY), (OPEN, GOODPUT)])
def test_what_was_read_late_rolls_nothing_back(tmp_path: Path, profile: str, line: str) -> None:
    """Every request of the second began in time; its answer lay there until the generator came to it."""
    assert judged(tmp_path / "ours", profile, line, sound).kind is Kind.HOLD_SUSPECT
    assert judged(tmp_path / "theirs", profile, line, lambda _: 2600).kind is Kind.ROLLBACK_THRESHOLD


def test_what_takes_ten_times_as_long_is_not_the_generator_s(tmp_path: Path) -> None:
    """Requests of half a minute were all under way in one of the stalls; they would be slow without it too."""
    assert judged(tmp_path, OPEN, LATENCY, lambda _: 30_000).kind is Kind.ROLLBACK_THRESHOLD


def test_stalls_that_cost_no_line_keep_nothing_back(tmp_path: Path) -> None:
    """Late or not, every answer came within the line."""
    line = "latency: {from: load, at: p95, promote: 3 s, alert: 4 s, rollback: 5 s, min: 50}"
    assert judged(tmp_path, OPEN, line, sound, live=False).kind is Kind.PROMOTE
