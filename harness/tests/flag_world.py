"""Trials of flags as a record holds them: what every process says at every step, and when."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sluicegate.fixtures.flag_rollout.registry import BUCKETS, bucket
from sluicegate.model import Case, FlagScript, FlagStep, FlagUnit, Given, Observation, Output, Population, Trial

__all__ = ["Says", "a_trial", "probes", "sound", "steps"]

Says = Callable[[FlagStep, str, FlagUnit, int, bool], bool]
"""Step, flag, unit, process, the caller's default: on?"""


def sound(step: FlagStep, flag: str, unit: FlagUnit, _process: int, _default: bool) -> bool:
    """The law itself."""
    return not step.takes_back(unit) and bucket(flag, unit.id) < step.percent * BUCKETS / 100


def steps(*percentages: float) -> tuple[FlagStep, ...]:
    return tuple(FlagStep(percent=percent) for percent in percentages)


def probes(*said: tuple[float, int], step: int = 1, flag: str = "rag", process: int = 0) -> list[Observation]:
    """(ms, how many of ten are on) of one process."""
    return [
        _seen("probe", flag, step=step, process=process, asked_ms=ms, answered_ms=ms, units=10, on=on)
        for ms, on in said
    ]


def a_trial(
    taken: Iterable[FlagStep],
    says: Says = sound,
    *,
    size: int = 400,
    flags: tuple[str, ...] = ("rag",),
    processes: int = 2,
    probed: Iterable[Observation] | None = None,
    population: Population | None = None,
    outputs: tuple[Output, ...] = (Output(structured={"on": []}),),
    **more: Any,
) -> Trial:
    """Every step set and everybody asked; a rollback is over at once unless `probed` says otherwise."""
    script = FlagScript(flags=flags, steps=tuple(taken), population=population or Population(size=size), **more)
    log: list[Observation] = []
    units = script.everyone()
    for number, step in enumerate(script.steps):
        for flag in flags:
            log.append(_seen("set", flag, step=number, by="switch", decided_ms=number * 1000.0, fault=None))
            if step.within_s is not None and probed is None:
                for process in range(processes):
                    log += probes(
                        (number * 1000.0 + 20, 10), (number * 1000.0 + 60, 0), (number * 1000.0 + 600, 0),
                        step=number, flag=flag, process=process,
                    )  # fmt: skip
            for process, default in [*((each, False) for each in range(processes)), (0, True)]:
                who = sum(1 << at for at, unit in enumerate(units) if says(step, flag, unit, process, default))
                seen = {"step": number, "process": process, "default": default, "who": f"{who:x}"}
                log.append(_seen("answer", flag, units=len(units), on=who.bit_count(), **seen))
    log += probed or ()
    case = Case(id="f-1", given=Given(flags=script))
    return Trial(case=case, outputs=outputs, observations=tuple(log))


def _seen(action: str, flag: str, **detail: Any) -> Observation:
    told: Mapping[str, Any] = {"flag": flag, **detail}
    return Observation(run_id="0" * 16, double="flags", action=action, at="", detail=told)
