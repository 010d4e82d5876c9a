"""One text, made ready once for every layer: itself, in lower case, and its words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from sluicegate.frozen import frozen

__all__ = ["Reading", "read"]

_WORD = re.compile(r"[^\W\d_]+")


@frozen
class Reading:
    """What the layers read."""

    text: str
    lowered: str
    """In lower case, every character at its place."""
    words: frozenset[str]
    """Every run of letters, in lower case."""

    def places(self, *needles: str) -> list[int]:
        """Where each of some strings in lower case begins."""
        found: list[int] = []
        lowered = self.lowered
        for needle in needles:
            at = lowered.find(needle)
            while at >= 0:
                found.append(at)
                at = lowered.find(needle, at + 1)
        return found

    def word_ends(self, words: Iterable[str]) -> Iterator[tuple[str, int]]:
        """Each of some words in lower case where it stands alone, and where it ends."""
        for word in words:
            for at in self.places(word):
                end = at + len(word)
                if not self.lowered[end : end + 1].isalpha() and not (at and self.lowered[at - 1].isalpha()):
                    yield word, end


def read(text: str) -> Reading:
    """The text with what the layers ask of it."""
    lowered = text.lower()
    if len(lowered) != len(text):
        # A letter whose small form is two moves every place behind it.
        lowered = "".join(ch.lower() if len(ch.lower()) == 1 else ch for ch in text)
    return Reading(text=text, lowered=lowered, words=frozenset(_WORD.findall(lowered)))
