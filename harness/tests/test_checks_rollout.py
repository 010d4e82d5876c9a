"""The rollout suite: the laws of a percentage flag and of taking it back, read from recorded answers and times."""

from __future__ import annotations

import sys
from dataclasses import replace
from math import inf
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
from flag_world import Says, a_trial, probes, sound, steps

sys.path.pop(0)

from sluicegate.checks import CHECKS, SUITES, CheckConfig, Contribution, Result, measure, run_check
from sluicegate.fixtures.flag_rollout.registry import BUCKETS, Registry, bucket
from sluicegate.model import (
    Capability,
    Case,
    Cohort,
    Crash,
    CrashKind,
    FlagStep,
    FlagUnit,
    NotMeasured,
    Output,
    Population,
    Trial,
)
from sluicegate.plan.metrics import BUILT_IN

CONFIG = CheckConfig(capabilities=frozenset({Capability.FLAGS}))
LADDER = steps(0, 5, 25, 50, 100)
WINDOW = Cohort(since="2026-01-05T18:00:00Z", until="2026-01-06T18:00:00Z")
HOURLY = Population(size=120, enabled_from="2026-01-05T08:00:00Z")
KILL = FlagStep(percent=50, killed=True, within_s=1)


def asked(check: str, trial: Trial) -> tuple[Result, str]:
    outcome = run_check(CHECKS[f"rollout.{check}"], trial, CONFIG)
    return outcome.result, " | ".join(f"{item.message}: {item.excerpt}" for item in outcome.findings) or outcome.reason


def failing(trial: Trial) -> set[str]:
    return {
        name.partition(".")[2]
        for name in SUITES["rollout"].checks
        if run_check(CHECKS[name], trial, CONFIG).result in (Result.FAIL, Result.ERROR)
    }


# The dealing


def test_a_sound_dealing_keeps_every_law() -> None:
    """Up the ladder and down, two flags, a rollback of each level and back again: nothing is found."""
    rollbacks = (
        KILL,
        FlagStep(percent=50, off_units=("unit-1", "unit-2"), within_s=1),
        FlagStep(percent=50, off_cohort=WINDOW, within_s=1),
    )
    for rollback in rollbacks:
        trial = a_trial((*steps(0, 5, 25, 100, 50), rollback, *steps(50)), flags=("rag", "own"), population=HOURLY)

        assert failing(trial) == set()


def unsound(what: str) -> Says:
    def by_process(step: FlagStep, flag: str, unit: FlagUnit, process: int, _default: bool) -> bool:
        return bucket(f"{flag}{process}", unit.id) < step.percent * 100

    def from_the_other_end(step: FlagStep, flag: str, unit: FlagUnit, *_: object) -> bool:
        at = bucket(flag, unit.id)
        return at < step.percent * 100 if step.percent < 50 else at >= BUCKETS - step.percent * 100

    def oldest_first(step: FlagStep, _flag: str, unit: FlagUnit, *_: object) -> bool:
        return int(unit.id[5:]) < step.percent * 4

    def half_of_it(step: FlagStep, flag: str, unit: FlagUnit, *_: object) -> bool:
        return bucket(flag, unit.id) < step.percent * 50

    def at_most(step: FlagStep, _flag: str, unit: FlagUnit, *_: object) -> bool:
        return unit.id == "unit-7" or bucket("rag", unit.id) < step.percent * 100

    def by_default(step: FlagStep, flag: str, unit: FlagUnit, process: int, default: bool) -> bool:
        return default if step.percent == 25 else sound(step, flag, unit, process, default)

    return {
        "by process": by_process,
        "from the other end": from_the_other_end,
        "oldest first": oldest_first,
        "half of it": half_of_it,
        "one at 0 %": at_most,
        "by the caller's default": by_default,
    }[what]


@pytest.mark.parametrize(
    ("what", "check", "says"),
    [
        ("by process", "sticky", "another process answers otherwise for"),
        ("from the other end", "monotone", "from 25 % to 50 % it goes off for"),
        ("oldest first", "share", "every part of the population must get its share"),
        ("half of it", "share", "100 % everybody must be on"),
        ("one at 0 %", "share", "at 0 % nobody must be on: rag at 0 % (step 1): 1 of 400 are on"),
        ("by the caller's default", "default", "rag at 25 % (step 3): with the default true"),
    ],
)
def test_an_unsound_dealing_is_found_by_its_own_law(what: str, check: str, says: str) -> None:
    """The finding names flag, step and units, and what was seen."""
    result, said = asked(check, a_trial(LADDER, unsound(what)))

    assert result is Result.FAIL
    assert says in said


def test_dealing_by_each_question_anew_is_no_matter_of_defaults() -> None:
    """A process that contradicts itself is found by sticky; the law of the default says nothing of it."""
    trial = a_trial(steps(50))
    *rest, other = trial.observations
    again = replace(other, detail={**other.detail, "default": False, "who": "f"})
    dice = replace(trial, observations=(*rest, replace(other, detail={**other.detail, "who": "ff"}), again))

    assert asked("sticky", dice)[0] is Result.FAIL
    assert "asked again answers otherwise" in asked("sticky", dice)[1]
    assert asked("default", dice)[0] is Result.PASS


def test_processes_answer_in_no_order() -> None:
    """Two that disagree do so whoever was first; the default true is compared with the process that was asked."""
    trial = a_trial(steps(50), unsound("by process"))
    crossed = replace(trial, observations=tuple(reversed(trial.observations)))

    assert failing(crossed) == failing(trial) == {"sticky"}


def test_flags_draw_apart_unless_they_share_a_salt() -> None:
    """One draw for two flags is found; so are two draws where one was declared."""

    def one_draw(step: FlagStep, _flag: str, unit: FlagUnit, *_: object) -> bool:
        return bucket("all", unit.id) < step.percent * 100

    two = ("rag", "own")

    assert asked("independent", a_trial(steps(25), one_draw, flags=two))[0] is Result.FAIL
    assert asked("independent", a_trial(steps(25), flags=two))[0] is Result.PASS
    assert asked("independent", a_trial(steps(25), one_draw, flags=two, salt="pilot"))[0] is Result.PASS
    assert asked("independent", a_trial(steps(25), flags=two, salt="pilot"))[0] is Result.FAIL
    assert asked("independent", a_trial(steps(25)))[0] is Result.NOT_APPLICABLE


def test_a_small_population_that_exposes_nobody_is_said_and_fails() -> None:
    """5 % of one is nobody: exposed n is 0; at 0 % that is as it should be."""
    result, said = asked("exposed", a_trial(steps(5), size=1))

    assert result is Result.FAIL
    assert "exposed n is 0 of 1" in said
    assert asked("share", a_trial(steps(5), size=1))[0] is Result.ERROR
    assert asked("exposed", a_trial(steps(0), size=1))[0] is Result.PASS


def test_a_population_of_which_any_number_may_be_on_by_chance_shows_no_share() -> None:
    """A law that no answer could break is not kept: it is unknown, unless one step or a pinned unit says more."""
    result, said = asked("share", a_trial(steps(50), size=12))

    assert result is Result.ERROR
    assert "ask for a population of 21 or more" in said
    assert asked("share", a_trial(steps(50), size=21))[0] is Result.PASS
    assert asked("share", a_trial(steps(5, 50), size=12))[0] is Result.PASS
    assert asked("share", a_trial(steps(0, 100), size=2))[0] is Result.PASS
    pinned = (FlagStep(percent=50, off=tuple(f"unit-{n}" for n in range(4) if bucket("rag", f"unit-{n}") >= 5000)),)
    assert asked("share", a_trial(pinned, size=4))[0] is Result.PASS


def test_pinned_units_show_that_everybody_was_dealt_anew() -> None:
    """Another salt keeps every law but this one."""
    on = tuple(f"unit-{number}" for number in range(48) if bucket("rag", f"unit-{number}") < 2500)
    off = tuple(f"unit-{number}" for number in range(48) if bucket("rag", f"unit-{number}") >= 2500)
    pinned = (FlagStep(percent=25, on=on, off=off),)

    def dealt_anew(step: FlagStep, flag: str, unit: FlagUnit, *_: object) -> bool:
        return bucket(f"v2:{flag}", unit.id) < step.percent * 100

    assert failing(a_trial(pinned)) == set()
    assert failing(a_trial(pinned, dealt_anew)) == {"pinned"}
    assert "dealt otherwise" in asked("pinned", a_trial(pinned, dealt_anew))[1]


def test_one_process_without_pins_shows_no_stickiness() -> None:
    """A service has its own processes: nobody knows what another start says, unless known answers are pinned."""
    result, said = asked("sticky", a_trial(steps(25), processes=1))

    assert result is Result.ERROR
    assert "one process answered" in said
    unit = next(f"unit-{number}" for number in range(48) if bucket("rag", f"unit-{number}") < 2500)
    assert asked("sticky", a_trial((FlagStep(percent=25, on=(unit,)),), processes=1))[0] is Result.PASS


def test_a_change_that_does_not_arrive_is_said() -> None:
    """Else every other law would be blamed."""
    trial = a_trial(steps(25))
    late = replace(trial.observations[0], action="settled", detail={"step": 0, "settled": False, "flag": "rag"})

    assert (
        "must arrive in every process" in asked("sticky", replace(trial, observations=(*trial.observations, late)))[1]
    )


# Taking it back


def test_a_rollback_takes_back_exactly_its_scope() -> None:
    """One more, one less, or somebody new, is named; the window is half open."""
    step = FlagStep(percent=100, off_cohort=WINDOW, within_s=1)
    inside, at_end = "unit-10", "unit-34"

    def but(unit_id: str, *, on: bool) -> Says:
        def says(step: FlagStep, flag: str, unit: FlagUnit, process: int, default: bool) -> bool:
            return on if step.removes and unit.id == unit_id else sound(step, flag, unit, process, default)

        return says

    def found(says: Says) -> str:
        return asked("scope", a_trial((*steps(100), step), says, population=HOURLY))[1]

    assert asked("scope", a_trial((*steps(100), step), population=HOURLY))[0] is Result.PASS
    assert "1 of 120 are in its scope and still on: unit-10" in found(but(inside, on=True))
    assert "1 of 120 are not in its scope and off as well: unit-34" in found(but(at_end, on=False))


def test_a_kill_that_returns_the_callers_default_is_no_kill() -> None:
    """With the default off it looks like one."""

    def disabled(step: FlagStep, flag: str, unit: FlagUnit, process: int, default: bool) -> bool:
        return default if step.killed else sound(step, flag, unit, process, default)

    trial = a_trial((*steps(50), KILL), disabled)

    assert failing(trial) == {"default"}
    assert "what is taken back must not depend on the default" in asked("default", trial)[1]


@pytest.mark.parametrize(
    ("said", "took_ms", "finding"),
    [
        ([(1010.0, 10), (1900.0, 0), (2500.0, 0)], 900.0, ""),
        ([(1010.0, 10), (2100.0, 0), (2700.0, 0)], 1100.0, "process 1 said off for good after 1.100 s"),
        ([(1010.0, 0), (1500.0, 3), (2400.0, 0)], 1400.0, "after 1.400 s, having said off before"),
        ([(1010.0, 0), (1500.0, 3)], inf, "said off and then on again"),
        ([(1010.0, 10), (9000.0, 2)], inf, "still has 2 of 10 on"),
    ],
)
def test_a_rollback_is_timed_to_the_first_off_that_stays(
    said: list[tuple[float, int]], took_ms: float, finding: str
) -> None:
    """From the decision at 1,000 ms, by the harness's clock; the slower of two processes counts."""
    quick = probes((1010.0, 0), (1600.0, 0), process=1)
    trial = a_trial((*steps(50), KILL), probed=[*probes(*said), *quick])

    result, told = asked("within", trial)

    assert result is (Result.FAIL if finding else Result.PASS)
    assert finding in told
    assert measure(BUILT_IN["rollback.seconds"], trial, {}, CONFIG) == Contribution(
        value=took_ms, failed=took_ms == inf
    )


def test_a_drill_in_which_nobody_was_on_drills_nothing() -> None:
    """No number, and no pass."""
    trial = a_trial((*steps(0), FlagStep(percent=0, killed=True, within_s=1)), probed=())

    assert asked("within", trial)[0] is Result.ERROR
    assert isinstance(measure(BUILT_IN["rollback.seconds"], trial, {}, CONFIG), NotMeasured)


def test_a_flag_set_again_is_on_for_whom_it_was() -> None:
    """A rollback must not deal anew."""
    dealt = iter(range(100))
    salts: dict[str, int] = {}

    def anew(step: FlagStep, flag: str, unit: FlagUnit, *_: object) -> bool:
        if step.removes:
            salts.clear()
            return False
        salt = salts.setdefault(flag, next(dealt) if not salts else 0)
        return bucket(f"{flag}{salt}", unit.id) < step.percent * 100

    trial = a_trial((*steps(50), KILL, *steps(50)), anew)

    assert failing(trial) == {"again"}
    assert "set again as at step 1" in asked("again", trial)[1]


# What is no evidence


def test_a_record_without_an_answer_to_every_question_shows_nothing() -> None:
    """No flags double, or one answer missing: error, which holds."""
    trial = a_trial(LADDER)
    gone = replace(trial, observations=())
    short = replace(trial, observations=trial.observations[:-1])

    for broken in (gone, short):
        for name in ("sticky", "monotone", "share", "exposed", "default"):
            assert asked(name, broken)[0] is Result.ERROR
        assert isinstance(measure(BUILT_IN["rollout.bucketing"], broken, {}, CONFIG), NotMeasured)


def test_a_pipeline_that_crashed_fails() -> None:
    """And its rollback took for ever."""
    crashed = (Output(error=Crash(kind=CrashKind.DIED, message="gone")),)
    trial = a_trial((*steps(50), KILL), outputs=crashed)

    assert asked("share", trial)[0] is Result.FAIL
    assert measure(BUILT_IN["rollout.bucketing"], trial, {}, CONFIG) == Contribution(k=0, n=1)
    assert measure(BUILT_IN["rollback.seconds"], trial, {}, CONFIG) == Contribution(value=inf, failed=True)


def test_a_case_of_flags_is_no_draft() -> None:
    """Crashes count it; success, time and contracts do not. The suite takes only such cases."""
    trial = a_trial(steps(50))
    draft = Case(id="c", input=1)

    assert measure(BUILT_IN["draft.success_rate"], trial, {}, CONFIG) is None
    assert measure(BUILT_IN["latency"], trial, {}, CONFIG) is None
    assert measure(BUILT_IN["crashes"], trial, {}, CONFIG) == Contribution(k=0, n=1)
    assert SUITES["rollout"].cases([draft, trial.case], 0) == [trial.case]


# The in-house dealing itself

_IDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=40)
_PERCENT = st.floats(0, 100)


def a_flag(percent: float, name: str = "rag", **more: object) -> dict[str, object]:
    return {
        "flag": name,
        "percent": percent,
        "salt": None,
        "killed": False,
        "off_units": [],
        "off_cohort": None,
        **more,
    }


@given(unit=_IDS, low=_PERCENT, high=_PERCENT)
def test_the_registry_is_bounded_sticky_and_monotone(unit: str, low: float, high: float) -> None:
    """For any unit and any two percentages."""
    registry = Registry()
    low, high = sorted((low, high))

    assert 0 <= bucket("rag", unit) < BUCKETS
    assert not registry.decide(a_flag(0), unit, None)
    assert registry.decide(a_flag(100), unit, None)
    assert registry.decide(a_flag(low), unit, None) <= registry.decide(a_flag(high), unit, None)
    assert registry.decide(a_flag(low), unit, None) == Registry().decide(a_flag(low), unit, None)


@given(unit=_IDS, percent=_PERCENT, off=st.sets(_IDS, max_size=5))
def test_the_registry_takes_back_exactly_who_is_named(unit: str, percent: float, off: set[str]) -> None:
    """Who is named is off; nobody else's answer changes."""
    registry = Registry()
    taken = registry.decide(a_flag(percent, off_units=sorted(off)), unit, None)

    assert taken == (unit not in off and registry.decide(a_flag(percent), unit, None))


@settings(max_examples=20)
@given(prefix=st.text("abcdefgh", min_size=1, max_size=8), percent=st.sampled_from((5, 25, 50, 75)))
def test_a_sound_dealing_is_never_called_odd(prefix: str, percent: float) -> None:
    """Whatever the ids: the false alarm is one in a million, and the digest deals as chance does."""
    trial = a_trial(steps(percent), flags=("rag", "own"), population=Population(size=300, prefix=prefix))

    assert failing(trial) == set()


def test_golden_buckets_of_the_registry() -> None:
    """Written down once: another digest would deal everybody anew."""
    assert [bucket("rag", f"unit-{number}") for number in range(5)] == GOLDEN


GOLDEN = [3909, 424, 3754, 8582, 9637]
