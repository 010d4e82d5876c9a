"""The delegation pipeline over its golden cases, between the doubles: sound, it passes; weakened, it is caught."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluicegate import RunContext
from sluicegate.checks import CHECKS, SUITES, CheckConfig, Result, compile_contract, run_check
from sluicegate.checks.prices import prices_of
from sluicegate.doubles import Doubles, Latencies
from sluicegate.fixtures.catalogue import REFERENCES
from sluicegate.fixtures.dspy_delegation.defects import DEFECTS, DELEGATORS, chosen
from sluicegate.fixtures.dspy_delegation.pipeline import Delegator
from sluicegate.golden import dspy_delegation_cases
from sluicegate.golden.dspy_delegation_tasks import KINDS, tasks
from sluicegate.model import Case, Origin, Output, Trial, decode, parse
from sluicegate.pipelines.conversion import as_output
from sluicegate.plan.reader import read_plan
from sluicegate.resources import data
from sluicegate.runner.identity import identity

REFERENCE = REFERENCES["dspy-delegation"]
PLAN = read_plan(REFERENCE.plan)
STAGE = PLAN.stage(REFERENCE.stage)
CONFIG = CheckConfig(
    capabilities=PLAN.pipeline.capabilities,
    contracts={
        "structured": compile_contract(
            parse(data("fixtures", "dspy_delegation", "structured.schema.json").read_bytes())
        )
    },
    price_of=prices_of(PLAN.prices),
)
SUITES_ASKED = ("schema", "fallback", "budget", "routing")
_RUNS = count()


@cache
def golden() -> tuple[Case, ...]:
    lines = data("golden", "dspy_delegation.jsonl").read_bytes().splitlines()
    return tuple(decode(Case, parse(line)) for line in lines)


def every() -> list[Case]:
    """The cases of all suites of the stage."""
    found = {case.id: case for name in SUITES_ASKED for case in SUITES[name].cases(golden(), PLAN.seed)}
    return list(found.values())


def tagged(*tags: str) -> list[Case]:
    return [case for case in golden() if set(tags).intersection(case.tags)]


async def tried(cases: Iterable[Case], delegator: type[Delegator] = Delegator) -> list[Trial]:
    doubles = Doubles(latencies=Latencies(model_ms=1))
    nonce, room = f"run {next(_RUNS)}", asyncio.Semaphore(16)

    async def answered(case: Case, context: RunContext) -> Output:
        try:
            said = await delegator(case.given.job, context).run()
        except ValueError as error:
            return as_output({"error": str(error)})
        return replace(as_output(said), latency_ms=1.0)

    async def trial(case: Case) -> Trial:
        async with room:
            run_id, traceparent = identity(nonce, case.id, 0)
            endpoints = doubles.open_run(run_id, case)
            outputs = [
                await answered(
                    case, RunContext(run_id=run_id, traceparent=traceparent, endpoints=endpoints, delivery=number)
                )
                for number in range(case.given.deliveries)
            ]
            return Trial(case=case, outputs=tuple(outputs), observations=doubles.close_run(run_id))

    await doubles.start()
    try:
        trials = await asyncio.gather(*map(trial, cases))
    finally:
        await doubles.stop()
    assert (doubles.unattributed, doubles.late) == (0, 0)
    return trials


def failed(trials: Iterable[Trial]) -> dict[str, list[str]]:
    """Cases that fail, by check; nothing may be at a loss."""
    found: dict[str, list[str]] = {}
    for trial in trials:
        for suite in SUITES_ASKED:
            for name in SUITES[suite].checks:
                outcome = run_check(CHECKS[name], trial, CONFIG)
                assert outcome.result is not Result.ERROR, (name, trial.case.id, outcome.reason)
                if outcome.result is Result.FAIL:
                    found.setdefault(name, []).append(trial.case.id)
    return found


def right(trials: Iterable[Trial]) -> Counter[bool]:
    return Counter(run_check(CHECKS["schema.must"], trial, CONFIG).result is Result.PASS for trial in trials)


# Sound


@pytest.mark.asyncio
async def test_the_sound_pipeline_breaks_no_law() -> None:
    """Only decisions may be wrong, and few are; each trial has a whole answer or the error its case expects."""
    trials = await tried(every())
    wrong = failed(trials)

    assert set(wrong) <= {"schema.must"}
    assert {name.partition("-")[0] for name in wrong.get("schema.must", ())} <= {"dd"}
    assert [trial.case.id for trial in trials if trial.failed] == []


@pytest.mark.asyncio
async def test_the_optimised_program_beats_base_and_baseline(monkeypatch: pytest.MonkeyPatch) -> None:
    """On the same cases, by the template model: more than 15 % over the base program, and above the Instructor path."""
    cases = tagged("decision")
    optimised = right(await tried(cases))
    monkeypatch.setenv("DELEGATION_PROGRAM", "base")
    base = right(await tried(cases))
    monkeypatch.setenv("USE_DSPY_DELEGATION", "false")
    instructor = right(await tried(cases))

    assert optimised.total() == base.total() == instructor.total() == len(cases)
    assert 0.5 < base[True] / base.total() < 0.75
    assert optimised[True] > 1.15 * base[True]
    assert optimised[True] > instructor[True] > base[True]


@given(account=st.text(min_size=1, max_size=40), percent=st.integers(0, 100), more=st.integers(0, 100))
def test_who_is_in_stays_in_as_the_percentage_grows(account: str, percent: int, more: int) -> None:
    """Sticky and monotone: the arm hangs on account and percentage alone, nobody is in at 0 and everybody at 100."""

    def arm(at: int, task: str) -> str:
        flags = {"DSPY_ROLLOUT_PERCENTAGE": str(at)}
        job = {"id": task, "account": account, "task": task, "context": "", "flags": flags}
        return Delegator(job, RunContext(run_id="0" * 16, traceparent="")).arm()

    assert arm(percent, "one") == arm(percent, "two")
    if arm(percent, "one") == "dspy":
        assert arm(min(percent + more, 100), "one") == "dspy"
    assert (arm(0, "one"), arm(100, "one")) == ("instructor", "dspy")


def test_a_quarter_is_a_quarter() -> None:
    """Of 4,000 accounts a quarter is in at 25 %, within what chance allows (five standard deviations)."""
    inside = sum(
        Delegator(
            {"id": "t", "account": f"a{n}", "task": "", "context": "", "flags": {"DSPY_ROLLOUT_PERCENTAGE": "25"}},
            RunContext(run_id="0" * 16, traceparent=""),
        ).arm()
        == "dspy"
        for n in range(4000)
    )
    assert 863 <= inside <= 1137


# Defects


def those_for(name: str) -> list[Case]:
    """Few enough to be quick."""
    defect = DEFECTS[name]
    if defect.check in ("improvement", "confidence", "errors.rate"):
        return tagged("decision")
    if defect.check == "routing.arms":
        return tagged("rollout")[:40] + tagged("rollout")[-6:]
    return [*tagged("decision")[:12], *(case for case in golden() if not {"decision", "rollout"} & set(case.tags))]


@pytest.mark.asyncio
@pytest.mark.parametrize("name", DEFECTS)
async def test_a_defect_is_seen_by_what_must_catch_it(name: str) -> None:
    """The check that is silent on the sound pipeline speaks, or the metric leaves its line."""
    defect = DEFECTS[name]
    if defect.check == "latency":
        pytest.skip("time is measured by the runner: the demonstration's tests see it")
    trials = await tried(those_for(name), DELEGATORS[name])

    if defect.check == "improvement":
        assert right(trials)[True] < 0.75 * len(trials)
    elif defect.check == "confidence":
        said = [trial.output.structured["confidence"] for trial in trials]
        assert sum(said) / len(said) < 0.80
    elif defect.check == "errors.rate":
        assert sum(trial.failed for trial in trials) / len(trials) > 0.02
    else:
        assert defect.check in failed(trials)


@pytest.mark.asyncio
async def test_one_leaked_case_is_seen_by_its_words_and_by_its_id() -> None:
    """The answer of a golden case in a prompt is on the wire; an id among those trained on is in the output."""
    (case,) = [case for case in golden() if case.id.startswith("dd-005-")]
    shown = failed(await tried([case], DELEGATORS["golden-case-in-training"]))
    told = failed(await tried([case], DELEGATORS["train-id-leaked"]))

    assert set(shown) >= {"budget.prompt", "routing.path"}
    assert "budget.prompt" not in told
    assert "routing.path" in told


def test_every_defect_says_what_must_catch_it() -> None:
    """At least eight; described, tied to a required suite and a check of it or a criterion, and to no promotion."""
    metrics = {criterion.metric.name for criterion in STAGE.criteria}

    assert len(DEFECTS) >= 8
    assert set(DEFECTS) == set(DELEGATORS) == {defect.name for defect in REFERENCE.defects}
    for defect in DEFECTS.values():
        assert defect.description.endswith(".")
        assert defect.kind.startswith(("hold.", "rollback."))
        assert defect.suite in (*STAGE.requires.suites, "measurements")
        assert defect.check in (metrics if defect.suite == "measurements" else SUITES[defect.suite].checks)


def test_a_defect_is_chosen_by_the_environment() -> None:
    """Unset or empty is the sound pipeline; an unknown one is refused."""
    assert chosen({}) is chosen({"SLUICEGATE_DEFECT": ""}) is Delegator
    for name in DEFECTS:
        assert chosen(REFERENCE.environment(name)) is DELEGATORS[name]
    with pytest.raises(KeyError):
        chosen({"SLUICEGATE_DEFECT": "no-such-defect"})


# Plan and cases


def test_the_preflight_asks_only_for_what_this_version_measures() -> None:
    """The go-live rule is there with the document's figures; each metric is available, from suites, and has bounds."""
    assert [stage.name for stage in PLAN.stages] == [
        "instructor", "base", "preflight", "staging", "ten", "quarter", "half", "everyone",
    ]  # fmt: skip
    assert {criterion.metric.name: str(getattr(criterion.promote, "text", "")) for criterion in STAGE.criteria}[
        "latency"
    ] == "2 s"
    for criterion in STAGE.criteria:
        assert criterion.metric.available
        assert criterion.origins == (Origin.SUITE,)
    assert [float(stage.exposure.percent or 0) for stage in PLAN.stages[3:]] == [0, 0.1, 0.25, 0.5, 1]


def test_the_program_writes_the_committed_bytes_again(tmp_path: Path) -> None:
    """Same program, same bytes, each time; the manifest pins them."""
    dspy_delegation_cases.write(tmp_path)

    for name in ("dspy_delegation.jsonl", "dspy_delegation.manifest.json"):
        assert tmp_path.joinpath(name).read_bytes() == data("golden", name).read_bytes()


def test_the_cases_are_many_and_different() -> None:
    """No task stands twice; each kind of work and each decision has its cases, each scenario at least four."""
    found = list(tasks())
    per_tag = Counter(tag for case in golden() for tag in case.tags)

    assert len({task.text for task in found}) == len(found) >= 60
    assert len({task.why for task in found}) == len(found)
    assert Counter(task.kind.name for task in found).keys() == {kind.name for kind in KINDS}
    assert len({case.id for case in golden()}) == len(golden())
    assert {case.slice for case in golden()} == {"delegate", "keep", "ask", None}
    assert min(per_tag.values()) >= 4


def test_nothing_here_imports_dspy() -> None:
    """Pipeline, training and optimisation load without it, and load none of it."""
    code = (
        "import sys, sluicegate.fixtures.catalogue, sluicegate.fixtures.dspy_delegation.optimise\n"
        "import sluicegate.fixtures.dspy_delegation.pipeline\n"
        "print(json.dumps(sorted(n for n in sys.modules if n.partition('.')[0] in ('dspy', 'litellm'))))"
    )
    done = subprocess.run([sys.executable, "-c", f"import json\n{code}"], capture_output=True, text=True, check=True)

    assert json.loads(done.stdout) == []
