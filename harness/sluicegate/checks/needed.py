"""Words without which a pattern cannot match: most texts hold none of them, and need no search."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["needed_words"]

_SHORTEST = 2
"""A single character is in most texts."""
_MOST = 16
"""More words are no quicker to look for than the pattern."""


def needed_words(tree: Any, flags: int) -> tuple[str, ...]:
    """Words one of which stands in every text that a parsed pattern matches; none where there are no such words.

    Where case is ignored they are small ASCII letters: found so in a text of ASCII alone, and in no other.
    """
    words = _of_sequence(tree)
    if len(words) > _MOST or _shortest(words) < _SHORTEST:
        return ()
    if flags & re.IGNORECASE:
        # What is no ASCII may match ASCII: a long s is an s.
        return tuple(sorted(map(str.lower, words))) if all(map(str.isascii, words)) else ()
    return tuple(sorted(words))


_NO_WORD = frozenset({""})


def _shortest(words: frozenset[str]) -> int:
    return min(map(len, words))


def _of_sequence(tree: Any) -> frozenset[str]:
    """Of its parts, each of which has to match, the words that say most."""
    found: list[frozenset[str]] = []
    word = ""
    for op, argument in tree:
        if str(op) == "LITERAL":
            word += chr(argument)
        else:
            found += [frozenset({word}), _of_part(str(op), argument)]
            word = ""
    return max(*found, frozenset({word}), _NO_WORD, key=_shortest)


def _of_part(op: str, argument: Any) -> frozenset[str]:
    if op == "SUBPATTERN":
        _group, add, remove, inner = argument
        return _NO_WORD if add or remove else _of_sequence(inner)
    if op in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        return _of_sequence(argument[2]) if argument[0] else _NO_WORD
    if op == "ATOMIC_GROUP":
        return _of_sequence(argument)
    if op == "BRANCH":
        return frozenset[str]().union(*map(_of_sequence, argument[1]))
    return _NO_WORD
