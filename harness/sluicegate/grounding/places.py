"""Where in a text a costly pattern can begin: its words and its numbers, found once.

A pattern of hundreds of words tried at every letter of a text costs a hundred times what finding its words costs. So
each is tried only where it can match. `folded` makes words alike that a pattern under IGNORECASE takes for alike, and
perhaps more: the pattern itself decides, at fewer places.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property

__all__ = ["Places", "folded", "matches_at"]

_WORD = re.compile(r"\w+")
_NUMBER = re.compile(r"\d+")


class Places:
    """The words of a text, each a longest run of letters, digits and `_`; and its runs of digits."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def numbers(self) -> list[int]:
        """Where each run of digits begins."""
        return [found.start() for found in _NUMBER.finditer(self.text)]

    def with_before(self, marks: str) -> list[int]:
        """Where each run of digits begins, and one of these marks before it."""
        text, found = self.text, []
        for place in self.numbers:
            if place and text[place - 1] in marks:
                found.append(place - 1)
            found.append(place)
        return found

    @cached_property
    def words(self) -> list[str]:
        """Folded, in order."""
        return folded("\n".join(found)).split("\n") if (found := _WORD.findall(self.text)) else []

    @cached_property
    def known(self) -> frozenset[str]:
        """Each word once."""
        return frozenset(self.words)

    @cached_property
    def _starts(self) -> list[int]:
        return [found.start() for found in _WORD.finditer(self.text)]

    def of(self, wanted: frozenset[str]) -> list[int]:
        """Where one of these words begins; they are folded."""
        if self.known.isdisjoint(wanted):
            return []
        return [start for start, word in zip(self._starts, self.words, strict=True) if word in wanted]

    def of_beginnings(self, wanted: tuple[str, ...]) -> list[int]:
        """Where a word begins that begins so; they are folded."""
        return [start for start, word in zip(self._starts, self.words, strict=True) if word.startswith(wanted)]


def folded(text: str) -> str:
    """Letters that IGNORECASE takes for one, as one: Iİıi, Ssſ, KkK; it may take more for one."""
    return text.replace("\u0130", "i").casefold().replace("\u0131", "i")


def matches_at(pattern: re.Pattern[str], text: str, places: Iterable[int]) -> Iterator[re.Match[str]]:
    """What `pattern.finditer(text)` finds, where each match begins at one of these places; they are in order."""
    end = 0
    for place in places:
        if place >= end and (found := pattern.match(text, place)) is not None:
            end = found.end()
            yield found
