"""One case of a flag: set it step by step, ask the pipeline's processes after each, write down what was said and when.

The time is that of this process, which decides; the answers come from others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeVar

from sluicegate.model import (
    Case,
    CrashKind,
    FlagScript,
    FlagStep,
    FlagSwitch,
    FlagUnit,
    Json,
    Observation,
    Output,
    Pipeline,
    RunContext,
    now_utc,
    rfc3339,
)
from sluicegate.pipelines.crashes import crash, one_line

__all__ = ["FlagSteps"]

_T = TypeVar("_T")
_PAUSE_S = 0.02
"""Between two questions of a drill; the finest difference it can measure."""
_FEWEST = 3
"""Answers that must say off before it counts as staying off."""
_PROBE = 20
"""Units a drill asks for; enough to see a flag go, few enough to ask often."""
_SAMPLE = 100
"""Units asked for to see that answers no longer change."""


class _Over(Exception):  # noqa: N818 - the end of a case, not a fault of this program
    """Nothing more can be asked: the pipeline or the switch failed."""

    def __init__(self, output: Output) -> None:
        super().__init__()
        self.output = output


@dataclass(slots=True, kw_only=True)
class FlagSteps:
    """A case under way. `run` answers with the last output, or the crash that ended it."""

    case: Case
    script: FlagScript
    context: RunContext
    processes: Sequence[Pipeline]
    switch: FlagSwitch
    changing: asyncio.Lock
    """A switch is asked for one change at a time."""
    log: list[Observation]
    units: tuple[FlagUnit, ...] = field(init=False)
    numbers: dict[str, int] = field(init=False)
    began: float = field(init=False)
    last: Output = field(init=False)
    was_on: dict[str, frozenset[str]] = field(default_factory=dict)
    """By flag, who was on when everybody was last asked."""

    def __post_init__(self) -> None:
        self.units = self.script.everyone()
        self.numbers = {unit.id: number for number, unit in enumerate(self.units)}
        self.began = asyncio.get_running_loop().time()
        self.last = Output()

    async def run(self) -> Output:
        """Every step in order."""
        try:
            for number, step in enumerate(self.script.steps):
                decided_ms = await self._set(number, step)
                if step.within_s is None:
                    await self._settle(number)
                else:
                    await _together(self._drill(number, step, decided_ms, each) for each in self._each())
                for flag in self.script.flags:
                    await self._ask_everybody(number, flag)
        except _Over as over:
            return over.output
        return self.last

    async def _set(self, number: int, step: FlagStep) -> float:
        """Set every flag; returns when that was decided."""
        return min([await self._change(flag, step, number) for flag in self.script.flags])

    async def _change(self, flag: str, step: FlagStep, number: int) -> float:
        """Returns when it was decided: as it is this case's turn, whatever the others waited for."""
        cohort = step.off_cohort
        change: dict[str, Json] = {
            "flag": flag,
            "percent": step.percent,
            "salt": self.script.salt,
            "off_units": list(step.off_units),
            "off_cohort": None if cohort is None else {"since": cohort.since, "until": cohort.until},
            "killed": step.killed,
        }
        async with self.changing:
            decided_ms = self._now_ms()
            fault = await self.switch.change(change)
        seen = {"step": number, "by": self.switch.by, "decided_ms": decided_ms, "done_ms": self._now_ms()}
        self._see("set", flag, {**seen, "fault": None if fault is None else one_line(fault, 300)})
        if fault is not None:
            raise _Over(crash(CrashKind.EXCEPTION, f"The switch did not set {flag}: {fault}"))
        return decided_ms

    async def _settle(self, number: int) -> None:
        """Until the change has arrived in every process; what has not by then is asked all the same, and it shows."""
        marker = self.script.marker
        if marker is None and self.switch.by != "switch":
            marker = f"sluicegate.{self.script.flags[0]}"
        if marker is None:
            arrived = [self._quiet(each) for each in self._each()]
        else:
            mark = f"{marker}-{number}"
            await self._change(mark, FlagStep(percent=100.0), number)
            arrived = [self._marked(each, mark) for each in self._each()]
        settled = await _together(arrived)
        self._see("settled", self.script.flags[0], {"step": number, "settled": all(settled)})

    async def _marked(self, process: int, mark: str) -> bool:
        until_ms = self._now_ms() + self.script.watch_s * 1000
        while self._now_ms() < until_ms:
            if await self._on(process, mark, self.units[:1]):
                return True
            await asyncio.sleep(_PAUSE_S)
        return False

    async def _quiet(self, process: int) -> bool:
        """Nothing tells that a change has arrived: the same answers for so long."""
        sample = _spread(self.units, _SAMPLE)
        said: list[frozenset[str]] = []
        since_ms = until_ms = self._now_ms()
        until_ms += self.script.watch_s * 1000
        while self._now_ms() < until_ms:
            now = [await self._on(process, flag, sample) for flag in self.script.flags]
            if now != said:
                said, since_ms = now, self._now_ms()
            elif self._now_ms() - since_ms >= self.script.settle_s * 1000:
                return True
            await asyncio.sleep(_PAUSE_S)
        return False

    async def _drill(self, number: int, step: FlagStep, decided_ms: float, process: int) -> None:
        """Ask, from the decision on, until nobody of the scope is on and that lasts; or for as long as is watched."""
        script = self.script
        for flag in script.flags:
            was_on = self.was_on.get(flag, frozenset())
            probe = _spread([unit for unit in self.units if unit.id in was_on and step.takes_back(unit)], _PROBE)
            off_since: float | None = None
            answers = 0
            while probe:
                asked_ms = self._now_ms()
                on = await self._on(process, flag, probe)
                answered_ms = self._now_ms()
                seen = {"step": number, "process": process, "asked_ms": asked_ms, "answered_ms": answered_ms}
                self._see("probe", flag, {**seen, "units": len(probe), "on": len(on)})
                if on:
                    off_since, answers = None, 0
                else:
                    off_since, answers = off_since if answers else answered_ms, answers + 1
                stayed = off_since is not None and answered_ms - off_since >= script.stay_s * 1000
                if stayed and answers >= _FEWEST:
                    break
                if answered_ms - decided_ms > 1000 * (script.watch_s + (0 if off_since is None else script.stay_s)):
                    break
                await asyncio.sleep(_PAUSE_S)

    async def _ask_everybody(self, number: int, flag: str) -> None:
        """In each process and with both defaults a caller may have; again where a process contradicts itself."""
        said = await _together(self._answer(number, flag, process, default=False) for process in self._each())
        self.was_on[flag] = said[0]
        other = await self._answer(number, flag, 0, default=True)
        if other != said[0]:
            await self._answer(number, flag, 0, default=False)

    async def _answer(self, number: int, flag: str, process: int, *, default: bool) -> frozenset[str]:
        # In another order each time: what is dealt to a place in the question is dealt to nobody.
        units = Random(f"{number}\0{flag}\0{process}\0{default}").sample(self.units, len(self.units))  # noqa: S311 - an order, no secret
        on = await self._on(process, flag, units, default=default)
        bits = sum(1 << self.numbers[unit] for unit in on)
        seen = {"step": number, "process": process, "default": default, "units": len(self.units), "on": len(on)}
        self._see("answer", flag, {**seen, "who": f"{bits:x}"})
        return on

    async def _on(self, process: int, flag: str, units: Iterable[FlagUnit], *, default: bool = False) -> frozenset[str]:
        """Who of them the pipeline says is on."""
        asked = [{"id": unit.id, "enabled_at": unit.enabled_at} for unit in units]
        question = Case(id=self.case.id, input={"flag": flag, "default": default, "units": asked})
        output = await self.processes[process].call(question, self.context)
        if output.error is not None:
            raise _Over(output)
        on = _named(output, {unit["id"] for unit in asked})
        if on is None:
            what = "A flag's answer must be structured: {on: [ids of the units asked for that it is on for]}."
            raise _Over(crash(CrashKind.GARBAGE, what))
        self.last = output
        return on

    def _each(self) -> range:
        return range(len(self.processes))

    def _now_ms(self) -> float:
        return round((asyncio.get_running_loop().time() - self.began) * 1000, 3)

    def _see(self, action: str, flag: str, detail: Mapping[str, Json]) -> None:
        at, told = rfc3339(now_utc()), {"flag": flag, **detail}
        self.log.append(Observation(run_id=self.context.run_id, double="flags", action=action, at=at, detail=told))


async def _together(asking: Iterable[Coroutine[Any, Any, _T]]) -> list[_T]:
    """All of them at once. Where one raises, the others are ended too: nobody may ask when the case is over."""
    tasks = [asyncio.ensure_future(each) for each in asking]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _named(output: Output, asked: set[Any]) -> frozenset[str] | None:
    said = output.structured.get("on") if isinstance(output.structured, Mapping) else None
    if not isinstance(said, (list, tuple)) or not all(isinstance(name, str) and name in asked for name in said):
        return None
    return frozenset(said)


def _spread(units: Sequence[FlagUnit], most: int) -> list[FlagUnit]:
    """At most so many of them, evenly from all."""
    step = max(1, -(-len(units) // most))
    return list(units[::step])
