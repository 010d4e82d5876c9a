"""The knee of a service: the largest rate at which its objective holds, found with few runs and told with its doubt."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from math import floor, log10, sqrt
from typing import Literal

from sluicegate.frozen import frozen
from sluicegate.model import NotMeasured
from sluicegate.stats.interval import Interval
from sluicegate.stats.mean import moments, t_interval

__all__ = ["Knee", "KneeSearch", "Probe", "knee_of", "next_rate"]

EndedBy = Literal["objective", "generator", "limit", "least", "probes"]


@frozen
class Probe:
    """One run at one rate."""

    rate: float
    """Arrivals a second, or users at once: more is harder. Above 0."""
    held: bool | None
    """Whether the objective held; None where the run says nothing, as the generator was late or nothing arrived."""
    value: float | None = None
    """What was measured against the objective, for the interval: a quantile in milliseconds, say."""


@frozen
class KneeSearch:
    """How to look. Raises ValueError for what cannot end."""

    start: float
    least: float
    most: float
    factor: float = 2.0
    """Between two rates while all have held."""
    within: float = 0.1
    """The knee is known when the smallest rate that failed is less than this share above the largest that held."""
    repeats: int = 3
    """Odd: the majority of so many runs at a rate decides, so that one stall neither makes nor moves a knee."""
    most_probes: int = 60
    whole: bool = False
    """Rates are whole numbers, as users are."""

    def __post_init__(self) -> None:
        if not 0 < self.least <= self.start <= self.most:
            raise ValueError(f"rates {self.least}, {self.start}, {self.most}; expected 0 < least <= start <= most")
        if self.factor <= 1 or self.within <= 0 or self.repeats < 1 or self.repeats % 2 == 0:
            raise ValueError("expected factor > 1, within > 0 and an odd number of repeats")
        if self.whole and any(rate != int(rate) for rate in (self.least, self.start, self.most)):
            raise ValueError("expected whole rates")
        if self.whole and self.factor < 2:
            raise ValueError("expected a factor of 2 or more between whole rates")

    def rounded(self, rate: float) -> float:
        """To a whole rate, or to three digits: more would pretend to know more."""
        return float(round(rate)) if self.whole else round(rate, 2 - floor(log10(rate)))


@frozen
class Knee:
    """What the runs have shown."""

    rate: float | None
    """The largest rate that held with no failing rate below it; None where even the least failed."""
    fails_at: float | None
    """The smallest rate that failed, or at which the generator could not follow: the knee lies below it."""
    ended_by: EndedBy
    """Why it is not larger. Only `objective` is the service's own knee; the others are where the search stopped."""
    runs: int
    """At the knee."""
    held: int
    """Of these."""
    values: Interval | NotMeasured
    """Of what was measured at the knee, over the repeated runs: Student's t, 95 % on each side."""


def next_rate(probes: Sequence[Probe], search: KneeSearch) -> float | None:
    """The rate of the next run, or None when the knee is known.

    First upwards by the factor until a rate fails, then between the largest that held and the smallest that failed. A
    rate that failed once is run again until a majority decides; the knee itself is run `repeats` times.

    >>> search = KneeSearch(start=10, least=1, most=100, repeats=1)
    >>> next_rate([], search), next_rate([Probe(rate=10, held=True)], search)
    (10, 20.0)
    >>> next_rate([Probe(rate=10, held=True), Probe(rate=20, held=False)], search)
    14.1
    """
    if len(probes) >= search.most_probes:
        return None
    if not probes:
        return search.start
    rates = _rates(probes, search)
    if (open_rate := next((rate for rate, said in rates if said == "open"), None)) is not None:
        return open_rate
    low, high = _bracket(rates)
    wanted = _wanted(low, high, search)
    if wanted is None and low is not None and _runs_at(low, probes) < search.repeats:
        return low
    return wanted


def _wanted(low: float | None, high: float | None, search: KneeSearch) -> float | None:
    """A rate nobody has run yet; None where another would say nothing new."""
    if high is None:
        above = search.start if low is None else low
        return None if above >= search.most else min(search.rounded(above * search.factor), search.most)
    if low is None:
        return None if high <= search.least else max(search.rounded(high / search.factor), search.least)
    if high / low <= 1 + search.within:
        return None
    middle = search.rounded(sqrt(low * high))
    return middle if low < middle < high else None


def knee_of(probes: Sequence[Probe], search: KneeSearch) -> Knee:
    """What `probes` show, finished or not.

    >>> search = KneeSearch(start=10, least=1, most=100, repeats=1)
    >>> knee = knee_of([Probe(rate=10, held=True), Probe(rate=11, held=False)], search)
    >>> knee.rate, knee.fails_at, knee.ended_by
    (10, 11, 'objective')
    """
    low, high = _bracket(_rates(probes, search))
    at = [probe for probe in probes if probe.rate == low and probe.held is not None]
    found = moments([probe.value for probe in at if probe.value is not None])
    return Knee(
        rate=low,
        fails_at=high,
        ended_by=_ended_by(probes, low, high, search),
        runs=len(at),
        held=sum(probe.held is True for probe in at),
        values=found if isinstance(found, NotMeasured) else t_interval(found, 0.05),
    )


def _rates(probes: Sequence[Probe], search: KneeSearch) -> list[tuple[float, str]]:
    """Each rate with what its runs say, `held`, `failed` or `open`, the smallest first."""
    at: defaultdict[float, list[bool | None]] = defaultdict(list)
    for probe in probes:
        at[probe.rate].append(probe.held)
    return [(rate, _said(held, search.repeats // 2 + 1)) for rate, held in sorted(at.items())]


def _said(held: Sequence[bool | None], majority: int) -> str:
    yes, no, silent = held.count(True), held.count(False), held.count(None)
    # A rate the generator cannot reach is above what can be shown, whatever a lucky run said. One late run is tried
    # again, as one that failed is.
    if no >= majority or silent >= majority:
        return "failed"
    if yes >= majority or (yes and not no and not silent):
        return "held"
    return "open"


def _bracket(rates: Sequence[tuple[float, str]]) -> tuple[float | None, float | None]:
    """The smallest rate that failed, and the largest below it that held: what holds above a failure is luck."""
    high = next((rate for rate, said in rates if said == "failed"), None)
    low = [rate for rate, said in rates if said == "held" and (high is None or rate < high)]
    return (low[-1] if low else None), high


def _runs_at(rate: float, probes: Sequence[Probe]) -> int:
    return sum(probe.rate == rate and probe.held is not None for probe in probes)


def _ended_by(probes: Sequence[Probe], low: float | None, high: float | None, search: KneeSearch) -> EndedBy:
    if len(probes) >= search.most_probes and next_rate(probes[:-1], search) is not None:
        return "probes"
    if high is None:
        return "limit"
    there = [probe.held for probe in probes if probe.rate == high]
    if there.count(None) > there.count(False):
        return "generator"
    return "least" if low is None else "objective"
