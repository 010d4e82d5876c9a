"""The jobs of the content-router set, and what holds for every post written for one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, TypeAlias

__all__ = ["CORE", "EXPERT", "LIMIT", "Case", "Job", "Jobs", "case_of", "many_of"]

Job: TypeAlias = dict[str, Any]
Case: TypeAlias = dict[str, Any]

CORE, EXPERT = "gpt-4o-mini", "gpt-4o"
LIMIT = 6_000_000
"""Six dollars a day, in micro-dollars."""
_ELIGIBLE = ("practical_tip", "myth_busting", "framework")
_TOPICS = (
    "sleep before midnight", "tea and iron", "walking after meals", "salt and thirst", "eye strain at screens",
    "cold showers", "naps at noon", "beans for breakfast", "posture myths", "sunlight in winter", "chewing slowly",
    "stairs instead of lifts",
)  # fmt: skip
_POSTS = (
    "Ten minutes on foot after a meal keep blood sugar flatter. No plan needed, only shoes.",
    "Tea with a meal takes some of its iron away. An hour apart, both are welcome.",
    "A nap of twenty minutes helps; one of an hour and a half costs the night.",
)


class Jobs:
    """Makes the jobs of one set, each with its own number."""

    def __init__(self) -> None:
        self._number = 0

    def __call__(
        self,
        kind: str,
        slot: str,
        performance: float | None,
        *,
        priority: float | None = None,
        day: Mapping[str, int] | None = None,
    ) -> Job:
        """A job with both flags on."""
        self._number += 1
        number, topic = self._number, _TOPICS[self._number % len(_TOPICS)]
        job: Job = {
            "id": f"post-{number:05d}",
            "kind": kind,
            "slot": slot,
            "topic": topic,
            "slot_performance": performance,
            "flags": {"ENABLE_PHASE4_ROUTING": "true", "ENABLE_PHASE4_EXPERIMENTS": "true"},
            "hooks": {
                "A": f"Open with a question about {topic} (hook A{number}).",
                "B": f"Open with a number about {topic} (hook B{number}).",
            },
            "day": {"limit_microusd": LIMIT, "spent_microusd": 0, "expert_calls": 0, **(day or {})},
        }
        if kind == "reply":
            job["priority_score"] = priority
            job["reply_to"] = "Is that so? I had heard the contrary."
        return job


def case_of(
    name: str,
    tag: str,
    job: Job,
    *,
    models: Sequence[str] | None,
    arms: Sequence[str] | None = None,
    outcome: str = "answer",
) -> Case:
    """One job as a case: the models it may reach, the arms it may get, and what no post may cost or say."""
    eligible = job["slot"] in _ELIGIBLE if arms is None else bool(arms)
    expect: dict[str, Any] = {
        "outcome": outcome,
        "arms": ["A", "B"] if eligible else [],
        "arm_texts": dict(job["hooks"]),
        "limits": {"latency_ms": 4_000, "tokens": 2_500, "cost_microusd": 8_000},
        "must": [],
        "must_not": [{"field": "content", "contains": "###"}],
    }
    if models is not None:
        expect["model_order"] = list(models)
    if outcome == "answer":
        expect["must"] = [
            {"field": "structured.kind", "equals": job["kind"]},
            {"field": "structured.slot", "equals": job["slot"]},
        ]
    return {
        "id": name,
        "tags": [tag],
        "slice": job["kind"],
        "needs": ["job", "model"],
        "given": {"job": job, "model": {"replies": [_reply(name)]}},
        "expect": expect,
    }


def many_of(
    name: str, tag: str, jobs: Sequence[Job], *, calls: Sequence[Mapping[str, Any]], room: int | None = None
) -> Case:
    """Jobs of one day delivered at once. With `room`, that much money is left, and who comes late is refused."""
    limits = {} if room is None else {"limits": {"spend_microusd": room}}
    return {
        "id": name,
        "tags": [tag],
        "needs": ["job", "model"],
        "given": {"inputs": list(jobs), "at_once": True, "model": {"replies": [_reply(name)]}},
        "expect": {"outcome": "answer" if room is None else "error", "calls": [dict(call) for call in calls], **limits},
    }


def _reply(name: str) -> str:
    return _POSTS[sha256(name.encode()).digest()[0] % len(_POSTS)]
