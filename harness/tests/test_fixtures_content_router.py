"""The content router over its golden cases, between the doubles: sound, it passes; weakened, it is caught."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from itertools import count, groupby
from pathlib import Path
from typing import Any

import pytest

from sluicegate import RunContext
from sluicegate.checks import CHECKS, SUITES, CheckConfig, Contribution, Result, compile_contract, measure, run_check
from sluicegate.checks.prices import prices_of
from sluicegate.checks.success import success
from sluicegate.doubles import Doubles, Latencies
from sluicegate.fixtures.catalogue import REFERENCES
from sluicegate.fixtures.content_router.defects import DEFECTS, ROUTERS, chosen
from sluicegate.fixtures.content_router.pipeline import Router
from sluicegate.golden import content_router_cases
from sluicegate.model import Case, Origin, Output, Trial, decode, parse
from sluicegate.pipelines.conversion import as_output
from sluicegate.plan.metrics import BUILT_IN
from sluicegate.plan.reader import read_plan
from sluicegate.resources import data
from sluicegate.runner.identity import identity

REFERENCE = REFERENCES["content-routing"]
PLAN = read_plan(REFERENCE.plan)
STAGE = PLAN.stage(REFERENCE.stage)
CONFIG = CheckConfig(
    capabilities=PLAN.pipeline.capabilities,
    contracts={
        "structured": compile_contract(parse(data("fixtures", "content_router", "structured.schema.json").read_bytes()))
    },
    price_of=prices_of(PLAN.prices),
    expert_models=frozenset(name for name, price in PLAN.prices.items() if price.expert),
)
_DAYS = count()
"""Routers of this process keep their days apart by run id."""
OWN_SUITES = ("schema", "budget", "routing")


@cache
def golden() -> tuple[Case, ...]:
    lines = data("golden", "content_router.jsonl").read_bytes().splitlines()
    return tuple(decode(Case, parse(line)) for line in lines)


def every() -> list[Case]:
    """The cases of all suites of the stage."""
    found = {case.id: case for name in OWN_SUITES for case in SUITES[name].cases(golden(), PLAN.seed)}
    return list(found.values())


def tagged(*tags: str) -> list[Case]:
    return [case for case in every() if set(tags).intersection(case.tags)]


async def tried(cases: Iterable[Case], router: type[Router] = Router) -> list[Trial]:
    """Each case with all its deliveries, in turn or at once."""
    doubles = Doubles(latencies=Latencies(model_ms=1))
    nonce = f"day {next(_DAYS)}"
    room = asyncio.Semaphore(16)

    async def delivered(job: Any, context: RunContext) -> Output:
        return replace(as_output(await router(job, context).run()), latency_ms=1.0)

    async def trial(case: Case) -> Trial:
        async with room:
            run_id, traceparent = identity(nonce, case.id, 0)
            endpoints = doubles.open_run(run_id, case)
            jobs = case.given.inputs or (case.given.job,) * case.given.deliveries
            calls = [
                delivered(job, RunContext(run_id=run_id, traceparent=traceparent, endpoints=endpoints, delivery=number))
                for number, job in enumerate(jobs)
            ]
            outputs = await asyncio.gather(*calls) if case.given.at_once else [await call for call in calls]
            return Trial(case=case, outputs=tuple(outputs), observations=doubles.close_run(run_id))

    await doubles.start()
    try:
        trials = await asyncio.gather(*map(trial, cases))
    finally:
        await doubles.stop()
    assert (doubles.unattributed, doubles.late) == (0, 0)
    return trials


def results(trials: Iterable[Trial]) -> Counter[str]:
    """How many trials each check fails; none may be at a loss."""
    found = Counter[str]()
    for trial in trials:
        for suite in OWN_SUITES:
            for name in SUITES[suite].checks:
                outcome = run_check(CHECKS[name], trial, CONFIG)
                assert outcome.result is not Result.ERROR, (name, trial.case.id, outcome.reason)
                found[name] += outcome.result is Result.FAIL
    return +found


def counted(metric: str, trials: Iterable[Trial]) -> list[Contribution]:
    found = [measure(BUILT_IN[metric], trial, {}, CONFIG) for trial in trials]
    assert all(isinstance(item, Contribution) for item in found if item is not None), metric
    return [item for item in found if isinstance(item, Contribution)]


def share(metric: str, trials: Iterable[Trial]) -> float:
    found = counted(metric, trials)
    return sum(item.k for item in found) / sum(item.n for item in found)


# Sound


@pytest.mark.asyncio
async def test_the_sound_router_is_right_in_every_case() -> None:
    """No crash, no check fails, every trial succeeds, and the shares are those of the rollout plan."""
    trials = await tried(every())

    assert [trial.case.id for trial in trials if trial.crashed and trial.case.expect.outcome != "error"] == []
    assert results(trials) == Counter()
    assert {trial.case.id for trial in trials if success(trial, CONFIG) is not True} == set()
    assert 0.10 <= share("routing.expert_share", trials) <= 0.20
    assert 0.30 <= share("experiment.assignment_share", trials) <= 0.40
    assert share("routing.correct_rate", trials) == share("budget.kept_rate", trials) == 1
    assert share("tokens.within_10pct", trials) == 1
    assert max(item.value or 0 for item in counted("routing.expert_calls", trials)) == 20
    arms = Counter(item.arm for item in counted("experiment.balance", trials))
    assert arms.total() >= 50
    assert 0.4 <= arms["A"] / arms.total() <= 0.6


@pytest.mark.asyncio
async def test_fifty_jobs_at_once_never_pass_the_cap_or_the_limit() -> None:
    """Exactly as many expert calls as are left, all jobs written; of the money not a micro-dollar too much."""
    trials = await tried(tagged("expert-cap-at-once", "spend-limit-at-once"))

    assert {len(trial.outputs) for trial in trials} == {50}
    assert all(trial.case.given.at_once for trial in trials)
    for trial in trials:
        experts = sum(item.action == "gpt-4o" for item in trial.observations)
        routes = Counter(output.route for output in trial.outputs)
        assert routes["expert"] == experts
        if "expert-cap-at-once" in trial.case.tags:
            assert experts == 20 - trial.case.given.inputs[0]["day"]["expert_calls"]
            assert routes["core"] == 50 - experts
        else:
            refused = [output.error.message for output in trial.outputs if output.error]
            assert 0 < len(refused) < 50
            assert set(refused) == {"BUDGET_EXCEEDED: no post was written"}


@pytest.mark.asyncio
async def test_the_legacy_path_says_nothing_of_routing() -> None:
    """Flags off: the core model, an empty log, no experiment, whatever the job."""
    trials = await tried(tagged("flags-off"))

    assert len(trials) >= 10
    for trial in trials:
        assert trial.output.route == "legacy"
        assert trial.output.metadata == {"log": []}
        assert "hook_variant" not in trial.output.structured


@pytest.mark.asyncio
async def test_flags_come_from_the_environment_where_the_job_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unset is off, as the rollout plan says."""
    case = next(case for case in golden() if "high-value-thread" in case.tags)
    given = replace(case.given, job={key: value for key, value in case.given.job.items() if key != "flags"})

    (off,) = await tried([replace(case, given=given)])
    monkeypatch.setenv("ENABLE_PHASE4_ROUTING", "true")
    (on,) = await tried([replace(case, id="on", given=given)])

    assert (off.output.route, on.output.route) == ("legacy", "expert")
    assert all(line.startswith("[PHASE4] ") for line in on.output.metadata["log"])


@pytest.mark.asyncio
async def test_a_model_that_fails_leaves_a_right_account() -> None:
    """Asked again, or left for the core model; only what was answered is reported."""
    trials = await tried(tagged("model-fault"))

    for trial in trials:
        assert [output.route for output in trial.outputs] == ["core"]
        assert (
            any("failed" in line for line in trial.output.metadata["log"]) or trial.case.given.faults[0].kind == "empty"
        )


# Defects


def those_for(name: str) -> list[Case]:
    """Few enough to be quick: every scenario, of the experiment only a part unless the defect is one of its shares."""
    if "lock" in name:
        return tagged("expert-cap-at-once")
    if DEFECTS[name].check.startswith("experiment."):
        return tagged("experiment")
    cases = [case for case in every() if not case.given.at_once and "experiment" not in case.tags]
    return [*cases, *tagged("experiment")[:40], *(case for case in every() if case.id.endswith("~again"))]


@pytest.mark.asyncio
@pytest.mark.parametrize("name", DEFECTS)
async def test_a_defect_is_seen_by_what_must_catch_it(name: str) -> None:
    """The check that is silent on the sound router speaks, or the metric leaves its range; alone where that is said."""
    defect = DEFECTS[name]
    trials = await tried(those_for(name), ROUTERS[name])
    failed = results(trials)

    if defect.check == "experiment.assignment_share":
        assert share(defect.check, trials) > 0.40
    elif defect.check == "experiment.balance":
        arms = Counter(item.arm for item in counted(defect.check, trials))
        assert arms["A"] / arms.total() > 0.70
    else:
        assert failed[defect.check] > 0
    if defect.alone:
        assert set(failed) <= {defect.check}


def test_every_defect_says_what_must_catch_it() -> None:
    """At least eight; described, tied to a required suite and a check of it or a criterion, and to no promotion."""
    metrics = {criterion.metric.name for criterion in STAGE.criteria}

    assert len(DEFECTS) >= 8
    assert set(DEFECTS) == set(ROUTERS) == {defect.name for defect in REFERENCE.defects}
    for defect in DEFECTS.values():
        assert defect.description.endswith(".")
        assert defect.kind.startswith(("hold.", "rollback."))
        assert defect.suite in STAGE.requires.suites
        assert defect.check in metrics or defect.check in SUITES[defect.suite].checks


def test_a_defect_is_chosen_by_the_environment() -> None:
    """Unset or empty is the sound router; an unknown one is refused."""
    assert chosen({}) is chosen({"SLUICEGATE_DEFECT": ""}) is Router
    for name in DEFECTS:
        assert chosen(REFERENCE.environment(name)) is ROUTERS[name]
    with pytest.raises(KeyError):
        chosen({"SLUICEGATE_DEFECT": "no-such-defect"})


# Plan and cases


def test_the_preflight_asks_only_for_what_this_version_measures() -> None:
    """Every metric is available and comes from suites; later stages may hold for what is not measured yet."""
    assert [stage.name for stage in PLAN.stages] == ["preflight", "routing", "learning", "experiments"]
    for criterion in STAGE.criteria:
        assert criterion.metric.available
        assert criterion.origins == (Origin.SUITE,)


def test_the_program_writes_the_committed_bytes_again(tmp_path: Path) -> None:
    """Same seed, same bytes, each time; the manifest pins them."""
    content_router_cases.write(tmp_path)

    for name in ("content_router.jsonl", "content_router.manifest.json"):
        assert tmp_path.joinpath(name).read_bytes() == data("golden", name).read_bytes()


def test_the_cases_cover_the_decision_table() -> None:
    """Every row of it, each border from both sides, and enough of each scenario."""
    cases = golden()
    jobs = [case.given.job for case in cases if case.given.job]

    assert len({case.id for case in cases}) == len({case.digest() for case in cases}) == len(cases)
    assert {case.slice for case in cases} == {"thread", "reply", "single", None}
    assert {job.get("priority_score") for job in jobs} >= {0.8, 0.79, None}
    assert {job["slot_performance"] for job in jobs} >= {None, 0.49, 0.5, 0.69, 0.7}
    per_tag = {tag: len(list(group)) for tag, group in groupby(sorted(case.tags[0] for case in cases))}
    assert min(per_tag.values()) >= 2
    assert len(per_tag) >= 18
