"""The trend-analysis pipeline between the doubles, for its own tests: run some cases, see which checks fail."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from sluicegate import RunContext
from sluicegate.checks import CHECKS, SUITES, CheckConfig, Result, compile_contract, run_check
from sluicegate.checks.prices import prices_of
from sluicegate.doubles import Doubles, Latencies
from sluicegate.doubles.telemetry import Telemetry
from sluicegate.fixtures.catalogue import REFERENCES
from sluicegate.fixtures.trend_analysis.client import connected
from sluicegate.fixtures.trend_analysis.pipeline import TrendPipeline
from sluicegate.fixtures.trend_analysis.settings import Settings
from sluicegate.golden.coverage import names
from sluicegate.model import Case, Output, Trial, decode, parse
from sluicegate.pipelines.callable import CallablePipeline
from sluicegate.pipelines.correlated import Correlated
from sluicegate.pipelines.elsewhere import CALL
from sluicegate.pipelines.log_capture import LogCapture
from sluicegate.pipelines.log_lines import lines_of
from sluicegate.plan.reader import read_plan
from sluicegate.resources import data
from sluicegate.runner.drive import drive

__all__ = ["CASES", "CONFIG", "PLAN", "REFERENCE", "TEST_NAMES", "asked", "failing", "run", "some", "tagged"]

REFERENCE = REFERENCES["trend-analysis"]
PLAN = read_plan(REFERENCE.plan)
SUITE_NAMES = PLAN.stage("preflight").requires.suites
CONFIG = CheckConfig(
    tools=PLAN.tools,
    capabilities=PLAN.pipeline.capabilities,
    contracts={"structured": compile_contract("trend-analysis")},
    price_of=prices_of(PLAN.prices),
    correlation=PLAN.correlation,
)
CASES = [decode(Case, parse(line)) for line in data("golden", "trend_analysis.jsonl").read_bytes().splitlines()]
SETTINGS = Settings.of(PLAN.pipeline.environment)

TEST_NAMES = " ".join(name.removeprefix("test_") for name in names("trend_analysis"))
"""The check list of the production plan: schemas, validators, models, integration, end to end."""


@dataclass
class Kept:
    """A recorder that keeps the trials."""

    trials: list[Trial] = field(default_factory=list)

    def intend(self, case: Case, repeat: int, run_id: str) -> None:
        pass

    def record(self, trial: Trial, run_id: str) -> None:
        self.trials.append(trial)


class Heard:
    """A callable of this process whose log lines are heard as those of a runner process are."""

    def __init__(self, pipeline: CallablePipeline, telemetry: Telemetry) -> None:
        self.capabilities = pipeline.capabilities
        self._pipeline = pipeline
        self._telemetry = telemetry
        self._logs = LogCapture()
        self._numbers = count()

    @contextmanager
    def listening(self) -> Iterator[None]:
        before = logging.Logger.callHandlers
        self._logs.install()
        try:
            yield
        finally:
            logging.Logger.callHandlers = before  # type: ignore[method-assign]

    async def call(self, case: Case, context: RunContext) -> Output:
        number = next(self._numbers)
        CALL.set(number)
        self._logs.begin(number, context.run_id)
        output = await self._pipeline.call(case, context)
        rows, more = self._logs.end(number)
        self._telemetry.logged(context.run_id, context.delivery, lines_of(rows), more)
        return output

    async def aclose(self) -> None:
        await self._pipeline.aclose()


async def run(cases: Iterable[Case], pipeline: type[TrendPipeline] = TrendPipeline) -> list[Trial]:
    async def answer(update: Mapping[str, Any], context: RunContext) -> dict[str, Any]:
        async with connected(context) as client:
            return await pipeline(client, update, SETTINGS).run()

    latencies = Latencies(model_ms=5, tool_ms=0, retriever_ms=1)
    doubles = Doubles(tools=PLAN.tools, latencies=latencies, follows=PLAN.correlation)
    assert doubles.telemetry is not None
    heard = Heard(CallablePipeline(answer, timeout_s=12), doubles.telemetry)
    called, kept = Correlated(heard, doubles.telemetry, logs="records"), Kept()
    await doubles.start()
    try:
        with heard.listening():
            await drive(called, ((case, 0) for case in cases), recorder=kept, boundary=doubles, nonce="n")
    finally:
        await called.aclose()
        await doubles.stop()
    assert (doubles.unattributed, doubles.late) == (0, 0)
    return kept.trials


def failing(trials: Sequence[Trial], *, cases: Sequence[Case] = CASES) -> Counter[str]:
    """How many trials each check of the stage fails, each on its suite's own cases; no check may be at a loss."""
    found: Counter[str] = Counter()
    for suite in SUITE_NAMES:
        own = {case.id for case in SUITES[suite].cases(cases, PLAN.seed)}
        for trial in trials:
            for name in SUITES[suite].checks if trial.case.id in own else ():
                outcome = run_check(CHECKS[name], trial, CONFIG)
                assert outcome.result is not Result.ERROR, f"{name} on {trial.case.id}: {outcome.reason}"
                found[name] += outcome.result is Result.FAIL
    return +found


def asked(cases: Sequence[Case]) -> list[Case]:
    """The cases of every suite of the stage."""
    known = {case.id: case for suite in SUITE_NAMES for case in SUITES[suite].cases(cases, PLAN.seed)}
    return list(known.values())


def tagged(*tags: str) -> list[Case]:
    return [case for case in CASES if set(tags) & set(case.tags)]


def some(*tags: str, each: int = 4) -> list[Case]:
    """The first cases of some scenarios."""
    seen: Counter[str] = Counter()
    chosen = []
    for case in CASES:
        tag = case.tags[0]
        seen[tag] += 1
        if (not tags or tag in tags) and seen[tag] <= each:
            chosen.append(case)
    return chosen
