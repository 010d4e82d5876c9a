"""Recordings: rows and traces replayed by case id, and every way in which a file can be wrong."""

from __future__ import annotations

import asyncio
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from sluicegate.errors import InputError
from sluicegate.model import (
    Capability,
    Case,
    Crash,
    CrashKind,
    Given,
    Output,
    Provenance,
    RunContext,
    ToolCall,
    Usage,
)
from sluicegate.pipelines.build import make_pipeline, notes_of, open_pipeline
from sluicegate.pipelines.offsets import Offsets
from sluicegate.pipelines.recording import RecordingPipeline
from sluicegate.plan.types import PipelineSpec, RecordingTarget


def write(path: Path, *rows: Any) -> Path:
    """Rows as JSON lines; text goes in as it is."""
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


def replay(base: Path, *asked: tuple[str, int], deliveries: int = 1, **target: Any) -> list[Output]:
    """The outputs for (case id, repeat) pairs."""

    async def go() -> list[Output]:
        pipeline = RecordingPipeline(RecordingTarget(**{"paths": ("*.jsonl",), **target}), base=base)
        try:
            return [
                await pipeline.call(
                    Case(id=case_id, given=Given(deliveries=deliveries)),
                    RunContext(run_id="", traceparent="", repeat=repeat, delivery=delivery),
                )
                for case_id, repeat in asked
                for delivery in range(deliveries)
            ]
        finally:
            await pipeline.aclose()

    return asyncio.run(go())


def faults(base: Path, **target: Any) -> list[str]:
    """What opening the recording says."""
    pipeline = RecordingPipeline(RecordingTarget(**{"paths": ("*.jsonl",), **target}), base=base)
    with pytest.raises(InputError) as error:
        asyncio.run(pipeline.open())
    return [str(fault) for fault in error.value.faults]


def crash_of(output: Output) -> Crash:
    """The crash it is."""
    assert output.error is not None, output
    return output.error


def test_rows_are_replayed_by_case_id(tmp_path: Path) -> None:
    """Text, an Output or a structured answer; marked replayed, with the latency that was recorded."""
    write(
        tmp_path / "a.jsonl",
        {"case_id": "a", "output": "text"},
        "",
        {
            "case_id": "b",
            "output": {"content": "c", "latency_ms": 12.5, "usage": {"input_tokens": 3}, "provenance": "live"},
        },
    )
    write(
        tmp_path / "b.jsonl",
        {"case_id": "ünï", "output": {"score": 1}},
        {"case_id": "m", "output": {"content": "x", "provenance": "mocked"}},
        {"case_id": "e", "output": {"error": "NO_DATA"}},
    )
    outputs = replay(tmp_path, ("ünï", 0), ("b", 0), ("a", 0), ("m", 0), ("e", 0))

    assert outputs[0] == Output(structured={"score": 1}, provenance=Provenance.REPLAYED)
    assert outputs[1] == Output(
        content="c", latency_ms=12.5, usage=Usage(input_tokens=3), provenance=Provenance.REPLAYED
    )
    assert outputs[2].content == "text"
    assert outputs[3].provenance is Provenance.MOCKED
    assert crash_of(outputs[4]) == Crash(kind=CrashKind.REPORTED, message="NO_DATA")


def test_rows_are_mapped_by_paths(tmp_path: Path) -> None:
    """A user's own log is a recording as it stands."""
    write(tmp_path / "a.jsonl", {"meta": {"case": "a"}, "response": "r", "ms": 7, "tokens": {"prompt_tokens": 2}})
    output = {"content": "response", "latency_ms": "$.ms", "usage": "tokens", "route": "meta.route?"}

    assert replay(tmp_path, ("a", 0), case_id="meta.case", output=output) == [
        Output(content="r", latency_ms=7.0, usage=Usage(input_tokens=2), provenance=Provenance.REPLAYED)
    ]


@pytest.mark.parametrize("mapping", [None, {"structured": "output"}])
def test_a_recorded_number_beyond_64_bits_is_garbage_and_never_another_number(
    tmp_path: Path, mapping: dict[str, str] | None
) -> None:
    """As live answers are read: ids and money stay exact, as text where JSON readers keep no such number."""
    rows = tmp_path / "a.jsonl"
    long = 123456789012345678901235
    write(rows, {"case_id": "a", "output": {"id": [1, long]}}, {"case_id": "b", "output": {"id": 2**63}})
    write(tmp_path / "b.jsonl", {"case_id": "c", "output": {"id": 5}, "unread": long})
    said = {} if mapping is None else {"output": mapping}
    broken, exact, unread = replay(tmp_path, ("a", 0), ("b", 0), ("c", 0), **said)

    assert crash_of(broken).kind is CrashKind.GARBAGE
    assert "a.jsonl:1: $.structured.id[1] of the answer is a whole number beyond 64 bits" in crash_of(broken).message
    assert (exact.structured, unread.structured) == ({"id": 2**63}, {"id": 5})


def test_arguments_with_a_number_beyond_64_bits_are_told_and_not_changed(tmp_path: Path) -> None:
    """A tool call that names another order than the model did would be no evidence."""
    call = {"function": {"name": "order", "arguments": '{"id": 123456789012345678901235}'}}
    write(tmp_path / "a.jsonl", {"case_id": "a", "calls": [call]})
    (output,) = replay(tmp_path, ("a", 0), output={"tools_called": "calls"})

    assert [(item.name, item.arguments) for item in output.tools_called] == [("order", {})]
    assert "beyond 64 bits" in (output.tools_called[0].error or "")


def test_the_nth_row_of_a_case_is_repeat_n(tmp_path: Path) -> None:
    """In order of the files, or by `repeat` where rows are numbered; deliveries count on within a repeat."""
    write(tmp_path / "a.jsonl", *[{"case_id": "a", "output": f"a{n}"} for n in range(4)])
    write(tmp_path / "b.jsonl", *[{"case_id": "b", "repeat": n, "output": "same"} for n in (1, 0)])

    assert [output.content for output in replay(tmp_path, ("a", 1), ("a", 0))] == ["a1", "a0"]
    assert [output.content for output in replay(tmp_path, ("a", 1), deliveries=2)] == ["a2", "a3"]
    assert [output.content for output in replay(tmp_path, ("b", 0), ("b", 1))] == ["same", "same"]


def test_what_was_not_recorded_is_its_own_crash(tmp_path: Path) -> None:
    """Nothing is known about the pipeline; a neighbour's row is never given instead."""
    write(tmp_path / "a.jsonl", {"case_id": "a", "output": "x"})
    missing, later = replay(tmp_path, ("b", 0), ("a", 1))

    assert crash_of(missing) == Crash(kind=CrashKind.NOT_RECORDED, message="The recording has no row for case b.")
    assert crash_of(later).kind is CrashKind.NOT_RECORDED
    assert "its row number 2 for case a" in crash_of(later).message


def test_every_fault_of_a_recording_is_said_with_file_and_line(tmp_path: Path) -> None:
    """Bad lines, missing ids, repeats given twice, uploads made twice: all at once, before the first case."""
    write(
        tmp_path / "a.jsonl",
        {"case_id": "a", "output": "x"},
        '{"case_id": "b", ',
        {"caseid": "c", "output": "x"},
        {"case_id": 7, "output": "x"},
        {"case_id": "d", "output": "x", "repeat": 0},
        {"case_id": "d", "output": "y", "repeat": 0},
        {"case_id": "e", "output": "x", "repeat": -1},
        {"case_id": "f", "answer": "x"},
        "[1]",
        '{"case_id": "g", "output": NaN}',
        {"case_id": "", "output": "x"},
    )
    write(tmp_path / "b.jsonl", {"case_id": "a", "output": "x"}, {"case_id": "a", "output": "other"})
    said = faults(tmp_path)

    expected = [
        "a.jsonl:2: is no JSON: ",
        "a.jsonl:3: has no case id: case_id is not there: $ has caseid, output. Did you mean 'caseid'?",
        "a.jsonl:4: has the case id 7; expected text. Write it in quotes.",
        "a.jsonl:6: is repeat 0 of case d, which a.jsonl:5 is already. Remove one of them.",
        "a.jsonl:7: has the repeat -1; expected a whole number from 0.",
        "a.jsonl:8: has no 'output'; it has case_id, answer. Put the answer there, or map it",
        "a.jsonl:9: has no case id",
        "a.jsonl:10: is no JSON: ",
        "a.jsonl:11: has the case id ''; expected text.",
        "b.jsonl:1: repeats a.jsonl:1 word for word: an upload made twice? Remove it, or number the rows",
    ]
    assert len(said) == len(expected)
    for line, beginning in zip(said, expected, strict=True):
        assert line.startswith(beginning)


def test_a_row_that_lacks_what_the_mapping_reads_is_a_fault_at_once(tmp_path: Path) -> None:
    """With the nearest key; types are looked at when the row is replayed."""
    write(tmp_path / "a.jsonl", {"case_id": "a", "respons": "x"}, {"case_id": "b", "response": 5})

    assert faults(tmp_path, output={"content": "$.response"}) == [
        "a.jsonl:1: does not fit the mapping: $.response is not there: $ has case_id, respons. Did you mean 'respons'?"
    ]
    write(tmp_path / "a.jsonl", "", {"case_id": "b", "response": 5})
    (output,) = replay(tmp_path, ("b", 0), output={"content": "$.response"})
    assert crash_of(output).kind is CrashKind.GARBAGE
    assert crash_of(output).message.startswith("a.jsonl:2: The row does not fit the mapping: $.content is 5")


def test_a_thousand_faults_are_counted_and_twenty_shown(tmp_path: Path) -> None:
    """A wrong file does not fill the screen."""
    write(tmp_path / "a.jsonl", *["nonsense"] * 1000)
    said = faults(tmp_path)

    assert len(said) == 21
    assert said[-1] == "pipeline.recording: 980 more lines have faults."


def test_patterns_and_formats_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    """A pattern that matches nothing is an error, as is an empty recording."""
    write(tmp_path / "a.jsonl", "")
    assert faults(tmp_path, paths=("runs/*.jsonl", "*.csv")) == [
        f"pipeline.recording: 'runs/*.jsonl' matches no file in {tmp_path}. Record first, or correct the pattern.",
        f"pipeline.recording: '*.csv' matches no file in {tmp_path}. Record first, or correct the pattern.",
    ]
    assert faults(tmp_path) == ["pipeline.recording: holds no row. Record first."]
    with pytest.raises(InputError, match="format 'csv' is unknown"):
        RecordingPipeline(RecordingTarget(paths=("a",), format="csv"), base=tmp_path)
    with pytest.raises(InputError, match="'contnt' is no field of an Output"):
        RecordingPipeline(RecordingTarget(paths=("a",), output={"contnt": "a"}), base=tmp_path)


def test_a_line_of_fifty_megabytes_is_a_fault_and_does_not_fill_the_memory(tmp_path: Path) -> None:
    """Reading is bounded by the limit, and goes on after it."""
    with (tmp_path / "a.jsonl").open("w") as stream:
        stream.write('{"case_id": "a", "output": "')
        for _ in range(500):
            stream.write("x" * 100_000)
        stream.write('"}\nnonsense\n')
    tracemalloc.start()
    said = faults(tmp_path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert said[0] == "a.jsonl:1: is over 10,000,000 bytes. Split it."
    assert said[1].startswith("a.jsonl:2: is no JSON")
    assert peak < 45_000_000


def test_memory_stays_flat_in_the_number_of_rows(tmp_path: Path) -> None:
    """Only where rows stand is kept: tens of bytes each, whatever they hold."""
    with (tmp_path / "a.jsonl").open("w") as stream:
        for index in range(20_000):
            stream.write(json.dumps({"case_id": f"case-{index}", "output": "x" * 500}) + "\n")

    async def go() -> tuple[str | None, int]:
        pipeline = RecordingPipeline(RecordingTarget(paths=("*.jsonl",)), base=tmp_path)
        tracemalloc.start()
        await pipeline.open()
        held, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        output = await pipeline.call(Case(id="case-19999"), RunContext(run_id="", traceparent=""))
        await pipeline.aclose()
        return output.content, held

    content, held = asyncio.run(go())

    assert content == "x" * 500
    assert held / 20_000 < 60


def test_offsets_keep_rows_of_a_key_in_order_whatever_else_is_there() -> None:
    """A table of many keys and repeats."""
    offsets = Offsets()
    for repeat in range(3):
        for index in range(5000):
            offsets.add(f"key {index}", index % 7, index * 10 + repeat, repeat + 1)

    assert len(offsets) == 15_000
    for index in (0, 1, 4999):
        assert list(offsets.rows(f"key {index}")) == [(index % 7, index * 10 + n, n + 1) for n in range(3)]
    assert list(offsets.rows("no key")) == []


def test_what_no_case_asked_for_is_noted(tmp_path: Path) -> None:
    """A recording with more answers than were asked for, of other cases or more repeats, is not silently thinned."""
    write(tmp_path / "a.jsonl", *[{"case_id": name, "output": text} for name, text in ("ax", "ay", "bx")])

    async def go() -> tuple[str, ...]:
        spec = PipelineSpec(target=RecordingTarget(paths=("*.jsonl",)), capabilities=frozenset({Capability.MAIL}))
        pipeline = make_pipeline(spec, base=tmp_path, endpoints={})
        assert pipeline.capabilities == {Capability.MAIL}
        await open_pipeline(pipeline)
        await pipeline.call(Case(id="a"), RunContext(run_id="", traceparent=""))
        await pipeline.aclose()
        return notes_of(pipeline)

    (note,) = asyncio.run(go())
    assert note.startswith("2 of 3 recorded rows were not asked for: no case of that id, or no such repeat of it")


def test_a_recording_that_changed_while_it_was_read_is_a_crash(tmp_path: Path) -> None:
    """Not another case's answer."""
    path = write(tmp_path / "a.jsonl", *[{"case_id": name, "output": "x" * 50} for name in "ab"])

    async def go() -> list[Output]:
        pipeline = RecordingPipeline(RecordingTarget(paths=("*.jsonl",)), base=tmp_path)
        await pipeline.open()
        path.write_text("{}\n" + path.read_text()[3:])
        context = RunContext(run_id="", traceparent="")
        try:
            return [await pipeline.call(Case(id=name), context) for name in "ab"]
        finally:
            await pipeline.aclose()

    first, second = asyncio.run(go())
    assert crash_of(first).kind is CrashKind.GARBAGE
    assert "has changed since it was opened" in crash_of(first).message
    assert second.content == "x" * 50


# --- traces --------------------------------------------------------------------------------------------------------


def value(item: Any) -> dict[str, Any]:
    """A value as OTLP/JSON writes it."""
    if isinstance(item, bool):
        return {"boolValue": item}
    if isinstance(item, int):
        return {"intValue": str(item)}
    if isinstance(item, float):
        return {"doubleValue": item}
    if isinstance(item, list):
        return {"arrayValue": {"values": [value(each) for each in item]}}
    if isinstance(item, dict):
        return {"kvlistValue": {"values": pairs(item)}}
    return {"stringValue": item}


def pairs(mapping: dict[str, Any]) -> list[dict[str, Any]]:
    """Attributes as OTLP/JSON writes them."""
    return [{"key": key, "value": value(item)} for key, item in mapping.items()]


def span(
    trace: int, number: int, parent: int | None = None, *, at_ms: int = 0, ms: int = 100, **options: Any
) -> dict[str, Any]:
    """A span with decimal numbers as its ids."""
    start = 1_700_000_000_000_000_000 + at_ms * 1_000_000
    made = {
        "traceId": f"{trace:032X}",
        "spanId": f"{number:016x}",
        "parentSpanId": f"{parent:016X}" if parent is not None else "",
        "name": options.get("name", "span"),
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(start + ms * 1_000_000),
        "attributes": pairs(options.get("attributes", {})),
        "events": [{"name": name, "attributes": pairs(items)} for name, items in options.get("events", [])],
    }
    if "error" in options:
        made["status"] = {"code": 2, "message": options["error"]}
    return made


def line(*spans: dict[str, Any], **resource: Any) -> dict[str, Any]:
    """One line of an exporter's file."""
    return {"resourceSpans": [{"resource": {"attributes": pairs(resource)}, "scopeSpans": [{"spans": list(spans)}]}]}


def said(*texts: str) -> str:
    """gen_ai.output.messages with one message of these parts."""
    parts = [{"type": "text", "content": text} for text in texts]
    return json.dumps([{"role": "assistant", "parts": parts, "finish_reason": "stop"}])


CHAT = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai"}
CASE_SPAN = {"case.id": "a", "gen_ai.operation.name": "invoke_workflow"}
OTLP = {"format": "otlp", "case_id": "case.id"}


def test_a_trace_is_read_by_its_genai_attributes(tmp_path: Path) -> None:
    """Spread over lines and files in any order: the last chat's text and model, tokens summed, tools in order."""
    root = span(1, 1, ms=2500, attributes={**CASE_SPAN, "pipeline.cost.microusd": 42})
    tool = span(
        1, 2, 1, at_ms=10,
        attributes={
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": "order",
            "gen_ai.tool.call.arguments": '{"id": 7}',
            "gen_ai.tool.call.result": {"status": "shipped"},
        },
    )  # fmt: skip
    usage = {"gen_ai.usage.input_tokens": 10, "gen_ai.usage.output_tokens": 3}
    first = span(
        1,
        3,
        1,
        at_ms=20,
        attributes={**CHAT, **usage, "gen_ai.request.model": "m", "gen_ai.output.messages": said("no")},
    )
    last = span(
        1, 4, 3, at_ms=30,
        attributes={
            **CHAT, **usage, "gen_ai.request.model": "m", "gen_ai.response.model": "m-2026",
            "gen_ai.usage.cache_read.input_tokens": 4, "gen_ai.output.messages": said("yes", " sir"),
        },
    )  # fmt: skip
    write(tmp_path / "a.jsonl", line(last), line(tool))
    write(tmp_path / "b.jsonl", line(span(9, 9)), line(first, root))
    (output,) = replay(tmp_path, ("a", 0), **OTLP)

    assert output == Output(
        content="yes sir",
        model="m-2026",
        usage=Usage(input_tokens=10, output_tokens=3, cached_tokens=4),
        tools_called=(ToolCall(name="order", arguments={"id": 7}, result={"status": "shipped"}),),
        latency_ms=2500.0,
        cost_microusd=42,
        provenance=Provenance.REPLAYED,
        metadata={"trace_id": f"{1:032x}", "span_id": f"{1:016x}"},
    )


@pytest.mark.parametrize(
    ("attributes", "events"),
    [
        ({"gen_ai.system": "openai", "gen_ai.request.model": "m", "gen_ai.completion": "hello"}, []),
        ({"gen_ai.system": "openai", "gen_ai.request.model": "m", "gen_ai.completion.0.content": "hello"}, []),
        ({**CHAT, "gen_ai.completion": '[{"role": "assistant", "content": "hello"}]'}, []),
        (
            {
                **CHAT,
                "gen_ai.output.messages": [{"role": "assistant", "parts": [{"type": "text", "content": "hello"}]}],
            },
            [],
        ),
        (CHAT, [("gen_ai.choice", {"index": 0, "message": {"content": "hello"}})]),
        (CHAT, [("gen_ai.choice", {"index": 0, "message": '{"content": "hello"}'})]),
        (CHAT, [("gen_ai.content.completion", {"gen_ai.completion": "hello"})]),
    ],
)
def test_the_forms_in_which_exporters_write_content_are_read(
    tmp_path: Path, attributes: dict[str, Any], events: list[Any]
) -> None:
    """New names and old, attributes and events, JSON in text and nested lists."""
    old_tokens = {"gen_ai.usage.prompt_tokens": 5, "gen_ai.usage.completion_tokens": 2}
    chat = span(1, 2, 1, attributes={**attributes, **old_tokens}, events=events)
    write(tmp_path / "a.jsonl", line(span(1, 1, attributes=CASE_SPAN), chat))
    (output,) = replay(tmp_path, ("a", 0), **OTLP)

    assert output.content == "hello"
    assert output.usage == Usage(input_tokens=5, output_tokens=2)


def test_tokens_that_parents_repeat_are_counted_once(tmp_path: Path) -> None:
    """An agent's span carries the sum of its calls."""
    usage = {"gen_ai.usage.input_tokens": 10, "gen_ai.usage.output_tokens": 1}
    total = {"gen_ai.usage.input_tokens": 20, "gen_ai.usage.output_tokens": 2}
    write(
        tmp_path / "a.jsonl",
        line(
            span(1, 1, attributes={**CASE_SPAN, **total}),
            span(1, 2, 1, attributes={"gen_ai.operation.name": "invoke_agent", **total}),
            span(1, 3, 2, attributes={**CHAT, **usage, "gen_ai.output.messages": said("a")}),
            span(1, 4, 2, at_ms=5, attributes={**CHAT, **usage, "gen_ai.output.messages": said("b")}),
        ),
    )
    (output,) = replay(tmp_path, ("a", 0), **OTLP)

    assert output.usage == Usage(input_tokens=20, output_tokens=2)


def test_repeats_of_a_case_are_in_order_of_their_start(tmp_path: Path) -> None:
    """Whatever the order of lines; an id handed down to children is no further repeat."""

    def run(trace: int, at_ms: int, text: str) -> dict[str, Any]:
        chat = {**CHAT, "case.id": "a", "gen_ai.output.messages": said(text)}
        return line(span(trace, 1, at_ms=at_ms, attributes=CASE_SPAN), span(trace, 2, 1, at_ms=at_ms, attributes=chat))

    write(tmp_path / "a.jsonl", run(3, 300, "third"), run(1, 100, "first"), run(2, 200, "second"))
    outputs = replay(tmp_path, ("a", 0), ("a", 1), ("a", 2), ("a", 3), **OTLP)

    assert [output.content for output in outputs[:3]] == ["first", "second", "third"]
    assert crash_of(outputs[3]).kind is CrashKind.NOT_RECORDED


def test_many_cases_in_one_trace_are_kept_apart(tmp_path: Path) -> None:
    """A batch run under one root: each case is the span with its id and what is below it."""
    spans = [span(1, 1)]
    for index in range(5):
        case = 10 * (index + 1)
        chat = {**CHAT, "gen_ai.output.messages": said(f"text {index}"), "gen_ai.usage.input_tokens": index}
        spans += [span(1, case, 1, attributes={"case.id": f"c{index}"}), span(1, case + 1, case, attributes=chat)]
    write(tmp_path / "a.jsonl", line(*spans[:4]), line(*spans[4:]))
    outputs = replay(tmp_path, *[(f"c{index}", 0) for index in range(5)], **OTLP)

    assert [output.content for output in outputs] == [f"text {index}" for index in range(5)]
    assert [output.usage and output.usage.input_tokens for output in outputs] == list(range(5))


def test_a_span_that_failed_is_a_reported_crash(tmp_path: Path) -> None:
    """With its type and message."""
    failed = span(1, 1, attributes={**CASE_SPAN, "error.type": "TimeoutError"}, error="model did\nnot answer")
    write(tmp_path / "a.jsonl", line(failed))
    (output,) = replay(tmp_path, ("a", 0), **OTLP)

    assert crash_of(output) == Crash(kind=CrashKind.REPORTED, message="TimeoutError: model did\\nnot answer")


def test_a_trace_without_content_is_not_an_empty_answer(tmp_path: Path) -> None:
    """Content is off by default in instrumentations: unknown, not empty. Fields that are there can be mapped."""
    write(tmp_path / "a.jsonl", line(span(1, 1, attributes={**CASE_SPAN, "my.draft": "d"})))
    (output,) = replay(tmp_path, ("a", 0), **OTLP)
    assert crash_of(output).kind is CrashKind.NOT_RECORDED
    assert "recording the content of messages is off by default" in crash_of(output).message

    write(tmp_path / "a.jsonl", line(span(1, 1, attributes={**CASE_SPAN, "my.draft": "d"}), region="eu"))
    mapping = {"content": '$.attributes["my.draft"]', "latency_ms": "latency_ms", "route": "resource.region"}
    (output,) = replay(tmp_path, ("a", 0), **OTLP, output=mapping)
    assert (output.content, output.latency_ms, output.route) == ("d", 100.0, "eu")


def test_a_number_that_is_none_in_a_mapped_trace_is_a_crash(tmp_path: Path) -> None:
    """OTLP/JSON writes NaN as text."""
    made = span(1, 1, attributes=CASE_SPAN)
    made["attributes"].append({"key": "score", "value": {"doubleValue": "NaN"}})
    write(tmp_path / "a.jsonl", line(made))
    (output,) = replay(tmp_path, ("a", 0), **OTLP, output={"structured": "attributes.score"})

    assert crash_of(output).kind is CrashKind.NOT_FINITE


def test_the_case_id_may_stand_in_the_resource(tmp_path: Path) -> None:
    """One process per case writes it there."""
    chat = {**CHAT, "gen_ai.output.messages": said("a")}
    write(tmp_path / "a.jsonl", line(span(1, 1, attributes=chat), **{"case.id": "r"}))

    assert replay(tmp_path, ("r", 0), **OTLP)[0].content == "a"


def test_lines_that_are_no_otlp_json_are_faults_with_file_and_line(tmp_path: Path) -> None:
    """Protobuf's own JSON above all: its ids are base64 and silently become other ids elsewhere."""
    base64 = line(span(1, 1, attributes=CASE_SPAN))
    base64["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["traceId"] = "W47/95gDgQPSabYzgT/GDA=="
    twice = line(span(5, 5, attributes=CASE_SPAN))
    broken = line(span(6, 6))
    broken["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["attributes"] = [{"key": "n", "value": {"intValue": "x"}}]
    long = line(span(7, 7))
    long["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["attributes"] = [
        {"key": "n", "value": {"intValue": str(2**64)}}
    ]
    write(tmp_path / "a.jsonl", base64, {"resourceMetrics": []}, "{", twice, twice, broken, {"resourceSpans": 3}, long)
    found = faults(tmp_path, **OTLP)

    expected = [
        "a.jsonl:1: has the traceId 'W47/95gDgQPSabYzgT/GDA==', which is not 32 hexadecimal digits: protobuf",
        "a.jsonl:2: has no resourceSpans; it has resourceMetrics.",
        "a.jsonl:3: is no JSON: ",
        "a.jsonl:5: holds span 0000000000000005 of trace 00000000000000000000000000000005 again.",
        "a.jsonl:6: has an attribute that cannot be read",
        "a.jsonl:7: has resourceSpans that is no list of objects",
        "a.jsonl:8: has an attribute that cannot be read: ValueError an intValue beyond 64 bits",
    ]
    assert len(found) == len(expected)
    for line_said, beginning in zip(found, expected, strict=True):
        assert line_said.startswith(beginning)


def test_a_recording_without_the_case_attribute_names_those_it_has(tmp_path: Path) -> None:
    """The nearest one, or some of them."""
    write(tmp_path / "a.jsonl", line(span(1, 1, attributes={"caseid": "a", "other": 1})))

    assert faults(tmp_path, format="otlp", case_id="case_id") == [
        "pipeline.recording: no span carries the attribute 'case_id'. Did you mean 'caseid'?"
    ]
