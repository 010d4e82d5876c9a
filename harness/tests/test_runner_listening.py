"""A write that comes after the answer: what a case delivered again does in the background is counted for it."""

from __future__ import annotations

import asyncio
from time import perf_counter, sleep
from typing import Any

import aiohttp
import pytest

from sluicegate.checks import CHECKS, CheckConfig, run_check
from sluicegate.doubles import Doubles, Latencies, runs
from sluicegate.doubles.runs import Run
from sluicegate.model import Case, Given, RunContext, Trial
from sluicegate.pipelines.callable import CallablePipeline
from sluicegate.plan.types import ToolSpec
from sluicegate.runner import drive

STORE = ToolSpec(name="store", method="PUT", path="/drafts/{id}", writes=True)
FIND = ToolSpec(name="find", method="GET", path="/drafts/{id}")
ONCE = CHECKS["idempotency.once"]


class Kept:
    """A recorder that keeps the trials, and how many were intended before the first of them was."""

    def __init__(self) -> None:
        self.trials: list[Trial] = []
        self.intended = 0
        self.before_the_first = 0

    def intend(self, case: Case, repeat: int, run_id: str) -> None:
        self.intended += 1

    def record(self, trial: Trial, run_id: str) -> None:
        self.before_the_first = self.before_the_first or self.intended
        self.trials.append(trial)


class Background:
    """A pipeline that answers at once, and writes `after_s` later."""

    def __init__(self, after_s: float) -> None:
        self._after_s = after_s
        self._tasks: set[asyncio.Task[None]] = set()

    async def answer(self, asked: str, context: RunContext) -> dict[str, Any]:
        task = asyncio.create_task(self._write(context))
        self._tasks.add(task)
        return {"content": asked}

    async def _write(self, context: RunContext) -> None:
        await asyncio.sleep(self._after_s)
        base = context.endpoints["SLUICEGATE_TOOLS_URL"]
        async with aiohttp.ClientSession() as session, session.put(f"{base}/drafts/1", json={}) as stored:
            await stored.read()

    def end(self) -> None:
        """As a process that is ended takes with it what it had not done yet."""
        for task in self._tasks:
            task.cancel()


async def driven(
    after_s: float,
    *cases: Case,
    tools: tuple[ToolSpec, ...] = (STORE, FIND),
    concurrency: int = 8,
    kept: Kept | None = None,
) -> tuple[list[Trial], Doubles, float]:
    """The trials, the doubles, and the seconds it took."""
    doubles = Doubles(tools=tools, latencies=Latencies(tool_ms=0), lane=concurrency == 1)
    await doubles.start()
    kept, background = kept or Kept(), Background(after_s)
    began = perf_counter()
    try:
        pipeline = CallablePipeline(background.answer)
        trials = ((case, 0) for case in cases)
        await drive(pipeline, trials, recorder=kept, boundary=doubles, nonce="n", concurrency=concurrency)
        took_s = perf_counter() - began
    finally:
        background.end()
        await doubles.stop()
    return kept.trials, doubles, took_s


def twice(number: int = 0) -> Case:
    return Case(id=f"c{number}~twice", input="x", given=Given(deliveries=2))


@pytest.mark.asyncio
async def test_a_write_after_the_answer_of_the_last_case_is_counted_for_it() -> None:
    """A tenth of a second later, of each delivery one: the message has two effects, and that is what the check says."""
    (trial,), doubles, _ = await driven(0.1, twice())

    assert [seen.action for seen in trial.observations] == ["store", "store"]
    assert doubles.late == 0
    assert run_check(ONCE, trial, CheckConfig(tools=(STORE, FIND))).result == "fail"


@pytest.mark.asyncio
async def test_nobody_waits_for_the_listening_but_the_end() -> None:
    """Forty cases, four at a time: all have begun before the first has been listened to for long enough."""
    kept = Kept()
    trials, _, _ = await driven(0.05, *map(twice, range(40)), concurrency=4, kept=kept)

    assert len(trials) == 40
    assert kept.before_the_first > 4


@pytest.mark.parametrize(
    ("case", "tools"), [(Case(id="c", input="x"), (STORE,)), (twice(), (FIND,)), (twice(), ())]
)  # fmt: skip
@pytest.mark.asyncio
async def test_only_where_a_second_effect_would_show(
    case: Case, tools: tuple[ToolSpec, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A case delivered once, and a plan without a tool that writes, are not waited for."""
    monkeypatch.setattr(runs, "_QUIET_S", 60)
    monkeypatch.setattr(runs, "_LONGEST_S", 60)
    _, _, took_s = await driven(90, case, tools=tools)

    assert took_s < 30


@pytest.mark.asyncio
async def test_it_ends_when_nothing_comes() -> None:
    """What comes later than the quiet is nobody's, as a second write after an hour is."""
    (trial,), _, took_s = await driven(90, twice())

    assert trial.observations == ()
    assert 0.3 <= took_s < 30


@pytest.mark.asyncio
async def test_time_in_which_this_process_stood_still_is_no_time_of_listening() -> None:
    """A stopped machine, a long collection of garbage: what was under way then is still heard."""
    asyncio.get_running_loop().call_later(0.05, sleep, 0.6)
    (trial,), _, _ = await driven(0.1, twice())

    assert len(trial.observations) == 2


def test_a_pipeline_that_is_never_quiet_is_left_after_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes goes on being listened to, within a bound from the answer on."""
    now_s = 100.0
    monkeypatch.setattr("sluicegate.doubles.runs.monotonic", lambda: now_s)
    run = Run(run_id="0" * 16, case=twice())
    left = []
    for _ in range(12):
        left.append(run.listens())
        now_s += 0.1
        run.see("tool", "store", "2026-01-29T12:00:00Z", {})

    assert left[:8] == pytest.approx([0.3] * 8)
    assert left[8:] == pytest.approx([0.2, 0.1, 0.0, 0.0])


@pytest.mark.asyncio
async def test_in_a_lane_only_the_last_is_listened_to() -> None:
    """There one run is open at a time; what is late belongs to the next, and nobody waits for each."""
    trials, doubles, took_s = await driven(0.1, *map(twice, range(12)), concurrency=1)

    assert [trial.case.id for trial in trials] == [f"c{number}~twice" for number in range(12)]
    assert len(trials[-1].observations) == 2
    assert doubles.late == 22  # writes of the other eleven, which hold the stage as incomplete
    assert took_s < 1.5


@pytest.mark.asyncio
async def test_cancelled_meanwhile_what_was_answered_is_kept() -> None:
    """An answer is on record, and not lost as a crash, though somebody was still listening."""
    kept = Kept()
    driving = asyncio.create_task(driven(5, *map(twice, range(3)), kept=kept))
    await asyncio.sleep(0.2)
    assert kept.trials == []
    driving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await driving

    assert {trial.output.content for trial in kept.trials} == {"x"}
    assert len(kept.trials) == 3
