"""The email-rag pipeline between the doubles, for its own tests: run some cases, see which checks fail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sluicegate import RunContext
from sluicegate.checks import CHECKS, SUITES, CheckConfig, Result, compile_contract, run_check
from sluicegate.checks.prices import prices_of
from sluicegate.doubles import Doubles, Latencies
from sluicegate.fixtures.catalogue import REFERENCES
from sluicegate.fixtures.email_rag.client import connected
from sluicegate.fixtures.email_rag.pipeline import EmailPipeline
from sluicegate.fixtures.email_rag.settings import Settings
from sluicegate.golden.coverage import names
from sluicegate.model import Case, CrashKind, Trial, decode, parse
from sluicegate.pipelines.callable import CallablePipeline
from sluicegate.plan.reader import read_plan
from sluicegate.resources import data
from sluicegate.runner.drive import drive

__all__ = [
    "AUTOMATED", "BY_HAND", "CASES", "CONFIG", "PLAN", "REFERENCE", "SETTINGS", "asked", "failing", "run", "some",
    "tagged",
]  # fmt: skip

REFERENCE = REFERENCES["email-rag-pilot"]
PLAN = read_plan(REFERENCE.plan)
SUITE_NAMES = PLAN.stage("preflight").requires.suites
CONFIG = CheckConfig(
    tools=PLAN.tools,
    capabilities=PLAN.pipeline.capabilities,
    contracts={
        "mail": compile_contract("mail-draft"),
        "structured": compile_contract(parse(data("fixtures", "email_rag", "structured.schema.json").read_bytes())),
    },
    price_of=prices_of(PLAN.prices),
)
CASES = [decode(Case, parse(line)) for line in data("golden", "email_rag.jsonl").read_bytes().splitlines()]
SETTINGS = Settings.of(PLAN.pipeline.environment)

_SCENARIOS = names("email_rag")
AUTOMATED = " ".join(name.removeprefix("e2e_") for name in _SCENARIOS if name.startswith("e2e_"))
BY_HAND = " ".join(name.removeprefix("manual_") for name in _SCENARIOS if name.startswith("manual_"))
"""The scenarios of the pilot's release plan: eight end-to-end tests, eight on the list of manual ones."""


@dataclass
class Kept:
    """A recorder that keeps the trials."""

    trials: list[Trial] = field(default_factory=list)

    def intend(self, case: Case, repeat: int, run_id: str) -> None:
        pass

    def record(self, trial: Trial, run_id: str) -> None:
        self.trials.append(trial)


async def run(
    cases: Iterable[Case],
    pipeline: type[EmailPipeline] = EmailPipeline,
    *,
    settings: Settings = SETTINGS,
    timeout_s: float = 10.0,
) -> list[Trial]:
    """The trials. What a pipeline that is ended by its time-out still sends comes late; nothing else may."""

    async def answer(mail: Mapping[str, Any], context: RunContext) -> dict[str, Any]:
        async with connected(context) as client:
            if "action" in mail:
                return await pipeline.review_class(client, mail).run()
            return await pipeline(client, mail, settings).run()

    doubles = Doubles(tools=PLAN.tools, latencies=Latencies(model_ms=1, tool_ms=0, retriever_ms=1))
    called, kept = CallablePipeline(answer, timeout_s=timeout_s), Kept()
    await doubles.start()
    try:
        await drive(called, ((case, 0) for case in cases), recorder=kept, boundary=doubles, nonce="n")
    finally:
        await called.aclose()
        await doubles.stop()
    assert doubles.unattributed == 0
    ended = {trial.output.error.kind for trial in kept.trials if trial.output.error}
    assert doubles.late == 0 or CrashKind.TIMEOUT in ended
    return kept.trials


def failing(trials: Sequence[Trial], *, cases: Sequence[Case] = CASES) -> Counter[str]:
    """How many trials each check of the stage fails, each on its suite's own cases; no check may be at a loss."""
    found: Counter[str] = Counter()
    for suite in SUITE_NAMES:
        own = {case.id for case in SUITES[suite].cases(cases, PLAN.seed)} | {case.id for case in cases}
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


def some(*tags: str, each: int = 2) -> list[Case]:
    """The first cases of some scenarios; of all but the slow one without any named."""
    seen: Counter[str] = Counter()
    chosen = []
    for case in CASES:
        tag = case.tags[0]
        seen[tag] += 1
        if (tag in tags if tags else tag != "retrieval-timeout") and seen[tag] <= each:
            chosen.append(case)
    return chosen
