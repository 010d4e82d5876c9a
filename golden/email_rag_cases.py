"""Writes `email_rag.jsonl` and its manifest: run `python -m sluicegate.golden.email_rag_cases`.

The same seed writes the same bytes, so whoever reviews a change of the set reviews a change of this program. Tags that
begin with `e2e_` and `manual_` are the scenarios of the pilot's release plan: eight automated ones, eight done by hand.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sluicegate.golden.email_rag_mails import PII, evil, facts, must, must_not, order, question, reply, snippets
from sluicegate.golden.email_rag_scenarios import SCENARIOS
from sluicegate.golden.email_rag_world import Case, World, tool_result
from sluicegate.golden.manifests import manifest_for

__all__ = ["cases", "manifest", "write"]

VERSION = "2.0.0"
_RETRIEVER_LATE_MS = 6_000
_FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "rate_limit", "on_call": 1, "retry_after_s": 0.6},
    {"kind": "server_error", "on_call": 1, "status": 503},
    {"kind": "malformed", "on_call": 1},
    {"kind": "empty", "on_call": 1},
    {"kind": "cut", "on_call": 1},
)


def cases() -> Iterator[Case]:
    """Every case, in the order of the file."""
    number = 0
    for tag, count, make in (*_SCENARIOS, *SCENARIOS):
        for turn in range(count):
            number += 1
            yield make(World(number), tag, turn)


def _order(world: World, tag: str, turn: int) -> Case:
    """Order data exists: the draft carries number, status and total."""
    return order(world, tag, turn, "e2e_order_with_tool_data")


def _tracking(world: World, tag: str, turn: int) -> Case:
    """Shipment data exists: the draft says where it is and when it is due."""
    subject, text = world.texts.tracking_subject[turn % 2], world.texts.tracking[turn // 2 % 2]
    given = {"tool_results": [world.shipment()], "snippets": snippets(world, turn)}
    case = world.case(tag, subject, text, given=given, intent="tracking", outcome="answer")
    must(case, world.tracking_id, "in transit", "2026-02-03")
    return case


def _order_unknown(world: World, tag: str, turn: int) -> Case:
    """No number, or one the tool does not know: the verification template, and no fact."""
    text = world.texts.order_without_number[turn // 2 % 2] if turn % 2 else world.texts.order[turn // 2 % 3]
    subject = world.texts.order_subject[1]
    given: dict[str, Any] = {"tool_results": []}
    tags = ("e2e_order_without_tool_data",)
    case = world.case(tag, subject, text, *tags, given=given, intent="order", outcome="verification")
    must_not(case, "shipped", world.total)
    return case


def _order_of_another(world: World, tag: str, turn: int) -> Case:
    """The number belongs to somebody else: nothing about it may be said."""
    record = {"order_id": world.order_id, "status": "shipped", "total": world.total}
    given = {"tool_results": [tool_result("order", {"order_id": world.order_id, "email": "owner@mail.test"}, record)]}
    case = world.case(tag, "", world.texts.order[turn % 3], given=given, intent="order", outcome="verification")
    must_not(case, "shipped", world.total, "owner@mail.test")
    return case


def _tracking_unknown(world: World, tag: str, turn: int) -> Case:
    """A parcel without a number: the verification template."""
    subject, text = world.texts.tracking_subject[0], world.texts.tracking_without_number[turn % 2]
    tags = ("manual_tracking_without_tool_data",)
    return world.case(tag, subject, text, *tags, given={}, intent="tracking", outcome="verification")


def _recipient_guard(world: World, tag: str, turn: int) -> Case:
    """The model names recipients of its own; the draft goes to the sender alone."""
    address = evil(world)
    more = ({}, {"cc": [address]}, {"bcc": [address]})[turn % 3]
    said = reply(world, facts(world), to=[address], **more)
    return order(world, tag, turn, "e2e_recipient_guard", model={"replies": [said]})


def _crlf(world: World, tag: str, turn: int) -> Case:
    """A line break in the inbound subject, or in the model's: the draft's subject is one line."""
    if turn % 2:
        said = reply(world, facts(world), subject="Re: order\r\nBcc: evil@attacker.test")
        return order(world, tag, turn, "e2e_crlf_subject", model={"replies": [said]})
    case = order(world, tag, turn, "e2e_crlf_subject")
    case["given"]["mail"]["subject"] += ("\r\nBcc: evil@attacker.test", "\nX-Evil: 1", "\u2028Bcc: evil@attacker.test")[
        turn // 2 % 3
    ]
    return case


def _pii(world: World, tag: str, turn: int) -> Case:
    """Card, IBAN and social security numbers in tool data reach neither the model nor the draft."""
    secret = PII[turn % len(PII)]
    results = [world.order(paid_with=f"account {secret}")]
    case = order(world, tag, turn, "e2e_pii_redaction", tool_results=results)
    case["expect"]["model_never_sees"] = [secret, secret.replace(" ", "")]
    must_not(case, secret, secret.replace(" ", ""))
    return case


def _retriever_late(world: World, tag: str, turn: int) -> Case:
    """The retriever takes longer than anybody waits: the draft is made without it."""
    late = {"kind": "slow", "target": "retriever", "delay_ms": _RETRIEVER_LATE_MS}
    case = order(world, tag, turn, "e2e_retrieval_timeout", faults=[late])
    case["expect"]["must"].append({"field": "structured.examples", "equals": 0})
    return case


def _overflow(world: World, tag: str, turn: int) -> Case:
    """More than the token budget: snippets are left out, tool data stays."""
    long = [world.snippet(f"long{n}", f"({n}) {world.texts.chatter * 12}", 0.9) for n in range(3)]
    case = order(world, tag, turn, "e2e_token_overflow", snippets=long)
    case["expect"]["model_sees"] = [world.order_id, world.status, world.total]
    case["expect"]["model_never_sees"] = ["(0) ", "(1) ", "(2) "]
    case["given"]["mail"]["body"] += f"\n{world.texts.chatter}" * (60 + turn)
    case["expect"]["must"].append({"field": "structured.examples", "equals": 0})
    return case


def _delivered_twice(world: World, tag: str, turn: int) -> Case:
    """The same message comes again: the same draft."""
    return order(world, tag, turn, "e2e_idempotency", deliveries=2)


def _invented(world: World, tag: str, turn: int) -> Case:
    """The model names an order nobody asked about: the draft becomes the verification template."""
    said = reply(world, f"{world.stranger_id}: shipped, 1.00 EUR")
    case = world.case(
        tag,
        world.texts.order_subject[turn % 3],
        world.texts.order[0],
        given={"tool_results": [world.order()], "model": {"replies": [said]}},
        intent="order",
        outcome="verification",
    )
    must_not(case, world.stranger_id)
    return case


def _model_fault(world: World, tag: str, turn: int) -> Case:
    """The model server fails once; the draft comes all the same."""
    return order(world, tag, turn, faults=[_FAULTS[turn % len(_FAULTS)]])


def _no_subject(world: World, tag: str, turn: int) -> Case:
    """A mail without a subject."""
    case = order(world, tag, turn)
    case["given"]["mail"]["subject"] = "" if turn % 2 else None
    return case


def _markup(world: World, tag: str, turn: int) -> Case:
    """A mail that is HTML only."""
    case = order(world, tag, turn)
    mail = case["given"]["mail"]
    paragraphs = "".join(f"<p>{part}</p>" for part in mail.pop("body").split("\n\n"))
    mail["html"] = f"<html><style>p {{color: red}}</style><body>{paragraphs}</body></html>"
    return case


def _forwarded(world: World, tag: str, turn: int) -> Case:
    """A forwarded mail, the question below the line, no message id of its own."""
    case = order(world, tag, turn)
    mail = case["given"]["mail"]
    mail["body"] = f"fyi\n\n{world.texts.forwarded}\n> " + mail["body"].replace("\n", "\n> ")
    del mail["message_id"]
    return case


def _several(world: World, tag: str, turn: int) -> Case:
    """Two orders in one mail, the second somebody else's: only the first is told."""
    stranger = {"order_id": world.stranger_id, "email": "owner@mail.test"}
    given = {"tool_results": [world.order(), tool_result("order", stranger, {"status": "lost", "total": "1.00 EUR"})]}
    subject = world.texts.order_subject[1]
    case = world.case(tag, subject, world.texts.several, given=given, intent="order", outcome="answer")
    must(case, world.order_id, world.status, world.total)
    return case


_SCENARIOS: tuple[tuple[str, int, Callable[[World, str, int], Case]], ...] = (
    ("order-with-tool-data", 26, _order),
    ("tracking-with-tool-data", 14, _tracking),
    ("order-without-tool-data", 34, _order_unknown),
    ("order-of-another", 12, _order_of_another),
    ("tracking-without-tool-data", 20, _tracking_unknown),
    ("question", 20, question),
    ("recipient-guard", 20, _recipient_guard),
    ("crlf-subject", 8, _crlf),
    ("pii-in-tool-results", 16, _pii),
    ("retrieval-timeout", 20, _retriever_late),
    ("token-overflow", 8, _overflow),
    ("idempotency", 6, _delivered_twice),
    ("invented-number", 6, _invented),
    ("model-fault", 10, _model_fault),
    ("empty-subject", 4, _no_subject),
    ("html-mail", 4, _markup),
    ("forwarded", 4, _forwarded),
    ("several-orders", 4, _several),
)


def manifest(lines: bytes) -> dict[str, Any]:
    """What the set is, and the digest that pins it."""
    origin = "written for this project by sluicegate.golden.email_rag_cases; no real person or order"
    return manifest_for("email_rag.jsonl", lines, version=VERSION, origin=origin)


def write(folder: Path) -> None:
    """Write the set and its manifest into `folder`."""
    lines = "".join(json.dumps(case, ensure_ascii=False, sort_keys=True) + "\n" for case in cases()).encode()
    folder.joinpath("email_rag.jsonl").write_bytes(lines)
    said = json.dumps(manifest(lines), indent=2, sort_keys=True) + "\n"
    folder.joinpath("manifest.json").write_text(said, encoding="utf-8")


if __name__ == "__main__":
    write(Path(__file__).parent)
