"""Runs scripted, read and ended over HTTP, as `sluicegate doubles serve` offers it."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from sluicegate.doubles import Doubles, Latencies
from sluicegate.doubles.control import MOST_RUNS
from sluicegate.errors import InputError
from sluicegate.model import Case

RUN = "00112233445566aa"
CHAT: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}


@asynccontextmanager
async def controlled(**options: Any) -> AsyncIterator[tuple[Doubles, httpx.AsyncClient]]:
    quick = Latencies(model_ms=0, tool_ms=0, retriever_ms=0)
    served = Doubles(**{"controlled": True, "latencies": quick, **options})
    await served.start()
    base = served.environment()["OPENAI_BASE_URL"].removesuffix("/v1")
    try:
        async with httpx.AsyncClient(base_url=base) as client:
            yield served, client
    finally:
        await served.stop()


@pytest.mark.asyncio
async def test_a_run_is_scripted_driven_read_and_ended() -> None:
    """PUT opens it with its addresses, GET tells its log so far, DELETE tells it for the last time."""
    async with controlled() as (_, client):
        script = {"given": {"model": {"replies": ["Good day."]}, "faults": [{"kind": "rate_limit", "on_call": 1}]}}
        opened = await client.put(f"/_runs/{RUN}", json=script)
        url = f"{opened.json()['environment']['OPENAI_BASE_URL']}/chat/completions"
        limited, answered = [await client.post(url, json=CHAT) for _ in range(2)]
        listed = (await client.get("/_runs")).json()
        read = (await client.get(f"/_runs/{RUN}")).json()
        ended = await client.delete(f"/_runs/{RUN}")
        gone = await client.get(f"/_runs/{RUN}")

    assert opened.status_code == 201
    assert (limited.status_code, answered.json()["choices"][0]["message"]["content"]) == (429, "Good day.")
    assert listed["runs"] == [{"run_id": RUN, "case_id": RUN, "observations": 2}]
    assert read["calls"]["model"] == 2
    assert [seen["detail"]["status"] for seen in read["observations"]] == [429, 200]
    assert ended.json() == read
    assert gone.status_code == 404


@pytest.mark.asyncio
async def test_a_script_with_typos_is_refused_with_all_of_them() -> None:
    """In its fields, and in what they say; nothing is opened."""
    async with controlled() as (_, client):
        misspelt = await client.put(f"/_runs/{RUN}", json={"given": {"falts": [], "now": 5}, "expcet": {}})
        faults = [{"kind": "rate_limt"}, {"kind": "cut", "target": "tool:ordr"}]
        unplayable = await client.put(f"/_runs/{RUN}", json={"given": {"faults": faults}})
        no_json = await client.put(f"/_runs/{RUN}", content=b"{")
        no_object = await client.put(f"/_runs/{RUN}", json=[])
        listed = (await client.get("/_runs")).json()

    assert [answer.status_code for answer in (misspelt, unplayable, no_json, no_object)] == [400] * 4
    assert [fault["mend"] for fault in misspelt.json()["faults"]][:1] == ["Did you mean 'faults'?"]
    assert len(misspelt.json()["faults"]) == 3
    assert [fault["mend"] for fault in unplayable.json()["faults"]] == [
        "Did you mean 'rate_limit'?",
        "The plan declares no tools.",
    ]
    assert "is no JSON" in no_json.json()["faults"][0]["what"]
    assert listed["runs"] == []


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("method", "path", "status", "said"),
    [
        ("PUT", "/_runs/my-run", 400, "16 digits of 0-9a-f"),
        ("PUT", "/_runs/../x", 400, "16 digits"),
        ("GET", f"/_runs/{RUN}", 404, "is not open"),
        ("DELETE", f"/_runs/{RUN}", 404, "is not open"),
        ("POST", "/_runs", 405, "GET lists them"),
    ],
)
async def test_what_cannot_be_done_says_what_can(method: str, path: str, status: int, said: str) -> None:
    """The mend is part of the answer."""
    async with controlled() as (_, client):
        answer = await client.request(
            method, httpx.URL(str(client.base_url).rstrip("/") + path.replace("..", "%2e%2e"))
        )

    assert answer.status_code == status
    assert said in answer.text


@pytest.mark.asyncio
async def test_an_open_run_is_not_opened_again_and_their_number_is_bounded() -> None:
    """A second PUT would lose the log; a service that ends no run fills no memory."""
    async with controlled() as (served, client):
        first, again = [await client.put(f"/_runs/{RUN}", json={}) for _ in range(2)]
        patched = await client.patch(f"/_runs/{RUN}")
        for number in range(MOST_RUNS - 1):
            served.open_run(f"{number:016x}", Case(id="c"))
        full = await client.put("/_runs/ffffffffffffffff", json={})

    assert [first.status_code, again.status_code, patched.status_code, full.status_code] == [201, 409, 405, 503]
    assert "DELETE it first" in again.text


@pytest.mark.asyncio
async def test_strays_and_late_calls_are_listed() -> None:
    """Who forgot to pass the run on finds the request here."""
    async with controlled() as (served, client):
        await client.post(f"{served.environment()['OPENAI_BASE_URL']}/chat/completions", json=CHAT)
        await client.post(f"/r/{RUN}/v1/chat/completions", json=CHAT)
        listed = (await client.get("/_runs")).json()

    assert (listed["unattributed"], listed["late"]) == (1, 1)
    assert listed["strays"][0]["detail"]["correlation"] == {"run": "nothing"}


@pytest.mark.asyncio
async def test_only_this_machine_by_its_own_name_may_write_scripts() -> None:
    """A web page whose name resolves to loopback carries its own name."""
    async with controlled() as (_, client):
        answer = await client.put(f"/_runs/{RUN}", json={}, headers={"host": "evil.example:80"})

    assert answer.status_code == 403


@pytest.mark.asyncio
async def test_a_pipeline_under_test_cannot_write_its_own_script() -> None:
    """Without `controlled`, which only the served doubles have, there is no such route."""
    async with controlled(controlled=False) as (_, client):
        answer = await client.put(f"/_runs/{RUN}", json={})

    assert answer.status_code == 404


@pytest.mark.asyncio
async def test_a_port_in_use_is_said_with_the_mend() -> None:
    """And the doubles can be started again elsewhere."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        served = Doubles(port=taken.getsockname()[1])
        with pytest.raises(InputError, match=r"is in use\. Choose another with --port"):
            await served.start()
