"""A callable stands behind HTTP while load runs: its answers, its runs and its end are what evidence can rest on."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from sluicegate.errors import InputError
from sluicegate.ledger.load_served import Served, ServedReader
from sluicegate.model import Case, Crash, CrashKind, Fault, Output
from sluicegate.model.load import Spell
from sluicegate.pipelines.http import HttpPipeline
from sluicegate.plan.load import Profile, Step
from sluicegate.runner.drive import drive
from sluicegate.runner.identity import identity
from sluicegate.session.load_cases import load_cases
from sluicegate.session.load_standing import standing
from sluicegate.session.load_trials import trial_under_load
from sluicegate.session.workspace import Workspace

BOT = """
import asyncio, json, os
import aiohttp

drafts = {}

async def answer(asked, context):
    if asked["kind"] == "raises":
        raise LookupError("nothing there")
    if asked["kind"] == "exits":
        os._exit(3)
    if asked["kind"] == "hangs":
        await asyncio.sleep(60)
    headers = {"x-sluicegate-run": context.run_id}
    async with aiohttp.ClientSession(headers=headers) as session:
        chat = {"model": "tiny", "messages": [{"role": "user", "content": asked["text"]}]}
        for turn in range(8):
            async with session.post(f"{os.environ['OPENAI_BASE_URL']}/chat/completions", json=chat) as said:
                if said.status == 200:
                    completion = await said.json()
                    break
                await asyncio.sleep(float(said.headers.get("retry-after", 0)))
        else:
            return {"error": "the model is out of reach"}
        await session.put(f"{os.environ['SLUICEGATE_TOOLS_URL']}/drafts/{context.run_id}", json={"text": "x"})
    usage = completion["usage"]
    return {
        "structured": {"run": context.run_id, "text": asked["text"], "variable": os.environ.get("KIND", "")},
        "model": "tiny",
        "usage": usage,
    }
"""
COMMAND = """
import json, os, sys, time
from urllib.error import HTTPError
from urllib.request import Request, urlopen

for line in sys.stdin:
    asked = json.loads(line)
    if asked["input"]["kind"] == "raises":
        sys.exit("nothing there")
    chat = {"model": "tiny", "messages": [{"role": "user", "content": asked["input"]["text"]}]}
    headers = {"x-sluicegate-run": asked["run_id"], "content-type": "application/json"}
    url = asked["endpoints"]["OPENAI_BASE_URL"] + "/chat/completions"
    for turn in range(8):
        try:
            with urlopen(Request(url, json.dumps(chat).encode(), headers)) as said:
                usage = json.load(said)["usage"]
            break
        except HTTPError as error:
            time.sleep(float(error.headers.get("retry-after", 0)))
    said = {"run": asked["run_id"], "text": asked["input"]["text"], "variable": os.environ.get("KIND", "")}
    print(json.dumps({"id": asked["id"], "structured": said, "model": "tiny", "usage": usage}), flush=True)
"""
PLAN = """
schema_version: 1
name: bot
state: state.jsonl
subject: {code: {files: "*.py"}}
pipeline: {callable: "bot:answer", capabilities: [model, tools], timeout: 2s}
cases: cases.jsonl
tools:
  store: {method: PUT, path: "/drafts/{id}", writes: true}
prices: {tiny: {input: $1, output: $1}}
stages: [{name: first, exposure: {live: false}, requires: {suites: [idempotency]}}]
"""


def case(name: str, kind: str = "answers", **more: Any) -> dict[str, Any]:
    return {"id": name, "input": {"kind": kind, "text": f"text of {name}"}, **more}


CASES = [
    *(case(f"order/{number} ü") for number in range(12)),
    case("raises", "raises"),
    case("hangs", "hangs"),
    case("faulty", given={"faults": [{"kind": "timeout"}]}),
    case("twice", given={"deliveries": 2}),
]
SERVING = 12


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bot")
    (folder / "bot.py").write_text(BOT)
    (folder / "cases.jsonl").write_text("".join(json.dumps(each) + "\n" for each in CASES))
    path = folder / "plan.yaml"
    path.write_text(PLAN)
    return path


def profile(**more: Any) -> Profile:
    return Profile(name="few", steps=(Step(for_s=1.0, users=1),), seed=7, **more)


class Kept:
    def __init__(self) -> None:
        self.outputs: dict[str, Output] = {}

    def intend(self, case: Case, repeat: int, run_id: str) -> None:
        pass

    def record(self, trial: Any, run_id: str) -> None:
        self.outputs[run_id] = trial.output


class Stood:
    """One load of a few dozen requests, some delivered twice, some in a storm, and what was written."""

    def __init__(self, plan: Path) -> None:
        self.path = plan.parent / "served.jsonl"
        workspace = Workspace(plan)
        self.cases = {each.id: each for each in load_cases(workspace.plan, workspace.base)}
        storm = Spell(fault=Fault(kind="rate_limit", retry_after_s=0.05), from_s=0, until_s=60, share=0.2)
        given = profile(spells=(storm,), redelivered=0.3, medians_ms={"model": 60.0}, sample=0.5)
        with standing(plan, given, self.path, variables={"KIND": "planted"}) as stood:
            self.began = time.monotonic()
            self.kept = asyncio.run(self.asked(stood.target, list(self.cases.values())[:SERVING], repeats=4))
            self.took_s = time.monotonic() - self.began
            self.crashes = asyncio.run(self.asked(stood.target, list(self.cases.values())[SERVING:], repeats=1))
            self.strange = asyncio.run(strange(stood.url))
        self.reader = ServedReader(self.path)
        self.served = {line.run_id: line for line in self.reader}

    async def asked(self, target: Any, cases: list[Case], *, repeats: int) -> Kept:
        kept = Kept()
        pipeline = HttpPipeline(target, timeout_s=20)
        trials = ((each, repeat) for repeat in range(repeats) for each in cases)
        await drive(pipeline, trials, recorder=kept, nonce="n", concurrency=SERVING)
        await pipeline.aclose()
        return kept


async def strange(url: str) -> list[int]:
    run, known = {"x-sluicegate-run": "00" * 8}, "order%2F1%20%C3%BC"
    asked = [("nobody", run), (known, {}), (known, {"x-sluicegate-run": "../x"})]
    statuses = []
    async with aiohttp.ClientSession() as session:
        for name, headers in asked:
            async with session.post(f"{url}/case/{name}", headers=headers) as response:
                statuses.append(response.status)
        async with session.get(f"{url}/case/{known}", headers=run) as response:
            statuses.append(response.status)
    return statuses


@pytest.fixture(scope="module")
def stood(plan: Path) -> Stood:
    return Stood(plan)


def line_of(stood: Stood, name: str, repeat: int) -> Served:
    return stood.served[identity("n", name, repeat)[0]]


def test_cases_with_faults_or_deliveries_of_their_own_are_not_loaded(stood: Stood) -> None:
    """What one plain request can ask remains, in the order of the file."""
    assert list(stood.cases) == [each["id"] for each in CASES[:-2]]


def test_every_request_is_answered_with_its_own_case_under_its_own_run(stood: Stood) -> None:
    """Many at once, none is mixed up: text and run id of each answer are those of the request."""
    assert len(stood.kept.outputs) == SERVING * 4
    for name in list(stood.cases)[:SERVING]:
        for repeat in range(4):
            run_id = identity("n", name, repeat)[0]
            said = stood.kept.outputs[run_id]
            assert said.error is None
            assert said.structured == {"run": run_id, "text": f"text of {name}", "variable": "planted"}
            assert said.usage is not None


def test_requests_are_under_way_together(stood: Stood) -> None:
    """48 requests of some 60 ms each take less than half of what they would one after the other."""
    assert sum(line.took for line in stood.served.values() if line.case.startswith("order")) / 1e6 > 2 * stood.took_s


def test_crashes_keep_their_status_and_their_words(stood: Stood) -> None:
    """What raised is a 500, what was too late a 504; nothing of it is an answer with status 200."""
    raised = stood.crashes.outputs[identity("n", "raises", 0)[0]].error
    hung = stood.crashes.outputs[identity("n", "hangs", 0)[0]].error
    assert raised is not None
    assert hung is not None
    assert (raised.kind, hung.kind) == ("http_status", "http_status")
    assert "500" in raised.message
    assert "LookupError" in raised.message
    assert "504" in hung.message
    assert line_of(stood, "raises", 0).crashed == 1


def test_the_account_of_every_request_is_kept_and_the_log_of_samples(stood: Stood) -> None:
    """Calls, cost and writes of all; observations of the sampled and of those delivered twice."""
    assert stood.reader.broken is None
    assert stood.reader.closed is not None
    assert stood.reader.closed.incomplete == ""
    assert stood.reader.closed.served == len(stood.served) == SERVING * 4 + 2
    answered = [line for line in stood.served.values() if line.case.startswith("order")]
    assert all(line.calls["tiny"] >= line.deliveries and (line.cost or 0) > 0 for line in answered)
    assert all(line.writes == {"store": line.deliveries} and not line.crashed for line in answered)
    once = [line for line in answered if line.deliveries == 1]
    sampled = [line for line in once if int(line.run_id[:8], 16) < 2**31]
    assert 0 < len(sampled) < len(once)
    assert all((line.observations is not None) == (line in sampled) for line in once)


def test_the_storm_struck_some_and_their_cases_say_so(stood: Stood) -> None:
    """A call that met a 429 is a case with that fault, so that suite `fallback` can judge what was made of it."""
    struck = [line for line in stood.served.values() if line.struck]
    assert 2 < len(struck) < 40
    line = next(line for line in struck if line.observations is not None)
    trial = trial_under_load(stood.cases[line.case], 0, Output(), line)
    assert trial.case.given.faults == (Fault(kind="rate_limit"),)
    assert len(trial.observations) == sum(line.calls.values()) + sum(line.writes.values())


def test_a_message_delivered_twice_is_a_case_of_two_deliveries_at_once(stood: Stood) -> None:
    """With both outputs: the pipeline wrote twice, and `idempotency.once` finds it in the recorded trial."""
    from sluicegate.checks import CHECKS, run_check
    from sluicegate.checks.check import CheckConfig, Result
    from sluicegate.plan.types import ToolSpec

    twice = [line for line in stood.served.values() if line.deliveries == 2]
    assert 4 < len(twice) < 30
    assert all(line.observations is not None for line in twice)
    line = twice[0]
    trial = trial_under_load(stood.cases[line.case], 0, Output(), line)
    assert (trial.case.given.deliveries, trial.case.given.at_once, len(trial.outputs)) == (2, True, 2)
    config = CheckConfig(tools=(ToolSpec(name="store", method="PUT", path="/drafts/{id}", writes=True),))
    assert run_check(CHECKS["idempotency.once"], trial, config).result is Result.FAIL


def test_what_is_no_request_of_the_load_is_refused(stood: Stood) -> None:
    """Another case, no run, a run that is none, another method: an error status, and no line."""
    assert stood.strange == [422, 422, 422, 404]


def test_a_crash_is_told_as_the_pipeline_crashed() -> None:
    """The status that the generator saw is the stand's own; a time-out is what it saw itself."""
    raised = Output(error=Crash(kind=CrashKind.EXCEPTION, message="ValueError: no order (bot.py:2)"))
    line = Served(run_id="ab" * 8, case="a", at=1, took=1, outputs=(raised,))
    seen = {kind: Output(error=Crash(kind=kind, message="seen")) for kind in (CrashKind.HTTP_STATUS, CrashKind.TIMEOUT)}

    told = {kind: trial_under_load(Case(id="a"), 0, output, line).outputs for kind, output in seen.items()}

    assert told == {CrashKind.HTTP_STATUS: (raised,), CrashKind.TIMEOUT: (seen[CrashKind.TIMEOUT],)}


def test_one_that_was_killed_leaves_a_file_that_says_so(plan: Path) -> None:
    """Without a closing line nothing vouches for what stands there; the server's pipeline goes with it."""
    path = plan.parent / "killed.jsonl"
    with standing(plan, profile(), path) as stood:
        children = Path(f"/proc/{stood.pid}/task/{stood.pid}/children").read_text().split()
        os.kill(stood.pid, signal.SIGKILL)
    reader = ServedReader(path)
    assert list(reader) == []
    assert reader.broken is not None
    assert "no closing line" in reader.broken.what
    until = time.monotonic() + 10
    while any(_is_alive(int(pid)) for pid in children) and time.monotonic() < until:
        time.sleep(0.05)
    assert children
    assert not any(_is_alive(int(pid)) for pid in children)


def test_a_command_stands_as_a_callable_does(plan: Path, tmp_path: Path) -> None:
    """Its processes answer a line each; calls of a model, and its death in a request, are on record as theirs."""
    (tmp_path / "cases.jsonl").write_text((plan.parent / "cases.jsonl").read_text())
    (tmp_path / "bot.py").write_text(COMMAND)
    path = tmp_path / "plan.yaml"
    target = f'{{command: {{argv: ["{sys.executable}", bot.py], processes: 4}}, capabilities: [model, tools]}}'
    path.write_text(PLAN.replace('{callable: "bot:answer", capabilities: [model, tools], timeout: 2s}', target))
    stood = Stood(path)
    assert len(stood.kept.outputs) == SERVING * 4
    for name in list(stood.cases)[:SERVING]:
        for repeat in range(4):
            run_id = identity("n", name, repeat)[0]
            said, line = stood.kept.outputs[run_id], stood.served[run_id]
            assert said.structured == {"run": run_id, "text": f"text of {name}", "variable": "planted"}
            assert line.calls["tiny"] >= line.deliveries
    assert "502" in getattr(stood.crashes.outputs[identity("n", "raises", 0)[0]].error, "message", "")


def test_faults_of_the_pipeline_are_said_before_anything_is_sent(plan: Path, tmp_path: Path) -> None:
    """A target that cannot be imported is the user's mistake: where, what, mend."""
    (tmp_path / "cases.jsonl").write_text((plan.parent / "cases.jsonl").read_text())
    broken = tmp_path / "plan.yaml"
    broken.write_text(PLAN.replace("bot:answer", "nobody:answer"))
    with pytest.raises(InputError, match="nobody"), standing(broken, profile(), tmp_path / "served.jsonl"):
        pytest.fail("nothing stands")


def _is_alive(pid: int) -> bool:
    with suppress(OSError):
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return False
