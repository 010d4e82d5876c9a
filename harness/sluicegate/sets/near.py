"""Near-duplicates among many sets of shingles, found without comparing each with each.

Two sets with a Jaccard index of at least t share one of the first (1 - t)·|A| + 1 elements of each, in any one order of
all elements (prefix filtering: Chaudhuri, Ganti and Kaushik 2006; Bayardo, Ma and Srikant 2007). Ordered by how rare
they are, few sets share such an element, so few are compared, and those that are, exactly. Same input, same answer.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from math import ceil

from sluicegate.frozen import frozen
from sluicegate.sets.sameness import Shingles

__all__ = ["Twin", "held_in", "near_duplicates"]

_BUCKETS = 1 << 18
_MOST_LISTED = 128
"""Sets kept under one element: an element that more sets share tells few of them apart."""
_FEWEST = 4
"""Word pairs below which two texts are too short to be called alike: they are equal or they are not."""


@frozen
class Twin:
    """One set is much like an earlier one."""

    index: int
    like: int
    """The first of its kind: later ones are compared with it, not with each other."""
    likeness: float
    """Jaccard index, threshold..1."""


def near_duplicates(sets: Sequence[Shingles], threshold: float) -> Iterator[Twin]:
    """Each set that is like an earlier one by at least `threshold` (above 0, up to 1), with the one it is most like."""
    order = _Rarity(sets)
    index = _Index()
    for number, shingles in enumerate(sets):
        if len(shingles) < _FEWEST:
            continue
        prefix = order.prefix(shingles, threshold)
        best, twin = 0.0, -1
        elements = frozenset(shingles)
        for other in index.sharing(prefix):
            likeness = _jaccard(elements, sets[other], threshold)
            if likeness > best:
                best, twin = likeness, other
        if best >= threshold:
            yield Twin(index=number, like=twin, likeness=best)
        else:
            index.add(number, prefix)


def held_in(sets: Sequence[Shingles], texts: Iterable[Shingles], threshold: float) -> Iterator[tuple[int, int, float]]:
    """(text, set, share): each set of which a text holds at least the share `threshold`; texts are streamed.

    Containment |A ∩ T| / |A|; the same prefixes find it, since one element of a prefix must be in the text.
    """
    order = _Rarity(sets)
    index = _Index()
    for number, shingles in enumerate(sets):
        if len(shingles) >= _FEWEST:
            index.add(number, order.prefix(shingles, threshold, alone=True))
    for position, text in enumerate(texts):
        elements = frozenset(text)
        for number in index.sharing(sorted(elements)):
            share = len(elements.intersection(sets[number])) / len(sets[number])
            if share >= threshold:
                yield position, number, share


class _Rarity:
    """One order of all elements, rare ones first; counted in buckets, so that it takes the same room for any number."""

    def __init__(self, sets: Iterable[Shingles]) -> None:
        self._counts = counts = array("I", bytes(4 * _BUCKETS))
        for shingles in sets:
            for element in shingles:
                counts[element % _BUCKETS] += 1

    def prefix(self, shingles: Shingles, threshold: float, *, alone: bool = False) -> list[int]:
        """The elements of which a near-duplicate shares one; `alone`: also those that no other of the sets has."""
        counts = self._counts
        rarest = sorted(shingles, key=lambda element: (counts[element % _BUCKETS], element))
        length = len(rarest) - ceil(threshold * len(rarest) - 1e-9) + 1
        return [element for element in rarest[:length] if alone or counts[element % _BUCKETS] > 1]


class _Index:
    """Element to the sets that have it in their prefix."""

    def __init__(self) -> None:
        self._listed: dict[int, list[int]] = {}

    def add(self, number: int, prefix: Iterable[int]) -> None:
        for element in prefix:
            listed = self._listed.setdefault(element, [])
            if len(listed) < _MOST_LISTED:
                listed.append(number)

    def sharing(self, elements: Iterable[int]) -> list[int]:
        """Sets with one of the elements, in their order."""
        found: set[int] = set()
        for element in elements:
            found.update(self._listed.get(element, ()))
        return sorted(found)


def _jaccard(elements: frozenset[int], other: Shingles, threshold: float) -> float:
    if min(len(elements), len(other)) < threshold * max(len(elements), len(other)):
        return 0.0
    shared = len(elements.intersection(other))
    return shared / (len(elements) + len(other) - shared)
