"""The units of one metric, in columns, ordered by time."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field

from sluicegate.gate.pairing import Readings
from sluicegate.model import Finding, NotMeasured

__all__ = ["Evidence", "Series"]


@dataclass(slots=True, kw_only=True)
class Series:
    """Units as columns of equal length, ordered by (time, arrival). Filled by counting, read by criteria.

    For proportions and incidents a row holds `k` of `n` units; for values a row is one unit with `value`, which is
    infinite where the attempt failed.
    """

    at_us: array[int] = field(default_factory=lambda: array("q"))
    """Microseconds since 1970 UTC."""
    slice_index: array[int] = field(default_factory=lambda: array("i"))
    """Index into `slice_names`; -1 for none."""
    slice_names: list[str] = field(default_factory=list)
    k: array[int] = field(default_factory=lambda: array("I"))
    """Units that hold (proportion) or incidents; 1 for a failed attempt of a value. Wider where a count needs it."""
    n: array[int] = field(default_factory=lambda: array("I"))
    value: array[float] = field(default_factory=lambda: array("d"))
    """Empty for proportions and incidents."""
    run: array[int] = field(default_factory=lambda: array("i"))
    """Number of the load run of each row, -1 for none; only where a quantity is capped by run, else empty."""

    def __len__(self) -> int:
        return len(self.at_us)


@dataclass(slots=True, kw_only=True)
class Evidence:
    """All admitted evidence for one criterion."""

    fixed: Series = field(default_factory=Series)
    """Suite and golden evidence, one row per distinct case, repeats pooled."""
    growing: Series = field(default_factory=Series)
    """Load and live evidence since stage entry, one row per unit."""
    apart: Series | None = None
    """`growing` as if every row that may be a copy of another were a unit of its own; where there are such rows."""
    least: Series | None = None
    """`growing` with the lowest record of each unit, where its records contradict each other and neither is better."""
    unclear: NotMeasured | None = None
    """Why some rows may be one unit: nothing is promoted on them."""
    readings: Readings | None = None
    """Pinned evidence case by case, where a line compares it with other pinned evidence."""
    void: int = 0
    """Units left out as void."""
    foreign: int = 0
    """Units left out as foreign."""
    confirmed: tuple[Finding, ...] = ()
    """Incidents found again in recorded bytes."""
    suspected: tuple[Finding, ...] = ()
    """Incidents that rest on a pattern, an opinion or a user's word."""
    not_measured: NotMeasured | None = None
    """Why there is nothing to count, where that is known."""
