"""Writes `content_router.jsonl` and its manifest: run `python -m sluicegate.golden.content_router_cases`.

The same seed writes the same bytes. What is right is stated here from the decision table, not asked of the pipeline.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from sluicegate.golden.content_router_jobs import CORE, EXPERT, LIMIT, Case, Job, Jobs, case_of, many_of
from sluicegate.golden.manifests import manifest_for

__all__ = ["cases", "manifest", "write"]

VERSION = "1.0.0"
_HIGH = ("deep_dive", "framework", "research")
_PLAIN = ("practical_tip", "myth_busting", "news", "question")
_FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "rate_limit", "on_call": 1, "retry_after_s": 0.05},
    {"kind": "server_error", "on_call": 1, "status": 503},
    {"kind": "empty", "on_call": 1},
)


def cases() -> Iterator[Case]:
    """Every case, in the order of the file."""
    job_of = Jobs()
    for number, (tag, job, route) in enumerate((*_table(job_of), *_replies(job_of)), 1):
        yield _decided(f"route-{number:03d}-{tag}", tag, job, route)
    yield from _legacy(job_of)
    yield from _experiments(job_of)
    yield from _budget(job_of)
    yield from _crowds(job_of)
    yield from _overflow(job_of)
    yield from _faults(job_of)


def _table(job_of: Jobs) -> Iterator[tuple[str, Job, str]]:
    """The decision table, row by row and at its borders."""
    for slot in _HIGH:
        for performance in (None, 0.5, 0.62, 0.9):
            yield "high-value-thread", job_of("thread", slot, performance), "expert"
        for performance in (0.49, 0.31, 0.0):
            yield "thread-downgraded", job_of("thread", slot, performance), "core"
    for slot in _PLAIN:
        for performance in (None, 0.55, 0.8):
            yield "plain-thread", job_of("thread", slot, performance), "core"
    for slot in ("framework", "research"):
        for performance in (0.7, 0.84):
            yield "single-upgraded", job_of("single", slot, performance), "expert"
        for performance in (None, 0.5, 0.69):
            yield "single-not-upgraded", job_of("single", slot, performance), "core"
    for turn in range(36):
        performance = (None, 0.5, 0.6, 0.75, 0.9, 1.0)[turn % 6]
        job = job_of("single", "deep_dive", performance)
        share = 0.3 + 0.2 * max(((performance or 0.5) - 0.5) / 0.5, 0.0)
        yield "deep-dive-single", job, "expert" if _draw("deep-dive", job["id"]) < share else "core"
    for performance in (0.49, 0.2):
        yield "deep-dive-downgraded", job_of("single", "deep_dive", performance), "core"


def _replies(job_of: Jobs) -> Iterator[tuple[str, Job, str]]:
    """Replies go by the account they answer."""
    for high in (0.8, 0.8, 0.8, 0.8, 0.81, 0.95, 1.0):
        yield "priority-reply", job_of("reply", "question", None, priority=high), "expert"
    for high in (0.9, 0.8):
        yield "priority-reply-downgraded", job_of("reply", "news", 0.42, priority=high), "core"
    for low in (0.79, 0.799, 0.5, 0.5, 0.2, 0.0, None, None):
        yield "plain-reply", job_of("reply", "question", None, priority=low), "core"


def _draw(what: str, unit: str) -> float:
    """The draw that the team has agreed on: the first eight bytes of SHA-256 over name, zero byte and job id."""
    return int(sha256(f"{what}\0{unit}".encode()).hexdigest()[:16], 16) / (1 << 64)


def _decided(name: str, tag: str, job: Job, route: str) -> Case:
    """One job with nothing in its way: it goes where the table says; no experiment unless its slot has one."""
    case = case_of(name, tag, job, models=[EXPERT if route == "expert" else CORE])
    _must(case, "route", route)
    return case


def _legacy(job_of: Jobs) -> Iterator[Case]:
    """Flags off: the old path, whatever the job, and not a word of the new one."""
    jobs = [job_of("thread", slot, 0.9) for slot in (*_HIGH, "practical_tip")]
    jobs += [job_of("reply", "question", None, priority=score) for score in (0.8, 0.95, 0.3)]
    jobs += [job_of("single", slot, 0.8) for slot in (*_HIGH, "practical_tip", "myth_busting")]
    for number, job in enumerate(jobs, 1):
        job["flags"] = {
            "ENABLE_PHASE4_ROUTING": "false",
            "ENABLE_PHASE4_EXPERIMENTS": "true" if number % 2 else "false",
        }
        case = case_of(f"legacy-{number:03d}", "flags-off", job, models=[CORE], arms=[])
        _must(case, "route", "legacy")
        case["expect"]["must_not"].append({"field": "metadata.log", "contains": "[PHASE4]"})
        yield case


def _experiments(job_of: Jobs) -> Iterator[Case]:
    """Eligible slots with the experiment on; and the same slots with it off, which nobody may assign."""
    number = 0
    for turn in range(168):
        slot = ("practical_tip", "myth_busting", "framework")[turn % 3]
        kind = "reply" if turn % 7 == 3 and slot != "framework" else "single"
        number += 1
        job = job_of(kind, slot, (None, 0.55, 0.64)[turn // 3 % 3], priority=0.4)
        yield _decided(f"hook-{number:03d}-{slot.replace('_', '-')}", "experiment", job, "core")
    for slot in ("practical_tip", "myth_busting", "framework") * 2:
        number += 1
        job = job_of("single", slot, 0.6)
        job["flags"]["ENABLE_PHASE4_EXPERIMENTS"] = "false"
        case = case_of(f"hook-{number:03d}-off", "experiment-off", job, models=[CORE], arms=[])
        _must(case, "route", "core")
        yield case


def _budget(job_of: Jobs) -> Iterator[Case]:
    """A day that is nearly used up: first its expert calls, then three quarters of its money, then all of it."""
    for number in range(4):
        day = {"expert_calls": 20 + number % 2}
        job = job_of("thread", _HIGH[number % 3], 0.8, day=day)
        case = _decided(f"cap-{number + 1:03d}-reached", "expert-cap", job, "core")
        case["expect"]["calls"] = [{"target": f"model:{EXPERT}", "most": 0}]
        yield case
    for number, spent in enumerate((LIMIT * 75 // 100, LIMIT * 3 // 4 - 200, LIMIT * 9 // 10, LIMIT * 76 // 100)):
        job = job_of("thread", _HIGH[number % 3], 0.8, day={"spent_microusd": spent})
        yield _decided(f"reserve-{number + 1:03d}", "budget-reserve", job, "core")
    for number, spent in enumerate((LIMIT * 3 // 4 - 50_000, LIMIT // 2)):
        job = job_of("thread", _HIGH[number % 3], 0.8, day={"spent_microusd": spent, "expert_calls": 19})
        yield _decided(f"reserve-{number + 5:03d}-open", "budget-reserve", job, "expert")
    for number, room in enumerate((0, 5, 10, 20)):
        job = job_of("single", _PLAIN[number % 4], 0.6, day={"spent_microusd": LIMIT - room})
        case = case_of(f"limit-{number + 1:03d}", "spend-limit", job, models=[], outcome="error")
        case["expect"]["limits"]["spend_microusd"] = room
        yield case


def _crowds(job_of: Jobs) -> Iterator[Case]:
    """Fifty jobs at once on one day: the cap and the limit hold whoever comes first."""
    worthy = ("thread", "deep_dive", 0.8)
    for number, taken in enumerate((0, 12, 19), 1):
        jobs = [job_of(*worthy, day={"expert_calls": taken}) for _ in range(50)]
        calls = [
            {"target": f"model:{EXPERT}", "least": 20 - taken, "most": 20 - taken},
            {"target": "model", "least": 50, "most": 50},
        ]
        yield many_of(f"crowd-{number:03d}-cap", "expert-cap-at-once", jobs, calls=calls)
    for number, room in enumerate((1_100, 800), 4):
        jobs = [job_of("single", "news", 0.6, day={"spent_microusd": LIMIT - room}) for _ in range(50)]
        calls = [{"target": "model", "least": 3}]
        yield many_of(f"crowd-{number:03d}-spend", "spend-limit-at-once", jobs, calls=calls, room=room)


def _overflow(job_of: Jobs) -> Iterator[Case]:
    """More than fits into the prompt: examples go, the last first; what the tools said stays."""
    for number in range(1, 11):
        job = job_of("single", _PLAIN[number % 4], 0.6)
        fact = f"Trial register entry {4000 + number}: {number + 11} of 40 people slept longer."
        job["facts"] = [fact, *(f"Entry {number}-{turn}: " + "measured over many weeks; " * 12 for turn in range(4))]
        job["examples"] = [
            f"Earlier post {number}-{turn}: " + "a plain sentence that did well. " * 20 for turn in range(6)
        ]
        case = _decided(f"overflow-{number:03d}", "token-overflow", job, "core")
        case["expect"]["model_sees"] = [fact, job["facts"][4].strip()]
        case["expect"]["model_never_sees"] = [f"Earlier post {number}-5:"]
        yield case
    for number in range(11, 15):
        job = job_of("single", _PLAIN[number % 4], 0.6)
        job["facts"], job["examples"] = [f"Register entry {number}."], [f"Earlier post {number}: drink water."]
        case = _decided(f"overflow-{number:03d}-fits", "token-budget", job, "core")
        case["expect"]["model_sees"] = [*job["facts"], *job["examples"]]
        yield case


def _faults(job_of: Jobs) -> Iterator[Case]:
    """A model that fails once: asked again, or left for the core model; the post comes, and the account is right."""
    for number in range(1, 7):
        expert = number % 2 == 0
        job = job_of("thread" if expert else "single", "research" if expert else "news", 0.6)
        case = case_of(f"fault-{number:03d}", "model-fault", job, models=None)
        case["given"]["faults"] = [_FAULTS[(number - 1) // 2]]
        case["expect"]["calls"] = [{"target": "model", "least": 2, "most": 2}]
        _must(case, "route", "core")
        yield case


def _must(case: Case, field: str, value: Any) -> None:
    case["expect"]["must"].append({"field": field, "equals": value})


def manifest(lines: bytes) -> Mapping[str, Any]:
    """What the set is, and the digest that pins it."""
    origin = "written for this project by sluicegate.golden.content_router_cases; nobody real"
    return manifest_for("content_router.jsonl", lines, version=VERSION, origin=origin)


def write(folder: Path) -> None:
    """Write the set and its manifest into `folder`."""
    lines = "".join(json.dumps(case, ensure_ascii=False, sort_keys=True) + "\n" for case in cases()).encode()
    folder.joinpath("content_router.jsonl").write_bytes(lines)
    said = json.dumps(manifest(lines), indent=2, sort_keys=True) + "\n"
    folder.joinpath("content_router.manifest.json").write_text(said, encoding="utf-8")


if __name__ == "__main__":
    write(Path(__file__).parent)
