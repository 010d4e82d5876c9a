"""`correlation:` and `doubles:` of a plan: read, refused with a mend, and handed to who follows and keeps."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

from sluicegate.errors import InputError
from sluicegate.model import Case, Trial
from sluicegate.plan.reader import read_plan_bytes
from sluicegate.plan.schema import plan_schema
from sluicegate.plan.types import CorrelationSpec, Plan
from sluicegate.runner.drive import drive
from sluicegate.session.contracts import check_config
from sluicegate.session.correlating import follows
from sluicegate.session.production import production
from sluicegate.session.workspace import Workspace

BASE = """\
schema_version: 1
name: shop
pipeline: {callable: "shop:answer", capabilities: [model]}
subject: {version: one}
cases: cases.jsonl
stages: [{name: preflight, exposure: {live: false}, requires: {suites: [SUITE]}}]
"""


def plan_text(*more: str, suite: str = "tracing") -> str:
    return BASE.replace("SUITE", suite) + "".join(f"{line}\n" for line in more)


def read(*more: str, suite: str = "tracing") -> Plan:
    return read_plan_bytes(plan_text(*more, suite=suite).encode(), Path("rollout.yaml"))


class TestWords:
    def test_every_word_is_read(self) -> None:
        """Header names in small letters, since requests do not tell capitals apart."""
        plan = read(
            "correlation: {header: X-Request-Id, output_field: metadata.id, log_field: id, sinks: [calls, logs]}",
            "doubles: {keep_prompts: true}",
        )

        assert plan.correlation == CorrelationSpec(
            header="x-request-id", output_field="metadata.id", log_field="id", sinks=("calls", "logs")
        )
        assert plan.doubles.keep_prompts
        assert check_config(plan, {}).correlation == plan.correlation

    def test_without_them_nothing_is_said_and_no_prompt_kept(self) -> None:
        """The defaults."""
        plan = read()

        assert (plan.correlation, plan.doubles.keep_prompts) == (None, False)

    @pytest.mark.parametrize(
        ("line", "said"),
        [
            ("correlation: {headr: x}", "unknown key 'headr'. Did you mean 'header'?"),
            ("correlation: {header: 'two words'}", "'two words' is no header name."),
            ("correlation: {sinks: [log]}", "'sinks' names 'log'. Did you mean 'logs'?"),
            ("correlation: {output_field: answer.id}", "'answer.id' does not begin with a field of the output."),
            ("correlation: yes", "correlation is 'yes'; expected a mapping."),
            ("doubles: {keep_prompts: maybe}", "'keep_prompts' is 'maybe'. Write true or false."),
        ],
    )
    def test_a_mistake_is_named_with_its_mend(self, line: str, said: str) -> None:
        """At its line."""
        with pytest.raises(InputError) as refused:
            read(line)

        assert said in str(refused.value)
        assert "rollout.yaml:7" in str(refused.value)

    def test_editors_know_the_same_words(self) -> None:
        """The schema takes what the reader takes, and refuses the rest."""
        schema = plan_schema()["properties"]

        jsonschema.validate({"header": "x-request-id", "sinks": ["calls"]}, schema["correlation"])
        jsonschema.validate({"keep_prompts": True}, schema["doubles"])
        for key, wrong in (("correlation", {"sinks": ["log"]}), ("doubles", {"prompts": True})):
            with pytest.raises(jsonschema.ValidationError):
                jsonschema.validate(wrong, schema[key])


class TestWho:
    def test_ids_are_followed_where_the_plan_asks(self) -> None:
        """By its suite or by its words; otherwise it costs nothing."""
        assert follows(read()) == CorrelationSpec()
        assert follows(read("correlation: {log_field: id}", suite="idempotency")) == CorrelationSpec(log_field="id")
        assert follows(read(suite="idempotency")) is None
        assert follows(read(suite="idempotency"), ["pii"]) == CorrelationSpec()

    def test_recorded_answers_are_not_followed(self) -> None:
        """There is nobody to give an id to."""
        text = plan_text().replace('{callable: "shop:answer", capabilities: [model]}', "{recording: runs.jsonl}")

        assert follows(read_plan_bytes(text.encode(), Path("rollout.yaml"))) is None


SHOP = """
import json, logging, urllib.request

def answer(input, context):
    logging.getLogger("shop").warning("asked for %s", input)
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": input}]}).encode()
    headers = {"content-type": "application/json", "traceparent": context.traceparent}
    address = context.endpoints["OPENAI_BASE_URL"] + "/chat/completions"
    urllib.request.urlopen(urllib.request.Request(address, body, headers)).read()
    return "ok"
"""


TRACED = """
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(provider)
tracer = trace.get_tracer("shop")

def answer(input, context):
    under = TraceContextTextMapPropagator().extract({"traceparent": context.traceparent})
    with tracer.start_as_current_span("answer", context=under), tracer.start_as_current_span("inner"):
        return "ok"
"""


async def produced(folder: Path, *more: str, suite: str, code: str = SHOP) -> Trial:
    (folder / "shop.py").write_text(textwrap.dedent(code), encoding="utf-8")
    (folder / "rollout.yaml").write_text(plan_text(*more, suite=suite), encoding="utf-8")
    kept: list[Trial] = []

    class Keeper:
        def intend(self, case: Case, repeat: int, run_id: str) -> None:
            pass

        def record(self, trial: Trial, run_id: str) -> None:
            kept.append(trial)

    async with production(Workspace(folder / "rollout.yaml")) as made:
        cases = [(Case(id="c1", input="Write to ann@shop.test"), 0)]
        await drive(made.pipeline, cases, recorder=Keeper(), boundary=made.doubles, nonce="n")
    assert made.notes == []
    return kept[0]


def details(trial: Trial, double: str) -> list[Any]:
    return [item.detail for item in trial.observations if item.double == double]


class TestProduction:
    @pytest.mark.asyncio
    async def test_a_stage_that_asks_has_it_all_in_its_evidence(self, tmp_path: Path) -> None:
        """The id given, the call that carries it, the line that does not; the prompt, masked."""
        trial = await produced(tmp_path, "doubles: {keep_prompts: true}", suite="tracing")

        (model,) = details(trial, "model")
        assert [item.get("logs") for item in details(trial, "trace")] == ["records", None]
        assert model["correlation"]["carries"] == "own"
        assert model["prompt"] == [{"role": "user", "content": "Write to ***@s***"}]
        assert [(item["line"], item["carries"]) for item in details(trial, "log")] == [
            ("asked for Write to ***@s***", "none")
        ]

    @pytest.mark.asyncio
    async def test_a_pipeline_with_opentelemetry_is_followed_as_it_stands(self, tmp_path: Path) -> None:
        """The real SDK, told by the environment alone; its batch has come before the account is closed."""
        trial = await produced(tmp_path, suite="tracing", code=TRACED)

        assert sorted(
            (item.action, item.detail["carries"]) for item in trial.observations if item.double == "span"
        ) == [
            ("answer", "own"),
            ("inner", "own"),
        ]

    @pytest.mark.asyncio
    async def test_who_declares_no_calls_keeps_its_own_addresses(self, tmp_path: Path) -> None:
        """Following ids is no reason to send a pipeline's calls to doubles it did not ask for."""
        (tmp_path / "shop.py").write_text("def answer(input):\n    return input\n", encoding="utf-8")
        text = plan_text().replace(", capabilities: [model]", "")
        (tmp_path / "rollout.yaml").write_text(text, encoding="utf-8")

        async with production(Workspace(tmp_path / "rollout.yaml")) as made:
            assert made.doubles is not None
            assert {name[:4] for name in made.doubles.environment()} == {"OTEL"}
            assert {name[:4] for name in made.doubles.open_run("00112233445566aa", Case(id="c"))} == {"OTEL"}

    @pytest.mark.asyncio
    async def test_a_stage_that_does_not_ask_pays_nothing(self, tmp_path: Path) -> None:
        """No line, no trace, no prompt."""
        trial = await produced(tmp_path, suite="idempotency")

        (model,) = details(trial, "model")
        assert {item.double for item in trial.observations} == {"model"}
        assert "prompt" not in model
        assert "carries" not in model["correlation"]


def test_the_doubles_served_for_a_plan_follow_what_it_follows(tmp_path: Path) -> None:
    """`doubles serve --plan`: the address for exporters among the others, and the id each call carries in the log."""
    (tmp_path / "rollout.yaml").write_text(plan_text("doubles: {keep_prompts: true}"), encoding="utf-8")
    command = [sys.executable, "-c", "from sluicegate.cli import main; main()", "doubles", "serve"]
    with subprocess.Popen(
        [*command, "--plan", "rollout.yaml"], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    ) as served:
        try:
            assert served.stdout is not None
            printed = []
            for line in served.stdout:
                printed.append(line.strip().removeprefix("export ").partition("="))
                if "SLUICEGATE_TOOLS_URL" in line:
                    break
            told = {name: value for name, _, value in printed}
            base, run = told["OPENAI_BASE_URL"], "00112233445566aa"
            runs = base.replace("/v1", f"/_runs/{run}")
            opened = httpx.put(runs, json={}).json()["environment"]
            chat = {"model": "m", "messages": [{"role": "user", "content": "Write to ann@shop.test"}]}
            headers = {"traceparent": f"00-{run}0000000000000001-b7ad6b7169203331-01"}
            httpx.post(f"{opened['OPENAI_BASE_URL']}/chat/completions", json=chat, headers=headers)
            (seen,) = httpx.delete(runs).json()["observations"]
        finally:
            served.terminate()

    assert told["OTEL_EXPORTER_OTLP_ENDPOINT"].endswith("/otlp")
    assert seen["detail"]["correlation"]["carries"] == "own"
    assert seen["detail"]["prompt"][0]["content"] == "Write to ***@s***"
