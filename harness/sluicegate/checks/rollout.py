"""The rollout suite: a percentage flag deals its units soundly, and taking them back takes back exactly those, in time.

The flags are set by the harness or the user's own switch; the answers come from two processes of the pipeline, and the
times are the harness's. An answer whose law is one of chance is held against its exact bound: a sound dealing fails
it once in a million answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, count, pairwise

from sluicegate.checks.check import Check, CheckConfig, NotJudged, Problem, Suite, deliveries, finding
from sluicegate.checks.flag_log import FlagLog, at, flag_log, named, place
from sluicegate.checks.rollback import again, scope, within
from sluicegate.model import Capability, Case, Finding, FlagStep, Trial, Witness
from sluicegate.stats.binomial import tail_above, tail_below
from sluicegate.stats.overlap import overlap_tails

__all__ = ["CHECKS", "FALSE_ALARM", "SUITE"]

FALSE_ALARM = 1e-6
"""Chance that one answer of a sound dealing is called unsound, both sides together."""
_BLOCKS = 10
"""The population in its own order is cut in so many parts, each of which must get its share."""
_FEWEST = 10
"""Units of a block at least."""

_Told = Iterator[Problem]
_Law = Callable[[FlagLog], _Told]


def _judged(name: str, law: _Law) -> Callable[[Trial, CheckConfig], Iterator[Finding]]:
    """The check of a law of the whole log. A trial that crashed shows nothing else."""

    def run(trial: Trial, _config: CheckConfig) -> Iterator[Finding]:
        crashed = [item for _, _, item in deliveries(name, trial) if item is not None]
        if crashed:
            yield from crashed
            return
        for problem in law(flag_log(trial)):
            yield finding(name, trial, problem, witness=Witness.WIRE)

    return run


def _sticky(log: FlagLog) -> _Told:
    """Every process says the same of a unit, and says it again."""
    if log.processes < 2 and not any(step.on or step.off for step in log.script.steps):
        what = "one process answered, and no step names units whose answer is known: another start may deal them anew"
        raise NotJudged(what, lost=True)
    for number in sorted(log.unsettled):
        yield Problem(
            place=place(number),
            expected="a change of a flag must arrive in every process",
            seen=f"step {number + 1} had not, {log.script.watch_s:g} s after the decision",
            mend="Look at the interval at which flags are read, and whether a broken file is read again.",
        )
    for number in range(len(log.script.steps)):
        for flag in log.script.flags:
            first, *others = log.said(number, flag, default=False)
            for other in others:
                if different := first.on ^ other.on:
                    who = "asked again" if other.process == first.process else "another process"
                    yield Problem(
                        place=place(number),
                        expected=f"{flag}: the same unit must get the same answer in every process",
                        seen=f"{at(log, number, flag)}: {who} answers otherwise for {different.bit_count()} of "
                        f"{len(log.units)}: {named(log.units, different)}",
                        mend="Deal by a digest of salt and id (sha256, mmh3), never by hash(), by chance, or by what a"
                        " process has for itself.",
                    )


def _monotone(log: FlagLog) -> _Told:
    """Raising the percentage turns nobody off, lowering it nobody on."""
    for flag in log.script.flags:
        for (low, lower), (high, upper) in pairwise(sorted(log.grants(), key=lambda item: item[1].percent)):
            if lower.percent < upper.percent and (lost := log.on(low, flag) & ~log.on(high, flag)):
                yield Problem(
                    place=place(high),
                    expected=f"{flag}: who is on at a lower percentage must be on at a higher one",
                    seen=f"from {lower.percent:g} % to {upper.percent:g} % it goes off for {lost.bit_count()} of "
                    f"{log.on(low, flag).bit_count()}: {named(log.units, lost)}",
                    mend="Compare one bucket with the percentage (bucket < percent), with the same number of buckets at"
                    " each.",
                )


def _share(log: FlagLog) -> _Told:
    """Nobody at 0 %, everybody at 100 %, and between them as many as chance allows."""
    n, sound = len(log.units), True
    for number, step in log.grants():
        for flag in log.script.flags:
            on = log.on(number, flag)
            k, p = on.bit_count(), step.percent / 100
            if _is_odd(k, n, p, FALSE_ALARM):
                sound = False
                yield Problem(
                    place=place(number),
                    expected=f"{flag}: {_wanted(step)}",
                    seen=f"{at(log, number, flag)}: {k} of {n} are on, {100 * k / n:.3g} %",
                    mend="Deal into 10,000 buckets, so that 0.5 % can be said; on is bucket < percent * 100.",
                )
            elif (odd := _odd_block(on, n, p)) is not None:
                first, size, found = odd
                yield Problem(
                    place=place(number),
                    expected=f"{flag}: every part of the population must get its share",
                    seen=f"{at(log, number, flag)}: of units {first + 1} to {first + size} in order {found} are on, "
                    f"of all {k} of {n}",
                    mend="Deal by a digest of the id; its number, its date or its place in a list is no chance.",
                )
    if sound:
        _enough(log, n)


def _enough(log: FlagLog, n: int) -> None:
    """Raise NotJudged where any number of units on would be chance at every percentage, and none is known by name."""
    dealt = sorted({step.percent for _, step in log.grants() if 0 < step.percent < 100})
    if not dealt or any(step.on or step.off for step in log.script.steps):
        return
    if not any(_can_be_odd(n, percent) for percent in dealt):
        said = ", ".join(f"{percent:g} %" for percent in dealt)
        least = next(more for more in count(n + 1) if any(_can_be_odd(more, percent) for percent in dealt))
        what = f"of {n} units any number may be on at {said} by chance, so nothing is shown"
        raise NotJudged(f"{what}; ask for a population of {least} or more", lost=True)


def _can_be_odd(n: int, percent: float) -> bool:
    """Whether there is a number of units on, of so many, that is no chance."""
    return any(_is_odd(k, n, percent / 100, FALSE_ALARM) for k in (0, n))


def _wanted(step: FlagStep) -> str:
    if step.percent in (0, 100):
        return f"at {step.percent:g} % {'everybody' if step.percent else 'nobody'} must be on"
    return f"{step.percent:g} % must be on, give or take what chance allows"


def _is_odd(k: int, n: int, p: float, alpha: float) -> bool:
    return min(tail_above(k, n, p), tail_below(k, n, p)) < alpha / 2


def _odd_block(on: int, n: int, p: float) -> tuple[int, int, int] | None:
    """First unit, size and number on of a block whose share is odd. All blocks together have the one false alarm."""
    size = n // _BLOCKS
    if size < _FEWEST:
        return None
    for block in range(_BLOCKS):
        k = (on >> block * size & (1 << size) - 1).bit_count()
        if _is_odd(k, size, p, FALSE_ALARM / _BLOCKS):
            return block * size, size, k
    return None


def _independent(log: FlagLog) -> _Told:
    """Each flag draws for itself; flags that share a salt are on for the same units."""
    n = len(log.units)
    for number, step in log.grants():
        for one, other in combinations(log.script.flags, 2):
            a, b = log.on(number, one), log.on(number, other)
            both = (a & b).bit_count()
            said = f"at {step.percent:g} % (step {number + 1}) {one} has {a.bit_count()} on, {other} {b.bit_count()}, "
            if log.script.salt is not None:
                if a != b:
                    yield Problem(
                        place=place(number),
                        expected=f"{one}, {other}: flags that share a salt must be on for the same units",
                        seen=f"{said}both {both} of {n}",
                        mend="Put the salt, and not the flag's name, into what is digested.",
                    )
            elif min(overlap_tails(both, a.bit_count(), b.bit_count(), n)) < FALSE_ALARM / 2:
                yield Problem(
                    place=place(number),
                    expected=f"{one}, {other}: each flag must draw its units for itself",
                    seen=f"{said}both {both}; by chance it were about {a.bit_count() * b.bit_count() / n:.0f}",
                    mend="Put the flag's name into what is digested, or say salt: in the case if they belong together.",
                )


def _exposed(log: FlagLog) -> _Told:
    """A step above 0 % exposes somebody."""
    least = log.script.exposed_least
    for number, step in log.grants():
        for flag in log.script.flags:
            k = log.on(number, flag).bit_count()
            if step.percent > 0 and k < least:
                yield Problem(
                    place=place(number),
                    expected=f"{flag}: at least {least} of the units must be exposed, else the step shows nothing",
                    seen=f"{at(log, number, flag)}: exposed n is {k} of {len(log.units)}",
                    mend="Begin with a higher percentage, or with a list of units by name.",
                )


def _pinned(log: FlagLog) -> _Told:
    """Units whose answer is known get it."""
    bits = {unit.id: 1 << number for number, unit in enumerate(log.units)}
    for number, step in enumerate(log.script.steps):
        on, off = sum(bits[unit] for unit in step.on), sum(bits[unit] for unit in step.off)
        for flag in log.script.flags if on | off else ():
            said = log.on(number, flag)
            if wrong := (on & ~said) | (off & said):
                yield Problem(
                    place=place(number),
                    expected=f"{flag}: units whose answer is pinned must get it",
                    seen=f"{at(log, number, flag)}: {wrong.bit_count()} of {(on | off).bit_count()} pinned units are "
                    f"dealt otherwise: {named(log.units, wrong)}",
                    mend="Salt, digest or SDK has changed, and everybody is dealt anew: keep the old one, or pin again"
                    " and begin the rollout at its first step.",
                )


def _default(log: FlagLog) -> _Told:
    """The answer does not depend on the default in the caller's code."""
    for number, step in enumerate(log.script.steps):
        for flag in log.script.flags:
            first, *others = log.said(number, flag, default=False)
            if any(other.process == first.process and other.on != first.on for other in others):
                continue  # asked again, it contradicts itself: that is no matter of defaults
            different = next(log.said(number, flag, default=True)).on ^ first.on
            if different:
                what = "what is taken back" if step.removes else "a flag that is set"
                yield Problem(
                    place=place(number),
                    expected=f"{flag}: {what} must not depend on the default in the caller's code",
                    seen=f"{at(log, number, flag)}: with the default true {different.bit_count()} of {len(log.units)} "
                    f"answers are others: {named(log.units, different)}",
                    mend="Turn it off by an explicit variant `off`; a flag that is DISABLED or deleted returns the"
                    " caller's default.",
                )


def _any(_case: Case) -> bool:
    return True


def _asks(what: str, holds: Callable[[Case], bool]) -> Callable[[Case, frozenset[Capability]], str | None]:
    def applies(case: Case, _capabilities: frozenset[Capability]) -> str | None:
        if case.given.flags is None:
            return "the case sets no flag"
        return None if holds(case) else what

    return applies


def _steps_of(case: Case) -> Sequence[FlagStep]:
    return case.given.flags.steps if case.given.flags is not None else ()


def _percentages(case: Case) -> int:
    return len({step.percent for step in _steps_of(case) if not step.removes})


def _repeats_state(case: Case) -> bool:
    states = [step.state for step in _steps_of(case)]
    return len(set(states)) < len(states)


def _has_rollback(case: Case) -> bool:
    return any(step.within_s is not None for step in _steps_of(case))


def _has_pins(case: Case) -> bool:
    return any(step.on or step.off for step in _steps_of(case))


def _has_two(case: Case) -> bool:
    return case.given.flags is not None and len(case.given.flags.flags) > 1


def _check(name: str, title: str, law: _Law, what: str = "", holds: Callable[[Case], bool] = _any) -> Check:
    full = f"rollout.{name}"
    return Check(name=full, suite="rollout", title=title, run=_judged(full, law), applies=_asks(what, holds))


CHECKS: tuple[Check, ...] = (
    _check("sticky", "The same unit gets the same answer in every process.", _sticky),
    _check(
        "monotone", "Raising the percentage turns nobody off.", _monotone,
        "the case has one percentage", lambda case: _percentages(case) > 1,
    ),
    _check("share", "As many are on as the percentage says; nobody at 0, everybody at 100 %.", _share),
    _check("independent", "Each flag draws its units for itself.", _independent, "the case has one flag", _has_two),
    _check("exposed", "A step above 0 % exposes somebody.", _exposed),
    _check("pinned", "Units whose answer is pinned get it.", _pinned, "no step pins an answer", _has_pins),
    _check("default", "No answer depends on the default in the caller's code.", _default),
    _check("scope", "A rollback takes back exactly its scope.", scope, "no step is a rollback", _has_rollback),
    _check("within", "A rollback is over in time, in every process, and stays.", within,
           "no step is a rollback", _has_rollback),
    _check("again", "A flag set again is on for the same units.", again,
           "no two steps set the same", _repeats_state),
)  # fmt: skip


def _flag_cases(cases: Sequence[Case], _seed: int) -> list[Case]:
    return [case for case in cases if case.given.flags is not None]


SUITE = Suite(
    name="rollout",
    title="Percentage flags deal their units soundly, and rollbacks take back their scope in time.",
    checks=tuple(check.name for check in CHECKS),
    cases=_flag_cases,
)
