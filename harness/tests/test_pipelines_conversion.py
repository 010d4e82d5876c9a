"""From what a pipeline returned to an Output: every value has one answer, and none of them is an exception."""

from __future__ import annotations

import json
import math
from collections import UserDict
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import orjson
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluicegate.model import Crash, CrashKind, Output, Usage
from sluicegate.pipelines.conversion import as_output, as_sent, from_json, live, not_json, read_exactly


class Draft(pydantic.BaseModel):
    """A user's answer type."""

    body: str
    score: float = 0.0


@dataclass
class Point:
    """A user's dataclass."""

    x: float


def crashed(value: Any, **options: Any) -> Crash:
    """The crash that `value` is."""
    error = as_output(value, **options).error
    assert error is not None
    return error


@pytest.mark.parametrize("kind", list(CrashKind))
def test_an_error_that_a_pipeline_returns_is_a_reported_one(kind: CrashKind) -> None:
    """Whatever kind it says: no build calls its own failures requests that nobody sent, or that found nobody."""
    error = crashed(Output(error=Crash(kind=kind, message="out of luck")))

    assert error.kind is CrashKind.REPORTED
    assert "out of luck" in error.message


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("text", Output(content="text")),
        ("", Output(content="")),
        (None, Output()),
        (Output(content="a", usage=Usage(input_tokens=1)), Output(content="a", usage=Usage(input_tokens=1))),
        ({"content": "a", "model": "m"}, Output(content="a", model="m")),
        ({"usage": {"input_tokens": 3}}, Output(usage=Usage(input_tokens=3))),
        ({"content": "a", "score": 1}, Output(structured={"content": "a", "score": 1})),
        ({}, Output(structured={})),
        ([1, "b"], Output(structured=[1, "b"])),
        ((1, 2), Output(structured=[1, 2])),
        (3, Output(structured=3)),
        (True, Output(structured=True)),
        (Draft(body="b"), Output(structured={"body": "b", "score": 0.0})),
        ({"drafts": [Draft(body="b")]}, Output(structured={"drafts": [{"body": "b", "score": 0.0}]})),
        (Point(x=1.5), Output(structured={"x": 1.5})),
        (UserDict({"content": "a"}), Output(content="a")),
        ({"at": datetime(2026, 1, 1, tzinfo=UTC)}, Output(structured={"at": "2026-01-01T00:00:00+00:00"})),
        ({"a": np.float64(1.5), "b": np.array([1, 2])}, Output(structured={"a": 1.5, "b": [1, 2]})),
    ],
)
def test_what_a_pipeline_returns_becomes_an_output(value: Any, expected: Output) -> None:
    """Text is content, Output's own fields are an Output, the rest is structured."""
    assert as_output(value) == expected


def test_a_structured_answer_is_a_copy() -> None:
    """What the pipeline changes afterwards does not change the evidence."""
    held = {"items": [1]}
    output = as_output(held)
    held["items"].append(2)

    assert output.structured == {"items": [1]}


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (math.nan, "$ "),
        ({"a": [1, {"b": math.inf}], "c": None}, "$.a[1].b"),
        (Draft(body="b", score=math.nan), "$.score"),
        ({"p": Point(x=-math.inf)}, "$.p.x"),
        ({"n": np.float32("nan")}, "$.n"),
        (Output(structured={"s": math.nan}), "$.structured.s"),
        (Output(metadata={"s": math.nan}), "$.metadata.s"),
    ],
)
def test_nan_and_infinity_are_a_crash_with_their_path(value: Any, path: str) -> None:
    """A number that is none never becomes null."""
    crash = crashed(value)

    assert crash.kind is CrashKind.NOT_FINITE
    assert crash.message.startswith(path)


def test_null_is_no_crash() -> None:
    """Only a number can be not finite."""
    assert as_output({"a": None, "b": "null"}).structured == {"a": None, "b": "null"}


class Rude:
    """An object that cannot even be dumped."""

    def model_dump(self) -> dict[str, Any]:
        """Fails."""
        raise RuntimeError("no dump today")


def _looped() -> list[Any]:
    items: list[Any] = []
    items.append(items)
    return items


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"a": [{1, 2}]}, "$.a[0] of the answer is of type set, which JSON cannot hold"),
        (b"bytes", "$ of the answer is of type bytes"),
        ({"price": Decimal("1.1")}, "$.price of the answer is of type Decimal"),
        ((item for item in "ab"), "$ of the answer is of type generator"),
        ({"a": {7: "b"}}, "$.a of the answer has the key 7 of type int; keys are text"),
        ({"a": 2**70}, "$.a of the answer is a whole number beyond 64 bits"),
        ("half \ud800", "$ of the answer holds half of a surrogate pair"),
        ({"a": ["\udfff"]}, "$.a[0] of the answer holds half of a surrogate pair"),
        (_looped(), "nested too deeply or holds itself"),
        (Rude(), "The answer could not be read: RuntimeError: no dump today"),
        (Output(content=5), "expected text"),  # type: ignore[arg-type] # what a user may do
        ({"content": 5}, 'To return this mapping itself, write {"structured": …}.'),
        ({"mail": {"subjct": "a"}}, "Did you mean 'subject'?"),
    ],
)
def test_what_json_cannot_hold_is_garbage_with_path_and_type(value: Any, said: str) -> None:
    """The message names the place and the type."""
    crash = crashed(value)

    assert crash.kind is CrashKind.GARBAGE
    assert said in crash.message


def _nested(levels: int) -> Any:
    return {"a": _nested(levels - 1)} if levels else 1


@pytest.mark.parametrize("levels", [240, 247, 250, 252, 253, 254, 300])
def test_an_answer_that_no_record_could_hold_is_garbage(levels: int) -> None:
    """Written by itself it may be; the records around it have levels of their own, and none may fail on it."""
    answer = {"structured": _nested(levels)}
    data = json.dumps(answer).encode()

    for output in (as_output(answer), read_exactly(data, json.loads(data), from_json)):
        assert output.error is not None
        assert output.error.kind is CrashKind.GARBAGE
        assert "nested too deeply" in output.error.message


def test_an_answer_nested_as_deep_as_records_hold_is_one() -> None:
    """And it is kept as it was."""
    assert as_output({"structured": _nested(200)}).structured == _nested(200)


@pytest.mark.parametrize("value", ["x" * 101, "ü" * 60, {"a": "x" * 101}, ["x"] * 60])
def test_more_than_the_limit_is_too_large(value: Any) -> None:
    """Bytes are counted, not characters."""
    assert crashed(value, max_bytes=100).kind is CrashKind.TOO_LARGE


def test_the_limit_itself_is_not_too_large() -> None:
    """98 characters in quotes are 100 bytes."""
    assert as_output("ü" * 49, max_bytes=100).content == "ü" * 49


@pytest.mark.parametrize(
    ("error", "message"),
    [
        ("MODEL_UNAVAILABLE", "MODEL_UNAVAILABLE"),
        ({"code": "BUDGET_EXCEEDED", "message": "no money\x1b[31m"}, "BUDGET_EXCEEDED: no money\\x1b[31m"),
        ({"other": [1]}, '{"other":[1]}'),
        (["x"], '["x"]'),
        ("", "The pipeline reported an error without a message."),
    ],
)
def test_an_error_the_pipeline_reports_is_a_reported_crash(error: Any, message: str) -> None:
    """Whatever its form; a pipeline does not choose the harness's own kinds."""
    assert from_json({"error": error}).error == Crash(kind=CrashKind.REPORTED, message=message)


def test_the_bytes_of_no_json_are_told_apart() -> None:
    """NaN is not finite; all else is garbage with an escaped, masked excerpt."""
    nan = not_json(b'{"a": [NaN]}', what="got").error
    html = not_json(b"<html>\x1b[2J a.person@shop.test", what="expected JSON, got text").error

    assert nan == Crash(
        kind=CrashKind.NOT_FINITE, message="$.a[0] of the answer is NaN or infinite; JSON has no such number."
    )
    assert html is not None
    assert html.kind is CrashKind.GARBAGE
    assert html.message.startswith("expected JSON, got text: <html>\\x1b[2J ")
    assert "a.person@" not in html.message


_ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())
    | st.binary()
    | st.decimals()
    | st.sets(st.integers(), max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=3),
    max_leaves=8,
)


@given(_ANYTHING)
def test_every_value_is_an_output(value: Any) -> None:
    """Total: any value gives an Output, whose crash message is one printable line of at most 500 characters."""
    output = as_output(value)

    if output.error is not None:
        assert len(output.error.message) <= 500
        assert output.error.message.isprintable()


_FIELDS = {"content": st.text(max_size=3), "error": _ANYTHING, "latency_ms": st.floats(), "usage": _ANYTHING}


def _read(sent: bytes | Output) -> Output:
    return from_json(orjson.loads(sent)) if isinstance(sent, bytes) else sent


@given(_ANYTHING | st.fixed_dictionaries({}, optional={**_FIELDS, "structured": _ANYTHING, "tools_called": _ANYTHING}))
def test_an_answer_that_is_sent_on_is_read_as_it_would_be_here(value: Any) -> None:
    """What a runner process leaves to its parent becomes the Output that it would have been there, latency aside."""
    assert live(_read(as_sent(value))) == live(as_output(value))


@pytest.mark.parametrize("value", [{"a": "x" * 2_000}, ["x"] * 600, {"x": math.nan}, [b"x"], {"a": [[0]] * 300}])
def test_an_answer_that_may_not_be_kept_is_no_bytes(value: Any) -> None:
    """Too long, no number, no JSON, or of so many brackets that it may be nested too deeply: told where it was made."""
    sent = as_sent(value, max_bytes=1_500)

    assert isinstance(sent, Output)
    assert sent == live(as_output(value, max_bytes=1_500))


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ({"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8}, (5, 3, None)),
        (
            {
                "prompt_tokens": 5,
                "completion_tokens": 3,
                "prompt_tokens_details": {"cached_tokens": 2, "audio_tokens": 0},
            },
            (5, 3, 2),
        ),
        (
            {"input_tokens": 5, "output_tokens": 3, "input_tokens_details": {"cached_tokens": 0}, "total_tokens": 8},
            (5, 3, 0),
        ),
        (
            {"input_tokens": 5, "output_tokens": 3, "cache_read_input_tokens": 90, "cache_creation_input_tokens": 4},
            (99, 3, 90),
        ),
        (
            {"input_tokens": 5, "output_tokens": 3, "cache_read_input_tokens": None, "service_tier": "standard"},
            (5, 3, None),
        ),
        ({"promptTokenCount": 5, "candidatesTokenCount": 3, "thoughtsTokenCount": 7}, (5, 10, None)),
        ({"prompt_token_count": 5, "candidates_token_count": 3, "cached_content_token_count": 1}, (5, 3, 1)),
    ],
)
def test_what_a_provider_says_of_its_tokens_is_understood(usage: dict[str, Any], tokens: tuple[Any, ...]) -> None:
    """OpenAI (chat, responses), Anthropic, Gemini: from a mapping, in an Output, and from JSON."""
    wanted = Usage(**dict(zip(("input_tokens", "output_tokens", "cached_tokens"), tokens, strict=True)))

    for said in ({"content": "a", "usage": usage}, Output(content="a", usage=usage)):  # type: ignore[arg-type]
        assert as_output(said) == Output(content="a", usage=wanted)
    assert from_json({"content": "a", "usage": usage}) == Output(content="a", usage=wanted)


@pytest.mark.parametrize(
    "usage",
    [{"input_tokens": 3, "outptu_tokens": 4}, {"prompt_tokens": "three"}, {"tokens": 3}, [3, 4]],
)
def test_a_usage_of_nobody_is_garbage(usage: Any) -> None:
    """A typing mistake in our own names, and what is no number, are said instead of dropped."""
    error = as_output({"content": "a", "usage": usage}).error

    assert error is not None
    assert error.kind is CrashKind.GARBAGE
    assert "$.usage" in error.message


def test_the_usage_objects_of_the_packages_are_understood() -> None:
    """As they come, total and details in them."""
    chat = pytest.importorskip("openai.types.completion_usage").CompletionUsage
    message = pytest.importorskip("anthropic.types").Usage
    content = pytest.importorskip("google.genai.types").GenerateContentResponseUsageMetadata
    counted = (
        chat(prompt_tokens=5, completion_tokens=3, total_tokens=8),
        message(input_tokens=5, output_tokens=3),
        content(prompt_token_count=5, candidates_token_count=3, total_token_count=8),
    )

    assert [as_output({"usage": usage}) for usage in counted] == [
        Output(usage=Usage(input_tokens=5, output_tokens=3))
    ] * 3
