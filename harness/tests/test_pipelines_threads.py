"""A sync call that is broken off goes no further, as an async one that is cancelled, and its thread is free again."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from sluicegate.model import Case, RunContext
from sluicegate.pipelines.callable import CallablePipeline

pytestmark = pytest.mark.asyncio
CONTEXT = RunContext(run_id="0" * 16, traceparent="")


async def broken_off(pipeline: CallablePipeline, text: str, after: threading.Event) -> None:
    """Begin a call, and cancel it once it has come to `after`."""
    task = asyncio.create_task(pipeline.call(Case(id=text, input=text), CONTEXT))
    while not after.is_set():
        await asyncio.sleep(0.001)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_sync_call_that_is_broken_off_remembers_nothing_after_it() -> None:
    """What it does once it has written is not done: else a store that is written last looks proof against a crash."""
    written = threading.Event()
    remembered: list[str] = []
    released: list[str] = []

    def draft(text: str) -> str:
        try:
            written.set()
            time.sleep(0.1)
            remembered.append(text)
        finally:
            released.append(text)
        return text

    pipeline = CallablePipeline(draft)
    await broken_off(pipeline, "first", written)
    await asyncio.sleep(0.3)

    assert (remembered, released) == ([], ["first"])
    assert (await pipeline.call(Case(id="again", input="again"), CONTEXT)).content == "again"
    assert remembered == ["again"]
    await pipeline.aclose()


async def test_a_call_that_ends_as_it_is_broken_off_leaves_its_thread_to_the_next_one_unharmed() -> None:
    """The exception of one call never comes up in another, however close they are."""
    begun = threading.Event()

    def draft(text: str) -> str:
        begun.set()
        return text

    pipeline = CallablePipeline(draft, threads=1)
    for number in range(200):
        begun.clear()
        await broken_off(pipeline, "x", begun)
        assert (await pipeline.call(Case(id="n", input=str(number)), CONTEXT)).content == str(number)
    assert pipeline.notes() == ()
    await pipeline.aclose()
