"""What the judge objects to while it reads: counted whole, named by the first few, in an order of their own."""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass, field

from sluicegate.errors import printable

__all__ = ["Names", "Objections"]


class Names:
    """How many, and the first few by name; the same whatever the order they came in."""

    def __init__(self, limit: int = 10) -> None:
        self._limit = limit
        self._kept: list[str] = []
        self.count = 0

    def __bool__(self) -> bool:
        return self.count > 0

    @property
    def first(self) -> str:
        """The first name in order; empty where there is none."""
        return self._kept[0] if self._kept else ""

    def add(self, name: str) -> None:
        """One more; said twice, it counts twice and is named once."""
        self.count += 1
        shown = printable(name)
        if shown in self._kept:
            return
        insort(self._kept, shown)
        del self._kept[self._limit :]

    def __str__(self) -> str:
        more = self.count - len(self._kept)
        return ", ".join(self._kept) + (f" and {more} more" if more > 0 else "")


@dataclass(slots=True, kw_only=True)
class Objections:
    """Everything that keeps evidence from standing, found while reading trials."""

    unreadable: Names = field(default_factory=Names)
    """Records that do not say what their kind demands."""
    unpinned: Names = field(default_factory=Names)
    """Cases and repeats that the lock does not name."""
    altered: Names = field(default_factory=Names)
    """Cases whose content is not the pinned one."""
    repeated: Names = field(default_factory=Names)
    """Trials with more than one outcome in one run."""
    unannounced: Names = field(default_factory=Names)
    """Outcomes without an intent, results without an outcome."""
    contradicted: Names = field(default_factory=Names)
    """Checks whose recorded result the judge could not find again."""
    lost: Names = field(default_factory=Names)
    """Trials of growing evidence that began and never ended; pinned ones are in the account."""
    raised: Names = field(default_factory=Names)
    """Checks that raised in the judge's own hands."""
    unjudged: Names = field(default_factory=lambda: Names(limit=3))
    """Checks that could not answer, with what they lack: a case or a record that does not show what they read."""
    future: Names = field(default_factory=Names)
    """Trials and measurements stamped later than now."""
    incapable: Names = field(default_factory=Names)
    """Capabilities the plan declares and a run did without."""
