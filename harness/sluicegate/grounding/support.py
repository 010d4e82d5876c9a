"""Free text held against texts: how much of a sentence is new, and whether it denies what they say.

Counts of novel words tell more here than similarity of embeddings, which cannot see a contradiction at all; nothing is
embedded. A low score is a reason to look, and no proof.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from sluicegate.frozen import frozen
from sluicegate.grounding.sentences import sentences
from sluicegate.grounding.wording import words

__all__ = ["Support", "content_words", "supported_by"]

_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")
_STOP = words(
    "a an the and or but if then than that this these those there here it its he she they we you i me my "
    "our your his her their them us"
    " is are was were be been being am do does did done has have had having will would shall should can could may "
    "might must to of in on at"
    " by for from with without about into over under after before between as so such not no nor only just also too "
    "very more most some any"
    " each every all both few many much own same other what which who whom whose when where why how up down out off "
    "again once"
    " der die das den dem des ein eine einen einem einer und oder aber wenn dann als dass dies diese dieser es er "
    "sie wir ihr ich mich mein"
    " ist sind war waren sein wird werden hat haben hatte nicht kein keine nur auch sehr mehr mit von zu zum zur im "
    "in am an auf für aus bei"
    " le la les un une des du de et ou mais si que qui ce cette ces il elle ils elles nous vous je est sont était "
    "être a ont pas ne plus avec"
    " pour par dans sur au aux el los las una unos unas y o pero que esta este estos es son era ser ha han no más "
    "con para por en su sus"
    " и в на с по к у о за из от до не что как это этот эта эти он она они мы вы я его её их был была было быть "
    "есть для или а но"
    " ve bir bu şu o da de için ile ne mi mı mu mü değil daha çok en gibi ama"
)
_NOT = words(
    "not no never none nobody nothing n't cannot without nicht kein keine nie ne pas jamais sin nunca не "
    "нет ни без değil yok"
)
_ENDINGS = ("ations", "ation", "ings", "ing", "edly", "ies", "ied", "ed", "es", "s", "ly", "en", "er", "e", "n")
_OPPOSITES = {
    word: frozenset(others.split())
    for pair in (
        ("increase increased rise rose rising grow grew", "decrease decreased fall fell falling drop dropped"),
        ("open opened", "closed close shut"), ("before earlier", "after later"), ("first", "last"),
        ("more", "less fewer"),
        ("win won victory", "lose lost defeat"), ("accept accepted approve approved", "reject rejected refused denied"),
        ("free", "paid charged"), ("allowed permitted possible", "forbidden prohibited impossible"),
        ("available", "unavailable"),
        ("include included including", "exclude excluded excluding"),
        ("success succeed succeeded", "failure fail failed"),
        ("alive born", "dead died"), ("cheap cheaper", "expensive dearer"), ("best", "worst"), ("maximum", "minimum"),
    )
    for one, others in (pair, pair[::-1])
    for word in one.split()
}  # fmt: skip


@frozen
class Support:
    """What texts say of one sentence."""

    score: float
    """Share of its content words that stand in the texts: 0 to 1."""
    novel: tuple[str, ...] = ()
    """Those that do not, in order."""
    denied: bool = False
    """The sentence nearest to it says `not` where it does not, or the other way round."""
    opposite: str = ""
    """A word whose opposite stands in the nearest sentence: `rose / fell`."""


def supported_by(sentence: str, texts: Iterable[str]) -> Support:
    """The sentence held against the texts; one without content words is supported."""
    known = [_read(text) for text in texts]
    words = content_words(sentence)
    stems = [_stem(word) for word in words]
    said = frozenset(stems)
    everything = frozenset().union(*(stem for _, stem, _ in (part for parts in known for part in parts)))
    novel = tuple(word for word, stem in zip(words, stems, strict=True) if stem not in everything)
    score = 1 - len(novel) / len(words) if words else 1.0
    nearest = max((part for parts in known for part in parts), key=lambda part: len(part[1] & said), default=None)
    if nearest is None or len(nearest[1] & said) * 2 < max(2, len(said)):
        return Support(score=score, novel=novel)
    denies = bool(_NOT & set(_all_words(sentence)))
    return Support(score=score, novel=novel, denied=denies != nearest[2], opposite=_opposite(words, nearest[0]))


def content_words(text: str) -> list[str]:
    """Words that carry meaning, in lower case and in order."""
    return [word for word in _all_words(text) if word not in _STOP and (len(word) > 1 or word.isdigit())]


def _all_words(text: str) -> list[str]:
    found = _WORD.findall(text.replace("n't", " n't").replace("n’t", " n't"))
    return [word.lower().replace("’", "'") for word in found]


@lru_cache(maxsize=512)
def _read(text: str) -> tuple[tuple[frozenset[str], frozenset[str], bool], ...]:
    """Each sentence: its words, their stems, and whether it denies."""
    parts = []
    for start, end in sentences(text):
        words = _all_words(text[start:end])
        content = frozenset(word for word in words if word not in _STOP)
        parts.append((content, frozenset(map(_stem, content)), bool(_NOT & set(words))))
    return tuple(parts)


def _opposite(words: Sequence[str], nearest: frozenset[str]) -> str:
    for word in words:
        if word not in nearest and (found := sorted(_OPPOSITES.get(word, frozenset()) & nearest)):
            return f"{word} / {found[0]}"
    return ""


def _stem(word: str) -> str:
    """A word without common endings, so that `shipped` meets `ships`; words meet by their first six letters."""
    low = word.partition("'")[0]
    if not low.endswith(_ENDINGS):
        return low[:6]
    for ending in _ENDINGS:
        if low.endswith(ending) and len(low) - len(ending) >= 4:
            return low[: -len(ending)][:6]
    return low[:6]
