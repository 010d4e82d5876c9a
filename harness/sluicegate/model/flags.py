"""A percentage flag as a case sets it: who is asked for, its steps, and what is known beforehand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Protocol

from sluicegate.frozen import frozen
from sluicegate.model.clock import parse_time, rfc3339
from sluicegate.model.json import Json

__all__ = ["Cohort", "FlagScript", "FlagStep", "FlagSwitch", "FlagUnit", "Population"]


@frozen
class FlagUnit:
    """Who a flag is on or off for: a user, a business, a tenant."""

    id: str
    enabled_at: str | None = None
    """RFC 3339 UTC; since when it is part of the rollout. A cohort is a window of it."""


@frozen
class Population:
    """Units by rule instead of by name: `<prefix>0`, `<prefix>1` and so on."""

    size: int
    prefix: str = "unit-"
    enabled_from: str | None = None
    """`enabled_at` of the first; None gives nobody one."""
    enabled_every_s: int = 3600
    """The next is enabled so much later."""

    def units(self) -> Iterator[FlagUnit]:
        """All of them, in order."""
        start = None if self.enabled_from is None else parse_time(self.enabled_from)
        for number in range(self.size):
            at = None if start is None else rfc3339(start + timedelta(seconds=number * self.enabled_every_s))
            yield FlagUnit(id=f"{self.prefix}{number}", enabled_at=at)


@frozen
class Cohort:
    """Units enabled in a half-open window: `since` is in it, `until` is not. RFC 3339 UTC."""

    since: str
    until: str


@frozen
class FlagStep:
    """What the flags are set to, all of it, and what is known of the answers then."""

    percent: float
    """0 to 100."""
    off_units: tuple[str, ...] = ()
    """Units taken back one by one."""
    off_cohort: Cohort | None = None
    """A cohort taken back."""
    killed: bool = False
    """Everybody taken back."""
    within_s: float | None = None
    """This step is a rollback: so long after the decision every process must say off, and go on saying it."""
    on: tuple[str, ...] = ()
    """Units known to be on at this step: golden buckets, pinned."""
    off: tuple[str, ...] = ()
    """Units known to be off."""

    @property
    def removes(self) -> bool:
        """Whether somebody is taken back."""
        return self.killed or bool(self.off_units) or self.off_cohort is not None

    @property
    def state(self) -> tuple[float, tuple[str, ...], Cohort | None, bool]:
        """What the flags are set to; two steps of one state must get one answer."""
        return (self.percent, tuple(sorted(self.off_units)), self.off_cohort, self.killed)

    def takes_back(self, unit: FlagUnit) -> bool:
        """Whether the unit is in the scope of what is taken back."""
        if self.killed or unit.id in self.off_units:
            return True
        window = self.off_cohort
        if window is None or unit.enabled_at is None:
            return False
        return parse_time(window.since) <= parse_time(unit.enabled_at) < parse_time(window.until)


@frozen
class FlagScript:
    """The steps a rollout of flags takes in this case. The pipeline is asked after each, in two processes."""

    flags: tuple[str, ...]
    """Set alike at each step; each draws its units for itself, unless they share a salt."""
    salt: str | None = None
    """Flags that share it must be on for the same units."""
    units: tuple[FlagUnit, ...] = ()
    population: Population | None = None
    """After `units`, if both are given."""
    steps: tuple[FlagStep, ...]
    exposed_least: int = 1
    """Above 0 %, so many units must be on: a step that exposes nobody shows nothing."""
    marker: str | None = None
    """With a switch of one's own: prefix of flags it may set beside, to see that a change has arrived everywhere."""
    settle_s: float = 0.5
    """Without a marker, a change has arrived when the answers have not changed for so long."""
    watch_s: float = 10.0
    """A rollback is watched so long at most; what is not off by then never is."""
    stay_s: float = 0.5
    """So long it must go on saying off."""

    def everyone(self) -> tuple[FlagUnit, ...]:
        """All units, in order; answers are recorded by their number."""
        return (*self.units, *(self.population.units() if self.population is not None else ()))


class FlagSwitch(Protocol):
    """What sets a flag: a flags file of the harness's own, or a command or callable of the user's."""

    by: str
    """How it is named in the evidence."""

    async def open(self) -> None:
        """Make ready what can be found out before the first case. Raises InputError."""
        ...

    async def change(self, change: Mapping[str, Json]) -> str | None:
        """Set one flag to `{flag, percent, salt, off_units, off_cohort, killed}`; what went wrong, or None."""
        ...

    async def aclose(self) -> None:
        """End what it started."""
        ...
