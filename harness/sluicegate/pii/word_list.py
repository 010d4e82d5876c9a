"""Lists of words, written as a text of them."""

from __future__ import annotations

__all__ = ["CAPITAL_LETTER", "listed", "phrases"]

CAPITAL_LETTER = (
    "[" + "".join(chr(code) for code in (*range(0x41, 0x530), *range(0x1E00, 0x1F00)) if chr(code).isupper()) + "]"
)
"""One letter in capitals of Latin, Greek or Cyrillic, as a regular expression; other scripts have none."""


def listed(words: str) -> list[str]:
    """The words of a text with blanks between."""
    return words.split()


def phrases(words: str) -> list[str]:
    """The phrases of a text with bars between."""
    return words.split("|")
