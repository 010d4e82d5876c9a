"""Paths and templates: parsed once, and clear about what is not there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluicegate.errors import InputError
from sluicegate.model import Case, Given, Mail, RunContext
from sluicegate.model.paths import MISSING, parse_path
from sluicegate.pipelines.inputs import ROOTS, canonical_input, scope_of
from sluicegate.pipelines.paths import parse_template

RESPONSE = {"choices": [{"message": {"content": "hello"}}], "usage": {"prompt_tokens": 3}, "a.b": {"c": 1}}
CONTEXT = RunContext(
    run_id="ab" * 8, traceparent="00-x", endpoints={"MODEL": "http://127.0.0.1:1/r/1"}, now="2026-01-01T00:00:00Z"
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$.choices[0].message.content", "hello"),
        ("choices[0].message.content", "hello"),
        ("choices.0.message.content", "hello"),
        ("$.choices[-1].message.content", "hello"),
        ("$", RESPONSE),
        ('$["a.b"].c', 1),
        ("$['a.b'].c", 1),
        ("$.nothing?", None),
    ],
)
def test_a_path_reads_mappings_and_lists(text: str, expected: object) -> None:
    """Names after dots, items in brackets, other keys in quotes; a question mark makes absence null."""
    assert parse_path(text).get(RESPONSE) == expected


@pytest.mark.parametrize("text", ["", "a..b", "a[x]", "$.a b", "[", "a]", 'a["b', "a.", ".", "$$"])
def test_a_path_that_cannot_be_read_is_a_fault_with_its_place(text: str) -> None:
    """A path is understood or refused at the place it was written."""
    with pytest.raises(InputError, match=r"plan.yaml:3: path .* cannot be read"):
        parse_path(text, where="plan.yaml:3")


@given(st.text(max_size=20))
def test_no_text_breaks_the_path_parser(text: str) -> None:
    """Any text is a path or an InputError."""
    try:
        path = parse_path(text)
    except InputError:
        return
    assert path.get({}) in (MISSING, None, {})


def test_absence_is_said_with_the_last_place_that_exists_and_the_nearest_key() -> None:
    """The message tells what is there instead of what was asked for."""
    fault = parse_path("$.choices[0].mesage.content").missing(RESPONSE)

    assert str(fault) == (
        "$.choices[0].mesage.content: is not there: $.choices[0] has message. Did you mean 'message'?"
    )


def test_a_path_reads_the_models_own_dataclasses() -> None:
    """Rules and metrics read outputs and cases by the same paths."""
    case = Case(id="c", given=Given(mail=Mail(subject="Hi", to=("a@shop.test",))))

    assert parse_path("given.mail.to[0]").get(case) == "a@shop.test"
    assert parse_path("given.mail.subjct").missing(case).mend == "Did you mean 'subject'?"


def test_a_template_keeps_types_where_a_text_is_only_a_path() -> None:
    """Numbers, lists and mappings go into the request as they are; inside other text they are written out."""
    case = Case(id="c", input={"text": "hi", "n": 3, "tags": ["a"]})
    template = parse_template(
        {
            "q": "${input.text}",
            "n": "${input.n}",
            "t": ["${input.tags}"],
            "s": "n=${input.n}: ${input.tags}",
            "k": True,
        },
        ROOTS,
    )

    filled = template.fill(scope_of(case, CONTEXT, {}))

    assert filled == {"q": "hi", "n": 3, "t": [["a"]], "s": 'n=3: ["a"]', "k": True}


def test_a_template_reads_run_endpoint_and_given() -> None:
    """Attribution and the case's world are within reach; a mail has every field, also those left out."""
    case = Case(id="c-1", given=Given(mail=Mail(subject="Hi")))
    template = parse_template(
        {
            "run": "${run.id}",
            "at": "${endpoint.MODEL}/v1",
            "cc": "${input.cc}",
            "s": "${case.given.mail.subject}",
            "id": "${case.id}",
        },
        ROOTS,
    )

    assert template.fill(scope_of(case, CONTEXT, {})) == {
        "run": "ab" * 8,
        "at": "http://127.0.0.1:1/r/1/v1",
        "cc": [],
        "s": "Hi",
        "id": "c-1",
    }


def test_what_is_known_to_be_right_cannot_be_sent() -> None:
    """A pipeline that is told the answer is not tested."""
    with pytest.raises(InputError, match="would tell the pipeline the right answer") as error:
        parse_template({"a": "${case.expected_output}", "b": "${case.expect.intent}"}, ROOTS)

    assert len(error.value.faults) == 2


def test_all_faults_of_a_template_are_said_at_once() -> None:
    """Unknown roots and unreadable paths, each with the mend."""
    with pytest.raises(InputError) as error:
        parse_template(["${inputs.text}", "${case..id}"], ROOTS, where="plan.yaml:9")

    assert [str(fault) for fault in error.value.faults] == [
        "plan.yaml:9: '${inputs.text}' begins with 'inputs'. Did you mean 'input'?",
        (
            "plan.yaml:9: path 'case..id' cannot be read at '..id'. "
            'Write names with dots, [0] for items, ["any key"] for other keys.'
        ),
    ]


def test_a_case_without_the_field_is_a_fault_with_the_mend() -> None:
    """The nearest key, or how to allow absence."""
    template = parse_template("${input.text}", ROOTS)

    with pytest.raises(InputError, match=r"input has txt\. Did you mean 'txt'\?"):
        template.fill(scope_of(Case(id="c", input={"txt": 1}), CONTEXT, {}))
    with pytest.raises(InputError, match=r"Write \$\{input.text\?\} for null"):
        template.fill(scope_of(Case(id="c", input={"other": 1}), CONTEXT, {}))


def test_a_literal_mark_is_written_with_two_dollars() -> None:
    """`$${` is `${`."""
    assert parse_template("a $${b} c", ROOTS).fill({}) == "a ${b} c"


def test_the_canonical_input_is_the_cases_own_or_its_domains() -> None:
    """input first; else the one thing given; several by name; nothing is None."""
    mail = Mail(subject="Hi")

    assert canonical_input(Case(id="a", input=0, given=Given(mail=mail))) == 0
    assert canonical_input(Case(id="a", given=Given(command="/trends"))) == "/trends"
    assert canonical_input(Case(id="a", given=Given(mail=mail)))["subject"] == "Hi"
    assert canonical_input(Case(id="a", given=Given(job={"slot": 1}, record={"b": 2}))) == {
        "job": {"slot": 1},
        "record": {"b": 2},
    }
    assert canonical_input(Case(id="a")) is None
