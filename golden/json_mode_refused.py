"""Cases of what may not be run: refused, asked for once more, then written the old way or left."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from sluicegate.golden.json_mode_world import Case, Strategy, World, backtest, code, one, text

__all__ = ["refused"]

_BOUNDS: tuple[tuple[str, str, float, float], ...] = (
    ("momentum", "window_days", 5, 250),
    ("momentum", "top", 1, 50),
    ("mean_reversion", "window_days", 3, 60),
    ("mean_reversion", "entry_z", 0.5, 4),
    ("breakout", "channel_days", 10, 120),
    ("breakout", "exit_days", 5, 60),
    ("low_volatility", "window_days", 20, 250),
    ("low_volatility", "top", 1, 50),
    ("dividend_growth", "years", 1, 10),
    ("dividend_growth", "min_yield", 0, 0.15),
)
"""Template, parameter, and the bounds that the library gives it, both allowed."""
_UNKNOWN = ("turtle", "momentun", "Momentum", "pairs_trading", "mean-reversion", "dividend")
_UNUSABLE_CODE = (
    ("import", "import os\n\ndef strategy(data):\n    return data.close > 0\n"),
    ("import-inside", "def strategy(data):\n    from pathlib import Path\n    return data.close > 0\n"),
    ("torn", "def strategy(data):\n    mean = data.close.rolling(20).mean(\n"),
    ("words", "Buy whatever rose most over the last quarter, and hold it."),
    ("two", "def strategy(data):\n    return rank(data)\n\ndef rank(data):\n    return data.close.rank(axis=1) < 9\n"),
    ("shift", "def strategy(data):\n    return data.close.shift(-1) > data.close\n"),
    ("shift-named", "def strategy(data):\n    return data.close.pct_change().shift(periods=-5) > 0.02\n"),
    ("centred", "def strategy(data):\n    return data.close > data.close.rolling(21, center=True).mean()\n"),
    ("filled", "def strategy(data):\n    return data.close.bfill().rank(axis=1, ascending=False) <= 12\n"),
)
"""What must not be handed to the backtest: nothing to run, or a look at what comes after."""


def refused(world: World) -> Iterator[Case]:
    """All of them, in the order of the file."""
    yield from _bounds(world)
    yield from _not_json(world)
    yield from _not_allowed(world)
    yield from _told(world)
    yield from _given_up(world)
    yield from _bad_code(world)


def _bounds(world: World) -> Iterator[Case]:
    """Each parameter at both of its bounds, and just beyond them."""
    for number, (template, name, low, high) in enumerate(_BOUNDS, 1):
        step = 0.01 if name in ("entry_z", "min_yield") else 1
        for side, value, beyond in (("low", low, round(low - step, 4)), ("high", high, round(high + step, 4))):
            where = f"{number:02d}-{side}-{name.replace('_', '-')}"
            job = world.job()
            made = _with(world.strategy(job, template), name, value)
            yield one(f"bound-{where}", "bound", job, [text(made)], mode="json", strategy=made, tried=backtest(number))
            yield _mended(world, f"beyond-{where}", "out-of-range", {name: beyond}, template)
    yield _mended(world, "beyond-21-part-window-days", "out-of-range", {"window_days": 20.5}, "momentum")
    yield _mended(world, "beyond-22-part-top", "out-of-range", {"top": 7.25}, "low_volatility")


def _mended(world: World, name: str, tag: str, parameters: dict[str, Any], template: str | None = None) -> Case:
    """The first answer has those parameters; the second one is sound."""
    job = world.job()
    made = world.strategy(job, template)
    return _twice(name, tag, job, text({**made, "parameters": {**made["parameters"], **parameters}}), made)


def _twice(name: str, tag: str, job: Case, first: str, made: Strategy) -> Case:
    """What is refused is asked for once more; what the model writes then is what is run."""
    number = int(job["id"].rpartition("-")[2])
    return one(name, tag, job, [first, text(made)], mode="json", strategy=made, tried=backtest(number))


def _with(made: Strategy, name: str, value: float) -> Strategy:
    return {**made, "parameters": {**made["parameters"], name: value}}


def _not_json(world: World) -> Iterator[Case]:
    """Nearly JSON. Only a fence around all of it is taken off; nothing is mended, guessed or searched for."""
    # Each is the sound strategy of its job, spoiled: torn where what is left closes to something plausible, …
    spoiled: tuple[tuple[str, Callable[[Strategy], str]], ...] = (
        ("torn-at-end", lambda made: text(made)[:-1]),
        ("torn-in-number", lambda made: text({**made, "stop_loss": 0.25})[:-2]),
        ("torn-before-last", lambda made: text({**made, "stop_loss": 0.25}).rpartition(",")[0]),
        ("torn-early", lambda made: text(made)[: len(text(made)) // 2]),
        ("template-twice", lambda made: text(made)[:-1] + f', "template": "{made["template"]}"}}'),
        ("rebalance-twice", lambda made: '{"rebalance": "weekly", ' + text(made)[1:]),
        ("lag-twice", lambda made: text(made)[:-1] + ', "trade_lag_days": 5}'),
        ("stop-loss-twice", lambda made: text(made)[:-1] + ', "stop_loss": 0.5, "stop_loss": 0.01}'),
        ("decided-twice", lambda made: text({**made, "decide_on": "close"})[:-1] + ', "decide_on": "open"}'),
        ("parameter-twice", lambda made: text(made).replace('"parameters": {', '"parameters": {"top": 3, "top": 4, ')),
        ("not-a-number", lambda made: text({**made, "stop_loss": float("nan")})),
        ("words-before", lambda made: f"Here is the strategy you asked for: {text(made)}"),
        ("words-behind", lambda made: f"{text(made)}\nIt did well in the last ten years."),
        ("two-objects", lambda made: f"{text(made)}\n{text({**made, 'rebalance': 'weekly'})}"),
        ("single-quotes", str),
        ("comma-at-end", lambda made: text(made)[:-1] + ",}"),
    )
    for number, (word, spoil) in enumerate(spoiled, 1):
        job = world.job()
        made = world.strategy(job)
        yield _twice(f"not-json-{number:03d}-{word}", "not-json", job, spoil(made), made)
    for number, fence in enumerate(("```json\n{}\n```", "```\n{}\n```", "\n```json\n{}```\n"), 1):
        job = world.job()
        made = world.strategy(job)
        written = fence.replace("{}", json.dumps(made, indent=2))
        yield one(f"fenced-{number:03d}", "fenced", job, [written], mode="json", strategy=made, tried=backtest(number))


def _not_allowed(world: World) -> Iterator[Case]:
    """JSON that is no strategy of the library, and strategies that look ahead."""
    for number, template in enumerate(_UNKNOWN, 1):
        job = world.job()
        made = world.strategy(job)
        yield _twice(f"unknown-{number:03d}", "unknown-template", job, text({**made, "template": template}), made)
    for number in range(1, 6):
        job = world.job()
        made = world.strategy(job, decide_on="close", trade_lag_days=1)
        yield _twice(f"ahead-{number:03d}", "look-ahead", job, text({**made, "trade_lag_days": 0}), made)
    for number in range(1, 4):
        job = world.job()
        made = world.strategy(job, decide_on="open", trade_lag_days=0)
        name = f"ahead-{number + 5:03d}-open"
        yield one(name, "look-ahead", job, [text(made)], mode="json", strategy=made, tried=backtest(number))
    changes: tuple[tuple[str, dict[str, Any]], ...] = (
        ("key-beside", {"leverage": 3}),
        ("key-of-service", {"start_capital": 5_000_000}),
        ("word-for-number", {"trade_lag_days": "1"}),
        ("rebalance-daily", {"rebalance": "daily"}),
        ("stop-loss-zero", {"stop_loss": 0}),
        ("parameters-list", {"parameters": [60, 10]}),
        ("no-parameters", {"parameters": {}}),
        ("lag-six", {"trade_lag_days": 6}),
    )
    for number, (word, changed) in enumerate(changes, 1):
        job = world.job()
        made = world.strategy(job)
        yield _twice(f"shape-{number:03d}-{word}", "misshapen", job, text({**made, **changed}), made)
    yield _mended(world, "shape-009-parameter-beside", "misshapen", {"leverage": 3})
    job = world.job()
    made = world.strategy(job)
    yield _twice("shape-010-list", "misshapen", job, json.dumps([made]), made)


def _told(world: World) -> Iterator[Case]:
    """What is asked the second time shows the first answer, or the model can only guess again."""
    for number, left_out in enumerate(("template", "parameters", "rebalance", "decide_on", "trade_lag_days") * 2, 1):
        job = world.job()
        made = world.strategy(job)
        first = text({key: value for key, value in made.items() if key != left_out})
        case = _twice(f"told-{number:03d}-no-{left_out.replace('_', '-')}", "asked-again", job, first, made)
        case["expect"]["model_sees"] = [first]
        yield case


def _given_up(world: World) -> Iterator[Case]:
    """JSON that is refused twice: the old way where that is allowed, and level 0 where it is not."""
    for number in range(1, 9):
        job, program = world.job(), code(number + 20)
        bad = text({**world.strategy(job), "template": f"best_of_{number}"})
        replies = [bad, bad[: 40 + number], program]
        case = one(
            f"given-up-{number:03d}", "fallback-to-code", job, replies,
            mode="full_code", program=program, tried=backtest(number),
        )  # fmt: skip
        case["expect"]["must"].append({"field": "route", "equals": "full_code"})
        case["expect"]["calls"] = [{"target": "model", "least": 3, "most": 3}]
        yield case
    for number in range(1, 6):
        job = world.job(fallback_to_full_code=False)
        bad = text({**world.strategy(job), "trade_lag_days": 7 + number})
        replies = [bad, "I have no better idea."]
        yield one(f"left-{number:03d}", "no-fallback", job, replies, mode="json", tried=None, level="LEVEL_0")


def _bad_code(world: World) -> Iterator[Case]:
    """Programs that may not be run, the old way's own and those of a fallback."""
    for number, (word, program) in enumerate(_UNUSABLE_CODE, 1):
        job = world.job(from_library=False)
        name = f"code-{number:03d}-{word}"
        yield one(name, "unusable-code", job, [program], mode="full_code", tried=None, level="LEVEL_0")
