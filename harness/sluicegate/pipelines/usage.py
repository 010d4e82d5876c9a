"""Tokens under the names of Usage, from the names that providers and their Python packages give them."""

from __future__ import annotations

from collections.abc import Mapping

from sluicegate.model import Json

__all__ = ["is_foreign", "usage_of"]

_INPUT = ("input_tokens", "prompt_tokens", "promptTokenCount", "prompt_token_count")
_OUTPUT = ("output_tokens", "completion_tokens", "candidatesTokenCount", "candidates_token_count")
_CACHED = ("cached_tokens", "cache_read_input_tokens", "cachedContentTokenCount", "cached_content_token_count")
_DETAILS = ("prompt_tokens_details", "input_tokens_details")
_BESIDE_INPUT = ("cache_read_input_tokens", "cache_creation_input_tokens")
"""Anthropic counts tokens read from its cache, or written to it, beside `input_tokens` and not in them."""
_BESIDE_OUTPUT = ("thoughtsTokenCount", "thoughts_token_count")
"""Gemini counts what a model thought, which is paid as output, beside what it said."""
_OURS = frozenset({"input_tokens", "output_tokens", "cached_tokens"})
_MARKS = frozenset(
    {
        *_INPUT, *_OUTPUT, *_CACHED, *_DETAILS, *_BESIDE_INPUT, *_BESIDE_OUTPUT, "total_tokens", "totalTokenCount",
        "total_token_count", "output_tokens_details", "completion_tokens_details", "service_tier",
    }
    - _OURS
)  # fmt: skip
"""One of these, and a provider wrote it; it may hold more that nobody here knows."""


def is_foreign(usage: Mapping[str, Json]) -> bool:
    """Whether a provider wrote it: OpenAI (chat, responses), Anthropic, Gemini. Our own names stay strictly read."""
    return not _MARKS.isdisjoint(usage)


def usage_of(usage: Mapping[str, Json]) -> dict[str, Json]:
    """Fields of Usage, those that are told; empty when there are none. Values are not checked."""
    details = next((held for name in _DETAILS if isinstance(held := usage.get(name), Mapping)), {})
    cached = _first(usage, _CACHED)
    found = {
        "input_tokens": _with(_first(usage, _INPUT), usage, _BESIDE_INPUT),
        "output_tokens": _with(_first(usage, _OUTPUT), usage, _BESIDE_OUTPUT),
        "cached_tokens": details.get("cached_tokens") if cached is None else cached,
    }
    return {name: value for name, value in found.items() if value is not None}


def _first(usage: Mapping[str, Json], names: tuple[str, ...]) -> Json:
    return next((usage[name] for name in names if usage.get(name) is not None), None)


def _with(count: Json, usage: Mapping[str, Json], beside: tuple[str, ...]) -> Json:
    """The count with what stands beside it; as it is where it is none."""
    if type(count) is not int:
        return count
    return count + sum(more for name in beside if type(more := usage.get(name)) is int)
