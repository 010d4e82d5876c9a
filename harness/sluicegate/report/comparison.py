"""A comparison for people at a terminal, and for programs: what was shown, what flipped, what could not be compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap

from sluicegate.frozen import frozen
from sluicegate.gate.compared import Compared, Flip, Outcome
from sluicegate.gate.pairing import Unpaired
from sluicegate.gate.wording import count_of
from sluicegate.model import Json, NotMeasured
from sluicegate.report.columns import columns, pad
from sluicegate.report.figures import figure, plain, said
from sluicegate.stats.contrast import Contrast
from sluicegate.stats.interval import Interval

__all__ = ["ComparisonView", "comparison_json", "metric_lines", "render_comparison"]

_SHOWN = 20
_WORDS = {
    Outcome.BETTER: "BETTER",
    Outcome.NOT_WORSE: "NOT WORSE",
    Outcome.NOT_SHOWN: "NOT SHOWN",
    Outcome.INCOMPLETE: "INCOMPLETE",
    Outcome.WORSE: "WORSE",
}


@frozen
class ComparisonView:
    """What every form of the report draws."""

    base: str
    candidate: str
    subjects: tuple[str, str]
    origin: str
    outcome: Outcome
    confidence: float
    """Of the two-sided intervals, 0..1."""
    metrics: tuple[Compared, ...]
    notes: tuple[str, ...] = ()

    @property
    def word(self) -> str:
        """The outcome in capitals."""
        return _WORDS[self.outcome]


def render_comparison(view: ComparisonView, *, width: int = 80) -> str:
    """The comparison in lines of at most `width` columns; names and texts of cases escaped and masked."""
    lines = [f" base       {plain(view.base)}", f" candidate  {plain(view.candidate)}", ""]
    lines.append(f" {view.word}  {view.origin}, {count_of(len(view.metrics), 'metric')}")
    for compared in view.metrics:
        lines += ["", f" {compared.metric.name}  {said(compared.said)}"]
        lines += [f"   {line}" for line in metric_lines(compared, view.confidence)]
    lines += ["", *(f" note: {said(note)}" for note in view.notes)] if view.notes else []
    return "\n".join(part for line in lines for part in _folded(line, width)) + "\n"


def metric_lines(compared: Compared, confidence: float) -> Iterator[str]:
    """One metric, line by line, without markup."""
    found, scale = compared.contrast, compared.metric.scale.value
    if isinstance(found, NotMeasured):
        yield f"not measured: {said(found.reason)}"
    else:
        yield from _figures(found, scale, confidence)
    if compared.tango is not None and compared.newcombe is not None:
        yield f"beside it: Tango {_bounds(compared.tango, scale)}; Newcombe {_bounds(compared.newcombe, scale)}"
    if compared.mcnemar is not None:
        yield f"McNemar, exact: p = {compared.mcnemar:.3g}"
    if compared.pass_k is not None:
        k, base, candidate = compared.pass_k
        yield f"pass^{k}: base {figure(base, 'ratio')}, candidate {figure(candidate, 'ratio')}"
    yield from _flips("broken", compared.broken)
    yield from _flips("fixed", compared.fixed)
    if compared.always_failing:
        yield f"the candidate always fails {len(compared.always_failing):,}: {_named(compared.always_failing)}"
    for each in compared.slices:
        yield f"slice {plain(each.slice)}: {_slice(each.contrast, scale)}{', worse' if each.worse else ''}"
    yield from _unpaired(compared.unpaired)


def _figures(found: Contrast, scale: str, confidence: float) -> Iterator[str]:
    level = f"{confidence * 100:.6g} %"
    cases = count_of(found.n, "case")
    yield f"base {figure(found.base, scale)}, candidate {figure(found.candidate, scale)}, {cases}"
    gap = found.candidate - found.base
    yield f"difference {_signed(gap, scale)}, {level} {_bounds(found.difference, scale)}"
    if isinstance(found.ratio, NotMeasured):
        yield f"ratio not measured: {said(found.ratio.reason)}"
    elif found.base > 0.0:
        yield f"ratio {figure(found.candidate / found.base, 'number')}, {level} {_bounds(found.ratio, 'number')}"
    yield f"so many cases of this spread show a difference of {figure(found.detectable, scale)} in 4 of 5 comparisons"


def _slice(found: Contrast | NotMeasured, scale: str) -> str:
    if isinstance(found, NotMeasured):
        return said(found.reason)
    figures = f"base {figure(found.base, scale)}, candidate {figure(found.candidate, scale)}, n {found.n:,}"
    return f"{figures}, difference {_bounds(found.difference, scale)}"


def _bounds(interval: Interval, scale: str) -> str:
    low = "no bound" if interval.low is None else _signed(interval.low, scale, plus=False)
    high = "no bound" if interval.high is None else _signed(interval.high, scale, plus=False)
    return f"{low} to {high}"


def _signed(value: float, scale: str, *, plus: bool = True) -> str:
    if value < 0:
        return f"-{figure(-value, scale)}"
    return f"{'+' if plus and value > 0 else ''}{figure(value, scale)}"


def _flips(word: str, flips: Sequence[Flip]) -> Iterator[str]:
    if not flips:
        return
    new = sum(not flip.known for flip in flips)
    known = f", {len(flips) - new:,} of them known" if new < len(flips) else ""
    yield f"{word} {len(flips):,}{known}"
    shown = flips[:_SHOWN]
    wide = max(columns(plain(flip.case_id, 40)) for flip in shown)
    for flip in shown:
        rates = f"{figure(flip.base, 'ratio')} to {figure(flip.candidate, 'ratio')}"
        yield f"  {pad(plain(flip.case_id, 40), wide)}  {rates}{f'  {said(flip.known)}' if flip.known else ''}"
    if len(flips) > _SHOWN:
        yield f"  and {len(flips) - _SHOWN:,} more"


def _unpaired(unpaired: Sequence[Unpaired]) -> Iterator[str]:
    if not unpaired:
        return
    yield f"not compared: {count_of(len(unpaired), 'trial')}, counted on neither side"
    for each in unpaired[:_SHOWN]:
        repeat = f" (repeat {each.repeat})" if each.repeat else ""
        side = "" if each.side == "both" else f"{each.side} "
        yield f"  {plain(each.case_id, 40)}{repeat}: {side}{said(each.reason, 200)}"
    if len(unpaired) > _SHOWN:
        yield f"  and {len(unpaired) - _SHOWN:,} more"


def _named(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - _SHOWN:,} more" if len(ids) > _SHOWN else ""
    return ", ".join(plain(each, 40) for each in ids[:_SHOWN]) + more


def _folded(line: str, width: int) -> list[str]:
    """The line, or what follows hung under its beginning."""
    if columns(line) <= width:
        return [line]
    indent = " " * (len(line) - len(line.lstrip(" ")))
    return wrap(line.strip(), width, initial_indent=indent, subsequent_indent=f"{indent}  ", break_on_hyphens=False)


def comparison_json(view: ComparisonView) -> dict[str, Json]:
    """Everything, unrounded; what is not measured is an object with its reason, never a number."""
    return {
        "schema_version": 1,
        "outcome": view.outcome.value,
        "exit_code": view.outcome.exit_code,
        "base": {"run": plain(view.base), "subject": view.subjects[0]},
        "candidate": {"run": plain(view.candidate), "subject": view.subjects[1]},
        "origin": view.origin,
        "confidence": view.confidence,
        "metrics": [_metric_json(each) for each in view.metrics],
        "notes": [said(note) for note in view.notes],
    }


def _metric_json(compared: Compared) -> Json:
    pass_k = compared.pass_k
    return {
        "metric": compared.metric.name,
        "kind": compared.metric.kind.value,
        "scale": compared.metric.scale.value,
        "better": compared.metric.better.value,
        "outcome": compared.outcome.value,
        "said": said(compared.said),
        **_contrast_json(compared.contrast),
        "tango": _interval_json(compared.tango),
        "newcombe": _interval_json(compared.newcombe),
        "mcnemar_p": compared.mcnemar,
        "pass_k": None if pass_k is None else {"k": pass_k[0], "base": pass_k[1], "candidate": pass_k[2]},
        "fixed": [_flip_json(flip) for flip in compared.fixed],
        "broken": [_flip_json(flip) for flip in compared.broken],
        "values": {plain(unit): list(pair) for unit, pair in compared.cases.items()},
        "always_failing": [plain(each) for each in compared.always_failing],
        "slices": [
            {"slice": plain(each.slice), "worse": each.worse, **_contrast_json(each.contrast)}
            for each in compared.slices
        ],
        "unpaired": [
            {"case": plain(each.case_id), "repeat": each.repeat, "side": each.side, "reason": said(each.reason, 200)}
            for each in compared.unpaired
        ],
    }


def _contrast_json(found: Contrast | NotMeasured) -> dict[str, Json]:
    if isinstance(found, NotMeasured):
        return {"not_measured": said(found.reason)}
    return {
        "cases": found.n,
        "base": found.base,
        "candidate": found.candidate,
        "difference": {"value": found.candidate - found.base, **(_interval_json(found.difference) or {})},
        "ratio": {"not_measured": said(found.ratio.reason)}
        if isinstance(found.ratio, NotMeasured)
        else {
            "value": found.candidate / found.base if found.base > 0.0 else None,
            **(_interval_json(found.ratio) or {}),
        },
        "detectable": found.detectable,
    }


def _interval_json(interval: Interval | None) -> dict[str, Json] | None:
    if interval is None:
        return None
    return {"low": interval.low, "high": interval.high, "method": interval.method}


def _flip_json(flip: Flip) -> Json:
    return {
        "case": plain(flip.case_id),
        "base": flip.base,
        "candidate": flip.candidate,
        "known": said(flip.known) if flip.known else None,
    }
