"""Between JSON and the words: what is sound is read quickly, what is not is refused as strictly as ever."""

from __future__ import annotations

import copy
import inspect
import pickle
from dataclasses import FrozenInstanceError, dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluicegate.ledger import Checked, Intent, Outcome
from sluicegate.model import (
    Case,
    Expect,
    Given,
    Observation,
    Output,
    Rule,
    decode,
    decode_or_faults,
    encode,
    parse_time,
)
from sluicegate.model.codec import _read
from sluicegate.model.often import made_often, maker

_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
_WORD = st.text(max_size=3)
_RULES = st.lists(st.builds(Rule, field=_WORD, contains=st.none() | _WORD, equals=_JSON), max_size=2).map(tuple)
_CASES = st.builds(
    Case,
    id=_WORD,
    input=_JSON,
    tags=st.lists(_WORD, max_size=2).map(tuple),
    metadata=st.dictionaries(_WORD, _JSON, max_size=2),
    given=st.builds(Given, now=st.none() | _WORD, deliveries=st.integers(1, 3)),
    expect=st.builds(Expect, must=_RULES, outcome=st.none() | _WORD),
)
_OUTPUTS = st.builds(
    Output,
    content=st.none() | _WORD,
    structured=_JSON,
    latency_ms=st.none() | st.floats(0, 9),
    metadata=st.dictionaries(_WORD, _JSON, max_size=2),
)
_VALUES = st.one_of(
    _CASES,
    _OUTPUTS,
    st.builds(Intent, case_id=_WORD, run_id=_WORD, case=st.none() | _CASES, case_digest=_WORD),
    st.builds(Outcome, case_id=_WORD, run_id=_WORD, at=_WORD, outputs=st.lists(_OUTPUTS, max_size=2).map(tuple)),
    st.builds(Checked, case_id=_WORD, results=st.dictionaries(_WORD, _WORD, max_size=2)),
)


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every container in a JSON value with each of its keys."""
    keys = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    return [(value, key) for key in keys] + [place for key in keys for place in _places(value[key])]


def _same(one: object, other: object) -> bool:
    return repr(one) == repr(other)  # NaN is not equal to itself


@given(_VALUES)
def test_what_is_written_is_read_as_it_was(value: Any) -> None:
    """A value at its defaults and one with everything in it; what is left out is the default again."""
    assert _same(decode(type(value), encode(value)), replace(value))


@given(_VALUES, _JSON, st.data())
def test_whatever_is_wrong_is_told_as_by_the_reader_of_faults(value: Any, wrong: Any, data: st.DataObject) -> None:
    """A value, a key or a type that does not belong: the quick reader never accepts more, nor anything else."""
    said = encode(value)
    places = [(said, "nonsense"), *_places(said)]
    holder, key = data.draw(st.sampled_from(places)) if places else (said, "nonsense")
    if data.draw(st.booleans()):
        holder[key] = wrong
    elif key in holder if isinstance(holder, dict) else True:
        del holder[key]

    assert _same(decode_or_faults(type(value), said, "file:3"), _read(type(value), said, "file:3"))


@pytest.mark.parametrize(
    ("kind", "said", "fault"),
    [
        (Case, {"id": "a", "inptu": 1}, "unknown key 'inptu'"),
        (Case, {"input": 1}, "lacks 'id'"),
        (Case, {"id": 1}, r"\$\.id is 1; expected text"),
        (Case, {"id": "a", "expect": {"must": [{"field": 3}]}}, r"\$\.expect\.must\[0\]\.field is 3"),
        (Output, {"latency_ms": float("nan")}, r"\$\.latency_ms is nan; expected a number"),
        (Output, {"cost_microusd": True}, r"\$\.cost_microusd is True; expected a whole number"),
        (Output, {"provenance": "guessed"}, "expected one of live, cached"),
        (Observation, [], "expected a mapping for Observation"),
    ],
)
def test_a_fault_names_file_place_and_what_was_expected(kind: type, said: object, fault: str) -> None:
    """Quick or not, strictness and wording are one."""
    with pytest.raises(Exception, match=fault) as raised:
        decode(kind, said, "run.jsonl:7")
    assert "run.jsonl:7" in str(raised.value)


def test_a_value_made_often_is_the_frozen_dataclass_it_says() -> None:
    """Equality, order of arguments, copies, pickles, guard: only the cost of making one differs."""
    one = Output(structured={"a": 1}, latency_ms=2.0)
    made = maker(Output)(structured={"a": 1}, latency_ms=2.0)

    assert type(made) is type(one) is Output
    assert made == one == replace(made) == copy.deepcopy(made) == pickle.loads(pickle.dumps(made))
    assert Output().metadata is not Output().metadata
    assert list(inspect.signature(Case).parameters)[:3] == ["id", "input", "expected_output"]
    with pytest.raises(FrozenInstanceError):
        made.content = "x"  # type: ignore[misc] # what is forbidden
    for wrong in ({}, {"id": "a", "other": 1}):
        with pytest.raises(TypeError, match=r"Case.__init__\(\)"):
            Case(**wrong)


def test_only_a_class_that_just_holds_its_fields_may_be_made_often() -> None:
    """A check of its own in `__post_init__`, or a field of a parent, would be passed over in silence."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Checking:
        names: list[str] = field(default_factory=list)

        def __post_init__(self) -> None:
            raise AssertionError

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Child(Rule):
        more: str = ""

    for kind in (Checking, Child):
        with pytest.raises(TypeError, match="does more than hold its fields"):
            made_often(kind)


def test_a_time_that_its_zone_takes_out_of_the_calendar_is_none() -> None:
    """As any other text that is no time."""
    for told in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:00:00-12:00"):
        with pytest.raises(ValueError, match="between the years"):
            parse_time(told)
