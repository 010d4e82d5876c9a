"""Assertions of promptfoo as rules of a case. What asks a model, runs code or goes by degree is unmapped."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sluicegate.model import Json
from sluicegate.sets.draft import Draft, any_of, mapping, text_of, texts

__all__ = ["assertion_of_text", "take"]

_OF_THE_CALL = ("latency", "cost")
"""No matter of the answer's text."""
_MANY = ("contains-all", "contains-any", "icontains-all", "icontains-any")
_TEXT = re.compile(r"(?P<type>(?:not-)?[a-z][a-z:-]*?)(?:\((?P<threshold>\d+(?:\.\d+)?)\))?:(?P<value>.*)", re.DOTALL)
_BARE = re.compile(r"(?P<type>(?:not-)?[a-z][a-z-]*)(?:\((?P<threshold>\d+(?:\.\d+)?)\))?")
_CODE = ("javascript:", "fn:", "eval:", "python:", "file://")
_WORDED = frozenset(
    [
        "answer-relevance",
        "bleu",
        "classifier",
        "contains",
        "contains-all",
        "contains-any",
        "contains-html",
        "contains-json",
        "contains-sql",
        "contains-xml",
        "context-faithfulness",
        "context-recall",
        "context-relevance",
        "conversation-relevance",
        "cost",
        "equals",
        "factuality",
        "finish-reason",
        "g-eval",
        "gleu",
        "guardrails",
        "human",
        "icontains",
        "icontains-all",
        "icontains-any",
        "is-html",
        "is-json",
        "is-refusal",
        "is-sql",
        "is-valid-function-call",
        "is-valid-openai-function-call",
        "is-valid-openai-tools-call",
        "is-xml",
        "javascript",
        "latency",
        "levenshtein",
        "llm-rubric",
        "meteor",
        "model-graded-closedqa",
        "model-graded-factuality",
        "moderation",
        "perplexity",
        "perplexity-score",
        "pi",
        "python",
        "regex",
        "rouge-n",
        "ruby",
        "search-rubric",
        "similar",
        "similar:cosine",
        "similar:dot",
        "similar:euclidean",
        "skill-used",
        "starts-with",
        "tool-call-f1",
        "trace-error-spans",
        "trace-span-count",
        "trace-span-duration",
        "webhook",
        "word-count",
    ]
)
"""Types that a cell of a table may begin with; any other text is the answer itself."""
_QUOTED = re.compile(r'"(?:\\.|[^"\\])*"')
_PLACE = re.compile(r"\{\{\s*([A-Za-z_][\w.-]*)\s*\}\}")


def assertion_of_text(cell: str) -> dict[str, Json]:
    """What a cell `__expected` of a table asserts; a bare text is to be equalled."""
    if cell.startswith(("grade:", "llm-rubric:")):
        return {"type": "llm-rubric", "value": cell.partition(":")[2]}
    if cell.startswith(_CODE):
        code = cell.startswith("python:") or (cell.startswith("file://") and ".py" in cell)
        return {"type": "python" if code else "javascript", "value": cell.partition(":")[2]}
    for form in (_TEXT, _BARE):
        match = form.fullmatch(cell)
        if match is None or match["type"].removeprefix("not-") not in _WORDED:
            continue
        made: dict[str, Any] = {"type": match["type"]}
        if "value" in match.groupdict():
            many = match["type"].removeprefix("not-") in _MANY
            made["value"] = _listed(match["value"]) if many else match["value"]
        if match["threshold"] is not None:
            made["threshold"] = float(match["threshold"])
        return made
    return {"type": "equals", "value": cell}


def take(
    draft: Draft, assertion: Json, variables: Mapping[str, Json], *, partial: bool = False, changed: bool = False
) -> None:
    """One assertion into the draft.

    `partial`: the test passes with some of its assertions, so none may be a rule. `changed`: assertions see what code
    made of the answer, so none may be a rule of the answer.
    """
    said = mapping(assertion)
    kind = text_of(said.get("type", "untyped"))
    if kind == "assert-set":
        some = said.get("threshold") not in (None, 1)
        for inner in said.get("assert") or []:
            take(draft, inner, variables, partial=partial or some, changed=changed)
        return
    if partial or said.get("weight") == 0:
        draft.lose(f"{kind} of a test that passes without it", said)
        return
    if said.get("transform") or (changed and kind not in _OF_THE_CALL):
        draft.lose(f"{kind} after a transform", said)
        return
    value = _filled(said.get("value"), variables)
    if kind.removeprefix("not-") in _MANY and isinstance(value, str):
        value = _listed(value)
    if "{{" in text_of(value) or "{%" in text_of(value) or text_of(value).startswith("file://"):
        draft.lose(f"{kind} with a template or file", said)
    elif not _limit(draft, kind, said) and not _rule(draft, kind, value):
        draft.lose(kind, said)


def _listed(value: str) -> list[Json]:
    """A text of several, as promptfoo takes it apart: at commas, save those within double quotes."""
    parts = (part.strip() for part in re.findall(r'(?:[^,"]|"(?:\\.|[^"\\])*"|")+', value))
    return [part[1:-1].replace('\\"', '"') if _QUOTED.fullmatch(part) else part for part in parts if part]


def _limit(draft: Draft, kind: str, said: Mapping[str, Json]) -> bool:
    threshold = said.get("threshold")
    if kind not in _OF_THE_CALL or not isinstance(threshold, (int, float)):
        return False
    if kind == "latency":
        draft.limit(kind, "latency_ms", float(threshold))
    else:
        draft.limit(kind, "cost_microusd", int(threshold * 1_000_000))
    return True


def _rule(draft: Draft, kind: str, value: Json) -> bool:
    """Whether the assertion became a rule."""
    plain = kind.removeprefix("not-")
    forbidden = plain != kind
    match plain:
        case "equals":
            whole = isinstance(value, (dict, list))
            operand = value if whole else text_of(value) if value is not None else None
            draft.must(kind, "structured" if whole else "content", "equals", operand, forbidden=forbidden)
        case "contains" | "icontains" | "starts-with" | "regex":
            _text_rule(draft, kind, plain, text_of(value) if value is not None else "", forbidden=forbidden)
        case "contains-any" | "icontains-any":
            pattern = any_of(texts(value), folded=plain[0] == "i") if texts(value) else ""
            draft.must(kind, "content", "matches", pattern, forbidden=forbidden)
        case "contains-all" | "icontains-all" if not forbidden:
            for text in texts(value):
                _text_rule(draft, kind, plain.removesuffix("-all"), text, forbidden=False)
        case _:
            return False
    return True


def _text_rule(draft: Draft, kind: str, plain: str, text: str, *, forbidden: bool) -> None:
    if plain == "contains" or not text:
        draft.must(kind, "content", "contains", text, forbidden=forbidden)
        return
    pattern = {
        "icontains": f"(?i){re.escape(text)}",
        "starts-with": rf"\A{re.escape(text)}",
        "regex": text,
    }[plain]
    try:
        re.compile(pattern)
    except re.error:
        draft.lose(f"{kind} that is no pattern here", text)
        return
    draft.must(kind, "content", "matches", pattern, forbidden=forbidden)


def _filled(value: Json, variables: Mapping[str, Json]) -> Json:
    """A value with its variables put in; what is more than a name stays, and is told."""
    if isinstance(value, str):
        return _PLACE.sub(lambda found: text_of(variables[found[1]]) if found[1] in variables else found[0], value)
    return [_filled(item, variables) for item in value] if isinstance(value, list) else value
