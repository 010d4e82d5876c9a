"""Every place where a Telegram message stands is judged: a sound one beside it excuses none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sluicegate.checks import CHECKS, CheckConfig, run_check
from sluicegate.checks.telegram_messages import messages_of
from sluicegate.model import Case, Output, Trial

GOOD: dict[str, Any] = {
    "text": "Your order is on its way.",
    "parse_mode": "HTML",
    "buttons": [[{"text": "Open", "callback_data": "open:1"}]],
}
NO_LABEL = [[{"text": "", "callback_data": "open:1"}]]
BAD: dict[str, Any] = {**GOOD, "buttons": NO_LABEL}


def judged(check: str, case: Case | None = None, **output: Any):
    trial = Trial(case=case or Case(id="c"), outputs=(Output(**output),))
    return run_check(CHECKS[f"format.{check}"], trial, CheckConfig())


@pytest.mark.parametrize(
    ("output", "place"),
    [
        ({"structured": GOOD, "metadata": {"telegram": BAD}}, "$.metadata.telegram.buttons[0][0].text"),
        ({"structured": {"messages": [GOOD, BAD]}}, "$.structured.messages[1].buttons[0][0].text"),
        ({"structured": [BAD]}, "$.structured[0].buttons[0][0].text"),
        ({"structured": {"result": {"message": BAD}}}, "$.structured.result.message.buttons[0][0].text"),
        ({"metadata": {"sent": {"second": BAD}, "message": GOOD}}, "$.metadata.sent.second.buttons[0][0].text"),
        ({"structured": {**GOOD, "messages": [BAD]}}, "$.structured.messages[0].buttons[0][0].text"),
    ],
)
def test_each_message_of_an_answer_is_judged(output: dict[str, Any], place: str) -> None:
    """Beside another one, in a list, below another name."""
    (finding,) = judged("buttons", **output).findings

    assert finding.place == place


def test_a_markup_may_be_json_text_as_sendmessage_takes_it() -> None:
    """What it says is judged; what is no JSON is refused by Telegram."""
    markup = json.dumps({"inline_keyboard": NO_LABEL})

    assert judged("buttons", metadata={"telegram": {"text": "hi", "reply_markup": markup}}).result == "fail"
    assert judged("buttons", metadata={"telegram": {"text": "hi", "reply_markup": "{"}}).result == "fail"
    sound = json.dumps({"inline_keyboard": GOOD["buttons"]})
    assert judged("buttons", metadata={"telegram": {"text": "hi", "reply_markup": sound}}).result == "pass"


@pytest.mark.parametrize("markup", [{"force_reply": True}, {"inline_keyboard": GOOD["buttons"]}, None])
def test_buttons_beside_a_markup_are_judged_too(markup: Any) -> None:
    """Nobody can tell which of them is sent."""
    message = {"text": "hi", "reply_markup": markup, "buttons": NO_LABEL}

    assert judged("buttons", metadata={"telegram": message}).result == "fail"
    assert judged("buttons", metadata={"telegram": {**message, "buttons": GOOD["buttons"]}}).result == "pass"


def test_the_callbacks_of_an_answer_stand_in_any_of_its_messages() -> None:
    """Together they have each that is handled, and no other."""
    other = {**GOOD, "buttons": [[{"text": "Close", "callback_data": "close"}]]}
    case = Case(id="c", metadata={"callbacks": ["open", "close"]})

    assert judged("callbacks", case, structured={"messages": [GOOD, other]}).result == "pass"
    assert judged("callbacks", case, structured={"messages": [GOOD, GOOD]}).result == "fail"


def test_what_only_looks_like_a_message_is_none() -> None:
    """A text with entities that somebody recognised, a button, a text without marks."""
    structured = {"facts": [{"text": "Ann", "entities": ["person"]}], "x": {"text": "Open", "callback_data": "o"}}

    assert messages_of(Output(structured=structured, metadata={"message": {"text": "hi"}})) == []


def test_under_telegram_a_text_alone_is_a_message() -> None:
    """sendMessage needs no more: a message too long is one whether or not it says how it is to be read."""
    long = {"text": "x" * 5000}

    for metadata in ({"telegram": long}, {"telegram": [{"text": "hi"}, long]}):
        assert messages_of(Output(metadata=metadata))[-1].value == long
