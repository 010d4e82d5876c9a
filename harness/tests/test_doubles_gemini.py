"""Google's own client against the doubles: generateContent, whole, streamed and under every fault."""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from google import genai
from google.genai import _api_client, errors, types

from sluicegate.model import Case, Fault, ModelScript, ScriptedToolCall

sys.path.insert(0, str(Path(__file__).parent))
from doubles_world import Opened, a_case, opened

sys.path.pop(0)

# The client subclasses a class of aiohttp that does not want to be.
pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")

REPLY = "A reply that is long enough for several pieces, ümlauts included."
MODEL = "gemini-2.5-flash"
ORDER = ScriptedToolCall(name="order", arguments={"order_id": "A-17"})


@asynccontextmanager
async def client(case: Case) -> AsyncIterator[tuple[Any, Opened]]:
    async with opened(case) as world:
        options = types.HttpOptions(base_url=world.urls["GOOGLE_GEMINI_BASE_URL"])
        ours = genai.Client(api_key="none", http_options=options)
        try:
            yield ours.aio.models, world
        finally:
            await ours.aio.aclose()
            ours.close()


def scripted(*faults: Fault, reply: str = REPLY) -> Case:
    return a_case(model=ModelScript(replies=(reply,)), faults=faults)


async def streamed(models: Any, **more: Any) -> list[types.GenerateContentResponse]:
    return [c async for c in await models.generate_content_stream(model=MODEL, contents="Hello there", **more)]


@pytest.mark.asyncio
async def test_environment_variables_alone_lead_the_client_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client made without arguments finds key and address."""
    async with opened(scripted()) as world:
        for name, value in world.doubles.environment().items():
            monkeypatch.setenv(name, value)
        ours = genai.Client()
        answer = await ours.aio.models.generate_content(model=MODEL, contents="Hello there")
        await ours.aio.aclose()
        ours.close()

        assert answer.text
        assert world.doubles.unattributed == 1


@pytest.mark.asyncio
async def test_content_is_generated_with_usage() -> None:
    """System instruction and configuration are read; the answer is typed as the vendor types it."""
    config = types.GenerateContentConfig(system_instruction="Be short.", temperature=0, max_output_tokens=500)
    async with client(scripted()) as (models, world):
        answer = await models.generate_content(model=MODEL, contents="Hello there", config=config)
        counted = await models.count_tokens(model=MODEL, contents="Hello there")
        (seen,) = world.details()

        assert (answer.text, answer.candidates[0].finish_reason) == (REPLY, types.FinishReason.STOP)
        assert answer.usage_metadata.prompt_token_count == seen["input_tokens"]
        assert answer.usage_metadata.candidates_token_count == seen["output_tokens"]
        assert [part["role"] for part in seen["sections"]] == ["system", "user"]
        assert (seen["protocol"], seen["model"], seen["stream"]) == ("gemini.generate", MODEL, False)
        assert counted.total_tokens == 10


@pytest.mark.asyncio
async def test_a_stream_gives_the_reply_in_pieces_and_ends_with_its_reason() -> None:
    """Only the last piece has a finish reason and the whole usage."""
    async with client(scripted()) as (models, world):
        chunks = await streamed(models)
        (seen,) = world.details()

        assert "".join(chunk.text for chunk in chunks) == REPLY
        assert [chunk.candidates[0].finish_reason is not None for chunk in chunks] == [False] * (len(chunks) - 1) + [
            True
        ]
        assert chunks[-1].usage_metadata.candidates_token_count == seen["output_tokens"]
        assert seen["stream"] is True


@pytest.mark.asyncio
async def test_a_stream_without_sse_is_one_growing_list() -> None:
    """What the vendor sends to who does not ask for `alt=sse`."""
    async with opened(scripted()) as world, httpx.AsyncClient() as plain:
        url = f"{world.urls['GOOGLE_GEMINI_BASE_URL']}/v1beta/models/{MODEL}:streamGenerateContent"
        answer = await plain.post(url, json={"contents": {"parts": [{"text": "Hello"}]}})
        parts = [item["candidates"][0]["content"]["parts"][0]["text"] for item in answer.json()]

        assert "".join(parts) == REPLY


@pytest.mark.asyncio
async def test_a_model_asks_for_functions_and_answers_when_it_has_their_results() -> None:
    """functionCall in its turn; the response is told as the tool's."""
    case = a_case(model=ModelScript(replies=("done",), tool_calls=(ORDER,)))
    declared = types.Tool(function_declarations=[types.FunctionDeclaration(name="order", description="o")])
    config = types.GenerateContentConfig(tools=[declared])
    async with client(case) as (models, world):
        first = await models.generate_content(model=MODEL, contents="Hello there", config=config)
        turns = [
            types.Content(role="user", parts=[types.Part(text="Hello there")]),
            first.candidates[0].content,
            types.Content(role="user", parts=[types.Part.from_function_response(name="order", response={"a": 1})]),
        ]
        second = await models.generate_content(model=MODEL, contents=turns, config=config)
        seen = world.details()

        assert (first.function_calls[0].name, first.function_calls[0].args) == ("order", {"order_id": "A-17"})
        assert second.text == "done"
        assert [part["role"] for part in seen[1]["sections"]] == ["user", "assistant", "tool"]


FAILING = [
    (Fault(kind="rate_limit", retry_after_s=2), errors.ClientError, 429, "RESOURCE_EXHAUSTED"),
    (Fault(kind="server_error"), errors.ServerError, 500, "INTERNAL"),
    (Fault(kind="server_error", status=502), errors.ServerError, 502, "UNAVAILABLE"),
    (Fault(kind="server_error", status=503), errors.ServerError, 503, "UNAVAILABLE"),
    (Fault(kind="server_error", status=529), errors.ServerError, 529, "UNAVAILABLE"),
]


@pytest.mark.asyncio
@pytest.mark.parametrize(("fault", "raised", "status", "word"), FAILING)
@pytest.mark.parametrize("stream", [False, True])
async def test_an_error_is_the_vendors_own_object(
    fault: Fault, raised: type[errors.APIError], status: int, word: str, stream: bool
) -> None:
    """Code, status word and exception fit together; a rate limit says when to come back."""
    async with client(scripted(fault)) as (models, world):
        with pytest.raises(raised) as caught:
            await (streamed(models) if stream else models.generate_content(model=MODEL, contents="Hello there"))
        (seen,) = world.details()

        assert (caught.value.code, caught.value.status, seen["status"]) == (status, word, status)
        assert ("2s" in str(caught.value.details)) == (status == 429)


@pytest.mark.asyncio
@pytest.mark.parametrize("fault", [Fault(kind="refused_connection"), Fault(kind="timeout", delay_ms=10)])
@pytest.mark.parametrize("stream", [False, True])
async def test_no_answer_is_no_connection(fault: Fault, stream: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Torn down at once, or closed after a wait."""
    # The vendor's client asks once more after 1 s and up to 9 drawn ones.
    monkeypatch.setattr(_api_client, "random", SimpleNamespace(randint=lambda *_: -1))
    async with client(scripted(fault)) as (models, world):
        with pytest.raises(Exception, match=r"(?i)disconnected|reset|read|connect|closed|server"):
            await (streamed(models) if stream else models.generate_content(model=MODEL, contents="Hello there"))

        assert world.details()[0]["status"] is None


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", ["cut", "malformed"])
@pytest.mark.parametrize("stream", [False, True])
async def test_a_broken_answer_never_comes_whole(kind: str, stream: bool) -> None:
    """Cut or torn in the middle: the client raises before a finish reason."""
    got: list[Any] = []
    async with client(scripted(Fault(kind=kind), reply="word " * 40)) as (models, world):
        with pytest.raises(Exception, match=r"."):  # noqa: PT012 - the stream breaks while it is read
            if not stream:
                got.append(await models.generate_content(model=MODEL, contents="Hello there"))
            else:
                async for chunk in await models.generate_content_stream(model=MODEL, contents="Hello there"):
                    got.append(chunk)

        assert not [chunk for chunk in got if chunk.candidates[0].finish_reason]
        assert world.details()[0]["fault"] == kind


@pytest.mark.asyncio
@pytest.mark.parametrize("stream", [False, True])
async def test_answers_that_say_less_come_as_the_vendor_says_them(stream: bool) -> None:
    """A filter is SAFETY without content; refusal, nothing at all, wrong usage, and a reply cut by its limit."""
    kinds = ("refuse", "content_filter", "empty", "wrong_usage")
    faults = tuple(Fault(kind=kind, on_call=call) for call, kind in enumerate(kinds, start=1))
    async with client(scripted(*faults)) as (models, world):

        async def ask(**more: Any) -> types.GenerateContentResponse:
            if stream:
                return (await streamed(models, **more))[-1]
            return await models.generate_content(model=MODEL, contents="Hello there", **more)

        refused, filtered, empty, wrong = [await ask() for _ in kinds]
        short = await ask(config=types.GenerateContentConfig(max_output_tokens=2))
        seen = world.details()

        assert refused.text is not None
        assert "I cannot help with that.".endswith(refused.text)
        assert (filtered.candidates[0].finish_reason, filtered.candidates[0].content) == (
            types.FinishReason.SAFETY,
            None,
        )
        assert not empty.text
        assert wrong.usage_metadata.prompt_token_count == 10 * seen[3]["local_input_tokens"]
        assert (short.text, short.candidates[0].finish_reason) == (REPLY[:8], types.FinishReason.MAX_TOKENS)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (f"/v1beta/models/{MODEL}:generateContent", b"{", 400),
        (f"/v1beta/models/{MODEL}:generateContent", b'{"contents": []}', 400),
        (f"/v1beta/models/{MODEL}:generateContent", b'{"contents": [1]}', 400),
        (f"/v1beta/models/{MODEL}:streamGenerateContent", b"[]", 400),
        (f"/v1beta/models/{MODEL}:countTokens", b"[]", 400),
        (f"/v1beta/models/{MODEL}:nothing", b"{}", 404),
        ("/v1beta/elsewhere", b"{}", 404),
    ],
)
async def test_a_bad_request_is_refused_in_the_vendors_words(path: str, body: bytes, status: int) -> None:
    """`{"error": {"code", "message", "status"}}`, whatever was sent."""
    async with opened(scripted()) as world, httpx.AsyncClient() as plain:
        answer = await plain.post(world.urls["GOOGLE_GEMINI_BASE_URL"] + path, content=body)
        world.seen()

        assert answer.status_code == answer.json()["error"]["code"] == status
        assert answer.json()["error"]["status"] in ("INVALID_ARGUMENT", "NOT_FOUND")


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "fault", [Fault(kind="slow", delay_ms=60), Fault(kind="slow_stream", gap_ms=15)], ids=lambda fault: fault.kind
)
async def test_a_slow_answer_is_whole_in_the_end(fault: Fault) -> None:
    """Late at its beginning, or piece by piece; nothing of it is lost."""
    async with client(scripted(fault)) as (models, world):
        started = time.monotonic()
        said = "".join(str(chunk.text) for chunk in await streamed(models))
        (seen,) = world.details()

        assert said == REPLY
        assert time.monotonic() - started >= 0.055
        assert (seen["fault"], seen["status"]) == (fault.kind, 200)
        assert seen["latency_ms"] == 60 or seen["gap_ms"] == 15
