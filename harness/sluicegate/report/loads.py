"""A load run in words and rows: the same ones in the terminal, Markdown and HTML, and when the run has just ended."""

from __future__ import annotations

from collections.abc import Sequence

from sluicegate.frozen import frozen
from sluicegate.gate.wording import count_of
from sluicegate.model.load_result import LoadCause, LoadResult, LoadStretch, LoadTally
from sluicegate.report.columns import pack
from sluicegate.report.figures import figure, plain

__all__ = ["LoadView", "Point", "load_lines", "load_view"]

_HEADER = ("from", "planned", "sent", "failed", "in time", "p50", "p95", "late")
_NONE = "–"
_LONGEST = 200
"""Characters of what a failed request said."""


@frozen
class Point:
    """A stretch in the drawing: percent of its width, and of its height from the top."""

    x: float
    width: float
    p50_y: float | None
    p95_y: float | None
    planned_h: float
    sent_h: float
    failed_h: float


@frozen
class LoadView:
    """One load run."""

    name: str
    head: str
    facts: tuple[str, ...]
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    points: tuple[Point, ...]
    highest: str
    """Latency at the top of the drawing; empty where nothing was answered."""
    most: str
    """Requests of a stretch at the top of the drawing."""


def load_view(result: LoadResult) -> LoadView:
    """The words of a load run."""
    tally = result.tally
    header = _HEADER if tally.planned is not None else tuple(name for name in _HEADER if name != "planned")
    took = [value for each in tally.stretches for value in (each.p50_ms, each.p95_ms) if value is not None]
    most = max((max(each.sent, each.planned or 0) for each in tally.stretches), default=0)
    return LoadView(
        name=plain(result.profile),
        head=_head(result),
        facts=tuple(_facts(result)),
        header=header,
        rows=tuple(_row(each, planned=tally.planned is not None) for each in tally.stretches),
        points=tuple(_points(tally, max(took, default=0.0), most)),
        highest=_ms(max(took)) if took else "",
        most=f"{most:,}",
    )


def load_lines(view: LoadView, width: int) -> list[str]:
    """For a terminal: the head, the facts wrapped, and a row for each stretch, within `width` from 72 columns on."""
    lines = [f" load {view.name}: {view.head}"]
    if len(lines[0]) > width:
        lines = [f" load {view.name}", *(f"     {line}" for line in pack(view.head.split(" "), width - 5, " "))]
    for fact in view.facts:
        lines += [f"     {line}" for line in pack(fact.split(" "), width - 5, " ")]
    rows = [view.header, *view.rows]
    widths = [max(len(row[at]) for row in rows) for at in range(len(view.header))]
    for row in rows:
        cells = [cell.rjust(size) for cell, size in zip(row, widths, strict=True)]
        lines.append(f"     {'  '.join(cells)}".rstrip())
    return lines


def _head(result: LoadResult) -> str:
    tally = result.tally
    planned = "" if tally.planned is None else f" of {count_of(tally.planned, 'arrival')} planned"
    whole = "" if result.complete else "; not complete"
    return f"{tally.sent:,} requests sent{planned} in {_clock(tally.lasts_s)}{whole}"


def _facts(result: LoadResult) -> list[str]:
    tally = result.tally
    aside = [f"{tally.warm_up:,} in warm-up", f"{tally.cool_down:,} in cool-down"]
    left = [text for text, count in zip(aside, (tally.warm_up, tally.cool_down), strict=True) if count]
    asked = [(result.objective_ms, ""), (result.objective_ttft_ms, " to the first content")]
    limits = " and ".join(f"{_ms(limit)}{what}" for limit, what in asked if limit is not None)
    limit = f"in time ({limits})" if limits else "whole answers"
    took = ", ".join(f"{name} {_ms_or(value)}" for name, value in (("p50", tally.p50_ms), ("p95", tally.p95_ms)))
    failed = f"{tally.errors:,} errors, {tally.incomplete:,} cut, {tally.dropped:,} dropped"
    return [
        f"{failed}; {count_of(tally.kept, 'answer')} kept to be judged",
        *(_cause(cause) for cause in tally.causes),
        f"{count_of(tally.measured, 'request')} count{'' if not left else ', ' + ' and '.join(left) + ' left out'}",
        f"{took} from the intended start; {limit} {tally.in_time:,} of {tally.measured:,}",
        f"generator: p99 {_ms(tally.lag_p99_ms)} late, {_ms(tally.worst_lag_ms)} at worst",
    ]


def _cause(cause: LoadCause) -> str:
    return f"{count_of(cause.count, 'request')} failed as {plain(cause.kind)}, first: {plain(cause.first, _LONGEST)}"


def _row(each: LoadStretch, *, planned: bool) -> tuple[str, ...]:
    asked = (_NONE if each.planned is None else f"{each.planned:,}",) if planned else ()
    counts = (f"{each.sent:,}", f"{each.failed:,}", f"{each.in_time:,}")
    return (_clock(each.at_s), *asked, *counts, _ms_or(each.p50_ms), _ms_or(each.p95_ms), _ms(each.lag_ms))


def _points(tally: LoadTally, highest: float, most: int) -> Sequence[Point]:
    width = 100 / len(tally.stretches) if tally.stretches else 0.0

    def y(value: float | None) -> float | None:
        return None if value is None or not highest else round(100 - 100 * value / highest, 2)

    def height(count: int | None) -> float:
        return round(100 * (count or 0) / most, 2) if most else 0.0

    return [
        Point(
            x=round(at * width, 2),
            width=round(width, 2),
            p50_y=y(each.p50_ms),
            p95_y=y(each.p95_ms),
            planned_h=height(each.planned),
            sent_h=height(each.sent),
            failed_h=height(each.failed),
        )
        for at, each in enumerate(tally.stretches)
    ]


def _ms(value: float) -> str:
    if value < 1:
        return "0 ms" if value < 0.05 else "<1 ms"
    return figure(value, "ms") if value < 10_000 else f"{value / 1000:,.1f} s"


def _ms_or(value: float | None) -> str:
    return "failed" if value is None else _ms(value)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"
