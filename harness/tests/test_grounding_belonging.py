"""A true word about a record is wrong where the record is somebody else's, or not the one that was asked for."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from owner_letters import LETTERS

sys.path.pop(0)

from sluicegate.checks import CHECKS, CheckConfig, Result, run_check
from sluicegate.checks.check import CheckOutcome
from sluicegate.model import Case, Observation, Output, Severity, Trial, Witness, decode

TOLD = "Hello Ada, your order was delivered on 26 January; we charged 19.90 EUR."
NOELS = {"customer_email": "noel@mail.example", "status": "delivered", "total": "19.90 EUR", "arrived": "2026-01-26"}
ADAS = "Ada Finch <ada@mail.example>"


def asked(text: str, result: Any, *, key: dict[str, Any] | None = None, **given: Any) -> CheckOutcome:
    """What the check says of a draft made from one answer of a tool, to a call with these arguments."""
    mail = {
        "sender": ADAS, "to": ["care@shop.example"], "subject": "My order", "body": "Where is my order?",
        **given.pop("mail", {}),
    }  # fmt: skip
    asks = given.pop("input", None)
    world = {
        "now": "2026-01-29T09:00:00Z", **({} if asks else {"mail": mail}), **given,
        "tool_results": [{"tool": "order", "result": result}] if result else [],
    }  # fmt: skip
    case = decode(Case, {"id": "c", "given": world, **({"input": asks} if asks else {})})
    return run_check(
        CHECKS["grounding.claims"],
        Trial(
            case=case,
            outputs=(Output(content=text),),
            observations=(
                seen("tool", "order", arguments=key or {"email": "ada@mail.example"}, status=200, writes=False),
                seen("retriever", "search", query="q", k=3, returned=["s1"], status=200),
            ),
        ),
        CheckConfig(),
    )


def seen(double: str, action: str, **detail: Any) -> Observation:
    return Observation(run_id="0" * 16, double=double, action=action, at="2026-01-29T09:00:00Z", detail=detail)


def is_suspect(outcome: CheckOutcome) -> bool:
    """Incidents, none of which rolls back."""
    wrong = [item for item in outcome.findings if item.severity is Severity.INCIDENT]
    return outcome.result is Result.FAIL and bool(wrong) and {item.witness for item in wrong} == {Witness.PATTERN}


@pytest.mark.parametrize(
    "record",
    [
        NOELS,
        {"email": "noel@else.example", "status": "delivered"},
        {"contact": "Noel <noel@mail.example>", "status": "delivered"},
        {"customer": {"email": "noel@mail.example"}, "order": {"status": "delivered"}},
        {"order": {"status": "delivered", "customer": {"id": "C-9", "email": "noel@mail.example"}}},
        {"orders": [{"status": "delivered", "buyer_email": "noel@mail.example"}]},
        {"status": "delivered", "customer_name": "Noel Brook"},
        {"status": "delivered", "kunde": "Noel Brook"},
        {"placed_by": "noel@mail.example", "status": "delivered"},
        {"emails": ["noel@mail.example", "brook@else.example"], "status": "delivered"},
        {"id": "17", "status": "delivered", "ordered_by": {"email": "x@y.example"}, "email": "noel@else.example"},
    ],
)
def test_a_record_without_a_number_is_its_owners(record: dict[str, Any]) -> None:
    """It names another address or name than the sender's: what is told of it is for a human."""
    assert is_suspect(asked(TOLD, record))


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("Your order 1001 was delivered.", "Where is order 1001?"),
        ("Your parcel is TRK88120011.", "Where is my parcel?"),
        ("It was delivered.", "Was it delivered?"),
        ("Your oak stool was delivered.", "Where is my oak stool?"),
    ],
)
def test_a_number_or_an_item_in_the_draft_makes_it_nobody_elses(text: str, body: str) -> None:
    """However the draft calls what the record is of, and whatever the mail asks."""
    record = {**NOELS, "tracking_id": "TRK88120011", "item": "oak stool"}
    assert is_suspect(asked(text, record, mail={"body": body}))
    mine = {**record, "customer_email": "ada@mail.example"}
    assert asked(text, mine, mail={"body": body}).result is not Result.FAIL


@pytest.mark.parametrize(
    ("input_", "record", "wrong"),
    [
        ({"email": "ada@mail.example", "text": "Where is it?"}, NOELS, True),
        ({"from": ADAS, "text": "Where is it?"}, NOELS, True),
        (
            {"customer": {"name": "Ada Finch"}, "text": "Where?"},
            {"customer": "Noel Brook", "status": "delivered"},
            True,
        ),
        ({"customer_id": "C-17", "text": "Where?"}, {"customer_id": "C-99", "status": "delivered"}, True),
        ({"customer_id": 17, "text": "Where?"}, {"customer": {"number": 99}, "status": "delivered"}, True),
        ({"account": "A-17", "text": "Where?"}, {"account": "A-99", "status": "delivered"}, True),
        ({"sender": {"address": "ada@mail.example"}, "text": "Where?"}, NOELS, True),
        ({"text": "My customer number is C-17."}, {"customer_id": "C-99", "status": "delivered"}, True),
        ({"order_id": "1001", "text": "Where?"}, {"order_id": "1002", "status": "delivered"}, True),
        ({"order_id": "1001", "text": "Where?"}, {"order_id": "1001", "status": "delivered"}, False),
        ("From: Ada <ada@mail.example>\n\nWhere is it?", NOELS, True),
        ({"customer_id": "C-17", "text": "Where?"}, {"customer_id": "c-17", "status": "delivered"}, False),
        ({"customer_id": "C-17", "text": "Where?"}, {"account_id": "A-99", "status": "delivered"}, False),
        ({"customer_id": "C-17", "text": "Where?"}, {"customer_type": "business", "status": "delivered"}, False),
        ({"text": "Where is it?"}, NOELS, False),
        ({"user": "Where is it"}, {"customer": "Noel Brook", "status": "delivered"}, False),
        ({"mail": "Where is it?"}, {"customer": "Noel Brook", "status": "delivered"}, False),
    ],
)
def test_who_is_answered_is_read_from_the_input_too(input_: Any, record: dict[str, Any], wrong: bool) -> None:
    """An address, a name or an account; where it tells none, nobody is somebody else."""
    assert is_suspect(asked("It was delivered.", record, input=input_)) is wrong


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ('{"customer_email": "noel@mail.example", "status": "delivered", "total": "19.90 EUR"}', True),
        ("Customer: noel@mail.example\nStatus: delivered\nTotal: 19.90 EUR", True),
        ("The order of noel@mail.example was delivered on 26 January and came to 19.90 EUR.", True),
        ("Customer: ada@mail.example\nStatus: delivered\nTotal: 19.90 EUR", False),
        ("Write to returns@shop.example for what was delivered. Below 19.90 EUR you pay the postage.", False),
        ("A parcel is delivered by noon. Below 19.90 EUR you pay the postage. Ask noel@mail.example.", False),
    ],
)
def test_a_snippet_about_somebody_else_says_nothing_of_the_sender(text: str, wrong: bool) -> None:
    """As a record, or as a sentence that names another address."""
    told = asked("It was delivered on 26 January; the total is 19.90 EUR.", None, snippets=[{"id": "s1", "text": text}])
    assert is_suspect(told) is wrong


ANOTHERS = {"order_id": "1002", "status": "delivered", "total": "19.90 EUR", "arrived": "2026-01-26"}


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (TOLD, True),
        ("Your order 1001 was delivered.", True),
        ("Your order 1001 comes to 19.90 EUR.", True),
        ("Your order 1002 was delivered.", True),
        ("Your order 1001 is packed.", True),
        ("We cannot say whether order 1001 was delivered.", False),
        ("Could you check the number of order 1001? We find no such order.", False),
        ("We find no order 1001. Did you mean order 1002? That one was delivered.", False),
    ],
)
@pytest.mark.parametrize("key", [{"order_id": "1001"}, {"order_id": "1002"}, {"id": 1001}, {"orderNumber": "#1001"}])
def test_a_record_with_another_key_is_not_the_one_asked_for(key: dict[str, Any], text: str, wrong: bool) -> None:
    """The call, or the mail, asks about 1001 and the record is 1002's: it says nothing of 1001."""
    told = asked(text, ANOTHERS, key=key, mail={"body": "Where is order 1001?"})
    assert is_suspect(told) is wrong
    if not wrong:
        assert told.result is not Result.FAIL


@pytest.mark.parametrize(
    ("key", "record"),
    [
        ({"order_id": "1001"}, {"order_id": "AC-1001"}),
        ({"order_id": "1001"}, {"order_id": "1002", "replaces": "1001"}),
        ({"order_id": "1001"}, {"id": "9f3c-77aa", "customer_id": "C-9"}),
        ({"order_id": "001001"}, {"order_id": 1001}),
        ({"order_id": "1001"}, {"orders": [{"order_id": "1001"}, {"order_id": "1002"}]}),
        ({"customer_id": "1001"}, {"order_id": "1002"}),
        ({"order_id": "1001"}, {"items": [{"sku": "4711"}]}),
        ({"order_id": "1001"}, {"tracking": "4711"}),
    ],
)
def test_a_key_that_is_written_in_another_way_is_no_other(key: dict[str, Any], record: dict[str, Any]) -> None:
    """A prefix, noughts, an internal number, the key of a customer, one of a list, and what names the one asked for."""
    record = {**record, "status": "delivered"}
    assert asked("Your order was delivered.", record, key=key).result is Result.PASS


def test_of_two_calls_with_one_answer_the_one_that_wanted_it_counts() -> None:
    """A slip that was asked again."""
    seen_ = [seen("tool", "order", arguments={"id": key}, status=200, writes=False) for key in ("1009", "1002")]
    case = decode(Case, {"id": "c", "given": {"tool_results": [{"tool": "order", "result": ANOTHERS}]}})
    trial = Trial(case=case, outputs=(Output(content="Your order was delivered."),), observations=tuple(seen_))
    assert run_check(CHECKS["grounding.claims"], trial, CheckConfig()).result is Result.PASS


def test_an_address_that_leads_to_an_order_of_another_number_may_be_right() -> None:
    """The mail speaks of an old order; the tool was asked by address, and the reply names the order it means."""
    body = {"body": "Order 1001 went well last year. And now?"}
    assert asked("Your order 1002 was delivered.", ANOTHERS, mail=body).result is Result.PASS
    assert is_suspect(asked("Your order was delivered.", ANOTHERS, mail=body))


def test_sound_letters_are_proven_wrong_never_and_seldom_looked_at() -> None:
    """Three of them: a bookkeeper's address alone, a recipient alone, a number that the customer mistyped."""
    told = [
        asked(
            text, {"status": "delivered", "total": "19.90 EUR", "arrived": "2026-01-26", **more}, mail=mail, locale=of
        )
        for of, text, more, mail in LETTERS
    ]
    wrong = [[item for item in outcome.findings if item.severity is Severity.INCIDENT] for outcome in told]
    assert [item for found in wrong for item in found if item.witness.confirms] == []
    assert (len(LETTERS), sum(map(bool, wrong))) == (34, 3)
