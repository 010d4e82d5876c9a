"""A misspelt key is one mistake: what stands below it is read all the same, and nothing is called missing for it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sluicegate.errors import InputError
from sluicegate.model import Case, decode

sys.path.insert(0, str(Path(__file__).parent))
from plan_texts import a_plan, faults_of

sys.path.pop(0)

_STAGE = """\
stages:
  - name: ten
    exposure: {live: true}
    CRITERIA:
      data.coverage: {from: live, alert: 90}
"""


def test_what_stands_below_a_misspelt_key_of_a_plan_is_said_with_it() -> None:
    """Both mistakes at once; no stage that "asks for nothing", no missing criterion."""
    faults = faults_of(a_plan(stages=_STAGE.replace("CRITERIA", "critera")))

    assert len(faults) == 2
    assert "unknown key 'critera'. Did you mean 'criteria'?" in faults[0]
    assert "alert" in faults[1]


def test_a_misspelt_metric_is_read_as_the_one_it_resembles() -> None:
    """Its own lines are looked at, and the stage has a criterion."""
    faults = faults_of(a_plan(stages=_STAGE.replace("CRITERIA", "criteria").replace("coverage", "coverag")))

    assert len(faults) == 2
    assert "unknown metric 'data.coverag'. Did you mean 'data.coverage'?" in faults[0]


def test_a_key_that_resembles_none_is_read_as_none() -> None:
    """What it was meant to be nobody knows."""
    faults = faults_of(a_plan(stages=_STAGE.replace("CRITERIA", "watch")))

    assert any("asks for nothing" in fault for fault in faults)


def test_a_key_that_is_there_is_not_written_over() -> None:
    """The right one stands; the other is only unknown."""
    (fault,) = faults_of(a_plan('naem: "\\t"\n'))

    assert "unknown key 'naem'. Did you mean 'name'?" in fault


@pytest.mark.parametrize("key", ["modl", "model"])
def test_every_mistake_of_a_script_is_said_at_once(key: str) -> None:
    """Below a misspelt key and beside it; nothing is read out of what is wrong."""
    script = {"id": "c", "given": {key: {"replis": ["a"]}, "faults": [{"kid": "rate_limit"}]}}

    with pytest.raises(InputError) as raised:
        decode(Case, script, "script")

    said = [fault.what.partition(" has ")[2] for fault in raised.value.faults]
    wrong = [f"an unknown key '{name}'." for name in (*(("modl",) if key == "modl" else ()), "replis", "kid")]
    assert said == wrong


def test_nothing_is_filled_into_a_header() -> None:
    """A template there would be sent as it stands, so it is a fault that says where it belongs."""
    head = a_plan().replace(
        "pipeline: shop.drafts:draft_reply",
        'pipeline: {http: {url: "http://127.0.0.1:1/x", headers: {x-base: "${endpoint.OPENAI_BASE_URL}"}}}',
    )

    (fault,) = faults_of(head)

    assert "'x-base' holds '${', and nothing is filled into a header" in fault
    assert "url or request" in fault
