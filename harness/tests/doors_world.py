"""A reference pipeline behind three doors: a callable, a command of lines, an HTTP service, each as its plan would."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from sluicegate.checks import CHECKS, SUITES, CheckConfig, Contribution, measure, run_check
from sluicegate.fixtures.catalogue import REFERENCES, VARIABLE, Reference
from sluicegate.model import Case, Json, NotMeasured, Trial
from sluicegate.plan.metrics import BUILT_IN
from sluicegate.plan.reader import read_plan
from sluicegate.plan.types import CallableTarget, CommandTarget, HttpTarget, PipelineSpec, Plan, Stage
from sluicegate.runner import drive
from sluicegate.session.contracts import check_config, compile_contracts
from sluicegate.session.production import production
from sluicegate.session.stage_cases import stage_cases
from sluicegate.session.workspace import Workspace

__all__ = ["DOORS", "Behind", "Kept", "Said", "a_door", "behind", "driven", "said"]

DOORS = ("callable", "command", "http")
_TIMED = ("latency", "ttft", "retrieval.latency")
_LATE = {"timeout", "slow", "slow_stream"}
_KEYS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GOOGLE_API_KEY")
Said = tuple[dict[str, str], dict[str, object]]
"""Of a case: every check's result, and every measurement but those of time."""

_COMMAND = '''
import asyncio, json, logging, sys
from sluicegate import RunContext
from work import answer


class Lines(logging.Handler):
    """Standard error, a JSON object a line."""

    def emit(self, record):
        said = {"text": record.getMessage(), "level": record.levelname, "logger": record.name}
        if hasattr(record, "correlation_id"):
            said["correlation_id"] = record.correlation_id
        print(json.dumps(said), file=sys.stderr, flush=True)


logging.getLogger().addHandler(Lines())
loop = asyncio.new_event_loop()
for line in sys.stdin:
    said = json.loads(line)
    named = ("run_id", "traceparent", "endpoints", "now", "delivery")
    answered = loop.run_until_complete(answer(said["input"], RunContext(**{name: said[name] for name in named})))
    print(json.dumps({"id": said["id"], **answered}), flush=True)
'''

_SERVICE = '''
import asyncio, logging, time
from contextvars import ContextVar
import aiohttp
from aiohttp import web
from sluicegate import RunContext
from work import answer

LINES = ContextVar("LINES", default=None)


class Records(logging.Handler):
    """Log records of the request under way, as OTLP has them."""

    def emit(self, record):
        if (lines := LINES.get()) is None:
            return
        given = getattr(record, "correlation_id", None)
        pairs = [] if given is None else [{"key": "correlation_id", "value": {"stringValue": given}}]
        said = {"body": {"stringValue": record.getMessage()}, "severityText": record.levelname, "attributes": pairs}
        lines.append({**said, "timeUnixNano": str(time.time_ns())})


async def handle(request):
    said = await request.json()
    context = RunContext(**{name: value for name, value in said.items() if name != "input"})
    LINES.set([])
    answered = await answer(said["input"], context)
    base = context.endpoints.get("OTEL_EXPORTER_OTLP_ENDPOINT")
    if base and LINES.get():
        upload = {"resourceLogs": [{"scopeLogs": [{"logRecords": LINES.get()}]}]}
        async with aiohttp.ClientSession() as session:
            await session.post(f"{base}/v1/logs", json=upload)
    return web.json_response(answered)


async def serve():
    logging.getLogger().addHandler(Records())
    app = web.Application(client_max_size=10_000_000)
    app.router.add_post("/", handle)
    # A delivery that is broken off is broken off here as well.
    runner = web.AppRunner(app, handler_cancellation=True, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()

asyncio.run(serve())
'''


@dataclass
class Kept:
    """A recorder that keeps the trials."""

    trials: list[Trial] = field(default_factory=list)

    def intend(self, case: Case, repeat: int, run_id: str) -> None:
        pass

    def record(self, trial: Trial, run_id: str) -> None:
        self.trials.append(trial)


def _request(endpoints: Iterable[str]) -> Mapping[str, Json]:
    return {
        "input": "${input}",
        "run_id": "${run.id}",
        "traceparent": "${run.traceparent}",
        "now": "${run.now?}",
        "delivery": "${run.delivery}",
        "endpoints": {name: f"${{endpoint.{name}}}" for name in endpoints},
    }


@asynccontextmanager
async def a_door(
    kind: str, folder: Path, work: str, environment: Mapping[str, str], *, endpoints: Sequence[str]
) -> AsyncIterator[PipelineSpec]:
    """How the adapter of that kind reaches the same work; a service is a process of its own."""
    for name, text in (("work.py", work), ("command.py", _COMMAND), ("service.py", _SERVICE)):
        (folder / name).write_text(text)
    if kind == "callable":
        yield PipelineSpec(target=CallableTarget(target="work:answer"), environment=environment)
    elif kind == "command":
        target = CommandTarget(argv=(sys.executable, "command.py"))
        yield PipelineSpec(target=target, environment=environment)
    else:
        service = await asyncio.create_subprocess_exec(
            sys.executable,
            "service.py",
            cwd=folder,
            env={**os.environ, **dict.fromkeys(_KEYS, "x"), **environment},
            stdout=asyncio.subprocess.PIPE,
        )
        assert service.stdout is not None
        try:
            port = int(await service.stdout.readline())
            yield PipelineSpec(target=HttpTarget(url=f"http://127.0.0.1:{port}/", request=_request(endpoints)))
        finally:
            service.kill()
            await service.communicate()


@dataclass(frozen=True, kw_only=True)
class Behind:
    """A reference pipeline with all that its demonstration asks."""

    reference: Reference
    work: str
    plan: Plan
    stage: Stage
    config: CheckConfig
    by_suite: Mapping[str, Sequence[Case]]
    endpoints: Sequence[str]

    @property
    def cases(self) -> list[Case]:
        """Of every suite of the stage, each once."""
        return list({case.id: case for cases in self.by_suite.values() for case in cases}.values())

    def some(self, each: int) -> list[Case]:
        """About so many cases of every suite, spread over its scenarios; none where somebody is late on purpose."""
        chosen = {}
        for cases in self.by_suite.values():
            quick = [case for case in cases if not {fault.kind for fault in case.given.faults} & _LATE]
            chosen |= {case.id: case for case in quick[:: max(1, len(quick) // each)]}
        return list(chosen.values())

    def failed(self, found: Mapping[str, Said]) -> set[str]:
        """Checks that failed on a case of their own suite."""
        own = {suite: {case.id for case in cases} for suite, cases in self.by_suite.items()}
        return {
            name
            for case_id, (results, _) in found.items()
            for name, result in results.items()
            if result == "fail" and case_id in own[CHECKS[name].suite]
        }


@cache
def behind(name: str, answer: str) -> Behind:
    """The reference `name`, whose pipeline's function is `answer`."""
    reference = REFERENCES[name]
    plan, base = read_plan(reference.plan), reference.plan.parent
    stage = plan.stage(reference.stage)
    endpoints = ["OPENAI_BASE_URL", "ANTHROPIC_BASE_URL", "GOOGLE_GEMINI_BASE_URL"]
    endpoints += ["SLUICEGATE_TOOLS_URL", "SLUICEGATE_RETRIEVER_URL"]
    return Behind(
        reference=reference,
        work=f"from sluicegate.fixtures.{reference.folder}.pipeline import {answer} as answer\n",
        plan=plan,
        stage=stage,
        config=check_config(plan, compile_contracts(plan, base, {})),
        by_suite=stage_cases(plan, stage, base).by_suite,
        endpoints=[*endpoints, *(["OTEL_EXPORTER_OTLP_ENDPOINT"] if plan.correlation is not None else [])],
    )


async def driven(what: Behind, kind: str, folder: Path, cases: Iterable[Case], *, defect: str = "") -> list[Trial]:
    """Every case through that door, between the doubles the product itself would put around it."""
    environment = {**what.plan.pipeline.environment, **({VARIABLE: defect} if defect else {})}
    kept = Kept()
    async with a_door(kind, folder, what.work, environment, endpoints=what.endpoints) as door:
        spec = replace(what.plan.pipeline, target=door.target, environment=door.environment)
        workspace = SimpleNamespace(plan=replace(what.plan, pipeline=spec), base=folder, unnamed={})
        async with production(cast("Workspace", workspace)) as made:
            trials = ((case, 0) for case in cases)
            how: dict[str, Any] = {"boundary": made.boundary, "concurrency": what.plan.concurrency}
            await drive(made.pipeline, trials, recorder=kept, nonce="one", **how)
    assert made.doubles is not None
    assert (made.doubles.unattributed, made.doubles.late) == (0, 0), (kind, made.notes)
    return kept.trials


def said(what: Behind, trials: Iterable[Trial]) -> dict[str, Said]:
    """Of each case: every check's result, and every measurement but those of time."""
    checks = [name for suite in what.stage.requires.suites for name in SUITES[suite].checks]
    found = {}
    for trial in trials:
        results = {name: run_check(CHECKS[name], trial, what.config).result.value for name in checks}
        figures = {
            name: _figure(measure(metric, trial, results, what.config), trial)
            for name, metric in BUILT_IN.items()
            if name not in _TIMED
        }
        found[trial.case.id] = results, figures
    return found


def _figure(measured: Contribution | NotMeasured | None, trial: Trial) -> object:
    if not isinstance(measured, Contribution):
        return measured
    # Which of several jobs at once gets the last free place is the race's to say; how many do is not.
    value = None if trial.case.given.at_once else measured.value
    return measured.k, measured.n, value, measured.failed, measured.arm
