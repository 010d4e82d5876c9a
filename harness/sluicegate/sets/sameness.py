"""What a case asks, reduced to what makes it the same question: one key for equality, shingles for likeness.

Equal is what is equal after NFKC, case folding and with white space as one space. Likeness is the Jaccard index of the
sets of word pairs (Broder 1997, "On the resemblance and containment of documents"): |A ∩ B| / |A ∪ B|, in 0..1.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from itertools import pairwise
from typing import TypeAlias
from unicodedata import normalize
from zlib import crc32

from sluicegate.model import Case, Json, canonical, encode

__all__ = ["Shingles", "arrives", "asked_key", "asks", "asks_text", "shingles", "text_key"]

Shingles: TypeAlias = "array[int]"
"""Sorted 32-bit hashes of word pairs, each once; of a long text the _MOST smallest, which are a fair sample of it."""

_WORD = re.compile(r"\w+")
_SPACE = re.compile(r"\s+")
_MOST = 512


def asks(case: Case) -> Json:
    """What the pipeline is put to in this case: what arrives, and the world it arrives in."""
    return {
        "input": case.input,
        "context": list(case.context),
        "retrieval_context": list(case.retrieval_context),
        "given": encode(case.given),
    }


def arrives(case: Case) -> Json:
    """What arrives alone: the part of a case that a training row or a prompt could hold."""
    given = case.given
    mail = given.mail
    letter = [text for text in (mail.subject, mail.body, mail.html) if text] if mail is not None else None
    parts = [case.input, list(given.inputs), letter, given.command, given.job, given.record]
    return [part for part in parts if part not in (None, [], "")]


def asked_key(value: Json) -> int:
    """64 bits that are equal for equal questions."""
    return int.from_bytes(blake2b(canonical(_normal(value)), digest_size=8).digest(), "big")


def text_key(text: str) -> int:
    """64 bits that are equal for equal texts, punctuation aside; 0 where there is no word."""
    words = " ".join(_words(text))
    return int.from_bytes(blake2b(words.encode(), digest_size=8).digest(), "big") if words else 0


def asks_text(value: Json) -> str:
    """The words of a value, leaf after leaf."""
    return " ".join(text for _, text in _leaves(value, ""))


def shingles(value: Json, *, whole: bool = False) -> Shingles:
    """The pairs of neighbouring words in each leaf; a leaf of one word stands for itself, under its key.

    `whole` keeps those of a long text as well: of one that others are looked for in.
    """
    found: set[int] = set()
    for key, text in _leaves(value, ""):
        words = _words(text)
        if len(words) == 1:
            found.add(crc32(f"{key}={words[0]}".encode()))
        found.update(crc32(f"{first} {second}".encode()) for first, second in pairwise(words))
    return array("I", sorted(found)[: None if whole else _MOST])


def _normal(value: Json) -> Json:
    if isinstance(value, str):
        return _SPACE.sub(" ", normalize("NFKC", value).casefold()).strip()
    if isinstance(value, Mapping):
        return {key: _normal(item) for key, item in value.items()}
    return [_normal(item) for item in value] if isinstance(value, (list, tuple)) else value


def _words(text: str) -> list[str]:
    found: list[str] = _WORD.findall(text.casefold() if text.isascii() else normalize("NFKC", text).casefold())
    return found


def _leaves(value: Json, key: str) -> Iterator[tuple[str, str]]:
    """Every scalar with the key it stands under, keys in order."""
    if isinstance(value, Mapping):
        for name in sorted(value):
            yield from _leaves(value[name], str(name))
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _leaves(item, key)
    elif value is not None:
        yield key, value if isinstance(value, str) else canonical(value).decode()
