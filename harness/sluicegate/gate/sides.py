"""Lines made one-sided: every line of a criterion becomes one or two limits, resolved to numbers."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from fractions import Fraction
from typing import Protocol

from sluicegate.frozen import frozen
from sluicegate.model import LineShown, NotMeasured
from sluicegate.plan.types import Better, Bound, Confirmed, Criterion, Drop, Line, Ratio, Span

__all__ = ["Lines", "PairedShows", "Reference", "Relative", "Sense", "Side", "resolve"]


class Sense(StrEnum):
    """Which side of a limit is good."""

    AT_LEAST = "at_least"
    AT_MOST = "at_most"


@frozen
class Reference:
    """What a relative line is compared with."""

    value: Fraction
    k: int | None
    """Counts, k of n, where the metric is a share of plain units."""
    n: int
    bounds: Bounds
    paired: PairedShows | None = None
    """The same cases on both sides, where there are: it then says what is shown."""

    @property
    def counts(self) -> tuple[int, int] | None:
        """Both counts, where there are any."""
        return None if self.k is None else (self.k, self.n)


class PairedShows(Protocol):
    """What a comparison case by case shows of a limit; None where it cannot say, and counts side by side have to."""

    def __call__(self, side: Side, alpha: Fraction, *, good: bool) -> bool | None:
        """Whether it shows the good (bad) side."""
        ...

    def of_slice(self, name: str) -> PairedShows:
        """Only the cases of one slice."""
        ...


class Bounds(Protocol):
    """One-sided bounds of a reference at a given alpha; None where there is none."""

    def __call__(self, alpha: Fraction) -> tuple[float | None, float | None]:
        """Lower and upper."""
        ...


@frozen
class Relative:
    """How a limit hangs on its reference."""

    line: Drop | Ratio
    reference: Reference

    @property
    def is_ratio(self) -> bool:
        """A multiple, rather than points or percent."""
        return isinstance(self.line, Ratio)

    def at(self, value: Fraction, sense: Sense) -> Fraction:
        """The limit if the reference were `value`."""
        if isinstance(self.line, Ratio):
            return self.line.value * value
        amount = self.line.amount * abs(value) if self.line.relative else self.line.amount
        return value - amount if sense is Sense.AT_LEAST else value + amount


@frozen
class Side:
    """One limit with one good side."""

    role: str
    """promote | alert | rollback | max_rate"""
    sense: Sense
    value: Fraction
    text: str
    relative: Relative | None = None

    def is_met_by(self, value: Fraction) -> bool:
        """On the good side, or exactly on the limit. Fractions, so never rounded."""
        return value >= self.value if self.sense is Sense.AT_LEAST else value <= self.value

    def hardest(self, alpha: Fraction) -> tuple[Fraction | None, Fraction]:
        """The limit at the reference's least favourable bound, with the alpha left: what a pass must clear."""
        return self._at_bound(alpha, favourable=False)

    def easiest(self, alpha: Fraction) -> tuple[Fraction | None, Fraction]:
        """The limit at the reference's most favourable bound, with the alpha left: what a failure must undercut."""
        return self._at_bound(alpha, favourable=True)

    def _at_bound(self, alpha: Fraction, *, favourable: bool) -> tuple[Fraction | None, Fraction]:
        if self.relative is None:
            return self.value, alpha
        low, high = self.relative.reference.bounds(alpha / 2)
        bound = low if favourable is (self.sense is Sense.AT_LEAST) else high
        return (None if bound is None else self.relative.at(Fraction(bound), self.sense)), alpha / 2


@frozen
class Lines:
    """All limits of one criterion."""

    promote: tuple[Side, ...] = ()
    alert: tuple[Side, ...] = ()
    rollback: tuple[Side, ...] = ()
    shown: tuple[LineShown, ...] = ()
    missing: NotMeasured | None = None
    """A reference that a line needs has no evidence."""

    @property
    def guards(self) -> tuple[Side, ...]:
        """What a guarded pass must clear: in each direction the alert line, else the rollback line."""
        alerted = {side.sense for side in self.alert}
        return (*self.alert, *(side for side in self.rollback if side.sense not in alerted))


def resolve(criterion: Criterion, references: Mapping[str, Reference | NotMeasured]) -> Lines:
    """The limits of a criterion; relative lines resolved against the references by name."""
    better = criterion.metric.better
    sides: dict[str, list[Side]] = {"promote": [], "alert": [], "rollback": []}
    shown: list[LineShown] = []
    missing: NotMeasured | None = None
    for role, line, direction in _lines(criterion):
        found = _sides(role, line, direction or better, references)
        if isinstance(found, NotMeasured):
            missing = found
            continue
        sides[role].extend(found)
        shown.extend(_shown(found))
    return Lines(
        promote=tuple(sides["promote"]),
        alert=tuple(sides["alert"]),
        rollback=tuple(sides["rollback"]),
        shown=tuple(shown),
        missing=missing,
    )


def _lines(criterion: Criterion) -> list[tuple[str, Line, Better | None]]:
    every = (
        ("promote", criterion.promote, None),
        ("alert", criterion.alert, None),
        ("alert", criterion.alert_above, Better.LOWER),
        ("alert", criterion.alert_below, Better.HIGHER),
        ("rollback", criterion.rollback, None),
    )
    return [(role, line, direction) for role, line, direction in every if line is not None]


def _sides(
    role: str, line: Line, better: Better, references: Mapping[str, Reference | NotMeasured]
) -> tuple[Side, ...] | NotMeasured:
    match line:
        case Confirmed():
            return ()
        case Span(low=low, high=high, text=text):
            return (
                Side(role=role, sense=Sense.AT_LEAST, value=low, text=text),
                Side(role=role, sense=Sense.AT_MOST, value=high, text=text),
            )
        case Bound(value=value, text=text):
            return tuple(Side(role=role, sense=sense, value=value, text=text) for sense in _senses(better))
        case Drop() | Ratio():
            reference = references.get(line.than)
            if reference is None:
                reference = NotMeasured(
                    reason="no evidence to compare with", mend="Record it before the stage is judged."
                )
            if isinstance(reference, NotMeasured):
                return NotMeasured(reason=f"{line.than}: {reference.reason}", mend=reference.mend)
            if isinstance(line, Ratio) and reference.value == 0:
                return NotMeasured(
                    reason=f"'{line.than}' is 0, and nothing is a multiple of 0", mend="Use a line in points."
                )
            relative = Relative(line=line, reference=reference)
            return tuple(
                Side(
                    role=role, sense=sense, value=relative.at(reference.value, sense), text=line.text, relative=relative
                )
                for sense in _senses(better)
            )


def _senses(better: Better) -> tuple[Sense, ...]:
    match better:
        case Better.HIGHER:
            return (Sense.AT_LEAST,)
        case Better.LOWER:
            return (Sense.AT_MOST,)
        case Better.INSIDE:
            return (Sense.AT_LEAST, Sense.AT_MOST)


def _shown(sides: tuple[Side, ...]) -> list[LineShown]:
    if len(sides) == 2:
        low, high = sides
        return [
            LineShown(role=low.role, sense="inside", value=float(low.value), upper=float(high.value), text=low.text)
        ]
    return [
        LineShown(role=side.role, sense=side.sense.value, value=float(side.value), text=side.text) for side in sides
    ]
