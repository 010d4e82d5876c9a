"""What a scan finds, and which of two findings on the same characters stands."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

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
    chosen: list[Hit] = []
    taken: set[int] = set()
    found = list(hits)
    if len(found) < 2:
        return found
    for hit in sorted(found, key=_preference):
        # Every chosen span blocks its own characters; a hit is never longer than a few hundred of them, save keys.
        span = range(hit.start, hit.end)
        if taken.isdisjoint(span):
            taken.update(span)
            chosen.append(hit)
    return sorted(chosen, key=lambda hit: hit.start)


def _preference(hit: Hit) -> tuple[int, int, float, int, str]:
    return (_RANK[hit.layer], hit.start - hit.end, -hit.score, hit.start, hit.entity)
