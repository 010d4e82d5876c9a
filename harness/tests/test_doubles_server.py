"""The doubles, driven over the network as vendors' clients drive the real thing."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import httpx
import jsonschema
import pytest

from sluicegate.doubles import Doubles, Latencies
from sluicegate.doubles.runs import LOG_LIMIT, Runs
from sluicegate.doubles.server import BODY_LIMIT
from sluicegate.errors import InputError
from sluicegate.model import (
    Boundary,
    Case,
    Expect,
    Fault,
    Given,
    ModelScript,
    Observation,
    Snippet,
    ToolResult,
    digest_bytes,
)
from sluicegate.plan.types import ToolSpec
from sluicegate.resources import data

SCHEMAS = {
    double: json.loads(data("doubles", f"observation.{double}.json").read_text("utf-8"))
    for double in ("model", "tool", "retriever", "clock")
}
RUN = "00112233445566aa"
OTHER = "ffeeddccbbaa9988"
TOOLS = (
    ToolSpec(name="order", method="GET", path="/orders/{order_id}"),
    ToolSpec(name="find_note", method="GET", path="/notes/{key}"),
    ToolSpec(name="put_note", method="PUT", path="/notes/{key}", writes=True),
    ToolSpec(name="add_note", method="POST", path="/notes", writes=True),
)
QUICK = Latencies(model_ms=0, tool_ms=0, retriever_ms=0)


def a_case(case_id: str = "c1", *, expect: Expect | None = None, **given: Any) -> Case:
    return Case(id=case_id, given=Given(**given), expect=expect or Expect())


def a_chat(**more: Any) -> dict[str, Any]:
    return {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello there"}], **more}


@asynccontextmanager
async def doubles(latencies: Latencies = QUICK, tools: Sequence[ToolSpec] = TOOLS) -> AsyncIterator[Doubles]:
    served = Doubles(tools=tools, latencies=latencies)
    await served.start()
    try:
        yield served
    finally:
        await served.stop()


@asynccontextmanager
async def opened(case: Case) -> AsyncIterator[tuple[Doubles, dict[str, str], httpx.AsyncClient]]:
    async with doubles() as served, httpx.AsyncClient() as client:
        yield served, dict(served.open_run(RUN, case)), client


@pytest.mark.asyncio
async def test_doubles_are_a_boundary_bound_to_loopback_only() -> None:
    """Endpoints are named by variable, on 127.0.0.1, with the run in the path once a run is open."""
    async with doubles() as served:
        boundary: Boundary = served
        environment = served.environment()
        urls = boundary.open_run(RUN, a_case())

        keys = {"OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GOOGLE_API_KEY", "GEMINI_API_KEY"}
        assert set(environment) == {*urls, *keys}
        assert set(urls) == {
            "OPENAI_BASE_URL",
            "ANTHROPIC_BASE_URL",
            "GOOGLE_GEMINI_BASE_URL",
            "SLUICEGATE_TOOLS_URL",
            "SLUICEGATE_RETRIEVER_URL",
            "SLUICEGATE_CLOCK_URL",
        }
        assert all(url.startswith("http://127.0.0.1:") and f"/r/{RUN}/" in url for url in urls.values())
        assert environment["OPENAI_BASE_URL"].endswith("/v1")
        assert "/r/" not in environment["OPENAI_BASE_URL"]


@pytest.mark.asyncio
async def test_a_chat_is_answered_from_the_script_in_order_and_the_last_reply_repeats() -> None:
    """Replies come in order; usage is a count anyone can repeat; every call is observed."""
    async with opened(a_case(model=ModelScript(replies=("first", "second and last")))) as (served, urls, client):
        answers = [
            (await client.post(f"{urls['OPENAI_BASE_URL']}/chat/completions", json=a_chat())).json() for _ in range(3)
        ]
        seen = served.close_run(RUN)

        assert [answer["choices"][0]["message"]["content"] for answer in answers] == [
            "first",
            "second and last",
            "second and last",
        ]
        assert answers[0]["usage"]["prompt_tokens"] == 3 + 4 + 3
        assert answers[0]["usage"]["completion_tokens"] == 2
        assert [item.detail["output_tokens"] for item in seen] == [2, 4, 4]
        assert seen[0].double == "model"
        assert seen[0].action == "gpt-4o-mini"
        assert seen[0].detail == {
            "model": "gpt-4o-mini",
            "protocol": "openai.chat",
            "stream": False,
            "status": 200,
            "prompt_digest": seen[1].detail["prompt_digest"],
            "input_tokens": 10,
            "output_tokens": 2,
            "local_input_tokens": 10,
            "local_output_tokens": 2,
            "latency_ms": 0.0,
            "fault": None,
            "sections": [{"role": "user", "digest": digest_bytes(b"Hello there")[:16], "tokens": 3}],
            "marks": [],
            "correlation": {"run": "path"},
        }


@pytest.mark.asyncio
async def test_a_stream_says_the_same_as_a_plain_answer_and_ends_with_done() -> None:
    """Pieces joined are the reply; usage comes last when asked for; then [DONE]."""
    reply = "A reply that is long enough for several pieces, ümlauts included."
    chat = a_chat(stream=True, stream_options={"include_usage": True})
    async with opened(a_case(model=ModelScript(replies=(reply,)))) as (served, urls, client):
        response = await client.post(f"{urls['OPENAI_BASE_URL']}/chat/completions", json=chat)
        lines = [line.removeprefix("data: ") for line in response.text.split("\n\n") if line]
        events = [json.loads(line) for line in lines[:-1]]
        seen = served.close_run(RUN)

        assert response.headers["content-type"] == "text/event-stream"
        assert lines[-1] == "[DONE]"
        assert "".join(e["choices"][0]["delta"].get("content", "") for e in events if e["choices"]) == reply
        assert events[-2]["choices"][0]["finish_reason"] == "stop"
        assert events[-1]["usage"]["completion_tokens"] == seen[0].detail["output_tokens"]
        assert seen[0].detail["stream"] is True


@pytest.mark.asyncio
async def test_a_limit_on_tokens_cuts_the_reply_and_says_so() -> None:
    """finish_reason is length when the reply was longer than max_tokens."""
    async with opened(a_case(model=ModelScript(replies=("x" * 100,)))) as (_, urls, client):
        answer = (await client.post(f"{urls['OPENAI_BASE_URL']}/chat/completions", json=a_chat(max_tokens=5))).json()

        assert answer["choices"][0]["finish_reason"] == "length"
        assert answer["choices"][0]["message"]["content"] == "x" * 20


@pytest.mark.asyncio
async def test_a_bad_request_is_refused_in_the_protocols_words_and_observed() -> None:
    """Not JSON, no model, no messages, n over 1, another route: 400 or 404 with an error object, never a 500."""
    bodies = [b"{", b"[]", b"{}", b'{"model":"m","messages":[]}', json.dumps(a_chat(n=2)).encode()]
    async with opened(a_case()) as (served, urls, client):
        answers = [await client.post(f"{urls['OPENAI_BASE_URL']}/chat/completions", content=body) for body in bodies]
        unknown = await client.post(f"{urls['OPENAI_BASE_URL']}/nothing", json={})
        models = (await client.get(f"{urls['OPENAI_BASE_URL']}/models")).json()
        seen = served.close_run(RUN)

        assert [answer.status_code for answer in answers] == [400] * 5
        assert all(answer.json()["error"]["type"] == "invalid_request_error" for answer in answers)
        assert [item.detail["status"] for item in seen] == [400] * 5
        assert unknown.status_code == 404
        assert "gpt-4o-mini" in [model["id"] for model in models["data"]]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("fault", "status", "seen_status"),
    [
        (Fault(kind="rate_limit", on_call=1, retry_after_s=2), 429, 429),
        (Fault(kind="server_error", on_call=1, status=503), 503, 503),
        (Fault(kind="empty", on_call=1), 200, 200),
        (Fault(kind="refuse", on_call=1), 200, 200),
        (Fault(kind="content_filter", on_call=1), 200, 200),
        (Fault(kind="wrong_usage", on_call=1), 200, 200),
        (Fault(kind="slow", on_call=1, delay_ms=30), 200, 200),
    ],
)
async def test_a_fault_strikes_the_call_it_names_and_the_retry_gets_the_scripted_reply(
    fault: Fault, status: int, seen_status: int
) -> None:
    """The n-th call fails as told; a failed call takes no reply from the script."""
    case = a_case(model=ModelScript(replies=("fine", "second")), faults=(fault,))
    async with opened(case) as (served, urls, client):
        url = f"{urls['OPENAI_BASE_URL']}/chat/completions"
        first, second = [await client.post(url, json=a_chat()) for _ in range(2)]
        seen = served.close_run(RUN)

        assert first.status_code == status
        assert (seen[0].detail["status"], seen[0].detail["fault"]) == (seen_status, fault.kind)
        assert second.json()["choices"][0]["message"]["content"] in ("fine", "second")
        if status != 200:
            assert second.json()["choices"][0]["message"]["content"] == "fine"
        if fault.kind == "rate_limit":
            assert first.headers["retry-after"] == "2"
        if fault.kind == "wrong_usage":
            assert first.json()["usage"]["prompt_tokens"] == 10 * second.json()["usage"]["prompt_tokens"]


@pytest.mark.asyncio
@pytest.mark.parametrize("stream", [False, True])
async def test_a_cut_answer_never_arrives_whole(stream: bool) -> None:
    """The connection closes in the middle; the client sees a broken transfer, or a stream without its end."""
    case = a_case(model=ModelScript(replies=("word " * 50,)), faults=(Fault(kind="cut"),))
    async with opened(case) as (served, urls, client):
        got = bytearray()

        async def read() -> None:
            chat = a_chat(stream=stream)
            async with client.stream("POST", f"{urls['OPENAI_BASE_URL']}/chat/completions", json=chat) as response:
                async for piece in response.aiter_raw():
                    got.extend(piece)

        with pytest.raises(httpx.RemoteProtocolError):
            await read()

        assert got
        assert b"[DONE]" not in got
        assert served.close_run(RUN)[0].detail["fault"] == "cut"


@pytest.mark.asyncio
async def test_a_malformed_answer_is_no_json() -> None:
    """Status 200 and a body that stops too early, its length right."""
    async with opened(a_case(faults=(Fault(kind="malformed"),))) as (_, urls, client):
        response = await client.post(f"{urls['OPENAI_BASE_URL']}/chat/completions", json=a_chat())

        assert response.status_code == 200
        with pytest.raises(ValueError, match=r"Unterminated|Expecting|delimiter"):
            response.json()


@pytest.mark.asyncio
async def test_a_time_out_closes_the_connection_without_a_byte() -> None:
    """After its delay the caller sees a closed connection, and the observation has no status."""
    async with opened(a_case(faults=(Fault(kind="timeout", delay_ms=20),))) as (served, urls, client):
        with pytest.raises(httpx.RemoteProtocolError):
            await client.post(f"{urls['OPENAI_BASE_URL']}/chat/completions", json=a_chat())

        assert served.close_run(RUN)[0].detail["status"] is None


@pytest.mark.asyncio
async def test_who_hangs_up_is_seen_hanging_up() -> None:
    """A caller with a shorter patience than the double: the observation is there already, then marked aborted."""
    case = a_case(faults=(Fault(kind="timeout", target="retriever"),))
    async with opened(case) as (served, urls, client):
        with pytest.raises(httpx.ReadTimeout):
            await client.post(f"{urls['SLUICEGATE_RETRIEVER_URL']}/search", json={"query": "q"}, timeout=0.1)
        await asyncio.sleep(0.05)
        seen = served.close_run(RUN)

        assert [item.double for item in seen] == ["retriever"]
        assert seen[0].detail["aborted"] is True
        assert 80 <= seen[0].detail["aborted_after_ms"] < 5000


@pytest.mark.asyncio
async def test_a_double_that_was_held_up_while_it_kept_somebody_waiting_says_so() -> None:
    """What stops the double stops the caller's timer as well: how long is on the record."""
    case = a_case(faults=(Fault(kind="slow", target="retriever", delay_ms=400.0),))
    async with opened(case) as (served, urls, client):
        waiting = asyncio.create_task(client.post(f"{urls['SLUICEGATE_RETRIEVER_URL']}/search", json={"query": "q"}))
        await asyncio.sleep(0.1)
        time.sleep(0.25)  # what is tried: nothing else runs meanwhile
        await waiting
        (seen,) = served.close_run(RUN)

        assert seen.detail["late_ms"] >= 190


@pytest.mark.asyncio
async def test_a_request_that_lay_there_unread_was_waited_for_longer_than_its_double_knows() -> None:
    """Sent while the double is held up: the time before it was read is on the record, too."""
    case = a_case(faults=(Fault(kind="slow", target="retriever", delay_ms=100.0),))
    async with opened(case) as (served, urls, client):
        search = f"{urls['SLUICEGATE_RETRIEVER_URL']}/search"
        await client.post(search, json={"query": "first"})
        sent = asyncio.create_task(client.post(search, json={"query": "q"}))
        loop = asyncio.get_running_loop()
        loop.call_later(0.0, time.sleep, 0.3)
        await sent
        await asyncio.sleep(0.1)
        await client.post(search, json={"query": "last"})
        first, held_up, last = served.close_run(RUN)

        assert held_up.detail["late_ms"] >= 200
        assert held_up.detail["late_ms"] > 2 * first.detail.get("late_ms", 0.0)
        assert held_up.detail["late_ms"] > 2 * last.detail.get("late_ms", 0.0)


@pytest.mark.asyncio
async def test_who_still_waits_when_the_run_ends_has_gone_on_without() -> None:
    """The pipeline answered before anybody heard it hang up; an answer that was out is not called left."""
    case = a_case(faults=(Fault(kind="slow", target="retriever", on_call=2, delay_ms=5_000.0),))
    async with opened(case) as (served, urls, client):
        search = f"{urls['SLUICEGATE_RETRIEVER_URL']}/search"
        await client.post(search, json={"query": "q"})
        waiting = asyncio.create_task(client.post(search, json={"query": "q"}))
        await asyncio.sleep(0.2)
        first, second = served.close_run(RUN)
        waiting.cancel()

        assert "aborted" not in first.detail
        assert second.detail["aborted"] is True
        assert 50 <= second.detail["aborted_after_ms"] < 5000


@pytest.mark.asyncio
async def test_a_tool_answers_what_the_case_gives_for_these_arguments_and_404_otherwise() -> None:
    """Path and query are arguments; a result for other arguments is no answer."""
    mine = ToolResult(tool="order", arguments={"order_id": "A 1", "email": "a@x.test"}, result={"total": 5})
    async with opened(a_case(tool_results=(mine,))) as (served, urls, client):
        url = f"{urls['SLUICEGATE_TOOLS_URL']}/orders/A%201"
        right = await client.get(url, params={"email": "a@x.test"})
        wrong = await client.get(url, params={"email": "b@x.test"})
        undeclared = await client.delete(url)
        seen = served.close_run(RUN)

        assert (right.status_code, right.json()) == (200, {"total": 5})
        assert (wrong.status_code, wrong.json()) == (404, {"error": "not found"})
        assert undeclared.status_code == 405
        assert [item.action for item in seen] == ["order", "order", "(undeclared)"]
        assert seen[0].detail == {
            "arguments": {"order_id": "A 1", "email": "a@x.test"},
            "status": 200,
            "writes": False,
            "latency_ms": 0.0,
            "correlation": {"run": "path"},
        }


@pytest.mark.asyncio
async def test_a_call_says_that_earlier_deliveries_had_been_answered() -> None:
    """From the second delivery on."""
    async with opened(a_case()) as (served, urls, client):
        await client.get(f"{urls['SLUICEGATE_TOOLS_URL']}/orders/1")
        served.goes_on(RUN, 1)
        served.goes_on(OTHER, 1)
        await client.get(f"{urls['SLUICEGATE_TOOLS_URL']}/orders/1")
        before, after = (item.detail["correlation"] for item in served.close_run(RUN))

        assert (before, after) == ({"run": "path"}, {"run": "path", "delivery": 1})


@pytest.mark.asyncio
async def test_a_tool_records_duplicate_keys_and_what_is_no_json() -> None:
    """What was really received: both values of a key sent twice, NaN as a word, a raw body."""
    async with opened(a_case()) as (served, urls, client):
        url = f"{urls['SLUICEGATE_TOOLS_URL']}/notes/k"
        await client.put(url, content=b'{"to": "a", "to": "b", "score": NaN, "deep": {"x": [1]}}')
        await client.put(url, content=b"\xff not json")
        await client.put(url, data={"text": "form"})
        twice, raw, form = served.close_run(RUN)

        assert twice.detail["arguments"] == {"key": "k", "to": "b", "score": "NaN", "deep": {"x": [1]}}
        assert twice.detail["duplicates"] == [["to", "a"], ["to", "b"]]
        assert raw.detail["raw"].endswith("not json")
        assert form.detail["arguments"] == {"key": "k", "text": "form"}


@pytest.mark.asyncio
async def test_what_a_writing_tool_stored_is_found_again_within_the_run_only() -> None:
    """PUT twice is the same record, POST twice are two; another run finds nothing."""
    async with opened(a_case()) as (served, urls, client):
        base = urls["SLUICEGATE_TOOLS_URL"]
        before = await client.get(f"{base}/notes/m1")
        first = await client.put(f"{base}/notes/m1", json={"text": "hi"})
        again = await client.put(f"{base}/notes/m1", json={"text": "hi"})
        found = await client.get(f"{base}/notes/m1")
        added = [(await client.post(f"{base}/notes", json={"text": "x"})).json()["id"] for _ in range(2)]
        elsewhere = await client.get(f"{served.open_run(OTHER, a_case())['SLUICEGATE_TOOLS_URL']}/notes/m1")
        seen = served.close_run(RUN)

        assert (before.status_code, first.status_code, again.status_code) == (404, 201, 200)
        assert first.json() == again.json() == found.json()
        assert found.json()["text"] == "hi"
        assert len(set(added)) == 2
        assert elsewhere.status_code == 404
        assert [item.detail["writes"] for item in seen] == [False, True, True, False, True, True]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("kind", "status"), [("server_error", 500), ("rate_limit", 429), ("malformed", 200), ("empty", 200)]
)
async def test_a_tool_fails_as_scripted(kind: str, status: int) -> None:
    """Faults strike tools by name."""
    case = a_case(
        tool_results=(ToolResult(tool="order", result={"a": 1}),), faults=(Fault(kind=kind, target="tool:order"),)
    )
    async with opened(case) as (served, urls, client):
        response = await client.get(f"{urls['SLUICEGATE_TOOLS_URL']}/orders/1")

        assert response.status_code == status
        assert served.close_run(RUN)[0].detail["fault"] == kind
        if status == 200:
            with pytest.raises(ValueError, match=r"."):
                response.json()


@pytest.mark.asyncio
async def test_the_retriever_returns_the_best_k_snippets() -> None:
    """Best score first, weak ones included, at most k; the observation names them."""
    snippets = tuple(Snippet(id=f"s{n}", text=f"text {n}", score=n / 10) for n in (3, 9, 5))
    async with opened(a_case(snippets=snippets)) as (served, urls, client):
        url = f"{urls['SLUICEGATE_RETRIEVER_URL']}/search"
        posted = (await client.post(url, json={"query": "returns", "k": 2})).json()
        got = (await client.get(url, params={"query": "returns"})).json()
        bad = await client.post(url, json={"k": 2})
        seen = served.close_run(RUN)

        assert [item["id"] for item in posted["snippets"]] == ["s9", "s5"]
        assert len(got["snippets"]) == 3
        assert bad.status_code == 400
        assert seen[0].detail == {
            "query": "returns",
            "k": 2,
            "returned": ["s9", "s5"],
            "status": 200,
            "cache": "miss",
            "latency_ms": 0.0,
            "correlation": {"run": "path"},
        }


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"x-sluicegate-run": RUN}, "plain"),
        ({"traceparent": f"00-{RUN}0000000000000001-00f067aa0ba902b7-01"}, "plain"),
        ({}, "with CANARY-7731 inside"),
    ],
)
async def test_without_a_path_prefix_header_trace_or_canary_attribute(headers: dict[str, str], body: str) -> None:
    """Each of the three leads to the run; nothing is left unattributed."""
    case = a_case(expect=Expect(canaries=("CANARY-7731",)))
    async with opened(case) as (served, _, client):
        chat = {"model": "m", "messages": [{"role": "user", "content": body}]}
        url = f"{served.environment()['OPENAI_BASE_URL']}/chat/completions"
        await client.post(url, json=chat, headers=headers)

        assert len(served.close_run(RUN)) == 1
        assert served.unattributed == 0


@pytest.mark.asyncio
async def test_what_belongs_to_no_run_is_answered_counted_and_kept_apart() -> None:
    """A stray request never lands in a run's log; a canary that fits two runs fits none."""
    expect = Expect(canaries=("CANARY-7731",))
    async with opened(a_case(expect=expect)) as (served, _, client):
        served.open_run(OTHER, a_case("c2", expect=expect))
        url = f"{served.environment()['OPENAI_BASE_URL']}/chat/completions"
        chat = {"model": "m", "messages": [{"role": "user", "content": "CANARY-7731"}]}
        answers = [await client.post(url, json=body) for body in (a_chat(), chat)]

        assert [answer.status_code for answer in answers] == [200, 200]
        assert served.unattributed == 2
        assert [item.run_id for item in served.strays] == ["", ""]
        assert served.close_run(RUN) == served.close_run(OTHER) == ()


@pytest.mark.asyncio
async def test_a_request_for_a_closed_run_is_late_and_gone() -> None:
    """410, counted as late: it belongs to no trial, and it has no effect."""
    async with opened(a_case()) as (served, urls, client):
        served.close_run(RUN)
        named = await client.post(f"{urls['OPENAI_BASE_URL']}/chat/completions", json=a_chat())
        header = {"x-sluicegate-run": OTHER}
        told = await client.get(f"{served.environment()['OPENAI_BASE_URL']}/models", headers=header)

        assert (named.status_code, told.status_code) == (410, 410)
        assert (served.late, served.unattributed) == (2, 0)


@pytest.mark.asyncio
async def test_a_huge_body_is_refused_and_observed_without_its_content() -> None:
    """413 beyond the limit; the observation stays small."""
    async with opened(a_case()) as (served, urls, client):
        response = await client.post(
            f"{urls['OPENAI_BASE_URL']}/chat/completions", content=b'"' + b"x" * BODY_LIMIT + b'"'
        )
        middle = await client.put(f"{urls['SLUICEGATE_TOOLS_URL']}/notes/k", json={"text": "y" * 100_000})
        seen = served.close_run(RUN)

        assert response.status_code == 413
        assert middle.status_code == 201
        assert [len(str(item.detail)) < 500 for item in seen] == [True, True]
        assert seen[1].detail["size_bytes"] > 100_000


@pytest.mark.asyncio
async def test_latency_is_seeded_by_case_and_call() -> None:
    """The same case waits equally long in every run; another seed or case differs."""
    drawn = Latencies(seed=1)

    assert drawn.draw(20, "a", "model", 1) == Latencies(seed=1).draw(20, "a", "model", 1)
    assert len({Latencies(seed=s).draw(20, c, "model", n) for s in (1, 2) for c in "ab" for n in (1, 2)}) == 8
    assert Latencies(spread=0).draw(20, "a", "model", 1) == 20
    assert QUICK.draw(0, "a", "model", 1) == 0


@pytest.mark.asyncio
async def test_scripted_latency_is_kept() -> None:
    """A model script's latency_ms is waited for."""
    async with opened(a_case(model=ModelScript(replies=("x",), latency_ms=60))) as (_, urls, client):
        started = asyncio.get_running_loop().time()
        await client.post(f"{urls['OPENAI_BASE_URL']}/chat/completions", json=a_chat())

        assert asyncio.get_running_loop().time() - started >= 0.055


@pytest.mark.asyncio
async def test_many_runs_at_once_keep_their_own_observations() -> None:
    """100 runs, each with its own script and its own log, over one server."""
    async with doubles() as served, aiohttp.ClientSession() as session:

        async def one(number: int) -> tuple[str, tuple[Observation, ...]]:
            run_id = f"{number:016x}"
            case = a_case(f"c{number}", model=ModelScript(replies=(f"reply {number}",)))
            urls = served.open_run(run_id, case)
            async with session.post(f"{urls['OPENAI_BASE_URL']}/chat/completions", json=a_chat()) as response:
                said = (await response.json())["choices"][0]["message"]["content"]
            return said, served.close_run(run_id)

        results = await asyncio.gather(*(one(number) for number in range(100)))

        assert [said for said, _ in results] == [f"reply {number}" for number in range(100)]
        assert all([item.run_id for item in seen] == [f"{n:016x}"] for n, (_, seen) in enumerate(results))


@pytest.mark.asyncio
async def test_a_fault_no_double_knows_is_refused_before_the_run() -> None:
    """A fault that would never be injected tests nothing, so opening the run fails and names the case."""
    case = a_case(
        "c9", faults=(Fault(kind="rate_limt"), Fault(kind="refuse", target="tool:x"), Fault(kind="cut", target="db"))
    )
    async with doubles() as served:
        with pytest.raises(InputError) as caught:
            served.open_run(RUN, case)

        assert len(caught.value.faults) == 4
        assert "case c9: given.faults[0]: kind is 'rate_limt', unknown for model. Did you mean 'rate_limit'?" in str(
            caught.value
        )


@pytest.mark.asyncio
async def test_a_run_is_opened_once_and_the_doubles_are_started_once() -> None:
    """Twice is a programmer's error and says so; stopping twice is not."""
    served = Doubles()
    with pytest.raises(RuntimeError, match="not running"):
        served.environment()
    await served.start()
    with pytest.raises(RuntimeError, match="already"):
        await served.start()
    served.open_run(RUN, a_case())
    with pytest.raises(ValueError, match="open already"):
        served.open_run(RUN, a_case())
    await served.stop()
    await served.stop()
    with pytest.raises(KeyError):
        served.close_run(OTHER)


def test_the_log_of_a_run_is_bounded_and_says_what_it_dropped() -> None:
    """A pipeline that loops for ever cannot fill the memory; the count of the rest is kept."""
    runs = Runs()
    runs.open(RUN, a_case())
    run = runs.named(RUN)
    assert run is not None
    for _ in range(LOG_LIMIT + 7):
        run.see("model", "m", "2026-01-01T00:00:00.000000Z", {})
    seen = runs.close(RUN)

    assert len(seen) == LOG_LIMIT + 1
    assert seen[-1].detail == {"dropped": 7}


@pytest.mark.asyncio
async def test_every_observation_keeps_its_published_schema() -> None:
    """Whatever was asked, well or badly, under faults and without: the detail is what `observation.<double>` says."""
    faults = (
        Fault(kind="rate_limit", on_call=1),
        Fault(kind="slow", target="retriever", on_call=1, delay_ms=1),
        Fault(kind="timeout", target="tool:order", on_call=2, delay_ms=1),
    )
    snippet = Snippet(id="s", text="t", score=0.5)
    async with opened(a_case(faults=faults, snippets=(snippet,))) as (served, urls, client):
        chat, search = f"{urls['OPENAI_BASE_URL']}/chat/completions", f"{urls['SLUICEGATE_RETRIEVER_URL']}/search"
        tools = urls["SLUICEGATE_TOOLS_URL"]
        for body in (b"{", json.dumps(a_chat()).encode(), json.dumps(a_chat(stream=True)).encode()):
            await client.post(chat, content=body)
        for asked in ({"query": "q"}, {"query": "q", "k": 0}, {}):
            await client.post(search, json=asked)
        await client.get(f"{tools}/orders/1?a=1&a=2")
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get(f"{tools}/orders/1")
        for sent in (b"x", b'{"a": 1, "a": 2}', b'"' + b"y" * 100_000 + b'"', b"z" * (BODY_LIMIT + 1)):
            await client.put(f"{tools}/notes/k", content=sent)
        await client.get(f"{tools}/elsewhere")
        await client.get(urls["SLUICEGATE_CLOCK_URL"])
        seen = served.close_run(RUN)

        assert {item.double for item in seen} == set(SCHEMAS)
        for item in seen:
            jsonschema.validate(item.detail, SCHEMAS[item.double])
