"""Anthropic's own client against the doubles: messages, whole, streamed and under every fault."""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anthropic
import httpx
import pytest

from sluicegate.model import Case, Fault, ModelScript, ScriptedToolCall

sys.path.insert(0, str(Path(__file__).parent))
from doubles_world import Opened, a_case, opened

sys.path.pop(0)

REPLY = "A reply that is long enough for several pieces, ümlauts included."
ASKED: dict[str, Any] = {
    "model": "claude-double",
    "max_tokens": 1000,
    "messages": [{"role": "user", "content": "Hello there"}],
}
ORDER = ScriptedToolCall(name="order", arguments={"order_id": "A-17", "note": "a text of some length"})
TOOL: Any = {"name": "order", "description": "", "input_schema": {"type": "object"}}


@asynccontextmanager
async def client(case: Case) -> AsyncIterator[tuple[anthropic.AsyncAnthropic, Opened]]:
    async with opened(case) as world:
        url = world.urls["ANTHROPIC_BASE_URL"]
        async with anthropic.AsyncAnthropic(base_url=url, api_key="none", max_retries=0) as ours:
            yield ours, world


def scripted(*faults: Fault, reply: str = REPLY) -> Case:
    return a_case(model=ModelScript(replies=(reply,)), faults=faults)


@pytest.mark.asyncio
async def test_environment_variables_alone_lead_the_client_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client made without arguments finds key and address."""
    async with opened(scripted()) as world:
        for name, value in world.doubles.environment().items():
            monkeypatch.setenv(name, value)
        async with anthropic.AsyncAnthropic() as ours:
            answer = await ours.messages.create(**ASKED)

        assert answer.content[0].type == "text"
        assert world.doubles.unattributed == 1


@pytest.mark.asyncio
async def test_a_message_is_answered_with_usage() -> None:
    """System prompt, text and parts are read; the answer is typed as the vendor types it."""
    parts = [{"type": "text", "text": "look", "cache_control": {"type": "ephemeral"}}]
    async with client(scripted()) as (ours, world):
        answer = await ours.messages.create(
            **{**ASKED, "messages": [{"role": "user", "content": parts}]}, system="Be short."
        )
        counted = await ours.messages.count_tokens(model="claude", messages=ASKED["messages"])
        models = await ours.models.list()
        (seen,) = world.details()

        assert (answer.content[0].text, answer.stop_reason) == (REPLY, "end_turn")
        assert (answer.usage.input_tokens, answer.usage.output_tokens) == (seen["input_tokens"], seen["output_tokens"])
        assert [part["role"] for part in seen["sections"]] == ["system", "user"]
        assert (seen["protocol"], seen["model"]) == ("anthropic.messages", "claude-double")
        assert counted.input_tokens == 10
        assert models.data


@pytest.mark.asyncio
async def test_a_stream_has_the_vendors_events_in_their_order() -> None:
    """From message_start to message_stop; the vendor's accumulator gives the whole with its usage."""
    async with client(scripted()) as (ours, world):
        kinds = [event.type async for event in await ours.messages.create(**ASKED, stream=True)]
        async with ours.messages.stream(**ASKED) as stream:
            final = await stream.get_final_message()
        seen = world.details()

        assert kinds[:2] == ["message_start", "content_block_start"]
        assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]
        assert set(kinds[2:-3]) == {"content_block_delta"}
        assert (final.content[0].text, final.stop_reason) == (REPLY, "end_turn")
        assert final.usage.output_tokens == seen[1]["output_tokens"]


@pytest.mark.asyncio
@pytest.mark.parametrize("streamed", [False, True])
async def test_a_model_asks_for_tools_and_answers_when_it_has_their_results(streamed: bool) -> None:
    """tool_use with its input; the result comes back in a user's turn and is told as the tool's."""
    case = a_case(model=ModelScript(replies=("It is under way.",), tool_calls=(ORDER,)))
    async with client(case) as (ours, world):

        async def ask(messages: list[Any]) -> anthropic.types.Message:
            request: dict[str, Any] = {**ASKED, "messages": messages, "tools": [TOOL]}
            if not streamed:
                return await ours.messages.create(**request)
            async with ours.messages.stream(**request) as stream:
                return await stream.get_final_message()

        first = await ask(ASKED["messages"])
        use = first.content[0]
        result = {"type": "tool_result", "tool_use_id": use.id, "content": [{"type": "text", "text": "sent"}]}
        block = {"type": "tool_use", "id": use.id, "name": use.name, "input": use.input}
        turns = [
            *ASKED["messages"],
            {"role": "assistant", "content": [block]},
            {"role": "user", "content": [result, {"type": "text", "text": "And?"}]},
        ]
        second = await ask(turns)
        seen = world.details()

        assert (first.stop_reason, use.name, use.input) == ("tool_use", "order", dict(ORDER.arguments))
        assert second.content[0].text == "It is under way."
        assert [part["role"] for part in seen[1]["sections"]] == ["user", "assistant", "tool", "user"]


FAILING = [
    (Fault(kind="rate_limit", retry_after_s=2), anthropic.RateLimitError, 429, "rate_limit_error"),
    (Fault(kind="server_error"), anthropic.InternalServerError, 500, "api_error"),
    (Fault(kind="server_error", status=502), anthropic.InternalServerError, 502, "api_error"),
    (Fault(kind="server_error", status=503), anthropic.InternalServerError, 503, "api_error"),
    (Fault(kind="server_error", status=529), anthropic.APIStatusError, 529, "overloaded_error"),
]


@pytest.mark.asyncio
@pytest.mark.parametrize(("fault", "raised", "status", "kind"), FAILING)
@pytest.mark.parametrize("streamed", [False, True])
async def test_an_error_is_the_vendors_own_object(
    fault: Fault, raised: type[anthropic.APIStatusError], status: int, kind: str, streamed: bool
) -> None:
    """Status, exception and error type fit together, 529 overloaded among them."""
    async with client(scripted(fault)) as (ours, world):
        with pytest.raises(raised) as caught:
            await ours.messages.create(**ASKED, stream=streamed)
        (seen,) = world.details()

        assert caught.value.status_code == seen["status"] == status
        assert caught.value.body["error"]["type"] == kind
        assert caught.value.response.headers.get("retry-after") == ("2" if status == 429 else None)


@pytest.mark.asyncio
@pytest.mark.parametrize("fault", [Fault(kind="refused_connection"), Fault(kind="timeout", delay_ms=10)])
@pytest.mark.parametrize("streamed", [False, True])
async def test_no_answer_is_no_connection(fault: Fault, streamed: bool) -> None:
    """Torn down at once, or closed after a wait."""
    async with client(scripted(fault)) as (ours, world):
        with pytest.raises(anthropic.APIConnectionError):
            await ours.messages.create(**ASKED, stream=streamed)

        assert world.details()[0]["status"] is None


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", ["cut", "malformed"])
@pytest.mark.parametrize("streamed", [False, True])
async def test_a_broken_answer_never_comes_whole(kind: str, streamed: bool) -> None:
    """Cut or torn in the middle: the client raises before a message_stop."""
    got = []
    async with client(scripted(Fault(kind=kind), reply="word " * 40)) as (ours, world):
        with pytest.raises(Exception, match=r"."):  # noqa: PT012 - the stream breaks while it is read
            answer: Any = await ours.messages.create(**ASKED, stream=streamed)
            async for event in answer:
                got.append(event.type)

        assert "message_stop" not in got
        assert world.details()[0]["fault"] == kind


@pytest.mark.asyncio
@pytest.mark.parametrize("streamed", [False, True])
async def test_answers_that_say_less_come_as_the_vendor_says_them(streamed: bool) -> None:
    """Refusal, filter, nothing at all, wrong usage, and a reply cut by its limit."""
    kinds = ("refuse", "content_filter", "empty", "wrong_usage")
    faults = tuple(Fault(kind=kind, on_call=call) for call, kind in enumerate(kinds, start=1))
    async with client(scripted(*faults)) as (ours, world):

        async def ask(**more: Any) -> anthropic.types.Message:
            if not streamed:
                return await ours.messages.create(**{**ASKED, **more})
            async with ours.messages.stream(**{**ASKED, **more}) as stream:
                return await stream.get_final_message()

        refused, filtered, empty, wrong = [await ask() for _ in kinds]
        short = await ask(max_tokens=2)
        seen = world.details()

        assert (refused.stop_reason, refused.content[0].text) == ("refusal", "I cannot help with that.")
        assert (filtered.stop_reason, filtered.content) == ("refusal", [])
        assert (empty.stop_reason, empty.content) == ("end_turn", [])
        assert wrong.usage.input_tokens == 10 * seen[3]["local_input_tokens"]
        assert (short.stop_reason, short.content[0].text) == ("max_tokens", REPLY[:8])


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("path", "body", "status", "kind"),
    [
        ("/v1/messages", b"{", 400, "invalid_request_error"),
        (
            "/v1/messages",
            b'{"model": "m", "messages": [{"role": "user", "content": "x"}]}',
            400,
            "invalid_request_error",
        ),
        ("/v1/messages", b'{"model": "m", "max_tokens": 9, "messages": []}', 400, "invalid_request_error"),
        (
            "/v1/messages",
            b'{"model": "m", "max_tokens": 9, "messages": [{"role": "bot"}]}',
            400,
            "invalid_request_error",
        ),
        ("/v1/messages/count_tokens", b"[]", 400, "invalid_request_error"),
        ("/v1/elsewhere", b"{}", 404, "not_found_error"),
        ("/v1/messages", b"x" * 8_000_001, 413, "request_too_large"),
    ],
)
async def test_a_bad_request_is_refused_in_the_vendors_words(path: str, body: bytes, status: int, kind: str) -> None:
    """`{"type": "error", "error": {"type", "message"}}`, whatever was sent."""
    async with opened(scripted()) as world, httpx.AsyncClient() as plain:
        answer = await plain.post(world.urls["ANTHROPIC_BASE_URL"] + path, content=body)
        world.seen()

        assert answer.status_code == status
        assert (answer.json()["type"], answer.json()["error"]["type"]) == ("error", kind)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "fault", [Fault(kind="slow", delay_ms=60), Fault(kind="slow_stream", gap_ms=15)], ids=lambda fault: fault.kind
)
async def test_a_slow_answer_is_whole_in_the_end(fault: Fault) -> None:
    """Late at its beginning, or piece by piece; nothing of it is lost."""
    async with client(scripted(fault)) as (ours, world):
        started = time.monotonic()
        async with ours.messages.stream(**ASKED) as stream:
            said = (await stream.get_final_message()).content[0].text
        (seen,) = world.details()

        assert said == REPLY
        assert time.monotonic() - started >= 0.055
        assert (seen["fault"], seen["status"]) == (fault.kind, 200)
        assert seen["latency_ms"] == 60 or seen["gap_ms"] == 15
