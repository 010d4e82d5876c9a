"""What a trial is evidence of: suites, golden sets, or what its run says."""

from __future__ import annotations

from sluicegate.gate.pinned import Pinned
from sluicegate.gate.validity import Run
from sluicegate.model import Origin

__all__ = ["Origins"]

_GOLDEN = "golden"


class Origins:
    """By the run and the suites that pin the case; worked out once for each."""

    def __init__(self, pinned: Pinned) -> None:
        self._pinned = pinned
        self._known: dict[tuple[Origin, int | None], tuple[Origin, ...]] = {}

    def of(self, case: int | None, run: Run) -> tuple[Origin, ...]:
        """Of a trial, by the number of its case: a golden case run with the suites is both, when both pin it."""
        origin = run.started.origin if run.started is not None else Origin.SUITE
        key = (origin, None if case is None else self._pinned.group(case))
        known = self._known.get(key)
        if known is None:
            suites = [] if case is None else self._pinned.suites_of(case)
            both = (Origin.GOLDEN,) if len(suites) == 1 else (Origin.SUITE, Origin.GOLDEN)
            known = self._known[key] = both if origin is Origin.SUITE and _GOLDEN in suites else (origin,)
        return known

    def trials(self) -> dict[Origin, int]:
        """How many trials the lock pins for suites and for golden sets, which are run apart."""
        asked: dict[Origin, bytearray] = {}
        for suite in self._pinned.suites:
            origin = Origin.GOLDEN if suite.name == _GOLDEN else Origin.SUITE
            marks = asked.setdefault(origin, bytearray(self._pinned.trials))
            for trial, _, _ in self._pinned.trials_of(suite):
                marks[trial] = 1
        return {origin: marks.count(1) for origin, marks in asked.items()}
