"""What a scan finds, and which of two findings on the same characters stands."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from enum import StrEnum
from operator import attrgetter

from sluicegate.frozen import frozen
from sluicegate.model.finding import Witness

__all__ = ["Hit", "Layer", "overlap_free"]


class Layer(StrEnum):
    """What a hit rests on, the surest first: of two that overlap the surer one stands."""

    KNOWN = "known"
    """A value the harness knows, found again."""
    SECRET = "secret"  # noqa: S105 - the name of a layer
    """A token with the issuer's own prefix, length and alphabet."""
    CHECKSUM = "checksum"
    """Check digits that hold."""
    CONTEXT = "context"
    """A shape beside a word that names it."""
    PATTERN = "pattern"
    """A shape alone."""
    CUE = "cue"
    """Words around a name or an address, or a list of common names."""
    MODEL = "model"
    """What a recogniser of names that the user brought says."""


_RANK = {layer: rank for rank, layer in enumerate(Layer)}


@frozen
class Hit:
    """One piece of personal data or one secret: `text[start:end]`."""

    entity: str
    """Kind, in Presidio's words where it has one: EMAIL_ADDRESS, CREDIT_CARD, FR_NIR …"""
    start: int
    end: int
    """Characters of the text, end exclusive."""
    score: float
    """From 0 to 1, on the scale of Presidio: 1 is a check digit that holds, 0.35 the least that is told."""
    layer: Layer
    witness: Witness
    detail: str = ""
    """What exactly was recognised: the name of a token format, of a decoder, of a recogniser."""


def overlap_free(hits: Iterable[Hit]) -> list[Hit]:
    """Hits that share no character, by place: the surer layer first, then the longer, then the higher score."""
    found = sorted(hits, key=attrgetter("start"))
    chosen: list[Hit] = []
    first = 0
    end = -1
    for place, hit in enumerate(found):
        if hit.start >= end:
            if place - first == 1:
                chosen.append(found[first])
            elif place:
                chosen += _chosen(found[first:place])
            first = place
        end = max(end, hit.end)
    return chosen + _chosen(found[first:])


def _chosen(touching: list[Hit]) -> list[Hit]:
    """Those that stand of some hits in a row."""
    if len(touching) < 2:
        return touching
    kept: list[Hit] = []
    starts: list[int] = []
    for hit in sorted(touching, key=_preference):
        at = bisect_right(starts, hit.start)
        if (at == 0 or kept[at - 1].end <= hit.start) and (at == len(kept) or hit.end <= starts[at]):
            kept.insert(at, hit)
            starts.insert(at, hit.start)
    return kept


def _preference(hit: Hit) -> tuple[int, int, float, int, str]:
    return (_RANK[hit.layer], hit.start - hit.end, -hit.score, hit.start, hit.entity)
