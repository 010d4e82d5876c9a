"""Who hangs up on a stream: before the answer is whole it was left; after that it was heard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from sluicegate.doubles import Doubles, Latencies
from sluicegate.model import Case, Fault, Given, ModelScript

RUN = "00112233445566aa"
SLOW = Fault(kind="slow_stream", gap_ms=40)
CHAT = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "Hello"}]}
WAYS: dict[str, tuple[str, str, dict[str, Any], str]] = {
    "openai": ("OPENAI_BASE_URL", "/chat/completions", CHAT, '"finish_reason":"'),
    "openai with usage": (
        "OPENAI_BASE_URL", "/chat/completions", {**CHAT, "stream_options": {"include_usage": True}}, '"finish_reason":"'
    ),
    "anthropic": ("ANTHROPIC_BASE_URL", "/v1/messages", {**CHAT, "max_tokens": 50}, '"stop_reason":"'),
    "gemini": (
        "GOOGLE_GEMINI_BASE_URL", "/v1beta/models/m:streamGenerateContent",
        {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]}, '"finishReason":"',
    ),
    "responses": (
        "OPENAI_BASE_URL", "/responses", {"model": "m", "stream": True, "input": "Hello"}, '"type":"response.completed"'
    ),
}  # fmt: skip


@asynccontextmanager
async def opened() -> AsyncIterator[tuple[Doubles, dict[str, str]]]:
    served = Doubles(latencies=Latencies(model_ms=0, tool_ms=0, retriever_ms=0))
    await served.start()
    case = Case(id="c1", given=Given(model=ModelScript(replies=("Your order is under way.",)), faults=(SLOW,)))
    try:
        yield served, dict(served.open_run(RUN, case))
    finally:
        await served.stop()


async def read_until(urls: dict[str, str], way: str, mark: str) -> None:
    """Ask for a stream and close the connection as soon as `mark` has come."""
    variable, path, body, _ = WAYS[way]
    async with httpx.AsyncClient() as client, client.stream("POST", urls[variable] + path, json=body) as response:
        said = ""
        async for text in response.aiter_text():
            said += text
            if mark in said:
                return


@pytest.mark.asyncio
@pytest.mark.parametrize("way", WAYS)
async def test_who_has_the_whole_answer_may_hang_up_before_the_end_mark(way: str) -> None:
    """Clients close a stream once it says why it ended: usage and `[DONE]` are no part of the answer."""
    async with opened() as (served, urls):
        await read_until(urls, way, WAYS[way][3])
        await asyncio.sleep(0.2)
        (seen,) = served.close_run(RUN)

        assert "aborted" not in seen.detail


@pytest.mark.asyncio
@pytest.mark.parametrize("way", ["openai", "anthropic"])
async def test_who_hangs_up_before_the_answer_is_whole_has_left_it(way: str) -> None:
    """Its first piece is not all of it."""
    async with opened() as (served, urls):
        await read_until(urls, way, "data:")
        await asyncio.sleep(0.2)
        (seen,) = served.close_run(RUN)

        assert seen.detail["aborted"] is True


@pytest.mark.asyncio
async def test_what_was_seen_changes_no_more_once_the_run_is_closed() -> None:
    """Checks and ledger read the same record, though a caller is heard hanging up only afterwards."""
    async with opened() as (served, urls):
        await read_until(urls, "openai", "data:")
        (seen,) = served.close_run(RUN)
        before = dict(seen.detail)
        await asyncio.sleep(0.2)

        assert dict(seen.detail) == before
