"""Contracts from JSON Schema 2020-12 and from pydantic models."""

from __future__ import annotations

import socket
from datetime import date
from enum import Enum
from typing import Annotated

import jsonschema
import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluicegate.checks import compile_contract
from sluicegate.checks.accepting import compile_accepts
from sluicegate.checks.formats import FORMATS
from sluicegate.checks.values import unsound
from sluicegate.errors import InputError
from sluicegate.model import Case

CASE = Case(id="c-1")
ORDER = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "order_id": {"type": "string", "pattern": r"^[A-Z]{2}-\d+$"},
        "total": {"type": "number", "minimum": 0},
        "items": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/item"}},
        "shipped": {"type": "string", "format": "date"},
        "state": {"enum": ["open", "paid"]},
    },
    "required": ["order_id", "total"],
    "additionalProperties": False,
    "$defs": {"item": {"type": "object", "required": ["sku"], "properties": {"sku": {"type": "string"}}}},
}


def told(schema, value):
    return [(found.place, found.expected) for found in compile_contract(schema).problems(value, CASE)]


def faults(source):
    with pytest.raises(InputError) as raised:
        compile_contract(source, where="order.json")
    return [str(fault) for fault in raised.value.faults]


def test_a_value_that_keeps_its_schema_has_no_problem():
    """The good case says nothing."""
    good = {"order_id": "AB-1", "total": 3, "items": [{"sku": "x"}], "shipped": "2025-01-31", "state": "paid"}

    assert told(ORDER, good) == []


def test_every_broken_rule_is_told_with_its_place():
    """All errors at once, each with path and rule."""
    bad = {"order_id": "x", "items": [], "shipped": "2025-02-30", "state": "sold", "gift": True}

    assert told(ORDER, bad) == [
        ("$.order_id", r"must match ^[A-Z]{2}-\d+$"),
        ("$.items", "must have at least 1 item"),
        ("$.shipped", "must be a date that exists, written YYYY-MM-DD"),
        ("$.state", "must be one of open, paid"),
        ("$", "lacks 'total'"),
        ("$.gift", "is a field the contract does not have"),
    ]


def test_what_was_seen_is_kept_apart_from_the_rule():
    """The rule reads the same in every run, so that a finding keeps its identity; the excerpt says what was there."""
    schema = {"type": "string", "maxLength": 3}

    (problem,) = compile_contract(schema).problems("abcdef", CASE)

    assert problem.expected == "must have at most 3 characters"
    assert problem.seen == "6 characters: abcdef"


def test_a_near_miss_of_a_field_name_is_suggested():
    """An extra field that is a misspelt known one says so."""
    (problem,) = compile_contract(ORDER).problems({"order_id": "AB-1", "total": 1, "shiped": "2025-01-01"}, CASE)

    assert problem.mend == "Did you mean 'shipped'?"


def test_of_several_forms_the_nearest_is_explained():
    """anyOf says how the best candidate fails."""
    schema = {"anyOf": [{"type": "integer"}, {"type": "object", "required": ["id"]}]}

    assert told(schema, {"name": 1}) == [("$", "fits none of the 2 allowed forms; nearest: $ lacks 'id'")]


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"anyOf": [{"type": "null"}, False]}, "fits none of the 2 allowed forms; nearest: $ must be null"),
        ({"oneOf": [False, {"required": ["id"]}]}, "fits none of the 2 allowed forms; nearest: $ lacks 'id'"),
        ({"anyOf": [False]}, "fits none of the 1 allowed forms; nearest: $ is not allowed here"),
        ({"properties": {"n": False}}, "is not allowed here"),
    ],
)
def test_a_form_that_nothing_fits_is_one_among_others(schema, expected):
    """`false` stands where generators rule something out: what breaks it fails, and raises nothing."""
    contract = compile_contract(schema, name="structured")

    assert [problem.expected for problem in contract.problems({"n": 1}, Case(id="c"))] == [expected]


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ({"total": float("nan")}, "is no finite number"),
        ({"total": float("inf")}, "is no finite number"),
        ({1: "a"}, "has a key that is no text"),
        ({"a": {"b": {1, 2}}}, "is no JSON value but set"),
        ({"a": "\ud800"}, "holds half of a character (a lone surrogate)"),
        ({"\ud800": 1}, "has a key that is no text"),
    ],
)
def test_what_json_cannot_hold_is_a_problem(value, why):
    """NaN passes every comparison of a schema; it is found before."""
    (problem,) = compile_contract({"type": "object"}).problems(value, CASE)

    assert problem.expected == "must be a JSON value"
    assert problem.seen == why


def test_endless_nesting_is_a_problem_and_no_crash():
    """A value that contains itself, or ten thousand brackets."""
    knot: list[object] = []
    knot.append(knot)
    deep: object = 1
    for _ in range(10_000):
        deep = {"a": deep}

    for value in (knot, deep, [knot, knot]):
        (problem,) = compile_contract({"type": ["array", "object"]}).problems(value, CASE)
        assert problem.seen == "is nested deeper than 100 levels"


def test_a_million_errors_are_told_as_a_hundred():
    """A hostile answer cannot flood the ledger."""
    problems = told({"type": "array", "items": {"type": "string"}}, list(range(5_000)))

    assert len(problems) == 101
    assert problems[-1][1] == "breaks more than 100 rules; the others are not listed"


@pytest.mark.parametrize(
    ("schema", "says"),
    [
        ({"type": "objct"}, "$.type"),
        ({"type": "object", "requried": ["a"]}, "'requried', which would check nothing. Did you mean 'required'?"),
        ({"type": "string", "maxlength": 3}, "Did you mean 'maxLength'?"),
        ({"type": "string", "format": "money"}, "$.format is 'money', which nobody checks"),
        ({"pattern": "("}, "is broken"),
        ({"type": "string", "pattern": r"(?=(a+)+$)b"}, "could take for ever"),
        ({"$ref": "https://example.com/order.json"}, "which is not in this document"),
        ({"$ref": "#/$defs/nothing"}, "which is not in this document"),
        ({"$ref": "#"}, "refers to itself"),
        ({"$schema": "http://json-schema.org/draft-04/schema#", "type": "object"}, "expected JSON Schema 2020-12"),
        ({}, "accepts every value"),
        (True, "accepts every value"),
        ({"type": "object", "default": {1, 2}}, "no JSON value"),
        ({"type": "number", "minimum": float("nan")}, "$.minimum is no finite number"),
        ("trend", "no built-in contract is called 'trend'"),
        (7, "a contract is a JSON Schema, a pydantic model or a built-in name; got 7"),
        ({"contract": "trend-analysis", "tldr": "long"}, "$.tldr is 'long'; expected a whole number"),
    ],
)  # fmt: skip
def test_a_broken_contract_says_what_and_how_to_mend_it(schema, says):
    """A schema that would silently check nothing is refused before the first case."""
    found = faults(schema)

    assert any(says in fault for fault in found)
    assert all(fault.startswith("order.json: ") for fault in found)


def test_all_faults_of_a_schema_are_told_at_once():
    """One round of mending is enough."""
    found = faults({"properties": {"a": {"format": "money"}, "b": {"$ref": "#/x"}, "c": {"typ": "string"}}})

    assert len(found) == 3


def test_a_keyword_of_ones_own_is_no_misspelling():
    """x-unit is nobody's keyword, and nothing close to one."""
    assert told({"type": "string", "x-unit": "EUR", "units": "px"}, "a") == []


def test_no_reference_is_ever_fetched(monkeypatch):
    """Neither when compiling nor when validating."""

    def refuse(*_args, **_kwargs):
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)

    faults({"properties": {"a": {"$ref": "https://json.example/a"}, "b": {"$dynamicRef": "https://json.example/b"}}})
    assert told({"$id": "https://shop.test/order", "$ref": "#/$defs/a", "$defs": {"a": {"type": "null"}}}, None) == []


def test_the_callers_schema_may_change_afterwards():
    """A contract is compiled once, from what it was given then."""
    schema = {"type": "object", "required": ["a"]}
    contract = compile_contract(schema)
    schema["required"].append("b")

    assert list(contract.problems({"a": 1}, CASE)) == []


def test_the_digest_follows_the_source():
    """The lock shows a loosened contract."""
    assert compile_contract(ORDER).digest == compile_contract(dict(reversed(ORDER.items()))).digest
    assert compile_contract(ORDER).digest != compile_contract({**ORDER, "required": []}).digest
    assert (
        compile_contract("trend-analysis").digest
        != compile_contract({"contract": "trend-analysis", "tldr": 300}).digest
    )


_GOOD_AND_BAD = {
    "date": (["2024-02-29"], ["2025-02-29", "2025-1-01", "2025-01-01\n", "٢٠٢٥-٠١-٠١", "2025-13-01", ""]),
    "time": (["10:00:00Z", "23:59:60Z", "10:00:00.5+02:00"], ["10:00:00", "24:00:00Z", "10:00Z", "10:00:00+25:00"]),
    "date-time": (["2025-01-31T10:00:00Z", "2025-01-31t10:00:00z"], ["2025-01-31 10:00:00Z", "2025-02-30T10:00:00Z"]),
    "duration": (["P1D", "PT1H", "P1Y2M3DT4H5M6S", "P2W"], ["P", "PT", "1D", "P1H", "P1W2D"]),
    "email": (["a@b.test", "a.b+c@shop.example"], ["a@", "@b", "a b@c.test", "a..b@c.test", "é@b.test", "a@b..c"]),
    "idn-email": (["é@bücher.test"], ["é@", "é é@b.test"]),
    "hostname": (["shop.test", "a-b.c"], ["-a.test", "a_b.test", "a..b", "", "a" * 64 + ".test"]),
    "idn-hostname": (["bücher.test"], ["bü cher", ""]),
    "ipv4": (["10.0.0.1"], ["10.0.0.256", "10.0.0.01", "1.2.3"]),
    "ipv6": (["::1", "2001:db8::1"], ["::1%eth0", ":::", "12345::"]),
    "uri": (["https://a.test/x?y#z", "urn:isbn:1"], ["/relative", "https://a b", "https://bücher.test/"]),
    "uri-reference": (["/relative", "#a", ""], ["a b", "%zz"]),
    "iri": (["https://bücher.test/ü"], ["bücher", "https://a b"]),
    "iri-reference": (["bücher/ü"], ["a b"]),
    "uri-template": (["/orders/{id}"], ["/orders/{id"]),
    "uuid": (["123e4567-e89b-12d3-a456-426614174000"], ["123e4567e89b12d3a456426614174000", "123"]),
    "json-pointer": (["", "/a/b~1c"], ["a", "/a~2"]),
    "relative-json-pointer": (["0#", "1/a"], ["01", "/a"]),
    "regex": (["a+"], ["("]),
    "ipv4interface": (["10.0.0.1/8"], ["10.0.0.1/33"]),
    "ipv4network": (["10.0.0.0/8"], ["10.0.0.1/8"]),
    "ipv6interface": (["::1/64"], ["::1/129"]),
    "ipv6network": (["2001:db8::/32"], ["2001:db8::1/32"]),
    "ipvanyaddress": (["10.0.0.1", "::1"], ["10.0.0", "::1%eth0"]),
    "ipvanyinterface": (["10.0.0.1/8"], ["a"]),
    "ipvanynetwork": (["10.0.0.0/8"], ["a"]),
    "multi-host-uri": (["postgres://a.test:1,b.test:2/db"], ["a b"]),
    "json-string": (["{}"], ["{", "NaN"]),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_really_checked(name):
    """A format nobody checks would pass anything."""
    good, bad = _GOOD_AND_BAD[name]
    schema = {"type": "string", "format": name}

    assert [text for text in good if told(schema, text)] == []
    assert [text for text in bad if not told(schema, text)] == []


_json = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.5, 1.0, "", "a", "ab", "2025-01-01", "x1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
_schemas = st.recursive(
    st.booleans()
    | st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["object", "array", "string", "number", "integer", "boolean", "null"])
            | st.lists(st.sampled_from(["object", "string", "integer"]), min_size=1, unique=True),
            "enum": st.lists(st.sampled_from(["a", "ab", 1, None, True]), min_size=1, max_size=3),
            "const": st.sampled_from(["a", 1, False, 1.0]),
            "minLength": st.integers(0, 3), "maxLength": st.integers(0, 3), "minimum": st.integers(-2, 2),
            "exclusiveMaximum": st.integers(-2, 3), "maxItems": st.integers(0, 2), "minItems": st.integers(0, 2),
            "pattern": st.sampled_from(["^a", r"\d$", "b"]), "format": st.sampled_from(["date", "int32"]),
            "uniqueItems": st.booleans(), "title": st.just("t"), "$ref": st.just("#/$defs/r"),
        },
    ),
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "properties": st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2),
            "required": st.lists(st.sampled_from(["a", "b"]), unique=True),
            "additionalProperties": inner, "items": inner,
            "anyOf": st.lists(inner, min_size=1, max_size=2), "allOf": st.lists(inner, min_size=1, max_size=2),
            "not": inner,
        },
    ),
    max_leaves=5,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(_schemas, _schemas, _json)
def test_the_quick_yes_is_always_the_full_validators_yes(schema, referred, value):
    """Speed must never accept what the schema forbids; and on usual schemas it refuses nothing that is allowed."""
    schema = {**schema, "$defs": {"r": referred}} if isinstance(schema, dict) else schema
    if "$ref" in repr(referred):
        return
    accepts = compile_accepts(schema)
    if accepts is None:
        return
    checker = jsonschema.FormatChecker(formats=("date",))

    allowed = jsonschema.Draft202012Validator(schema, format_checker=checker).is_valid(value)

    assert allowed or not accepts(value)


_unsound = st.recursive(
    st.sampled_from(["a", 1, True, None, 0.5, float("nan"), float("inf"), "\ud800", "a\udfff", 2**5000, b"a", Enum]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "\ud800", 1, None]), inner, max_size=3)
        | st.tuples(inner, st.sampled_from([1, 60, 120])).map(lambda deep: _nested(*deep))
    ),
    max_leaves=6,
)


def _nested(value, levels):
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return value


@settings(max_examples=400, deadline=None)
@given(_schemas, _schemas, _json | _unsound)
def test_a_quick_yes_is_said_of_nothing_that_json_cannot_hold(schema, referred, value):
    """NaN, half characters, keys that are no text, endless numbers and nesting are told of under every schema."""
    schema = {**schema, "$defs": {"r": referred}} if isinstance(schema, dict) else schema
    accepts = None if "$ref" in repr(referred) else compile_accepts(schema)

    assert accepts is None or unsound(value) is None or not accepts(value)


@pytest.mark.parametrize(
    ("schema", "sound"),
    [
        ({"type": "object", "properties": {"a": {"type": "string"}}}, {"a": "x", "b": [1, {"c": None}]}),
        ({"type": "array", "items": {"type": "number", "minimum": 0}}, [0, 0.5]),
        ({"type": "array", "items": {"type": "number", "exclusiveMaximum": 1}}, [0, 0.5]),
        ({"type": "object", "additionalProperties": {"type": "string", "maxLength": 3}}, {"ü": "ß"}),
        ({"anyOf": [{"type": "string", "pattern": "^a"}, {"type": "object", "required": ["a"]}]}, {"a": [1]}),
        ({"$ref": "#/$defs/n", "$defs": {"n": {"type": "array", "items": {"$ref": "#/$defs/n"}}}}, [[], [[]]]),
    ],
)
def test_a_quick_yes_is_said_of_every_usual_answer(schema, sound):
    """Looking for what JSON cannot hold refuses nothing that it can."""
    accepts = compile_accepts(schema)

    assert accepts(sound)
    endless: list[object] = []
    endless.append(endless)
    for bad in (float("nan"), float("inf"), "\ud800", 2**5000, _nested(1, 120), endless, {1: 2}):
        for value in (bad, [bad], {"a": bad}, {"z": bad}, {"a": "x", "\ud800": 1}):
            assert not accepts(value)


def test_a_quick_yes_counts_the_levels_of_the_whole_answer():
    """What an open object holds stands as deep as it stands in the answer, not in that object."""
    accepts = compile_accepts(
        {"type": "object", "properties": {"a": {"type": "array", "items": {"type": "object", "required": []}}}}
    )

    for levels in range(90, 110):
        value = {"a": [{"z": _nested(1, levels)}]}
        assert accepts(value) is (unsound(value) is None)


@pytest.mark.parametrize(
    "keywords", [{}, {"minLength": 1}, {"pattern": "a"}, {"format": "json-pointer"}, {"enum": ["/a"]}]
)
def test_a_quick_yes_reads_texts_to_their_end(keywords):
    """Half a character behind what a keyword asks for is no text."""
    accepts = compile_accepts({"type": "string", **keywords})

    assert accepts("/a")
    assert not accepts("/a\ud800")


class Kind(Enum):
    FACT = "fact"
    GUESS = "guess"


class Insight(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid")

    kind: Kind
    text: Annotated[str, pydantic.Field(max_length=10)]
    on: date
    tags: tuple[str, ...] = ()


def test_a_pydantic_model_is_a_contract():
    """Read as JSON, so that dates, enums and tuples arrive as a client would send them."""
    contract = compile_contract(Insight, name="structured")

    assert list(contract.problems({"kind": "fact", "text": "ok", "on": "2025-01-31", "tags": ["a"]}, CASE)) == []


def test_a_pydantic_model_tells_every_problem():
    """Places, rules and what was seen, as for a schema."""
    contract = compile_contract(Insight)
    bad = {"kind": "rumour", "text": "far too long a text", "extra": 1}

    problems = {(found.place, found.expected, found.seen) for found in contract.problems(bad, CASE)}

    assert problems == {
        ("$.kind", "input should be 'fact' or 'guess'", "rumour"),
        ("$.text", "string should have at most 10 characters", "far too long a text"),
        ("$.on", "field required", ""),
        ("$.extra", "extra inputs are not permitted", "1"),
    }


def test_a_type_pydantic_cannot_validate_is_a_fault():
    """The user's mistake is named, not traced back."""

    class Odd:
        pass

    assert "cannot be used as a contract" in faults(Odd)[0]


def test_fields_by_pattern():
    """patternProperties judges the fields it names, and additionalProperties the others."""
    schema = {
        "type": "object",
        "patternProperties": {"^x-": {"type": "string"}},
        "additionalProperties": False,
    }

    assert told(schema, {"x-a": "1"}) == []
    assert told(schema, {"x-a": 1}) == [('$["x-a"]', "must be text")]
    assert told(schema, {"y": 1}) == [("$.y", "is a field the contract does not have")]
    assert told({"type": "object", "patternProperties": {"a": True}}, []) == [("$", "must be an object")]


def test_texts_too_long_to_search_break_their_pattern():
    """Hostile length is never a pass."""
    long = "a" * 1_000_001

    assert told({"type": "string", "pattern": "a"}, long) == [("$", "must match a")]
    assert told({"patternProperties": {"a": True}, "additionalProperties": False}, {long: 1})
    assert told({"anyOf": [{"type": "null"}, {"pattern": "a"}]}, long)


def test_many_extra_fields_are_told_as_twenty():
    """The count says the rest."""
    problems = told({"type": "object", "additionalProperties": False}, {f"f{at}": 1 for at in range(50)})

    assert len(problems) == 21
    assert problems[-1] == ("$", "has more than 20 fields the contract does not have")


def test_a_schema_may_refer_to_itself_below():
    """A tree is judged as deep as it goes."""
    tree = {
        "$ref": "#/$defs/node",
        "$defs": {
            "node": {
                "type": "object",
                "properties": {"next": {"$ref": "#/$defs/node"}},
                "additionalProperties": False,
            }
        },
    }

    assert told(tree, {"next": {"next": {}}}) == []
    assert told(tree, {"next": {"next": {"x": 1}}}) == [("$.next.next.x", "is a field the contract does not have")]


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#node", "$defs": {"n": {"$anchor": "node", "type": "string"}}},
        {"$ref": "#/$defs/a~1b", "$defs": {"a/b": {"type": "string"}}},
        {"type": ["string", "null"], "enum": ["a", None]},
        {"oneOf": [{"type": "string"}, {"const": None}]},
        {"allOf": [{"type": "string"}, {"$id": "urn:x:y", "$ref": "#/$defs/y", "$defs": {"y": {"maxLength": 3}}}]},
    ],
)  # fmt: skip
def test_unusual_schemas_are_left_to_the_full_validator(schema):
    """Anchors, escaped pointers, mixed enums, oneOf, nested documents."""
    assert told(schema, "a") == []
    assert told(schema, 7)


def test_whole_numbers_may_be_large_but_not_endless():
    """Past 64 bits they are JSON; past what Python prints they are an attack."""
    (problem,) = compile_contract({"type": "integer"}).problems([10**5000], CASE)

    assert problem.seen == "is a whole number of 16610 bits"
    assert told({"type": "integer"}, 10**1000) == []
    assert told({"type": "string"}, 10**1000) == [("$", "must be text")]
    assert list(compile_contract(int).problems(10**30, CASE)) == []
    assert [found.place for found in compile_contract(str).problems(10**30, CASE)] == ["$"]


def test_a_models_problems_are_told_as_a_hundred():
    """And its unsound values before any validation."""
    contract = compile_contract(list[int])
    problems = list(contract.problems(["x"] * 500, CASE))

    assert len(problems) == 101
    assert [found.seen for found in contract.problems([float("nan")], CASE)] == ["is no finite number"]


def test_a_type_without_a_schema_is_a_contract_still():
    """Validation works where pydantic cannot describe it."""

    class Even(int):
        @classmethod
        def __get_pydantic_core_schema__(cls, _source, _handler):
            from pydantic_core import core_schema

            return core_schema.no_info_plain_validator_function(cls._even)

        @staticmethod
        def _even(value):
            if value % 2:
                raise ValueError("must be even")
            return value

    contract = compile_contract(Even)

    assert list(contract.problems(2, CASE)) == []
    assert [found.expected for found in contract.problems(3, CASE)] == ["value error, must be even"]


@pytest.mark.parametrize("schema", [[], 3.5, None, ["type"]])
def test_what_is_no_contract_is_a_fault(schema):
    """A list is neither a schema nor a name."""
    assert faults(schema)
