"""What the words of a text wake: each layer says which words concern it, and all are asked of a text at once."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count

__all__ = ["bits_of", "mark", "waking"]

_bits = count()
_bits_of: dict[str, int] = {}
_words: set[str] = set()


def mark(words: Iterable[str]) -> int:
    """The bit of some words in lower case; asked for where a module is imported, so that no text was read before."""
    bit = 1 << next(_bits)
    for word in words:
        _words.add(word)
        _bits_of[word] = _bits_of.get(word, 0) | bit
    return bit


def waking(words: frozenset[str]) -> frozenset[str]:
    """Those of some words that have a bit."""
    return words & _words


def bits_of(woken: frozenset[str]) -> int:
    """The bits of all words that have one."""
    found = 0
    for word in woken:
        found |= _bits_of[word]
    return found
