"""What the judge works out once for trials that are alike is what each of them would have had by itself."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from sluicegate.gate.account import Account
from sluicegate.gate.pinned import Pinned
from sluicegate.gate.reading import UnreadableError, micros
from sluicegate.gate.validity import Run
from sluicegate.gate.waiting import Held, Waiting, worse
from sluicegate.ledger import Outcome
from sluicegate.model import Estimate, Origin, parse_time, to_micros
from sluicegate.plan.lock import LockedStage, LockedSuite

sys.path.insert(0, str(Path(__file__).parent))
from judge_world import GOOD, World, answered, case, success

sys.path.pop(0)

_WORDS = ("not_applicable", "pass", "error", "fail")


@pytest.mark.parametrize(
    "said",
    [
        "2026-01-29T14:00:00.000000Z",
        "2026-01-29T14:00:00.999999Z",
        "2026-01-29T14:00:01.000001Z",
        "1969-12-31T23:59:59.500000Z",
        "2024-02-29T23:59:59.123456Z",
        "2026-01-29T15:00:00.000001+01:00",
        "2026-01-29T14:00:00Z",
        "2026-01-29 14:00:00.123Z",
    ],
)
def test_a_time_is_the_same_number_however_it_is_written(said: str) -> None:
    """The form that the ledger writes is read by a shorter way; to the same microsecond, twice the same."""
    assert micros(said) == micros(said) == to_micros(parse_time(said))


@pytest.mark.parametrize(
    "said", ["", "now", "2026-13-29T14:00:00.000000Z", "2026-01-29T25:00:00.000000Z", "2026-01-29T14:00:00.000000"]
)
def test_what_is_no_time_is_not_read_as_one(said: str) -> None:
    """Neither by the shorter way."""
    with pytest.raises(UnreadableError):
        micros(said)


def test_results_of_several_attempts_pool_to_the_worst() -> None:
    """Whatever was said before, in whatever order, and of however many other trials."""
    random = Random(3)
    checks = ("schema.must", "schema.valid")
    cases = tuple((f"c{number}", "d" * 64) for number in range(40))
    pinned = Pinned({"schema": LockedSuite(checks=checks, cases=cases, repeats=1)})
    account, expected = Account(pinned), [dict[str, str]() for _ in cases]
    for _ in range(400):
        trial, only_failures = random.randrange(40), random.random() < 0.3
        said = {name: random.choice(_WORDS) for name in random.sample(checks, random.randint(1, 2))}
        account.results(trial, said, failures_only=only_failures)
        for name, result in said.items():
            if result == "fail" or not only_failures:
                expected[trial][name] = worse(expected[trial].get(name), result)

    (suite,) = account.suite_accounts()
    told = [result for each in expected for result in each.values()]
    assert suite.result.failed == told.count("fail")
    assert suite.result.not_applicable == told.count("not_applicable")
    assert suite.result.missing == 2 * 40 - len(told) + told.count("error")


def test_of_two_results_for_one_check_the_worse_stays() -> None:
    """In either order; what only one of them says stays too, and what was read is not changed."""
    first, second = {"a": "pass", "b": "fail"}, {"a": "error", "b": "pass", "c": "pass"}
    for order in ((first, second), (second, first)):
        trial = answered(case(1), GOOD)
        outcome = Outcome(case_id="c001", run_id="r", at="", outputs=trial.outputs)
        held = Held(case=trial.case, number=0, sound=True, left=0)
        waiting = Waiting(held=held, outcome=outcome, number=0, at_us=0, run=Run(number=0))
        for results in order:
            waiting.told(results, [], "hash")

        assert waiting.results == {"a": "error", "b": "fail", "c": "pass"}
    assert first == {"a": "pass", "b": "fail"}
    assert second == {"a": "error", "b": "pass", "c": "pass"}


def test_a_case_is_evidence_of_the_sets_that_pin_it_whichever_came_before() -> None:
    """Golden cases run with the suites count for both; the others for their suite alone."""
    world = World(criteria=(success(), success(origins=(Origin.GOLDEN,))), suites=("schema",))
    world.cases = [case(number) for number in (3, 0, 4, 1, 5, 2)]
    golden = tuple((each.id, each.digest()) for each in world.cases if each.id <= "c002")
    pinned = LockedStage(suites={**world.locked.suites, "golden": LockedSuite(cases=golden)})
    world.lock_said = {"stages": {world.stage_name: pinned}}
    verdict = world.verdict(world.run())

    counted = {result.origins: result.measured for result in verdict.criteria}
    assert all(isinstance(measured, Estimate) for measured in counted.values())
    assert {origins: measured.n for origins, measured in counted.items()} == {
        (Origin.SUITE,): 6,
        (Origin.GOLDEN,): 3,
    }


def test_a_crash_leaves_its_mark_on_its_own_trial_alone() -> None:
    """What the trials before and after it say is as it was: one line per case, one failure."""
    world = World(criteria=(success(promote=success().alert),))
    sound, hurt = world.verdict(world.run()), world.verdict(world.run({"c007": "dead"}))

    assert replace(hurt.counts, crashed=0) == sound.counts
    assert hurt.counts.crashed == 1
