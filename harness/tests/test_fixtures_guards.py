"""The guards of the email-rag pipeline: they stop what they should, and leave alone what they should."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluicegate.fixtures.email_rag import guards, prompt, words


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("4111 1111 1111 1111", "[card]"),
        ("5555-5555-5555-4444", "[card]"),
        ("card 378282246310005.", "card [card]."),
        ("DE89 3704 0044 0532 0130 00", "[iban]"),
        ("DE89370400440532013000", "[iban]"),
        ("TR33 0006 1005 1978 6457 8413 26", "[iban]"),
        ("078-05-1120", "[ssn]"),
    ],
)
def test_card_iban_and_social_security_numbers_are_masked(text: str, left: str) -> None:
    """At any depth of tool data."""
    assert guards.masked({"a": [{"b": text}], "n": 1}) == {"a": [{"b": left}], "n": 1}


@pytest.mark.parametrize(
    "text",
    ["AC-10234", "TRK20000001", "2026-02-03", "49.90 EUR", "1234567890123", "4111 1111 1111 1112", "tel 030 1234567"],
)
def test_orders_dates_amounts_and_other_numbers_stay(text: str) -> None:
    """A number that fails the check digit is no card."""
    assert guards.masked(text) == text


@given(st.text())
def test_a_header_value_never_holds_a_line_break_or_control_character(text: str) -> None:
    """For every reader of headers, those that honour Unicode line breaks among them."""
    safe = guards.one_line(text)

    assert len(safe.splitlines()) <= 1
    assert not any(ord(ch) < 32 or ord(ch) == 127 for ch in safe)
    assert len(safe) <= 150


def test_the_recipient_is_the_senders_address_alone() -> None:
    """With or without a display name; nothing without an address is answered."""
    assert guards.address_of("Mia Berger <mia@post.example>") == ("Mia Berger", "mia@post.example")
    assert guards.address_of("mia@post.example") == ("", "mia@post.example")
    for sender in ("", "Mia", "a@b@c"):
        with pytest.raises(ValueError, match="no usable sender"):
            guards.address_of(sender)


def test_a_number_that_nobody_mentioned_is_not_grounded() -> None:
    """Order and tracking numbers of a draft come from the mail's subject or the tools."""
    assert guards.is_grounded("Your order AC-10001", '{"order_id": "AC-10001"}')
    assert not guards.is_grounded("Your order AC-10002", '{"order_id": "AC-10001"}')
    assert not guards.is_grounded("TRK20000001", "")


@given(st.text(), st.lists(st.text(max_size=500), max_size=4), st.integers(min_value=100, max_value=400))
def test_tool_data_is_never_what_gives_way(text: str, snippets: list[str], budget: int) -> None:
    """Snippets go first, then the mail; no line of a stranger begins a section."""
    data = {"orders": [{"order_id": "AC-10001"}]}
    asked, kept = prompt.fitted({"CUSTOMER": text}, data, snippets, text, budget)
    headings = [line for line in asked.split("\n") if line.startswith("### ")]

    assert '"order_id": "AC-10001"' in asked
    assert kept <= len(snippets)
    assert len(headings) == len(set(headings))
    assert set(headings) <= {"### CUSTOMER", "### TOOL DATA", "### SNIPPETS", "### MAIL"}


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Where is my parcel?", "tracking"),
        ("Wo ist meine Sendung TRK20000001?", "tracking"),
        ("Kargom nerede", "tracking"),
        ("AC-10001", "order"),
        ("Meine Bestellung", "order"),
        ("siparişim ne durumda", "order"),
        ("When are you open?", "other"),
        ("", "other"),
    ],
)
def test_what_a_mail_wants_is_told_by_its_words(text: str, intent: str) -> None:
    """In three languages."""
    assert words.intent_of(text) == intent


def test_the_text_of_an_html_mail_is_read_without_its_tags() -> None:
    """Style and script are no text; a plain body goes before."""
    markup = "<style>p {}</style><p>Order&nbsp;AC-10001</p><script>evil()</script>"

    assert words.plain_text(None, markup).replace("\xa0", " ").split() == ["Order", "AC-10001"]
    assert words.plain_text("plain", markup) == "plain"
