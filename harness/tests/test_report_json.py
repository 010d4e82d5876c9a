"""The verdict for machines: one byte string, one schema, one strict reader."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from sluicegate.errors import InputError
from sluicegate.model import Estimate, NotMeasured, Reason, Verdict, decode
from sluicegate.report.canonical_json import read_verdict, verdict_hash, verdict_json, verdict_schema
from sluicegate.resources import data

EXAMPLES = Path(__file__).parent / "report_examples"
NAMES = ["promote", "hold", "rollback"]


def example(name: str) -> Verdict:
    return decode(Verdict, json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", NAMES)
def test_what_is_written_reads_back_as_itself(name: str) -> None:
    """Same verdict, same bytes, same hash; estimates stay estimates."""
    verdict = example(name)
    raw = verdict_json(verdict)

    again = read_verdict(raw)
    assert verdict_json(again) == raw
    assert verdict_hash(raw) == verdict_hash(verdict_json(again))
    assert [type(one.measured) for one in again.criteria] == [type(one.measured) for one in verdict.criteria]
    assert {type(one.measured) for one in again.criteria} <= {Estimate, NotMeasured}


def test_floats_have_ten_digits_and_whole_ones_stay_floats() -> None:
    """So that engines and platforms agree on the bytes."""
    verdict = example("hold")
    measured = Estimate(value=1, n=3, low=1 / 3, method="x")
    raw = verdict_json(replace(verdict, criteria=(replace(verdict.criteria[0], measured=measured),)))

    assert b'"low":0.3333333333,' in raw
    assert b'"value":1.0}' in raw
    assert read_verdict(raw)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_is_none_cannot_be_written(value: float) -> None:
    """JSON would turn it into null, and null into whatever the reader likes."""
    verdict = example("hold")
    measured = Estimate(value=value, n=3, method="x")

    with pytest.raises(ValueError, match="not a finite number"):
        verdict_json(replace(verdict, criteria=(replace(verdict.criteria[0], measured=measured),)))


def test_text_that_no_utf8_holds_is_written_as_text() -> None:
    """Half a surrogate pair from a model does not stop the judge."""
    reason = Reason(kind=example("hold").kind, about="x", text="a\ud800b")

    assert b"a\\\\ud800b" in verdict_json(replace(example("hold"), reasons=(reason,)))


@pytest.mark.parametrize("name", NAMES)
def test_every_verdict_fits_the_published_schema(name: str) -> None:
    """What consumers validate against accepts what is written."""
    Draft202012Validator(verdict_schema()).validate(json.loads(verdict_json(example(name))))


@pytest.mark.parametrize("change", [{"schema_version": 2}, {"kind": "hold.maybe"}, {"extra": 1}, {"attempt": "2"}])
def test_the_schema_and_the_reader_refuse_the_same(change: dict[str, object]) -> None:
    """Another version, an unknown kind, an unknown key, a number as text."""
    plain = json.loads(verdict_json(example("hold"))) | change

    assert not Draft202012Validator(verdict_schema()).is_valid(plain)
    with pytest.raises(InputError):
        read_verdict(json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode())


def test_the_packaged_schema_is_that_of_the_types() -> None:
    """The published file cannot fall behind."""
    assert json.loads(data("report", "verdict.schema.json").read_text(encoding="utf-8")) == verdict_schema()
