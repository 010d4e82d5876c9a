"""A request that no double stands for is told, since nobody knows what it would have done."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from sluicegate.doubles import Doubles, Latencies
from sluicegate.model import Case, Observation
from sluicegate.plan.types import ToolSpec

RUN = "00112233445566aa"
TOOLS = (
    ToolSpec(name="send", method="POST", path="/send", writes=True),
    ToolSpec(name="look", method="GET", path="/look/{id}"),
)


@asynccontextmanager
async def served(told: list[tuple[str, Observation]]) -> AsyncIterator[tuple[Doubles, str]]:
    doubles = Doubles(
        tools=TOOLS,
        latencies=Latencies(model_ms=0, tool_ms=0, retriever_ms=0),
        noticed=lambda why, seen: told.append((why, seen)),
    )
    await doubles.start()
    try:
        base = doubles.open_run(RUN, Case(id="c1"))["SLUICEGATE_TOOLS_URL"].removesuffix("/tools")
        yield doubles, base
    finally:
        await doubles.stop()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/tools/refund"),
        ("DELETE", "/tools/send"),
        ("PUT", "/tools/send"),
        ("GET", "/tools/send"),
        ("POST", "/tools/look/7"),
        ("POST", "/v1/completions"),
        ("POST", "/v1/images/generations"),
        ("POST", "/v1/threads/runs"),
        ("POST", "/v1/chat/completions/"),
        ("GET", "/v1/chat/completions"),
        ("DELETE", "/v1/models/m"),
        ("POST", "/anthropic/v1/messages/batches"),
        ("GET", "/anthropic/v1/messages"),
        ("POST", "/gemini/v1beta/models/big:batchGenerateContent"),
        ("POST", "/retriever/insert"),
        ("POST", "/elsewhere"),
    ],
)
@pytest.mark.asyncio
async def test_what_no_double_stands_for_is_told_with_method_and_path(method: str, path: str) -> None:
    """Tools not declared, or declared otherwise, and endpoints of vendors that are not served."""
    told: list[tuple[str, Observation]] = []
    async with served(told) as (doubles, base), httpx.AsyncClient() as client:
        answer = await client.request(method, f"{base}{path}", json={"model": "big"})
        count = doubles.unserved

    assert answer.status_code in (404, 405)
    assert [(why, seen.action, seen.run_id) for why, seen in told] == [("unserved", f"{method} {path}", RUN)]
    assert count == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("HEAD", "/"),
        ("GET", "/v1"),
        ("GET", "/v1/models"),
        ("GET", "/v1/models/gpt-4o"),
        ("GET", "/gemini/v1beta/models"),
        ("HEAD", "/tools/"),
        ("POST", "/tools/send"),
        ("GET", "/tools/look/7"),
        ("POST", "/v1/chat/completions"),
    ],
)
@pytest.mark.asyncio
async def test_a_probe_and_what_is_served_are_not_told(method: str, path: str) -> None:
    """Who looks whether anybody is there has no effect; a record a tool does not have is its own right answer."""
    told: list[tuple[str, Observation]] = []
    async with served(told) as (doubles, base), httpx.AsyncClient() as client:
        await client.request(method, f"{base}{path}", json={"model": "m"} if method == "POST" else None)
        count = doubles.unserved

    assert told == []
    assert count == 0


@pytest.mark.asyncio
async def test_a_path_is_told_masked_however_it_is_written() -> None:
    """A path may carry an address, also percent-encoded."""
    told: list[tuple[str, Observation]] = []
    async with served(told) as (_, base), httpx.AsyncClient() as client:
        await client.post(f"{base}/tools/refund/ann.lee%40corp-mail.com", json={})

    ((_, seen),) = told
    assert "ann.lee" not in seen.action
    assert seen.action.startswith("POST /tools/refund/")


@pytest.mark.asyncio
async def test_the_first_are_told_and_all_are_counted() -> None:
    """A pipeline that loops fills no ledger."""
    told: list[tuple[str, Observation]] = []
    async with served(told) as (doubles, base), httpx.AsyncClient() as client:
        for _ in range(25):
            await client.post(f"{base}/tools/refund", json={})
        count = doubles.unserved

    assert (len(told), count) == (20, 25)
