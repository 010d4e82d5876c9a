"""What each trial of one metric says, by case and repeat, and two such runs side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import fsum, isfinite

from sluicegate.checks import Contribution
from sluicegate.checks.masking import masked
from sluicegate.frozen import frozen
from sluicegate.model import NotMeasured, Trial
from sluicegate.plan.types import Metric, MetricKind

__all__ = ["NEVER_ENDED", "Paired", "Readings", "Unpaired", "is_share"]

NEVER_ENDED = "began and never ended"
_MISSING = "is missing"
_OF_CRASHES = ("crashes", "errors.rate")
"""Metrics that count crashes; of every other a crash is no value."""
_LONGEST = 200


def is_share(metric: Metric) -> bool:
    """Pass or fail by trial, rather than a value."""
    return metric.kind in (MetricKind.PROPORTION, MetricKind.INCIDENTS)


@frozen
class Unpaired:
    """A trial that cannot be compared, and why. It is not a 0 on either side."""

    case_id: str
    repeat: int
    side: str
    """base | candidate | both"""
    reason: str

    @property
    def is_lost_by_base(self) -> bool:
        """The base ran it and has no value, as it crashed, say. A base that never asked is another set of cases."""
        return self.side != "candidate" and not self.reason.startswith((_MISSING, f"base {_MISSING}"))


@frozen
class Paired:
    """Cases that both runs measured."""

    pairs: Mapping[str, tuple[float, float]]
    """Case to its base and candidate value: its result, or the mean over its repeats."""
    repeats: Mapping[str, tuple[tuple[float, float], ...]]
    """Case to the values of each of its trials."""
    unpaired: tuple[Unpaired, ...]

    @property
    def once(self) -> bool:
        """Each case ran once."""
        return all(len(each) == 1 for each in self.repeats.values())


@dataclass(slots=True)
class Readings:
    """One run's values of one metric."""

    metric: Metric
    values: dict[str, dict[tuple[str, int], float | str]] = field(default_factory=dict)
    """Unit to case and repeat to the value, or to the reason why there is none."""
    slices: dict[str, str] = field(default_factory=dict)
    unscored: set[tuple[str, tuple[str, int]]] = field(default_factory=set)
    """Unit and case and repeat of what was answered, and not judged."""

    def scored(self, score: float) -> Readings:
        """The same with a score for each trial that was answered and not judged."""
        values = {
            unit: {key: score if (unit, key) in self.unscored else value for key, value in known.items()}
            for unit, known in self.values.items()
        }
        return Readings(metric=self.metric, values=values, slices=self.slices)

    def add(self, trial: Trial, measured: Contribution | NotMeasured | None) -> None:
        """Take what one trial gives; None says that the metric does not ask it."""
        if measured is None:
            return
        case = trial.case
        self._note(case.id, trial.repeat, self._read(trial, measured))
        if case.slice is not None:
            self.slices[self._unit(case.id)] = case.slice

    def add_again(self, trial: Trial, measured: Contribution | NotMeasured | None) -> None:
        """As `add`, for evidence in which a repeat may have run more than once: each time counts."""
        if measured is None:
            return
        known = self.values.get(self._unit(trial.case.id), {})
        at = len(known)
        self._note(trial.case.id, at, self._read(trial, measured))
        if isinstance(measured, NotMeasured) and not trial.failed:
            self.unscored.add((self._unit(trial.case.id), (trial.case.id, at)))

    def means_beside(self, candidate: Readings) -> Paired:
        """Itself as the base, case by case: each side's mean, however often it ran; one without a value has no pair."""
        pairs: dict[str, tuple[float, float]] = {}
        unpaired: list[Unpaired] = []
        for unit in sorted(self.values.keys() | candidate.values.keys()):
            sides = [list(each.values.get(unit, {(unit, 0): _MISSING}).values()) for each in (self, candidate)]
            why = [next((value for value in side if isinstance(value, str)), None) for side in sides]
            if why == [None, None]:
                one, two = (_mean([value for value in side if not isinstance(value, str)]) for side in sides)
                pairs[unit] = (one, two)
            else:
                unpaired.append(_unpaired((unit, 0), why[0] or 0.0, why[1] or 0.0))
        return Paired(pairs=pairs, repeats={}, unpaired=tuple(unpaired))

    def lost(self, case_id: str, repeat: int) -> None:
        """A trial that began and never ended."""
        self._note(case_id, repeat, NEVER_ENDED)

    def beside(self, candidate: Readings) -> Paired:
        """Itself as the base, trial by trial beside the candidate's."""
        pairs: dict[str, tuple[float, float]] = {}
        repeats: dict[str, tuple[tuple[float, float], ...]] = {}
        unpaired: list[Unpaired] = []
        for unit in sorted(self.values.keys() | candidate.values.keys()):
            ours, theirs = self.values.get(unit, {}), candidate.values.get(unit, {})
            both = []
            for key in sorted(ours.keys() | theirs.keys()):
                one, two = ours.get(key, _MISSING), theirs.get(key, _MISSING)
                if isinstance(one, str) or isinstance(two, str):
                    unpaired.append(_unpaired(key, one, two))
                else:
                    both.append((one, two))
            if both:
                repeats[unit] = tuple(both)
                pairs[unit] = (_mean([one for one, _ in both]), _mean([two for _, two in both]))
        return Paired(pairs=pairs, repeats=repeats, unpaired=tuple(unpaired))

    def _note(self, case_id: str, repeat: int, value: float | str) -> None:
        known = self.values.setdefault(self._unit(case_id), {})
        if known.setdefault((case_id, repeat), value) != value:
            known[case_id, repeat] = "was recorded twice, with two values"

    def _unit(self, case_id: str) -> str:
        """A suite's copy of a case (`id~twice`) is the same unit as the case, where a metric spans suites."""
        return case_id if self.metric.suite is not None else case_id.partition("~")[0]

    def _read(self, trial: Trial, measured: Contribution | NotMeasured) -> float | str:
        if trial.failed and self.metric.name not in _OF_CRASHES:
            crash = next(output.error for output in trial.outputs if output.error is not None)
            return f"crashed ({crash.kind.value}): {masked(crash.message, _LONGEST)}"
        if isinstance(measured, NotMeasured):
            return masked(measured.reason, _LONGEST)
        if measured.value is not None:
            return float(measured.value) if isfinite(measured.value) else "failed: its value is infinite"
        return min(measured.k, measured.n) / measured.n if measured.n else "nothing was counted"


def _unpaired(key: tuple[str, int], one: float | str, two: float | str) -> Unpaired:
    case_id, repeat = key
    if isinstance(one, str) and isinstance(two, str):
        reason = one if one == two else f"base {one}; candidate {two}"
        return Unpaired(case_id=case_id, repeat=repeat, side="both", reason=reason)
    if isinstance(one, str):
        return Unpaired(case_id=case_id, repeat=repeat, side="base", reason=one)
    return Unpaired(case_id=case_id, repeat=repeat, side="candidate", reason=str(two))


def _mean(values: list[float]) -> float:
    return fsum(values) / len(values)
