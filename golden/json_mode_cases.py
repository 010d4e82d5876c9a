"""Writes `json_mode.jsonl` and its manifest: run `python -m sluicegate.golden.json_mode_cases`.

The same seed writes the same bytes. What is right is stated here, not asked of the pipeline.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from sluicegate.golden.json_mode_refused import refused
from sluicegate.golden.json_mode_searches import searches
from sluicegate.golden.json_mode_world import BACKUP, FIRST, Case, World, backtest, code, draw, one, text

__all__ = ["cases", "manifest", "write"]

VERSION = "1.0.0"
_JSON_TEXT = "Answer with one JSON object and nothing else."
_CODE_TEXT = "Answer with one Python function `strategy(data)` and nothing else."
_LEVELS: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("LEVEL_3", {"sharpe": 0.01, "total_return": 0.002, "trades": 1}),
    ("LEVEL_3", {"sharpe": 0.03, "total_return": -0.004, "trades": 61}),
    ("LEVEL_3", {"sharpe": 2.4, "total_return": 0.61, "trades": 140}),
    ("LEVEL_2", {"sharpe": 0, "total_return": 0.001, "trades": 22}),
    ("LEVEL_2", {"sharpe": -0.15, "total_return": -0.08, "trades": 57}),
    ("LEVEL_2", {"sharpe": -0.02, "total_return": 0.013, "trades": 33}),
    ("LEVEL_2", {"sharpe": 0, "total_return": 0, "trades": 0}),
    ("LEVEL_2", {"sharpe": None, "total_return": 0, "trades": 0}),
    ("LEVEL_2", {"sharpe": 0.4, "total_return": None, "trades": 18}),
)
"""The levels at their borders. A Sharpe ratio above 0 may go with a loss, and one below 0 with a gain."""
_FAULTS: tuple[tuple[str, dict[str, Any], bool], ...] = (
    ("down", {"kind": "server_error", "status": 503, "model": FIRST}, True),
    ("limited", {"kind": "rate_limit", "retry_after_s": 30, "model": FIRST}, True),
    ("limited-to", {"kind": "rate_limit", "retry_after_s": 40, "retry_after_as": "date", "model": FIRST}, True),
    ("silent", {"kind": "timeout", "model": FIRST}, True),
    ("filtered", {"kind": "content_filter", "model": FIRST}, True),
    ("limited-once", {"kind": "rate_limit", "retry_after_s": 0.1, "on_call": 1}, False),
    ("down-once", {"kind": "server_error", "status": 502, "on_call": 1}, False),
    ("cut-once", {"kind": "cut", "on_call": 1}, False),
    ("malformed-once", {"kind": "malformed", "on_call": 1}, False),
    ("empty-once", {"kind": "empty", "on_call": 1}, False),
)
"""Name, fault, and whether the backup must answer."""


def cases() -> Iterator[Case]:
    """Every case, in the order of the file."""
    world = World()
    yield from _library(world)
    yield from _old_way(world)
    yield from _hybrid(world)
    yield from _levels(world)
    yield from refused(world)
    yield from searches(world)
    yield from _faults(world)


def _library(world: World) -> Iterator[Case]:
    """The first stage: JSON for what is in the library."""
    for number in range(1, 31):
        job = world.job()
        made = world.strategy(job)
        yield one(
            f"library-{number:03d}-{made['template'].replace('_', '-')}", "template-library", job, [text(made)],
            mode="json", strategy=made, tried=backtest(number),
        )  # fmt: skip


def _old_way(world: World) -> Iterator[Case]:
    """Full code: outside the library in the first stage, and everywhere once JSON mode is taken back."""
    for number in range(1, 11):
        job = world.job(from_library=False)
        yield _by_code(f"outside-{number:03d}", "outside-library", job, "not_from_library", number)
    for number, probability in enumerate((1.0, 1.0, 1.0, 0.5, 0.5, 0.8, 0.8, 0.95), 1):
        job = world.job(probability=probability, json_mode_enabled=False)
        yield _by_code(f"disabled-{number:03d}", "kill-switch", job, "json_mode_disabled", number + 10)


def _by_code(name: str, tag: str, job: Case, reason: str, number: int) -> Case:
    program = code(number)
    case = one(name, tag, job, [program], mode="full_code", program=program, tried=backtest(number))
    case["expect"]["must"] += [
        {"field": "route", "equals": "full_code"}, {"field": "metadata.reason", "equals": reason},
    ]  # fmt: skip
    case["expect"]["model_sees"] = [_CODE_TEXT]
    case["expect"]["model_never_sees"] = [_JSON_TEXT]
    return case


def _hybrid(world: World) -> Iterator[Case]:
    """Half and half: the side is a matter of the iteration's id.

    What is assigned to JSON and written the old way in the end counts for JSON, or the comparison flatters it.
    """
    for number in range(1, 101):
        job = world.job(probability=0.5, from_library=number % 2 == 0)
        name, made, program = f"hybrid-{number:03d}", world.strategy(job), code(number)
        if draw(job["id"]) < 0.5 and number % 6 == 0:
            bad = text({**made, "rebalance": f"every {number} days"})
            case = one(
                f"{name}-given-up", "fallback-in-hybrid", job, [bad, bad, program],
                mode="full_code", program=program, tried=backtest(number),
            )  # fmt: skip
        elif draw(job["id"]) < 0.5:
            case = one(name, "hybrid", job, [text(made)], mode="json", strategy=made, tried=backtest(number))
        else:
            case = one(name, "hybrid", job, [program], mode="full_code", program=program, tried=backtest(number))
        case["expect"]["arms"] = ["json" if draw(job["id"]) < 0.5 else "full_code"]
        if case["tags"] == ["hybrid"]:
            case["expect"]["arm_texts"] = {"json": _JSON_TEXT, "full_code": _CODE_TEXT}
        yield case


def _levels(world: World) -> Iterator[Case]:
    """How far an iteration came, in both modes; and a backtest that does not end."""
    for number, (level, numbers) in enumerate(_LEVELS, 1):
        job = world.job()
        made = world.strategy(job)
        yield one(
            f"level-{number:03d}-json", "level", job, [text(made)],
            mode="json", strategy=made, tried=numbers, level=level,
        )  # fmt: skip
        job, program = world.job(from_library=False), code(number + 40)
        yield one(
            f"level-{number:03d}-code", "level", job, [program],
            mode="full_code", program=program, tried=numbers, level=level,
        )  # fmt: skip
    broken: tuple[dict[str, Any], ...] = (
        {"kind": "server_error", "status": 500}, {"kind": "server_error", "status": 503}, {"kind": "malformed"},
        {"kind": "refused_connection"},
    )  # fmt: skip
    for number, fault in enumerate(broken, 1):
        job = world.job()
        made = world.strategy(job)
        case = one(
            f"not-run-{number:03d}", "backtest-fails", job, [text(made)],
            mode="json", strategy=made, tried={}, level="LEVEL_1",
        )  # fmt: skip
        case["given"]["faults"] = [{**fault, "target": "tool:backtest"}]
        yield case


def _faults(world: World) -> Iterator[Case]:
    """A provider that fails: asked again, then the backup; and both failing, which is no strategy but an error."""
    for number, (word, fault, backed_up) in enumerate(_FAULTS, 1):
        for at in range(2):
            job = world.job(from_library=at == 0)
            name, made, program = f"fault-{number:03d}-{word}-{'ab'[at]}", world.strategy(job), code(number)
            if at == 0:
                case = one(name, "model-fault", job, [text(made)], mode="json", strategy=made, tried=backtest(number))
            else:
                case = one(
                    name, "model-fault", job, [program], mode="full_code", program=program, tried=backtest(number)
                )
            case["given"]["faults"] = [fault]
            case["expect"]["model_order"] = [FIRST, BACKUP] if backed_up else [FIRST]
            case["expect"]["must"].append({"field": "metadata.fallback", "equals": backed_up})
            yield case
    nobody: tuple[dict[str, Any], ...] = (
        {"kind": "server_error", "status": 500}, {"kind": "rate_limit", "retry_after_s": 20}, {"kind": "empty"},
    )  # fmt: skip
    for number, fault in enumerate(nobody, 1):
        job = world.job()
        case = one(f"none-{number:03d}", "no-model", job, [], mode="json", tried=None)
        case["given"]["faults"] = [fault]
        said = {"field": "error.message", "contains": "MODEL_UNAVAILABLE"}
        case["expect"] |= {"outcome": "error", "model_order": [FIRST, BACKUP], "must": [said]}
        yield case


def manifest(lines: bytes) -> Mapping[str, Any]:
    """What the set is, and the digest that pins it."""
    return {
        "schema_version": 1,
        "sets": {
            "json_mode.jsonl": {
                "version": VERSION,
                "sha256": sha256(lines).hexdigest(),
                "cases": lines.count(b"\n"),
                "licence": "Apache-2.0",
                "origin": "written for this project by sluicegate.golden.json_mode_cases; no real share or strategy",
            }
        },
    }


def write(folder: Path) -> None:
    """Write the set and its manifest into `folder`."""
    lines = "".join(json.dumps(case, ensure_ascii=False, sort_keys=True) + "\n" for case in cases()).encode()
    folder.joinpath("json_mode.jsonl").write_bytes(lines)
    said = json.dumps(manifest(lines), indent=2, sort_keys=True) + "\n"
    folder.joinpath("json_mode.manifest.json").write_text(said, encoding="utf-8")


if __name__ == "__main__":
    write(Path(__file__).parent)
