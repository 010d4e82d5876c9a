"""The order of evaluation: the weightiest reason decides, and all of them are kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sluicegate.model import CriterionResult, Decision, Estimate, Kind, NotMeasured, Reason, SliceResult

__all__ = ["UNSAID", "led_on", "ordered", "rounded"]

UNSAID = "The judge has no words for what mends this, which is a fault of its own. Report it with the ledger."
_PLACE = {kind: place for place, kind in enumerate(Kind)}


def ordered(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """Most weighty first, each said once.

    Rows 1 to 12 in turn, but every rollback before every hold: a failed test that the plan says rolls back does so
    beside a broken ledger too, for bad evidence never turns a rollback into a hold.
    """
    said = {(reason.kind, reason.about, reason.text): reason for reason in reasons}
    return tuple(sorted(said.values(), key=_weight))


def _weight(reason: Reason) -> tuple[bool, int, bool, tuple[int, str, str, int, str, str], str, str]:
    """Of one kind, what names a case comes before what sums it up."""
    rolls_back = reason.kind.decision is Decision.ROLLBACK
    finding = (0, "", "", 0, "", "") if reason.finding is None else reason.finding.sort_key()
    return not rolls_back, _PLACE[reason.kind], reason.finding is None, finding, reason.about, reason.text


def led_on(reasons: tuple[Reason, ...]) -> tuple[Reason, ...]:
    """Reasons of which one at least says what to do next: nobody is stopped without a word of how to go on."""
    if any(reason.mend or reason.rerun for reason in reasons):
        return reasons
    return (replace(reasons[0], mend=UNSAID), *reasons[1:])


def rounded(result: CriterionResult) -> CriterionResult:
    """Floats at ten digits, so that the same evidence gives the same bytes on every machine."""
    lines = tuple(
        replace(line, value=_ten(line.value), upper=None if line.upper is None else _ten(line.upper))
        for line in result.lines
    )
    slices = tuple(_rounded_slice(each) for each in result.slices)
    return replace(result, measured=_rounded(result.measured), lines=lines, slices=slices)


def _rounded_slice(result: SliceResult) -> SliceResult:
    return replace(result, measured=_rounded(result.measured))


def _rounded(measured: Estimate | NotMeasured) -> Estimate | NotMeasured:
    if isinstance(measured, NotMeasured):
        return measured
    return replace(
        measured,
        value=_ten(measured.value),
        low=None if measured.low is None else _ten(measured.low),
        high=None if measured.high is None else _ten(measured.high),
        confidence=_ten(measured.confidence),
    )


def _ten(value: float) -> float:
    return float(f"{value:.10g}")
