"""Names and states of a user's own, found in a text by their first word instead of one after the other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from sluicegate.frozen import frozen
from sluicegate.grounding.places import Places, folded

__all__ = ["phrases_in"]

_FIRST = re.compile(r"\w+")
_IOTA = "\u0345"
"""A mark that IGNORECASE takes for the letter ι: it would be part of a word, and is none."""


@frozen
class _Known:
    """Phrases, ready to be looked for."""

    by_word: dict[str, list[str]]
    """By their first word, folded, the longest first; under the empty word those that begin with a mark."""
    marks: re.Pattern[str] | None
    """What the latter begin with."""
    is_odd: bool
    """One of them is empty, or has the mark that is a letter."""


def phrases_in(places: Places, phrases: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    """Start and end of each phrase of the text, in order, letter case aside; of two at one place the longer one.

    A phrase is no part of a word, and phrases do not overlap: the first one stays.
    """
    text, known = places.text, _known(phrases)
    if known.is_odd or _IOTA in text:
        yield from (found.span() for found in _pattern(phrases).finditer(text))
        return
    end = 0
    for place, word in _beginnings(places, known):
        if place < end:
            continue
        for phrase in known.by_word[word]:
            if _stands(phrase, text, place):
                end = place + len(phrase)
                yield place, end
                break


def _beginnings(places: Places, known: _Known) -> list[tuple[int, str]]:
    """Where a phrase can begin, and the word that stands there."""
    wanted = places.known & known.by_word.keys()
    words = (word for word in places.words if word in wanted)
    found = list(zip(places.of(wanted), words, strict=True)) if wanted else []
    if known.marks is not None:
        found += [(mark.start(), "") for mark in known.marks.finditer(places.text)]
        found.sort()
    return found


@lru_cache(maxsize=64)
def _known(phrases: tuple[str, ...]) -> _Known:
    by_word: dict[str, list[str]] = {}
    for phrase in sorted(phrases, key=len, reverse=True):
        word = _FIRST.match(phrase)
        by_word.setdefault(folded(word[0]) if word is not None else "", []).append(phrase)
    marks = "".join(sorted({re.escape(phrase[:1]) for phrase in by_word.get("", ())}))
    return _Known(
        by_word=by_word,
        marks=re.compile(f"[{marks}]", re.IGNORECASE) if marks else None,
        is_odd=any(not phrase or _IOTA in phrase for phrase in phrases),
    )


def _stands(phrase: str, text: str, place: int) -> bool:
    """Whether the phrase stands there, and is no part of a word."""
    end = place + len(phrase)
    said = text[place:end]
    if not (said.isascii() and phrase.isascii()):
        return _pattern((phrase,)).match(text, place) is not None
    beside = (text[place - 1 : place], text[end : end + 1])
    return said.lower() == phrase.lower() and not any(letter.isalnum() or letter == "_" for letter in beside)


@lru_cache(maxsize=1024)
def _pattern(phrases: tuple[str, ...]) -> re.Pattern[str]:
    ordered = sorted(phrases, key=len, reverse=True)
    return re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, ordered)) + r")(?!\w)", re.IGNORECASE)
