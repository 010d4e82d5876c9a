"""Common names, endings of surnames, and what one word may be by itself."""

from __future__ import annotations

from enum import Enum
from functools import cache

from sluicegate.frozen import frozen
from sluicegate.pii.name_cues import PLACE_WORDS
from sluicegate.pii.word_list import listed
from sluicegate.resources import data

__all__ = ["DOUBTFUL", "NOUNS", "SUFFIXES", "SURE_SUFFIXES", "Alone", "Lists", "kinds", "lists_of_names"]

SUFFIXES = tuple(
    listed(
        "sson nsen rsen lsen dsen tsen ksen gesen änen ski ska cki cka wicz czyk czak iak ová ov ova ev eva "
        "enko chuk yan ian shvili dze escu eanu opoulos idis akis elli etti lini tini rini dini ez lves gues ndes "
        "mann berg stein feld bauer meyer maier huber hofer sma stra inga ić vić ovic evic oğlu oglu gaard quist "
        "qvist ström gren dahl lund lainen anen ainen kinen honen konen vonen worth ington sworth ston shaw fman "
        "wman dman kman lman kov sky skyi"
    )
)
"""Endings of surnames, believed behind a word that may be a given name."""

SURE_SUFFIXES = tuple(
    listed(
        "sson ssen sdóttir sdottir ovich evich ov enko owski ewski owska ewska wicz escu opoulos oğlu quist qvist "
        "ović ević shvili dze elsen ersen insen"
    )
)
"""Endings that hardly any other word has."""


NOUNS = frozenset(
    listed(
        "hall house wood woods stone brook field fields hill hills lake rivers waters bell page banks bush price "
        "rose fox wolf bird marsh moss frost snow winter summer spring love day church temple castle gates walls "
        "wells mills glass gold silver steel cross bond booth case chambers little small short long young old "
        "white black brown green grey gray best good bright sharp sweet strong new rich power powers street lane "
        "wall tower noble major english french german holland england ireland scotland wales paris london york "
        "lincoln washington jersey"
    )
)
"""Surnames that are things, colours and places as well: behind a word that is no given name they are these."""


DOUBTFUL = frozenset(
    listed(
        "esperanza remedios salvador gloria soledad santiago violeta paloma candela blanca glória conceição "
        "piedade constança vitória celeste clemente felice natale domenica azzurra grazia costanza gaia fausto "
        "assunta gilda letizia roos fleur bas güven sevgi umut barış deniz rüya yağmur inci ufuk onur zafer güler "
        "sevinç melek gizem metin bilge sultan önder gönül ramazan şaban dilek demir ümit mine mert prudence "
        "ebony isla victoire florent romain maja jagoda kalina roman tone tore odd lei luna stella aurora asia "
        "pearl penny rusty sandy sierra viola ward mason lance melody alma rosa bianca van max dale grant june "
        "robin angel wellington"
    )
)
"""Given names that are words, days and places as well: told behind a cue or before a surname."""


@frozen
class Lists:
    """Common names of some twenty languages, in lower case."""

    given: frozenset[str]
    family: frozenset[str]


@cache
def lists_of_names() -> Lists:
    """The lists, read once."""
    return Lists(given=_words("given_names.txt"), family=_words("surnames.txt"))


def _words(name: str) -> frozenset[str]:
    return frozenset(data("pii", name).read_text(encoding="utf-8").split())


class Alone(Enum):
    """What one capitalised word may be by itself."""

    NOBODY = 0
    LISTED = 1
    """On a list of names."""
    LIKE_A_NAME = 2
    """Ends as a surname does."""
    BEHIND_A_CUE = 3
    """Anything else: words before it must say so."""


class _Kinds(dict[str, Alone]):
    """What each word may be, a few thousand at a time: texts are made of the same words."""

    def __missing__(self, word: str) -> Alone:
        lists = lists_of_names()
        if len(self) > _REMEMBERED:
            self.clear()
        if word in PLACE_WORDS:
            kind = Alone.NOBODY
        elif word in DOUBTFUL:
            kind = Alone.BEHIND_A_CUE
        elif word in lists.given or word in lists.family or "-" in word:
            kind = Alone.LISTED
        elif (len(word) > 6 and word.endswith(SURE_SUFFIXES)) or "'" in word or "’" in word:
            kind = Alone.LIKE_A_NAME
        else:
            kind = Alone.BEHIND_A_CUE
        self[word] = kind
        return kind


_REMEMBERED = 4000


@cache
def kinds() -> _Kinds:
    """What each word in lower case may be by itself."""
    return _Kinds()
