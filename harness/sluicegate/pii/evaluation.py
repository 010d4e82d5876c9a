"""How much a scanner finds of what is known to be there, and how often it is wrong: measured, not believed.

The set is made under a seed from templates, made-up values with valid check digits, and business numbers as hard
negatives. Half of the templates are held out. A gate divides "no leaks found" by the recall that `recall` gives: its
bound for leaks is that of the leaks it could have seen. Who wrote the rules also wrote this set, so it says more about
what a change breaks than about texts of the world.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from random import Random
from typing import Protocol

from sluicegate.frozen import frozen
from sluicegate.pii.evaluation_templates import CLEAN, PERSONAL
from sluicegate.pii.generators import maker_of
from sluicegate.pii.hits import Hit

__all__ = ["Counted", "Sentence", "Span", "alarms", "recall", "sentences"]

_PLACE = re.compile(r"\{(\w+)\}")


@frozen
class Span:
    """A value that was put into a text: `text[start:end]`."""

    entity: str
    start: int
    end: int


@frozen
class Sentence:
    """One text and what is in it."""

    text: str
    spans: tuple[Span, ...]
    """Empty = nothing here is personal."""
    template: str
    held_out: bool


@frozen
class Counted:
    """k found of n."""

    k: int
    n: int


class Scans(Protocol):
    """What is measured."""

    def scan(self, text: str) -> list[Hit]:
        """Hits in one text."""


def sentences(
    seed: int, *, each: int = 20, held_out: bool | None = None, entities: Iterable[str] | None = None
) -> Iterator[Sentence]:
    """`each` texts of every template; those held out, the others, or all. The same seed gives the same texts."""
    asked = None if entities is None else frozenset(entities)
    for entity, templates in PERSONAL.items():
        if asked is None or entity in asked:
            yield from _filled(templates, seed, each, held_out)
    if asked is None:
        yield from _filled(CLEAN, seed, each, held_out)


def recall(
    scanner: Scans,
    *,
    seed: int = 1,
    each: int = 20,
    held_out: bool | None = True,
    entities: Iterable[str] | None = None,
) -> dict[str, Counted]:
    """Of each entity how many values were found: a hit of the same kind that covers half of value and hit together."""
    found: dict[str, list[int]] = {}
    for sentence in sentences(seed, each=each, held_out=held_out, entities=entities):
        hits = scanner.scan(sentence.text) if sentence.spans else []
        for span in sentence.spans:
            counted = found.setdefault(span.entity, [0, 0])
            counted[0] += any(_matches(hit, span) for hit in hits)
            counted[1] += 1
    return {entity: Counted(k=k, n=n) for entity, (k, n) in found.items()}


def alarms(
    scanner: Scans, *, seed: int = 1, each: int = 20, held_out: bool | None = None
) -> tuple[Counted, list[tuple[str, Hit]]]:
    """How many of the clean texts a hit stands in, and which hits."""
    wrong: list[tuple[str, Hit]] = []
    texts = alarmed = 0
    for sentence in _filled(CLEAN, seed, each, held_out):
        hits = scanner.scan(sentence.text)
        texts += 1
        alarmed += bool(hits)
        wrong += [(sentence.text, hit) for hit in hits]
    return Counted(k=alarmed, n=texts), wrong


def _filled(templates: tuple[str, ...], seed: int, each: int, held_out: bool | None) -> Iterator[Sentence]:
    for place, template in enumerate(templates):
        is_held_out = place % 2 == 1
        if held_out is None or held_out == is_held_out:
            # A seed of its own for each template: what one draws moves no other.
            rng = Random(f"{seed} {template}")  # noqa: S311 - test data under a seed
            for _ in range(each):
                yield _fill(template, rng, held_out=is_held_out)


def _fill(template: str, rng: Random, *, held_out: bool) -> Sentence:
    parts: list[str] = []
    spans: list[Span] = []
    last = length = 0
    for found in _PLACE.finditer(template):
        before, value = template[last : found.start()], maker_of(found[1])(rng)
        start = length + len(before)
        length = start + len(value)
        last = found.end()
        parts += [before, value]
        if found[1].isupper():
            spans.append(Span(entity=found[1], start=start, end=length))
    parts.append(template[last:])
    return Sentence(text="".join(parts), spans=tuple(spans), template=template, held_out=held_out)


_ALIKE: Mapping[str, frozenset[str]] = {"ES_NIF": frozenset({"ES_NIF", "ES_NIE"})}


def _matches(hit: Hit, span: Span) -> bool:
    if hit.entity not in _ALIKE.get(span.entity, (span.entity,)):
        return False
    shared = min(hit.end, span.end) - max(hit.start, span.start)
    return 2 * shared >= max(hit.end, span.end) - min(hit.start, span.start)
