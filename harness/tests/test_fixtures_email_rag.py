"""The email-rag pipeline over its golden cases, between the doubles: sound, it passes; weakened, it is caught."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from sluicegate import RunContext
from sluicegate.checks import CHECKS, SUITES, CheckConfig, Result, compile_contract, run_check
from sluicegate.checks.success import success
from sluicegate.doubles import Doubles, Latencies
from sluicegate.fixtures.catalogue import REFERENCES
from sluicegate.fixtures.email_rag.client import connected
from sluicegate.fixtures.email_rag.defects import PIPELINES
from sluicegate.fixtures.email_rag.pipeline import EmailPipeline, draft_reply
from sluicegate.model import Case, CrashKind, Trial, decode, parse
from sluicegate.pipelines.callable import CallablePipeline
from sluicegate.plan.reader import read_plan
from sluicegate.resources import data
from sluicegate.runner.drive import drive

PLAN = read_plan(REFERENCES["email-rag-pilot"].plan)
CONFIG = CheckConfig(
    tools=PLAN.tools,
    capabilities=PLAN.pipeline.capabilities,
    contracts={
        "mail": compile_contract("mail-draft"),
        "structured": compile_contract(parse(data("fixtures", "email_rag", "structured.schema.json").read_bytes())),
    },
)
CASES = [decode(Case, parse(line)) for line in data("golden", "email_rag.jsonl").read_bytes().splitlines()]
BY_CHECK = {defect.name: defect for defect in REFERENCES["email-rag-pilot"].defects}


@dataclass
class Kept:
    """A recorder that keeps the trials."""

    trials: list[Trial] = field(default_factory=list)

    def intend(self, case: Case, repeat: int, run_id: str) -> None:
        pass

    def record(self, trial: Trial, run_id: str) -> None:
        self.trials.append(trial)


async def run(
    cases: Iterable[Case], pipeline: Callable[..., Any] = draft_reply, *, timeout_s: float = 10.0
) -> list[Trial]:
    doubles = Doubles(tools=PLAN.tools, latencies=Latencies(model_ms=1, tool_ms=0, retriever_ms=1))
    called = CallablePipeline(pipeline, timeout_s=timeout_s)
    kept = Kept()
    await doubles.start()
    try:
        await drive(called, ((case, 0) for case in cases), recorder=kept, boundary=doubles, nonce="n")
    finally:
        await called.aclose()
        await doubles.stop()
    assert (doubles.unattributed, doubles.late) == (0, 0)
    return kept.trials


def weakened(name: str) -> Callable[[Mapping[str, Any], RunContext], Any]:
    async def draft(mail: Mapping[str, Any], context: RunContext) -> dict[str, Any]:
        async with connected(context) as client:
            return await PIPELINES[name](client, mail).run()

    return draft


def failing(trials: Iterable[Trial], check: str) -> list[str]:
    """Ids of trials that a check fails; no check may be at a loss."""
    results = {trial.case.id: run_check(CHECKS[check], trial, CONFIG) for trial in trials}
    assert Result.ERROR not in {outcome.result for outcome in results.values()}
    return [case_id for case_id, outcome in results.items() if outcome.result is Result.FAIL]


def tagged(*tags: str) -> list[Case]:
    return [case for case in CASES if case.tags[0] in tags]


def some(each: int = 2) -> list[Case]:
    """A few cases of every scenario but the slow one."""
    seen: dict[str, list[Case]] = {}
    for case in CASES:
        seen.setdefault(case.tags[0], []).append(case)
    return [case for tag, cases in seen.items() if tag != "retrieval-timeout" for case in cases[:each]]


@pytest.mark.asyncio
async def test_the_sound_pipeline_succeeds_on_every_golden_case() -> None:
    """No crash, every contract, every must and must_not, every limit, over all cases."""
    trials = await run(CASES)

    assert [trial.case.id for trial in trials if trial.output.error] == []
    for check in SUITES["schema"].checks:
        assert failing(trials, check) == []
    assert {trial.case.id for trial in trials if success(trial, CONFIG) is not True} == set()
    for trial in trials:
        assert sum(item.detail.get("writes", False) for item in trial.observations) == 1


@pytest.mark.asyncio
async def test_the_same_message_twice_is_one_draft() -> None:
    """Over the suite's own cases: one write, the same answer, and it says that it is not a fresh one."""
    trials = await run(SUITES["idempotency"].cases(CASES, PLAN.seed))

    assert len(trials) >= 20
    for check in SUITES["idempotency"].checks:
        assert failing(trials, check) == []
    for trial in trials:
        assert [output.provenance for output in trial.outputs] == ["live", "cached"]
        assert [output.route for output in trial.outputs][1] == "stored"


@pytest.mark.asyncio
async def test_a_late_retriever_is_left_after_two_seconds() -> None:
    """The draft is made without examples, tool data in it; the double sees the caller hang up."""
    (trial,) = await run(tagged("retrieval-timeout")[:1])
    (asked,) = [item for item in trial.observations if item.double == "retriever"]

    assert trial.output.structured["examples"] == 0
    assert 2000 <= (trial.output.latency_ms or 0) < 3500
    assert asked.detail["aborted"] is True


@pytest.mark.asyncio
async def test_over_the_token_budget_snippets_go_and_tool_data_stays() -> None:
    """The prompt is within the budget; order number, status and total are in the draft."""
    trials = await run(tagged("token-overflow"))

    for trial in trials:
        (asked,) = [item for item in trial.observations if item.double == "model"]

        assert asked.detail["input_tokens"] < EmailPipeline.token_budget + 150
        assert trial.output.structured["examples"] == 0
        assert trial.case.expected_output["order_id"] in (trial.output.content or "")


@pytest.mark.asyncio
async def test_a_model_that_fails_once_is_asked_again() -> None:
    """Rate limit, server error, malformed, empty and cut answers: two calls, one draft."""
    trials = await run(tagged("model-fault"))

    assert len({trial.case.given.faults[0].kind for trial in trials}) == 5
    for trial in trials:
        assert sum(item.double == "model" for item in trial.observations) == 2
        assert trial.output.route == "answer"


@pytest.mark.asyncio
async def test_without_tool_data_no_model_is_asked() -> None:
    """The verification template is written without one: nothing can be invented."""
    trials = await run(tagged("order-without-tool-data", "order-of-another", "tracking-without-tool-data"))

    assert [trial.case.id for trial in trials if any(item.double == "model" for item in trial.observations)] == []
    assert {trial.output.route for trial in trials} == {"verification"}


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "fault",
    [{"kind": "server_error", "target": "tool:find_draft"}, {"kind": "server_error", "target": "tool:store_draft"}],
)
async def test_a_draft_store_that_fails_is_an_error_and_no_second_draft(fault: dict[str, str]) -> None:
    """Not knowing whether there is a draft is no reason to write one."""
    case = tagged("order-with-tool-data")[0]
    given = replace(case.given, faults=(decode(Case, {"id": "x", "given": {"faults": [fault]}}).given.faults))
    (trial,) = await run([replace(case, given=given)])

    assert trial.output.error is not None
    assert trial.output.error.kind is CrashKind.EXCEPTION
    assert "the draft store answered 500" in trial.output.error.message


CAUGHT_BY_CHECK = [name for name, defect in BY_CHECK.items() if defect.suite != "measurements"]
CRASHING = [name for name, defect in BY_CHECK.items() if defect.check == "crashes" and name != "exits-mid-run"]


@pytest.mark.asyncio
@pytest.mark.parametrize("name", CAUGHT_BY_CHECK)
async def test_a_defect_fails_the_check_that_must_catch_it(name: str) -> None:
    """The check that is silent on the sound pipeline speaks."""
    defect = BY_CHECK[name]
    cases = SUITES["idempotency"].cases(CASES, PLAN.seed) if defect.suite == "idempotency" else some()
    trials = await run(cases, weakened(name))

    assert not any(trial.output.error for trial in trials)
    assert failing(trials, defect.check)


@pytest.mark.asyncio
@pytest.mark.parametrize("name", CRASHING)
async def test_a_defect_that_crashes_crashes(name: str) -> None:
    """A typed crash, on some cases or on all; the other cases are answered."""
    trials = await run(some(5), weakened(name), timeout_s=1.5)
    crashed = [trial for trial in trials if trial.output.error]

    assert crashed
    if name in ("hangs-now-and-then", "crashes-without-tool-data", "chokes-on-umlauts"):
        assert len(crashed) < len(trials)


@pytest.mark.asyncio
async def test_waiting_for_the_retriever_shows_in_the_latency() -> None:
    """More than one case in twenty waits for a retriever that is late."""
    late = tagged("retrieval-timeout")
    case = late[0]
    given = replace(case.given, faults=(replace(case.given.faults[0], delay_ms=2600.0),))
    (trial,) = await run([replace(case, given=given)], weakened("waits-for-retriever"))

    assert len(late) / len(CASES) > 0.08
    assert (trial.output.latency_ms or 0) > 2600
    assert trial.output.structured["examples"] == 1


@pytest.mark.asyncio
async def test_the_whole_inbox_shows_in_the_tokens_and_asking_thrice_in_the_cost() -> None:
    """Both answer correctly and are too dear."""
    sound, inbox, thrice = [
        await run(tagged("order-with-tool-data"), pipeline)
        for pipeline in (draft_reply, weakened("sends-whole-inbox"), weakened("asks-three-times"))
    ]

    def most_tokens(trials: list[Trial]) -> int:
        return max((trial.output.usage.input_tokens or 0) if trial.output.usage else 0 for trial in trials)

    def least_cost(trials: list[Trial]) -> int:
        return min(trial.output.cost_microusd or 0 for trial in trials)

    assert most_tokens(sound) < 1500
    assert most_tokens(inbox) > 5000
    assert least_cost(thrice) > 2 * least_cost(sound)
    assert failing(inbox, "schema.must") == failing(thrice, "schema.must") == []


def test_ending_its_process_ends_it_with_exit_code_zero() -> None:
    """The defect that looks like success to whoever reads exit codes only."""
    code = (
        "import asyncio; from sluicegate.fixtures.email_rag.defects import PIPELINES\n"
        "for n in range(200):\n"
        "    mail = {'sender': 'a@mail.test', 'message_id': f'm{n}'}\n"
        "    pipeline = PIPELINES['exits-mid-run'](None, mail)\n"
        "    pipeline.stored = lambda: asyncio.sleep(0, {'mail': {'body': ''}, 'facts': {}, 'id': ''})\n"
        "    asyncio.run(pipeline.run())\n"
        "print('reached the end')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
