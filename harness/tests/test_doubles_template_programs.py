"""The template model on structured output: fields by the prompt's own words, in the form that was asked for."""

from __future__ import annotations

import json
import re

from hypothesis import given
from hypothesis import strategies as st

from sluicegate.doubles.replies import ModelRequest
from sluicegate.doubles.template import template_reply
from sluicegate.doubles.template_programs import program_reply
from sluicegate.model import Message

SYSTEM = """Your input fields are:
1. `task` (str): what
Your output fields are:
1. `reason` (str): why
2. `decision` (Literal['delegate', 'keep']): what becomes of it
3. `sure` (float): 0 to 1
4. `urgent` (bool): or not
All interactions will be structured in the following way, with the appropriate values filled in.

In adhering to this structure, your objective is:
        Decide.
        delegate: compare offers
        keep: sign contracts"""
ANSWER = {"reason": "Mine.", "decision": "keep", "sure": "0.9", "urgent": "True"}
EXAMPLE = (
    Message(role="user", content="[[ ## task ## ]]\nWater the office plants"),
    Message(role="assistant", content="\n".join(f"[[ ## {name} ## ]]\n{value}" for name, value in ANSWER.items())),
)
SCHEMA = {
    "decision": {"type": "string", "enum": ["delegate", "keep"]},
    "sure": {"type": "number"},
    "urgent": {"type": "boolean"},
    "reason": {"type": "string"},
}


def asked(task: str, *examples: Message, system: str = SYSTEM, **more: object) -> ModelRequest:
    question = Message(role="user", content=task)
    messages = (Message(role="system", content=system), *examples, question)
    return ModelRequest(protocol="openai.chat", model="m", messages=messages, asked=more)


def fields(text: str | None) -> dict[str, str]:
    parts = re.split(r"\[\[ ## (\w+) ## \]\]", text or "")
    return {name: value.strip() for name, value in zip(parts[1::2], parts[2::2], strict=True)}


def form(properties: object) -> dict[str, object]:
    return {"type": "json_schema", "json_schema": {"name": "d", "schema": {"properties": properties}}}


def test_without_examples_the_instruction_decides() -> None:
    """A choice is the option whose line shares most words with the input; every field is there, in order."""
    said = fields(program_reply(asked("[[ ## task ## ]]\nSign the contracts")))

    assert list(said) == ["reason", "decision", "sure", "urgent", "completed"]
    assert said["decision"] == "keep"
    assert fields(program_reply(asked("[[ ## task ## ]]\nCompare two offers")))["decision"] == "delegate"
    assert 0 <= float(said["sure"]) <= 1


def test_an_example_that_is_alike_lends_its_values() -> None:
    """So a program with examples decides otherwise than one without; one that is about something else lends nothing."""
    task = "[[ ## task ## ]]\nWater all plants"
    without, with_it = (fields(program_reply(asked(task, *examples))) for examples in ((), EXAMPLE))
    other = fields(program_reply(asked("[[ ## task ## ]]\nCompare offers", *EXAMPLE)))

    assert (without["decision"], with_it["decision"], other["decision"]) == ("delegate", "keep", "delegate")
    assert (without["urgent"], with_it["urgent"]) == ("false", "True")
    assert float(with_it["sure"]) > float(without["sure"])


def test_a_schema_is_answered_in_json() -> None:
    """Numbers are numbers, choices are of the enum, and nothing is added."""
    request = asked("Sign the contracts", system="Decide.\nkeep: sign contracts", response_format=form(SCHEMA))
    said = json.loads(template_reply(request))

    assert said.keys() == SCHEMA.keys()
    assert said["decision"] == "keep"
    assert isinstance(said["sure"], float)
    assert said["urgent"] is False


def test_other_prompts_are_not_its_business() -> None:
    """A prompt of another form is left to the template of sections; an object of any shape is no schema."""
    assert program_reply(asked("### SUBJECT\nHello", system="You write mails.")) is None
    assert program_reply(asked("x", system="", response_format={"type": "json_object"})) is None
    assert template_reply(asked("Hi", system="")).startswith("Template answer")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@given(text=st.text(), system=st.text(), properties=_JSON, kind=st.text())
def test_it_answers_whatever_it_is_asked(text: str, system: str, properties: object, kind: str) -> None:
    """Total: hostile prompts, types and schemas get an answer or none, never an exception; the same each time."""
    hostile = SYSTEM.replace("Literal['delegate', 'keep']", kind) + system
    for request in (
        asked(text, *EXAMPLE, system=hostile),
        asked(text, system=system, response_format=form(properties)),
    ):
        assert program_reply(request) == program_reply(request)
