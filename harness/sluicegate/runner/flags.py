"""A pipeline whose flags a case sets: cases with steps go through them, every other case goes straight to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from datetime import timedelta
from math import isfinite

from sluicegate.errors import Fault, InputError
from sluicegate.model import (
    Boundary,
    Case,
    FlagScript,
    FlagStep,
    FlagSwitch,
    Observation,
    Output,
    Pipeline,
    RunContext,
    parse_time,
)
from sluicegate.pipelines.build import notes_of, open_pipeline
from sluicegate.runner.flag_steps import FlagSteps

__all__ = ["Flagged", "flag_faults"]

_TIME = "Write RFC 3339 with a zone, as 2026-01-05T08:00:00Z."


class Flagged:
    """Pipeline and boundary in one: it asks two processes, so that what only one of them knows is found.

    Cases of one flag wait for each other; those of different flags run together.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        *,
        another: Callable[[], Pipeline] | None,
        switch: FlagSwitch,
        boundary: Boundary | None = None,
        endpoints: Mapping[str, str] | None = None,
    ) -> None:
        """`another` makes a second process of the pipeline; None where it has its own, out of reach."""
        self.capabilities = pipeline.capabilities
        self._pipeline = pipeline
        self._another = another
        self._second: Pipeline | None = None
        self._switch = switch
        self._boundary = boundary
        self._endpoints = dict(endpoints or {})
        self._logs: dict[str, list[Observation]] = {}
        self._busy: dict[str, asyncio.Lock] = {}
        self._changing = asyncio.Lock()
        self._opening = asyncio.Lock()

    async def open(self) -> None:
        """Make the first process and the switch ready. Raises InputError."""
        await open_pipeline(self._pipeline)
        await self._switch.open()

    async def call(self, case: Case, context: RunContext) -> Output:
        """Answer one delivery, or take the case through its steps."""
        script = case.given.flags
        if script is None:
            return await self._pipeline.call(case, context)
        processes = [self._pipeline]
        if self._another is not None:
            processes.append(await self._opened(self._another))
        async with AsyncExitStack() as stack:
            for flag in sorted(script.flags):
                await stack.enter_async_context(self._busy.setdefault(flag, asyncio.Lock()))
            steps = FlagSteps(
                case=case,
                script=script,
                context=context,
                processes=processes,
                switch=self._switch,
                changing=self._changing,
                # The same case delivered again is about its answer; what was said the first time is what is judged.
                log=self._logs.setdefault(context.run_id, []) if context.delivery == 0 else [],
            )
            return await steps.run()

    async def _opened(self, another: Callable[[], Pipeline]) -> Pipeline:
        async with self._opening:
            if self._second is None:
                second = another()
                await open_pipeline(second)
                self._second = second
        return self._second

    async def aclose(self) -> None:
        """End both processes and the switch's."""
        try:
            await self._switch.aclose()
            if self._second is not None:
                await self._second.aclose()
        finally:
            await self._pipeline.aclose()

    def notes(self) -> tuple[str, ...]:
        """What both processes have to say."""
        return (*notes_of(self._pipeline), *(notes_of(self._second) if self._second is not None else ()))

    def open_run(self, run_id: str, case: Case) -> Mapping[str, str]:
        """Raises InputError for steps that cannot be taken."""
        if faults := flag_faults(case):
            raise InputError(faults)
        opened = {} if self._boundary is None else self._boundary.open_run(run_id, case)
        return {**opened, **self._endpoints}

    def when_written(self, run_id: str, tell: Callable[[], None]) -> None:
        """As the doubles do."""
        told: Callable[[str, Callable[[], None]], None] | None = getattr(self._boundary, "when_written", None)
        if told is not None:
            told(run_id, tell)

    def listens(self, run_id: str) -> float:
        """As the doubles do."""
        asked: Callable[[str], float] | None = getattr(self._boundary, "listens", None)
        return 0.0 if asked is None else asked(run_id)

    def goes_on(self, run_id: str, delivery: int) -> None:
        """As the doubles do."""
        told: Callable[[str, int], None] | None = getattr(self._boundary, "goes_on", None)
        if told is not None:
            told(run_id, delivery)

    def close_run(self, run_id: str) -> tuple[Observation, ...]:
        """What the doubles saw, then the answers about flags."""
        seen = () if self._boundary is None else self._boundary.close_run(run_id)
        return (*seen, *self._logs.pop(run_id, ()))


def flag_faults(case: Case) -> list[Fault]:
    """Everything in `given.flags` that can never be shown."""
    script = case.given.flags
    if script is None:
        return []
    # Who is asked for cannot be listed before the times of the population are known to be times.
    found = list(_times(script)) or [*_whole(case, script), *_steps(script)]
    return [Fault(where=f"case {case.id}: given.flags{place}", what=what, mend=mend) for place, what, mend in found]


def _times(script: FlagScript) -> Iterator[tuple[str, str, str]]:
    """Times that are none: read when a cohort is taken back, they would break the checks instead of the case."""
    for number, unit in enumerate(script.units):
        if unit.enabled_at is not None and not _is_time(unit.enabled_at):
            yield f".units[{number}].enabled_at", f"'{unit.enabled_at}' is no time with a zone.", _TIME
    population = script.population
    if population is None or population.enabled_from is None:
        return
    if not _is_time(population.enabled_from):
        yield ".population.enabled_from", f"'{population.enabled_from}' is no time with a zone.", _TIME
        return
    try:
        parse_time(population.enabled_from) + timedelta(seconds=(population.size - 1) * population.enabled_every_s)
    except OverflowError:
        what = f"enables the last of {population.size:,} units outside of the years 1 to 9999."
        yield ".population.enabled_every_s", what, "Write fewer seconds, as 3600."


def _whole(case: Case, script: FlagScript) -> list[tuple[str, str, str]]:
    names = [unit.id for unit in script.everyone()]
    found = []
    if not script.flags or len(set(script.flags)) < len(script.flags):
        found.append((".flags", "names no flag, or one twice.", "Name each flag once: [rag_drafts]."))
    if not script.steps:
        found.append((".steps", "is empty.", "Write at least one step: {percent: 25}."))
    if not names:
        found.append((".units", "there is nobody to ask for.", "Write units, or population: {size: 1000}."))
    if len(set(names)) < len(names):
        found.append((".units", "one unit stands there twice.", "Give each unit an id of its own."))
    times = (script.settle_s, script.watch_s, script.stay_s)
    if not all(isfinite(time) and 0 < time <= 3600 for time in times):
        found.append(("", "settle_s, watch_s and stay_s are above 0 and at most 3600.", "Write seconds, as 0.5."))
    if case.given.inputs or case.input is not None:
        found.append(("", "stands beside an input.", "Leave the input out: the steps ask for the units."))
    return found


def _steps(script: FlagScript) -> list[tuple[str, str, str]]:
    found = []
    everyone = script.everyone()
    known = {unit.id for unit in everyone}
    before: FlagStep | None = None
    for number, step in enumerate(script.steps):
        place = f".steps[{number}]"
        if not (isfinite(step.percent) and 0 <= step.percent <= 100):
            found.append((place, f"percent is {step.percent}.", "Write 0 to 100."))
        if strangers := sorted({*step.off_units, *step.on, *step.off} - known):
            found.append((place, f"names {strangers[0]}, who is none of the units.", "Name units of this case."))
        if both := sorted(set(step.on) & set(step.off)):
            found.append((place, f"pins {both[0]} to on and to off.", "Name each unit in one of them."))
        if step.off_cohort is not None and not _is_window(step.off_cohort.since, step.off_cohort.until):
            found.append((place, "off_cohort is no window.", "Write since and until, RFC 3339 UTC, since the earlier."))
        elif step.removes and not any(step.takes_back(unit) for unit in everyone):
            mend = "Give the units of the window their enabled_at, or name them in off_units."
            found.append((place, "off_cohort is a window in which no unit of this case was enabled.", mend))
        if step.within_s is not None:
            if not step.removes or before is None or before.removes or before.percent != step.percent:
                what = "is a rollback (within_s) that takes nobody back from a step of the same percentage before it."
                mend = "Write {percent: 50}, then {percent: 50, killed: true, within_s: 60}."
                found.append((place, what, mend))
            if not (isfinite(step.within_s) and step.within_s > 0):
                found.append((place, f"within_s is {step.within_s}.", "Write seconds above 0."))
        before = step
    return found


def _is_window(since: str, until: str) -> bool:
    return _is_time(since) and _is_time(until) and parse_time(since) < parse_time(until)


def _is_time(text: str) -> bool:
    try:
        parse_time(text)
    except (ValueError, OverflowError):
        return False
    return True
