"""What a vendor's client sends to the vendor's own address is answered at the double's: only the base URL differs."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import openai
import pytest
import respx
from google import genai
from google.genai import types

from sluicegate.model import ModelScript

sys.path.insert(0, str(Path(__file__).parent))
from doubles_world import Opened, a_case, opened

sys.path.pop(0)

REPLY = "Your order is under way."
OPENAI, GEMINI = "https://api.openai.com/v1", "https://generativelanguage.googleapis.com"
_CHAT = [{"role": "user", "content": "Where is it?"}]


@asynccontextmanager
async def intercepted(vendor: str, variable: str) -> AsyncIterator[tuple[Opened, respx.Router]]:
    """Requests to the vendor end here: each goes to the double of a run, the rest of its address unchanged."""
    async with opened(a_case(model=ModelScript(replies=(REPLY,)))) as world, aiohttp.ClientSession() as session:

        async def forwarded(request: httpx.Request) -> httpx.Response:
            rest = str(request.url).removeprefix(vendor)
            headers = {"content-type": request.headers.get("content-type", "")}
            url = f"{world.urls[variable]}{rest}"
            async with session.request(request.method, url, data=request.content, headers=headers) as answer:
                kind = {"content-type": answer.headers["content-type"]}
                return httpx.Response(answer.status, content=await answer.read(), headers=kind)

        with respx.mock(assert_all_mocked=True) as router:
            router.route(url__startswith=vendor).mock(side_effect=forwarded)
            yield world, router


async def chat(ours: openai.AsyncOpenAI) -> str:
    answer = await ours.chat.completions.create(model="gpt-4o", messages=_CHAT)  # type: ignore[arg-type]
    return answer.choices[0].message.content or ""


async def streamed(ours: openai.AsyncOpenAI) -> str:
    answer = await ours.chat.completions.create(model="gpt-4o", messages=_CHAT, stream=True)  # type: ignore[arg-type]
    return "".join([piece.choices[0].delta.content or "" async for piece in answer if piece.choices])


async def response(ours: openai.AsyncOpenAI) -> str:
    return (await ours.responses.create(model="gpt-4o", input="Where is it?")).output_text


@pytest.mark.parametrize("ask", [chat, streamed, response])
@pytest.mark.asyncio
async def test_openai_s_address_and_ours_differ_in_the_base_alone(ask: Callable[..., Awaitable[str]]) -> None:
    """Path and body as the client writes them for the vendor."""
    async with intercepted(OPENAI, "OPENAI_BASE_URL") as (world, router), httpx.AsyncClient() as plain:
        ours = openai.AsyncOpenAI(api_key="none", base_url=OPENAI, http_client=plain, max_retries=0)

        assert await ask(ours) == REPLY
        assert router.calls.call_count == 1
        (seen,) = world.details()
        assert (seen["protocol"].partition(".")[0], seen["status"]) == ("openai", 200)


@pytest.mark.asyncio
async def test_google_s_address_and_ours_differ_in_the_base_alone() -> None:
    """The version is part of the path that the client adds to either."""
    async with intercepted(GEMINI, "GOOGLE_GEMINI_BASE_URL") as (world, router), httpx.AsyncClient() as plain:
        options: Any = types.HttpOptions(httpx_async_client=plain)
        ours = genai.Client(api_key="none", http_options=options)

        answer = await ours.aio.models.generate_content(model="gemini-2.5-flash", contents="Where is it?")

        assert answer.text == REPLY
        assert router.calls.call_count == 1
        (seen,) = world.details()
        assert seen["status"] == 200
        ours.close()
