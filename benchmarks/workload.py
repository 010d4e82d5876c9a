"""The one workload of the overhead benchmarks: an echo pipeline and three checks, bare or through `evaluate`."""

from __future__ import annotations

import asyncio
import re
import sys
import time
from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator

SCHEMA = {
    "type": "object",
    "required": ["id", "text", "score", "items"],
    "additionalProperties": False,
    "properties": {
        "id": {"type": "string"},
        "text": {"type": "string", "maxLength": 400},
        "score": {"type": "number", "minimum": 0, "maximum": 1},
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["sku", "count"],
                "properties": {"sku": {"type": "string", "pattern": "^[A-Z]{2}-"}, "count": {"type": "integer"}},
            },
        },
    },
}
ITEMS = [{"sku": "AB-1", "count": 1}, {"sku": "CD-2", "count": 2}]
_VALIDATOR = Draft202012Validator(SCHEMA)
_FORBIDDEN = re.compile(r"\b(password|secret|api[_-]?key)\b", re.IGNORECASE)


def valid(case: Any, output: Any) -> bool:
    return next(_VALIDATOR.iter_errors(_structured(output)), None) is None


def clean(case: Any, output: Any) -> bool:
    return _FORBIDDEN.search(_structured(output)["text"]) is None


def quotes(case: Any, output: Any) -> bool:
    return "order" in _structured(output)["text"]


CHECKS = [valid, clean, quotes]


def _structured(output: Any) -> Any:
    return output if isinstance(output, dict) else output.structured


def cases(count: int) -> Iterator[dict[str, Any]]:
    for index in range(count):
        yield {"id": f"c{index}", "input": {"n": index, "text": f"Where is my order {index}? " * 6}}


def make_echo(delay_s: float) -> Any:
    async def echo(input: dict[str, Any]) -> dict[str, Any]:  # noqa: A002 - the public name of the argument
        if delay_s:
            await asyncio.sleep(delay_s)
        return answered(input)

    return echo


def answered(given: dict[str, Any]) -> dict[str, Any]:
    return {"id": str(given["n"]), "text": given["text"], "score": 0.5, "items": ITEMS}


async def bare(count: int, delay_s: float, concurrency: int) -> int:
    """The floor: a worker pool that does the same calls and checks and keeps nothing."""
    echo, source, failed = make_echo(delay_s), cases(count), 0

    async def worker() -> None:
        nonlocal failed
        for case in source:
            output = await echo(case["input"])
            failed += sum(not check(case, output) for check in CHECKS)

    await asyncio.gather(*(worker() for _ in range(concurrency)))
    return failed


def main(mode: str, count: int, delay_s: float, concurrency: int, ledger: str) -> None:
    if mode == "bare":
        print(asyncio.run(bare(count, delay_s, concurrency)))
        return
    import sluicegate

    if mode == "timed":
        # The first call pays for what is done once; the second is what a run costs.
        sluicegate.evaluate(make_echo(0), cases(concurrency), CHECKS, concurrency=concurrency)
        started = time.perf_counter()
        sluicegate.evaluate(make_echo(delay_s), cases(count), CHECKS, concurrency=concurrency, ledger=ledger or None)
        print(time.perf_counter() - started)
        return
    report = sluicegate.evaluate(
        make_echo(delay_s), cases(count), CHECKS, concurrency=concurrency, ledger=ledger or None
    )
    assert report.counts.scored == count, report.counts
    print(len(report.failures))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]), sys.argv[5] if len(sys.argv) > 5 else "")
