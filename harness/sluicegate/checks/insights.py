"""Insights of a structured answer, each with the pieces of evidence it refers to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from sluicegate.frozen import frozen
from sluicegate.grounding.support import Support, supported_by
from sluicegate.grounding.texts import normal
from sluicegate.model import Json

__all__ = ["Insight", "insights_of"]

_MASK = re.compile(r"\[[^\[\]\n]{1,30}\]|<[^<>\n]{1,30}>|[*•█]{3,}")
"""What stands where a personal value was taken out."""
_MOST_MASKED = 80
"""Characters that one mask may stand for."""


@frozen
class Insight:
    """A statement of a structured answer with the pieces of evidence it refers to."""

    place: str
    text: str
    pieces: tuple[str, ...]
    """Texts of the pieces it refers to that stand in the answer."""
    unresolved: int
    """References that lead to no piece."""
    invented: int
    """Pieces whose text was never returned."""

    @property
    def support(self) -> Support:
        """How much of it stands in its pieces."""
        return supported_by(self.text, self.pieces)


def insights_of(structured: Json, returned: Sequence[str], place: str = "$.structured") -> list[Insight]:
    """The `insights` of an answer, their `evidence_refs` (or `evidence`) looked up in its own `evidence`."""
    if not isinstance(structured, Mapping) or not isinstance(structured.get("insights"), list):
        return []
    pieces = [item for item in _listed(structured.get("evidence")) if isinstance(item, Mapping)]
    known = [normal(text) for text in returned]
    found = []
    for at, item in enumerate(structured["insights"]):
        if not isinstance(item, Mapping) or not isinstance(item.get("text"), str):
            continue
        references = _listed(item.get("evidence_refs")) or _listed(item.get("evidence"))
        named = [_piece(reference, pieces) for reference in references]
        texts = [_text_of(piece) for piece in named if piece is not None]
        found.append(
            Insight(
                place=f"{place}.insights[{at}]",
                text=str(item["text"]),
                pieces=tuple(texts),
                unresolved=sum(piece is None for piece in named) + (not named),
                invented=sum(not _was_returned(piece, known) for piece in named if piece is not None),
            )
        )
    return found


def _listed(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _piece(reference: Json, pieces: Sequence[Mapping[str, Json]]) -> Mapping[str, Json] | None:
    names = set(map(str, reference.values())) if isinstance(reference, Mapping) else {str(reference)}
    return next(
        (piece for piece in pieces if names & {str(piece.get(key)) for key in ("id", "article_id", "url")}), None
    )


def _text_of(piece: Mapping[str, Json]) -> str:
    return ". ".join(str(piece[key]) for key in ("title", "snippet", "text") if isinstance(piece.get(key), str))


def _was_returned(piece: Mapping[str, Json], known: Sequence[str]) -> bool:
    snippet = normal(str(piece.get("snippet") or piece.get("text") or "")).rstrip(".… ")
    return bool(snippet) and any(snippet in text or _is_masked(snippet, text) for text in known)


def _is_masked(snippet: str, text: str) -> bool:
    """Whether a snippet is the text but for what was masked in it."""
    if _MASK.search(snippet) is None:
        return False
    parts = [part for part in _MASK.split(snippet) if part.strip()]
    start = text.find(parts[0]) if parts else -1
    while start >= 0:
        if _follow(parts[1:], text, start + len(parts[0])):
            return True
        start = text.find(parts[0], start + 1)
    return False


def _follow(parts: Sequence[str], text: str, end: int) -> bool:
    for part in parts:
        at = text.find(part, end, end + _MOST_MASKED + len(part))
        if at < 0:
            return False
        end = at + len(part)
    return True
