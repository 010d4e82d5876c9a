"""The laws of taking a flag back: exactly its scope, in time, for good, and set again as it was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from math import inf

from sluicegate.checks.check import NotJudged, Problem
from sluicegate.checks.flag_log import FlagLog, Probe, at, flag_log, named, place
from sluicegate.model import FlagStep, Trial

__all__ = ["again", "rollback_ms", "scope", "within"]


def scope(log: FlagLog) -> Iterator[Problem]:
    """A rollback takes back its scope, all of it and nobody else."""
    for number, step in log.rollbacks():
        wanted = log.scope(step)
        for flag in log.script.flags:
            before, after = log.on(number - 1, flag), log.on(number, flag)
            for wrong, what in (
                (after & wanted, "are in its scope and still on"),
                (before & ~wanted & ~after, "are not in its scope and off as well"),
                (after & ~before & ~wanted, "were off before and are on now"),
            ):
                if wrong:
                    yield Problem(
                        place=place(number),
                        expected=f"{flag}: taking back {_level(step)} must take back exactly that",
                        seen=f"{wrong.bit_count()} of {len(log.units)} {what}: {named(log.units, wrong)}",
                        mend="Compare the rule with the scope; a cohort's window is half open: since is in it, until is"
                        " not.",
                    )


def _level(step: FlagStep) -> str:
    if step.killed:
        return "everybody"
    levels = [f"{len(step.off_units)} by name"] if step.off_units else []
    levels += [f"those enabled from {step.off_cohort.since} until {step.off_cohort.until}"] if step.off_cohort else []
    return " and ".join(levels)


def within(log: FlagLog) -> Iterator[Problem]:
    """From the decision to the first answer that is off and stays off, in every process, is within the promise."""
    for number, step in log.rollbacks():
        for flag, process, probes in _watched(log, number):
            took_ms = _took_ms(log, number, probes)
            limit_s = step.within_s or 0.0
            if took_ms <= limit_s * 1000:
                continue
            who = f"process {process + 1}"
            yield Problem(
                place=place(number),
                expected=f"{flag}: taking back {_level(step)} must be over {limit_s:g} s after the decision, for good",
                seen=_late(who, took_ms, probes) if took_ms < inf else _never(who, log, probes),
                mend="Look for a cache of answers, the interval at which flags are read, and replicas that are not"
                " told.",
            )


def _late(who: str, took_ms: float, probes: Sequence[Probe]) -> str:
    again = ", having said off before" if _came_back(probes) else ""
    return f"{who} said off for good after {took_ms / 1000:.3f} s{again}"


def _never(who: str, log: FlagLog, probes: Sequence[Probe]) -> str:
    if _came_back(probes):
        return f"{who} said off and then on again"
    last = probes[-1]
    return f"{who} still has {last.on} of {last.units} on; it was watched for {log.script.watch_s:g} s"


def _came_back(probes: Sequence[Probe]) -> bool:
    return any(not earlier.on and later.on for earlier, later in pairwise(probes))


def _watched(log: FlagLog, step: int) -> Iterator[tuple[str, int, list[Probe]]]:
    """By flag and process, what was said in the order of time. Raises NotJudged where nobody of the scope was on."""
    found = 0
    asked = sorted(log.probes.get(step, ()), key=lambda probe: (probe.flag, probe.process, probe.answered_ms))
    for (flag, process), probes in groupby(asked, key=lambda probe: (probe.flag, probe.process)):
        found += 1
        yield flag, process, list(probes)
    if found < len(log.script.flags) * log.processes:
        what = f"step {step + 1} takes back {_level(log.script.steps[step])}, of whom nobody was on"
        raise NotJudged(f"{what}: nothing was drilled", lost=True)


def _took_ms(log: FlagLog, step: int, probes: Sequence[Probe]) -> float:
    """Until the first answer of the last run of off; infinite where the last one is on."""
    if probes[-1].on:
        return inf
    last_on = max((number for number, probe in enumerate(probes) if probe.on), default=-1)
    return probes[last_on + 1].answered_ms - log.decided_ms[step]


def rollback_ms(trial: Trial) -> float | None:
    """The slowest rollback of the trial in ms; infinite where one is never over, None without one."""
    log = flag_log(trial)
    took = [_took_ms(log, number, probes) for number, _ in log.rollbacks() for _, _, probes in _watched(log, number)]
    return max(took, default=None)


def again(log: FlagLog) -> Iterator[Problem]:
    """Set to what it was before, a flag is on for whom it was on before."""
    earlier: dict[object, int] = {}
    for number, step in enumerate(log.script.steps):
        before = earlier.setdefault(step.state, number)
        for flag in log.script.flags if before != number else ():
            if different := log.on(before, flag) ^ log.on(number, flag):
                yield Problem(
                    place=place(number),
                    expected=f"{flag}: set again as at step {before + 1}, it must be on for the same units",
                    seen=f"{at(log, number, flag)}: {different.bit_count()} of {len(log.units)} answers are others: "
                    f"{named(log.units, different)}",
                    mend="Keep salt and buckets of a flag for good; a rollback must not deal them anew.",
                )
