"""The search for strategies over its golden cases, between the doubles: sound, it passes; weakened, it is caught."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluicegate import RunContext
from sluicegate.checks import CHECKS, SUITES, CheckConfig, Contribution, Result, compile_contract, measure, run_check
from sluicegate.checks.prices import prices_of
from sluicegate.checks.success import success
from sluicegate.doubles import Doubles, Latencies
from sluicegate.fixtures.catalogue import REFERENCES
from sluicegate.fixtures.json_mode.client import connected
from sluicegate.fixtures.json_mode.defects import DEFECTS, ITERATIONS, chosen
from sluicegate.fixtures.json_mode.full_code import CodeReader
from sluicegate.fixtures.json_mode.modes import Split
from sluicegate.fixtures.json_mode.outcome import Levels
from sluicegate.fixtures.json_mode.pipeline import Iteration
from sluicegate.fixtures.json_mode.strategy import Reader, UnusableError
from sluicegate.fixtures.json_mode.templates import TEMPLATES
from sluicegate.golden import json_mode_cases
from sluicegate.model import Case, Origin, Output, Trial, decode, parse
from sluicegate.pipelines.conversion import as_output
from sluicegate.plan.metrics import BUILT_IN
from sluicegate.plan.reader import read_plan
from sluicegate.resources import data
from sluicegate.runner.identity import identity

REFERENCE = REFERENCES["json-mode"]
PLAN = read_plan(REFERENCE.plan)
STAGE = PLAN.stage(REFERENCE.stage)
SUITES_ASKED = ("schema", "fallback", "routing", "budget", "tools")
CONFIG = CheckConfig(
    capabilities=PLAN.pipeline.capabilities,
    tools=PLAN.tools,
    contracts={
        "structured": compile_contract(parse(data("fixtures", "json_mode", "structured.schema.json").read_bytes()))
    },
    price_of=prices_of(PLAN.prices),
)
_RUNS = count()
"""Iterations of this process keep their caches apart by run id."""


@cache
def golden() -> tuple[Case, ...]:
    lines = data("golden", "json_mode.jsonl").read_bytes().splitlines()
    return tuple(decode(Case, parse(line)) for line in lines)


@cache
def every() -> tuple[Case, ...]:
    """The cases of all suites of the stage."""
    found = {case.id: case for name in SUITES_ASKED for case in SUITES[name].cases(golden(), PLAN.seed)}
    return tuple(found.values())


def tagged(*tags: str) -> list[Case]:
    return [case for case in every() if set(tags).intersection(case.tags)]


async def tried(cases: Iterable[Case], iteration: type[Iteration] = Iteration) -> list[Trial]:
    """Each case with all its deliveries, one after the other."""
    doubles = Doubles(tools=PLAN.tools, latencies=Latencies(model_ms=1, tool_ms=1))
    nonce = f"run {next(_RUNS)}"
    room = asyncio.Semaphore(16)

    async def delivered(job: Any, context: RunContext) -> Output:
        async with connected(context) as wire:
            return replace(as_output(await iteration(job, context, wire).run()), latency_ms=1.0)

    async def trial(case: Case) -> Trial:
        async with room:
            run_id, traceparent = identity(nonce, case.id, 0)
            known = {"run_id": run_id, "traceparent": traceparent, "endpoints": doubles.open_run(run_id, case)}
            jobs = case.given.inputs or (case.given.job,) * case.given.deliveries
            outputs = [await delivered(job, RunContext(**known, delivery=number)) for number, job in enumerate(jobs)]
            return Trial(case=case, outputs=tuple(outputs), observations=doubles.close_run(run_id))

    await doubles.start()
    try:
        return await asyncio.gather(*map(trial, cases))
    finally:
        await doubles.stop()


def results(trials: Iterable[Trial]) -> Counter[str]:
    """How many trials each check fails; none may be at a loss."""
    found = Counter[str]()
    for trial in trials:
        for name in (name for suite in SUITES_ASKED for name in SUITES[suite].checks):
            outcome = run_check(CHECKS[name], trial, CONFIG)
            assert outcome.result is not Result.ERROR, (name, trial.case.id, outcome.reason)
            found[name] += outcome.result is Result.FAIL
    return +found


def arms_of(trials: Iterable[Trial]) -> Counter[str]:
    """Trials by the side of the split, as the plan's criterion counts them."""
    counted = [measure(BUILT_IN["experiment.balance"], trial, {}, CONFIG) for trial in trials]
    return Counter(str(item.arm) for item in counted if isinstance(item, Contribution))


# Sound


@pytest.mark.asyncio
async def test_the_sound_search_is_right_in_every_case() -> None:
    """No check fails, every trial succeeds, and the split is even."""
    trials = await tried(every())

    assert results(trials) == Counter()
    assert {trial.case.id for trial in trials if success(trial, CONFIG) is not True} == set()
    arms = arms_of(trials)
    assert arms.total() >= 100
    assert 0.4 <= arms["json"] / arms.total() <= 0.6


@pytest.mark.asyncio
async def test_the_cache_serves_the_same_and_nothing_else() -> None:
    """As many backtests as there are different orders; what is served again is what the first one said."""
    for trial in await tried(tagged("cache-hit", "cache-data-version")):
        orders = [json.dumps(item.detail["arguments"]) for item in trial.observations if item.double == "tool"]
        by_data: dict[str, set[str]] = {}
        for job, output in zip(trial.case.given.inputs, trial.outputs, strict=True):
            by_data.setdefault(job["data_version"], set()).add(json.dumps(output.structured["backtest"]))

        assert len(orders) == len(set(orders)) == len(by_data)
        assert all(len(said) == 1 for said in by_data.values())
        assert [output.metadata["cache"] for output in trial.outputs].count("miss") == len(orders)


# Parts


def strategies() -> st.SearchStrategy[dict[str, Any]]:
    """Any strategy that the library allows."""

    def of(template: str) -> st.SearchStrategy[dict[str, Any]]:
        numbers = {
            name: st.integers(int(bounds.low), int(bounds.high)) if bounds.whole else st.floats(bounds.low, bounds.high)
            for name, bounds in TEMPLATES[template].items()
        }
        return st.fixed_dictionaries(
            {
                "template": st.just(template),
                "parameters": st.fixed_dictionaries(numbers),
                "rebalance": st.sampled_from(["weekly", "monthly", "quarterly"]),
                "decide_on": st.sampled_from(["open", "close"]),
                "trade_lag_days": st.integers(1, 5),
            },
            optional={"stop_loss": st.floats(0.01, 0.5)},
        )

    return st.sampled_from(sorted(TEMPLATES)).flatmap(of)


@given(strategies(), st.data())
def test_a_strategy_is_taken_whole_and_no_part_of_it_is(made: dict[str, Any], data: st.DataObject) -> None:
    """What the library allows is read as it was written; broken off anywhere, it is refused."""
    written = json.dumps(made)
    end = data.draw(st.integers(0, len(written) - 1))

    assert Reader().read(written) == made
    with pytest.raises(UnusableError):
        Reader().read(written[:end])


@given(strategies(), st.data())
def test_a_number_beyond_its_bounds_is_refused_by_name(made: dict[str, Any], data: st.DataObject) -> None:
    """Whatever the template, whichever parameter, however far."""
    name = data.draw(st.sampled_from(sorted(made["parameters"])))
    bounds = TEMPLATES[made["template"]][name]
    beyond = st.floats(max_value=bounds.low, exclude_max=True) | st.floats(min_value=bounds.high, exclude_min=True)
    made["parameters"][name] = data.draw(beyond.filter(lambda number: abs(number) < 1e300))

    with pytest.raises(UnusableError, match=name):
        Reader().read(json.dumps(made))


@given(st.text(max_size=30), st.floats(0, 1), st.floats(0, 1))
def test_a_rising_probability_moves_iterations_to_json_only(name: str, one: float, other: float) -> None:
    """The same iteration is on the same side each time; at 0 none is written as JSON, at 1 all are."""

    def mode(probability: float) -> str:
        settings = {"json_mode_enabled": True, "json_mode_scope": "all", "json_mode_probability": probability}
        return Split().choose({"id": name, "settings": settings, "from_library": True}).mode

    low, high = sorted((one, other))
    assert mode(low) == mode(low)
    assert (mode(low), mode(high)) != ("json", "full_code")
    assert (mode(0.0), mode(1.0)) == ("full_code", "json")


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("return data.close.shift(-1)", "shifts"),
        ("return data.close.shift(periods=-3)", "shifts"),
        ("return data.close.rolling(5, center=True).mean()", "centres"),
        ("return data.close.bfill()", "comes after"),
        ("import os", "imported"),
    ],
)
def test_a_program_that_looks_ahead_is_refused(line: str, word: str) -> None:
    """And one that looks back the same way is not."""
    with pytest.raises(UnusableError, match=word):
        CodeReader().read(f"def strategy(data):\n    {line}\n")
    assert CodeReader().read("def strategy(data):\n    return data.close.shift(1).rolling(5, center=False).mean()\n")


def test_the_levels_at_their_borders() -> None:
    """A backtest that did not end, one without trades or numbers, a Sharpe ratio of 0 and one just above."""
    level = Levels().level
    sound = {"sharpe": 1e-9, "total_return": -0.2, "trades": 1}

    assert level(None) == "LEVEL_1"
    assert level(sound) == "LEVEL_3"
    for changed in ({"sharpe": 0}, {"trades": 0}, {"sharpe": None}, {"total_return": None}, {"sharpe": float("nan")}):
        assert level({**sound, **changed}) == "LEVEL_2"
    assert level({}) == "LEVEL_2"


# Defects


AIMED = {
    "torn-json-closed": "not-json",
    "last-key-counts": "not-json",
    "nearest-template": "unknown-template",
    "ranges-not-checked": "out-of-range",
    "bounds-refused": "bound",
    "look-ahead-in-json": "look-ahead",
    "look-ahead-in-code": "unusable-code",
    "keys-passed-on": "misshapen",
    "key-without-universe": "cache-universe",
    "key-of-some-fields": "cache-field",
    "stale-cache": "cache-data-version",
    "fallback-skipped": "fallback-to-code",
    "fallback-always": "no-fallback",
    "level-by-return": "level",
    "missing-number-is-zero": "level",
    "not-run-is-level-2": "backtest-fails",
    "split-drawn-anew": "hybrid",
    "split-off-its-weights": "hybrid",
    "arm-of-the-outcome": "fallback-in-hybrid",
    "switch-ignored": "kill-switch",
    "not-told-what-was-wrong": "asked-again",
    "backup-not-asked": "model-fault",
    "only-the-last-call": "asked-again",
}
"""The tag of the cases that a defect shows in."""


def those_for(name: str) -> list[Case]:
    """The cases aimed at a defect, save those that wait for a time-out; and two of every other tag."""
    others = [case for tag in sorted({case.tags[0] for case in golden()}) for case in tagged(tag)[:2]]
    found = {case.id: case for case in (*tagged(AIMED[name]), *others) if "silent" not in case.id}
    return list(found.values())


@pytest.mark.asyncio
@pytest.mark.parametrize("name", DEFECTS)
async def test_a_defect_is_seen_by_what_must_catch_it(name: str) -> None:
    """The check that is silent on the sound search speaks, or the split is off; alone where that is said."""
    defect = DEFECTS[name]
    trials = await tried(those_for(name), ITERATIONS[name])
    failed = results(trials)

    if defect.check == "experiment.balance":
        arms = arms_of(trials)
        assert arms["json"] / arms.total() > 0.7
    else:
        assert failed[defect.check] > 0
    if defect.alone:
        assert set(failed) <= {defect.check}


def test_every_defect_says_what_must_catch_it() -> None:
    """At least twelve; described, tied to a required suite and a check of it or a criterion, and to no promotion."""
    metrics = {criterion.metric.name for criterion in STAGE.criteria}

    assert len(DEFECTS) >= 12
    assert set(DEFECTS) == set(ITERATIONS) == {defect.name for defect in REFERENCE.defects}
    for defect in DEFECTS.values():
        assert defect.description.endswith(".")
        assert defect.kind.startswith(("hold.", "rollback."))
        assert defect.suite in STAGE.requires.suites
        assert defect.check in metrics or defect.check in SUITES[defect.suite].checks


def test_a_defect_is_chosen_by_the_environment() -> None:
    """Unset or empty is the sound search; an unknown one is refused."""
    assert chosen({}) is chosen({"SLUICEGATE_DEFECT": ""}) is Iteration
    for name in DEFECTS:
        assert chosen(REFERENCE.environment(name)) is ITERATIONS[name]
    with pytest.raises(KeyError):
        chosen({"SLUICEGATE_DEFECT": "no-such-defect"})


# Plan and cases


def test_the_stages_are_those_of_the_rollout_plan() -> None:
    """The library alone, half, four in five, nineteen in twenty; each asks for as many iterations as the plan does."""
    assert [stage.name for stage in PLAN.stages] == ["preflight", "template-library", "hybrid", "primary", "production"]
    least = [{item.metric.name: item.minimum_n for item in stage.criteria} for stage in PLAN.stages[1:]]
    assert [each["crashes"] for each in least] == [100, 200, 300, 1000]
    assert [each.get("json.level3_rate") for each in least] == [None, 100, 240, None]
    assert {stage.rollback.within_s for stage in PLAN.stages[1:]} == {300}
    for criterion in STAGE.criteria:
        assert criterion.metric.available
        assert criterion.origins == (Origin.SUITE,)


def test_the_program_writes_the_committed_bytes_again(tmp_path: Path) -> None:
    """Same seed, same bytes, each time; the manifest pins them."""
    json_mode_cases.write(tmp_path)

    for name in ("json_mode.jsonl", "json_mode.manifest.json"):
        assert tmp_path.joinpath(name).read_bytes() == data("golden", name).read_bytes()


def test_the_cases_are_many_and_different() -> None:
    """In every universe and every scenario, no two alike; every bound of the library from both sides."""
    cases = golden()
    per_tag = Counter(case.tags[0] for case in cases)

    assert len({case.id for case in cases}) == len({case.digest() for case in cases}) == len(cases) >= 60
    assert {case.slice for case in cases} == {"us-large", "eu-mid", "tw-tech"}
    assert len(per_tag) >= 20
    assert min(per_tag.values()) >= 2
    assert per_tag["bound"] == 2 * sum(map(len, TEMPLATES.values()))
