"""A clock that starts where a case says, runs at the rate it says, and can be put forward."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sluicegate.model import Case, parse_time

__all__ = ["Ticking"]


@dataclass(slots=True)
class Ticking:
    """The time of one run. `real` is always the wall clock's time of the request."""

    said: datetime
    """What it said at `since`."""
    since: datetime
    rate: float = 1.0

    @classmethod
    def of(cls, case: Case, real: datetime) -> Ticking:
        """Starts at `given.now`, or at the real time where the case gives none."""
        given = case.given
        return cls(said=parse_time(given.now) if given.now else real, since=real, rate=given.clock_rate)

    def now(self, real: datetime) -> datetime:
        """The time in the run. Never beyond what a date can hold."""
        try:
            return self.said + (real - self.since) * self.rate
        except OverflowError:
            return self.said

    def advance(self, real: datetime, seconds: float) -> datetime:
        """Put it forward. Raises OverflowError beyond the year 9999."""
        self.said, self.since = self.now(real) + timedelta(seconds=seconds), real
        return self.said

    def set_rate(self, real: datetime, rate: float) -> None:
        """Run faster or slower from now on; 0 stands still."""
        self.said, self.since, self.rate = self.now(real), real, rate
