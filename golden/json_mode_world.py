"""The iterations of the json-mode set: jobs, what the model writes, and what the backtest service answers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, TypeAlias

__all__ = [
    "BACKUP", "FIRST", "UNIVERSES", "Case", "Job", "Strategy", "World", "backtest", "code", "draw", "one", "text"
]  # fmt: skip

Case: TypeAlias = dict[str, Any]
Job: TypeAlias = dict[str, Any]
Strategy: TypeAlias = dict[str, Any]

FIRST, BACKUP = "gemini-2.5-flash", "gpt-4o-mini"
UNIVERSES = ("us-large", "eu-mid", "tw-tech")
_GOALS = (
    "few trades, shallow drawdowns", "what rose goes on rising", "buy what fell too far", "steady payers of dividends",
    "quiet shares in loud markets", "new highs on heavy volume", "a book that turns over once a quarter",
    "losses cut early, winners left alone",
)  # fmt: skip
_NOTES = (
    "Windows under ten days lost to costs.", "A stop loss of 2 % sold at every dip.", "Weekly turnover ate the profit.",
    "Five shares were too few.",
)  # fmt: skip
_REBALANCE = ("weekly", "monthly", "quarterly")
_PARAMETERS: Mapping[str, Mapping[str, Sequence[float]]] = {
    "momentum": {"window_days": (20, 60, 120, 180, 250), "top": (5, 10, 20, 35, 50)},
    "mean_reversion": {"window_days": (3, 5, 10, 20, 60), "entry_z": (0.5, 1.5, 2, 2.25, 4)},
    "breakout": {"channel_days": (10, 20, 55, 90, 120), "exit_days": (5, 10, 20, 40, 60)},
    "low_volatility": {"window_days": (20, 60, 90, 120, 250), "top": (1, 8, 15, 30, 50)},
    "dividend_growth": {"years": (1, 3, 5, 7, 10), "min_yield": (0, 0.02, 0.035, 0.06, 0.15)},
}
TEMPLATES = tuple(_PARAMETERS)


class World:
    """Makes the jobs of one set, each with its own number, and a strategy for each."""

    def __init__(self) -> None:
        self._number = 0

    def job(self, *, probability: float = 1.0, from_library: bool = True, **settings: Any) -> Job:
        """An iteration. Without settings it is one of the first stage: JSON for what is in the library."""
        self._number += 1
        number = self._number
        scope = "template_library" if probability == 1.0 else "all"
        notes = [_NOTES[number % len(_NOTES)]] if number % 3 else []
        return {
            "id": f"iteration-{number:05d}",
            "goal": _GOALS[number % len(_GOALS)],
            "universe": UNIVERSES[number % 3],
            "data_version": f"2025-11-{number % 28 + 1:02d}",
            "from_library": from_library,
            **({"learned": notes} if notes else {}),
            "settings": {
                "json_mode_enabled": True,
                "json_mode_scope": scope,
                "json_mode_probability": probability,
                "fallback_to_full_code": True,
                "template_cache_enabled": True,
                **settings,
            },
        }

    def strategy(self, job: Job, template: str | None = None, **changed: Any) -> Strategy:
        """A sound strategy of the library, another one for nearly every iteration."""
        number = int(job["id"].rpartition("-")[2])
        template = template or TEMPLATES[number % len(TEMPLATES)]
        names = _PARAMETERS[template]
        picked = {name: values[(number // 5 + 2 * at * number) % 5] for at, (name, values) in enumerate(names.items())}
        made = {
            "template": template,
            "parameters": picked,
            "rebalance": _REBALANCE[number // 2 % 3],
            "decide_on": "open" if number % 7 == 3 else "close",
            "trade_lag_days": 1 + number % 2,
        }
        if number % 4 != 1:
            made["stop_loss"] = (0.05, 0.08, 0.12, 0.2)[number % 4]
        return {**made, **changed}


def draw(iteration: str) -> float:
    """The draw that the team has agreed on: the first eight bytes of SHA-256 over name, zero byte and iteration id."""
    return int(sha256(f"json_mode_probability\0{iteration}".encode()).hexdigest()[:16], 16) / (1 << 64)


def text(strategy: Strategy) -> str:
    """As the model writes it."""
    return json.dumps(strategy)


def code(number: int) -> str:
    """A program that reads the past alone."""
    window, top = (20, 40, 60, 90, 130)[number % 5], 4 + number % 17
    ranked = (
        f"data.close.pct_change({window}).shift(1).rank(axis=1, ascending=False)",
        f"data.close.pct_change().rolling({window}).std().shift(1).rank(axis=1)",
        f"(data.close / data.close.rolling({window}).mean()).shift(1).rank(axis=1)",
    )[number % 3]
    return f"def strategy(data):\n    ranked = {ranked}\n    return ranked <= {top}\n"


def backtest(number: int) -> dict[str, Any]:
    """What a strategy that earns something gets back."""
    sharpe = round(0.05 + (number * 7 % 60) / 100, 2)
    return {"sharpe": sharpe, "total_return": round(sharpe * 0.11 + 0.004, 4), "trades": 12 + number % 90}


def one(
    name: str,
    tag: str,
    job: Job,
    replies: Sequence[str],
    *,
    mode: str,
    tried: Mapping[str, Any] | None,
    level: str = "LEVEL_3",
    strategy: Strategy | None = None,
    program: str | None = None,
) -> Case:
    """One iteration as a case: what the model writes in turn, and all that must come of it.

    `tried` is what the backtest service answers; None: it is not to be asked.
    """
    must: dict[str, Any] = {
        "structured.iteration": job["id"],
        "structured.mode": mode,
        "structured.level": level,
    }
    if strategy is not None:
        must["structured.strategy"] = strategy
    if program is not None:
        must["structured.code"] = program
    if tried is not None:
        must |= {f"structured.backtest.{key}": value for key, value in tried.items() if value is not None}
    return {
        "id": name,
        "tags": [tag],
        "slice": job["universe"],
        "needs": ["job", "model", "tools"],
        "given": {
            "job": job,
            "model": {"replies": list(replies)},
            "tool_results": [] if tried is None else [{"tool": "backtest", "result": dict(tried)}],
        },
        "expect": {
            "outcome": "answer",
            "model_order": [FIRST],
            "arms": [],
            "calls": [{"target": "tool:backtest", "most": 0}] if tried is None else [],
            "limits": {"latency_ms": 6_000, "tokens": 6_000, "cost_microusd": 10_000},
            "must": [{"field": field, "equals": value} for field, value in must.items()],
        },
    }
