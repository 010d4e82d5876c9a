"""A sweep in words: a line for each run while it goes on, and the knee at its end."""

from __future__ import annotations

from sluicegate.gate.wording import count_of
from sluicegate.model import NotMeasured
from sluicegate.model.load_result import LoadTally
from sluicegate.stats.knee import Knee, Probe

__all__ = ["knee_lines", "probe_line"]

_ENDED = {
    "generator": "the load generator was late there: the service's own knee lies at or beyond it. Try --processes",
    "limit": "no larger one was tried: the service's own knee lies beyond it. Give a larger --most",
    "least": "no smaller one was tried",
    "probes": "the search was ended: too many runs disagreed",
}


def probe_line(probe: Probe, tally: LoadTally, said: str, *, whole: bool) -> str:
    """One run: its rate, how much of it was in time, its p95."""
    held = {True: "holds", False: "fails", None: "shows nothing"}[probe.held]
    if probe.held is None:
        return f" {_rate(probe.rate, whole=whole):>10}  {held}: {said}"
    p95 = "p95 failed" if tally.p95_ms is None else f"p95 {tally.p95_ms:,.0f} ms"
    share = f"{tally.in_time:,} of {tally.measured:,} in time"
    return f" {_rate(probe.rate, whole=whole):>10}  {held}  {share}, {p95}"


def knee_lines(knee: Knee, *, share: float, whole: bool, objective: str) -> list[str]:
    """What the sweep has found."""
    asked = f"{100 * share:g} % of the requests whole and within {objective}"
    fails = "" if knee.fails_at is None else _rate(knee.fails_at, whole=whole)
    if knee.rate is None:
        return [f" knee     below {fails}: {asked} in no run", f"     {_ENDED.get(knee.ended_by, _ENDED['least'])}"]
    lines = [f" knee     {_rate(knee.rate, whole=whole)}: {asked} in {knee.held} of {count_of(knee.runs, 'run')}"]
    values = knee.values
    if not isinstance(values, NotMeasured) and values.low is not None and values.high is not None:
        lines.append(f"     p95 {values.low:,.0f} to {values.high:,.0f} ms (mean of these runs, 95 % on each side)")
    if knee.ended_by == "objective":
        lines.append(f"     at {fails} it does not hold")
    else:
        lines.append(f"     {fails + ': ' if fails else ''}{_ENDED[knee.ended_by]}")
    return lines


def _rate(rate: float, *, whole: bool) -> str:
    return count_of(round(rate), "user") if whole else f"{rate:g}/s"
