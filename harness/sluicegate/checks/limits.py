"""The limits a case sets: what an answer may take of time, tokens and money."""

from __future__ import annotations

from collections.abc import Iterator

from sluicegate.model import Limits, Output

__all__ = ["limit_failures", "tokens_of"]


def limit_failures(limits: Limits, output: Output) -> Iterator[tuple[str, float | None, float]]:
    """Name, value and limit where the output is past it, or not shown to keep it: unknown is not within a limit."""
    for name, limit, value in (
        ("latency_ms", limits.latency_ms, output.latency_ms),
        ("tokens", limits.tokens, tokens_of(output)),
        ("cost_microusd", limits.cost_microusd, output.cost_microusd),
    ):
        # Written so that a NaN is past every limit; less than nothing is no figure either.
        if limit is not None and not (value is not None and 0 <= value <= limit):
            yield name, value, limit


def tokens_of(output: Output) -> int | None:
    """Input and output tokens together; None when either is unknown, or below 0, which is no count."""
    usage = output.usage
    if usage is None or usage.input_tokens is None or usage.output_tokens is None:
        return None
    if min(usage.input_tokens, usage.output_tokens) < 0:
        return None
    return usage.input_tokens + usage.output_tokens
