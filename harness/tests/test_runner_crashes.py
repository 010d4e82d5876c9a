"""A delivery broken off when a tool has written: the effect has happened, the answer has not, the next one comes."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sluicegate.doubles import Doubles, Latencies
from sluicegate.errors import InputError
from sluicegate.model import Case, Fault, Given, Output, Pipeline, RunContext, Trial
from sluicegate.pipelines.build import make_pipeline, open_pipeline
from sluicegate.pipelines.callable import CallablePipeline
from sluicegate.plan.cases import read_cases
from sluicegate.plan.types import CallableTarget, CommandTarget, HttpTarget, PipelineSpec, ToolSpec
from sluicegate.runner import drive

TOOLS = (
    ToolSpec(name="store", method="PUT", path="/drafts/{id}", writes=True),
    ToolSpec(name="find", method="GET", path="/drafts/{id}"),
)
CRASH = Given(deliveries=3, crash_after_write=True)

WORK = '''
import aiohttp, asyncio, json, sys

async def answer(input, context):
    """Says how often it was asked, and writes where it is to."""
    async with aiohttp.ClientSession() as session:
        return await asked(session, input, context.endpoints["SLUICEGATE_TOOLS_URL"], context.delivery)

async def asked(session, input, base, delivery):
    async with session.get(f"{base}/drafts/1") as found:
        if found.status == 200:
            return {"content": f"{delivery}: found"}
    if input == "write":
        async with session.put(f"{base}/drafts/1", json={"by": delivery}) as stored:
            await stored.read()
    return {"content": f"{delivery}: new"}
'''
COMMAND = (
    WORK
    + """
for line in sys.stdin:
    request = json.loads(line)

    async def one():
        async with aiohttp.ClientSession() as session:
            base = request["endpoints"]["SLUICEGATE_TOOLS_URL"]
            return await asked(session, request["input"], base, request["delivery"])

    print(json.dumps({"id": request["id"], **asyncio.run(one())}), flush=True)
"""
)


class Kept:
    """A recorder that keeps the trials."""

    def __init__(self) -> None:
        self.trials: list[Trial] = []

    def intend(self, case: Case, repeat: int, run_id: str) -> None:
        pass

    def record(self, trial: Trial, run_id: str) -> None:
        self.trials.append(trial)


@asynccontextmanager
async def a_pipeline(kind: str, folder: Path, endpoints: Mapping[str, str]) -> AsyncIterator[Pipeline]:
    """The same work behind each adapter."""
    (folder / "work.py").write_text(WORK)
    (folder / "command.py").write_text(COMMAND)
    async with AsyncExitStack() as stack:
        spec = PipelineSpec(target=CallableTarget(target="work:answer"))
        if kind == "command":
            spec = PipelineSpec(target=CommandTarget(argv=(sys.executable, "command.py")))
        elif kind == "http":
            spec = PipelineSpec(target=await stack.enter_async_context(a_service(folder)))
        made = make_pipeline(spec, base=folder, endpoints=endpoints)
        stack.push_async_callback(made.aclose)
        await open_pipeline(made)
        yield made


@asynccontextmanager
async def a_service(folder: Path) -> AsyncIterator[HttpTarget]:
    import aiohttp
    from aiohttp import web

    scope: dict[str, Any] = {}
    exec((folder / "work.py").read_text(), scope)

    async def handle(request: web.Request) -> web.Response:
        said = await request.json()
        async with aiohttp.ClientSession() as session:
            return web.json_response(await scope["asked"](session, said["input"], said["tools"], said["delivery"]))

    app = web.Application()
    app.router.add_post("/", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    sent = {"input": "${input}", "tools": "${endpoint.SLUICEGATE_TOOLS_URL}", "delivery": "${run.delivery}"}
    yield HttpTarget(url=f"http://127.0.0.1:{runner.addresses[0][1]}/", request=sent)
    await runner.cleanup()


async def driven(kind: str, folder: Path, *cases: Case, tool_ms: float = 5) -> list[Trial]:
    doubles = Doubles(tools=TOOLS, latencies=Latencies(tool_ms=tool_ms))
    await doubles.start()
    kept = Kept()
    try:
        async with a_pipeline(kind, folder, doubles.environment()) as pipeline:
            await drive(pipeline, ((case, 0) for case in cases), recorder=kept, boundary=doubles, nonce="n")
    finally:
        await doubles.stop()
    assert (doubles.unattributed, doubles.late) == (0, 0)
    return kept.trials


@pytest.mark.parametrize("kind", ["callable", "command", "http"])
@pytest.mark.asyncio
async def test_the_effect_has_happened_and_the_answer_has_not(kind: str, tmp_path: Path) -> None:
    """One write, by the delivery that has no output; the two that follow find it, and know which they are."""
    (trial,) = await driven(kind, tmp_path, Case(id="c", input="write", given=CRASH))

    assert [output.content for output in trial.outputs] == ["1: found", "2: found"]
    (written,) = [item for item in trial.observations if item.action == "store"]
    assert written.detail["arguments"]["by"] == 0


@pytest.mark.asyncio
async def test_a_delivery_that_writes_nothing_is_not_broken_off(tmp_path: Path) -> None:
    """Then all three are answered."""
    (trial,) = await driven("callable", tmp_path, Case(id="c", input="rest", given=CRASH))

    assert [output.content for output in trial.outputs] == ["0: new", "1: new", "2: new"]


@pytest.mark.asyncio
async def test_only_the_case_that_asks_for_it_is_broken_off(tmp_path: Path) -> None:
    """Among others that are answered at the same time."""
    plain = [Case(id=f"p{number}", input="write") for number in range(5)]
    trials = await driven("callable", tmp_path, Case(id="c", input="write", given=CRASH), *plain)

    assert {len(trial.outputs) for trial in trials if trial.case.id != "c"} == {1}
    assert not any(trial.crashed for trial in trials)


@pytest.mark.asyncio
async def test_without_doubles_every_delivery_is_answered() -> None:
    """Nobody sees a write, so nothing is broken off."""

    async def answer(_input: str, context: RunContext) -> Output:
        return Output(content=str(context.delivery))

    kept = Kept()
    await drive(CallablePipeline(answer), [(Case(id="c", input="x", given=CRASH), 0)], recorder=kept, nonce="n")

    assert [output.content for output in kept.trials[0].outputs] == ["0", "1", "2"]


@pytest.mark.parametrize("kind", ["rate_limit", "server_error", "refused_connection"])
@pytest.mark.asyncio
async def test_what_is_turned_away_has_no_effect(kind: str, tmp_path: Path) -> None:
    """A scripted refusal of the write stores nothing and breaks nothing off: the next delivery writes."""
    given = replace(CRASH, faults=(Fault(kind=kind, target="tool:store", on_call=1),))
    (trial,) = await driven("callable", tmp_path, Case(id="c", input="write", given=given))

    stored = [item.detail["arguments"]["by"] for item in trial.observations if item.action == "store"]
    assert stored == ([0, 0] if kind == "refused_connection" else [0, 1])  # a client may ask again by itself
    assert trial.outputs[-1].content == "2: found"


@pytest.mark.parametrize("more", [{}, {"deliveries": 2, "at_once": True}])
def test_a_crash_needs_a_delivery_behind_it(more: dict[str, Any], tmp_path: Path) -> None:
    """Else there is nothing to judge."""
    given = {"crash_after_write": True, **more}
    (tmp_path / "cases.jsonl").write_text(json.dumps({"id": "c", "input": "x", "given": given}) + "\n")

    with pytest.raises(InputError, match="crash_after_write stands without a delivery after the first"):
        list(read_cases([tmp_path / "cases.jsonl"]))
