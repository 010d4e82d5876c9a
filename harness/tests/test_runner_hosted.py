"""Calls of a callable's own process, begun by the runner: no task and no future each, and the same end as any call."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from sluicegate.model import Case, CrashKind, Trial
from sluicegate.pipelines.remote import HostedCallable
from sluicegate.runner import drive

pytestmark = pytest.mark.asyncio

_SHOP = """
import asyncio, os, sys
SEEN = []

async def draft(text):
    SEEN.append(text)
    if text == "die": os._exit(7)
    if text == "stop the loop": asyncio.get_running_loop().call_soon(sys.exit, 5); await asyncio.sleep(60)
    if text == "hang": await asyncio.sleep(60)
    if text == "note": await noted()
    if text == "raise": raise ValueError("bad text")
    if text == "quit": sys.exit(3)
    if text == "give up": raise asyncio.CancelledError
    if text == "mapping": return {"content": "c", "structured": {"n": 1}, "latency_ms": 9000.0}
    await asyncio.sleep(0.2 if text == "slow" else 0)
    return " ".join(SEEN) if text == "seen" else text

async def noted():
    open("begun", "w").close()
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        open("cancelled", "w").close()
        raise

def sync(text): return text
"""


class _Memory:
    """A recorder that keeps the trials."""

    def __init__(self) -> None:
        self.trials: dict[str, Trial] = {}

    def intend(self, case: Case, repeat: int, run_id: str) -> None:
        """Nothing is kept of it."""

    def record(self, trial: Trial, run_id: str) -> None:
        self.trials[trial.case.id] = trial


async def driven(folder: Path, *texts: str, attribute: str = "draft", **options: Any) -> dict[str, Trial]:
    """The trials of one run, by text."""
    (folder / "hosted_shop.py").write_text(_SHOP)
    pipeline = HostedCallable(f"hosted_shop:{attribute}", base=folder, **options)
    memory = _Memory()
    await pipeline.open()
    try:
        await drive(pipeline, [(Case(id=text, input=text), 0) for text in texts], recorder=memory, nonce="n")
    finally:
        await pipeline.aclose()
    return memory.trials


async def test_what_a_call_ends_with_is_the_same_however_it_was_begun(tmp_path: Path) -> None:
    """Texts, mappings, and whatever user code raises: each ends alone, as the crash it is, timed in its process."""
    texts = ("a", "slow", "mapping", "raise", "quit", "give up")
    trials = await driven(tmp_path, *texts)
    asked = HostedCallable("hosted_shop:draft", base=tmp_path)
    awaited = {text: await asked.call(trials[text].case, _context()) for text in texts}
    await asked.aclose()

    for text in texts:
        (output,) = trials[text].outputs
        assert (output.content, output.structured, output.error) == (
            awaited[text].content,
            awaited[text].structured,
            awaited[text].error,
        )
        assert output.latency_ms is not None
    assert trials["slow"].output.latency_ms > 150
    assert trials["mapping"].output.latency_ms < 2000, "what a pipeline says of its own speed is no measurement"


async def test_a_time_out_is_one_call_s_own(tmp_path: Path) -> None:
    """The others go on, and its time is the time it took."""
    trials = await driven(tmp_path, "hang", "a", "slow", timeout_s=0.5)

    assert trials["hang"].output.error.kind is CrashKind.TIMEOUT
    assert trials["hang"].output.latency_ms >= 450
    assert [trials[text].output.content for text in ("a", "slow")] == ["a", "slow"]


@pytest.mark.parametrize("text", ["die", "stop the loop"])
async def test_a_process_that_ends_is_a_crash_of_every_call_in_flight(tmp_path: Path, text: str) -> None:
    """Answered by nobody: none of them is a time-out, a cancellation, or lost."""
    trials = await driven(tmp_path, "slow", "hang", text)

    kinds = {name: trial.output.error.kind for name, trial in trials.items()}
    assert kinds == dict.fromkeys(["slow", "hang", text], CrashKind.DIED)


async def test_an_input_that_is_no_json_is_not_sent(tmp_path: Path) -> None:
    """It says so for its case alone."""
    (tmp_path / "hosted_shop.py").write_text(_SHOP)
    pipeline, memory = HostedCallable("hosted_shop:draft", base=tmp_path), _Memory()
    cases = [Case(id="set", input={"a": {1}}), Case(id="a", input="a")]
    await pipeline.open()
    await drive(pipeline, [(case, 0) for case in cases], recorder=memory, nonce="n")
    await pipeline.aclose()

    assert memory.trials["set"].output.error.kind is CrashKind.NOT_SENT
    assert memory.trials["a"].output.content == "a"


async def test_a_call_that_is_given_up_is_cancelled_in_its_process(tmp_path: Path) -> None:
    """At once, while the process goes on; and it never lands."""
    (tmp_path / "hosted_shop.py").write_text(_SHOP)
    pipeline, landed = HostedCallable("hosted_shop:draft", base=tmp_path), list[Any]()
    await pipeline.open()
    running = pipeline.begin_now(Case(id="note", input="note"), _context(), lambda *told: landed.append(told))
    assert running is not None
    await _until((tmp_path / "begun").exists)
    running.cancel()
    await _until((tmp_path / "cancelled").exists)
    await pipeline.aclose()

    assert landed == []


async def _until(holds: Any) -> None:
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.02)


async def test_a_function_without_async_is_called_on_its_threads(tmp_path: Path) -> None:
    """It has no task to be begun; it answers all the same."""
    trials = await driven(tmp_path, "a", "b", attribute="sync")

    assert [trial.output.content for trial in trials.values()] == ["a", "b"]


def _context() -> Any:
    from sluicegate.model import RunContext

    return RunContext(run_id="ab" * 8, traceparent="00-ab", endpoints={}, now=None, delivery=0, repeat=0)
