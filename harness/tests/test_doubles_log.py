"""What the evidence keeps of a request: how it came here, what stood in it, and the prompt where it is asked for."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluicegate.doubles import tokens
from sluicegate.doubles.answer import Call
from sluicegate.doubles.prompts import PROMPT_LIMIT, whole_text
from sluicegate.doubles.runs import Run
from sluicegate.doubles.server import Doubles
from sluicegate.model import Expect, Message, Snippet, ToolResult, canonical, digest_bytes, encode, now_utc
from sluicegate.plan.types import ToolSpec

sys.path.insert(0, str(Path(__file__).parent))
from doubles_world import RUN, TOOLS, a_case, opened

sys.path.pop(0)

PROMPT = """Write to the customer.
### TOOL DATA
{"order": {"total": 4210, "name": "M\\u00fcller", "paid": true}}
### SNIPPETS
- Parcels come within two days.
"""
GROUNDS: dict[str, Any] = {
    "snippets": (Snippet(id="days", text="Parcels come within two days."), Snippet(id="gone", text="Never sent.")),
    "tool_results": (
        ToolResult(tool="order", result={"total": 4210, "name": "Müller", "paid": True, "n": 1}),
        ToolResult(tool="stock", result=[{"left": 77}]),
    ),
}


async def asked(content: str, headers: dict[str, str] | None = None, **options: Any) -> dict[str, Any]:
    expect = Expect(canaries=("CANARY-1",))
    async with opened(a_case(expect=expect, **GROUNDS), **options) as world, httpx.AsyncClient() as client:
        chat = {"model": "m", "messages": [{"role": "user", "content": content}]}
        await client.post(f"{world.urls['OPENAI_BASE_URL']}/chat/completions", json=chat, headers=headers)
        return dict(world.details()[0])


@pytest.mark.asyncio
async def test_the_parts_of_a_prompt_are_told_by_digest_and_size() -> None:
    """Two prompts can be compared part by part: the one without snippets has every other digest alike."""
    whole = await asked(PROMPT)
    without = await asked(PROMPT.partition("### SNIPPETS")[0])

    assert [part.get("name") for part in whole["sections"]] == [None, "TOOL DATA", "SNIPPETS"]
    assert whole["sections"][:2] == without["sections"]
    assert whole["sections"][2]["tokens"] == tokens.count("\n- Parcels come within two days.\n")
    assert "prompt" not in whole


@pytest.mark.asyncio
async def test_what_of_the_cases_own_data_reached_the_model_is_told() -> None:
    """Snippets by id; of each tool how many of its values, escaped or not. Nobody has to search prompts for it."""
    whole = await asked(PROMPT)
    cut = await asked("Write to the customer.")
    twice = await asked(f"{PROMPT}\n- Parcels come within two days.")

    assert whole["carried"] == {"snippets": ["days"], "tools": {"order": [2, 2], "stock": [0, 1]}}
    assert (twice["carried"]["snippets"], twice["carried"]["repeated"]) == (["days"], {"days": 2})
    assert cut["carried"] == {"snippets": [], "tools": {"order": [0, 2], "stock": [0, 1]}}


@pytest.mark.asyncio
async def test_a_prompt_is_kept_only_where_that_is_asked_for_and_marked_sensitive() -> None:
    """Masked, up to a limit, and it says where it was cut."""
    kept = await asked("Hello anna@x.test", keep_prompts=True)
    long = await asked("x" * (PROMPT_LIMIT + 5), keep_prompts=True)

    assert kept["prompt"] == [{"role": "user", "content": "Hello ***@x***"}]
    assert (kept["sensitive"], "prompt_cut" in kept) == (["prompt"], False)
    assert (len(long["prompt"][0]["content"]), long["prompt_cut"]) == (PROMPT_LIMIT, True)


@pytest.mark.asyncio
async def test_for_who_judges_personal_data_a_prompt_stands_as_it_was_sent() -> None:
    """Not masked, and it says so; half a character, which no ledger can hold, is replaced."""
    kept = await asked("Hello anna@x.test", unmasked=True)

    assert kept["prompt"] == [{"role": "user", "content": "Hello anna@x.test"}]
    assert (kept["sensitive"], kept["unmasked"]) == (["prompt"], True)
    assert canonical(whole_text("4111 1111 1111 1111 \ud800")) == b'"4111 1111 1111 1111 ?"'


@pytest.mark.asyncio
async def test_the_ids_a_request_carried_are_told() -> None:
    """The traceparent as it was, others by digest: two requests can be compared, no value is kept."""
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    headers = {"traceparent": trace, "X-Request-Id": "order-of-anna", "authorization": "Bearer secret"}
    seen = await asked("Hello", headers)

    assert seen["correlation"] == {
        "run": "path",
        "traceparent": trace,
        "ids": {"x-request-id": digest_bytes(b"order-of-anna")[:12]},
    }
    assert "secret" not in str(seen)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("headers", "content", "named_by"),
    [
        ({"x-sluicegate-run": RUN}, "Hello", "header"),
        ({"traceparent": f"00-{RUN}0000000000000001-00f067aa0ba902b7-01"}, "Hello", "traceparent"),
        ({}, "CANARY-1", "canary"),
        ({}, "Hello", "nothing"),
    ],
)
async def test_what_named_the_run_is_told(headers: dict[str, str], content: str, named_by: str) -> None:
    """A suite can tell an id that was passed on from a lucky canary."""
    async with opened(a_case(expect=Expect(canaries=("CANARY-1",)))) as world, httpx.AsyncClient() as client:
        url = f"{world.doubles.environment()['OPENAI_BASE_URL']}/chat/completions"
        chat = {"model": "m", "messages": [{"role": "user", "content": content}]}
        await client.post(url, json=chat, headers=headers)
        seen = (*world.seen(), *world.doubles.strays)

    assert [item.detail["correlation"]["run"] for item in seen] == [named_by]


@pytest.mark.asyncio
async def test_a_refused_request_is_searched_for_what_must_not_be_sent() -> None:
    """A prompt that leaks leaks in a bad request too."""
    async with opened(a_case(expect=Expect(canaries=("CANARY-1",)))) as world, httpx.AsyncClient() as client:
        await client.post(f"{world.urls['ANTHROPIC_BASE_URL']}/v1/messages", content=b'{"x": "CANARY-1"')
        (seen,) = world.details()

    assert (seen["status"], seen["marks"]) == (400, ["CANARY-1"])


def test_tokens_are_counted_without_a_vocabulary() -> None:
    """Anyone can repeat the count."""
    assert tokens.count_messages([Message(role="user", content="12345678")]) == 3 + 4 + 2


_NAMES = [
    *("model", "messages", "input", "contents", "role", "content", "parts", "text", "tools", "type", "tool_calls"),
    *("name", "max_tokens", "system", "n", "query", "k", "language", "window", "stream", "stream_options", "function"),
    *("system_instruction", "generationConfig", "dimensions", "seconds", "metadata", "previous_response_id"),
]
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=5),
    max_leaves=15,
)
_SURE = {
    "model": "m",
    "max_tokens": 9,
    "messages": [{"role": "user", "content": "x"}],
    "input": "x",
    "contents": [{"parts": []}],
    "query": "q",
}
_BODIES = st.dictionaries(st.sampled_from(_NAMES), _JSON, max_size=6).map(lambda value: {**_SURE, **value}) | _JSON
_ROUTES = (
    "/v1/chat/completions",
    "/v1/responses",
    "/v1/embeddings",
    "/anthropic/v1/messages",
    "/anthropic/v1/messages/count_tokens",
    "/gemini/v1beta/models/m:generateContent",
    "/gemini/v1beta/models/m:streamGenerateContent",
    "/gemini/v1beta/models/m:countTokens",
    "/tools/orders/1",
    "/tools/notes",
    "/retriever/search",
    "/clock/advance",
)


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(_ROUTES),
    st.sampled_from(["POST", "GET", "PUT"]),
    st.binary(max_size=40) | _BODIES.map(lambda value: json.dumps(value).encode()),
)
def test_no_request_whatever_makes_a_double_raise(path: str, method: str, body: bytes) -> None:
    """Not finite, lone surrogates, wrong types in every place: an answer, and a log that can be written."""
    notes = ToolSpec(name="add_note", method="POST", path="/notes", writes=True)
    served = Doubles(tools=(*TOOLS, notes), unmasked=len(body) % 2 == 0, keep_prompts=True)
    run = Run(run_id=RUN, case=a_case(**GROUNDS, expect=Expect(canaries=("CANARY-1",))))
    call = Call(run=run, method=method, path=path, query=(("query", "q"),), body=body, when=now_utc())
    answer = served._decide(call)

    assert 200 <= answer.status < 600
    assert run.log or answer.status < 300 or answer.status in (404, 405)
    assert canonical([encode(item) for item in run.log])


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b'{"a": "\\ud800 \\u00e4"}', {"a": "\\ud800 ä"}),
        (b'{"\\ud800": 1}', {"\\ud800": 1}),
        (b'{"a": ' + b"9" * 30 + b"}", {"a": "9" * 30}),
        (b'{"a": 1e999}', {"a": "inf"}),
        (b'{"a": ' + b"[" * 300 + b"]" * 300 + b"}", {}),
    ],
)
async def test_what_json_cannot_hold_is_told_as_text(body: bytes, told: dict[str, Any]) -> None:
    """A tool records what it was sent, and answers."""
    notes = ToolSpec(name="add_note", method="POST", path="/notes", writes=True)
    async with opened(a_case(), tools=(notes,)) as world, httpx.AsyncClient() as client:
        answer = await client.post(f"{world.urls['SLUICEGATE_TOOLS_URL']}/notes", content=body)
        (seen,) = world.details()

    assert answer.status_code == 201
    assert seen["arguments"] == told
    assert canonical(seen)


@pytest.mark.asyncio
async def test_prompts_kept_in_one_run_are_bounded() -> None:
    """A pipeline that loops for ever fills no memory; the log says what was cut."""
    run_limit = Run(run_id=RUN, case=a_case()).prompt_room
    async with opened(a_case(), keep_prompts=True) as world, httpx.AsyncClient() as client:
        chat = {"model": "m", "messages": [{"role": "user", "content": "x" * PROMPT_LIMIT}]}
        for _ in range(run_limit // PROMPT_LIMIT + 2):
            await client.post(f"{world.urls['OPENAI_BASE_URL']}/chat/completions", json=chat)
        seen = world.details()

    assert sum(len(part["content"]) for item in seen for part in item["prompt"]) == run_limit
    assert "prompt_cut" not in seen[0]
    assert seen[-1]["prompt_cut"] is True


@pytest.mark.parametrize("path", _ROUTES)
@pytest.mark.parametrize("depth", [90, 300, 900, 1500])
def test_deep_nesting_is_refused_or_answered_everywhere(path: str, depth: int) -> None:
    """In a field that is read, and in one that is passed on."""
    deep = "[" * depth + "]" * depth
    for name in ("tools", "temperature", "window", "language", "metadata", "x"):
        body = json.dumps({**_SURE, name: "DEEP"}).replace('"DEEP"', deep).encode()
        run = Run(run_id=RUN, case=a_case(**GROUNDS))
        call = Call(run=run, method="POST", path=path, query=(), body=body, when=now_utc())
        answer = Doubles(tools=TOOLS, keep_prompts=True)._decide(call)

        assert 200 <= answer.status < 500
        assert canonical([encode(item) for item in run.log])
