"""Which trials count most against a criterion: a few of them, so that whoever mends it has a case to run again."""

from __future__ import annotations

import math
from bisect import insort
from dataclasses import replace

from sluicegate.checks import Contribution, masked
from sluicegate.checks.check import LONGEST_CRASH
from sluicegate.gate.wording import figure
from sluicegate.model import Finding, Output, Severity, Trial, Witness, canonical
from sluicegate.plan.types import Better, Metric, MetricKind

__all__ = ["Against", "told_of_crash"]

_NAMED = 3
_LONGEST_ANSWER = 120


class Against:
    """The worst trials of a metric, one a case, whatever the order they come in."""

    def __init__(self, metric: Metric) -> None:
        self.cases = 0
        """Trials that count against a share."""
        self._metric = metric
        self._is_share = metric.kind is MetricKind.PROPORTION
        self._counts = metric.better is not Better.INSIDE and (self._is_share or metric.kind is MetricKind.DISTRIBUTION)
        self._sign = 1.0 if metric.better is Better.LOWER else -1.0
        self._worst: list[tuple[tuple[float, bool, str, int], Finding]] = []

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The worst first; of a share the first by name, cases of one's own before copies that suites made."""
        return tuple(finding for _, finding in self._worst)

    def add(self, trial: Trial, counted: Contribution) -> None:
        """Look at one trial."""
        if not self._counts:
            return
        if self._is_share:
            missed = counted.k < counted.n if self._sign < 0 else counted.k > 0
            self.cases += missed
            if not missed:
                return
        badness = 0.0 if self._is_share else math.inf if counted.value is None else self._sign * counted.value
        if len(self._worst) == _NAMED and -badness > self._worst[-1][0][0]:
            return
        case_id = trial.case.id
        key = (-badness, "~" in case_id, case_id, trial.repeat)
        if any(known[2] == case_id and known <= key for known, _ in self._worst):
            return
        self._worst = [item for item in self._worst if item[0][2] != case_id]
        if len(self._worst) < _NAMED or key < self._worst[-1][0]:
            insort(self._worst, (key, self._found(trial, counted)), key=lambda item: item[0])
            del self._worst[_NAMED:]

    def _found(self, trial: Trial, counted: Contribution) -> Finding:
        metric = self._metric
        said = f"counts against {metric.name}" if self._is_share else f"is among the worst of {metric.name}"
        seen = ""
        if counted.value is not None and math.isfinite(counted.value):
            seen = figure(counted.value, metric.scale)
        elif metric.measured_by in _ANSWERS and trial.outputs:
            seen = masked(_answer(trial.outputs[-1]), _LONGEST_ANSWER)
        found = Finding(
            check=metric.name,
            case_id=trial.case.id,
            repeat=trial.repeat,
            message=said,
            excerpt=seen,
            severity=Severity.ERROR,
            witness=Witness.STRUCTURE,
        )
        return told_of_crash(found, trial)


def told_of_crash(finding: Finding, trial: Trial) -> Finding:
    """The finding in the words of the crash, where the pipeline gave no answer."""
    crash = next((output.error for output in trial.outputs if output.error is not None), None)
    if crash is None:
        return finding
    return replace(
        finding,
        place="$.error",
        message=f"the pipeline crashed ({crash.kind.value})",
        excerpt=masked(crash.message, LONGEST_CRASH),
    )


_ANSWERS = ("rule", "score", "check")
"""What is said of an answer, which therefore is shown."""


def _answer(output: Output) -> str:
    if output.structured is None:
        return output.content or ""
    return canonical(output.structured).decode()
