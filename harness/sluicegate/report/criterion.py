"""One criterion in words: what was measured, of how much, against which lines, and what that shows."""

from __future__ import annotations

import re
from enum import StrEnum

from sluicegate.frozen import frozen
from sluicegate.gate.wording import count_of, plural
from sluicegate.model import (
    CriterionResult,
    Decision,
    Estimate,
    Kind,
    LineShown,
    NotMeasured,
    Origin,
    SliceResult,
    Status,
)
from sluicegate.report.figures import advice, exact, figure, percent, plain, said

__all__ = ["NOT_MEASURED", "CriterionView", "LineView", "Mark", "SliceView", "as_shown", "criterion_view"]

NOT_MEASURED = "not measured"


class Mark(StrEnum):
    """What a line of the report begins with."""

    PASS = "✓"  # noqa: S105 - a tick, no password
    OPEN = "–"
    FAIL = "✗"


_FAILS = frozenset({Status.ROLLBACK, Status.ALERT, Status.SUSPECT})
_ROLE = {"promote": "target", "alert": "alert", "rollback": "rollback", "max_rate": "max rate"}
_GOOD = {"at_least": "≥", "at_most": "≤", "equal": "="}
_BAD = {"at_least": "below", "at_most": "above", "equal": "not"}


@frozen
class LineView:
    """One line of a criterion: `target ≥ 0.95`, `rollback below 0.59 (20 points below setup)`."""

    role: str
    text: str


@frozen
class SliceView:
    """One slice in words."""

    name: str
    mark: Mark
    status: str
    value: str
    evidence: str
    interval: str


@frozen
class CriterionView:
    """One criterion in words."""

    name: str
    mark: Mark
    status: str
    value: str
    """`0.973`, `161 ms`, `0 of 712 drafts`, or `not measured`."""
    evidence: str
    """`391 of 402 drafts`, `n 96 minutes`, or why there is no number."""
    origins: str
    interval: str
    """`0.956 to 0.984 at 95 %`, `< 0.0045 at 95 %`; empty where there is no bound."""
    method: str
    lines: tuple[LineView, ...]
    shown: str
    flip: str
    left_out: str
    slices: tuple[SliceView, ...]

    @property
    def target(self) -> str:
        """The line to be met, or the empty string."""
        asked = [line.text for line in self.lines if line.role in ("target", "max rate")]
        return ", ".join(asked)

    @property
    def proof(self) -> str:
        """What the evidence shows, else its interval."""
        return _proven(self.shown) or self.interval

    @property
    def statement(self) -> str:
        """What the evidence shows, as a sentence; empty where it is only the interval."""
        text = _proven(self.shown)
        return f"{text[0].upper()}{text[1:]}." if text else ""

    @property
    def figures(self) -> str:
        """Interval and method, without what the statement says already."""
        # The bound of zero incidents is stated in one digit more than its interval has.
        stated = self.shown.startswith("rate < ") and self.interval.startswith("rate < ")
        interval = "" if stated else self.interval
        return ", ".join(text for text in (interval, "" if self.method == "count" else self.method) if text)


def criterion_view(result: CriterionResult) -> CriterionView:
    """The words of a criterion."""
    name = plain(result.metric) if result.at is None else f"{plain(result.metric)} {plain(result.at)}"
    if result.profile is not None:
        name = f"{name} ({plain(result.profile)})"
    value, evidence = _measured(result, result.measured, wanted=result.minimum_n)
    return CriterionView(
        name=name,
        mark=_mark(result.status),
        status=_status(result.status, result.kind),
        value=value,
        evidence=evidence,
        origins=" and ".join(origin.value for origin in result.origins),
        interval=_interval(result, result.measured),
        method=_method(result.measured),
        lines=tuple(_line(line, result) for line in result.lines),
        shown=said(result.shown),
        flip=advice(result.flip),
        left_out=_left_out(result),
        slices=tuple(_slice(result, part) for part in result.slices),
    )


def _slice(result: CriterionResult, part: SliceResult) -> SliceView:
    value, evidence = _measured(result, part.measured, wanted=None)
    return SliceView(
        name=plain(part.slice),
        mark=_mark(part.status),
        status=_status(part.status, result.kind),
        value=value,
        evidence=evidence,
        interval=_interval(result, part.measured),
    )


def _status(status: Status, kind: Kind) -> str:
    """A status in words; where nothing is served yet there is nothing to roll back."""
    if status is Status.ROLLBACK and kind.decision is not Decision.ROLLBACK:
        return "incident" if kind.row == 1 else "line crossed"
    return status.value.replace("_", " ")


_NOT_SHOWN = (
    ("nothing: the estimate of ", "judged by the estimate alone, of "),
    ("nothing: the estimate is ", "the estimate is "),
    ("nothing yet: ", "nothing shown yet: "),
    ("nothing: ", "nothing shown: "),
    ("not yet ", "not yet shown "),
)
_SPEAKS_FOR_ITSELF = re.compile(r"\d|crossed|not applicable|rate ")


def as_shown(text: str) -> str:
    """`nothing shown: …`, `not yet shown …` where the gate says `nothing: …`, `not yet …`; other words as they are.

    A target without a guard line, met, is no proof and nothing to be alarmed by: `judged by the estimate alone, of …`;
    an estimate beyond a line is said as it is, for nobody waits for more to be shown.
    """
    for start, instead in _NOT_SHOWN:
        if text.startswith(start):
            return instead + text[len(start) :]
    return text


def _proven(text: str) -> str:
    """`shown above alert 0.90`; what speaks for itself (`25 incidents confirmed`) as it is."""
    told = as_shown(text)
    return told if told != text or not text or _SPEAKS_FOR_ITSELF.match(text) else f"shown {text}"


def _left_out(result: CriterionResult) -> str:
    """What was not counted, and why."""
    said_of = []
    if result.status is Status.VOID and result.origins == (Origin.LOAD,):
        return ""  # why the run is void is a reason of its own
    if result.void and any(origin.grows for origin in result.origins):
        why = "measured while the experiment was void, in a way the plan does not admit, or stamped later than now"
        said_of.append(f"{count_of(result.void, plain(result.unit, 40))} left out: {why}")
    elif result.void:
        why = f"a double, a cache or a replay answered, so {plain(result.metric)} was drawn, not measured"
        said_of.append(f"{count_of(result.void, 'trial')} left out: {why}")
    if result.foreign:
        foreign = count_of(result.foreign, plain(result.unit, 40))
        said_of.append(f"{foreign} left out: of another subject, stage or time")
    return "; ".join(said_of)


def _mark(status: Status) -> Mark:
    if status is Status.PASS:
        return Mark.PASS
    return Mark.FAIL if status in _FAILS else Mark.OPEN


def _beside(result: CriterionResult) -> list[float]:
    return [end for line in result.lines for end in (line.value, line.upper) if end is not None]


def _measured(result: CriterionResult, measured: Estimate | NotMeasured, *, wanted: int | None) -> tuple[str, str]:
    """Value and evidence. A bare 0 is never a value: it says of how many."""
    if isinstance(measured, NotMeasured):
        # What to do is said once, below, with what would flip the answer.
        mend = "" if measured.mend == result.flip else measured.mend
        return NOT_MEASURED, said(f"{measured.reason.rstrip('.')}. {mend}" if mend else measured.reason)
    units = plain(plural(result.unit), 40)
    need = f", {wanted:,} needed" if wanted is not None and measured.n < wanted else ""
    if measured.k is not None and (measured.k == 0 or _counts_incidents(result)):
        told = f"{units} with an incident" if _counts_incidents(result) else units
        return f"{measured.k:,} of {measured.n:,}", f"{told}{need}"
    value = figure(measured.value, result.scale, _beside(result))
    if measured.k is not None and result.scale == "ratio":
        return value, f"{measured.k:,} of {measured.n:,} {units}{need}"
    return value, f"n {measured.n:,} {units}{need}"


def _counts_incidents(result: CriterionResult) -> bool:
    return any(line.role == "max_rate" for line in result.lines)


def _interval(result: CriterionResult, measured: Estimate | NotMeasured) -> str:
    if isinstance(measured, NotMeasured) or (measured.low is None and measured.high is None):
        return ""
    low, high = (
        None if end is None else figure(end, result.scale, _beside(result)) for end in (measured.low, measured.high)
    )
    rate = "rate " if _counts_incidents(result) else ""
    note = f" ({said(measured.note, 80)})" if measured.note else ""
    at = f"at {percent(measured.confidence)}{note}"
    if low is None or (measured.k == 0 and high is not None):
        return f"{rate}< {high} {at}"
    return f"{rate}> {low} {at}" if high is None else f"{rate}{low} to {high} {at}"


def _method(measured: Estimate | NotMeasured) -> str:
    return "" if isinstance(measured, NotMeasured) else plain(measured.method)


_RELATIVE = re.compile(r"\b(below|above|than|times|points|confirmed)\b")


def _line(line: LineShown, result: CriterionResult) -> LineView:
    role = _ROLE.get(line.role, plain(line.role))
    good = line.role in ("promote", "max_rate")
    # "20 points below setup" says more than the number it came to; "70 %" or "0.12 at most" does not.
    relative = bool(_RELATIVE.search(line.text))

    def shown(value: float) -> str:
        # A number of the plan stands with all its digits; one that it came to with four, or as many as tell it apart.
        beside = [result.measured.value] if isinstance(result.measured, Estimate) else []
        return figure(value, result.scale, beside, fewest=4) if relative else exact(value, result.scale)

    if line.sense == "inside":
        upper = shown(line.upper if line.upper is not None else line.value)
        limits = f"{'' if good else 'outside '}{shown(line.value)} to {upper}"
    else:
        sign = (_GOOD if good else _BAD).get(line.sense, plain(line.sense))
        limits = f"{sign} {shown(line.value)}"
    wordy = f" ({plain(line.text)})" if relative else ""
    return LineView(role=role, text=f"{role} {limits}{wordy}")
