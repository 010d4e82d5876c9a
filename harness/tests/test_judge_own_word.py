"""What a pipeline says of where its answer came from takes away nothing that speaks against it.

Answers that are mocked prove nothing, and cached ones nothing of time or money: but it is the pipeline that says so.
"""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path

import pytest

from sluicegate.checks import Contribution
from sluicegate.gate.units import speaks_against
from sluicegate.model import Kind, NotMeasured, Origin
from sluicegate.plan.metrics import BUILT_IN
from sluicegate.plan.types import Criterion, Drop, Ratio, Span

sys.path.insert(0, str(Path(__file__).parent))
from judge_world import LEAK, WRONG, Memory, World, line, success, twice, violations

sys.path.pop(0)

LATENCY = Criterion(metric=BUILT_IN["latency"], origins=(Origin.SUITE,), promote=line(500), at=Fraction(19, 20))


def saying(run: Memory, provenance: str, cases: set[str], **said: object) -> Memory:
    """The run, with what the pipeline says of its answers to these cases."""
    for kind, body in run.records:
        if kind == "outcome" and body["case_id"] in cases:
            for output in body["outputs"]:
                output.update(provenance=provenance, **said)
    return run


def bad(how: str, count: int = 6) -> dict[str, str]:
    return {f"c{number:03}": how for number in range(count)}


def test_wrong_answers_that_say_mocked_are_wrong_answers() -> None:
    """Six of twenty; left out they would leave fourteen good ones."""
    world = World()
    plain, said = world.run(bad(WRONG)), saying(world.run(bad(WRONG)), "mocked", set(bad(WRONG)))
    assert world.verdict(plain).kind is Kind.HOLD_BELOW_TARGET
    verdict = world.verdict(said)
    assert verdict.kind is Kind.HOLD_BELOW_TARGET
    assert (verdict.criteria[0].measured.k, verdict.criteria[0].measured.n) == (14, 20)


def test_good_answers_that_say_mocked_prove_nothing() -> None:
    """They are left out, all of them or some."""
    world = World()
    some = world.verdict(saying(world.run(bad(WRONG, 2)), "mocked", {f"c{number:03}" for number in range(10)}))
    assert (some.criteria[0].measured.k, some.criteria[0].measured.n, some.criteria[0].void) == (10, 12, 8)
    every = world.verdict(saying(world.run(), "mocked", {f"c{number:03}" for number in range(20)}))
    assert every.kind is Kind.HOLD_INCOMPLETE


@pytest.mark.parametrize("live", [False, True])
@pytest.mark.parametrize("provenance", ["mocked", "cached", "replayed"])
def test_an_effect_seen_twice_is_an_incident_whatever_the_pipeline_says(provenance: str, live: bool) -> None:
    """The wire saw it: as bad as from an answer that says nothing of itself."""
    world = World(
        criteria=(success(), violations()),
        suites=("schema", "idempotency"),
        doubled=[twice(number) for number in range(20)],
        live=live,
    )
    leaks = {f"c{number:03}~twice": LEAK for number in range(3)}
    said = world.verdict(saying(world.run(leaks), provenance, set(leaks)))
    assert said.kind is world.verdict(world.run(leaks)).kind
    assert said.kind is (Kind.ROLLBACK_INCIDENT if live else Kind.HOLD_INCIDENT)


def test_slow_answers_that_say_cached_are_slow() -> None:
    """A quick one from a cache says nothing of time; a slow one says that somebody waited."""
    world = World(criteria=(LATENCY,))
    slow = {f"c{number:03}" for number in range(10)}
    fine = world.verdict(saying(world.run(), "cached", slow, latency_ms=1.0))
    late = world.verdict(saying(world.run(), "cached", slow, latency_ms=1500.0))
    assert (fine.criteria[0].measured.n, fine.criteria[0].void) == (10, 10)
    assert late.criteria[0].measured.n == 20
    assert late.kind is Kind.HOLD_BELOW_TARGET


def test_what_a_recording_says_is_not_the_pipelines_word() -> None:
    """Whoever recorded a slow cached answer knows that it was one."""
    world = World(criteria=(LATENCY,))
    slow = {f"c{number:03}" for number in range(10)}
    verdict = world.verdict(saying(world.run(pipeline="recording"), "cached", slow, latency_ms=1500.0))
    assert (verdict.criteria[0].measured.n, verdict.criteria[0].void) == (10, 10)


def one(k: int = 0, n: int = 1, value: float | None = None) -> Contribution:
    return Contribution(k=k, n=n) if value is None else Contribution(value=value)


@pytest.mark.parametrize(
    ("name", "promote", "counted", "against"),
    [
        ("draft.success_rate", line(0.9), one(0), True),
        ("draft.success_rate", line(0.9), one(1), False),
        ("errors.rate", line(0.1), one(1), True),
        ("crashes", line(0), one(0), False),
        ("draft.verification_rate", line(0.1), one(1), False),
        ("latency", line(500), one(value=501), True),
        ("latency", line(500), one(value=500), False),
        ("latency", Span(low=Fraction(1), high=Fraction(5), text="1-5"), one(value=6), True),
        ("latency", Drop(amount=Fraction(1, 10), relative=True, than="baseline", text="-10 %"), one(value=9e9), False),
        ("latency", Ratio(value=Fraction(2), bound=None, than="baseline", text="2 x"), one(value=9e9), False),
        ("latency", line(500), NotMeasured(reason="no latency is recorded"), False),
        ("latency", line(500), None, False),
        ("budget.spend", line(500), one(value=1), True),
    ],
)
def test_what_speaks_against_a_criterion(name: str, promote: object, counted: object, against: bool) -> None:
    """A miss, an incident, a value beyond the line, a part of a capped sum; nothing that is unknown."""
    criterion = Criterion(metric=BUILT_IN[name], origins=(Origin.SUITE,), promote=promote)
    assert speaks_against(criterion, counted) is against
