"""How a metric of the plan's own scores an answer."""

from __future__ import annotations

from fractions import Fraction

from sluicegate.frozen import frozen

__all__ = ["BUILT_IN_SCORERS", "ScoreSpec"]

BUILT_IN_SCORERS = ("exact", "numeric", "json", "fields", "words")


@frozen
class ScoreSpec:
    """`score:` of a metric. Scores are 0..1 and better higher, but for those of a user's own callable."""

    by: str
    """A built-in scorer, or `module:attribute`."""
    field: str | None = None
    """Path into the output; None: `structured` where there is any, else `content`."""
    expected: str | None = None
    """Path into the case's `expected_output`; None is all of it."""
    tolerance: Fraction = Fraction(0)
    """Of a number."""
    relative: bool = False
    """The tolerance is a share of the expected number."""
    fields: tuple[str, ...] = ()
    """Which of an object's fields are compared; none named: those that are expected."""
    passes: Fraction = Fraction(1)
    """Of a proportion: from this score on a trial holds."""

    @property
    def is_own(self) -> bool:
        """A user's callable: asked when the cases run, never by the judge."""
        return ":" in self.by
