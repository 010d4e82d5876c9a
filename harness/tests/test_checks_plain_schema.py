"""A schema told sound at a glance: the quick word is never kinder than the full reading."""

from __future__ import annotations

import subprocess
import sys

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluicegate.checks.accepting import compile_accepts
from sluicegate.checks.json_schema import _faults
from sluicegate.checks.plain_schema import is_plain

_ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([0.5, "", "a", "(", "string", "date", "int3"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "type"]), inner, max_size=2),
    max_leaves=4,
)
_KEYWORDS = (
    "type", "properties", "required", "additionalProperties", "items", "anyOf", "allOf", "enum", "const", "pattern",
    "format", "minLength", "maxItems", "minimum", "exclusiveMaximum", "title", "$comment", "$schema", "$ref", "$id",
    "not", "typ",
)  # fmt: skip
_SCHEMAS = st.recursive(
    st.booleans() | st.dictionaries(st.sampled_from(_KEYWORDS), _ANY, max_size=3),
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["object", "array", "string"]),
            "properties": st.dictionaries(st.sampled_from(["a", "$schema"]), inner, max_size=2),
            "items": inner,
            "anyOf": st.lists(inner, min_size=1, max_size=2),
            "additionalProperties": inner,
        },
    ),
    max_leaves=4,
)


@settings(max_examples=400, deadline=None)
@given(_SCHEMAS)
def test_what_is_plain_has_no_fault_and_a_quick_yes(schema):
    """Whatever the metaschema, the reading of keywords and the compiler would object to is not plain."""
    if not is_plain(schema):
        return
    assert list(_faults(schema, "x")) == []
    assert compile_accepts(schema) is not None
    for value in ({}, [], "", 0, None):
        list(jsonschema.Draft202012Validator(schema).iter_errors(value))


@pytest.mark.parametrize(
    "schema",
    [
        True, {}, [], None,
        {"$ref": "#"},
        {"type": "strin"},
        {"type": []},
        {"type": "object", "properties": {"a": {"$schema": "https://json-schema.org/draft/2020-12/schema"}}},
        {"$schema": "http://json-schema.org/draft-07/schema#", "type": "object"},
        {"minLength": -1}, {"minLength": True}, {"maxItems": 1.0},
        {"pattern": "("}, {"pattern": "(a+)+(?=b)"}, {"format": "int3"},
        {"enum": []}, {"enum": ["a", "a"]}, {"required": ["a", "a"]},
        {"minimum": float("nan")},
    ],
)  # fmt: skip
def test_what_is_doubtful_is_read_in_full(schema):
    """References, unknown words, other dialects, bounds of the wrong type, patterns that are broken or endless."""
    assert not is_plain(schema)


def test_a_plain_contract_is_compiled_without_the_full_validator():
    """Loading it costs more than checking a hundred answers; a no is worded by it all the same."""
    program = (
        "import sys\n"
        "from sluicegate.checks import compile_contract\n"
        "from sluicegate.model import Case\n"
        "made = compile_contract({'type': 'object', 'required': ['a'], 'properties': {'a': {'type': 'string'}}})\n"
        "assert list(made.problems({'a': 'x'}, Case(id='c'))) == []\n"
        "assert 'jsonschema' not in sys.modules\n"
        "assert [item.place for item in made.problems({'a': 1}, Case(id='c'))] == ['$.a']\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
