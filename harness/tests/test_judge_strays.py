"""What crossed the boundary and belongs to no trial: it holds for the attempt it happened in, and hides nothing."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from judge_world import LEAK, OTHER, World, live_world, twice, violations

sys.path.pop(0)

from sluicegate.ledger import Stray
from sluicegate.model import Kind, Observation, Verdict


def a_stray(why: str = "elsewhere", action: str = "192.0.2.1:443", **said: Any) -> tuple[str, dict[str, Any]]:
    seen = Observation(run_id="", double="network", action=action, at="2026-01-01T00:00:00Z")
    return Stray.KIND, Stray(why=why, observation=seen, **said).body()


def with_strays(run: Any, *strays: tuple[str, dict[str, Any]]) -> Any:
    """The run with these before its end."""
    run.records[-1:-1] = strays
    return run


def reasons(verdict: Verdict, about: str) -> list[str]:
    return [reason.text for reason in verdict.reasons if reason.about == about]


def test_a_run_without_strays_promotes() -> None:
    """What follows is due to them."""
    world = World()

    assert world.verdict(world.run()).kind is Kind.PROMOTE


def test_an_address_holds_and_is_named_with_its_cases() -> None:
    """Each address once, with the first cases; in an order of its own."""
    world = World()
    strays = [a_stray(case_id=f"c{n}") for n in (3, 1, 2)] + [a_stray(action="10.0.0.1:5432")]

    verdict = world.verdict(with_strays(world.run(), *strays))

    assert verdict.kind is Kind.HOLD_INCOMPLETE
    (text,) = reasons(verdict, "network")
    assert text.endswith("10.0.0.1:5432, 192.0.2.1:443 (case c1, c2, c3).")


def test_requests_are_counted_with_those_that_were_not_told_one_by_one() -> None:
    """20 told, 80 counted: a hundred."""
    world = World()
    strays = [a_stray("unattributed", "POST /v1/embeddings")] * 20 + [a_stray("unattributed", "(more)", count=80)]

    verdict = world.verdict(with_strays(world.run(), *strays))

    (text,) = reasons(verdict, "doubles")
    assert text == "100 requests at the doubles belong to no trial: POST /v1/embeddings."


def test_an_attempt_taken_anew_stands_for_itself() -> None:
    """An older attempt's strays say nothing of the newest; the newest's do, whichever file of it they are in."""
    world = World()
    first = with_strays(world.run(attempt=1), a_stray())

    assert world.verdict(first, world.run(attempt=2)).kind is Kind.PROMOTE
    assert world.verdict(first, world.run(attempt=1)).kind is Kind.HOLD_INCOMPLETE


def test_another_subject_s_strays_are_its_own() -> None:
    """Evidence of another build is foreign, its faults too."""
    world = World()

    verdict = world.verdict(with_strays(world.run(subject=OTHER), a_stray()), world.run())

    assert verdict.kind is Kind.PROMOTE


def test_a_rollback_stays_a_rollback() -> None:
    """The twin law: what strayed is said beside it."""
    doubled = [twice(number) for number in range(20)]
    world = live_world(criteria=(violations(),), suites=("idempotency",), cases=[], doubled=doubled)

    verdict = world.verdict(with_strays(world.run({doubled[0].id: LEAK}), a_stray()))

    assert verdict.kind is Kind.ROLLBACK_INCIDENT
    assert reasons(verdict, "network")


def test_a_request_that_no_double_stands_for_holds() -> None:
    """Answered 404 or 405, its effect is as unknown as that of a connection elsewhere."""
    world = World()
    run = with_strays(world.run(), a_stray("unserved", "POST /tools/refund"), a_stray("unserved", "(more)", count=3))

    verdict = world.verdict(run)

    assert verdict.kind is Kind.HOLD_INCOMPLETE
    (text,) = reasons(verdict, "doubles")
    assert text.startswith("4 requests asked for what no double stands for")
    assert "POST /tools/refund" in text
