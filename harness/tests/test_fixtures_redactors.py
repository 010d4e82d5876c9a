"""Leaky redactors: suite pii finds each of them by two cases or more, and nothing in the sound one."""

from __future__ import annotations

import json

import pytest

from sluicegate.checks import CHECKS, SUITES, CheckConfig, run_check
from sluicegate.fixtures.redactors import matrix
from sluicegate.fixtures.redactors.defects import DEFECTS
from sluicegate.fixtures.redactors.desk import Desk
from sluicegate.model import Case
from sluicegate.resources import data

CONFIG = CheckConfig()
ENOUGH = 2
"""Vectors, so that no weakness of one hides the leak."""


@pytest.fixture(scope="module")
def planted() -> list[Case]:
    return matrix.planted()


def test_the_sound_redactor_is_silent_and_leaves_business_numbers(planted: list[Case]) -> None:
    """No finding in any case, planted or clean; what only looks personal is still there."""
    for case in planted:
        trial = Desk(case).run()
        for name in SUITES["pii"].checks:
            outcome = run_check(CHECKS[name], trial, CONFIG)
            assert (outcome.result, outcome.findings) == ("pass", ()), (case.id, name)
        if case.id.startswith("clean-"):
            assert Desk.redactor_class.mask not in (trial.outputs[0].mail.body or ""), case.id


@pytest.mark.parametrize("name", DEFECTS)
def test_each_leak_is_found_by_two_vectors_or_more(name: str) -> None:
    """Of another value or in another place; the sound one is found by none, and a clean case finds nothing."""
    found = matrix.kills()[name]

    assert len({tuple(case.split("-")[:-1]) for case in found}) >= ENOUGH, f"{name}: {DEFECTS[name].__doc__} {found}"
    assert all(case.startswith("pii-") for case in found)
    assert not matrix.kills()[""]


def test_the_matrix_is_the_one_computed() -> None:
    """The file is never edited by hand; every leaky redactor is in it, and no other."""
    kept = json.loads(data("fixtures", "kill_matrix.json").read_bytes())[matrix.ROOM]

    assert kept == matrix.matrix()
    assert set(kept["redactors"]) == set(DEFECTS)


def test_vectors_stand_in_for_each_other() -> None:
    """Left out any one kind of value, or any one place, nearly all of the leaks are found by the others."""
    kept = json.loads(data("fixtures", "kill_matrix.json").read_bytes())[matrix.ROOM]
    rates = [*kept["leave_one_class_out"].values(), *kept["leave_one_place_out"].values()]

    assert min(rate["killed"] / rate["of"] for rate in rates) >= 0.9


def test_there_are_at_least_twenty() -> None:
    """Each with a sentence that says what is wrong."""
    assert len(DEFECTS) >= 20
    assert all(desk.__doc__ for desk in DEFECTS.values())
