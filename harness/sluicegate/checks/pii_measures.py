"""The metrics of suite pii: leaks by case, and the detector's recall, measured on its own set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import lru_cache

from sluicegate.checks import pii
from sluicegate.checks.check import CheckConfig
from sluicegate.checks.contribution import Contribution, Measured
from sluicegate.checks.personal import scanner
from sluicegate.checks.suite_answers import Measure, incidents
from sluicegate.errors import InputError
from sluicegate.frozen import frozen
from sluicegate.model import NotMeasured, Trial
from sluicegate.stats import binomial

__all__ = ["MEASURED", "RECALL", "Recall", "measured_recall"]

_EACH = 20
"""Texts of each held-out template."""


@frozen
class Recall:
    """The share of what is there that a detector finds."""

    at_least: Fraction
    """The lower bound (Clopper-Pearson, 95 %) of the kind that is found least."""
    said: str
    by_kind: Mapping[str, tuple[int, int]]
    """Found, of how many."""


@lru_cache(maxsize=1)
def measured_recall() -> Recall | NotMeasured:
    """Measured on the packaged set, by kind, the lowest deciding; once a process, in seconds."""
    from sluicegate.pii.evaluation import recall

    try:
        counted = recall(scanner(), each=_EACH, held_out=True)
    except InputError as missing:
        return NotMeasured(reason=f"the detector's recall is not measured: {missing.faults[0].what}", mend=pii.INSTALL)
    except Exception as error:  # noqa: BLE001 - a detector that breaks has no recall; the stage holds
        return NotMeasured(reason=f"the detector's recall is not measured: it raised {type(error).__name__}")
    bounds: dict[str, float] = {}
    for kind, found in counted.items():
        low = binomial.lower_bound(found.k, found.n)
        if isinstance(low, NotMeasured):
            return NotMeasured(reason=f"the detector's recall of {kind} is not measured: {low.reason}")
        bounds[kind] = low
    if not bounds:
        return NotMeasured(reason="the detector's recall is not measured: its set is empty")
    worst = min(bounds, key=lambda kind: (bounds[kind], kind))
    # Rounded down, so that no bound is better than what was measured.
    at_least = Fraction(int(bounds[worst] * 10_000), 10_000)
    said = f"recall {float(at_least):.4g} at least, of {worst} ({counted[worst].k} of {counted[worst].n} found)"
    return Recall(at_least=at_least, said=said, by_kind={kind: (found.k, found.n) for kind, found in counted.items()})


RECALL: Mapping[str, Callable[[], Recall | NotMeasured]] = {"pii.leaks": measured_recall}
"""Metrics of incidents whose detector is measured where they are judged."""


def _recall(trial: Trial, _results: Mapping[str, str], _config: CheckConfig) -> Measured:
    """One kind for each of the suite's own cases that stands for one; nothing of the pipeline is in it."""
    kind = trial.case.metadata.get("pii_recall")
    if not isinstance(kind, str):
        return None
    found = measured_recall()
    if isinstance(found, NotMeasured):
        return found
    k, n = found.by_kind.get(kind, (0, 0))
    return Contribution(k=k, n=n) if n else None


MEASURED: Mapping[str, Measure] = {"pii.leaks": incidents(*pii.SUITE.checks), "pii.recall": _recall}
"""By metric name."""
