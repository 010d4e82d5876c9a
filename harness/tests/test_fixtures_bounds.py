"""Bounds that hold whatever happens: money and calls in any interleaving, retries under any faults."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
from trend_world import SETTINGS, run, tagged

sys.path.pop(0)

from sluicegate.fixtures.content_router.budget import BudgetController, Day, DayStore
from sluicegate.fixtures.content_router.defects import ROUTERS
from sluicegate.fixtures.trend_analysis.settings import CHAINS
from sluicegate.model import CrashKind, Fault

LIMIT = 1_000
Call = tuple[bool, int, int, int]
"""Expert, the most it may cost, a share of that in per cent which it does cost, turns of the loop it takes."""
_CALLS = st.lists(st.tuples(st.booleans(), st.integers(1, 400), st.integers(0, 100), st.integers(0, 3)), max_size=40)
_TURNS = st.lists(st.integers(0, 4), min_size=1, max_size=8)
"""How many turns of the loop each reading and writing takes, over and over."""


class _Slow(DayStore):
    """A store that takes its time, and remembers the worst account it ever kept."""

    def __init__(self, turns: list[int]) -> None:
        super().__init__(Day())
        self._turns = self._over_and_over(turns)
        self.most_taken = self.most_expert = 0

    @staticmethod
    def _over_and_over(turns: list[int]) -> Iterator[int]:
        while True:
            yield from turns

    async def _wait(self) -> None:
        for _ in range(next(self._turns)):
            await asyncio.sleep(0)

    async def read(self) -> Day:
        await self._wait()
        day = await super().read()
        await self._wait()
        return day

    async def write(self, day: Day) -> None:
        await self._wait()
        await super().write(day)
        self.most_taken = max(self.most_taken, day.spent + day.reserved)
        self.most_expert = max(self.most_expert, day.expert_calls)


def _spent(controller: type[BudgetController], calls: list[Call], turns: list[int]) -> tuple[int, int, int]:
    """All calls at once: the most money taken, the most expert calls counted, expert calls let through."""

    async def day() -> tuple[int, int, int]:
        store = _Slow(turns)
        budget = controller(store, limit=LIMIT)

        async def call(expert: bool, worst: int, percent: int, takes: int) -> bool:
            if not await budget.reserve(expert=expert, worst=worst):
                return False
            for _ in range(takes):
                await asyncio.sleep(0)
            await budget.settle(worst=worst, cost=worst * percent // 100)
            return expert

        through = await asyncio.gather(*(call(*each) for each in calls))
        return store.most_taken, store.most_expert, sum(through)

    return asyncio.run(day())


@given(calls=_CALLS, turns=_TURNS)
@settings(max_examples=60, deadline=None)
def test_a_budget_is_never_exceeded_in_any_interleaving(calls: list[Call], turns: list[int]) -> None:
    """Neither the day's money nor the cap on expert calls, however many ask at once and however slow the store is."""
    taken, expert, through = _spent(BudgetController, calls, turns)

    assert taken <= LIMIT
    assert max(expert, through) <= BudgetController.expert_cap


def test_without_its_lock_it_is() -> None:
    """The planted race is found by the same property: it can fail."""
    unlocked = ROUTERS["cap-checked-without-lock"].controller

    def exceeds(case: tuple[list[Call], list[int]]) -> bool:
        calls, turns = case
        worst = sum(cost for expert, cost, _, _ in calls if not expert)
        return worst > LIMIT and _let_through(unlocked, calls, turns) > LIMIT

    # Found is enough: the smallest such day would take as long again, many times over.
    found = settings(max_examples=2_000, deadline=None, phases=[Phase.generate])
    find(st.tuples(_CALLS, _TURNS), exceeds, settings=found)


def _let_through(controller: type[BudgetController], calls: list[Call], turns: list[int]) -> int:
    """Money set aside by calls that were all let through before any was settled."""

    async def day() -> int:
        budget = controller(_Slow(turns), limit=LIMIT)
        core = [worst for expert, worst, _, _ in calls if not expert]
        granted = await asyncio.gather(*(budget.reserve(expert=False, worst=worst) for worst in core))
        return sum(worst for worst, fits in zip(core, granted, strict=True) if fits)

    return asyncio.run(day())


_WHERE = {"model": st.sampled_from((None, *CHAINS["topics"])), "on_call": st.one_of(st.none(), st.integers(1, 4))}
_BUSY = st.builds(
    Fault,
    kind=st.sampled_from(("rate_limit", "server_error")),
    retry_after_s=st.sampled_from((None, 0.0, 0.05, 600.0)),
    **_WHERE,
)
_BROKEN = st.builds(Fault, kind=st.sampled_from(("cut", "malformed", "empty", "refuse", "content_filter")), **_WHERE)
_FAULTS = st.lists(_BUSY | _BROKEN, min_size=1, max_size=4)


@pytest.mark.parametrize("kind", sorted(CHAINS))
@given(faults=_FAULTS)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_retries_are_bounded_under_any_faults(kind: str, faults: list[Fault]) -> None:
    """No model is asked more often than its tries, and none outside the chain; the end is an answer or an error."""
    case = next(each for each in tagged("analyze") if each.expect.model_order == (CHAINS[kind][0],))
    [trial] = asyncio.run(run([replace(case, given=replace(case.given, faults=tuple(faults)))]))

    calls = Counter(item.action for item in trial.observations if item.double == "model")
    assert set(calls) <= set(CHAINS[kind])
    assert max(calls.values(), default=0) <= SETTINGS.tries
    error = trial.output.error
    assert error is None or error.kind is CrashKind.REPORTED
