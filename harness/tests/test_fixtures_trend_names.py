"""The check list of the bot's production plan: each name's behaviour is broken once, and its case turns red."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from trend_world import TEST_NAMES, failing, run, tagged

sys.path.pop(0)

from sluicegate.fixtures.trend_analysis import retrieval
from sluicegate.fixtures.trend_analysis.defects import PIPELINES
from sluicegate.fixtures.trend_analysis.pipeline import TrendPipeline
from sluicegate.fixtures.trend_analysis.routing import CommandError, Done, Models
from sluicegate.fixtures.trend_analysis.settings import CHAINS
from sluicegate.fixtures.trend_analysis.wire import Completion, FailedError, Prompt
from sluicegate.fixtures.trend_analysis.words import WORDS

Evidence = tuple[list[retrieval.Snippet], list[retrieval.Snippet]]
Patch = pytest.MonkeyPatch
BREAKS: dict[str, Callable[[Patch], type[TrendPipeline]]] = {}
"""By name of the production plan, how its behaviour is broken."""


def breaks(*names: str) -> Callable[[Callable[[Patch], type[TrendPipeline]]], None]:
    """The function gives a pipeline in which this behaviour is broken."""
    return lambda make: BREAKS.update(dict.fromkeys(names, make))


def planted(defect: str, *names: str) -> None:
    """A planted defect breaks it."""
    BREAKS.update(dict.fromkeys(names, lambda _patch: PIPELINES[defect]))


def answering(*names: str) -> Callable[[Callable[[dict[str, Any], TrendPipeline], Any]], None]:
    """The function changes an answer for the worse before it is shown."""

    def use(change: Callable[[dict[str, Any], TrendPipeline], Any]) -> None:
        class Changed(TrendPipeline):
            def output(self, answer: dict[str, Any], **more: Any) -> dict[str, Any]:
                said = super().output(answer, **more)
                change(said["structured"], self)
                return said

        BREAKS.update(dict.fromkeys(names, lambda _patch: Changed))

    return use


planted("leaks-personal-data", *(f"pii_detection_{kind}" for kind in ("email", "phone", "ssn", "credit_card")))
planted("invents-evidence", "validation_passes")
planted("ignores-time-out", "primary_timeout_triggers_fallback")
planted("ignores-budget-cap", "budget_cap_enforcement", "error_budget_exceeded")
planted("swallows-all-fail", "all_models_fail_raises_error", "error_model_unavailable")
planted("offsets-in-code-points", "telegram_formatting")


@breaks(
    "tldr_length_limit", "insight_length_limit", "evidence_required", "evidence_ref_validation", "confidence_range",
    "invalid_insight_type", "missing_required_fields", "language_consistency", "insight_without_evidence_fails",
    "validation_fails_missing_evidence", "error_validation_failed",
)  # fmt: skip
def _any_draft(patch: Patch) -> type[TrendPipeline]:
    """Takes whatever a model says for a draft."""

    class AnyDraft(TrendPipeline):
        def usable(self, text: str, ids: set[str]) -> dict[str, Any]:
            return json.loads(text)

    return AnyDraft


@breaks("empty_response_fails")
def _takes_nothing(patch: Patch) -> type[TrendPipeline]:
    """Makes up an insight where a model said nothing."""

    class Takes(Models):
        async def ask(self, task: str, model: str, prompt: Prompt) -> Completion:
            try:
                return await super().ask(task, model, prompt)
            except FailedError as failed:
                return failed.read or Completion()

    class TakesNothing(TrendPipeline):
        models_class = Takes

        def usable(self, text: str, ids: set[str]) -> dict[str, Any]:
            if text:
                return super().usable(text, ids)
            return {"tldr": "…", "insights": [{"type": "fact", "text": "-", "evidence_refs": [min(ids)]}]}

    return TakesNothing


@answering("valid_base_response")
def _no_tldr(answer: dict[str, Any], _pipeline: TrendPipeline) -> None:
    del answer["tldr"]


@answering("snippet_length_limit", "snippet_truncation")
def _long_snippets(answer: dict[str, Any], _pipeline: TrendPipeline) -> None:
    for item in answer["evidence"]:
        item["snippet"] *= 5


@answering("tldr_truncation")
def _long_tldr(answer: dict[str, Any], _pipeline: TrendPipeline) -> None:
    answer["tldr"] = answer["tldr"][:-1] + ", " + answer["tldr"] * 2


@answering("header_length_validation")
def _long_header(answer: dict[str, Any], _pipeline: TrendPipeline) -> None:
    answer["header"] *= 9


@answering("date_format_validation")
def _other_dates(answer: dict[str, Any], _pipeline: TrendPipeline) -> None:
    for item in answer["evidence"]:
        item["date"] = ".".join(reversed(item["date"].split("-")))


@answering("extra_fields_rejected")
def _more_fields(answer: dict[str, Any], _pipeline: TrendPipeline) -> None:
    answer["insights"][0]["rank"] = 1


@answering("url_validation_http", "url_validation_https")
def _other_scheme(answer: dict[str, Any], _pipeline: TrendPipeline) -> None:
    for item in answer["evidence"]:
        item["url"] = item["url"].replace("https:", "ftp:")


@answering("domain_whitelist_pass")
def _other_domain(answer: dict[str, Any], _pipeline: TrendPipeline) -> None:
    for item in answer["evidence"]:
        item["url"] = "https://elsewhere.example/1"


@breaks("domain_blacklist_fail")
def _no_block_list(patch: Patch) -> type[TrendPipeline]:
    """Takes news from wherever they come."""
    patch.setattr(retrieval, "BLOCKED", ())
    return TrendPipeline


@breaks("model_routing_keyphrase_mining", "model_routing_sentiment", "model_routing_topics")
def _other_primary(patch: Patch) -> type[TrendPipeline]:
    """Begins with the last model of the chain."""

    class Reversed(Models):
        def chain(self, task: str) -> tuple[str, ...]:
            return tuple(reversed(CHAINS[task]))

    return _with_models(Reversed)


@breaks("multiple_fallbacks")
def _one_fallback(patch: Patch) -> type[TrendPipeline]:
    """Has one fallback, and no second."""

    class Short(Models):
        def chain(self, task: str) -> tuple[str, ...]:
            return super().chain(task)[:2]

    return _with_models(Short)


def _with_models(models: type[Models]) -> type[TrendPipeline]:
    return type("WithModels", (TrendPipeline,), {"models_class": models})


@breaks("budget_degradation_reduces_context")
def _never_degrades(patch: Patch) -> type[TrendPipeline]:
    """Goes on as if there were money."""

    class NeverDegrades(TrendPipeline):
        async def look_at_budget(self) -> None:
            return

    return NeverDegrades


@breaks("telemetry_tracking")
def _no_telemetry(patch: Patch) -> type[TrendPipeline]:
    """Forgets its calls."""

    class NoTelemetry(TrendPipeline):
        def shown(self, message: Mapping[str, Any]) -> dict[str, Any]:
            said = super().shown(message)
            return {**said, "metadata": {**said["metadata"], "telemetry": []}}

    return NoTelemetry


@breaks("cost_estimation")
def _costs_nothing(patch: Patch) -> type[TrendPipeline]:
    """Says that its calls were free."""

    class CostsNothing(TrendPipeline):
        def output(self, answer: dict[str, Any], **more: Any) -> dict[str, Any]:
            return {**super().output(answer, **more), "cost_microusd": 0}

    return CostsNothing


@breaks("retrieve_for_analysis_with_rrf")
def _worst_first(patch: Patch) -> type[TrendPipeline]:
    """Ranks the other way round."""

    class WorstFirst(TrendPipeline):
        def ranked(self, snippets: Sequence[retrieval.Snippet]) -> list[retrieval.Snippet]:
            return super().ranked(snippets)[::-1]

    return WorstFirst


def _without_filter(name: str) -> Callable[[Patch], type[TrendPipeline]]:
    def make(patch: Patch) -> type[TrendPipeline]:
        asked = retrieval.asked
        patch.setattr(retrieval, "asked", lambda *args: {k: v for k, v in asked(*args).items() if k != name})
        return TrendPipeline

    return make


breaks("retrieve_time_window_24h")(_without_filter("window"))
breaks("retrieve_language_filter_ru")(_without_filter("language"))
breaks("retrieve_source_filter")(_without_filter("sources"))


@breaks("retrieve_deduplication")
def _keeps_twins(patch: Patch) -> type[TrendPipeline]:
    """Shows the same text twice."""

    class KeepsTwins(TrendPipeline):
        async def retrieved(self) -> Evidence:
            evidence, context = await super().retrieved()
            return [evidence[0], replace(evidence[0], id=f"{evidence[0].id}b"), *evidence[1:]], context

    return KeepsTwins


@breaks("retrieve_cache_hit")
def _keeps_nothing(patch: Patch) -> type[TrendPipeline]:
    """Works out every answer anew."""

    class KeepsNothing(TrendPipeline):
        async def stored(self, key: str) -> dict[str, Any] | None:
            return None

    return KeepsNothing


def _always(*tasks: str) -> Callable[[Patch], type[TrendPipeline]]:
    return lambda _patch: type("Always", (TrendPipeline,), {"tasks": lambda _self: tasks})


breaks("trends_enhanced_pipeline", "analyze_sentiment_pipeline", "analyze_keywords_pipeline")(_always("topics"))
breaks("analyze_topics_pipeline")(_always("sentiment"))


@breaks("parallel_agents_execution")
def _one_by_one(patch: Patch) -> type[TrendPipeline]:
    """Asks for the second task when the first is done."""

    class OneByOne(TrendPipeline):
        async def analysed(
            self, evidence: list[retrieval.Snippet], context: list[retrieval.Snippet]
        ) -> tuple[dict[str, Any], list[Done]]:
            ids = {item.id for item in evidence}
            done = []
            for task in self.tasks():
                prompt = self.prompt(task, evidence, context)
                done.append(await self.models.do(task, prompt, lambda text: self.usable(text, ids)))
            return self.composed(done, evidence), done

    return OneByOne


@breaks("error_no_data")
def _no_code(patch: Patch) -> type[TrendPipeline]:
    """Gives an empty answer where nothing was found."""

    class NoCode(TrendPipeline):
        def failed(self, code: str, message: str) -> dict[str, Any]:
            return {"content": ""} if code == "NO_DATA" else super().failed(code, message)

    return NoCode


@breaks("trends_command_24h", "trends_command_1w")
def _other_window(patch: Patch) -> type[TrendPipeline]:
    """Takes a day for a week and a week for a day."""

    class OtherWindow(TrendPipeline):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            self.request = replace(self.request, window={"24h": "1w", "1w": "24h"}[self.request.window])

    return OtherWindow


@breaks("analyze_keywords_with_query")
def _drops_query(patch: Patch) -> type[TrendPipeline]:
    """Forgets what was asked about."""

    class DropsQuery(TrendPipeline):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            self.request = replace(self.request, query="")

    return DropsQuery


@breaks("analyze_sentiment_without_query")
def _wants_query(patch: Patch) -> type[TrendPipeline]:
    """Refuses a command without a query."""

    class WantsQuery(TrendPipeline):
        async def retrieved(self) -> Evidence:
            if not self.request.query:
                raise CommandError("BAD_COMMAND", "say what about")
            return await super().retrieved()

    return WantsQuery


def _showing(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[Patch], type[TrendPipeline]]:
    class Shows(TrendPipeline):
        def message(self, answer: Mapping[str, Any]) -> dict[str, Any]:
            return change(super().message(answer))

    return lambda _patch: Shows


breaks("buttons_rendered")(_showing(lambda message: {**message, "buttons": []}))
breaks("evidence_cards_formatted")(
    _showing(lambda message: {**message, "text": message["text"].partition("🔎")[0], "entities": []})
)
breaks("format_node_builds_response")(_showing(lambda message: {"text": message["text"][:40]}))


@breaks("localization_ru", "localization_en")
def _other_language(patch: Patch) -> type[TrendPipeline]:
    """Speaks the other language itself."""

    class OtherLanguage(TrendPipeline):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            self.words = WORDS[{"ru": "en", "en": "ru"}[self.request.language]]

    return OtherLanguage


@breaks("callback_explain", "callback_sources")
def _deaf_buttons(patch: Patch) -> type[TrendPipeline]:
    """Has buttons that do nothing."""

    class DeafButtons(TrendPipeline):
        def pressed(self, answer: dict[str, Any] | None) -> dict[str, Any]:
            return {"content": "OK", "structured": answer}

    return DeafButtons


def test_every_name_is_broken_once() -> None:
    """None is left out."""
    assert set(BREAKS) == set(TEST_NAMES.split())


@pytest.mark.asyncio
@pytest.mark.parametrize("name", TEST_NAMES.split())
async def test_a_broken_behaviour_turns_its_case_red(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cases that bear the name fail a check they pass otherwise."""
    cases = tagged(f"test_{name}")[:6]
    trials = await run(cases, BREAKS[name](monkeypatch))

    assert failing(trials, cases=cases)
