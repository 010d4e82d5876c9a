"""Two runs of the same cases compared: what is shown, what flipped, and what may be said of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from enum import StrEnum
from fractions import Fraction

from sluicegate.frozen import frozen
from sluicegate.gate.pairing import Paired, Readings, Unpaired, is_share
from sluicegate.gate.wording import count_of
from sluicegate.model import NotMeasured
from sluicegate.plan.types import Better, Metric, Scale
from sluicegate.stats.contrast import Contrast, contrast, unbounded_contrast
from sluicegate.stats.interval import Interval
from sluicegate.stats.paired import newcombe_paired, tango_interval
from sluicegate.stats.repeats import pass_hat_k
from sluicegate.stats.wilson import mcnemar_exact

__all__ = ["Change", "Compared", "Flip", "Goal", "Outcome", "SliceCompared", "compare"]


class Outcome(StrEnum):
    """What a comparison shows, by what a pipeline should do about it."""

    BETTER = "better"
    NOT_WORSE = "not_worse"
    NOT_SHOWN = "not_shown"
    INCOMPLETE = "incomplete"
    WORSE = "worse"

    @property
    def exit_code(self) -> int:
        """As the gate's: 0 go on, 10 hold, 20 back, 30 the evidence does not do."""
        return {"better": 0, "not_worse": 0, "not_shown": 10, "incomplete": 30, "worse": 20}[self.value]


@frozen
class Change:
    """An amount of better or worse: points of a ratio, or percent of the base."""

    amount: Fraction
    relative: bool
    text: str


@frozen
class Goal:
    """What has to be shown. Without either, any improvement at all."""

    better_than: Change | None = None
    no_worse_than: Change | None = None


@frozen
class Flip:
    """A case that one side passed at every repeat and the other did not."""

    case_id: str
    base: float
    """Share of its repeats that passed."""
    candidate: float
    known: str = ""
    """Who owns this known failure, and until when; empty for a new one."""


@frozen
class SliceCompared:
    """One slice, its bounds at the slices' share of alpha."""

    slice: str
    contrast: Contrast | NotMeasured
    worse: bool
    """Shown to be worse, by more than is tolerated."""


@frozen
class Compared:
    """One metric on both sides."""

    metric: Metric
    contrast: Contrast | NotMeasured
    outcome: Outcome
    said: str
    """The outcome in words: what was shown, never more."""
    fixed: tuple[Flip, ...] = ()
    broken: tuple[Flip, ...] = ()
    always_failing: tuple[str, ...] = ()
    """Cases that the candidate failed at every repeat."""
    pass_k: tuple[int, float, float] | None = None
    """k, and pass^k of base and candidate; where cases ran k times."""
    mcnemar: float | None = None
    """Exact p-value; only of cases that ran once."""
    tango: Interval | None = None
    newcombe: Interval | None = None
    slices: tuple[SliceCompared, ...] = ()
    unpaired: tuple[Unpaired, ...] = ()
    cases: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Each compared case with its base and candidate value."""


def compare(
    base: Readings,
    candidate: Readings,
    *,
    alpha: Fraction,
    goal: Goal,
    known: Mapping[str, str],
    forbid_broken: bool = False,
    seed: int = 0,
) -> Compared:
    """Everything that two runs say of one metric.

    Args: readings of the same metric; alpha of each bound; what has to be shown; known failures by case, which are
    named as such in the list of flips and change nothing else; whether a flip to failure that nobody knows of is worse.
    A trial without a partner is listed, counts as nothing, and then no improvement is claimed.
    """
    metric = candidate.metric
    paired = base.beside(candidate)
    found = _contrast(paired, metric, float(alpha), seed)
    slices = _slices(paired, {**base.slices, **candidate.slices}, metric, alpha, goal=goal, seed=seed)
    fixed, broken = _flips(paired, metric, known) if is_share(metric) else ((), ())
    outcome, said = _outcome(found, metric, goal, paired, slices)
    if forbid_broken and (new := [flip for flip in broken if not flip.known]) and outcome is not Outcome.WORSE:
        outcome, said = (
            Outcome.WORSE,
            f"{count_of(len(new), 'case')} broke that nobody knows of, and that is not allowed",
        )
    once = (
        is_share(metric)
        and paired.once
        and all(value in (0.0, 1.0) for pair in paired.pairs.values() for value in pair)
    )
    exact = _exact(paired, metric, float(alpha)) if once else (None, None, None)
    return Compared(
        metric=metric,
        contrast=found,
        outcome=outcome,
        said=said,
        fixed=fixed,
        broken=broken,
        always_failing=_always_failing(paired, metric),
        pass_k=_pass_k(paired, metric),
        mcnemar=exact[0],
        tango=exact[1],
        newcombe=exact[2],
        slices=slices,
        unpaired=paired.unpaired,
        cases=paired.pairs,
    )


def _contrast(paired: Paired, metric: Metric, alpha: float, seed: int) -> Contrast | NotMeasured:
    pairs = [paired.pairs[unit] for unit in sorted(paired.pairs)]
    if is_share(metric) or (
        metric.scale is Scale.RATIO and all(0.0 <= value <= 1.0 for pair in pairs for value in pair)
    ):
        return contrast(pairs, alpha, seed=seed)
    return unbounded_contrast(pairs, alpha)


def _slices(
    paired: Paired, slices: Mapping[str, str], metric: Metric, alpha: Fraction, *, goal: Goal, seed: int
) -> tuple[SliceCompared, ...]:
    names = sorted({slices[unit] for unit in paired.pairs if unit in slices})
    if len(names) < 2:
        return ()
    compared = []
    for name in names:
        part = {unit: pair for unit, pair in paired.pairs.items() if slices.get(unit) == name}
        found = _contrast(Paired(pairs=part, repeats={}, unpaired=()), metric, float(alpha / len(names)), seed)
        worse = isinstance(found, Contrast) and _is_worse(found, metric, goal)
        compared.append(SliceCompared(slice=name, contrast=found, worse=worse))
    return tuple(compared)


def _flips(paired: Paired, metric: Metric, known: Mapping[str, str]) -> tuple[tuple[Flip, ...], tuple[Flip, ...]]:
    """A case passes when all its repeats passed, as for the gate."""
    fixed, broken = list[Flip](), list[Flip]()
    for unit, repeats in paired.repeats.items():
        before = [_passes(value, metric) for value, _ in repeats]
        after = [_passes(value, metric) for _, value in repeats]
        if all(before) == all(after):
            continue
        rates = sum(before) / len(before), sum(after) / len(after)
        mark = known.get(unit, "") if all(before) else ""
        (broken if all(before) else fixed).append(Flip(case_id=unit, base=rates[0], candidate=rates[1], known=mark))
    return tuple(sorted(fixed, key=_by_size)), tuple(sorted(broken, key=_by_size))


def _by_size(flip: Flip) -> tuple[float, str]:
    return -abs(flip.candidate - flip.base), flip.case_id


def _passes(value: float, metric: Metric) -> bool:
    return value <= 0.0 if metric.better is Better.LOWER else value >= 1.0


def _always_failing(paired: Paired, metric: Metric) -> tuple[str, ...]:
    if not is_share(metric) or metric.better is Better.INSIDE:
        return ()
    return tuple(
        unit for unit, repeats in paired.repeats.items() if not any(_passes(value, metric) for _, value in repeats)
    )


def _pass_k(paired: Paired, metric: Metric) -> tuple[int, float, float] | None:
    k = min((len(repeats) for repeats in paired.repeats.values()), default=0)
    if k < 2 or not is_share(metric):
        return None
    sides = [
        pass_hat_k(
            [
                (sum(_passes(trial[side], metric) for trial in trials), len(trials))
                for trials in paired.repeats.values()
            ],
            k,
        )
        for side in (0, 1)
    ]
    one, two = sides
    return None if isinstance(one, NotMeasured) or isinstance(two, NotMeasured) else (k, one, two)


def _exact(paired: Paired, metric: Metric, alpha: float) -> tuple[float | None, Interval | None, Interval | None]:
    """McNemar, Tango and Newcombe, of the share that the metric is (of the bad ones, where lower is better)."""
    up = sum(pair == (0.0, 1.0) for pair in paired.pairs.values())
    down = sum(pair == (1.0, 0.0) for pair in paired.pairs.values())
    both = sum(pair == (1.0, 1.0) for pair in paired.pairs.values())
    n = len(paired.pairs)
    p = mcnemar_exact(up, down)
    tango, newcombe = tango_interval(up, down, n, alpha), newcombe_paired(both, up, down, n - both - up - down, alpha)
    return (
        None if isinstance(p, NotMeasured) else p,
        None if isinstance(tango, NotMeasured) else tango,
        None if isinstance(newcombe, NotMeasured) else newcombe,
    )


def _outcome(
    found: Contrast | NotMeasured, metric: Metric, goal: Goal, paired: Paired, slices: Sequence[SliceCompared]
) -> tuple[Outcome, str]:
    """Worse first: evidence that is incomplete never hides it."""
    if isinstance(found, Contrast) and _is_worse(found, metric, goal):
        tolerated = f" by more than {goal.no_worse_than.text}" if goal.no_worse_than is not None else ""
        return Outcome.WORSE, f"worse{tolerated}: shown"
    if bad := [each.slice for each in slices if each.worse]:
        return Outcome.WORSE, f"worse in {', '.join(bad)}: shown"
    if isinstance(found, NotMeasured):
        return Outcome.INCOMPLETE, found.reason
    if paired.unpaired:
        return Outcome.INCOMPLETE, f"nothing is claimed: {count_of(len(paired.unpaired), 'trial')} cannot be compared"
    return _claimed(found, metric, goal)


def _claimed(found: Contrast, metric: Metric, goal: Goal) -> tuple[Outcome, str]:
    """What whole evidence that shows nothing worse is good for."""
    if metric.better is Better.INSIDE:
        return Outcome.NOT_SHOWN, "neither way is better: the plan says inside"
    if goal.better_than is not None:
        said, good = f"better by more than {goal.better_than.text}", Outcome.BETTER
        shown = _shows_better(found, metric, goal.better_than)
    elif goal.no_worse_than is not None:
        said, good = f"no worse than by {goal.no_worse_than.text}", Outcome.NOT_WORSE
        shown = _shows_no_worse(found, metric, goal.no_worse_than)
    else:
        said, good = "any better", Outcome.BETTER
        shown = _gain(found.difference, metric)[0] > 0.0
    return (good, f"{said}: shown") if shown else (Outcome.NOT_SHOWN, f"{said}: not shown")


def _is_worse(found: Contrast, metric: Metric, goal: Goal) -> bool:
    if metric.better is Better.INSIDE:
        return False
    if goal.no_worse_than is None:
        return _gain(found.difference, metric)[1] < 0.0
    gain = _gain(_of(found, goal.no_worse_than), metric, relative=goal.no_worse_than.relative)
    return gain[1] < -goal.no_worse_than.amount


def _shows_better(found: Contrast, metric: Metric, change: Change) -> bool:
    return _gain(_of(found, change), metric, relative=change.relative)[0] > change.amount


def _shows_no_worse(found: Contrast, metric: Metric, change: Change) -> bool:
    return _gain(_of(found, change), metric, relative=change.relative)[0] >= -change.amount


def _of(found: Contrast, change: Change) -> Interval | NotMeasured:
    return found.ratio if change.relative else found.difference


def _gain(interval: Interval | NotMeasured, metric: Metric, *, relative: bool = False) -> tuple[float, float]:
    """How much better, at least and at most; of a ratio, the share of the base. Unknown bounds are infinite."""
    if isinstance(interval, NotMeasured):
        return float("-inf"), float("inf")
    start = 1.0 if relative else 0.0
    low = float("-inf") if interval.low is None else interval.low - start
    high = float("inf") if interval.high is None else interval.high - start
    return (-high, -low) if metric.better is Better.LOWER else (low, high)
