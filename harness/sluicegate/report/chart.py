"""Where a criterion's lines, estimate and interval stand on one axis; drawn by the HTML report.

Places are percent of the drawing's width, so that one drawing fits a phone and a wall.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from sluicegate.frozen import frozen
from sluicegate.model import CriterionResult, Estimate, LineShown, NotMeasured
from sluicegate.report.figures import exact

__all__ = ["Chart", "LineMark", "Plot", "Zone", "chart_of"]

_ROW_HEIGHT = 15
_CHARACTER = 2.0
"""Percent of the width that a character takes on the narrowest screen."""

_ROLES = {"promote": "target", "max_rate": "max", "alert": "alert", "rollback": "rollback"}


@frozen
class Zone:
    """A stretch of the axis on which the same lines hold."""

    kind: str
    """good | short | alert | rollback"""
    x: float
    width: float


@frozen
class LineMark:
    """One end of a line, with its label on a row where it touches no other."""

    kind: str
    x: float
    label: str
    anchor: str
    """start | middle | end"""
    row: int

    @property
    def label_y(self) -> int:
        """Baseline of the label."""
        return (self.row + 1) * _ROW_HEIGHT - 4


@frozen
class Plot:
    """Estimate and interval; None where there is none. An interval without an end runs off the axis."""

    dot: float | None
    low: float | None
    high: float | None
    open_low: bool = False
    open_high: bool = False


@frozen
class Chart:
    """One criterion's drawing."""

    zones: tuple[Zone, ...]
    marks: tuple[LineMark, ...]
    plot: Plot
    slices: tuple[Plot, ...]
    first: str
    """Number at the left end."""
    last: str

    @property
    def band_y(self) -> int:
        """Top of the band, below the rows of labels."""
        return (max((mark.row for mark in self.marks), default=-1) + 1) * _ROW_HEIGHT + 6

    @property
    def height(self) -> int:
        """Height of the drawing in pixels."""
        return self.band_y + 34


@dataclass(frozen=True, slots=True)
class _Axis:
    low: float
    high: float

    def at(self, value: float) -> float:
        return round(min(max(100 * (value - self.low) / (self.high - self.low), 0.0), 100.0), 2)


def chart_of(result: CriterionResult) -> Chart | None:
    """The drawing of a criterion, or None when there is not one number to draw."""
    measured = [result.measured, *(part.measured for part in result.slices)]
    values = [*_line_values(result.lines), *(value for item in measured for value in _numbers(item))]
    if not values:
        return None
    axis = _axis(values, result.scale)
    return Chart(
        zones=tuple(_zones(result.lines, axis)),
        marks=tuple(_placed(result.lines, axis, result.scale)),
        plot=_plot(result.measured, axis),
        slices=tuple(_plot(part.measured, axis) for part in result.slices),
        first=exact(axis.low, result.scale),
        last=exact(axis.high, result.scale),
    )


def _numbers(measured: Estimate | NotMeasured) -> list[float]:
    if isinstance(measured, NotMeasured):
        return []
    return [
        value for value in (measured.value, measured.low, measured.high) if value is not None and math.isfinite(value)
    ]


def _line_values(lines: Iterable[LineShown]) -> list[float]:
    return [end for line in lines for end in (line.value, line.upper) if end is not None]


def _axis(values: Sequence[float], scale: str) -> _Axis:
    """A little more than what must be seen, from one round number to another."""
    low, high = min(values), max(values)
    room = (high - low or abs(high) or 1.0) * 0.12
    step = _round_step((high - low + 2 * room) / 8)
    start, end = math.floor((low - room) / step) * step, math.ceil((high + room) / step) * step
    if low >= 0:
        start = max(start, 0.0)
    if scale == "ratio" and low >= 0 and high <= 1:
        end = min(end, 1.0)
    return _Axis(float(f"{start:.10g}"), float(f"{end:.10g}"))


def _round_step(width: float) -> float:
    size = 10.0 ** math.floor(math.log10(width))
    return next(size * times for times in (1, 2, 5, 10) if size * times >= width * 0.999)


def _zones(lines: Sequence[LineShown], axis: _Axis) -> Iterable[Zone]:
    """The axis cut at every line, neighbours of one kind joined."""
    cuts = sorted({axis.low, axis.high, *(end for end in _line_values(lines) if axis.low < end < axis.high)})
    found: list[Zone] = []
    for start, end in pairwise(cuts):
        kind, x, width = _kind(lines, (start + end) / 2), axis.at(start), axis.at(end) - axis.at(start)
        if found and found[-1].kind == kind:
            x, width = found[-1].x, found[-1].width + width
            found.pop()
        found.append(Zone(kind=kind, x=x, width=round(width, 2)))
    return found


def _kind(lines: Sequence[LineShown], value: float) -> str:
    rated = any(line.role == "max_rate" for line in lines)
    crossed = {line.role for line in lines if _crossed(line, value) and not (rated and line.role == "promote")}
    if "rollback" in crossed:
        return "rollback"
    if "alert" in crossed:
        return "alert"
    return "short" if crossed else "good"


def _crossed(line: LineShown, value: float) -> bool:
    match line.sense:
        case "at_least":
            return value < line.value
        case "at_most":
            return value > line.value
        case "inside":
            return value < line.value or (line.upper is not None and value > line.upper)
    return value != line.value


def _placed(lines: Sequence[LineShown], axis: _Axis, scale: str) -> list[LineMark]:
    ends = [(axis.at(end), line, end) for line in lines for end in (line.value, line.upper) if end is not None]
    taken: list[list[tuple[float, float]]] = []
    marks = []
    for x, line, end in sorted(ends, key=lambda item: item[0]):
        label = f"{_ROLES.get(line.role, line.role)} {exact(end, scale)}"
        anchor = "start" if x < 22 else "end" if x > 78 else "middle"
        width = len(label) * _CHARACTER
        left = x - {"start": 0.0, "middle": width / 2, "end": width}[anchor]
        row = next((row for row, spans in enumerate(taken) if all(_apart(left, width, span) for span in spans)), None)
        if row is None:
            row = len(taken)
            taken.append([])
        taken[row].append((left, width))
        kind = "target" if line.role in ("promote", "max_rate") else line.role
        marks.append(LineMark(kind=kind, x=x, label=label, anchor=anchor, row=row))
    return marks


def _apart(left: float, width: float, span: tuple[float, float]) -> bool:
    return left + width + _CHARACTER <= span[0] or span[0] + span[1] + _CHARACTER <= left


def _plot(measured: Estimate | NotMeasured, axis: _Axis) -> Plot:
    if isinstance(measured, NotMeasured):
        return Plot(dot=None, low=None, high=None)
    dot = axis.at(measured.value)
    if measured.low is None and measured.high is None:
        return Plot(dot=dot, low=None, high=None)
    return Plot(
        dot=dot,
        low=axis.at(axis.low if measured.low is None else measured.low),
        high=axis.at(axis.high if measured.high is None else measured.high),
        open_low=measured.low is None and measured.k != 0,
        open_high=measured.high is None,
    )
