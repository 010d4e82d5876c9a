"""What an answer gives as the words of others: between quotation marks, or behind `>`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from sluicegate.grounding.texts import normal

__all__ = ["quotes_in", "unresolved"]

_QUOTED = re.compile(r"[“„\"«»]\s?([^“”„\"«»\n]{1,600}?)\s?[”“\"»«]")
_BEHIND = re.compile(r"^(?:> ?)(.{8,600})$", re.MULTILINE)
_GAP = re.compile(r"\s?(?:\[?\.\.\.\]?|\[?…\]?)\s?")
_LEAST_WORDS = 4
"""Fewer are a title or a word set apart, and no quotation."""


def quotes_in(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each quotation, its marks left out."""
    for pattern in (_QUOTED, _BEHIND):
        for found in pattern.finditer(text):
            if len(found[1].split()) >= _LEAST_WORDS:
                yield found.start(1), found.end(1)


def unresolved(quote: str, sources: Sequence[str]) -> bool:
    """Whether no source holds the quotation word for word; blanks, case, kinds of marks and a last stop aside.

    With `[…]` in it, each part must stand in one source, in order.
    """
    parts = [part for part in (normal(piece).strip(" .,;:!?") for piece in _GAP.split(quote)) if part]
    return not any(_stands(parts, normal(source)) for source in sources)


def _stands(parts: Sequence[str], source: str) -> bool:
    at = 0
    for part in parts:
        at = source.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return True
