"""One text, made ready once for every layer: itself, in lower case, and its words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from sluicegate.frozen import frozen
from sluicegate.pii.marks import bits_of, waking

__all__ = ["Reading", "read", "set_apart"]

_WORD, _WORD_ASCII = re.compile(r"[^\W\d_]+"), re.compile(r"[a-z]+")
_NEARLY_WORD = re.compile(r"[a-z\u0080-\U0010ffff]+")
"""Words, some with signs beyond ASCII in them: a set that is read faster."""


@frozen
class Reading:
    """What the layers read."""

    text: str
    lowered: str
    """In lower case, every character at its place."""
    words: frozenset[str]
    """Every run of letters, in lower case."""
    woken: frozenset[str]
    """Those of the words that wake something."""
    marks: int
    """What its words wake: bits that `mark` gave."""

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
    words = frozenset(_WORD_ASCII.findall(lowered)) if text.isascii() else _words(lowered)
    woken = waking(words)
    return Reading(text=text, lowered=lowered, words=words, woken=woken, marks=bits_of(woken))


def _words(lowered: str) -> frozenset[str]:
    found = frozenset(_NEARLY_WORD.findall(lowered))
    mixed = [word for word in found if not word.isalpha()]
    return found.difference(mixed).union(_WORD.findall(" ".join(mixed))) if mixed else found


_UNSPACED = r"\u0e00-\u0e7f\u3041-\u30ff\u3400-\u9fff\uac00-\ud7a3"
"""Thai, kana, Han and Hangul: letters that stand beside a number or a word of Latin letters without a space."""
_OTHER_WIDTH = re.compile(rf"[\u3000\uff01-\uff5e{_UNSPACED}]")
_NARROW = {0x3000: " "} | {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
_LONG_DASH = re.compile(r"(?<=[0-9])[\u2212\u30fc](?=[0-9])")
_TOUCHING = re.compile(rf"(?<=[0-9A-Za-z])[{_UNSPACED}]|[{_UNSPACED}](?=[0-9A-Za-z+(])")


def set_apart(text: str) -> str:
    """The text for patterns of ASCII: in usual width, and a comma for what touches a value without being part of it.

    Every character stays at its place.
    """
    if text.isascii() or _OTHER_WIDTH.search(text) is None:
        return text
    return _TOUCHING.sub("\u3001", _LONG_DASH.sub("-", text.translate(_NARROW)))
