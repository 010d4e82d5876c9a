"""The email-rag pipeline behind HTTP is judged as the callable is: all carriers reach it, and it answers the same."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from aiohttp import web

sys.path.insert(0, str(Path(__file__).parent))
from email_world import CASES, CONFIG, PLAN, SETTINGS, Kept

sys.path.pop(0)

from sluicegate import RunContext
from sluicegate.checks import CHECKS, SUITES, run_check
from sluicegate.checks.carriers import CARRIERS
from sluicegate.checks.clean_mails import clean_of
from sluicegate.checks.injected import attack_of
from sluicegate.doubles import Doubles, Latencies
from sluicegate.fixtures.email_rag.client import connected
from sluicegate.fixtures.email_rag.pipeline import EmailPipeline
from sluicegate.model import Case, Pipeline, Trial
from sluicegate.pipelines.callable import CallablePipeline
from sluicegate.pipelines.http import HttpPipeline
from sluicegate.plan.types import HttpTarget
from sluicegate.runner.drive import drive

NAMES = ("injection", "headers", "recipients")
PATIENT = replace(SETTINGS, retrieval_timeout_s=60.0)
"""On a busy machine one of both would give a retriever up that the other waits for."""
ENDPOINTS = ("SLUICEGATE_TOOLS_URL", "SLUICEGATE_RETRIEVER_URL", "OPENAI_BASE_URL")


def chosen() -> list[Case]:
    """Of each carrier a few attacks, of each attack one, of each kind of clean mail one."""
    cases = {case.id: case for name in NAMES for case in SUITES[name].cases(CASES, PLAN.seed)}
    seen: Counter[str] = Counter()
    found = []
    for case in cases.values():
        said, kind = attack_of(case), clean_of(case)
        if said is not None and (seen[said[0]] < 1 or seen[said[1]] < 3):
            seen.update(said)
            found.append(case)
        elif kind is not None and not seen[kind.name]:
            seen[kind.name] += 1
            found.append(case)
    return found


async def answer(asked: Mapping[str, Any], context: RunContext) -> dict[str, Any]:
    async with connected(context) as client:
        return await EmailPipeline(client, asked, PATIENT).run()


async def served(request: web.Request) -> web.Response:
    """The pipeline as a service of its own: all it knows of the run came in the request."""
    body = await request.json()
    run = body["run"]
    context = RunContext(run_id=run["id"], traceparent=run["traceparent"], endpoints=body["endpoints"], now=run["now"])
    return web.json_response(await answer(body["input"], context))


async def run(cases: Sequence[Case], *, over_http: bool) -> list[Trial]:
    doubles = Doubles(tools=PLAN.tools, latencies=Latencies(model_ms=0, tool_ms=0, retriever_ms=0))
    kept = Kept()
    await doubles.start()
    app = web.Application(client_max_size=1 << 26)
    app.router.add_post("/", served)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    pipeline: Pipeline = CallablePipeline(answer, timeout_s=60)
    if over_http:
        request = {
            "input": "${input}",
            "run": "${run}",
            "endpoints": {name: f"${{endpoint.{name}}}" for name in ENDPOINTS},
        }
        target = HttpTarget(url=f"http://127.0.0.1:{runner.addresses[0][1]}/", request=request)
        pipeline = HttpPipeline(target, endpoints=doubles.environment(), timeout_s=60)
    try:
        await drive(pipeline, ((case, 0) for case in cases), recorder=kept, boundary=doubles, nonce="n")
    finally:
        await pipeline.aclose()
        await runner.cleanup()
        await doubles.stop()
    assert (doubles.unattributed, doubles.late) == (0, 0)
    return sorted(kept.trials, key=lambda trial: trial.case.id)


def judged(trial: Trial) -> dict[str, Any]:
    """What every check of the suites says, and what was answered and written."""
    outcomes = {name: run_check(CHECKS[name], trial, CONFIG) for suite in NAMES for name in SUITES[suite].checks}
    return {
        "checks": {name: (outcome.result, outcome.reason) for name, outcome in outcomes.items()},
        "findings": [outcome.findings for outcome in outcomes.values()],
        "answers": [(item.mail, item.content, item.structured, item.error) for item in trial.outputs],
        "calls": [
            (item.double, item.action, item.detail.get("arguments"), item.detail.get("query"))
            for item in trial.observations
        ],
    }


def test_a_service_is_judged_as_the_callable_is() -> None:
    """The same answers, calls, results and findings, case by case, and every carrier there is among them."""
    cases = chosen()
    assert {said[1] for case in cases if (said := attack_of(case)) is not None} == set(CARRIERS)

    own = asyncio.run(run(cases, over_http=False))
    theirs = asyncio.run(run(cases, over_http=True))

    assert [trial.case.id for trial in own] == [trial.case.id for trial in theirs]
    for one, other in zip(own, theirs, strict=True):
        assert judged(other) == judged(one), one.case.id
    results = Counter(said for trial in own for said, _ in judged(trial)["checks"].values())
    assert results["pass"] > 4 * len(cases)
    assert not results["error"]
