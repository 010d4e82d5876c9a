"""One pipeline behind three doors: callable, command and HTTP service give the same results, case by case."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from sluicegate.checks import CHECKS, SUITES, Contribution, measure, run_check
from sluicegate.doubles import Doubles, Latencies
from sluicegate.fixtures.catalogue import REFERENCES, VARIABLE
from sluicegate.model import Case, Json, NotMeasured, Origin, Trial
from sluicegate.pipelines.build import make_pipeline, open_pipeline
from sluicegate.plan.metrics import BUILT_IN
from sluicegate.plan.reader import read_plan
from sluicegate.plan.types import CallableTarget, CommandTarget, HttpTarget, PipelineSpec
from sluicegate.runner import drive
from sluicegate.session.contracts import check_config, compile_contracts
from sluicegate.session.stage_cases import stage_cases

KINDS = ("callable", "command", "http")
REFERENCE = REFERENCES["content-routing"]
PLAN = read_plan(REFERENCE.plan)
STAGE = PLAN.stage(REFERENCE.stage)
CONFIG = check_config(PLAN, compile_contracts(PLAN, REFERENCE.plan.parent, {}))
TIMED = ("latency", "ttft", "retrieval.latency")

ROUTER = """
from sluicegate.fixtures.content_router.pipeline import write_post as answer
"""

NOTHING_PASSED_ON = '''
import aiohttp, asyncio, os

async def answer(input, context):
    """Asks a model and passes neither path nor header on, as a client made for another world would."""
    base = context.endpoints["OPENAI_BASE_URL"].replace(f"/r/{context.run_id}", "")
    said = {"model": "m", "messages": [{"role": "user", "content": str(input)}]}
    async with aiohttp.ClientSession() as session, session.post(f"{base}/chat/completions", json=said) as answered:
        return {"content": (await answered.json())["choices"][0]["message"]["content"]}
'''

COMMAND = """
import asyncio, json, sys
from sluicegate import RunContext
from work import answer

loop = asyncio.new_event_loop()
for line in sys.stdin:
    said = json.loads(line)
    named = ("run_id", "traceparent", "endpoints", "now", "delivery")
    answered = loop.run_until_complete(answer(said["input"], RunContext(**{name: said[name] for name in named})))
    print(json.dumps({"id": said["id"], **answered}), flush=True)
"""

SERVICE = """
import asyncio
from aiohttp import web
from sluicegate import RunContext
from work import answer

async def handle(request):
    said = await request.json()
    return web.json_response(await answer(said.pop("input"), RunContext(**said)))

async def serve():
    app = web.Application(client_max_size=10_000_000)
    app.router.add_post("/", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()

asyncio.run(serve())
"""
REQUEST: Mapping[str, Json] = {
    "input": "${input}",
    "run_id": "${run.id}",
    "traceparent": "${run.traceparent}",
    "now": "${run.now?}",
    "delivery": "${run.delivery}",
    "endpoints": {"OPENAI_BASE_URL": "${endpoint.OPENAI_BASE_URL}"},
}


@dataclass
class Kept:
    """A recorder that keeps the trials."""

    trials: list[Trial] = field(default_factory=list)

    def intend(self, case: Case, repeat: int, run_id: str) -> None:
        pass

    def record(self, trial: Trial, run_id: str) -> None:
        self.trials.append(trial)


@asynccontextmanager
async def a_spec(kind: str, folder: Path, work: str, environment: Mapping[str, str]) -> AsyncIterator[PipelineSpec]:
    """How the adapter of that kind reaches the same work; a service is a process of its own."""
    for name, text in (("work.py", work), ("command.py", COMMAND), ("service.py", SERVICE)):
        (folder / name).write_text(text)
    if kind == "callable":
        yield PipelineSpec(target=CallableTarget(target="work:answer"), environment=environment)
    elif kind == "command":
        target = CommandTarget(argv=(sys.executable, "command.py"))
        yield PipelineSpec(target=target, environment=environment)
    else:
        import os

        service = await asyncio.create_subprocess_exec(
            sys.executable,
            "service.py",
            cwd=folder,
            env={**os.environ, "OPENAI_API_KEY": "x", **environment},
            stdout=asyncio.subprocess.PIPE,
        )
        assert service.stdout is not None
        try:
            port = int(await service.stdout.readline())
            yield PipelineSpec(target=HttpTarget(url=f"http://127.0.0.1:{port}/", request=REQUEST))
        finally:
            service.kill()
            await service.communicate()


async def driven(
    kind: str,
    folder: Path,
    cases: list[Case],
    *,
    work: str = ROUTER,
    environment: Mapping[str, str] | None = None,
    concurrency: int = 32,
) -> tuple[list[Trial], Doubles]:
    """Every case through the adapter, between doubles."""
    doubles = Doubles(latencies=Latencies(model_ms=0), lane=concurrency == 1)
    await doubles.start()
    kept = Kept()
    try:
        async with a_spec(kind, folder, work, environment or {}) as spec:
            pipeline = make_pipeline(spec, base=folder, endpoints=doubles.environment())
            try:
                await open_pipeline(pipeline)
                trials = ((case, 0) for case in cases)
                await drive(pipeline, trials, recorder=kept, boundary=doubles, nonce="one", concurrency=concurrency)
            finally:
                await pipeline.aclose()
    finally:
        await doubles.stop()
    return kept.trials, doubles


@cache
def asked() -> list[Case]:
    """The cases of every suite the stage requires."""
    return list(stage_cases(PLAN, STAGE, REFERENCE.plan.parent).of(Origin.SUITE))


def said(trials: list[Trial]) -> dict[str, tuple[dict[str, str], dict[str, object]]]:
    """Of each case: every check's result, and every measurement but those of time."""
    checks = [name for suite in STAGE.requires.suites for name in SUITES[suite].checks]
    found = {}
    for trial in trials:
        results = {name: run_check(CHECKS[name], trial, CONFIG).result.value for name in checks}
        figures = {
            name: _figure(measure(metric, trial, results, CONFIG), trial)
            for name, metric in BUILT_IN.items()
            if name not in TIMED
        }
        found[trial.case.id] = results, figures
    return found


def _figure(measured: Contribution | NotMeasured | None, trial: Trial) -> object:
    if not isinstance(measured, Contribution):
        return measured
    # Which of several jobs at once gets the last free place is the race's to say; how many do is not.
    value = None if trial.case.given.at_once else measured.value
    return measured.k, measured.n, value, measured.failed, measured.arm


def failed(found: Mapping[str, tuple[dict[str, str], Any]]) -> set[str]:
    return {name for results, _ in found.values() for name, result in results.items() if result == "fail"}


@pytest.mark.parametrize("defect", ["", "expert-for-every-reply", "half-of-the-tokens"])
@pytest.mark.asyncio
async def test_the_three_agree_on_every_check_and_measurement_of_every_case(defect: str, tmp_path: Path) -> None:
    """All suites of the stage, sound and with two planted defects, which each of them is caught with."""
    environment = {VARIABLE: defect} if defect else {}
    cases = asked()[::3] if defect else asked()
    found = {}
    for kind in KINDS:
        folder = tmp_path / kind
        folder.mkdir()
        trials, doubles = await driven(kind, folder, cases, environment=environment)
        assert (doubles.unattributed, doubles.late) == (0, 0), kind
        found[kind] = said(trials)

    assert set(found["callable"]) == {case.id for case in cases}
    for kind in KINDS[1:]:
        differing = {key for key, value in found[kind].items() if value != found["callable"][key]}
        assert differing == set(), (kind, found[kind][min(differing)], found["callable"][min(differing)])
    assert failed(found["callable"]) >= ({REFERENCE_CHECKS[defect]} if defect else set())
    assert bool(failed(found["callable"])) is bool(defect)


REFERENCE_CHECKS = {planted.name: planted.check for planted in REFERENCE.defects}
PLAIN = [Case(id=f"c{number}", input=f"question {number}") for number in range(12)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.asyncio
async def test_what_passes_nothing_on_is_counted_for_nobody(kind: str, tmp_path: Path) -> None:
    """Behind each adapter: no case has an observation, every request is counted as of no run."""
    trials, doubles = await driven(kind, tmp_path, PLAIN, work=NOTHING_PASSED_ON)

    assert doubles.unattributed == len(PLAIN)
    assert {trial.observations for trial in trials} == {()}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.asyncio
async def test_in_a_lane_it_is_counted_for_the_one_under_way(kind: str, tmp_path: Path) -> None:
    """One at a time, each has its own: the prompt that arrived is the case's."""
    trials, doubles = await driven(kind, tmp_path, PLAIN, work=NOTHING_PASSED_ON, concurrency=1)

    assert doubles.unattributed == 0
    for trial in trials:
        (seen,) = trial.observations
        assert seen.detail["correlation"]["run"] == "lane"
    assert len({trial.observations[0].detail["prompt_digest"] for trial in trials}) == len(PLAIN)
