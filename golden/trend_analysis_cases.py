"""Writes `trend_analysis.jsonl` and its manifest: run `python -m sluicegate.golden.trend_analysis_cases`.

The same seed writes the same bytes, so whoever reviews a change of the set reviews a change of this program. Tags that
begin with `test_` are the test names of the bot's production plan.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from sluicegate.golden.manifests import manifest_for
from sluicegate.golden.trend_analysis_faults import FAULTS
from sluicegate.golden.trend_analysis_world import BLOCKED, CHAINS, TASKS, Case, World

__all__ = ["cases", "manifest", "write"]

VERSION = "1.0.0"
NAME = "trend_analysis.jsonl"

_KINDS = tuple(TASKS)
_PII = {
    "email": "anna.petrova@mail.test",
    "phone": "+7 912 555 01 44",
    "ssn": "078-05-1120",
    "credit_card": "4111 1111 1111 1111",
}
"""An address nobody has, and the usual test numbers; they belong to nobody."""
_FOREIGN = {"ru": "The port is open again and the ships are back.", "en": "Порт снова открыт, корабли вернулись."}
_ERROR = "error.message"


def cases() -> Iterator[Case]:
    """Every case, in the order of the file."""
    number = 0
    for tag, count, make in (*_SCENARIOS, *FAULTS):
        for turn in range(count):
            number += 1
            yield make(World(number), tag, turn)


def _analyze(world: World, tag: str, turn: int, *tags: str, query: str = "", **more: Any) -> Case:
    """One task on the day's news."""
    kind = more.pop("kind", _KINDS[turn // 2 % 3])
    text = f"/analyze {TASKS[kind]} {query}".rstrip()
    return world.case(tag, text, kind, *tags, **more)


def _trends(world: World, tag: str, turn: int) -> Case:
    """All three tasks, side by side."""
    window = ("24h", "1w")[turn // 2 % 2]
    tags = (f"test_trends_command_{window}", "test_trends_enhanced_pipeline", "test_format_node_builds_response")
    retrieval = {"language": world.language, "window_s": 86_400 if window == "24h" else 604_800, "most": 12}
    calls = [{"target": f"model:{chain[0]}", "least": 1, "most": 1} for chain in CHAINS.values()]
    case = world.case(tag, f"/trends {window}", "trends", *tags, retrieval=retrieval, calls=calls)
    case["expect"]["must"] += _telegram(world, "\n\n🔎 ")
    spoken = {"ru": {"24h": "сутки", "1w": "неделю"}, "en": {"24h": "24 hours", "1w": "week"}}[world.language][window]
    case["expect"]["must"].append({"field": "structured.header", "contains": spoken})
    return case


def _one_task(world: World, tag: str, turn: int) -> Case:
    """The primary model of the task, and nobody else."""
    kind = _KINDS[turn // 2 % 3]
    manager = {"keyphrases": "keyphrase_mining"}.get(kind, kind)
    tags = [f"test_model_routing_{manager}", f"test_analyze_{TASKS[kind]}_pipeline", "test_valid_base_response"]
    tags += ["test_validation_passes", "test_telemetry_tracking", "test_cost_estimation"]
    query = ("контейнерные линии", "container lines")[turn % 2] if kind != "sentiment" else ""
    if kind != "topics":
        tags.append(f"test_analyze_{TASKS[kind]}_{'with' if query else 'without'}_query")
    must = [
        {"field": "structured.meta.model", "equals": CHAINS[kind][0]},
        {"field": "metadata.telemetry[0].model", "equals": CHAINS[kind][0]},
        {"field": "structured.evidence[0].article_id", "equals": world.id(0)},
        {"field": "structured.header", "matches": r"^.{1,100}$"},
    ]
    tags.append("test_header_length_validation")
    case = _analyze(world, tag, turn, *tags, kind=kind, query=query, must=must, model_order=CHAINS[kind][:1])
    case["expect"]["model_sees"] = [world.mark(0), world.mark(5), *([query] if query else [])]
    case["expect"]["model_never_sees"] = [world.mark(12), world.mark(13)]
    return case


def _message(world: World, tag: str, turn: int) -> Case:
    """What the user sees: header, cards, links, buttons, all in their language."""
    tags = ["test_telegram_formatting", "test_buttons_rendered", "test_evidence_cards_formatted"]
    explain, sources = (("Explain", "Sources"), ("Пояснить", "Источники"))[world.language == "ru"]
    must = [
        {"field": "metadata.telegram.buttons[0][0].text", "equals": explain},
        {"field": "metadata.telegram.buttons[0][1].text", "equals": sources},
        {"field": "structured.evidence[0].url", "matches": "^https?://"},
        {"field": "structured.evidence[0].date", "matches": r"^\d{4}-\d{2}-\d{2}$"},
        *_telegram(world, f"1. {world.title(0)} (2026-01-29)"),
    ]
    tags += [f"test_localization_{world.language}", "test_url_validation_http", "test_url_validation_https"]
    return _analyze(world, tag, turn, *tags, "test_date_format_validation", must=must)


def _pressed(world: World, tag: str, turn: int) -> Case:
    """A button under an answer that is kept: no model is asked again."""
    what = ("explain", "sources")[turn // 2 % 2]
    key = world.key("topics")
    kept = {"tool": "find_answer", "arguments": {"key": key}, "result": {"answer": world.kept()}}
    must = [
        {"field": "content", "contains": world.title(0)},
        {"field": "metadata.telegram.parse_mode", "equals": "HTML"},
    ]
    if what == "sources":
        must.append({"field": "content", "contains": f"&lt;{world.mark(0)} &amp; Co&gt;"})
    tags = (f"test_callback_{what}", f"test_localization_{world.language}")
    given = {"tool_results": [kept], "snippets": []}
    return world.case(tag, f"{what}:{key}", "pressed", *tags, given=given, must=must, model_order=[])


def _asked_twice(world: World, tag: str, turn: int) -> Case:
    """The same command again: answered from what is kept, and said so."""
    given = {"deliveries": 2}
    kind = _KINDS[turn // 2 % 3]
    calls = [{"target": "model", "most": 1, "least": 1}, {"target": "retriever", "most": 1, "least": 1}]
    return _analyze(world, tag, turn, "test_retrieve_cache_hit", kind=kind, given=given, calls=calls)


def _filters(world: World, tag: str, turn: int) -> Case:
    """Window, language and sources are asked for, and nothing else is shown."""
    source = world.sources[0]
    window = ("24h", "1w")[turn // 2 % 2]
    tags = ["test_retrieve_source_filter", "test_domain_whitelist_pass", "test_retrieve_for_analysis_with_rrf"]
    tags += [f"test_retrieve_language_filter_{world.language}"] if world.language == "ru" else []
    tags += ["test_retrieve_time_window_24h"] if window == "24h" else []
    seconds = 86_400 if window == "24h" else 604_800
    asked = {"language": world.language, "sources": [source], "window_s": seconds, "most": 12}
    text = f"/analyze topics {window} source:{source}"
    must = [{"field": "structured.evidence[1].article_id", "equals": world.id(3)}]
    *own, foreign = world.snippets()
    given = {"snippets": [*own, {**foreign, "source": source}]}
    case = world.case(tag, text, "topics", *tags, given=given, must=must, retrieval=asked)
    case["expect"]["link_hosts"] = [source]
    case["expect"]["model_never_sees"] = [world.mark(1), world.mark(12), world.mark(13)]
    return case


def _duplicates(world: World, tag: str, turn: int) -> Case:
    """The same text from two places is one piece of evidence."""
    again = world.snippet(0, id=f"{world.id(0)}b", score=0.96)
    given = {"snippets": [*world.snippets(6), again]}
    must_not = [{"field": "content", "contains": f"{world.id(0)}b"}]
    must = [{"field": "structured.evidence[1].article_id", "equals": world.id(1)}]
    return _analyze(world, tag, turn, "test_retrieve_deduplication", given=given, must=must, must_not=must_not)


def _personal(world: World, tag: str, turn: int) -> Case:
    """Personal data in the news reaches neither a model nor the message."""
    name, value = tuple(_PII.items())[turn // 2 % 4]
    text = f"{world.title(0)}. {('Пишите', 'Write to')[turn % 2]} {value}, {world.mark(0)}."
    given = {"snippets": [world.snippet(0, text=text), *world.snippets()[1:]]}
    must_not = [
        {"field": "content", "contains": value},
        {"field": "structured.evidence[0].snippet", "contains": value},
        {"field": "structured.tldr", "contains": value},
    ]
    case = _analyze(world, tag, turn, f"test_pii_detection_{name}", given=given, must_not=must_not)
    case["expect"]["model_never_sees"] = [value]
    return case


def _blocked(world: World, tag: str, turn: int) -> Case:
    """Nothing is taken from a blocked source, however well it fits."""
    given = {"snippets": [world.snippet(0, source=BLOCKED, id=f"x{world.number}", score=1.0), *world.snippets()[1:]]}
    must_not = [{"field": "content", "contains": BLOCKED}]
    case = _analyze(world, tag, turn, "test_domain_blacklist_fail", given=given, must_not=must_not)
    case["expect"]["model_never_sees"] = [world.mark(0)]
    return case


def _long_texts(world: World, tag: str, turn: int) -> Case:
    """Headlines and snippets far beyond their limits come out whole sentences within them."""
    text = f"{world.title(0)}, {world.title(1)}, {world.title(2)}, {world.title(3)}. " + f"{world.title(4)}. " * 6
    given = {"snippets": [world.snippet(0, text=text + world.mark(0)), *world.snippets()[1:]]}
    tags = ("test_snippet_length_limit", "test_snippet_truncation", "test_tldr_truncation")
    must = [{"field": "structured.evidence[0].snippet", "matches": r"^.{20,240}$"}]
    return _analyze(world, tag, turn, *tags, given=given, must=must)


def _bad_draft(world: World, tag: str, turn: int) -> Case:
    """A draft that breaks the contract is not used; the next model of the chain is asked."""
    name, reply = islice(cycle(_bad_drafts(world)), turn // 2, None).__next__()
    kind = _KINDS[turn // 2 % 3]
    given = {"model": {"replies": [reply, world.reply(turn=1)]}}
    must = [{"field": "structured.insights[0].evidence_refs[0]", "equals": world.id(1)}]
    return _analyze(world, tag, turn, name, kind=kind, given=given, must=must, model_order=CHAINS[kind][:2])


def _bad_drafts(world: World) -> list[tuple[str, str]]:
    foreign = _FOREIGN[world.language]
    return [
        ("test_tldr_length_limit", world.reply(tldr=f"{world.title(0)}. " * 8)),
        ("test_insight_length_limit", world.reply(text=f"{world.title(0)}. " * 8)),
        ("test_evidence_required", world.reply(evidence_refs=[])),
        ("test_evidence_ref_validation", world.reply(evidence_refs=["n999-99"])),
        ("test_confidence_range", world.reply(confidence=1.7)),
        ("test_invalid_insight_type", world.reply(type="rumour")),
        ("test_missing_required_fields", world.reply(tldr=None)),
        ("test_language_consistency", world.reply(tldr=foreign, text=foreign)),
    ]


def _extra_field(world: World, tag: str, turn: int) -> Case:
    """What a model adds to the form stays out of the answer."""
    reply = json.loads(world.reply())
    reply["debug"] = {"prompt": "secret"}
    reply["insights"][0]["rank"] = 1
    given = {"model": {"replies": [json.dumps(reply, ensure_ascii=False)]}}
    must = [{"field": "structured.insights[0].text", "equals": f"{world.title(0)}."}]
    return _analyze(world, tag, turn, "test_extra_fields_rejected", given=given, must=must)


def _never_valid(world: World, tag: str, turn: int) -> Case:
    """No model gives an insight with evidence: an error, and no message without evidence."""
    kind = _KINDS[turn // 2 % 3]
    given = {"model": {"replies": [world.reply(evidence_refs=[])]}}
    tags = ["test_validation_fails_missing_evidence", "test_insight_without_evidence_fails"]
    more: dict[str, Any] = {"must": _says("VALIDATION_FAILED"), "model_order": CHAINS[kind], "outcome": "error"}
    return _analyze(world, tag, turn, *tags, "test_error_validation_failed", kind=kind, given=given, **more)


def _no_data(world: World, tag: str, turn: int) -> Case:
    """Nothing was found: said so, and no model is asked."""
    given = {"snippets": world.snippets(0)}
    expect: dict[str, Any] = {"outcome": "error", "must": _says("NO_DATA"), "model_order": []}
    return world.case(
        tag, f"/trends {('24h', '1w')[turn // 2 % 2]}", "trends", "test_error_no_data", given=given, **expect
    )


def _no_budget(world: World, tag: str, turn: int) -> Case:
    """The next call may cost more than is left: said so, and no model is asked."""
    given = {"tool_results": [world.budget(20_000_000 - turn * 100)]}
    expect: dict[str, Any] = {"outcome": "error", "must": _says("BUDGET_EXCEEDED"), "model_order": []}
    tags = ("test_budget_cap_enforcement", "test_error_budget_exceeded")
    return _analyze(world, tag, turn, *tags, given=given, **expect)


def _degraded(world: World, tag: str, turn: int) -> Case:
    """From 80 % of the budget on, background is left out and evidence stays; from 95 % on, the fallbacks go first."""
    hard = turn // 2 % 2
    given = {"tool_results": [world.budget((17_000_000, 19_200_000)[hard])]}
    chain = CHAINS["topics"]
    must = [
        {"field": "structured.evidence[2].article_id", "equals": world.id(2)},
        {"field": "structured.warnings[0]", "equals": ("budget:soft", "budget:hard")[hard]},
    ]
    asked = {"language": world.language, "window_s": 86_400, "most": 5}
    text, kind = ("/analyze topics", "topics") if not hard or turn % 4 < 3 else ("/trends 24h", "trends")
    case = world.case(
        tag, text, kind, "test_budget_degradation_reduces_context", given=given, must=must, retrieval=asked
    )
    case["expect"]["model_order"] = chain[1:2] if hard else chain[:1]
    case["expect"]["model_sees"] = [world.mark(turn) for turn in range(5)]
    case["expect"]["model_never_sees"] = [world.mark(5), world.mark(11)]
    return case


def _side_by_side(world: World, tag: str, turn: int) -> Case:
    """Three slow tasks take as long as one."""
    given = {"model": {"latency_ms": 1_000}}
    case = world.case(tag, "/trends 24h", "trends", "test_parallel_agents_execution", given=given)
    case["expect"]["limits"]["latency_ms"] = 2_900
    return case


def _emoji(world: World, tag: str, turn: int) -> Case:
    """Characters of two UTF-16 units in headlines move nothing out of its place."""
    text = f"🚢🚂 {world.title(0)} 🎉. {world.mark(0)} <b>&amp;</b>."
    given = {"snippets": [world.snippet(0, text=text), *world.snippets()[1:]]}
    return _analyze(world, tag, turn, "test_telegram_formatting", given=given, must=_telegram(world, "🚢🚂"))


def _long_query(world: World, tag: str, turn: int) -> Case:
    """A query of the user's own, longer than the data of a button may be."""
    query = " ".join((("цены на перевозку зерна", "prices of grain transport")[turn % 2],) * 4)
    return _analyze(world, tag, turn, "test_buttons_rendered", kind="topics", query=query)


def _telegram(world: World, text: str) -> list[dict[str, Any]]:
    return [{"field": "metadata.telegram.text", "contains": text}]


def _says(code: str) -> list[dict[str, Any]]:
    return [{"field": _ERROR, "contains": code}]


_SCENARIOS: tuple[tuple[str, int, Callable[[World, str, int], Case]], ...] = (
    ("trends", 8, _trends),
    ("analyze", 12, _one_task),
    ("message", 8, _message),
    ("button-pressed", 8, _pressed),
    ("asked-twice", 6, _asked_twice),
    ("filters", 8, _filters),
    ("duplicates", 4, _duplicates),
    ("personal-data", 8, _personal),
    ("blocked-source", 4, _blocked),
    ("long-texts", 4, _long_texts),
    ("bad-draft", 16, _bad_draft),
    ("extra-field", 4, _extra_field),
    ("never-valid", 6, _never_valid),
    ("no-data", 4, _no_data),
    ("no-budget", 4, _no_budget),
    ("degraded", 8, _degraded),
    ("side-by-side", 2, _side_by_side),
    ("emoji", 4, _emoji),
    ("long-query", 4, _long_query),
)


def manifest(lines: bytes) -> dict[str, Any]:
    """What the set is, and the digest that pins it."""
    origin = "written for this project by sluicegate.golden.trend_analysis_cases; no real person or event"
    return manifest_for("trend_analysis.jsonl", lines, version=VERSION, origin=origin)


def write(folder: Path) -> None:
    """Write the set and its manifest into `folder`."""
    lines = "".join(json.dumps(case, ensure_ascii=False, sort_keys=True) + "\n" for case in cases()).encode()
    folder.joinpath(NAME).write_bytes(lines)
    said = json.dumps(manifest(lines), indent=2, sort_keys=True) + "\n"
    folder.joinpath("trend_analysis.manifest.json").write_text(said, encoding="utf-8")


if __name__ == "__main__":
    write(Path(__file__).parent)
