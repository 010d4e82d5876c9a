"""Writes `docs/coverage.md`: run `python -m sluicegate.golden.coverage docs/coverage.md` in a checkout.

The production plans of the reference pipelines name the tests they want. Each name is a tag on golden cases; this room
holds the lists, and says which cases bear each name.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from sluicegate.resources import data

__all__ = ["CHECK_LISTS", "names", "page"]

CHECK_LISTS: Mapping[str, Mapping[str, str]] = {
    "trend_analysis": {
        "Schemas": """
            test_valid_base_response test_tldr_length_limit test_insight_length_limit test_snippet_length_limit
            test_evidence_required test_date_format_validation test_confidence_range test_invalid_insight_type
            test_missing_required_fields test_extra_fields_rejected""",
        "Validators": """
            test_pii_detection_email test_pii_detection_phone test_pii_detection_ssn test_pii_detection_credit_card
            test_domain_whitelist_pass test_domain_blacklist_fail test_url_validation_http test_url_validation_https
            test_evidence_ref_validation test_insight_without_evidence_fails test_snippet_truncation
            test_tldr_truncation test_header_length_validation test_language_consistency test_empty_response_fails""",
        "Model manager": """
            test_model_routing_keyphrase_mining test_model_routing_sentiment test_model_routing_topics
            test_primary_timeout_triggers_fallback test_budget_cap_enforcement
            test_budget_degradation_reduces_context test_telemetry_tracking test_cost_estimation
            test_multiple_fallbacks test_all_models_fail_raises_error""",
        "Integration": """
            test_retrieve_for_analysis_with_rrf test_retrieve_time_window_24h test_retrieve_language_filter_ru
            test_retrieve_source_filter test_retrieve_deduplication test_retrieve_cache_hit
            test_trends_enhanced_pipeline test_analyze_keywords_pipeline test_analyze_sentiment_pipeline
            test_analyze_topics_pipeline test_validation_passes test_validation_fails_missing_evidence
            test_parallel_agents_execution test_format_node_builds_response test_error_model_unavailable
            test_error_budget_exceeded test_error_no_data test_error_validation_failed""",
        "End to end": """
            test_trends_command_24h test_trends_command_1w test_analyze_keywords_with_query
            test_analyze_sentiment_without_query test_telegram_formatting test_buttons_rendered
            test_evidence_cards_formatted test_localization_ru test_localization_en test_callback_explain
            test_callback_sources""",
    },
    "email_rag": {
        "Automated scenarios": """
            e2e_order_with_tool_data e2e_order_without_tool_data e2e_recipient_guard e2e_crlf_subject
            e2e_pii_redaction e2e_retrieval_timeout e2e_token_overflow e2e_idempotency""",
        "Scenarios tried by hand": """
            manual_order_flow manual_tracking_without_tool_data manual_recipient_guard_bypass manual_crlf_subject
            manual_pii_in_body manual_retrieval_p95 manual_token_overflow manual_idempotency""",
    },
}
"""By golden set, the groups of names its production plan lists."""

_TITLES = {"trend_analysis": "trend-analysis", "email_rag": "email-rag-pilot"}
_HEAD = """\
# Coverage of the production plans

Two of the production plans behind the reference pipelines list the tests they want by name. Each name is a tag on
golden cases, so that `sluicegate demo NAME` runs it. A test breaks the behaviour behind each name once and sees its
cases turn red: `harness/tests/test_fixtures_trend_names.py` and `harness/tests/test_fixtures_email_names.py`.

This page is written by `python -m sluicegate.golden.coverage docs/coverage.md`; a test compares it with the cases.
"""


def names(golden_set: str) -> tuple[str, ...]:
    """Every name of one golden set's check list, in the order of the plan."""
    return tuple(name for group in CHECK_LISTS[golden_set].values() for name in group.split())


def page() -> str:
    """The whole page, as Markdown."""
    return "\n".join([_HEAD, *(line for golden_set in CHECK_LISTS for line in _section(golden_set))])


def _section(golden_set: str) -> Iterator[str]:
    ids = _ids_by_tag(golden_set)
    yield f"## {_TITLES[golden_set]}\n"
    for title, group in CHECK_LISTS[golden_set].items():
        listed = group.split()
        yield f"### {title} ({len(listed)})\n"
        yield "| name | cases | for example |\n|---|--:|---|"
        for name in listed:
            found = ids.get(name, ())
            yield f"| `{name}` | {len(found)} | {f'`{found[0]}`' if found else 'no case'} |"
        yield ""


def _ids_by_tag(golden_set: str) -> Mapping[str, Sequence[str]]:
    found: dict[str, list[str]] = {}
    for line in data("golden", f"{golden_set}.jsonl").read_bytes().splitlines():
        case = json.loads(line)
        for tag in case.get("tags", ()):
            found.setdefault(tag, []).append(case["id"])
    return found


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
