"""Signs that an answer was cut off before its end."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sluicegate.model import Output

__all__ = ["cut_json", "cut_off", "stopped_early"]

_DANGLING = re.compile(r"(?:[,;:\-–—(\[{«„]|…|\.\.\.)\s*\Z")
_ENDED = re.compile(r"[.!?»”\"')\]}%\U0001f000-\U0001faff]\s*\Z")
_LENGTH_REASONS = {"length", "max_tokens", "max_output_tokens", "model_length", "token_limit"}
_FINISH_KEYS = ("finish_reason", "finishReason", "stop_reason", "done_reason")
_FENCE = re.compile(r"^ {0,3}(?:```|~~~)", re.MULTILINE)
_JSON_START = re.compile(r"\s*(?:\{\s*[\"}]|\[\s*[\"{\[])")
"""A bracket alone begins a sentence as well: "[Sale] 5\" screens"."""


def cut_off(text: str, limit: int | None = None) -> str | None:
    """Why a sentence looks cut: it ends in an ellipsis or a joining mark, or exactly at `limit` without an end."""
    stripped = text[-40:].rstrip()
    if found := _DANGLING.search(stripped):
        return f"ends in '{found[0]}'"
    if limit is not None and len(text) == limit and not _ENDED.search(stripped):
        return f"ends without a full stop exactly at the limit of {limit} characters"
    return None


def stopped_early(output: Output) -> str | None:
    """Why the answer as a whole looks cut: the model said so, or a code block or JSON text in it never ends."""
    metadata = output.metadata
    for key in _FINISH_KEYS if metadata and isinstance(metadata, Mapping) else ():
        reason = metadata.get(key)
        if isinstance(reason, str) and reason.casefold() in _LENGTH_REASONS:
            return f"the model stopped for '{reason}'"
    content = output.content
    if content is None:
        return None
    if ("```" in content or "~~~" in content) and len(_FENCE.findall(content)) % 2:
        return "a code block is opened and never closed"
    return cut_json(content) if _JSON_START.match(content) else None


def cut_json(text: str) -> str | None:
    """Why a JSON text is no whole: a bracket or a string in it is still open at the end."""
    open_brackets, in_string = _open_at_end(text)
    if in_string:
        return "a JSON string is still open at the end"
    if open_brackets:
        return f"{open_brackets} JSON bracket{'s are' if open_brackets > 1 else ' is'} still open at the end"
    return None


_MARK = re.compile(r'"(?:[^"\\]|\\.)*+"|"|[\[\]{}]', re.DOTALL)


def _open_at_end(text: str) -> tuple[int, bool]:
    depth = 0
    for found in _MARK.finditer(text):
        mark = found[0]
        if mark == '"':
            return depth, True
        if mark in "[{":
            depth += 1
        elif mark in "]}":
            depth -= 1
    return max(depth, 0), False
