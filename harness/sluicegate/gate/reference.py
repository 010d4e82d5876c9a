"""What a relative line compares with, case by case where both ran the same cases."""

from __future__ import annotations

from dataclasses import replace

from sluicegate.gate.bodies import Frame, reference_of
from sluicegate.gate.comparison import PairedCases
from sluicegate.gate.series import Evidence
from sluicegate.gate.sides import Reference
from sluicegate.model import NotMeasured
from sluicegate.plan.lines import BASELINE
from sluicegate.plan.types import Criterion

__all__ = ["reference_beside"]


def reference_beside(
    criterion: Criterion, evidence: Evidence, other: Evidence, frame: Frame, *, name: str
) -> Reference | NotMeasured:
    """The reference, with its cases beside those of the evidence where both are pinned.

    A baseline is there to be compared case by case, so a case without a partner keeps it from showing anything good; an
    earlier stage may have had other cases, and is then compared as a whole.
    """
    reference = reference_of(criterion, other, frame)
    ours, theirs = evidence.readings, other.readings
    if isinstance(reference, NotMeasured) or ours is None or theirs is None or not theirs.values:
        return reference
    paired = PairedCases(theirs.means_beside(ours), criterion.metric, {**theirs.slices, **ours.slices})
    return reference if paired.unpaired and name != BASELINE else replace(reference, paired=paired)
