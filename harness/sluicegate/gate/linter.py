"""What a plan asks for, in numbers, before any rollout: what can be promoted, when, and how often by mistake.

Notes never stop anything; they say what the statistics of `criteria` will do with the plan as it is written.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from fractions import Fraction
from math import ceil

from sluicegate.errors import Fault
from sluicegate.frozen import frozen
from sluicegate.gate.bodies import unit_of
from sluicegate.gate.days import day_minimum
from sluicegate.gate.load_lint import load_notes
from sluicegate.gate.percents import apart, at_most_percent, percent
from sluicegate.gate.sides import Sense, Side, resolve
from sluicegate.gate.wording import count_of, plural, quantile_name
from sluicegate.model import NotMeasured, Origin
from sluicegate.plan.metrics import is_countable
from sluicegate.plan.notes import plan_notes
from sluicegate.plan.types import Bound, Criterion, Drop, MetricKind, Mode, Plan, Ratio, Stage
from sluicegate.stats import betting, binomial, quantile
from sluicegate.stats.allocation import FEWEST_UNITS
from sluicegate.stats.ratio import ratio_interval

__all__ = ["Note", "lint"]

_SHORT_OF = Fraction(2, 5)
"""How far behind the target a build "a little below" ("a little above") is: two fifths of the way to the next line."""
_WORTH_SAYING = 0.05
_LOOKS = 7


@frozen
class Note:
    """One thing to know about one criterion."""

    line: int
    """In the plan file."""
    about: str
    text: str


def lint(plan: Plan) -> tuple[Note, ...]:
    """The notes on a plan, by line; the same plan gives the same notes. Costs milliseconds."""
    notes = {_from_plan(fault): None for fault in plan_notes(plan)}
    notes |= {Note(line=each.line, about=each.about, text=each.text): None for each in load_notes(plan)}
    for stage in plan.stages:
        for criterion in stage.criteria:
            for text in _notes(criterion, stage, plan.daily_traffic):
                notes[Note(line=criterion.line, about=criterion.metric.name, text=text)] = None
    return tuple(sorted(notes, key=lambda note: note.line))


def _from_plan(fault: Fault) -> Note:
    """What the plan's own notes say of suites and metrics that this version cannot measure."""
    about, _, what = fault.what.partition(": ")
    if " " in about or not what:
        about, what = "suites", fault.what
    text = f"{what} {fault.mend}" if fault.mend else what
    return Note(line=int(fault.where.rpartition(":")[2]), about=about, text=text)


def _notes(criterion: Criterion, stage: Stage, traffic: int | None) -> Iterator[str]:
    metric = criterion.metric
    unfed = [origin.value for origin in criterion.origins if not is_countable(metric, origin)]
    if len(unfed) == len(criterion.origins) or (metric.kind is MetricKind.INCIDENTS and not metric.recall):
        return  # Said by the plan's own notes: there will be no number, so figures would promise too much.
    if unfed:
        yield f"from {' and '.join(unfed)} is not measured by this version; the stage holds at it."
        return
    if metric.kind in (MetricKind.COUNT, MetricKind.CORRELATION):
        yield f"is a {metric.kind.value}, not measured by this version; the stage holds at it."
        return
    yield from _relative(criterion)
    match metric.kind:
        case MetricKind.INCIDENTS:
            yield from _incidents(criterion, traffic)
        case MetricKind.PROPORTION | MetricKind.DISTRIBUTION:
            yield from _share(criterion, stage, traffic)
        case MetricKind.SPLIT if (criterion.minimum_n or 0) < FEWEST_UNITS:
            yield f"holds below {FEWEST_UNITS} {plural(unit_of(criterion))}: a mismatch is looked for from there on."
        case _:
            pass


# Relative lines


def _relative(criterion: Criterion) -> Iterator[str]:
    target = criterion.promote
    if isinstance(target, Drop) and target.amount == 0:
        yield f"'not worse than {target.than}' is never shown without a margin; write the points that do not matter."
    if not isinstance(target, Ratio) or target.value <= 1 or criterion.metric.kind is not MetricKind.PROPORTION:
        return
    limit = percent(float(1 / target.value))
    yield f"'{target.text}' cannot be met once {target.than} is above {limit}."
    if criterion.mode is not Mode.POINT and target.bound is None:
        fewest = _fewest_for_multiple(target.value, float(criterion.alpha))
        needs = "not even 100 of 100" if fewest is None else f"it takes {fewest} of 100"
        yield f"'{target.text}' as a proven bound: {needs} against 25 of 100; a bound: below the ratio is within reach."


def _fewest_for_multiple(ratio: Fraction, alpha: float) -> int | None:
    """The least k of 100 that shows the multiple of 25 of 100."""

    def shows(k: int) -> bool:
        interval = ratio_interval(k, 100, 25, 100, alpha)
        return not isinstance(interval, NotMeasured) and interval.low is not None and interval.low >= ratio

    return bisect_left(range(101), True, key=shows) if shows(100) else None


# Zero incidents


def _incidents(criterion: Criterion, traffic: int | None) -> Iterator[str]:
    recall, rate = criterion.metric.recall, criterion.max_rate
    if not recall or rate is None:
        return
    limit = rate * recall
    grows = _grows(criterion)
    needed = _fewest_units(Fraction(1) - limit, criterion.alpha, grows=grows)
    if needed is None or (criterion.minimum_n or 0) >= needed:
        return
    unit = unit_of(criterion)
    text = f"max_rate {percent(float(rate))} needs {count_of(needed, unit)} without one"
    if recall != 1:
        text += f" at detector recall {float(recall):.4g}"
    if criterion.minimum_n:
        bound = _zero_bound(criterion.minimum_n, criterion.alpha, grows=grows) / float(recall)
        text = f"0 in {criterion.minimum_n} shows a rate below {at_most_percent(bound)}; {text}"
    yield text + _waits(needed, unit, traffic if grows else None, of="a clean build") + "."


def _zero_bound(n: int, alpha: Fraction, *, grows: bool) -> float:
    if grows:
        good = betting.lower_bound({1.0: n}, alpha)
        return 1.0 if isinstance(good, NotMeasured) else 1.0 - good
    bound = binomial.zero_upper_bound(n, float(alpha))
    return 1.0 if isinstance(bound, NotMeasured) else bound


# Shares, and quantiles as shares


@frozen
class _Goal:
    """A one-sided target in the sense "at least", whatever the metric's direction."""

    target: Fraction
    guard: Fraction | None
    """What a pass has to show besides; None for nothing."""
    guard_text: str
    next_line: Fraction
    """The alert or rollback line behind the target; where there is none, as far behind as perfection is ahead."""
    lower: bool
    """Whether the metric itself is better lower, so that figures are shown turned back."""

    def said(self, share: Fraction, *, of: Fraction | None = None) -> str:
        """A share in the metric's own direction; in as many digits as tell it from `of`."""
        shown = float(1 - share if self.lower else share)
        return percent(shown) if of is None else apart(shown, float(1 - of if self.lower else of))

    @property
    def behind(self) -> str:
        """The bad side of the target, in the metric's own direction."""
        return "above" if self.lower else "below"


def _goal(criterion: Criterion) -> _Goal | None:
    """The goal of a criterion with one absolute target; None for other targets."""
    if criterion.at is not None:
        return _quantile_goal(criterion)
    if not isinstance(criterion.promote, Bound) or criterion.metric.kind is not MetricKind.PROPORTION:
        return None
    lines = resolve(criterion, {})
    if len(lines.promote) != 1:
        return None
    target = lines.promote[0]
    guards = [side for side in lines.guards if side.relative is None and side.sense is target.sense]
    guard = guards[0] if guards else None
    shown = {Mode.STRICT: target, Mode.GUARDED: guard or target, Mode.POINT: None}[criterion.mode]
    upright = _upright(target)
    behind = _upright(guard) if guard is not None and guard.value != target.value else _mirrored(upright)
    return _Goal(
        target=upright,
        guard=None if shown is None else _upright(shown),
        guard_text="" if shown is None else shown.text,
        next_line=behind,
        lower=target.sense is Sense.AT_MOST,
    )


def _quantile_goal(criterion: Criterion) -> _Goal | None:
    """At most v at p95: at least 95 % within v. The limit itself does not matter to how many units that takes."""
    promote = resolve(criterion, {}).promote
    if criterion.at is None or len(promote) != 1:
        return None
    share = criterion.at if promote[0].sense is Sense.AT_MOST else 1 - criterion.at
    guard = None if criterion.mode is Mode.POINT else share
    return _Goal(
        target=share, guard=guard, guard_text=quantile_name(criterion.at), next_line=_mirrored(share), lower=False
    )


def _mirrored(share: Fraction) -> Fraction:
    """As far behind the target as perfection is ahead of it, at most ten points."""
    return share - min(share, 1 - share, Fraction(1, 10))


def _upright(side: Side) -> Fraction:
    return side.value if side.sense is Sense.AT_LEAST else 1 - side.value


def _share(criterion: Criterion, stage: Stage, traffic: int | None) -> Iterator[str]:
    goal = _goal(criterion)
    if goal is None:
        return
    grows, unit = _grows(criterion), unit_of(criterion)
    if goal.guard == 1:
        yield "a target of 100 % is never shown by a bound: give it an alert line, or mode: point."
        return
    if criterion.at is not None and (criterion.minimum_n or 0) < (
        least := quantile.units_for_bound(float(goal.target))
    ):
        yield f"{quantile_name(criterion.at)} has no bound below {count_of(least, unit)}."
    if criterion.minimum_n is None:
        yield from _without_minimum(goal, criterion, unit, grows=grows)
    else:
        yield from _at_minimum(goal, criterion, criterion.minimum_n, traffic)
    if stage.stable_days and Origin.LIVE in criterion.origins and criterion.at is None:
        yield from _stable_days(goal, criterion, stage.stable_days, traffic)


def _without_minimum(goal: _Goal, criterion: Criterion, unit: str, *, grows: bool) -> Iterator[str]:
    if goal.guard is not None and (fewest := _fewest_units(goal.guard, criterion.alpha, grows=grows)) is not None:
        yield f"has no min: it can promote from {count_of(fewest, unit)} on, all of them right."


def _at_minimum(goal: _Goal, criterion: Criterion, n: int, traffic: int | None) -> Iterator[str]:
    grows, unit = _grows(criterion), unit_of(criterion)
    by_estimate = ceil(goal.target * n)
    by_bound = 0 if goal.guard is None else _fewest(n, goal.guard, criterion.alpha, grows=grows)
    if by_bound is None and goal.guard is not None:
        needed = _fewest_units(goal.guard, criterion.alpha, grows=grows)
        bound = 1.0 - _zero_bound(n, criterion.alpha, grows=grows)
        fewest = "" if needed is None else f"; {needed} are needed"
        yield f"min: {n} cannot promote: {n} of {n} right has a lower bound of {percent(bound)}{fewest}."
        return
    least = max(by_estimate, by_bound or 0)
    if least > by_estimate:
        good = "right" if criterion.at is None else "within the line"
        counts = f"at most {n - least} of {n}" if goal.lower else f"{least} of {n} {good}"
        text = f"min: {n} can promote only with {counts} (bound clears {goal.guard_text})"
        yield text + _typical_wait(goal, criterion, n, unit, traffic if grows else None) + "."
    yield from _mistakes(goal, criterion, n, least, grows=grows)


def _typical_wait(goal: _Goal, criterion: Criterion, n: int, unit: str, traffic: int | None) -> str:
    if traffic is None or goal.guard is None:
        return ""
    share = goal.target + _SHORT_OF * (1 - goal.target)
    needed = betting.units_needed(share, float(goal.guard), criterion.alpha)
    return "" if needed is None else _waits(max(n, needed), unit, traffic, of=f"a true {goal.said(share)} build")


def _mistakes(goal: _Goal, criterion: Criterion, n: int, least: int, *, grows: bool) -> Iterator[str]:
    """How often a build just below target passes a look, and what strict would make of it."""
    if criterion.mode is Mode.STRICT or criterion.at is not None or least > n:
        return
    share = goal.target - _SHORT_OF * (goal.target - goal.next_line)
    chance = binomial.tail_above(least, n, float(share))
    if share == goal.target or chance < _WORTH_SAYING:
        return
    strict = _fewest(n, goal.target, criterion.alpha, grows=grows)
    instead = 0.0 if strict is None else binomial.tail_above(strict, n, float(share))
    again = ""
    if criterion.mode is Mode.POINT:
        again = f" ({percent(1.0 - (1.0 - chance) ** _LOOKS)} of series of {_LOOKS} looks)"
    yield (
        f"a build truly at {goal.said(share, of=goal.target)}, a little {goal.behind} target, still passes "
        f"{percent(chance)} of looks at n = {n}{again}; with mode: strict {percent(instead)}."
    )


def _stable_days(goal: _Goal, criterion: Criterion, days: int, traffic: int | None) -> Iterator[str]:
    least, unit = day_minimum(criterion, days), unit_of(criterion)
    if traffic is None:
        yield f"each of the {days} stable days needs {count_of(least, unit)}."
        return
    if traffic < least:
        yield f"each of the {days} stable days needs {count_of(least, unit)}; at {traffic} a day none is stable."
        return
    share = goal.target + _SHORT_OF * (1 - goal.target)
    limit = goal.next_line if goal.guard is not None else goal.target
    shown_below = binomial.most_below(traffic, limit, criterion.alpha)
    bad = 0.0 if shown_below is None else binomial.tail_below(shown_below, traffic, float(share))
    by_estimate = binomial.tail_above(ceil(goal.target * traffic), traffic, float(share))
    yield (
        f"at {count_of(traffic, unit)} a day a build at {goal.said(share)} keeps {days} stable days in "
        f"{percent((1.0 - bad) ** days)}; judged by daily estimates against the target it would in "
        f"{percent(by_estimate**days)}."
    )


# Numbers


def _grows(criterion: Criterion) -> bool:
    """Growing evidence asks for more, so where both are named it is the one to speak of."""
    return any(origin.grows for origin in criterion.origins)


def _fewest(n: int, line: Fraction, alpha: Fraction, *, grows: bool) -> int | None:
    return betting.hits_needed(n, float(line), alpha) if grows else binomial.fewest_above(n, line, alpha)


def _fewest_units(line: Fraction, alpha: Fraction, *, grows: bool) -> int | None:
    """The least n of which n of n show a share above the line."""
    if grows:
        return betting.units_needed(Fraction(1), float(line), alpha)
    needed = binomial.units_for_zero(1 - line, alpha)
    return None if isinstance(needed, NotMeasured) else needed


def _waits(n: int, unit: str, traffic: int | None, *, of: str) -> str:
    if not traffic:
        return ""
    return f". At {count_of(traffic, unit)} a day {of} waits {count_of(ceil(Fraction(n, traffic)), 'day')}"
