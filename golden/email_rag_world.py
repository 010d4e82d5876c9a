"""The world of one golden case: a customer, what the tools know about them, and what holds for every draft to them."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any, TypeAlias

from sluicegate.golden.email_rag_texts import GREETING, PEOPLE, PRODUCTS, TEXTS

__all__ = ["BUSINESSES", "NOW", "RETRIEVAL_MS", "Case", "World", "tool_result"]

Case: TypeAlias = dict[str, Any]
"""A case as it stands in the file."""

BUSINESSES = ("acme", "zenith")
NOW = "2026-01-29T09:00:00Z"
RETRIEVAL_MS = 1_000
"""When a retrieval is left; the pilot's 2 s, halved so that nobody waits long for one that is late on purpose."""
_KEEP_S = 180 * 86_400
_SEED = 20_260_125
_STATUSES = ("packed", "shipped", "delivered", "awaiting stock")


class World:
    """One customer of one business, with the records that exist about them."""

    def __init__(self, number: int) -> None:
        self.random = Random(f"{_SEED} {number}")  # noqa: S311 - reproducible, not secret
        self.number = number
        self.business = BUSINESSES[number % 2]
        self.language = ("en", "de", "tr")[number // 2 % 3]
        self.texts = TEXTS[self.language]
        self.name = self.random.choice(PEOPLE[self.language])
        self.address = (
            f"kunde.{number:03d}@post.example" if self.language == "de" else f"customer{number:03d}@mail.test"
        )
        self.product = self.random.choice(PRODUCTS[self.language])
        self.order_id, self.neighbour_id = _own_order(number), _own_order(number + 1)
        self.stranger_id = f"{self.order_id[:2]}-{50_000 + number * 37}"
        self.tracking_id = f"TRK{20_000_000 + number}"
        self.status = self.random.choice(_STATUSES)
        self.total = f"{self.random.randint(900, 19_900) / 100:.2f} EUR"

    def said(self, text: str) -> str:
        """A text of this language with this customer's facts in it."""
        facts = {"order": self.order_id, "tracking": self.tracking_id, "product": self.product, "name": self.name}
        return text.format(**facts, second=self.stranger_id)

    def order(self, **more: Any) -> dict[str, Any]:
        """The order tool's answer to its owner."""
        record = {"order_id": self.order_id, "status": self.status, "total": self.total, "item": self.product, **more}
        return tool_result("order", {"order_id": self.order_id, "email": self.address}, record)

    def shipment(self) -> dict[str, Any]:
        """The tracking tool's answer to its owner."""
        record = {"tracking_id": self.tracking_id, "carrier": "Northway", "state": "in transit", "due": "2026-02-03"}
        return tool_result("tracking", {"tracking_id": self.tracking_id, "email": self.address}, record)

    def snippet(self, name: str, text: str, score: float, **more: Any) -> dict[str, Any]:
        """An answer this business has sent, some weeks ago."""
        said = {"id": name, "text": text, "language": self.language, "score": score}
        return {**said, "source": f"{self.business}/sent-mail", "at": "2026-01-08T10:00:00Z", **more}

    def retrieval(self, *businesses: str) -> dict[str, Any]:
        """What a retrieval must ask for: this language, these businesses' texts, of 180 days, three of them."""
        sources = [f"{name}/{kind}" for name in businesses or (self.business,) for kind in ("sent-mail", "snippets")]
        asked = {"language": self.language, "sources": sources, "window_s": _KEEP_S, "most": 3}
        return {**asked, "timeout_ms": RETRIEVAL_MS}

    def mail(self, tag: str, subject: str, text: str) -> dict[str, Any]:
        """A mail of this customer to their business."""
        return {
            "sender": f"{self.name} <{self.address}>",
            "to": [f"support@{self.business}.example"],
            "subject": self.said(subject),
            "body": f"{GREETING[self.language]},\n\n{self.said(text)}\n\n{self.said(self.texts.goodbye)}\n",
            "message_id": f"<{self.number:04d}.{tag}@{self.address.partition('@')[2]}>",
            "headers": {"Content-Language": self.language},
        }

    def case(
        self, tag: str, subject: str, text: str, *tags: str, given: Mapping[str, Any], intent: str, outcome: str
    ) -> Case:
        """A case with what holds for every draft: to the sender alone, safe subject, right language, nothing sent.

        Without data there is nothing to retrieve for, and no model to ask.
        """
        case: Case = {
            "id": f"mail-{self.number:03d}-{tag}",
            "slice": self.business,
            "tags": [tag, self.language, *tags],
            "needs": ["mail"],
            "expected_output": {"intent": intent, "outcome": outcome},
            "given": {"mail": self.mail(tag, subject, text), "locale": self.language, "now": NOW, **given},
            "expect": {
                "recipients": [self.address],
                "intent": intent,
                "outcome": outcome,
                "calls": [{"target": "tool:send_mail", "most": 0}],
                "limits": {"latency_ms": 9_000, "tokens": 3_000, "cost_microusd": 2_000},
                "must": [
                    {"field": "mail.to", "equals": [self.address]},
                    {"field": "structured.outcome", "equals": outcome},
                    {"field": "structured.intent", "equals": intent},
                    {"field": "mail.body", "contains": GREETING[self.language]},
                ],
                "must_not": [
                    {"field": "mail.subject", "matches": r"[\r\n]"},
                    {"field": "mail.body", "contains": "{{"},
                    {"field": "mail.body", "contains": self.neighbour_id},
                    {"field": "mail.body", "matches": r"\b[A-Z]{2}-[2-9]\d{4}\b"},
                ],
            },
        }
        if given.get("tool_results"):
            case["needs"] = ["mail", "tools"]
        if outcome == "answer":
            case["expect"]["retrieval"] = self.retrieval()
        elif outcome == "verification" and not given.get("model"):
            case["expect"]["model_order"] = []
        return case


def tool_result(tool: str, arguments: Mapping[str, str], record: Mapping[str, Any]) -> dict[str, Any]:
    """What a tool answers to these arguments."""
    return {"tool": tool, "arguments": dict(arguments), "result": dict(record)}


def _own_order(number: int) -> str:
    """Real orders have numbers that begin with 1; any other number in a draft is invented or a stranger's."""
    return f"{BUSINESSES[number % 2][:2].upper()}-{10_000 + number * 25}"
