"""Spans, log records and headers on their way to the doubles: each is tied to its run, or counted as nobody's."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from doubles_world import RUN, Opened, a_case, opened

sys.path.pop(0)

from sluicegate.doubles.telemetry import Telemetry
from sluicegate.model import Case, LogLine, Observation
from sluicegate.plan.types import CorrelationSpec

OTHER = "ffeeddccbbaa9988"
TRACE, AGAIN, FOREIGN = f"{RUN}0000000000000001", f"{RUN}0000000000000002", "ab" * 16
PARENT = "b7ad6b7169203331"
GIVEN = f"00-{TRACE}-{PARENT}-01"
SPEC = CorrelationSpec()


def span(trace: str = TRACE, parent: str = "", name: str = "work", **more: Any) -> dict[str, Any]:
    times = {"startTimeUnixNano": "1769700000000000000", "endTimeUnixNano": "1769700001000000000"}
    return {"traceId": trace, "spanId": "c0ffee00c0ffee00", "parentSpanId": parent, "name": name, **times, **more}


def traces(*spans: Mapping[str, Any]) -> dict[str, Any]:
    return {"resourceSpans": [{"scopeSpans": [{"spans": list(spans)}]}]}


def logs(*records: Mapping[str, Any]) -> dict[str, Any]:
    service = [{"key": "service.name", "value": {"stringValue": "shop"}}]
    return {"resourceLogs": [{"resource": {"attributes": service}, "scopeLogs": [{"logRecords": list(records)}]}]}


def followed(world: Opened) -> Telemetry:
    assert world.doubles.telemetry is not None
    return world.doubles.telemetry


async def sent(world: Opened, upload: Any, *, kind: str = "traces", run: str | None = None) -> httpx.Response:
    base = world.doubles.environment()["OTEL_EXPORTER_OTLP_ENDPOINT"]
    if run is not None:
        base = base.replace("/otlp", f"/r/{run}/otlp")
    async with httpx.AsyncClient() as client:
        return await client.post(f"{base}/v1/{kind}", json=upload)


def of(seen: tuple[Observation, ...], double: str) -> list[Mapping[str, Any]]:
    return [item.detail for item in seen if item.double == double]


class TestSpans:
    @pytest.mark.asyncio
    async def test_the_real_exporter_is_read(self) -> None:
        """OpenTelemetry's own SDK, protobuf over HTTP: a span under the given context is the request's own."""
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        async with opened(a_case(), follows=SPEC) as world:
            followed(world).given(RUN, 0, GIVEN, "")
            endpoint = f"{world.urls['OTEL_EXPORTER_OTLP_ENDPOINT']}/v1/traces"
            shared = f"{world.doubles.environment()['OTEL_EXPORTER_OTLP_ENDPOINT']}/v1/traces"
            for address, context in (
                (endpoint, {"traceparent": GIVEN}),
                (shared, {"traceparent": GIVEN}),
                (shared, {}),
            ):
                provider = TracerProvider(shutdown_on_exit=False)
                provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=address)))
                under = TraceContextTextMapPropagator().extract(context)
                with provider.get_tracer("shop").start_as_current_span("answer", context=under) as root:
                    root.set_attribute("order", 7)
                assert await asyncio.to_thread(provider.force_flush, 5_000)
                await asyncio.to_thread(provider.shutdown)
            await followed(world).answered(RUN, 0)
            seen = world.seen()

        assert [(item["trace"], item["parent"], item["carries"]) for item in of(seen, "span")] == [
            (TRACE, PARENT, "own"),
            (TRACE, PARENT, "own"),
        ]
        assert followed(world).unattributed == 1
        assert of(seen, "trace")[-1]["strays"] == {"span": 1}
        assert (world.doubles.unattributed, world.doubles.late) == (0, 0)

    @pytest.mark.asyncio
    async def test_a_trace_of_its_own_at_the_run_s_address_is_a_wrong_one(self) -> None:
        """The address says whose it is, the trace says another: unknown, or that of another run."""
        async with opened(a_case(), follows=SPEC) as world:
            followed(world).given(RUN, 0, GIVEN, "")
            world.doubles.open_run(OTHER, Case(id="c2"))
            answer = await sent(world, traces(span(FOREIGN), span(f"{OTHER}{'0' * 16}"), span()), run=RUN)
            seen = world.seen()

        assert answer.status_code == 200
        assert [item["carries"] for item in of(seen, "span")] == ["unknown", "another", "own"]

    @pytest.mark.asyncio
    async def test_the_trace_of_a_delivery_that_is_over_is_an_earlier_one(self) -> None:
        """Each delivery has a trace of its own."""
        async with opened(a_case(), follows=SPEC) as world:
            followed(world).given(RUN, 0, GIVEN, "")
            await sent(world, traces(span(parent=PARENT)))
            await followed(world).answered(RUN, 0)
            followed(world).given(RUN, 1, f"00-{AGAIN}-{'1' * 16}-01", "")
            await sent(world, traces(span(TRACE), span(AGAIN)))

            assert [item["carries"] for item in of(world.seen(), "span")] == ["own", "earlier", "own"]

    @pytest.mark.asyncio
    async def test_another_request_s_id_among_the_attributes_is_the_wrong_one(self) -> None:
        """Beside the own trace too, where attributes usually name a request; a parent's is that of another rightly."""
        spans = [
            span(attributes=[{"key": name, "value": {"stringValue": OTHER}}])
            for name in ("request_id", "http.request.id", "parent_request_id", "order")
        ]
        async with opened(a_case(), follows=SPEC) as world:
            world.doubles.open_run(OTHER, Case(id="c2"))
            followed(world).given(RUN, 0, GIVEN, "")
            await sent(world, traces(*spans))

            assert [item["carries"] for item in of(world.seen(), "span")] == ["another", "another", "own", "own"]

    @pytest.mark.asyncio
    async def test_places_of_an_answer_that_name_another_request_are_told(self) -> None:
        """Of all requests of the run, ended ones too; a number nobody was given is none of them."""
        said = {"metadata.run_id": RUN, "structured.request_id": OTHER, "structured.trace_id": FOREIGN}
        async with opened(a_case(), follows=SPEC) as world:
            world.doubles.open_run(OTHER, Case(id="c2"))
            world.doubles.close_run(OTHER)
            followed(world).given(RUN, 0, GIVEN, "")
            await followed(world).answered(RUN, 0, said)

            assert of(world.seen(), "trace")[-1]["others"] == ["structured.request_id"]

    @pytest.mark.asyncio
    async def test_without_the_extra_protobuf_is_refused_with_the_line_to_type(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """415, and the run knows that something came which nobody could read."""
        monkeypatch.setitem(sys.modules, "opentelemetry.proto.collector.trace.v1.trace_service_pb2", None)
        async with opened(a_case(), follows=SPEC) as world, httpx.AsyncClient() as client:
            followed(world).given(RUN, 0, GIVEN, "")
            base = world.doubles.environment()["OTEL_EXPORTER_OTLP_ENDPOINT"]
            kind = {"content-type": "application/x-protobuf"}
            answer = await client.post(f"{base}/v1/traces", content=b"\n\0", headers=kind)
            await followed(world).answered(RUN, 0)
            told = of(world.seen(), "trace")[-1]

        assert answer.status_code == 415
        assert "pip install 'sluicegate[otlp]'" in answer.json()["error"] == told["refused"]

    @pytest.mark.asyncio
    @pytest.mark.parametrize(
        ("content", "kind"),
        [
            (b"{", "application/json"),
            (b"[]", "application/json"),
            (b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "q83v"}]}]}]}', "application/json"),
            (b"\xff\xff", "application/x-protobuf"),
        ],
    )
    async def test_what_is_no_upload_is_refused_and_noted(self, content: bytes, kind: str) -> None:
        """Cut JSON, another shape, protobuf's own JSON, no protobuf."""
        async with opened(a_case(), follows=SPEC) as world, httpx.AsyncClient() as client:
            followed(world).given(RUN, 0, GIVEN, "")
            address = f"{world.urls['OTEL_EXPORTER_OTLP_ENDPOINT']}/v1/traces"
            answer = await client.post(address, content=content, headers={"content-type": kind})
            await followed(world).answered(RUN, 0)

            assert answer.status_code == 400
            assert of(world.seen(), "trace")[-1]["refused"] == answer.json()["error"]

    @pytest.mark.asyncio
    async def test_what_comes_after_its_run_is_counted_apart(self) -> None:
        """It belongs to no trial any more, and is no request that went on in the background."""
        async with opened(a_case(), follows=SPEC) as world:
            world.doubles.close_run(RUN)
            answer = await sent(world, traces(span()))

            assert answer.status_code == 200
            assert (followed(world).late, followed(world).unattributed) == (1, 0)
            assert (world.doubles.late, world.doubles.unattributed) == (0, 0)

    @pytest.mark.asyncio
    async def test_metrics_are_taken_and_say_nothing(self) -> None:
        """An exporter that sends them must not fail; other paths are 404."""
        async with opened(a_case(), follows=SPEC) as world:
            assert (await sent(world, {}, kind="metrics")).status_code == 200
            assert (await sent(world, {}, kind="profiles")).status_code == 404

    @pytest.mark.asyncio
    async def test_an_answered_delivery_waits_for_its_first_span_alone(self) -> None:
        """That one ends last. A pipeline that has never sent any is waited for a few times and not again."""
        async with opened(a_case(), follows=SPEC) as world:
            telemetry = followed(world)
            telemetry.given(RUN, 0, GIVEN, "")
            begun = time.monotonic()
            waiting = asyncio.ensure_future(telemetry.answered(RUN, 0))
            await sent(world, traces(span(parent="0" * 15 + "1"), span(parent=PARENT, name="root")))
            await waiting
            with_spans = time.monotonic() - begun
        async with opened(a_case(), follows=SPEC) as world:
            telemetry = followed(world)
            for delivery in range(9):
                telemetry.given(RUN, delivery, GIVEN, "")
            await asyncio.gather(*(telemetry.answered(RUN, delivery) for delivery in range(9)))
            begun = time.monotonic()
            await telemetry.answered(RUN, 0)

        assert with_spans < 0.9
        assert time.monotonic() - begun < 0.5


class TestLogs:
    @pytest.mark.asyncio
    async def test_log_records_are_tied_to_their_run_by_their_trace(self) -> None:
        """Over OTLP, which is how the lines of a service are seen; what names no run is counted."""
        records = [
            {"traceId": TRACE, "severityText": "INFO", "body": {"stringValue": "asked"}, "timeUnixNano": "1"},
            {"body": {"stringValue": "done"}, "attributes": [{"key": "run_id", "value": {"stringValue": RUN}}]},
            {"body": {"stringValue": "nobody's"}},
        ]
        async with opened(a_case(), follows=SPEC) as world:
            followed(world).given(RUN, 0, GIVEN, "")
            await sent(world, logs(*records), kind="logs")
            seen = world.seen()

        assert [(item["line"], item["carries"]) for item in of(seen, "log")] == [
            ("asked", "own"),
            ("done", "own"),
        ]
        assert followed(world).unattributed == 1

    @pytest.mark.asyncio
    async def test_lines_are_masked_cut_and_counted(self) -> None:
        """As every text in the evidence; an id is found before that."""
        long = LogLine(text=f"ann@shop.test {'x' * 500} {TRACE}", at="2026-01-29T12:00:00.000000Z", logger="shop")
        async with opened(a_case(), follows=SPEC) as world:
            followed(world).given(RUN, 0, GIVEN, "records")
            followed(world).logged(RUN, 0, [long] * 501, more=2)
            await followed(world).answered(RUN, 0)
            seen = world.seen()
        (first, *rest) = of(seen, "log")

        assert (len(rest), first["carries"], len(first["line"])) == (499, "own", 200)
        assert "ann@shop" not in first["line"]
        assert of(seen, "trace")[-1]["not_kept"]["log"] == 3

    @pytest.mark.asyncio
    async def test_where_personal_data_is_judged_fields_are_kept_too(self) -> None:
        """Those that do not stand in the line already; a cut shows."""
        fields = {"mail": "4556 7375", "order": "7", "whole": "y" * 20_000}
        line = LogLine(text="handled order 7", at="2026-01-29T12:00:00.000000Z", logger="shop", fields=fields)
        async with opened(a_case(), follows=SPEC, unmasked=True) as world:
            followed(world).given(RUN, 0, GIVEN, "records")
            followed(world).logged(RUN, 0, [line])
            (seen,) = of(world.seen(), "log")

        assert {name: len(value) for name, value in seen["fields"].items()} == {"mail": 9, "whole": 16_000}
        assert seen["line_cut"]

    @pytest.mark.asyncio
    @pytest.mark.parametrize(
        ("fields", "log_field", "word"),
        [
            ({"correlation_id": RUN}, None, "own"),
            ({"correlation_id": FOREIGN}, None, "unknown"),
            ({"otelTraceID": "0"}, None, "none"),
            ({"order": FOREIGN}, None, "none"),
            ({"cid": TRACE}, "cid", "own"),
            ({"other": TRACE}, "cid", "none"),
            ({"cid": TRACE, "request_id": OTHER}, "cid", "another"),
            ({"correlation_id": RUN, "request_id": OTHER}, None, "another"),
        ],
    )
    async def test_the_id_is_looked_for_where_it_belongs(
        self, fields: dict[str, str], log_field: str | None, word: str
    ) -> None:
        """At the field the plan names, else anywhere; another request's id beside it is the wrong one all the same."""
        line = LogLine(text="asked", at="2026-01-29T12:00:00.000000Z", logger="shop", fields=fields)
        async with opened(a_case(), follows=CorrelationSpec(log_field=log_field)) as world:
            world.doubles.open_run(OTHER, Case(id="c2"))
            followed(world).given(RUN, 0, GIVEN, "records")
            followed(world).logged(RUN, 0, [line])

            assert [item["carries"] for item in of(world.seen(), "log")] == [word]


class TestCalls:
    @pytest.mark.asyncio
    @pytest.mark.parametrize(
        ("headers", "header", "word"),
        [
            ({"traceparent": GIVEN}, None, "own"),
            ({"x-request-id": RUN}, None, "own"),
            ({}, None, "none"),
            ({"traceparent": f"00-{FOREIGN}-{PARENT}-01", "x-sluicegate-run": RUN}, None, "unknown"),
            ({"traceparent": GIVEN}, "x-request-id", "none"),
            ({"x-order-id": TRACE}, "x-order-id", "own"),
        ],
    )
    async def test_what_a_call_carries_is_told(self, headers: dict[str, str], header: str | None, word: str) -> None:
        """A traceparent decides; the address of the run is no id that the pipeline passed on."""
        async with opened(a_case(), follows=CorrelationSpec(header=header)) as world, httpx.AsyncClient() as client:
            followed(world).given(RUN, 0, GIVEN, "")
            body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
            await client.post(f"{world.urls['OPENAI_BASE_URL']}/chat/completions", json=body, headers=headers)

            assert [item["correlation"]["carries"] for item in of(world.seen(), "model")] == [word]

    @pytest.mark.asyncio
    async def test_nobody_follows_unless_asked(self) -> None:
        """No receiver, no variable, no word in the evidence."""
        async with opened(a_case()) as world, httpx.AsyncClient() as client:
            await client.post(f"{world.urls['OPENAI_BASE_URL']}/chat/completions", json={"model": "m", "messages": []})

            assert world.doubles.telemetry is None
            assert not [name for name in world.doubles.environment() if name.startswith("OTEL")]
            assert all("carries" not in item["correlation"] for item in of(world.seen(), "model"))
