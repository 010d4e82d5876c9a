"""docs/pipelines.md says what the adapters do: every key, field, crash and example is tried."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

sys.path.insert(0, str(Path(__file__).parent))
from docs_examples import blocks, keys_of, needs_docs, overlaid, page, plan_of, run, section, tables, whole_plan

sys.path.pop(0)

from sluicegate.doubles.latency import Latencies
from sluicegate.doubles.server import Doubles
from sluicegate.errors import InputError
from sluicegate.model import (
    Capability,
    Case,
    CrashKind,
    Expect,
    Output,
    Provenance,
    RunContext,
    Trial,
    decode,
)
from sluicegate.pipelines.build import make_pipeline, open_pipeline
from sluicegate.pipelines.callable import CallablePipeline
from sluicegate.pipelines.contracts import CONTRACTS, contract_schema
from sluicegate.pipelines.conversion import as_output
from sluicegate.pipelines.inputs import canonical_input
from sluicegate.pipelines.remote import HostedCallable
from sluicegate.plan.pipeline import OUTPUT_FIELDS, PIPELINE_KEYS
from sluicegate.plan.types import CommandTarget, HttpTarget, PipelineSpec, RecordingTarget

pytestmark = needs_docs

PAGE = "pipelines.md"
CONTEXT = RunContext(run_id="ab" * 8, traceparent=f"00-{'ab' * 16}-{'cd' * 8}-01")
ORDER = Case(id="order-7", input={"order": 7})


def part(heading: str) -> str:
    return section(PAGE, heading)


def specs(text: str, language: str = "yaml") -> list[PipelineSpec]:
    """Every `pipeline:` of the blocks of a section, read in a whole plan."""
    found: list[PipelineSpec] = []
    for block in blocks(text, language):
        for each in re.split(r"^(?=pipeline:)", block.text, flags=re.MULTILINE)[1:]:
            found.append(plan_of(overlaid(whole_plan(), each)).pipeline)
    return found


async def asked(
    spec: PipelineSpec, base: Path, case: Case = ORDER, endpoints: dict[str, str] | None = None, **context: Any
) -> Output:
    """One delivery of one case."""
    pipeline = make_pipeline(spec, base=base, endpoints=endpoints or {})
    try:
        await open_pipeline(pipeline)
        return await pipeline.call(case, replace(CONTEXT, **context))
    finally:
        await pipeline.aclose()


# Tables beside the code


def test_every_key_has_its_row() -> None:
    """Of `pipeline:`, of `command:`, of an answer, of a context."""
    top = page(PAGE).partition("\n## ")[0]
    assert sorted(keys_of(tables(top)[0])) == sorted(PIPELINE_KEYS)
    assert keys_of(tables(part("## Command"))[0]) == [item.name for item in fields(CommandTarget)]
    assert keys_of(tables(part("## What it gives back"))[1]) == [item.name for item in fields(Output)]
    assert sorted(keys_of(tables(part("## Callable"))[0])) == sorted(item.name for item in fields(RunContext))


def test_every_crash_has_its_row() -> None:
    """No kind without its cause."""
    rows = tables(part("## Crashes"))[0][1:]

    assert [re.findall(r"`([^`]+)`", row[0])[0] for row in rows] == [kind.value for kind in CrashKind]


@pytest.mark.parametrize(
    ("mark", "names"), [("capabilities", [item.value for item in Capability]), ("contracts", list(CONTRACTS))]
)
def test_lists_are_the_code_s(mark: str, names: list[str]) -> None:
    """Between the marks stands every name, in the order of the code."""
    said = page(PAGE).partition(f"<!-- {mark} -->")[2].partition(f"<!-- /{mark} -->")[0]

    assert re.findall(r"`([^`]+)`", said) == names


def test_the_plan_takes_every_field_of_an_output() -> None:
    """In a mapping of HTTP or of a recording."""
    assert set(OUTPUT_FIELDS) == {item.name for item in fields(Output)}


def test_defaults_are_the_reader_s() -> None:
    """Of `pipeline:` and of `command:`."""
    spec = plan_of(whole_plan()).pipeline
    rows = {row[0].strip("`"): row[2].strip("`") for row in tables(page(PAGE).partition("\n## ")[0])[0][1:]}
    assert (rows["timeout"], rows["retries"]) == (f"{spec.timeout_s:g}s", str(spec.retries))
    (command,) = specs("```yaml\npipeline: {command: [node, bot.js]}\n```\n")
    target = command.target
    assert isinstance(target, CommandTarget)
    rows = {row[0].strip("`"): row[2].strip("`") for row in tables(part("## Command"))[0][1:]}
    assert rows["long_lived"] == str(target.long_lived).lower()
    assert (rows["processes"], rows["max_bytes"]) == (str(target.processes), str(target.max_bytes))


# Examples


def test_every_pipeline_is_read() -> None:
    """Each `pipeline:` of the page, in a plan."""
    kinds = [type(spec.target).__name__ for spec in specs(page(PAGE))]

    assert kinds == [
        "CallableTarget",
        "CallableTarget",
        "HttpTarget",
        "CommandTarget",
        "RecordingTarget",
        "HttpTarget",
        "RecordingTarget",
        "RecordingTarget",
    ]


def test_the_http_example_has_every_key() -> None:
    """So that none is known to the reader alone."""
    (spec,) = specs(part("## HTTP"))
    names = {item.name for item in fields(HttpTarget)}
    text = blocks(part("## HTTP"), "yaml")[0].text
    shown = {name for name in names if re.search(rf"^    {name}:", text, re.MULTILINE)}

    assert (shown, spec.retries, spec.timeout_s) == (names, 2, 20.0)


def test_the_canonical_input_is_what_the_page_says() -> None:
    """A mail arrives with every field."""
    case, arrives = (json.loads(block.text) for block in blocks(part("## What it is given"), "json"))

    assert canonical_input(decode(Case, case)) == arrives


def test_no_template_tells_what_is_right() -> None:
    """`expect` is refused when the plan is opened."""
    spec = PipelineSpec(target=HttpTarget(url="http://127.0.0.1:9/", request={"hint": "${case.expect}"}))

    with pytest.raises(InputError, match="right answer"):
        make_pipeline(spec, base=Path(), endpoints={})


@dataclass
class Reply:
    text: str


@pytest.mark.parametrize(
    ("row", "answer", "read"),
    [
        ("text", "hello", Output(content="hello")),
        ("nothing", None, Output()),
        ("a mapping whose keys are all", {"content": "x", "model": "m"}, Output(content="x", model="m")),
        ("any other mapping", {"order": 7}, Output(structured={"order": 7})),
        ("any other mapping", [1, 2], Output(structured=[1, 2])),
        ("any other mapping", True, Output(structured=True)),
        ("a pydantic model, a dataclass", Reply(text="x"), Output(structured={"text": "x"})),
        ("a mapping with `error`", {"error": {"code": "NO_DATA"}}, CrashKind.REPORTED),
        ("NaN or an infinity", {"score": float("nan")}, CrashKind.NOT_FINITE),
        ("what JSON cannot hold", {"tool": object()}, CrashKind.GARBAGE),
        ("what JSON cannot hold", {"content": 7}, CrashKind.GARBAGE),
    ],
)
def test_answers_are_read_as_the_page_says(row: str, answer: Any, read: Output | CrashKind) -> None:
    """One answer for each row of the table."""
    assert any(line[0].startswith(row) for line in tables(part("## What it gives back"))[0]), row
    output = as_output(answer)
    if isinstance(read, Output):
        assert output == read
    else:
        assert output.error is not None
        assert output.error.kind is read


def test_each_row_of_answers_is_tried() -> None:
    """The table has no row that the test above leaves out."""
    tried = [mark.args[1] for mark in test_answers_are_read_as_the_page_says.pytestmark if mark.name == "parametrize"]
    names = [case[0] for case in tried[0]]

    assert all(any(row[0].startswith(name) for name in names) for row in tables(part("## What it gives back"))[0][1:])


@pytest.mark.asyncio
async def test_the_callable_answers(tmp_path: Path) -> None:
    """In a process of its own, in the plan's folder; its own latency is not believed."""
    (tmp_path / "bot.py").write_text(blocks(part("## Callable"), "python")[0].text)
    (spec,) = specs("```yaml\npipeline: bot:answer\n```\n")

    output = await asked(spec, tmp_path)

    assert output.structured == {"text": "Order 7 is on its way.", "order": 7}
    assert as_output({"content": "x", "latency_ms": 1.0}).latency_ms == 1.0
    claimed = await CallablePipeline(lambda _: {"content": "x", "latency_ms": 1.0}).call(ORDER, CONTEXT)
    assert claimed.latency_ms is None


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("function", "gets"),
    [
        (lambda case: case.id, "order-7"),
        (lambda anything: str(anything["order"]), "7"),
        (lambda given, where: f"{given['order']} {where.run_id}", f"7 {'ab' * 8}"),
        (lambda given, where="default": where, "default"),
    ],
)
async def test_parameters_get_what_the_page_says(function: Callable[..., Any], gets: str) -> None:
    """By name, or by position."""
    assert (await CallablePipeline(function).call(ORDER, CONTEXT)).content == gets


@pytest.mark.asyncio
async def test_the_command_answers(tmp_path: Path) -> None:
    """And is asked with the keys the page lists."""
    (tmp_path / "bot.py").write_text(blocks(part("## Command"), "python")[0].text)
    command = f"```yaml\npipeline: {{command: [{sys.executable}, bot.py]}}\n```\n"

    output = await asked(specs(command)[0], tmp_path)

    assert output.structured == {"text": "Order 7 is on its way.", "order": 7}
    listed = re.search(r"A request has (.*?)\. Standard error", part("## Command"), flags=re.DOTALL)
    assert listed is not None
    assert re.findall(r"`([^`]+)`", listed[1]) == list(contract_schema("command_request")["properties"])


@pytest.mark.asyncio
async def test_the_recording_answers(tmp_path: Path) -> None:
    """The rows of the page; latency is believed here, and the answer is marked as replayed."""
    (tmp_path / "rows.jsonl").write_text(blocks(part("## Recording"), "json")[0].text)
    spec = PipelineSpec(target=RecordingTarget(paths=("rows.jsonl",)))

    first, second = await asked(spec, tmp_path), await asked(spec, tmp_path, repeat=1)

    assert (first.structured, first.latency_ms) == ({"text": "sent", "order": 7}, 812.5)
    assert (second.content, second.provenance) == ("sent", Provenance.REPLAYED)


@pytest.mark.asyncio
async def test_mapped_rows_and_traces_answer(tmp_path: Path) -> None:
    """With the mappings of the page."""
    mapped, traced = specs(part("## Recording"))
    row = {
        "request": {"id": "order-7"},
        "reply": {"text": "sent"},
        "usage": {"prompt_tokens": 4, "completion_tokens": 2},
    }
    span = {
        "traceId": "ab" * 16,
        "spanId": "cd" * 8,
        "name": "chat",
        "startTimeUnixNano": "1000000000",
        "endTimeUnixNano": "1250000000",
        "attributes": [
            {"key": name, "value": {"stringValue": value}}
            for name, value in {
                "case.id": "order-7",
                "gen_ai.operation.name": "chat",
                "gen_ai.request.model": "tiny-1",
                "gen_ai.output.messages": '[{"role": "assistant", "parts": [{"type": "text", "content": "sent"}]}]',
            }.items()
        ],
    }
    for folder, line in (("runs", row), ("traces", {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]})):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.jsonl").write_text(json.dumps(line) + "\n")

    one, other = await asked(mapped, tmp_path), await asked(traced, tmp_path)

    assert (one.content, one.usage and one.usage.input_tokens) == ("sent", 4)
    assert (other.content, other.model, other.latency_ms) == ("sent", "tiny-1", 250.0)


# A real server


@dataclass
class Server:
    """Answers everything with one body."""

    url: str = ""
    status: int = 200
    body: str = "{}"
    kind: str = "application/json"
    seen: tuple[dict[str, str], str, str] | None = None

    async def handle(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.seen = headers, request.path_qs, (await request.read()).decode()
        if request.path == "/moved":
            return web.Response(status=302, headers={"location": "http://elsewhere.test/"})
        return web.Response(status=self.status, text=self.body, content_type=self.kind)


@pytest_asyncio.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", made.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


@pytest.mark.asyncio
async def test_the_http_example_asks_and_is_answered(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Address, headers, body and mapping of the page against a server."""
    monkeypatch.setenv("BOT_TOKEN", "very-secret")
    server.body = json.dumps(
        {
            "choices": [{"message": {"content": "On its way, very-secret"}}],
            "model": "tiny-1-b",
            "usage": {"prompt_tokens": 5, "completion_tokens": 3},
        }
    )
    (spec,) = specs(part("## HTTP"))
    assert isinstance(spec.target, HttpTarget)
    target = replace(spec.target, url=spec.target.url.replace("http://127.0.0.1:8080", server.url))

    output = await asked(replace(spec, target=target), Path())

    assert server.seen is not None
    headers, path, body = server.seen
    assert path == "/v1/chat?order=7"
    assert headers["authorization"] == "Bearer very-secret"
    assert (headers["x-sluicegate-run"], headers["traceparent"]) == (CONTEXT.run_id, CONTEXT.traceparent)
    assert json.loads(body) == {
        "model": "tiny-1",
        "messages": [{"role": "user", "content": "Where is order 7?"}],
        "user": None,
    }
    assert (output.content, output.model) == ("On its way, ***", "tiny-1-b")
    assert output.usage is not None
    assert output.usage.output_tokens == 3


@pytest.mark.asyncio
async def test_only_what_was_not_sent_is_sent_again(server: Server) -> None:
    """A status of 503 is an answer; a refused connection is none."""
    server.status = 503
    refused = await asked(PipelineSpec(target=HttpTarget(url=f"{server.url}/"), retries=1), Path())
    nobody = await asked(PipelineSpec(target=HttpTarget(url="http://127.0.0.1:9/"), retries=1), Path())

    assert "retries" not in refused.metadata
    assert nobody.metadata["retries"] == 1


@pytest.mark.asyncio
async def test_the_doubles_are_where_the_page_says() -> None:
    """Every variable of the table, and no other."""
    doubles = Doubles(tools=(), latencies=Latencies(seed=0), mail="strict")
    await doubles.start()
    try:
        assert sorted(doubles.environment()) == sorted(
            name for row in tables(part("## Capabilities, doubles, attribution"))[0][1:] for name in keys_of([row, row])
        )
        with_run = doubles.open_run(CONTEXT.run_id, ORDER)
        own = dict(with_run)
        assert own.pop("SLUICEGATE_SMTP") != doubles.environment()["SLUICEGATE_SMTP"]
        assert all(f"/r/{CONTEXT.run_id}" in address for address in own.values())
        doubles.close_run(CONTEXT.run_id)
    finally:
        await doubles.stop()


# Crashes


def _raise(_: Any) -> None:
    raise SystemExit("enough")


async def _hang(_: Any) -> None:
    await asyncio.sleep(10)


async def _cancel(_: Any) -> None:
    raise asyncio.CancelledError


DIES = "import os\n\ndef answer(input):\n    os._exit(3)\n"


async def _dead(folder: Path) -> Output:
    """Of a callable that ends its process: the call in flight is a crash, and so is every later one."""
    (folder / "dies.py").write_text(DIES)
    pipeline = HostedCallable("dies:answer", base=folder)
    try:
        first, later = [await pipeline.call(ORDER, CONTEXT) for _ in range(2)]
    finally:
        await pipeline.aclose()
    assert later.error is not None
    assert "Not called" in later.error.message
    return first


CALLED = {
    "exception": lambda: CallablePipeline(_raise),
    "timeout": lambda: CallablePipeline(_hang, timeout_s=0.05),
    "too_large": lambda: CallablePipeline(lambda _: "x" * 100, max_bytes=10),
    "cancelled": lambda: CallablePipeline(_cancel),
}
ANSWERED = {
    "garbage": ("<html>please log in</html>", "text/html"),
    "not_finite": ('{"score": NaN}', "application/json"),
    "reported": ('{"error": "no data"}', "application/json"),
}
ADDRESSED = {
    "unreachable": "http://127.0.0.1:9/",
    "http_status": "{server}/moved",
    "not_sent": "{server}/${{input.customer}}",
}


async def _crash_of(kind: str, server: Server, folder: Path) -> Output:
    """What the row of the page says causes this kind."""
    if kind == "died":
        return await _dead(folder)
    if kind in CALLED:
        return await CALLED[kind]().call(ORDER, CONTEXT)
    if kind == "not_recorded":
        (folder / "rows.jsonl").write_text('{"case_id": "another", "output": "x"}\n')
        return await asked(PipelineSpec(target=RecordingTarget(paths=("rows.jsonl",))), folder)
    server.body, server.kind = ANSWERED.get(kind, (server.body, server.kind))
    address = ADDRESSED.get(kind, "{server}/").format(server=server.url)
    return await asked(PipelineSpec(target=HttpTarget(url=address), timeout_s=5), folder)


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", [kind.value for kind in CrashKind])
async def test_each_crash_has_the_cause_the_page_gives(kind: str, server: Server, tmp_path: Path) -> None:
    """A real pipeline does it."""
    output = await _crash_of(kind, server, tmp_path)

    assert output.error is not None
    assert output.error.kind.value == kind


@pytest.mark.parametrize("kind", list(CrashKind))
def test_crashes_count_as_the_page_says(kind: CrashKind) -> None:
    """As failures everywhere; two kinds are no number at all, and a reported error may be right."""
    from sluicegate.checks import CheckConfig
    from sluicegate.checks.measures import Contribution, measure
    from sluicegate.plan.metrics import BUILT_IN

    crashed = decode(Output, {"error": {"kind": kind.value, "message": "m"}})

    def measured(name: str, case: Case = ORDER) -> Any:
        return measure(BUILT_IN[name], Trial(case=case, outputs=(crashed,)), {}, CheckConfig())

    if kind in (CrashKind.NOT_RECORDED, CrashKind.NOT_SENT):
        assert not any(isinstance(measured(name), Contribution) for name in ("errors.rate", "crashes", "latency"))
        return
    assert (measured("errors.rate").k, measured("crashes").k, measured("draft.success_rate").k) == (1, 1, 0)
    assert measured("latency").failed
    right = replace(ORDER, expect=Expect(outcome="error"))
    assert measured("errors.rate", right).k == (0 if kind is CrashKind.REPORTED else 1)


# The whole way


PLAN = """
schema_version: 1
name: adapters
pipeline: {pipeline}
subject: {{code: {{files: "*.py"}}}}
golden: golden.jsonl
stages:
  - name: only
    exposure: {{live: false}}
    criteria:
      draft.success_rate: {{from: golden, promote: 90 %, alert: 10 %, min: 2}}
"""
CASES = "".join(
    json.dumps(
        {"id": f"order-{n}", "input": {"order": n}, "expect": {"must": [{"field": "structured.order", "equals": n}]}}
    )
    + "\n"
    for n in (7, 8)
)


@pytest.mark.parametrize("adapter", ["Callable", "Command"])
def test_examples_pass_the_gate(adapter: str, tmp_path: Path) -> None:
    """Locked, gated, complete."""
    pipeline = {"Callable": "bot:answer", "Command": f"{{command: [{sys.executable}, bot.py]}}"}[adapter]
    (tmp_path / "bot.py").write_text(blocks(part(f"## {adapter}"), "python")[0].text)
    (tmp_path / "golden.jsonl").write_text(CASES)
    (tmp_path / "rollout.yaml").write_text(PLAN.format(pipeline=pipeline))

    done = run("sluicegate plan lock rollout.yaml && sluicegate gate rollout.yaml", tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    alone = run("sluicegate gate rollout.yaml --case order-7", tmp_path)
    assert alone.returncode == 10


STRAY = """
import os, urllib.request

def answer(input):
    address = os.environ["SLUICEGATE_RETRIEVER_URL"] + "/search?query=q"
    urllib.request.urlopen(address).read()
    return {"order": input["order"]}
"""


def test_a_request_of_no_run_holds_as_incomplete(tmp_path: Path) -> None:
    """Good answers then show nothing, and the reason says why."""
    (tmp_path / "bot.py").write_text(STRAY)
    (tmp_path / "golden.jsonl").write_text(CASES)
    pipeline = "{callable: bot:answer, capabilities: [retrieval]}"
    (tmp_path / "rollout.yaml").write_text(PLAN.format(pipeline=pipeline))

    done = run("sluicegate plan lock rollout.yaml >/dev/null && sluicegate gate rollout.yaml", tmp_path)

    assert done.returncode == 10
    assert "2 requests at the doubles belong to no trial: GET /retriever/search." in " ".join(done.stdout.split())


def test_the_contracts_are_printed(tmp_path: Path) -> None:
    """The lines of the page, in an interpreter of their own."""
    (tmp_path / "show.py").write_text(blocks(part("## Contracts"), "python")[0].text)

    done = run(f"{sys.executable} show.py", tmp_path)

    assert json.loads(done.stdout) == contract_schema("recording_row")
