"""What one request under load did at the doubles, in figures: kept of every request, whatever is sampled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TypedDict

from sluicegate.checks.check import PriceOf
from sluicegate.checks.effects import is_effective
from sluicegate.checks.model_calls import answered
from sluicegate.model import Fault, Observation
from sluicegate.plan.types import ToolSpec

__all__ = ["Account", "account", "has_met"]

_EMBEDDINGS = "openai.embeddings"
_TOOL = "tool:"


class Account(TypedDict):
    """The figures of `Served`."""

    calls: dict[str, int]
    cost: int | None
    writes: dict[str, int]
    struck: dict[str, int]


def account(seen: Sequence[Observation], tools: Iterable[ToolSpec], price_of: PriceOf) -> Account:
    """Calls by model, their cost, side effects by tool, and which calls met which fault."""
    writers = {tool.name for tool in tools if tool.writes}
    asked = [item for item in seen if item.double == "model"]
    effects = (item for item in seen if item.double == "tool" and item.action in writers and is_effective(item))
    return Account(
        calls=dict(Counter(item.action for item in asked)),
        cost=None if any("dropped" in item.detail for item in seen) else _cost(asked, price_of),
        writes=dict(Counter(item.action for item in effects)),
        struck=dict(Counter(_met(item) for item in seen if item.detail.get("fault") is not None)),
    )


def has_met(fault: Fault, struck: Mapping[str, int]) -> bool:
    """Whether any of the calls in `Served.struck` met this fault."""
    if fault.target.startswith(_TOOL):  # whose name may hold spaces
        return f"{fault.kind} {fault.target} {fault.target.removeprefix(_TOOL)}" in struck
    met = (item.split(" ", 2) for item in struck)
    return any(
        kind == fault.kind and target == fault.target and fault.model in (None, action) for kind, target, action in met
    )


def _met(item: Observation) -> str:
    """`rate_limit model gpt-5`, `cut tool:orders orders`: the fault, the double as scripts name it, what was asked."""
    target = f"{_TOOL}{item.action}" if item.double == "tool" else item.double
    if item.detail.get("protocol") == _EMBEDDINGS:
        target = "embedding"
    return f"{item.detail['fault']} {target} {item.action}"


def _cost(asked: Iterable[Observation], price_of: PriceOf) -> int | None:
    """Micro-dollars of what was answered, each call rounded up; None where one has no price."""
    total = 0
    for call in answered(asked):
        detail = call.detail
        price = price_of(call.action, _whole(detail, "input_tokens"), _whole(detail, "output_tokens"), at=call.at)
        if price is None:
            return None
        total += price
    return total


def _whole(detail: object, name: str) -> int:
    value = detail.get(name) if isinstance(detail, dict) else None
    return value if isinstance(value, int) else 0
