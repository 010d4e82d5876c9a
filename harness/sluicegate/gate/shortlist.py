"""Findings, the weightiest by name and all of them counted: memory stays flat however many there are."""

from __future__ import annotations

from bisect import insort

from sluicegate.gate.alike import Alike
from sluicegate.model import Finding

__all__ = ["Shortlist"]


class Shortlist:
    """The weightiest findings, at most `limit` of them, whatever the order they came in."""

    def __init__(self, limit: int = 200) -> None:
        self._limit = limit
        self._items: list[tuple[tuple[int, str, str, int, str, str], str, Finding]] = []
        self._known: set[tuple[tuple[int, str, str, int, str, str], str]] = set()
        self._first: dict[str, tuple[tuple[tuple[int, str, str, int, str, str], str], Finding]] = {}
        """Of each check the weightiest."""
        self.total = 0
        self.alike = Alike()

    def add(self, finding: Finding) -> None:
        """Take a finding; the same one from another attempt counts once while it is on the list."""
        self.alike.add(finding)
        key = (finding.sort_key(), finding.excerpt)
        if key in self._known:
            return
        first = self._first.get(finding.check)
        if first is None or key < first[0]:
            self._first[finding.check] = key, finding
        self.total += 1
        if len(self._items) == self._limit and key > self._items[-1][:2]:
            return
        self._known.add(key)
        insort(self._items, (*key, finding), key=lambda item: item[:2])
        if len(self._items) > self._limit:
            self._known.discard(self._items.pop()[:2])

    def leading(self, most: int) -> tuple[Finding, ...]:
        """The weightiest of each check, and then the others, `most` of them at most; in their order."""
        found = dict(sorted(self._first.values(), key=lambda item: item[0])[:most])
        for key, excerpt, finding in self._items:
            if len(found) == most:
                break
            found.setdefault((key, excerpt), finding)
        return tuple(found[key] for key in sorted(found))

    @property
    def findings(self) -> tuple[Finding, ...]:
        """In the order of `Finding.sort_key`."""
        return tuple(item[2] for item in self._items)
