"""Cases in which models fail: once or for good, alone or all of them; and who must then have been asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sluicegate.golden.trend_analysis_world import CHAINS, TASKS, Case, World, fault

__all__ = ["FAULTS"]

_KINDS = tuple(TASKS)
_LATE_MS = 6_000

_PASSING: tuple[dict[str, Any], ...] = (
    fault("rate_limit", retry_after_s=0.3),
    fault("rate_limit", retry_after_s=0.5),
    fault("server_error", status=500),
    fault("server_error", status=503),
    fault("refused_connection"),
    fault("cut"),
)
"""After one of these the same model is asked again."""

_FINAL: tuple[dict[str, Any], ...] = (
    fault("malformed"),
    fault("empty"),
    fault("refuse"),
    fault("content_filter"),
    fault("slow", delay_ms=_LATE_MS),
    fault("slow_stream", gap_ms=120),
)
"""After one of these the next model is."""

_LASTING: tuple[dict[str, Any], ...] = (
    fault("server_error", status=502),
    fault("server_error", status=529),
    fault("rate_limit", retry_after_s=0.3),
    fault("rate_limit", retry_after_s=5, retry_after_as="date"),
    fault("timeout", delay_ms=_LATE_MS),
    fault("cut"),
)
"""Every call to the primary model fails so."""


def _case(world: World, tag: str, turn: int, faults: list[dict[str, Any]], *tags: str, **expect: Any) -> Case:
    kind = _KINDS[turn % 3]
    given = {"faults": faults}
    return world.case(tag, f"/analyze {TASKS[kind]}", kind, *tags, given=given, **expect)


def _fails_once(world: World, tag: str, turn: int) -> Case:
    """A passing fault of the first call: the same model answers the second."""
    chain = CHAINS[_KINDS[turn % 3]]
    said = _PASSING[turn // 3 % len(_PASSING)]
    calls = [{"target": "model", "most": 2, "least": 2}]
    return _case(world, tag, turn, [{**said, "on_call": 1}], model_order=chain[:1], calls=calls)


def _gives_nothing(world: World, tag: str, turn: int) -> Case:
    """A first call whose answer is none: the next model is asked, and named."""
    chain = CHAINS[_KINDS[turn % 3]]
    said = _FINAL[turn // 3 % len(_FINAL)]
    tags = {"empty": ["test_empty_response_fails"], "slow": ["test_primary_timeout_triggers_fallback"]}
    case = _case(world, tag, turn, [{**said, "on_call": 1}], *tags.get(said["kind"], []), model_order=chain[:2])
    case["expect"]["must"] += [{"field": "structured.meta.model", "equals": chain[1]}]
    return case


def _primary_down(world: World, tag: str, turn: int) -> Case:
    """The primary model fails for good: tried twice at most, then the next one."""
    chain = CHAINS[_KINDS[turn % 3]]
    said = _LASTING[turn // 3 % len(_LASTING)]
    tags = ["test_primary_timeout_triggers_fallback"] if said["kind"] == "timeout" else []
    calls = [{"target": f"model:{chain[0]}", "most": 2, "least": 1}, {"target": f"model:{chain[1]}", "most": 1}]
    return _case(world, tag, turn, [{**said, "model": chain[0]}], *tags, model_order=chain[:2], calls=calls)


def _two_down(world: World, tag: str, turn: int) -> Case:
    """The first two models fail for good: the third answers."""
    chain = CHAINS[_KINDS[turn % 3]]
    faults = [{**_LASTING[turn // 3 % 2], "model": chain[0]}, {**fault("empty"), "model": chain[1]}]
    return _case(world, tag, turn, faults, "test_multiple_fallbacks", model_order=chain)


def _all_down(world: World, tag: str, turn: int) -> Case:
    """No model can be had: MODEL_UNAVAILABLE, in time, and no empty answer."""
    chain = CHAINS[_KINDS[turn % 3]]
    said = (fault("server_error", status=503), fault("cut"), fault("timeout", delay_ms=_LATE_MS))[turn // 3 % 3]
    expect: dict[str, Any] = {"outcome": "error", "model_order": chain}
    expect["must"] = [{"field": "error.message", "contains": "MODEL_UNAVAILABLE"}]
    tags = ("test_all_models_fail_raises_error", "test_error_model_unavailable")
    case = _case(world, tag, turn, [said], *tags, **expect)
    case["expect"]["calls"] = [{"target": "model", "most": 6, "least": 3}]
    case["expect"]["limits"]["latency_ms"] = 12_000
    return case


def _one_agent(world: World, tag: str, turn: int) -> Case:
    """One of three tasks side by side loses its model: the others are not asked twice."""
    chain = CHAINS["keyphrases"]
    given = {"faults": [{**_FINAL[turn % 4], "model": chain[0]}]}
    calls = [{"target": f"model:{chain[0]}", "most": 1, "least": 1}, {"target": f"model:{chain[1]}", "least": 2}]
    return world.case(tag, "/trends 24h", "trends", "test_parallel_agents_execution", given=given, calls=calls)


FAULTS: tuple[tuple[str, int, Callable[[World, str, int], Case]], ...] = (
    ("fails-once", 18, _fails_once),
    ("gives-nothing", 18, _gives_nothing),
    ("primary-down", 18, _primary_down),
    ("two-down", 6, _two_down),
    ("all-down", 9, _all_down),
    ("one-agent-down", 4, _one_agent),
)
"""Tag, number of cases, and who writes them."""
