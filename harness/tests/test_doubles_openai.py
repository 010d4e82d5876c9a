"""OpenAI's own client against the doubles: chat, responses and embeddings, whole, streamed and under every fault."""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from sluicegate.model import Case, Expect, Fault, ModelScript, ScriptedToolCall

sys.path.insert(0, str(Path(__file__).parent))
from doubles_world import Opened, a_case, opened

sys.path.pop(0)

REPLY = "A reply that is long enough for several pieces, ümlauts included."
CHAT: dict[str, Any] = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello there"}]}
ASKED: dict[str, Any] = {"model": "gpt-4o", "input": "Hello there"}
ORDER = ScriptedToolCall(name="order", arguments={"order_id": "A-17", "note": "a text of some length"})
TOOL = {"type": "function", "function": {"name": "order", "strict": True, "parameters": {"type": "object"}}}
FLAT_TOOL = {"type": "function", "name": "order", "parameters": {"type": "object"}, "strict": False}


@asynccontextmanager
async def client(case: Case, **options: Any) -> AsyncIterator[tuple[openai.AsyncOpenAI, Opened]]:
    async with opened(case, **options) as world:
        url = world.urls["OPENAI_BASE_URL"]
        async with openai.AsyncOpenAI(base_url=url, api_key="none", max_retries=0) as ours:
            yield ours, world


def scripted(*faults: Fault, reply: str = REPLY) -> Case:
    return a_case(model=ModelScript(replies=(reply,)), faults=faults)


@pytest.mark.asyncio
async def test_environment_variables_alone_lead_the_client_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client made without arguments, as in a user's module, reaches the double, and belongs to no run."""
    async with opened(scripted()) as world:
        for name, value in world.doubles.environment().items():
            monkeypatch.setenv(name, value)
        async with openai.AsyncOpenAI() as ours:
            answer = await ours.chat.completions.create(**CHAT)

        assert answer.choices[0].message.content is not None
        assert world.doubles.unattributed == 1


@pytest.mark.asyncio
async def test_a_chat_is_answered_with_usage_and_everything_real_clients_send_is_taken() -> None:
    """Parameters of every kind pass; the answer is typed as the vendor types it."""
    more = {"n": 1, "temperature": 0, "top_p": 1, "seed": 7, "response_format": {"type": "json_object"}, "user": "u"}
    parts = [{"type": "text", "text": "look"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,xx"}}]
    turns = [{"role": "developer", "content": "Be short."}, {"role": "user", "content": parts}]
    async with client(scripted()) as (ours, world):
        answer = await ours.chat.completions.create(model="gpt-4o", messages=turns, tools=[TOOL], **more)
        (seen,) = world.details()

        assert answer.choices[0].message.content == REPLY
        assert answer.choices[0].finish_reason == "stop"
        assert answer.usage is not None
        assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (
            seen["input_tokens"],
            seen["output_tokens"],
        )
        assert [part["role"] for part in seen["sections"]] == ["system", "user"]


@pytest.mark.asyncio
async def test_a_streamed_chat_ends_with_its_usage() -> None:
    """Pieces joined are the reply."""
    async with client(scripted()) as (ours, world):
        options = {"include_usage": True}
        chunks = [c async for c in await ours.chat.completions.create(**CHAT, stream=True, stream_options=options)]

        assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == REPLY
        assert chunks[-2].choices[0].finish_reason == "stop"
        assert chunks[-1].usage.completion_tokens == world.details()[0]["output_tokens"]


@pytest.mark.asyncio
async def test_a_model_asks_for_tools_and_answers_when_it_has_their_results() -> None:
    """Scripted calls come in their turn, typed; what the tool said is a message of the tool in the log."""
    case = a_case(model=ModelScript(replies=("It is under way.",), tool_calls=(ORDER,)))
    async with client(case) as (ours, world):
        first = await ours.chat.completions.create(**CHAT, tools=[TOOL])
        asked = first.choices[0].message.tool_calls[0]
        turns = [
            *CHAT["messages"],
            first.choices[0].message.model_dump(exclude_none=True),
            {"role": "tool", "tool_call_id": asked.id, "content": '{"status": "sent"}'},
        ]
        second = await ours.chat.completions.create(model="gpt-4o", messages=turns, tools=[TOOL])
        seen = world.details()

        assert first.choices[0].finish_reason == "tool_calls"
        assert (asked.function.name, asked.function.arguments) == (
            "order",
            '{"note":"a text of some length","order_id":"A-17"}',
        )
        assert second.choices[0].message.content == "It is under way."
        assert [part["role"] for part in seen[1]["sections"]] == ["user", "assistant", "tool"]
        assert seen[0]["output_tokens"] > 0


@pytest.mark.asyncio
async def test_tool_calls_are_streamed_in_pieces() -> None:
    """The vendor's accumulator puts them together."""
    async with client(a_case(model=ModelScript(tool_calls=(ORDER,)))) as (ours, _):
        async with ours.chat.completions.stream(**CHAT, tools=[TOOL]) as stream:
            final = await stream.get_final_completion()

        assert final.choices[0].message.tool_calls[0].function.arguments.startswith('{"note":')


@pytest.mark.asyncio
async def test_a_response_is_answered_and_gone_on_from() -> None:
    """`previous_response_id` brings the chat so far with it; instructions stay behind."""
    async with client(scripted()) as (ours, world):
        first = await ours.responses.create(**ASKED, instructions="Be short.")
        second = await ours.responses.create(model="gpt-4o", input="And?", previous_response_id=first.id)
        with pytest.raises(openai.BadRequestError, match="not found"):
            await ours.responses.create(model="gpt-4o", input="And?", previous_response_id="resp_other")
        seen = world.details()

        assert (first.status, first.output_text, second.output_text) == ("completed", REPLY, REPLY)
        assert first.usage.total_tokens == seen[0]["input_tokens"] + seen[0]["output_tokens"]
        assert [part["role"] for part in seen[0]["sections"]] == ["system", "user"]
        assert [part["role"] for part in seen[1]["sections"]] == ["user", "assistant", "user"]


@pytest.mark.asyncio
async def test_a_response_is_streamed_as_its_own_events() -> None:
    """Numbered without a gap, from created to completed; the vendor's accumulator gives the whole."""
    async with client(scripted()) as (ours, _):
        events = [event async for event in await ours.responses.create(**ASKED, stream=True)]
        async with ours.responses.stream(**ASKED) as stream:
            final = await stream.get_final_response()

        assert [event.sequence_number for event in events] == list(range(len(events)))
        assert (events[0].type, events[-1].type) == ("response.created", "response.completed")
        assert "".join(e.delta for e in events if e.type == "response.output_text.delta") == REPLY
        assert final.output_text == REPLY


@pytest.mark.asyncio
async def test_a_response_asks_for_tools_whole_and_streamed() -> None:
    """A function call item, its result an item of the next request."""
    again = ScriptedToolCall(name="order", arguments={"order_id": "B"}, turn=2)
    case = a_case(model=ModelScript(replies=("done",), tool_calls=(ORDER, again)))
    async with client(case) as (ours, world):
        first = await ours.responses.create(**ASKED, tools=[FLAT_TOOL])
        async with ours.responses.stream(**ASKED, tools=[FLAT_TOOL]) as stream:
            second = await stream.get_final_response()
        result = {"type": "function_call_output", "call_id": first.output[0].call_id, "output": "sent"}
        items = [{"role": "user", "content": "Hello"}, first.output[0].model_dump(exclude_none=True), result]
        third = await ours.responses.create(model="gpt-4o", input=items, tools=[FLAT_TOOL])

        assert first.output[0].name == "order"
        assert second.output[0].arguments == '{"order_id":"B"}'
        assert third.output_text == "done"
        assert [part["role"] for part in world.details()[2]["sections"]] == ["user", "assistant", "tool"]


@pytest.mark.asyncio
async def test_embeddings_are_unit_vectors_of_the_words() -> None:
    """The same text gives the same vector, packed or not; texts that share words lie nearer than others."""
    texts = ["the parcel was delivered late", "the parcel arrived late", "bananas are yellow"]
    async with client(scripted()) as (ours, world):
        packed = await ours.embeddings.create(model="text-embedding-3-small", input=texts)
        plain = await ours.embeddings.create(model="text-embedding-3-small", input=texts, encoding_format="float")
        short = await ours.embeddings.create(model="text-embedding-3-large", input="one", dimensions=256)
        tokens = await ours.embeddings.create(model="text-embedding-3-large", input=[[1, 2], [3]])
        seen = world.details()

        one, two, three = (item.embedding for item in packed.data)
        assert [len(one), len(short.data[0].embedding), len(tokens.data[0].embedding)] == [1536, 256, 3072]
        assert plain.data[0].embedding == pytest.approx(one)
        assert sum(x * x for x in one) == pytest.approx(1, abs=1e-5)
        assert sum(x * y for x, y in zip(one, two, strict=True)) > sum(x * y for x, y in zip(one, three, strict=True))
        assert (seen[0]["protocol"], seen[0]["texts"]) == ("openai.embeddings", 3)
        assert packed.usage.prompt_tokens == seen[0]["input_tokens"]


@pytest.mark.asyncio
async def test_faults_strike_embeddings_under_a_target_of_their_own() -> None:
    """A case about a failing chat model does not fail the search by accident."""
    case = scripted(
        Fault(kind="server_error", target="model"),
        Fault(kind="rate_limit", target="embedding", on_call=2),
        Fault(kind="empty", target="embedding", on_call=3),
        Fault(kind="wrong_usage", target="embedding", on_call=4),
    )
    async with client(case) as (ours, world):
        create = ours.embeddings.create
        good = await create(model="m", input="x" * 40)
        with pytest.raises(openai.RateLimitError):
            await create(model="m", input="x" * 40)
        with pytest.raises(ValueError, match="No embedding data"):
            await create(model="m", input="x" * 40)
        wrong = await create(model="m", input="x" * 40)

        assert wrong.usage.prompt_tokens == 10 * good.usage.prompt_tokens
        assert [seen["local_input_tokens"] for seen in world.details()] == [10] * 4


BAD: list[tuple[str, bytes, int]] = [
    ("/chat/completions", b"{", 400),
    ("/chat/completions", b'{"model": "m", "messages": [1]}', 400),
    ("/chat/completions", b'{"model": "m", "messages": []}', 400),
    ("/chat/completions", b"[" * 100_000, 400),
    ("/responses", b"\xff", 400),
    ("/responses", b'{"model": "m"}', 400),
    ("/responses", b'{"model": "m", "input": [1]}', 400),
    ("/embeddings", b'{"model": "m", "input": []}', 400),
    ("/embeddings", b'{"model": "m", "input": "x", "dimensions": 0}', 400),
    ("/embeddings", b'{"model": "m", "input": "x", "encoding_format": "hex"}', 400),
    ("/embeddings", b'{"model": "m", "input": {"a": 1}}', 400),
    ("/nothing", b"{}", 404),
]


@pytest.mark.asyncio
@pytest.mark.parametrize(("path", "body", "status"), BAD)
async def test_a_bad_request_is_refused_in_the_vendors_words(path: str, body: bytes, status: int) -> None:
    """An error object with a message, whatever was sent."""
    async with opened(scripted()) as world, httpx.AsyncClient() as plain:
        answer = await plain.post(world.urls["OPENAI_BASE_URL"] + path, content=body)
        world.seen()

        assert answer.status_code == status
        assert answer.json()["error"]["message"]
        assert answer.json()["error"]["type"] == "invalid_request_error"


FAILING = [
    (Fault(kind="rate_limit", retry_after_s=2), openai.RateLimitError, 429),
    (Fault(kind="server_error"), openai.InternalServerError, 500),
    (Fault(kind="server_error", status=502), openai.InternalServerError, 502),
    (Fault(kind="server_error", status=503), openai.InternalServerError, 503),
    (Fault(kind="server_error", status=529), openai.InternalServerError, 529),
    (Fault(kind="refused_connection"), openai.APIConnectionError, None),
    (Fault(kind="timeout", delay_ms=20), openai.APIConnectionError, None),
]


@pytest.mark.asyncio
@pytest.mark.parametrize(("fault", "raised", "status"), FAILING)
@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("protocol", ["chat", "responses"])
async def test_a_fault_without_an_answer_is_the_vendors_own_exception(
    fault: Fault, raised: type[Exception], status: int | None, streamed: bool, protocol: str
) -> None:
    """The client sees what it would see of the vendor; the log says what was done."""
    async with client(scripted(fault)) as (ours, world):
        create, asked = (ours.chat.completions.create, CHAT) if protocol == "chat" else (ours.responses.create, ASKED)
        with pytest.raises(raised):
            await create(**asked, stream=streamed)
        (seen,) = world.details()

        assert (seen["status"], seen["fault"], seen["stream"]) == (status, fault.kind, streamed)
        assert (seen["input_tokens"], seen["local_input_tokens"]) == (0, 10)


@pytest.mark.asyncio
@pytest.mark.parametrize("protocol", ["chat", "responses"])
@pytest.mark.parametrize("kind", ["cut", "malformed"])
@pytest.mark.parametrize("streamed", [False, True])
async def test_a_broken_answer_never_comes_whole(protocol: str, kind: str, streamed: bool) -> None:
    """Cut or torn in the middle: the client raises, or what it has is no whole answer."""
    got = ""
    async with client(scripted(Fault(kind=kind), reply="word " * 40)) as (ours, world):
        with pytest.raises(Exception, match=r"."):  # noqa: PT012 - the stream breaks while it is read
            if protocol == "chat":
                answer = await ours.chat.completions.create(**CHAT, stream=streamed)
                async for chunk in answer:
                    got += chunk.choices[0].delta.content or ""
            else:
                answer = await ours.responses.create(**ASKED, stream=streamed)
                async for event in answer:
                    assert event.type != "response.completed"

        assert len(got) < len("word " * 40)
        assert world.details()[0]["fault"] == kind


@pytest.mark.asyncio
async def test_answers_that_say_less_come_as_the_vendor_says_them() -> None:
    """Refusal, filter, nothing at all, and usage that is ten times too high, on both protocols."""
    kinds = ("refuse", "content_filter", "empty", "wrong_usage")
    faults = tuple(Fault(kind=kind, on_call=call) for call, kind in enumerate((*kinds, *kinds), start=1))
    async with client(scripted(*faults)) as (ours, world):
        chats = [(await ours.chat.completions.create(**CHAT)) for _ in kinds]
        said = [await ours.responses.create(**ASKED) for _ in kinds]
        seen = world.details()

        assert chats[0].choices[0].message.refusal == said[0].output[0].content[0].refusal == "I cannot help with that."
        assert chats[1].choices[0].finish_reason == said[1].incomplete_details.reason == "content_filter"
        assert chats[2].choices[0].message.content == said[2].output_text == ""
        assert chats[3].usage.prompt_tokens == said[3].usage.input_tokens == 10 * seen[3]["local_input_tokens"]


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", ["refuse", "content_filter", "empty", "wrong_usage"])
async def test_answers_that_say_less_are_streamed_to_their_end(kind: str) -> None:
    """Both accumulators reach a final answer."""
    async with client(scripted(Fault(kind=kind))) as (ours, _):
        chunks = [c async for c in await ours.chat.completions.create(**CHAT, stream=True)]
        events = [event async for event in await ours.responses.create(**ASKED, stream=True)]

        assert chunks[-1].choices[0].finish_reason == ("content_filter" if kind == "content_filter" else "stop")
        assert events[-1].type == ("response.incomplete" if kind == "content_filter" else "response.completed")


@pytest.mark.asyncio
async def test_a_limit_of_tokens_ends_chat_and_response() -> None:
    """length in one, max_output_tokens in the other."""
    async with client(scripted(reply="x" * 100)) as (ours, _):
        chat = await ours.chat.completions.create(**CHAT, max_completion_tokens=5)
        said = await ours.responses.create(**ASKED, max_output_tokens=5)

        assert (chat.choices[0].finish_reason, chat.choices[0].message.content) == ("length", "x" * 20)
        assert (said.status, said.incomplete_details.reason) == ("incomplete", "max_output_tokens")


@pytest.mark.asyncio
@pytest.mark.parametrize("form", ["seconds", "date"])
async def test_the_client_waits_as_long_as_it_is_told(form: str) -> None:
    """Retry-After in either form: the vendor's own retry comes after it, and gets the first call's reply."""
    fault = Fault(kind="rate_limit", on_call=1, retry_after_s=0.3 if form == "seconds" else 1, retry_after_as=form)
    async with opened(scripted(fault)) as world:
        url = world.urls["OPENAI_BASE_URL"]
        started = time.monotonic()
        async with openai.AsyncOpenAI(base_url=url, api_key="none", max_retries=1) as ours:
            answer = await ours.chat.completions.create(**CHAT)

        # A date has whole seconds and is rounded up, so that no client comes back too early.
        assert (0.3 if form == "seconds" else 0.99) <= time.monotonic() - started < 4
        assert answer.choices[0].message.content == REPLY
        limited, answered = world.details()
        assert [limited["status"], answered["status"]] == [429, 200]
        assert limited["retry_after"].endswith("0.3" if form == "seconds" else " GMT")


@pytest.mark.asyncio
async def test_the_first_token_is_slow_or_all_of_them_are() -> None:
    """`slow` waits before the first byte, `slow_stream` between the pieces; both are told in the log."""
    faults = (
        Fault(kind="slow", on_call=1, delay_ms=80),
        Fault(kind="slow_stream", on_call=2, gap_ms=30),
    )
    async with client(scripted(*faults, reply="x" * 48)) as (ours, world):
        times = []
        for _ in range(2):
            started = time.monotonic()
            arrived = [
                time.monotonic() - started async for _ in await ours.chat.completions.create(**CHAT, stream=True)
            ]
            times.append((arrived[0], arrived[-1]))
        seen = world.details()

        assert times[0][0] >= 0.075
        assert times[1][1] - times[1][0] >= 0.1
        assert (seen[0]["latency_ms"], seen[1]["gap_ms"]) == (80, 30)


@pytest.mark.asyncio
@pytest.mark.parametrize("streamed", [False, True])
async def test_what_the_case_says_the_model_must_or_must_not_see_is_marked(streamed: bool) -> None:
    """Plain or escaped inside JSON; whatever else stood in the prompt is not told."""
    expect = Expect(model_sees=("order 17",), model_never_sees=("Geheim-Ü", "absent"), canaries=("CANARY-1",))
    said = 'order 17 {"x": "Geheim-\\u00dc"} other things'
    async with client(a_case(expect=expect)) as (ours, world):
        turns = [{"role": "user", "content": said}]
        headers = {"x-note": "for CANARY-1"}
        await ours.chat.completions.create(model="m", messages=turns, stream=streamed, extra_headers=headers)

        (seen,) = world.details()
        assert seen["marks"] == ["order 17", "Geheim-Ü"]
        assert seen["correlation"]["marks"] == ["CANARY-1"]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "fault", [Fault(kind="slow", delay_ms=60), Fault(kind="slow_stream", gap_ms=15)], ids=lambda fault: fault.kind
)
async def test_a_slow_response_is_whole_in_the_end(fault: Fault) -> None:
    """Late at its beginning, or piece by piece; nothing of it is lost."""
    async with client(scripted(fault)) as (ours, world):
        started = time.monotonic()
        async with ours.responses.stream(**ASKED) as stream:
            said = (await stream.get_final_response()).output_text
        (seen,) = world.details()

        assert said == REPLY
        assert time.monotonic() - started >= 0.055
        assert (seen["fault"], seen["status"]) == (fault.kind, 200)
        assert seen["latency_ms"] == 60 or seen["gap_ms"] == 15
