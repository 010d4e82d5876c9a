"""Where one body of evidence stands against the lines of its criterion: the order in which the lines are asked."""

from __future__ import annotations

from fractions import Fraction

from sluicegate.frozen import frozen
from sluicegate.gate.body import Body, Flip
from sluicegate.gate.sides import Lines, Sense, Side
from sluicegate.gate.wording import count_of, figure, plural
from sluicegate.model import Estimate, Kind, NotMeasured, Status
from sluicegate.plan.types import Criterion, Mode, Ratio

__all__ = ["Standing", "limit_said", "nothing", "stand", "worst"]

_NO_MORE = "add cases, or lower min, for running the same cases again gives no more"
_NOTHING_FLIPS = Flip(text="")
_STAYS = Flip(text="Mend the cause and serve a new subject: a line once crossed stays crossed")


@frozen
class Standing:
    """A status, the row it asks for, and the words for it."""

    status: Status
    kind: Kind
    measured: Estimate | NotMeasured
    shown: str = ""
    flip: Flip = _NOTHING_FLIPS


def nothing(reason: NotMeasured, status: Status = Status.NO_DATA) -> Standing:
    """There is nothing to judge, and that holds."""
    return Standing(status=status, kind=Kind.HOLD_INSUFFICIENT, measured=reason, flip=Flip(text=reason.mend))


def worst(standings: list[Standing]) -> Standing:
    """The one whose row comes first in the order of evaluation; of equals the first."""
    return min(standings, key=lambda standing: standing.kind.row)


def stand(
    body: Body,
    lines: Lines,
    criterion: Criterion,
    *,
    alpha: Fraction,
    minimum: int | None,
    stage_live: bool,
    must_show: tuple[Side, ...] = (),
) -> Standing:
    """Ask the lines in the order of evaluation; the first answer that is not good decides.

    `must_show` are limits that a pass has to clear besides those of its mode: the max_rate of zero incidents.
    """
    measured = body.estimate(alpha)
    for side in lines.rollback:
        if (where := body.crossed(side, alpha)) is not None:
            return Standing(
                status=Status.ROLLBACK,
                kind=Kind.ROLLBACK_THRESHOLD if stage_live else Kind.HOLD_THRESHOLD,
                measured=measured,
                shown=f"{limit_said(side, criterion, good=False)}, {where}",
                flip=_STAYS,
            )
    if body.n == 0:
        return nothing(measured if isinstance(measured, NotMeasured) else NotMeasured(reason="no units in the window"))
    return _estimated(body, lines, criterion, measured, minimum) or _shown(
        body, (*_to_show(lines, criterion), *must_show), criterion, measured, alpha
    )


def limit_said(side: Side, criterion: Criterion, *, good: bool) -> str:
    """`above alert 0.90`, `below rollback 0.70`: what is shown, in the words of the line."""
    above = (side.sense is Sense.AT_LEAST) is good
    name = "target" if side.role == "promote" else side.role
    if side.relative is not None and isinstance(side.relative.line, Ratio):
        line = side.relative.line
        multiple = line.bound if good and side.role == "promote" and line.bound is not None else line.value
        return f"{'above' if above else 'below'} {float(multiple):.6g} times {line.than}"
    relative = "" if side.relative is None else f" ({side.text})"
    return f"{'above' if above else 'below'} {name} {figure(side.value, criterion.metric.scale)}{relative}"


def _estimated(
    body: Body, lines: Lines, criterion: Criterion, measured: Estimate | NotMeasured, minimum: int | None
) -> Standing | None:
    """What the estimate alone decides, in order: suspicion, too little evidence, alert, target missed."""
    for side in lines.rollback:
        if not body.meets(side):
            flip = body.to_meet(side)
            return Standing(
                status=Status.SUSPECT,
                kind=Kind.HOLD_SUSPECT,
                measured=measured,
                shown=f"nothing yet: the estimate alone is {limit_said(side, criterion, good=False)}",
                flip=Flip(text=f"Have a human look at it; or {flip.text[:1].lower()}{flip.text[1:]}", more=flip.more),
            )
    if lines.missing is not None:
        return nothing(lines.missing)
    if minimum is not None and body.n < minimum:
        more = minimum - body.n
        unit = criterion.unit or criterion.metric.unit
        matured = "matured " if criterion.metric.matures_after_s else ""
        lacking = f"{more:,} more {matured}{unit if more == 1 else plural(unit)}"
        grows = any(origin.grows for origin in criterion.origins)
        return Standing(
            status=Status.INSUFFICIENT,
            kind=Kind.HOLD_INSUFFICIENT,
            measured=measured,
            flip=Flip(text=f"Collect {lacking}" if grows else f"It takes {lacking}: {_NO_MORE}", more=more),
        )
    for side in (*lines.alert, *lines.promote):
        if not body.meets(side):
            # What promotes is the target: meeting the alert line alone would not.
            goal = next((line for line in lines.promote if not body.meets(line)), side)
            return Standing(
                status=Status.ALERT if side.role == "alert" else Status.INCONCLUSIVE,
                kind=Kind.HOLD_BELOW_TARGET,
                measured=measured,
                shown=f"nothing: the estimate is {limit_said(side, criterion, good=False)}",
                flip=body.to_meet(goal),
            )
    if isinstance(measured, NotMeasured):
        return nothing(measured, Status.INSUFFICIENT)
    return None


def _to_show(lines: Lines, criterion: Criterion) -> tuple[Side, ...]:
    """The limits a pass has to clear with evidence, by mode."""
    bounded = tuple(side for side in lines.promote if _has_bound(side))
    match criterion.mode:
        case Mode.POINT:
            return bounded
        case Mode.STRICT:
            return lines.promote or lines.guards
        case Mode.GUARDED:
            # A target without any guard line is asked as strictly as it can be: never promote on less.
            return (*bounded, *lines.guards) or lines.promote


def _shown(
    body: Body, sides: tuple[Side, ...], criterion: Criterion, measured: Estimate | NotMeasured, alpha: Fraction
) -> Standing:
    for side in sides:
        if not body.shows_good(side, alpha):
            return Standing(
                status=Status.INCONCLUSIVE,
                kind=Kind.HOLD_BELOW_TARGET if _has_bound(side) else Kind.HOLD_INSUFFICIENT,
                measured=measured,
                shown=f"not yet {limit_said(side, criterion, good=True)}",
                flip=body.to_show(side, alpha),
            )
    every = dict.fromkeys(limit_said(side, criterion, good=True) for side in sides if side.role != "max_rate")
    said = " and ".join(every)
    fallback = "" if sides else f"nothing: the estimate of {count_of(body.n, criterion.unit or criterion.metric.unit)}"
    return Standing(status=Status.PASS, kind=Kind.PROMOTE, measured=measured, shown=said or fallback)


def _has_bound(side: Side) -> bool:
    """A multiple that names its own bound: estimate and bound are one rule, and between them lies its middle band."""
    return side.relative is not None and isinstance(side.relative.line, Ratio) and side.relative.line.bound is not None
