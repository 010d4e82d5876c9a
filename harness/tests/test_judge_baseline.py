"""A line `than: baseline` on pinned evidence is judged case by case, and unknown is never promote."""

from __future__ import annotations

import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from judge_world import DEAD, OTHER, WRONG, Memory, World, case, closed, success

sys.path.pop(0)

from sluicegate.model import Kind, Status, Verdict
from sluicegate.plan.lock import LockedSuite
from sluicegate.plan.types import Criterion, Drop, Mode, Ratio

ALIKE = {"fingerprint": {"engine": "1", "seed": "s"}}
CASES = 40


def better_by(percent: int) -> Criterion:
    ratio = Ratio(value=1 + Fraction(percent, 100), bound=None, than="baseline", text=f"{percent} percent more")
    return success(promote=ratio, alert=None, mode=Mode.STRICT)


def no_drop(points: int) -> Criterion:
    drop = Drop(amount=Fraction(points, 100), relative=False, than="baseline", text=f"{points} points below baseline")
    return success(promote=drop, alert=None, mode=Mode.STRICT)


def world(criterion: Criterion, **said: object) -> World:
    return World(criteria=(criterion,), cases=[case(n) for n in range(CASES)], **said)  # type: ignore[arg-type]


def failing(count: int, how: str = WRONG) -> dict[str, str]:
    return {f"c{n:03}": how for n in range(count)}


def judged(
    made: World, base: dict[str, str], candidate: dict[str, str], *, without: int = 0, unlike: bool = False
) -> Verdict:
    """The base is another subject at the same stage; `without` leaves out so many of its last cases."""
    earlier = replace(made, cases=made.cases[: CASES - without])
    told = {"fingerprint": {"engine": "2", "seed": "s"}} if unlike else ALIKE
    reference = earlier.run(base, subject=OTHER, nonce="base", **told)
    return made.verdict(made.run(candidate, **ALIKE), baseline=(reference,))


def test_an_improvement_that_is_shown_promotes() -> None:
    """20 of 40 right against 38 of 40: at least 15 % more, with a bound."""
    verdict = judged(world(better_by(15)), failing(20), failing(2))
    assert verdict.criteria[0].kind is Kind.PROMOTE
    assert verdict.criteria[0].shown == "above 1.15 times baseline"
    assert "40 cases beside baseline: +0.45" in verdict.criteria[0].measured.note  # type: ignore[union-attr]


def test_an_improvement_that_the_estimate_alone_has_does_not_promote() -> None:
    """33 against 38 of 40 is 15 % more, and chance does as much."""
    verdict = judged(world(better_by(15)), failing(7), failing(2))
    assert verdict.criteria[0].kind is Kind.HOLD_INSUFFICIENT
    assert verdict.criteria[0].status is Status.INCONCLUSIVE


def test_pairing_shows_what_counts_side_by_side_cannot() -> None:
    """One case of 40 broke: no worse than by 15 points, case by case; two shares of 40 are too uncertain for that."""
    assert judged(world(no_drop(15)), failing(9), failing(10)).criteria[0].kind is Kind.PROMOTE
    apart = world(no_drop(15), stages_before=1)
    earlier = replace(apart, stage_name="before0", cases=[replace(each, id=f"x{each.id}") for each in apart.cases])
    reference = earlier.run({f"xc{n:03}": WRONG for n in range(9)}, subject=OTHER, nonce="base")
    drop = replace(apart.criteria[0].promote, than="before0")  # type: ignore[type-var]
    apart = replace(apart, criteria=(replace(apart.criteria[0], promote=drop),))
    assert apart.verdict(reference, apart.run(failing(10))).criteria[0].kind is not Kind.PROMOTE


@pytest.mark.parametrize("side", ["missing", "base", "candidate"])
def test_a_case_without_a_partner_shows_nothing_good(side: str) -> None:
    """Missing in the base, or crashed on either side: the improvement of all others is claimed no more."""
    base, candidate = failing(20), failing(2)
    if side != "missing":
        (base if side == "base" else candidate)["c039"] = DEAD
    verdict = judged(world(better_by(15)), base, candidate, without=1 if side == "missing" else 0)
    assert verdict.criteria[0].kind is not Kind.PROMOTE
    assert verdict.criteria[0].status is not Status.PASS


def test_a_baseline_measured_in_another_way_is_none() -> None:
    """The field that differs is named; cases that were changed are too."""
    verdict = judged(world(better_by(15)), failing(20), failing(2), unlike=True)
    assert verdict.kind is Kind.HOLD_INVALID_EVIDENCE
    assert "engine" in verdict.reasons[0].text

    made = world(better_by(15))
    changed = replace(made, cases=[replace(made.cases[0], input="another question"), *made.cases[1:]])
    reference = changed.run(failing(20), subject=OTHER, nonce="base", **ALIKE)
    verdict = made.verdict(made.run(failing(2), **ALIKE), baseline=(reference,))
    assert verdict.kind is Kind.HOLD_INVALID_EVIDENCE
    assert "c000" in verdict.reasons[0].text


def test_a_baseline_that_is_cut_or_absent_holds() -> None:
    made = world(better_by(15))
    ours = made.run(failing(2), **ALIKE)
    whole = made.run(failing(20), subject=OTHER, nonce="base", **ALIKE)
    assert made.verdict(ours).criteria[0].kind is not Kind.PROMOTE
    assert made.verdict(ours, baseline=(Memory(whole.records[:-1]),)).kind is Kind.HOLD_INVALID_EVIDENCE
    assert made.verdict(ours, baseline=(Memory([*whole.records[:-1], closed(complete=False)]),)).exit_code == 30


def test_a_loss_rolls_back_whatever_is_missing() -> None:
    """Live or not, a shown loss crosses the line; a case without a partner hides it not."""
    rollback = Drop(amount=Fraction(1, 20), relative=False, than="baseline", text="5 points below baseline")
    lossy = replace(no_drop(5), rollback=rollback)
    for without in (0, 3):
        verdict = judged(world(lossy), failing(0), failing(30), without=without)
        assert verdict.kind is Kind.HOLD_THRESHOLD, without
    assert judged(world(lossy), failing(0), failing(1)).criteria[0].kind not in (Kind.HOLD_THRESHOLD, Kind.PROMOTE)


def test_the_baseline_is_no_evidence_of_the_candidate() -> None:
    """The same subject as its own baseline: its trials are not counted twice, and no better than itself."""
    made = world(better_by(15))
    copy = made.run(failing(2), nonce="base", **ALIKE)
    verdict = made.verdict(made.run(failing(2), **ALIKE), baseline=(copy,))
    assert verdict.criteria[0].measured.n == CASES  # type: ignore[union-attr]
    assert verdict.criteria[0].kind is not Kind.PROMOTE


def test_repeats_are_means_of_their_case() -> None:
    """Three repeats of 40 cases are 40 cases: the promote needs as many as once."""
    made = world(better_by(15), repeats=3)
    assert judged(made, failing(20), failing(2)).criteria[0].kind is Kind.PROMOTE
    assert judged(made, failing(7), failing(2)).criteria[0].kind is not Kind.PROMOTE


def of_stage(base: dict[str, str], candidate: dict[str, str], *, without: int = 0) -> Verdict:
    """As `judged`, with an earlier stage in the place of the baseline."""
    ratio = Ratio(value=1 + Fraction(15, 100), bound=None, than="before0", text="1.15 times before0")
    made = world(success(promote=ratio, alert=None, mode=Mode.STRICT), stages_before=1)
    earlier = replace(made, stage_name="before0", cases=made.cases[: CASES - without])
    return made.verdict(earlier.run(base, subject=OTHER, nonce="base"), made.run(candidate))


def test_a_stage_is_compared_case_by_case_where_it_ran_the_same_cases() -> None:
    """With other cases it is compared as a whole; a candidate that crashed has failed, and may still be better."""
    verdict = of_stage(failing(20), failing(2))
    assert verdict.criteria[0].kind is Kind.PROMOTE
    assert "40 cases beside before0: +0.45" in verdict.criteria[0].measured.note  # type: ignore[union-attr]
    assert of_stage(failing(20), failing(2), without=1).criteria[0].kind is Kind.PROMOTE
    assert of_stage(failing(20), {**failing(2), "c039": DEAD}).criteria[0].kind is Kind.PROMOTE


def test_what_the_stage_before_lost_makes_nobody_better() -> None:
    """A base whose server was down for twenty of forty cases is no proof that the candidate is good."""
    for candidate in (failing(2), {**failing(2), "c000": DEAD}):
        verdict = of_stage(failing(20, DEAD), candidate)
        assert verdict.criteria[0].kind is not Kind.PROMOTE
        assert verdict.criteria[0].status is not Status.PASS
        assert "20 cases without a partner in before0" in verdict.criteria[0].measured.note  # type: ignore[union-attr]


def test_an_attack_that_a_suite_made_is_compared_on_neither_side() -> None:
    """A metric of the user's own cases is never asked of it, so what the base did under it is no lost partner."""
    made = world(no_drop(25))
    own = LockedSuite(checks=(), cases=tuple((each.id, each.digest()) for each in made.cases), repeats=1)
    made = replace(made, cases=[*made.cases, case(CASES)])
    locked = replace(made.locked, suites={**made.locked.suites, "cases": own})
    made = replace(made, lock_said={"stages": {made.stage_name: locked}})

    reference = made.run({f"c{CASES:03}": DEAD}, subject=OTHER, nonce="base", **ALIKE)
    (result,) = made.verdict(made.run(**ALIKE), baseline=(reference,)).criteria

    assert result.kind is Kind.PROMOTE
    assert f"{CASES} cases beside baseline" in result.measured.note  # type: ignore[union-attr]
