"""The trend-analysis pipeline between the doubles, for its own tests: run some cases, see which checks fail."""

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
from sluicegate.fixtures.trend_analysis.client import connected
from sluicegate.fixtures.trend_analysis.pipeline import TrendPipeline
from sluicegate.fixtures.trend_analysis.settings import Settings
from sluicegate.model import Case, Trial, decode, parse
from sluicegate.pipelines.callable import CallablePipeline
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
)
CASES = [decode(Case, parse(line)) for line in data("golden", "trend_analysis.jsonl").read_bytes().splitlines()]
SETTINGS = Settings.of(PLAN.pipeline.environment)

TEST_NAMES = """
valid_base_response tldr_length_limit insight_length_limit snippet_length_limit evidence_required
date_format_validation confidence_range invalid_insight_type missing_required_fields extra_fields_rejected

pii_detection_email pii_detection_phone pii_detection_ssn pii_detection_credit_card domain_whitelist_pass
domain_blacklist_fail url_validation_http url_validation_https evidence_ref_validation insight_without_evidence_fails
snippet_truncation tldr_truncation header_length_validation language_consistency empty_response_fails

model_routing_keyphrase_mining model_routing_sentiment model_routing_topics primary_timeout_triggers_fallback
budget_cap_enforcement budget_degradation_reduces_context telemetry_tracking cost_estimation multiple_fallbacks
all_models_fail_raises_error

retrieve_for_analysis_with_rrf retrieve_time_window_24h retrieve_language_filter_ru retrieve_source_filter
retrieve_deduplication retrieve_cache_hit trends_enhanced_pipeline analyze_keywords_pipeline
analyze_sentiment_pipeline analyze_topics_pipeline validation_passes validation_fails_missing_evidence
parallel_agents_execution format_node_builds_response error_model_unavailable error_budget_exceeded error_no_data
error_validation_failed

trends_command_24h trends_command_1w analyze_keywords_with_query analyze_sentiment_without_query telegram_formatting
buttons_rendered evidence_cards_formatted localization_ru localization_en callback_explain callback_sources
"""
"""The check list of the production plan: schemas, validators, models, integration, end to end."""


@dataclass
class Kept:
    """A recorder that keeps the trials."""

    trials: list[Trial] = field(default_factory=list)

    def intend(self, case: Case, repeat: int, run_id: str) -> None:
        pass

    def record(self, trial: Trial, run_id: str) -> None:
        self.trials.append(trial)


async def run(cases: Iterable[Case], pipeline: type[TrendPipeline] = TrendPipeline) -> list[Trial]:
    async def answer(update: Mapping[str, Any], context: RunContext) -> dict[str, Any]:
        async with connected(context) as client:
            return await pipeline(client, update, SETTINGS).run()

    doubles = Doubles(tools=PLAN.tools, latencies=Latencies(model_ms=5, tool_ms=0, retriever_ms=1))
    called, kept = CallablePipeline(answer, timeout_s=12), Kept()
    await doubles.start()
    try:
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
