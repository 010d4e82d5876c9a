"""When requests of an open profile arrive: pure, seeded, in microseconds from the start.

Gaps have mean 1 and are drawn first; the rate then says when so many of them have passed (the time-rescaling theorem:
with gaps of Exp(1) and the integral of the rate as clock, arrivals are a Poisson process of that rate, constant or
not). Every generator draws the whole sequence and keeps its own share, so that workers agree without speaking.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import orjson

from sluicegate.errors import Fault, InputError
from sluicegate.plan.load import Arrival, Profile, Step, TraceArrival

__all__ = ["arrivals", "asks", "lasts_us", "read_trace", "share", "users_at"]

_MICROS = 1_000_000


def arrivals(profile: Profile, trace: Sequence[TraceArrival] = ()) -> Iterator[int]:
    """Offsets in microseconds, none before the last one, all below `lasts_us`. Empty for a closed profile."""
    if profile.arrival is None:
        return
    if profile.arrival is Arrival.TRACE:
        yield from (round(one.at_us / profile.speed) for one in trace)
        return
    gap = _gaps(profile)
    due = next(gap)
    passed, began_s = 0.0, 0.0
    for step in profile.steps:
        total = passed + _arrived(step, step.for_s)
        last_us = round((began_s + step.for_s) * _MICROS) - 1  # rounding carries nobody beyond the step
        while due < total:
            yield min(last_us, int((began_s + _when(step, due - passed)) * _MICROS))
            due += next(gap)
        passed, began_s = total, began_s + step.for_s


def share(whole: Iterator[int], worker: int, of: int) -> Iterator[tuple[int, int]]:
    """What worker `worker` of `of` sends: each of its arrivals as (place in the whole, offset)."""
    return islice(enumerate(whole), worker, None, of)


def asks(i: int, ids: Sequence[str], trace: Sequence[TraceArrival] = ()) -> tuple[str, int]:
    """Case and repeat of request i: each case in turn, but where the trace names one.

    Raises IndexError for a place that the trace does not have.
    """
    named = trace[i].case_id if trace else None
    if named is not None:
        return named, i
    repeat, at = divmod(i, len(ids))
    return ids[at], repeat


def lasts_us(profile: Profile, trace: Sequence[TraceArrival] = ()) -> int:
    """How long the profile takes; a trace ends one microsecond after its last arrival."""
    if profile.arrival is Arrival.TRACE:
        return round(trace[-1].at_us / profile.speed) + 1 if trace else 0
    return round(profile.lasts_s * _MICROS)


def users_at(profile: Profile, offset_s: float) -> int:
    """Users of a closed profile at a time; 0 before the start, after the end, and in an open profile."""
    began = 0.0
    for step in profile.steps:
        if began <= offset_s < began + step.for_s:
            return step.users or 0
        began += step.for_s
    return 0


def read_trace(path: Path) -> tuple[TraceArrival, ...]:
    """Recorded arrivals: a JSON line each, `{"at_us": whole number}` or `{"at": seconds}`, and `"case"` if it is known.

    Times count from anywhere; the first becomes 0. Raises InputError with every line that is none, and for no lines.
    """
    found: list[tuple[int, str | None]] = []
    faults: list[Fault] = []
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        mend = "Name a file of recorded arrivals under trace:, as seen from the plan's folder."
        raise InputError(Fault(where=str(path), what=f"cannot be read: {error.strerror}.", mend=mend)) from None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            found.append(_recorded(orjson.loads(line)))
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
            mend = 'Write {"at": 12.5} in seconds or {"at_us": 12500000}, and "case" where it is known.'
            faults.append(Fault(where=f"{path}:{number}", what="is no arrival.", mend=mend))
    if not found and not faults:
        faults.append(Fault(where=str(path), what="holds no arrival.", mend="Record some traffic first."))
    if faults:
        raise InputError(faults)
    found.sort(key=lambda one: one[0])
    first = found[0][0]
    return tuple(TraceArrival(at_us=at - first, case_id=case) for at, case in found)


def _recorded(said: dict[str, object]) -> tuple[int, str | None]:
    case = said.get("case")
    if case is not None and not isinstance(case, str):
        raise TypeError("a case is named by its id")
    if "at_us" in said:
        at = said["at_us"]
        if type(at) is not int:
            raise TypeError("microseconds are whole")
        return at, case
    seconds = said["at"]
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise TypeError("seconds are a number")
    return round(seconds * _MICROS), case


def _gaps(profile: Profile) -> Iterator[float]:
    """Gaps with mean 1; the first of constant ones is half a gap, so that n seconds at rate r hold n·r arrivals."""
    drawn = random.Random(profile.seed)  # noqa: S311 - arrivals are to be the same again, not secret
    squared = profile.variation**2 if profile.arrival is Arrival.GAMMA else 0.0
    if profile.arrival is Arrival.POISSON:
        while True:
            yield drawn.expovariate(1.0)
    if squared:
        while True:
            yield drawn.gammavariate(1 / squared, squared)
    yield 0.5
    while True:
        yield 1.0


def _arrived(step: Step, after_s: float) -> float:
    """Arrivals to be expected in the first `after_s` of a step: the integral of its rate."""
    rate = step.rate or 0.0
    if step.to_rate is None:
        return rate * after_s
    return rate * after_s + (step.to_rate - rate) * after_s * after_s / (2 * step.for_s)


def _when(step: Step, count: float) -> float:
    """Seconds after which so many are to be expected; the inverse of `_arrived`."""
    rate = step.rate or 0.0
    slope = 0.0 if step.to_rate is None else (step.to_rate - rate) / step.for_s
    if slope == 0.0:
        return count / rate
    # The stable form of the quadratic formula: no difference of near-equal numbers, whichever way the rate goes.
    return min(step.for_s, 2 * count / (rate + math.sqrt(max(0.0, rate * rate + 2 * slope * count))))
