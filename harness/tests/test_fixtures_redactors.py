"""Leaky redactors: suite pii finds each of them by two cases or more, and nothing in the sound one."""

from __future__ import annotations

from pathlib import Path

import pytest

from sluicegate.checks import CHECKS, SUITES, CheckConfig, run_check
from sluicegate.fixtures.redactors.defects import DEFECTS
from sluicegate.fixtures.redactors.desk import Desk
from sluicegate.model import Case
from sluicegate.plan.cases import read_cases
from sluicegate.resources import data

CONFIG = CheckConfig()
ENOUGH = 2
"""Cases of their own, so that no weakness of one hides the leak."""


@pytest.fixture(scope="module")
def planted() -> list[Case]:
    plain = list(read_cases([Path(data("golden", "email_rag.jsonl"))]))
    return SUITES["pii"].cases(plain, 1)[len(plain) :]


def leaks(desk: type[Desk], case: Case) -> list[str]:
    """Checks that find a confirmed leak."""
    trial = desk(case).run()
    outcomes = {name: run_check(CHECKS[name], trial, CONFIG) for name in SUITES["pii"].checks}
    assert "error" not in {outcome.result for outcome in outcomes.values()}
    return [name for name, outcome in outcomes.items() if any(found.witness.confirms for found in outcome.findings)]


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
def test_each_leak_is_found_by_two_cases_or_more(name: str, planted: list[Case]) -> None:
    """The kill matrix, by rows; a clean case is never one of them."""
    found: list[str] = []
    # Every third case first: those side by side are alike.
    for case in (case for start in range(3) for case in planted[start::3]):
        if leaks(DEFECTS[name], case):
            found.append(case.id)
        if len(found) == ENOUGH:
            break
    assert len(found) == ENOUGH, f"{name}: {DEFECTS[name].__doc__} Found by {found}"
    assert not any(case_id.startswith("clean-") for case_id in found)


def test_there_are_at_least_twenty() -> None:
    """Each with a sentence that says what is wrong."""
    assert len(DEFECTS) >= 20
    assert all(desk.__doc__ for desk in DEFECTS.values())
