"""In how many cases the same thing was found."""

from __future__ import annotations

from collections import Counter

from sluicegate.model import Finding

__all__ = ["Alike"]

_MOST_KEPT = 20_000
"""Cases that are told apart; beyond, a case that is found again (by another attempt) counts again."""


class Alike:
    """Counts the cases of findings that differ in their case alone, in memory that has an end."""

    def __init__(self) -> None:
        self._cases: set[int] = set()
        self._count: Counter[tuple[str, str, str]] = Counter()

    def add(self, finding: Finding) -> None:
        """One more."""
        key = (finding.check, finding.place, finding.message)
        case = hash((*key, finding.case_id))
        if case in self._cases:
            return
        if len(self._cases) < _MOST_KEPT:
            self._cases.add(case)
        elif key not in self._count:
            return
        self._count[key] += 1

    def cases(self, finding: Finding) -> int:
        """How many cases have this finding, its own among them; 1 for one that was not counted."""
        return max(1, self._count[finding.check, finding.place, finding.message])
