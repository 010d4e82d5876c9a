"""Lists of words, written as a text of them."""

from __future__ import annotations

__all__ = ["listed", "phrases"]


def listed(words: str) -> list[str]:
    """The words of a text with blanks between."""
    return words.split()


def phrases(words: str) -> list[str]:
    """The phrases of a text with bars between."""
    return words.split("|")
