"""Ids of their own for every delivery, and the log lines each delivery writes, whoever the pipeline is."""

from __future__ import annotations

import asyncio
import json
import sys
import textwrap
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from sluicegate.checks import CHECKS, CheckConfig, run_check
from sluicegate.checks.tracing import SINKS
from sluicegate.doubles import Doubles, Latencies
from sluicegate.model import Case, Given, LogLine, Output, RunContext, Trial
from sluicegate.pipelines.build import Ears, make_pipeline
from sluicegate.pipelines.command import CommandPipeline
from sluicegate.pipelines.correlated import Correlated, traceparent_of
from sluicegate.pipelines.http_request import RequestTemplate
from sluicegate.pipelines.log_lines import lines_in
from sluicegate.pipelines.remote import HostedCallable
from sluicegate.plan.types import CallableTarget, CommandTarget, CorrelationSpec, HttpTarget, PipelineSpec
from sluicegate.runner.drive import drive

RUN = "00112233445566aa"
CONTEXT = RunContext(run_id=RUN, traceparent=f"00-{RUN}0000000000000001-b7ad6b7169203331-01")


@dataclass
class Heard:
    """What a pipeline's lines were, by delivery."""

    lines: dict[int, list[LogLine]] = field(default_factory=dict)
    more: int = 0

    def __call__(self, run_id: str, delivery: int, lines: Sequence[LogLine], more: int) -> None:
        assert run_id == RUN
        self.lines[delivery] = list(lines)
        self.more += more

    def texts(self, delivery: int = 0) -> list[str]:
        return [line.text for line in self.lines[delivery]]


def written(folder: Path, name: str, code: str) -> str:
    (folder / f"{name}.py").write_text(textwrap.dedent(code), encoding="utf-8")
    return f"{name}:answer"


@asynccontextmanager
async def hosted(folder: Path, code: str) -> AsyncIterator[tuple[HostedCallable, Heard]]:
    heard = Heard()
    pipeline = HostedCallable(written(folder, "shop", code), base=folder, timeout_s=10, hears=heard)
    try:
        await pipeline.open()
        yield pipeline, heard
    finally:
        await pipeline.aclose()


async def called(pipeline: Any, *, delivery: int = 0, given: Any = "hi") -> Output:
    told = RunContext(run_id=RUN, traceparent=CONTEXT.traceparent, delivery=delivery)
    answer: Output = await pipeline.call(Case(id="c1", input=given), told)
    return answer


class TestCallable:
    @pytest.mark.asyncio
    async def test_each_delivery_has_its_own_lines(self, tmp_path: Path) -> None:
        """Side by side, in tasks and threads they start; lines of the library beside the user's."""
        code = """
            import asyncio, logging
            log, other = logging.getLogger("shop"), logging.getLogger("vendor.client")
            logging.getLogger().setLevel(logging.INFO)

            async def answer(input):
                log.info("begin %s", input)
                await asyncio.gather(asyncio.to_thread(other.warning, "thread %s", input), later(input))
                return "ok"

            async def later(input):
                await asyncio.sleep(0.01)
                log.debug("not logged")
                log.info("end %s", input)
        """
        async with hosted(tmp_path, code) as (pipeline, heard):
            await asyncio.gather(*(called(pipeline, delivery=each, given=f"n{each}") for each in range(8)))

        for each in range(8):
            assert sorted(heard.texts(each)) == [f"begin n{each}", f"end n{each}", f"thread n{each}"]
        assert {(line.logger, line.level) for line in heard.lines[0]} == {
            ("shop", "INFO"),
            ("vendor.client", "WARNING"),
        }

    @pytest.mark.asyncio
    async def test_sync_code_is_heard_too(self, tmp_path: Path) -> None:
        """On the thread it runs on."""
        code = """
            import logging

            def answer(input):
                logging.getLogger("shop").warning("sync %s", input)
                return "ok"
        """
        async with hosted(tmp_path, code) as (pipeline, heard):
            await called(pipeline)

        assert heard.texts() == ["sync hi"]

    @pytest.mark.asyncio
    async def test_configuration_of_logging_is_left_to_the_user(self, tmp_path: Path) -> None:
        """Set up in the first call, without propagation, with an id that only the formatter knows."""
        code = """
            import contextvars, io, logging
            RUN = contextvars.ContextVar("run", default="-")

            class WithId(logging.Formatter):
                def format(self, record):
                    return f"[{RUN.get()}] {super().format(record)}"

            def answer(input, context):
                RUN.set(context.run_id)
                written = io.StringIO()
                logging.basicConfig(level=logging.INFO, stream=written)
                own = logging.getLogger("own")
                own.propagate = False
                handler = logging.StreamHandler(written)
                handler.setFormatter(WithId())
                own.addHandler(handler)
                own.info("first", extra={"order": 7})
                logging.getLogger("shop").info("second")
                return written.getvalue()
        """
        async with hosted(tmp_path, code) as (pipeline, heard):
            output = await called(pipeline)

        assert output.content == f"[{RUN}] first\nINFO:shop:second\n"
        assert heard.texts() == [f"[{RUN}] first", "INFO:shop:second"]
        assert heard.lines[0][0].fields == {"order": "7"}

    @pytest.mark.asyncio
    async def test_a_filter_of_a_handler_may_put_the_id_in(self, tmp_path: Path) -> None:
        """What it adds to the record is read at the end of the delivery."""
        code = """
            import io, logging

            class Adds(logging.Filter):
                def filter(self, record):
                    record.correlation_id = "the-id"
                    return True

            handler = logging.StreamHandler(io.StringIO())
            handler.addFilter(Adds())
            handler.setFormatter(logging.Formatter("%(correlation_id)s %(message)s"))
            logging.getLogger().addHandler(handler)

            def answer(input):
                logging.getLogger("shop").warning("asked")
                return "ok"
        """
        async with hosted(tmp_path, code) as (pipeline, heard):
            await called(pipeline)

        assert [(line.text, line.fields) for line in heard.lines[0]] == [("asked", {"correlation_id": "the-id"})]

    @pytest.mark.asyncio
    async def test_what_an_exception_says_is_logged_with_it(self, tmp_path: Path) -> None:
        """As handlers write it below the message, with what caused it; frames are left out."""
        code = """
            import logging

            def answer(input):
                try:
                    try:
                        int("4556 7375")
                    except ValueError as error:
                        raise KeyError("order") from error
                except KeyError:
                    logging.getLogger("shop").exception("failed")
                return "ok"
        """
        async with hosted(tmp_path, code) as (pipeline, heard):
            await called(pipeline)

        (text,) = heard.texts()
        assert text.splitlines()[:2] == ["failed", "KeyError: 'order'"]
        assert "4556 7375" in text.splitlines()[2]

    @pytest.mark.asyncio
    async def test_what_is_kept_is_bounded_and_anything_may_be_logged(self, tmp_path: Path) -> None:
        """Two hundred lines, the rest counted; a message that cannot be made, a surrogate, a crash afterwards."""
        code = """
            import logging
            log = logging.getLogger("shop")
            logging.raiseExceptions = False

            def answer(input):
                log.warning("%d", "no number")
                log.warning("half \\ud800 " + "x" * 30000)
                for each in range(300):
                    log.warning("line %s", each)
                raise RuntimeError("over")
        """
        async with hosted(tmp_path, code) as (pipeline, heard):
            output = await called(pipeline)

        assert output.error is not None
        assert (len(heard.lines[0]), heard.more) == (200, 102)
        assert heard.texts()[0] == "%d"
        assert len(heard.texts()[1]) <= 16_010

    @pytest.mark.asyncio
    async def test_a_line_of_a_plain_thread_is_heard_with_the_calls_under_way(self, tmp_path: Path) -> None:
        """Nobody knows whose it is, so it comes with each, and says among how many; one between calls with the next."""
        code = """
            import logging, threading
            log = logging.getLogger("shop")

            def answer(input):
                thread = threading.Thread(target=lambda: log.warning("of a thread"))
                thread.start(); thread.join()
                log.warning("mine")
                return "ok"
        """
        async with hosted(tmp_path, code) as (pipeline, heard):
            await called(pipeline)

        assert [(line.text, line.among) for line in heard.lines[0]] == [("of a thread", 1), ("mine", 0)]

    @pytest.mark.asyncio
    async def test_nobody_hears_unless_asked(self, tmp_path: Path) -> None:
        """Then logging is left as it is."""
        code = """
            import logging

            def answer(input):
                return logging.Logger.callHandlers.__qualname__
        """
        pipeline = HostedCallable(written(tmp_path, "shop", code), base=tmp_path)
        try:
            output = await called(pipeline)
        finally:
            await pipeline.aclose()

        assert output.content == "Logger.callHandlers"


class TestCommand:
    PROGRAM = """
        import json, sys
        for line in sys.stdin:
            request = json.loads(line)
            number = request["delivery"]
            print(f"asked {number}", file=sys.stderr)
            told = {"level": "warn", "ctx": {"trace_id": request["traceparent"]}}
            print(json.dumps(told), file=sys.stderr, flush=True)
            print(json.dumps({"id": request["id"], "content": "ok"}), flush=True)
    """

    @pytest.mark.asyncio
    async def test_lines_of_standard_error_are_the_log(self, tmp_path: Path) -> None:
        """Those between a request and its answer; members of a JSON line are fields."""
        (tmp_path / "bot.py").write_text(textwrap.dedent(self.PROGRAM), encoding="utf-8")
        heard = Heard()
        target = CommandTarget(argv=(sys.executable, "bot.py"))
        pipeline = CommandPipeline(target, base=tmp_path, timeout_s=20, hears=heard)
        try:
            for delivery in range(3):
                await called(pipeline, delivery=delivery)
        finally:
            await pipeline.aclose()

        assert [heard.texts(delivery)[0] for delivery in range(3)] == ["asked 0", "asked 1", "asked 2"]
        told = heard.lines[2][1]
        assert (told.logger, told.level, told.fields["ctx.trace_id"]) == ("stderr", "warn", CONTEXT.traceparent)

    def test_a_traceback_is_one_line(self) -> None:
        """With what was logged before it; indented lines go on with theirs."""
        data = b"failed\nTraceback (most recent call last):\n  File x\nValueError: no\nnext\n  more\n\n"
        lines, more = lines_in(data, "2026-01-29T12:00:00.000000Z")

        assert [line.text.count("\n") for line in lines] == [3, 1]
        assert (lines[1].text, more) == ("next\n  more", 0)


class TestDeliveries:
    def test_each_delivery_has_a_trace_of_its_own(self) -> None:
        """The first one the run's, all of them beginning with its id; the same in every run."""
        told = [
            traceparent_of(RunContext(run_id=RUN, traceparent=CONTEXT.traceparent, delivery=each)) for each in range(3)
        ]

        assert told[0] == CONTEXT.traceparent
        assert len({each[3:35] for each in told}) == len({each[36:52] for each in told}) == 3
        assert all(each.startswith(f"00-{RUN}") and len(each) == 55 for each in told)

    @pytest.mark.asyncio
    async def test_waiting_for_spans_is_no_time_of_the_pipeline(self) -> None:
        """The follower may take half a second; the answer took none."""

        class Slow:
            capabilities = frozenset[Any]()

            async def call(self, case: Case, context: RunContext) -> Output:
                return Output(content=context.traceparent)

            async def aclose(self) -> None:
                pass

            def given(self, run_id: str, delivery: int, traceparent: str, logs: str) -> None:
                pass

            def logged(self, run_id: str, delivery: int, lines: Sequence[LogLine], more: int = 0) -> None:
                pass

            async def answered(
                self, run_id: str, delivery: int, said: Mapping[str, str] = MappingProxyType({})
            ) -> None:
                await asyncio.sleep(0.5)

        output = await called(Correlated(Slow(), Slow()), delivery=1)

        assert output.latency_ms is not None
        assert output.latency_ms < 400
        assert output.content != CONTEXT.traceparent


SERVICE = '''
"""One shop behind three doors: it asks a model, logs, exports a span, and answers under its id."""
import asyncio, json, logging, os, sys
import aiohttp

if "pytest" not in sys.modules:  # where it is the test that serves, logging is pytest's
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(message)s")

async def served(endpoints, traceparent, run_id):
    logging.getLogger("shop").info("asked %s", run_id)
    _, trace, parent, _ = traceparent.split("-")
    span = {"traceId": trace, "spanId": "00c0ffee00c0ffee", "parentSpanId": parent, "name": "answer"}
    upload = {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}
    async with aiohttp.ClientSession() as session:
        body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
        address = endpoints["OPENAI_BASE_URL"] + "/chat/completions"
        async with session.post(address, json=body, headers={"traceparent": traceparent}) as response:
            await response.read()
        async with session.post(endpoints["OTEL_EXPORTER_OTLP_ENDPOINT"] + "/v1/traces", json=upload) as response:
            await response.read()
    return {"content": "ok", "metadata": {"correlation_id": run_id}}

async def answer(input, context):
    return await served(context.endpoints, context.traceparent, context.run_id)

def main():
    for line in sys.stdin:
        asked = json.loads(line)
        said = asyncio.run(served(asked["endpoints"], asked["traceparent"], asked["run_id"]))
        print(json.dumps({"id": asked["id"], **said}), flush=True)

if __name__ == "__main__":
    main()
'''


def targets(folder: Path, port: int) -> Mapping[str, Any]:
    body = {name: f"${{endpoint.{name}}}" for name in ("OPENAI_BASE_URL", "OTEL_EXPORTER_OTLP_ENDPOINT")}
    return {
        "callable": CallableTarget(target="shop:answer"),
        "command": CommandTarget(argv=(sys.executable, "shop.py")),
        "http": HttpTarget(url=f"http://127.0.0.1:{port}/", request=body),
    }


@asynccontextmanager
async def service(folder: Path) -> AsyncIterator[int]:
    from aiohttp import web

    known: dict[str, Callable[..., Any]] = {}
    exec(compile((folder / "shop.py").read_text("utf-8"), "shop", "exec"), known)

    async def handle(request: web.Request) -> web.Response:
        told = request.headers
        return web.json_response(
            await known["served"](await request.json(), told["traceparent"], told["x-sluicegate-run"])
        )

    app = web.Application()
    app.router.add_post("/", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


class TestAlike:
    @pytest.mark.asyncio
    @pytest.mark.parametrize("kind", ["callable", "command", "http"])
    async def test_the_same_shop_is_followed_behind_every_door(self, tmp_path: Path, kind: str) -> None:
        """Calls, spans and output pass for all three; log lines where they can be seen."""
        (tmp_path / "shop.py").write_text(SERVICE, encoding="utf-8")
        kept: list[Trial] = []

        class Keeper:
            def intend(self, case: Case, repeat: int, run_id: str) -> None:
                pass

            def record(self, trial: Trial, run_id: str) -> None:
                kept.append(trial)

        doubles = Doubles(latencies=Latencies(model_ms=0), follows=CorrelationSpec())
        await doubles.start()
        assert doubles.telemetry is not None
        async with service(tmp_path) as port:
            spec = PipelineSpec(target=targets(tmp_path, port)[kind], timeout_s=20)
            ears = Ears(hears=doubles.telemetry.logged)
            inner = make_pipeline(spec, base=tmp_path, endpoints=doubles.environment(), ears=ears)
            logs = {"callable": "records", "command": "stderr"}.get(kind, "")
            pipeline = Correlated(inner, doubles.telemetry, logs=logs)
            cases = [(Case(id=f"c{each}", input=each, given=Given(deliveries=2)), 0) for each in range(3)]
            try:
                await pipeline.open()
                await drive(pipeline, cases, recorder=Keeper(), boundary=doubles, nonce="n")
            finally:
                await pipeline.aclose()
                await doubles.stop()

        assert len(kept) == 3
        wanted = dict.fromkeys(SINKS, "pass") | ({"logs": "not_applicable"} if kind == "http" else {})
        for trial in kept:
            outcomes = {name: run_check(CHECKS[f"tracing.{name}"], trial, CheckConfig()) for name in SINKS}
            assert {name: each.result.value for name, each in outcomes.items()} == wanted, json.dumps(
                [item.detail for item in trial.observations], default=str
            )


class TestHeader:
    def test_a_service_is_given_the_id_in_the_header_the_plan_names(self) -> None:
        """Beside the usual two, which it does not replace."""
        template = RequestTemplate(
            HttpTarget(url="http://127.0.0.1:1/"), endpoints={}, environment={}, id_header="x-request-id"
        )
        headers = template.fill(Case(id="c1", input="hi"), CONTEXT).headers

        assert headers["x-request-id"] == headers["x-sluicegate-run"] == RUN
        assert headers["traceparent"] == CONTEXT.traceparent
