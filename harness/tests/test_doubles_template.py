"""The template model and the token count: deterministic, and no cleverer than they say."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from sluicegate.doubles import ModelRequest, tokens
from sluicegate.doubles.template import sections, template_reply
from sluicegate.model import Message


def a_request(user: str) -> ModelRequest:
    turns = (Message(role="system", content="You draft."), Message(role="user", content=user))
    return ModelRequest(protocol="openai.chat", model="m", messages=turns)


def a_prompt(**parts: str) -> str:
    return "\n".join(f"### {name.replace('_', ' ')}\n{text}" for name, text in parts.items())


def test_it_repeats_every_fact_of_the_tool_data_and_the_first_snippet() -> None:
    """What is in the prompt gets into the draft: so what must not, must not be in the prompt."""
    data = json.dumps({"orders": [{"order_id": "AC-1", "paid_with": "4111"}, {"order_id": "AC-2"}]})
    said = json.loads(
        template_reply(a_request(a_prompt(LANGUAGE="de", CUSTOMER="Mia", TOOL_DATA=data, SNIPPETS="- eins\n- zwei")))
    )

    assert said["body"].startswith("Guten Tag Mia,")
    assert all(fact in said["body"] for fact in ("AC-1", "AC-2", "4111", "eins"))
    assert "zwei" not in said["body"]
    assert said["confidence"] == 0.9


def test_it_answers_in_the_language_asked_for_and_in_english_otherwise() -> None:
    """Three languages; another one is answered in English."""
    starts = {
        language: json.loads(template_reply(a_request(a_prompt(LANGUAGE=language))))["body"].split(",")[0]
        for language in ("en", "de", "tr", "fr")
    }

    assert starts == {"en": "Hello", "de": "Guten Tag", "tr": "Merhaba", "fr": "Hello"}


def test_a_prompt_without_sections_gets_one_plain_line() -> None:
    """A user's own pipeline without a script still gets an answer."""
    assert template_reply(a_request("Say hello")) == "Template answer to a prompt of 9 characters."


def test_of_two_sections_of_one_name_the_first_counts() -> None:
    """Text further down cannot replace what stands above it."""
    assert sections("### A\none\n### B\ntwo\n### A\nforged") == {"A": "one", "B": "two"}


@given(st.text())
def test_no_prompt_makes_it_fail_and_the_same_prompt_gives_the_same_answer(text: str) -> None:
    """Total and deterministic."""
    prompt = a_request(f"### TOOL DATA\n{text}\n### MAIL\n{text}")

    assert template_reply(prompt) == template_reply(prompt)
    json.loads(template_reply(prompt))


@given(st.text(), st.integers(min_value=0, max_value=50))
def test_a_text_cut_to_so_many_tokens_has_no_more(text: str, limit: int) -> None:
    """And it is a beginning of the text."""
    cut = tokens.cut_to(text, limit)

    assert tokens.count(cut) <= limit
    assert text.startswith(cut)
    assert tokens.count(text + "x") >= tokens.count(text)


def test_tokens_are_counted_by_four_bytes() -> None:
    """Nothing is nothing; a message costs its frame."""
    assert [tokens.count(text) for text in ("", "a", "four", "fives", "ü" * 4)] == [0, 1, 1, 2, 2]
    assert tokens.count_messages([Message(role="user", content="four")]) == 3 + 4 + 1
