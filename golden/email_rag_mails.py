"""The mails most golden cases begin with: an order, a parcel, a question; and what a draft must and must not say."""

from __future__ import annotations

import json
from typing import Any

from sluicegate.golden.email_rag_texts import GREETING
from sluicegate.golden.email_rag_world import Case, World

__all__ = ["MODEL", "PII", "evil", "facts", "must", "must_not", "order", "question", "reply", "snippets"]

MODEL = "gpt-4o-mini-2024-07-18"
PII = ("4111 1111 1111 1111", "DE89 3704 0044 0532 0130 00", "078-05-1120", "5555 5555 5555 4444")
"""The usual test numbers of card, IBAN and social security number; they belong to nobody."""


def order(world: World, tag: str, turn: int, *tags: str, **given: Any) -> Case:
    """Order data exists: the draft carries number, status and total."""
    subject, text = world.texts.order_subject[turn % 3], world.texts.order[turn // 3 % 3]
    given = {"tool_results": [world.order()], "snippets": snippets(world, turn), **given}
    case = world.case(tag, subject, text, *tags, given=given, intent="order", outcome="answer")
    case["expected_output"]["order_id"] = world.order_id
    must(case, world.order_id, world.status, world.total)
    return case


def question(world: World, tag: str, turn: int, *tags: str, answered: bool = True, **given: Any) -> Case:
    """No tool is needed: the best snippet answers, a weak one does not."""
    subject, text, answer = world.texts.questions[turn % 4]
    given = {"snippets": [*snippets(world, turn), world.snippet("best", answer, 0.93)], **given}
    case = world.case(tag, subject, text, *tags, given=given, intent="other", outcome="answer")
    case["needs"] = ["mail", "retrieval"]
    must(case, *([answer] if answered else []))
    return case


def snippets(world: World, turn: int) -> list[dict[str, Any]]:
    """One that is sure enough, one that is not."""
    _, _, answer = world.texts.questions[(turn + 1) % 4]
    return [world.snippet("fair", answer, 0.74), world.snippet("weak", "Do not use me.", 0.41)]


def reply(world: World, told: str, **more: Any) -> str:
    """What a model says that was told what to say."""
    said = {"subject": "Re: order", "body": f"{GREETING[world.language]} {world.name},\n\n{told}", "confidence": 0.9}
    return json.dumps({**said, **more}, ensure_ascii=False)


def facts(world: World) -> str:
    """What is known of the order."""
    return f"{world.order_id}: {world.status}, {world.total}"


def evil(world: World) -> str:
    """An attacker's address that names its case."""
    return f"evil+{world.number:03d}@attacker.test"


def must(case: Case, *texts: str) -> None:
    """The draft says these."""
    case["expect"]["must"] += [{"field": "mail.body", "contains": text} for text in texts]
    case["expect"]["must_not"].append({"field": "mail.body", "contains": "Do not use me."})


def must_not(case: Case, *texts: str) -> None:
    """The draft says none of these."""
    case["expect"]["must_not"] += [{"field": "mail.body", "contains": text} for text in texts]
