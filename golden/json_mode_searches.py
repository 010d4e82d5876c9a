"""Cases of several iterations of one search: what may come from the cache, and a probability that rises."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sluicegate.golden.json_mode_world import FIRST, Case, Job, Strategy, World, backtest, code, draw, text

__all__ = ["searches"]


def searches(world: World) -> Iterator[Case]:
    """All of them, in the order of the file."""
    yield from _the_same(world)
    yield from _not_the_same(world)
    yield from _not_kept(world)
    yield from _rising(world)


def _search(
    name: str, tag: str, jobs: Sequence[Job], replies: Sequence[str], *, backtests: int, level: str | None = "LEVEL_3"
) -> Case:
    """Iterations one after the other, and how many backtests they may and must take together."""
    versions = sorted({job["data_version"] for job in jobs})
    results = [
        {"tool": "backtest", "arguments": {"data_version": version}, "result": backtest(number * 17 + len(name))}
        for number, version in enumerate(versions)
    ]
    return {
        "id": name,
        "tags": [tag],
        "slice": jobs[0]["universe"],
        "needs": ["job", "model", "tools"],
        "given": {"inputs": list(jobs), "model": {"replies": list(replies)}, "tool_results": results},
        "expect": {
            "outcome": "answer",
            "model_order": [FIRST],
            "calls": [{"target": "tool:backtest", "least": backtests, "most": backtests}],
            "must": [] if level is None else [{"field": "structured.level", "equals": level}],
        },
    }


def _alike(world: World, first: Job, **changed: Any) -> Job:
    """Another iteration of the same search, on the same universe and data unless that is what changes."""
    return {**world.job(**changed.pop("settings", {})), "universe": first["universe"],
            "data_version": first["data_version"], **changed}  # fmt: skip


def _the_same(world: World) -> Iterator[Case]:
    """One backtest for however many iterations that propose the same."""
    for number in range(1, 5):
        first = world.job()
        made = world.strategy(first)
        jobs = [first, *(_alike(world, first) for _ in range(number))]
        yield _search(f"same-{number:03d}", "cache-hit", jobs, [text(made)] * len(jobs), backtests=1)
    for number in range(5, 8):
        first = world.job()
        made = world.strategy(first)
        turned: Strategy = dict(reversed(made.items()))
        turned["parameters"] = dict(reversed(made["parameters"].items()))
        jobs = [first, _alike(world, first)]
        yield _search(f"same-{number:03d}-other-order", "cache-hit", jobs, [text(made), text(turned)], backtests=1)


def _not_the_same(world: World) -> Iterator[Case]:
    """A backtest each, where anything differs that its numbers depend on."""
    for number in range(1, 4):
        first = world.job()
        made = text(world.strategy(first))
        other = next(name for name in ("us-large", "eu-mid", "tw-tech") if name != first["universe"])
        jobs = [first, _alike(world, first, universe=other)]
        yield _search(f"universe-{number:03d}", "cache-universe", jobs, [made, made], backtests=2)
    for number in range(1, 4):
        first = world.job()
        made = text(world.strategy(first))
        jobs = [first, _alike(world, first, data_version=f"2025-12-{number:02d}"), _alike(world, first)]
        yield _search(f"data-{number:03d}", "cache-data-version", jobs, [made] * 3, backtests=2)
    changes: tuple[dict[str, Any], ...] = (
        {"parameters": {"window_days": 61, "top": 10}},
        {"parameters": {"window_days": 60, "top": 11}},
        {"rebalance": "quarterly"},
        {"decide_on": "open"},
        {"trade_lag_days": 3},
        {"stop_loss": 0.09},
        {"template": "low_volatility"},
    )
    for number, changed in enumerate(changes, 1):
        first = world.job()
        whole: Strategy = {
            "template": "momentum", "parameters": {"window_days": 60, "top": 10}, "rebalance": "monthly",
            "decide_on": "close", "trade_lag_days": 1, "stop_loss": 0.08,
        }  # fmt: skip
        jobs, word = [first, _alike(world, first)], next(iter(changed)).replace("_", "-")
        replies = [text(whole), text({**whole, **changed})]
        yield _search(f"field-{number:03d}-{word}", "cache-field", jobs, replies, backtests=2)


def _not_kept(world: World) -> Iterator[Case]:
    """No cache for programs, none where it is switched off, and none for a backtest that failed."""
    for number in range(1, 3):
        first = world.job(from_library=False)
        jobs = [first, _alike(world, first, from_library=False)]
        yield _search(f"code-again-{number:03d}", "cache-off", jobs, [code(number)] * 2, backtests=2)
    for number in range(1, 3):
        first = world.job(template_cache_enabled=False)
        made = text(world.strategy(first))
        jobs = [first, _alike(world, first, settings={"template_cache_enabled": False})]
        yield _search(f"no-cache-{number:03d}", "cache-off", jobs, [made] * 2, backtests=2)
    for number in range(1, 3):
        first = world.job()
        made = text(world.strategy(first))
        jobs = [first, _alike(world, first)]
        case = _search(f"failed-{number:03d}", "cache-failed", jobs, [made] * 2, backtests=2, level=None)
        case["given"]["faults"] = [
            {"kind": "server_error", "status": 500 + 3 * number, "target": "tool:backtest", "on_call": 1}
        ]
        # The first has no numbers; whatever it says, no level without them is the highest.
        case["expect"]["must_not"] = [{"field": "structured.level", "matches": "LEVEL_[02]"}]
        yield case


def _rising(world: World) -> Iterator[Case]:
    """An iteration that is written as JSON stays with it while the probability rises; the others come over in turn."""
    low, high, number = 0, 0, 0
    shares: tuple[float, ...]
    while low < 5 or high < 5:
        job = world.job(probability=0.5)
        at = draw(job["id"])
        if at < 0.2 and low < 5:
            low, mode, shares = low + 1, "json", (0.2, 0.5, 0.8, 0.95)
        elif at >= 0.8 and high < 5:
            high, mode, shares = high + 1, "full_code", (0.2, 0.5, 0.8)
        else:
            continue
        number += 1
        settings = job["settings"]
        jobs = [{**job, "settings": {**settings, "json_mode_probability": share}} for share in shares]
        reply = text(world.strategy(job)) if mode == "json" else code(number)
        name = f"rising-{number:03d}-{mode.replace('_', '-')}"
        case = _search(name, "rising", jobs, [reply] * len(jobs), backtests=1 if mode == "json" else len(jobs))
        case["expect"]["must"].append({"field": "structured.mode", "equals": mode})
        case["expect"]["arms"] = [mode]
        yield case
