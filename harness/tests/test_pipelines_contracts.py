"""The published contracts describe exactly what the code takes and gives."""

from __future__ import annotations

from dataclasses import fields

import jsonschema
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluicegate.errors import InputError
from sluicegate.model import (
    Capability,
    Case,
    Crash,
    CrashKind,
    Expect,
    Given,
    Limits,
    Mail,
    Observation,
    Output,
    Rule,
    RunContext,
    Snippet,
    ToolCall,
    Usage,
    encode,
)
from sluicegate.pipelines.contracts import CONTRACTS, contract_schema
from sluicegate.pipelines.inputs import DOMAINS, canonical_input

CASE = Case(
    id="c",
    input={"any": [1, None]},
    context=("x",),
    given=Given(
        mail=Mail(subject="s", headers={"a": "b"}),
        command="/trends",
        job={"slot": 1},
        record={"a": None},
        snippets=(Snippet(id="1", text="t", score=0.5),),
    ),
    expect=Expect(
        recipients=(),
        limits=Limits(latency_ms=5),
        must=(Rule(field="content", contains="x"),),
        tool_fields={"t": ("a",)},
    ),
    needs=(Capability.MAIL,),
)
OUTPUT = Output(
    content="c",
    structured={"a": 1},
    mail=Mail(to=("a@shop.test",)),
    tools_called=(ToolCall(name="t", arguments={"a": 1}),),
    usage=Usage(input_tokens=1),
    error=Crash(kind=CrashKind.NOT_RECORDED, message="m"),
    metadata={"retries": 1},
)


def valid(name: str, value: object) -> bool:
    """Whether `value` satisfies the contract."""
    return jsonschema.Draft202012Validator(contract_schema(name)).is_valid(value)


@pytest.mark.parametrize("name", CONTRACTS)
def test_every_contract_is_a_schema_of_2020_12(name: str) -> None:
    """With dialect and title, and the same bytes each time."""
    schema = contract_schema(name)
    jsonschema.Draft202012Validator.check_schema(schema)

    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["title"]
    assert orjson.dumps(schema) == orjson.dumps(contract_schema(name))


def test_every_domain_has_its_contract() -> None:
    """One canonical input per domain."""
    assert set(DOMAINS) <= set(CONTRACTS)


def test_the_words_satisfy_their_own_contracts() -> None:
    """What is written by the codec validates; fields of the type and of the schema are the same."""
    assert valid("case", encode(CASE))
    assert valid("output", encode(OUTPUT))
    assert valid("observation", encode(Observation(run_id="r", double="model", action="m", at="t")))
    assert set(contract_schema("output")["properties"]) == {item.name for item in fields(Output)}
    assert set(contract_schema("case")["properties"]) == {item.name for item in fields(Case)}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("case", {}),
        ("case", {"id": 5}),
        ("case", {"id": "a", "inptu": 1}),
        ("output", {"contnt": "a"}),
        ("output", {"usage": {"input_tokens": 1.5}}),
        ("output", {"provenance": "dreamt"}),
        ("command_response", {"content": "a"}),
        ("command_response", {"id": "a", "contnt": "a"}),
        ("recording_row", {"output": "a"}),
        ("mail", {"subject": "s"}),
        ("command", 5),
        ("job", []),
    ],
)
def test_what_the_code_would_refuse_the_contract_refuses(name: str, value: object) -> None:
    """Unknown keys, wrong types, missing ids."""
    assert not valid(name, value)


def test_a_canonical_input_satisfies_its_domains_contract() -> None:
    """Every field of a mail is there."""
    for name, case in {
        "mail": Case(id="a", given=Given(mail=CASE.given.mail)),
        "command": Case(id="a", given=Given(command="/x")),
        "job": Case(id="a", given=Given(job={"a": 1})),
        "record": Case(id="a", given=Given(record={"a": 1})),
    }.items():
        assert valid(name, canonical_input(case)), name
        assert valid("http_request", canonical_input(case))


def test_the_lines_of_a_command_satisfy_their_contracts() -> None:
    """The request as it is written; answers of each form the adapter reads."""
    from sluicegate.pipelines.command import _request

    assert valid("command_request", _request("a/0", CASE, RunContext(run_id="a", traceparent="t")))
    for answer in (
        {"id": "a", "content": "c"},
        {"id": "a", "output": [1]},
        {"id": "a", "error": "NO_DATA"},
        {"id": "a", "error": {"code": "X", "message": "m"}, "usage": {"input_tokens": 1}},
        {"id": "a"},
    ):
        assert valid("command_response", answer), answer
    assert valid("recording_row", {"case_id": "a", "output": "x", "own": 1})


def test_an_unknown_contract_is_refused_with_the_nearest() -> None:
    """As everywhere."""
    with pytest.raises(InputError, match="Did you mean 'output'"):
        contract_schema("outputs")


_TEXT = st.text(max_size=5)
_OUTPUTS = st.builds(
    Output,
    content=st.none() | _TEXT,
    structured=st.none() | st.dictionaries(_TEXT, st.integers(), max_size=2),
    mail=st.none() | st.builds(Mail, subject=st.none() | _TEXT, to=st.tuples(_TEXT)),
    usage=st.none() | st.builds(Usage, input_tokens=st.none() | st.integers(0, 9)),
    latency_ms=st.none() | st.floats(0, 10),
    tools_called=st.tuples() | st.tuples(st.builds(ToolCall, name=_TEXT)),
)


@given(_OUTPUTS)
def test_every_output_the_codec_writes_satisfies_the_contract(output: Output) -> None:
    """Sparse or full."""
    assert valid("output", encode(output))
