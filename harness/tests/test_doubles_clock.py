"""The clock double: it starts where the case says, runs at its rate, and is put forward."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluicegate.doubles.ticking import Ticking
from sluicegate.model import parse_time

sys.path.insert(0, str(Path(__file__).parent))
from doubles_world import a_case, opened

sys.path.pop(0)

NOW = "2026-01-29T14:00:00.000000Z"
START = datetime(2030, 5, 1, tzinfo=UTC)


class Wall:
    """A wall clock that a test moves."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.mark.asyncio
async def test_the_time_of_a_case_runs_at_its_rate_and_is_put_forward() -> None:
    """The first look says `given.now`; ten times as fast, one real second is ten."""
    wall = Wall()
    async with opened(a_case(now=NOW, clock_rate=10.0), clock=wall) as world, httpx.AsyncClient() as client:
        url = world.urls["SLUICEGATE_CLOCK_URL"]
        first = (await client.get(url)).json()
        wall.now += timedelta(seconds=1)
        second = (await client.get(url)).json()
        advanced = (await client.post(f"{url}/advance", json={"seconds": 60})).json()
        await client.post(f"{url}/rate", json={"rate": 0})
        wall.now += timedelta(seconds=100)
        still = (await client.get(url)).json()
        seen = world.seen()

        assert first == {"now": NOW, "epoch_ms": 1769695200000, "rate": 10.0}
        assert second["now"] == "2026-01-29T14:00:10.000000Z"
        assert advanced["now"] == still["now"] == "2026-01-29T14:01:10.000000Z"
        assert [item.action for item in seen] == ["now", "advance", "rate"]
        assert seen[0].detail["looks"] == 3


@pytest.mark.asyncio
async def test_without_a_time_in_the_case_it_is_the_wall_clocks() -> None:
    """And a run of its own for each case."""
    async with opened(a_case(), clock=Wall()) as world, httpx.AsyncClient() as client:
        said = (await client.get(world.urls["SLUICEGATE_CLOCK_URL"])).json()

        assert parse_time(said["now"]) == START


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("route", "body"),
    [
        ("advance", b"{"),
        ("advance", b'{"seconds": -1}'),
        ("advance", b'{"seconds": true}'),
        ("advance", b'{"seconds": 1e300}'),
        ("advance", b'{"rate": 1}'),
        ("rate", b'{"rate": "fast"}'),
    ],
)
async def test_a_clock_never_runs_back_and_says_what_it_takes(route: str, body: bytes) -> None:
    """400 with what is expected, and the time is what it was."""
    async with opened(a_case(now=NOW, clock_rate=0.0)) as world, httpx.AsyncClient() as client:
        url = world.urls["SLUICEGATE_CLOCK_URL"]
        answer = await client.post(f"{url}/{route}", content=body)
        now = (await client.get(url)).json()["now"]
        elsewhere = await client.post(url)
        world.seen()

        assert (answer.status_code, now, elsewhere.status_code) == (400, NOW, 404)
        assert "expected" in answer.json()["error"]


@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 1e5), st.floats(0, 100)), max_size=10))
def test_time_never_runs_back(steps: list[tuple[float, float, float]]) -> None:
    """Whatever is advanced and however the rate changes."""
    clock, real, before = Ticking(said=START, since=START), START, START
    for passed, forward, rate in steps:
        real += timedelta(seconds=passed)
        clock.set_rate(real, rate)
        clock.advance(real, forward)
        now = clock.now(real)
        assert now >= before
        before = now
