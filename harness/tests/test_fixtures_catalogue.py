"""The catalogue of reference pipelines, and the plan each one comes with."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

import pytest

from sluicegate.fixtures.catalogue import REFERENCES
from sluicegate.fixtures.email_rag.defects import PIPELINES, chosen
from sluicegate.fixtures.email_rag.pipeline import EmailPipeline
from sluicegate.model import Origin
from sluicegate.plan.metrics import BUILT_IN
from sluicegate.plan.reader import read_plan
from sluicegate.plan.types import CallableTarget

PILOT = REFERENCES["email-rag-pilot"]


def test_every_reference_has_a_readable_plan_with_its_stage() -> None:
    """The plan reads without a fault; the demonstration's stage has nothing to roll back."""
    for name, reference in REFERENCES.items():
        plan = read_plan(reference.plan)

        assert reference.name == name == plan.name
        assert not plan.stage(reference.stage).exposure.live


def test_every_defect_says_what_must_catch_it() -> None:
    """At least ten; described, tied to a suite of the stage or a metric, and to a kind that is no promotion."""
    stage = read_plan(PILOT.plan).stage(PILOT.stage)

    assert len(PILOT.defects) >= 10
    assert set(Counter(defect.kind for defect in PILOT.defects)) >= {
        "hold.incident",
        "hold.threshold",
        "hold.below_target",
    }
    for defect in PILOT.defects:
        assert defect.description.endswith(".")
        assert defect.kind.startswith(("hold.", "rollback."))
        assert defect.suite in (*stage.requires.suites, "measurements")
        if defect.suite == "measurements":
            assert defect.check in {criterion.metric.name for criterion in stage.criteria}


def test_preflight_asks_only_for_what_this_version_measures() -> None:
    """Every metric is available and comes from suites; the later stages may hold for what is not measured yet."""
    for criterion in read_plan(PILOT.plan).stage("preflight").criteria:
        assert BUILT_IN.get(criterion.metric.name, criterion.metric).available
        assert criterion.origins == (Origin.SUITE,)


def test_the_stages_are_those_of_the_release_plan() -> None:
    """Baseline, retrieval on, five businesses, then shares of all with seven stable days each."""
    plan = read_plan(PILOT.plan)

    assert isinstance(plan.pipeline.target, CallableTarget)
    assert [stage.name for stage in plan.stages] == [
        "preflight", "setup", "rag-on", "expand", "ten", "quarter", "half", "everyone",
    ]  # fmt: skip
    assert [stage.stable_days for stage in plan.stages] == [0, 0, 0, 0, 7, 7, 7, 7]
    assert [stage.rollback.within_s for stage in plan.stages[1:]] == [1200] * 6 + [300]


def test_a_defect_is_chosen_by_the_environment_and_an_unknown_one_is_refused() -> None:
    """Unset or empty is the sound pipeline."""
    assert PILOT.environment() == {}
    assert chosen({}) is chosen({"SLUICEGATE_DEFECT": ""}) is EmailPipeline
    assert {defect.name for defect in PILOT.defects} == set(PIPELINES)
    for defect in PILOT.defects:
        assert chosen(PILOT.environment(defect.name)) is PIPELINES[defect.name] is not EmailPipeline
    with pytest.raises(KeyError):
        PILOT.environment("no-such-defect")
    with pytest.raises(KeyError):
        chosen({"SLUICEGATE_DEFECT": "no-such-defect"})


def test_listing_the_catalogue_loads_no_http_client() -> None:
    """`demo --list` stays quick."""
    code = "import sys, sluicegate.fixtures.catalogue; sys.exit('aiohttp' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
