"""The words right before a name: cues, titles, and the small words that a surname begins with."""

from __future__ import annotations

import re
from enum import Enum

from sluicegate.pii.name_cues import BEFORE, BEFORE_FULL, BEFORE_TWO, TITLE
from sluicegate.pii.word_list import listed

__all__ = ["PARTICLES", "Cue", "cue", "titled_particles"]

PARTICLES = frozenset(
    listed("van von der den de la las los del della di da dos das do du le zu zum zur al el bin ibn ben ter ten y e")
)
"""Small words of surnames."""

_PARTICLES_BEFORE = re.compile(
    r"(?<![^\W_])(?:(?:v[oa]n|de[nrl]?|te[nr]?|d[aiou]|d[ao]s|della|zu[mr]?|l[ae]|el|al|bin|ibn|ben) ){1,3}\Z"
)
_QUOTES = "\"'*(>,.!"
_SECONDS = frozenset(two.split()[-1] for two in BEFORE_TWO)


class Cue(Enum):
    """What the word or two before a name say."""

    NONE = 0
    CUE = 1
    """That one follows."""
    SMALL_WORD = 2
    """A small word of a surname stands there: van, de …"""


_NONE, _CUE, _SMALL_WORD = Cue
"""Read once: an enumeration is slow to be asked for a member."""


def cue(text: str, start: int, *, several: bool = False) -> Cue:
    """What is said before a place; `several` words of a name may follow a role as well."""
    before = text[start - 28 if start > 28 else 0 : start].lower().replace("’", "'").rsplit(None, 2)
    if not before:
        return _NONE
    last = before[-1].strip(_QUOTES)
    if not last and len(before) > 1:
        last = before.pop(-2).strip(_QUOTES)
    if last in BEFORE or last in TITLE or (several and before[-1].strip("\"'*(>") in BEFORE_FULL):
        return _CUE
    if len(before) == 1:
        return _NONE
    second = last.rstrip(":")
    if second in _SECONDS and f"{before[-2].strip(_QUOTES)} {second}" in BEFORE_TWO:
        return _CUE
    return _SMALL_WORD if last in PARTICLES else _NONE


def titled_particles(text: str, start: int) -> int | None:
    """Where the small words of a surname begin behind a title: "mevrouw van den Berg"; None = there are none."""
    found = _PARTICLES_BEFORE.search(text, max(0, start - 16), start)
    if found is None:
        return None
    title = text[max(0, found.start() - 14) : found.start()].lower().rsplit(None, 1)[-1:]
    return found.start() if title and title[0].strip(_QUOTES) in TITLE else None
