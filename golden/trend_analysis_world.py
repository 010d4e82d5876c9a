"""The news of one golden case: what the retriever can find, in two languages, and what holds for every answer to it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from random import Random
from typing import Any, TypeAlias

__all__ = ["BLOCKED", "CHAINS", "TASKS", "Case", "World", "fault"]

Case: TypeAlias = dict[str, Any]
"""A case as it stands in the file."""

NOW = datetime(2026, 1, 29, 18, 0, tzinfo=UTC)
BLOCKED = "spam.example"
CHAINS = {
    "keyphrases": ["gemini-2.5-pro", "claude-4.5", "gpt-5"],
    "sentiment": ["claude-4.5", "gpt-5", "gemini-2.5-pro"],
    "topics": ["gpt-5", "claude-4.5", "gemini-2.5-pro"],
}
TASKS = {"keyphrases": "keywords", "sentiment": "sentiment", "topics": "topics"}
_SEED = 20_260_129
_SOURCES = {
    "en": ("gazette.example", "courier.example", "herald.example"),
    "ru": ("vestnik.example", "kurier.example", "obzor.example"),
}
_SUBJECTS = {
    "en": (
        "The central bank", "A regional railway", "The port authority", "A maker of batteries", "The city council",
        "An airline", "The energy regulator", "A chain of bakeries", "The statistics office", "A film studio",
        "The water board", "A university hospital", "The harbour museum", "A grain exporter",
    ),
    "ru": (
        "Центральный банк", "Региональная железная дорога", "Администрация порта", "Производитель аккумуляторов",
        "Городской совет", "Авиакомпания", "Энергетический регулятор", "Сеть пекарен", "Служба статистики",
        "Киностудия", "Управление водоснабжения", "Университетская клиника", "Морской музей", "Экспортёр зерна",
    ),
}  # fmt: skip
_ACTIONS = {
    "en": (
        "opens a new line after a record year", "cuts its forecast after a strike", "reports steady demand this winter",
        "agrees on a contract for three years", "postpones a decision until spring", "expects prices to rise slowly",
    ),
    "ru": (
        "открывает новую линию после рекордного года", "снижает прогноз после забастовки",
        "сообщает об устойчивом спросе этой зимой", "заключает договор на три года",
        "откладывает решение до весны", "ожидает медленного роста цен",
    ),
}  # fmt: skip
_BODIES = {
    "en": "Officials spoke on Thursday. The figures were checked by two offices, see report {mark}.",
    "ru": "Об этом рассказали в четверг. Данные проверили два ведомства, см. отчёт {mark}.",
}
_HEADERS = {
    "en": {"trends": "Trends", "keyphrases": "Keywords", "sentiment": "Sentiment", "topics": "Topics"},
    "ru": {"trends": "Тренды", "keyphrases": "Ключевые слова", "sentiment": "Тональность", "topics": "Темы"},
}
_TLDR = {"en": "In short, {0} is in the news.", "ru": "Коротко: в новостях {0}."}


def fault(kind: str, **more: Any) -> dict[str, Any]:
    """A fault of the model server."""
    return {"kind": kind, **more}


class World:
    """The news around one command."""

    def __init__(self, number: int) -> None:
        self.random = Random(f"{_SEED} {number}")  # noqa: S311 - reproducible, not secret
        self.number = number
        self.language = ("ru", "en")[number % 2]
        self.sources = _SOURCES[self.language]
        self.subjects = self.random.sample(_SUBJECTS[self.language], 14)

    def id(self, turn: int) -> str:
        """Of the n-th snippet, the best first."""
        return f"n{self.number:03d}-{turn:02d}"

    def mark(self, turn: int) -> str:
        """Text that only the n-th snippet holds."""
        return f"K-{self.number:03d}-{turn:02d}"

    def title(self, turn: int) -> str:
        """Headline of the n-th snippet."""
        return f"{self.subjects[turn]} {_ACTIONS[self.language][(self.number + turn) % 6]}"

    def snippet(self, turn: int, **more: Any) -> dict[str, Any]:
        """The n-th best and n-th newest."""
        said = {
            "id": self.id(turn),
            "text": f"{self.title(turn)}. {_BODIES[self.language].format(mark=self.mark(turn))}",
            "source": self.sources[turn % 3],
            "language": self.language,
            "at": _at(hours=1 + turn),
            "score": round(0.97 - 0.03 * turn, 2),
        }
        return {**said, **more}

    def snippets(self, count: int = 12) -> list[dict[str, Any]]:
        """So many that pass every filter, and two that do not: too old, and in the other language."""
        other = {"ru": "en", "en": "ru"}[self.language]
        old = self.snippet(12, at=_at(hours=24 * 40), score=0.99)
        foreign = self.snippet(13, language=other, score=0.98, source=_SOURCES[other][0])
        return [*(self.snippet(turn) for turn in range(count)), old, foreign]

    def reply(self, *, turn: int = 0, **more: Any) -> str:
        """What a model may say, with one insight on the n-th snippet; `more` changes the insight."""
        insight = {"type": "fact", "text": f"{self.title(turn)}.", "evidence_refs": [self.id(turn)], "confidence": 0.8}
        tldr = more.pop("tldr", _TLDR[self.language].format(self.title(turn)))
        said = {"tldr": tldr, "insights": [{**insight, **more}], "result": {}}
        return json.dumps({key: value for key, value in said.items() if value is not None}, ensure_ascii=False)

    def key(self, kind: str, query: str = "", window: str = "24h") -> str:
        """Under which the bot keeps an answer."""
        return sha256("\0".join((kind, self.language, window, query)).encode()).hexdigest()[:12]

    def budget(self, used: int, limit: int = 20_000_000) -> dict[str, Any]:
        """What the budget says of today, in micro-dollars."""
        return {"tool": "budget", "result": {"used_microusd": used, "limit_microusd": limit}}

    def kept(self) -> dict[str, Any]:
        """An answer as the bot keeps it."""
        evidence = {
            "article_id": self.id(0), "title": self.title(0), "date": NOW.strftime("%Y-%m-%d"),
            "url": f"https://{self.sources[0]}/news/{self.id(0)}", "source": self.sources[0],
            "snippet": f"{self.title(0)} <{self.mark(0)} & Co>.",
        }  # fmt: skip
        insight = {"type": "fact", "text": f"{self.title(0)}.", "evidence_refs": [self.id(0)], "confidence": 0.8}
        header = _HEADERS[self.language]["topics"]
        said = {"header": header, "tldr": _TLDR[self.language].format(self.title(0)), "insights": [insight]}
        return {**said, "evidence": [evidence], "confidence": 0.8, "meta": {"model": "gpt-5"}, "warnings": []}

    def case(
        self, tag: str, text: str, kind: str, *tags: str, given: dict[str, Any] | None = None, **expect: Any
    ) -> Case:
        """A case with what holds for every answer: its language, its contract, its buttons, its time and money."""
        given = {"now": _rfc3339(NOW), "locale": self.language, "snippets": self.snippets(), **(given or {})}
        base: dict[str, Any] = {
            "outcome": "answer",
            "link_hosts": list(self.sources),
            "limits": {"latency_ms": 12_000 if kind == "trends" else 5_000, "spend_microusd": 500_000},
            "must": [],
            "must_not": [],
        }
        header = {"field": "structured.header", "contains": _HEADERS[self.language].get(kind, "")}
        answered = expect.get("outcome", "answer") == "answer"
        base["must"] += [header, _language(self.language)] if answered and kind in _HEADERS["en"] else []
        base["must"] += expect.pop("must", [])
        base["must_not"] += expect.pop("must_not", [])
        case: Case = {
            "id": f"trend-{self.number:03d}-{tag}",
            "slice": self.language,
            "tags": [tag, self.language, *tags],
            "needs": ["model", "tools", "retrieval"],
            "input": {"text": text, "language_code": self.language},
            "given": given,
            "expect": {**base, **expect},
        }
        if answered:
            case["metadata"] = {"callbacks": ["explain", "sources"]}
        return case


def _language(language: str) -> dict[str, Any]:
    return {"field": "structured.meta.language", "equals": language}


def _at(*, hours: int) -> str:
    return _rfc3339(NOW - timedelta(hours=hours))


def _rfc3339(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
