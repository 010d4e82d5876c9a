"""What became of the requests of a load run, in numbers: recorded at its import, and shown beside the verdict."""

from __future__ import annotations

from sluicegate.frozen import frozen

__all__ = ["LoadCause", "LoadResult", "LoadStretch", "LoadTally"]


@frozen
class LoadCause:
    """What went wrong in requests of one kind of crash and one status."""

    kind: str
    count: int
    first: str
    """What the first of them said, masked and on one line."""


@frozen
class LoadStretch:
    """One stretch of a run, for its drawing: requests by their intended start."""

    at_s: float
    """Since the profile began."""
    planned: int | None = None
    """Arrivals the profile asks for; None for users, whose number nobody plans."""
    sent: int = 0
    failed: int = 0
    """Errors, cut answers and drops."""
    in_time: int = 0
    """Whole answers within the objective; every whole answer, where there is none."""
    p50_ms: float | None = None
    """None without an answer, or where it lies among the failed."""
    p95_ms: float | None = None
    lag_ms: float = 0.0
    """How late a request began, at worst."""


@frozen
class LoadTally:
    """Every request of a run, counted from its shards."""

    began: str
    """RFC 3339 UTC."""
    lasts_s: float
    planned: int | None = None
    """Arrivals of the whole profile, counted again from it; None for users."""
    sent: int = 0
    ok: int = 0
    incomplete: int = 0
    errors: int = 0
    dropped: int = 0
    """Never sent, for too many were under way."""
    unsent: int = 0
    """Never sent, for the case does not fit the request: they say nothing of the target."""
    unreached: int = 0
    """Of the errors, those where nobody answered."""
    causes: tuple[LoadCause, ...] = ()
    """Of errors, cut answers and what was never sent: the three most frequent."""
    measured: int = 0
    """What counts: all but warm-up, cool-down and unsent."""
    warm_up: int = 0
    cool_down: int = 0
    in_time: int = 0
    """Of those that count: whole answers within the objective; every whole answer, where there is none."""
    p50_ms: float | None = None
    """Of those that count, failures being slower than any answer; None where it lies among them."""
    p95_ms: float | None = None
    kept: int = 0
    """Answers kept whole, to be judged in their content."""
    late: int = 0
    """Of the measured ones, those that began later than the profile's max_lag after they were to."""
    lag_p99_ms: float = 0.0
    worst_lag_ms: float = 0.0
    step_s: float = 1.0
    """Length of a stretch."""
    stretches: tuple[LoadStretch, ...] = ()
    """At most 12."""


@frozen
class LoadResult:
    """A load run as a verdict shows it."""

    profile: str
    number: int
    """Of its recording."""
    complete: bool
    tally: LoadTally
    objective_ms: float | None = None
    objective_ttft_ms: float | None = None
