"""What a relative line compares with, case by case where both ran the same cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

from sluicegate.errors import printable
from sluicegate.gate.bodies import Frame, reference_of
from sluicegate.gate.comparison import PairedCases
from sluicegate.gate.series import Evidence
from sluicegate.gate.sides import Reference
from sluicegate.gate.standing import Standing
from sluicegate.gate.wording import count_of
from sluicegate.model import Estimate, NotMeasured
from sluicegate.plan.lines import BASELINE
from sluicegate.plan.types import Criterion

__all__ = ["noted", "reference_beside"]


def reference_beside(
    criterion: Criterion, evidence: Evidence, other: Evidence, frame: Frame, *, name: str
) -> Reference | NotMeasured:
    """The reference, with its cases beside those of the evidence where both are pinned.

    A baseline is there to be compared case by case, so a case without a partner keeps it from showing anything good. An
    earlier stage may have had other cases, and is then compared as a whole; but what it ran and lost would count there
    as its failures, and make anybody look better: that, too, keeps it from showing anything good.
    """
    reference = reference_of(criterion, other, frame, mend=_how(criterion, name))
    ours, theirs = evidence.readings, other.readings
    if isinstance(reference, NotMeasured) or ours is None or theirs is None or not theirs.values:
        return reference
    paired = PairedCases(theirs.means_beside(ours), criterion.metric, {**theirs.slices, **ours.slices})
    apart = paired.unpaired and not any(each.is_lost_by_base for each in paired.unpaired)
    return reference if apart and name != BASELINE else replace(reference, paired=paired)


def _how(criterion: Criterion, name: str) -> str:
    """How a reference comes to have evidence."""
    if any(origin.grows for origin in criterion.origins):
        return f"Hand its measurements over: sluicegate record measurements --stage {name}"
    if name == BASELINE:
        return "Run what serves now, and record that run: sluicegate record baseline"
    return f"Judge that stage first: sluicegate gate --stage {name}"


def noted(standing: Standing, references: Mapping[str, Reference | NotMeasured], alpha: Fraction) -> Standing:
    """The standing of pinned evidence, with what the comparison case by case says beside its estimate."""
    if not isinstance(standing.measured, Estimate):
        return standing
    notes = [standing.measured.note] if standing.measured.note else []
    for name, reference in references.items():
        if isinstance(reference, Reference) and isinstance(reference.paired, PairedCases):
            notes.append(_said(reference.paired, name, alpha))
    return replace(standing, measured=replace(standing.measured, note="; ".join(notes)))


def _said(paired: PairedCases, name: str, alpha: Fraction) -> str:
    if paired.unpaired:
        first = printable(paired.unpaired[0].case_id)
        return (
            f"{count_of(len(paired.unpaired), 'case')} without a partner in {name} ({first}), so nothing good is shown"
        )
    found = paired.contrast(alpha)
    if isinstance(found, NotMeasured):
        return f"{name}: {found.reason}"
    said = f"{count_of(found.n, 'case')} beside {name}: {found.candidate - found.base:+.4g}"
    said += f", {_bound(found.difference.low)} to {_bound(found.difference.high)}"
    if isinstance(found.ratio, NotMeasured) or found.base <= 0.0:
        return said
    times = f"{found.candidate / found.base:.4g} times, {_bound(found.ratio.low)} to {_bound(found.ratio.high)}"
    return f"{said}; {times}"


def _bound(value: float | None) -> str:
    return "no bound" if value is None else f"{value:.4g}"
