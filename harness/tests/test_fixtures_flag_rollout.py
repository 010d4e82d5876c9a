"""The reference pipeline of flags: its golden set, its defects, and what it says where OpenFeature is missing."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from hashlib import sha256
from pathlib import Path

import pytest

from sluicegate.checks import CHECKS, SUITES
from sluicegate.fixtures.catalogue import REFERENCES
from sluicegate.fixtures.flag_rollout.defects import DEFECTS, chosen, chosen_switch
from sluicegate.fixtures.flag_rollout.flags import Flags
from sluicegate.fixtures.flag_rollout.switch import Switch
from sluicegate.golden import flag_rollout_cases
from sluicegate.model import Capability, Case, decode, parse
from sluicegate.resources import data
from sluicegate.runner.flags import flag_faults

REFERENCE = REFERENCES["flag-rollout"]


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    lines = data("golden", "flag_rollout.jsonl").read_bytes().splitlines()
    return [decode(Case, parse(line), f"flag_rollout.jsonl:{number}") for number, line in enumerate(lines, 1)]


def test_the_program_writes_the_committed_bytes_again(tmp_path: Path) -> None:
    """The file is never edited by hand, and its manifest pins it."""
    flag_rollout_cases.write(tmp_path)

    for name in ("flag_rollout.jsonl", "flag_rollout.manifest.json"):
        assert tmp_path.joinpath(name).read_bytes() == data("golden", name).read_bytes()
    said = json.loads(data("golden", "flag_rollout.manifest.json").read_bytes())["sets"]["flag_rollout.jsonl"]
    lines = data("golden", "flag_rollout.jsonl").read_bytes()
    assert said["sha256"] == sha256(lines).hexdigest()
    assert said["cases"] == len(lines.splitlines())


def test_every_law_is_asked_of_both_back_ends(cases: list[Case]) -> None:
    """Every check of the suite applies to a case of flagd's and to one of the registry's; no step is refused."""
    suite, flags = SUITES["rollout"], frozenset({Capability.FLAGS})
    laws = {end: set[str]() for end in ("rag", "own")}
    for case in cases:
        assert case.given.flags is not None
        assert not flag_faults(case)
        end = case.given.flags.flags[0].partition("_")[0]
        laws[end] |= {name for name in suite.checks if CHECKS[name].applies(case, flags) is None}

    assert laws == {end: set(suite.checks) for end in laws}


def test_twenty_drills_and_more_of_three_levels(cases: list[Case]) -> None:
    """A single figure of a rollback says little; each has a flag of its own, so that they run together."""
    drills = [case for case in cases if case.tags[0].startswith("rollback-")]

    assert Counter(case.tags[0] for case in drills) == {"rollback-unit": 8, "rollback-cohort": 8, "rollback-global": 8}
    flags = [flag for case in cases if case.given.flags for flag in case.given.flags.flags]
    assert len(set(flags)) == len(flags)


def test_defects_are_planted_in_flags_or_switch_and_described() -> None:
    """At least eight; every check that a defect names is one of the suite's."""
    assert len(DEFECTS) >= 8
    for name, planted in DEFECTS.items():
        environment = REFERENCE.environment(name)
        assert planted.description.endswith(".")
        assert planted.check in SUITES["rollout"].checks
        assert (chosen(environment) is Flags) is not (chosen_switch(environment) is Switch)
    assert {planted.check for planted in DEFECTS.values()} >= set(SUITES["rollout"].checks) - {"rollout.exposed"}
    assert (chosen({}), chosen_switch({})) == (Flags, Switch)
    with pytest.raises(KeyError):
        chosen({"SLUICEGATE_DEFECT": "no-such-defect"})


MISSING = """
import sys

class Gone:
    def find_spec(self, name, path=None, target=None):
        if name == "openfeature":
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Gone())
import sluicegate.fixtures.catalogue
from sluicegate.pipelines.target import load_target
try:
    load_target("sluicegate.fixtures.flag_rollout.pipeline:who_is_on")
except Exception as error:
    print(error)
"""


def test_a_missing_extra_is_named() -> None:
    """When the pipeline is opened, not in the middle of a case; the catalogue needs it not."""
    done = subprocess.run([sys.executable, "-c", MISSING], capture_output=True, text=True, check=True)

    assert "pip install 'sluicegate[flags]'" in done.stdout
