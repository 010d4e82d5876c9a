"""A line once crossed is looked at again without what may not roll a build back: trials lost, answers not judged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol

from sluicegate.gate.counting import Channel
from sluicegate.gate.wording import count_of
from sluicegate.model import CriterionResult, Kind, Status
from sluicegate.plan.types import Better, Metric

__all__ = ["Look", "is_of_a_judge", "looked_again"]

_BACK = 2
"""Rows up to this one take a build back."""
_WHY = {True: "that never had an answer", False: "that had no answer, or that the generator was late for"}
_CROSSED = (Kind.ROLLBACK_THRESHOLD, Kind.HOLD_THRESHOLD)


class Look(Protocol):
    """Judges a criterion again, with or without lost trials, and with a score for what was not judged.

    `unscored` is what each unjudged answer of the subject counts as, from 0 to 1; on the other side of a comparison it
    counts as the opposite. None leaves them out.
    """

    def __call__(self, *, with_lost: bool = True, unscored: float | None = None) -> CriterionResult:
        """The result under these terms."""


def is_of_a_judge(metric: Metric) -> bool:
    """Whether a number of it is somebody's judgement, which can fail where the answer was right."""
    return metric.score is not None or metric.check is not None


def looked_again(channel: Channel, result: CriterionResult, look: Look) -> CriterionResult:
    """The result, or a hold where only lost trials, or only the answers that were judged, carry it across a line."""
    if result.kind.row > _BACK:
        return result
    missed = bool(channel.lost or channel.unreached)
    if missed and look(with_lost=False).kind.row > _BACK:
        lost = count_of(len(channel.lost), "trial") if channel.lost else count_of(channel.unreached, "request")
        return replace(
            result,
            status=Status.SUSPECT,
            kind=Kind.HOLD_SUSPECT,
            shown=f"crossed only by {lost} {_WHY[bool(channel.lost)]}",
            flip="Have a human look at what became of them",
        )
    if (
        result.kind in _CROSSED
        and (channel.unscored or channel.readings is not None)
        and any(look(with_lost=not missed, unscored=score).kind.row > _BACK for score in _scores(channel))
    ):
        return _unjudged(channel, result)
    return result


def _scores(channel: Channel) -> Iterator[float]:
    """What unjudged answers may have been worth, in the subject's favour: of a range both ends are."""
    better = channel.criterion.metric.better
    if better is not Better.LOWER:
        yield 1.0
    if better is not Better.HIGHER:
        yield 0.0


def _unjudged(channel: Channel, result: CriterionResult) -> CriterionResult:
    """A judge that fails on right answers leaves the wrong ones: that is no word on the build."""
    count = count_of(len(channel.unscored), "trial") if channel.unscored else "trials of what it is compared with,"
    why = channel.unmeasured_why
    return replace(
        result,
        status=Status.ERROR,
        kind=Kind.HOLD_INCOMPLETE,
        shown=f"crossed only without {count} whose judge gave no score",
        flip=why.mend if why is not None else "Mend the judge",
    )
