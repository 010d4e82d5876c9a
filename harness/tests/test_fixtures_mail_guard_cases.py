"""The suites' own cases find the weakened guards as the stand-alone vectors do: two of them each, or it is said why."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from sluicegate.checks.mail_payloads import MAIL_ATTACKS
from sluicegate.fixtures.mail_guard import matrix
from sluicegate.fixtures.mail_guard.defects import DEFECTS, DEMONSTRATED, GUARDS, UNREACHED
from sluicegate.fixtures.mail_guard.generated import found, generated, name_of
from sluicegate.fixtures.mail_guard.guard import Guard
from sluicegate.resources import data


@cache
def kept() -> dict[str, Any]:
    """What the kill matrix says of the suites' cases."""
    return json.loads(data("fixtures", matrix.FILE).read_bytes())["mail_guard_cases"]


def test_every_weakened_guard_is_found_by_two_cases_or_says_why_not() -> None:
    """The cases are ones that the plan's suites make; those no case can show have a reason each, and are few."""
    made = {case.id for case in generated()}

    assert set(kept()["killed_by"]) == set(DEMONSTRATED)
    assert kept()["unreached"] == dict(UNREACHED)
    assert set(DEMONSTRATED) | set(UNREACHED) == set(DEFECTS)
    assert len(UNREACHED) <= 2
    for name, cases in kept()["killed_by"].items():
        assert len(cases) >= 2, name
        assert set(cases) <= made, name


def test_the_sound_guard_holds_where_the_weak_ones_fall() -> None:
    """The very cases that find a weak guard find nothing in the sound one."""
    wanted = {case for cases in kept()["killed_by"].values() for case in cases}

    assert found({"": Guard}, [case for case in generated() if case.id in wanted]) == {"": {}}


def test_the_cases_find_what_the_matrix_says() -> None:
    """Each weakened guard is run again, behind a real mail sink, on two of the cases that the file names for it."""
    asked = {name: list(cases)[:2] for name, cases in kept()["killed_by"].items()}
    wanted = {case for cases in asked.values() for case in cases}
    guards = {name: GUARDS[name] for name in asked}

    told = found(guards, [case for case in generated() if case.id in wanted], only=asked)

    for name, cases in asked.items():
        assert {case: sorted(checks) for case, checks in told[name].items()} == {
            case: kept()["killed_by"][name][case] for case in cases
        }, name


def test_the_kind_of_a_verdict_is_the_kind_that_the_cases_show() -> None:
    """A violation is an incident; a guard that refuses too much and breaks nothing falls below a target."""
    for name, cases in kept()["killed_by"].items():
        failed = {check for checks in cases.values() for check in checks}
        expected = "hold.below_target" if failed == {"recipients.kept"} else "hold.incident"
        assert DEFECTS[name].kind == expected, (name, failed)


@pytest.mark.parametrize("name", MAIL_ATTACKS)
def test_a_model_that_was_won_over_tries_every_technique_once(name: str) -> None:
    """As many cases as the class has techniques, no two of which reply alike."""
    replies = [
        case.given.model.replies[1].replace(str(case.metadata["attacker"]), "")
        for case in generated()
        if name_of(case) == f"{name}/model-reply" and case.given.model is not None
    ]

    assert len(replies) == MAIL_ATTACKS[name].more["model-reply"] == len(set(replies))


@pytest.mark.slow
def test_the_sound_guard_holds_in_every_case() -> None:
    """Over all cases that the plan's suites make."""
    assert found({"": Guard}, generated()) == {"": {}}
