"""The template model on news: from the headed sections of a prompt, an analysis with a reference for each insight.

Sections are TASK (keyphrases, sentiment or topics), LANGUAGE (en or ru), EVIDENCE, one piece a line as
`[id] date | source | Title. Text`, and whatever else the caller likes, which is not looked at.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sluicegate.model import Json

__all__ = ["TASKS", "trend_reply"]

TASKS = ("keyphrases", "sentiment", "topics")

_LINE = re.compile(r"\[([^\]\s]{1,64})\] (\S+) \| (\S+) \| (.+)")
_WORD = re.compile(r"[^\W\d_]{5,}")
_TITLE = 90
_CHEERFUL = ("grow", "rise", "record", "win", "рост", "раст", "рекорд", "выигр")
_GLOOMY = ("fall", "loss", "crisis", "strike", "пад", "убыт", "кризис", "забаст")


class _Piece(NamedTuple):
    id: str
    source: str
    text: str

    @property
    def title(self) -> str:
        """The first sentence, cut at a word."""
        first = self.text.partition(". ")[0].rstrip(".")
        return first if len(first) <= _TITLE else first[:_TITLE].rpartition(" ")[0]


class _Phrases(NamedTuple):
    short: str
    reported: str
    mood: str
    watch: str
    words: str


_PHRASES = {
    "en": _Phrases(
        "In short, most of the news is about this: {0}.", "Reported by {1}: {0}.",
        "The tone may change after this: {0}.", "It is worth watching {1} on this: {0}.", "People mostly speak of {0}.",
    ),
    "ru": _Phrases(
        "Коротко, большинство новостей об этом: {0}.", "Сообщает издание {1}: {0}.",
        "Тональность может измениться после этого: {0}.", "За этой темой стоит следить, издание {1}: {0}.",
        "Чаще всего говорят о таком: {0}.",
    ),
}  # fmt: skip


def trend_reply(found: Mapping[str, str]) -> Json:
    """The analysis; without evidence there is nothing to refer to and no insight."""
    phrases = _PHRASES["ru" if found.get("LANGUAGE", "").strip().lower().startswith("ru") else "en"]
    pieces = [
        _Piece(match[1], match[3], match[4])
        for line in found.get("EVIDENCE", "").splitlines()
        if (match := _LINE.fullmatch(line.strip()))
    ]
    if not pieces:
        return {"tldr": phrases.short.format("-"), "insights": [], "result": {}}
    task = found["TASK"].strip()
    tell = {"keyphrases": _keyphrases, "sentiment": _sentiment}.get(task, _topics)
    insights, result = tell(pieces, phrases)
    return {"tldr": phrases.short.format(pieces[0].title), "insights": insights, "result": result}


def _insight(kind: str, phrase: str, piece: _Piece, confidence: float) -> dict[str, Json]:
    text = phrase.format(piece.title, piece.source)
    return {"type": kind, "text": text, "evidence_refs": [piece.id], "confidence": confidence}


def _keyphrases(pieces: Sequence[_Piece], phrases: _Phrases) -> tuple[list[Json], dict[str, Json]]:
    counted = Counter(word.lower() for piece in pieces for word in _WORD.findall(piece.text))
    words = [word for word, _ in sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:5]]
    first = {**_insight("fact", phrases.words, pieces[0], 0.9), "text": phrases.words.format(", ".join(words))}
    return [first, *(_insight("fact", phrases.reported, piece, 0.8) for piece in pieces[1:3])], {"keyphrases": words}


def _sentiment(pieces: Sequence[_Piece], phrases: _Phrases) -> tuple[list[Json], dict[str, Json]]:
    moods = Counter(_mood(piece.text.lower()) for piece in pieces)
    insights = [_insight("hypothesis", phrases.mood, piece, 0.6) for piece in pieces[:2]]
    return [*insights], {name: moods[name] for name in ("positive", "neutral", "negative")}


def _mood(text: str) -> str:
    score = sum(word in text for word in _CHEERFUL) - sum(word in text for word in _GLOOMY)
    return "positive" if score > 0 else "negative" if score < 0 else "neutral"


def _topics(pieces: Sequence[_Piece], phrases: _Phrases) -> tuple[list[Json], dict[str, Json]]:
    insights = [_insight("fact", phrases.reported, piece, 0.85) for piece in pieces[:3]]
    insights.append(_insight("recommendation", phrases.watch, pieces[-1], 0.7))
    return [*insights], {"topics": sorted({piece.source for piece in pieces})}
