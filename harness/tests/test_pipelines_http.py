"""HTTP endpoints: a real server on loopback, and everything it can do wrong."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

import pytest
import pytest_asyncio
from aiohttp import web

from sluicegate.errors import InputError
from sluicegate.model import Case, Crash, CrashKind, Given, Mail, Output, RunContext, ToolCall, Usage
from sluicegate.pipelines.http import HttpPipeline
from sluicegate.plan.types import HeaderValue, HttpTarget

pytestmark = pytest.mark.asyncio

CONTEXT = RunContext(
    run_id="ab" * 8, traceparent="00-abab-cd-01", endpoints={"TOOLS": "http://127.0.0.1:9/r/ab"}, now="now"
)
CASE = Case(id="c-1", input={"text": "hi ü", "n": 2})
SECRET = "sk-very-secret-7"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


class Server:
    """A server whose one handler a test sets, and what it was asked."""

    def __init__(self) -> None:
        self.url = ""
        self.handler: Handler = self.echo
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append((request.method, request.raw_path, _lower(request.headers), await request.read()))
        return await self.handler(request)

    async def echo(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"content": (await request.read()).decode()})

    def answers(self, body: Any, **options: Any) -> None:
        """Answer everything with this."""

        async def answer(request: web.Request) -> web.StreamResponse:
            if isinstance(body, str | bytes):
                return web.Response(body=body, **options)
            return web.json_response(body, **options)

        self.handler = answer


@pytest_asyncio.fixture
async def server() -> AsyncIterator[Server]:
    """On a free port of loopback."""
    made = Server()
    app = web.Application(client_max_size=1 << 26)
    app.router.add_route("*", "/{rest:.*}", made.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


async def ask(target: HttpTarget, case: Case = CASE, **options: Any) -> Output:
    """One call through a fresh pipeline."""
    pipeline = HttpPipeline(target, **options)
    try:
        return await pipeline.call(case, CONTEXT)
    finally:
        await pipeline.aclose()


def crash_of(output: Output) -> Crash:
    """The crash it is."""
    assert output.error is not None, output
    return output.error


async def test_the_canonical_input_is_the_body_and_the_run_travels_in_headers(server: Server) -> None:
    """Without a template; attribution and trace context with every request."""
    output = await ask(HttpTarget(url=server.url + "/draft"))
    method, path, headers, body = server.requests[0]

    assert json.loads(output.content or "") == CASE.input
    assert (method, path, json.loads(body)) == ("POST", "/draft", CASE.input)
    assert headers["x-sluicegate-run"] == "ab" * 8
    assert headers["traceparent"] == "00-abab-cd-01"
    assert headers["content-type"] == "application/json"
    assert headers["user-agent"].startswith("sluicegate/")


async def test_address_and_body_are_filled_from_the_case(server: Server) -> None:
    """Values in an address are quoted whole: no case can change the path, the query or the host around it."""
    case = Case(id="c/../2?x=1&y#", input={"text": "a/../b?c", "n": 2}, given=Given(mail=Mail(subject="S")))
    target = HttpTarget(
        url="${endpoint.SHOP}/t/${input.text}?id=${case.id}&n=${input.n}",
        request={"mail": "${case.given.mail.subject}", "n": "${input.n}", "tools": "${endpoint.TOOLS}/v1"},
        response={"content": "$.content", "metadata.raw": "$"},
    )
    output = await ask(target, case, endpoints={"SHOP": server.url, "TOOLS": "http://other"})
    _, path, _, body = server.requests[0]

    assert path.partition("?")[0] == "/t/a%2F..%2Fb%3Fc"
    assert parse_qs(path.partition("?")[2]) == {"id": ["c/../2?x=1&y#"], "n": ["2"]}
    assert json.loads(body) == {"mail": "S", "n": 2, "tools": "http://127.0.0.1:9/r/ab/v1"}
    assert output.error is None
    assert output.metadata["raw"]["content"]


async def test_a_value_that_would_climb_in_the_path_is_not_sent(server: Server) -> None:
    """Two dots cannot be quoted."""
    case = Case(id="c", input={"text": ".."})

    assert crash_of(await ask(HttpTarget(url=server.url + "/a/${input.text}"), case)).kind is CrashKind.NOT_SENT
    assert server.requests == []


async def test_a_get_has_no_body(server: Server) -> None:
    """The address says it all."""
    await ask(HttpTarget(url=server.url + "/a?q=${input.text}", method="get"))

    assert server.requests[0][0] == "GET"
    assert server.requests[0][3] == b""


async def test_the_response_is_mapped_by_paths(server: Server) -> None:
    """Output's fields and their parts; providers' names for tokens and tool calls are understood."""
    server.answers(
        {
            "choices": [
                {
                    "message": {
                        "content": "hello",
                        "tool_calls": [{"function": {"name": "order", "arguments": '{"id": 7}'}}],
                    }
                }
            ],
            "model": "m-1",
            "usage": {"prompt_tokens": 5, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 1}},
            "draft": {"subject": "S", "to": ["a@shop.test"]},
        }
    )
    output = await ask(
        HttpTarget(
            url=server.url,
            response={
                "content": "$.choices[0].message.content",
                "tools_called": "choices[0].message.tool_calls",
                "model": "$.model",
                "usage": "$.usage",
                "mail.subject": "$.draft.subject",
                "mail.to": "$.draft.to",
                "route": "$.route?",
            },
        )
    )

    assert output == Output(
        content="hello",
        model="m-1",
        usage=Usage(input_tokens=5, output_tokens=2, cached_tokens=1),
        mail=Mail(subject="S", to=("a@shop.test",)),
        tools_called=(ToolCall(name="order", arguments={"id": 7}),),
    )


@pytest.mark.parametrize(
    ("response", "said"),
    [
        (
            {"content": "$.anser"},
            "does not fit the mapping: $.anser is not there: $ has answer, n. Did you mean 'answer'?",
        ),
        ({"content": "$.n"}, "The response does not fit the mapping: $.content is 5; expected text."),
        ({"content": "$.missing.deep"}, "Write $.missing.deep? where it may be absent."),
    ],
)
async def test_a_response_that_does_not_fit_the_mapping_is_garbage_with_the_nearest_key(
    server: Server, response: dict[str, str], said: str
) -> None:
    """What is there, what was asked for, and how to allow absence."""
    server.answers({"answer": "x", "n": 5})
    crash = crash_of(await ask(HttpTarget(url=server.url, response=response)))

    assert crash.kind is CrashKind.GARBAGE
    assert said in crash.message


@pytest.mark.parametrize("mapping", [{}, {"structured": "$.structured", "content": "$.content?"}])
async def test_a_number_beyond_64_bits_is_garbage_and_never_another_number(
    server: Server, mapping: dict[str, str]
) -> None:
    """By every way of asking; as text, or where no answer is read from, it is none."""
    target = HttpTarget(url=server.url, response=mapping)
    server.answers({"structured": {"n": [1, -123456789012345678901235]}})
    crash = crash_of(await ask(target))
    server.answers({"structured": {"n": 2**63, "m": "123456789012345678901235", "f": 0.1234567890123456789}})
    exact = await ask(target)

    assert (crash.kind, "$.structured.n[1] of the answer is a whole number beyond 64 bits" in crash.message) == (
        CrashKind.GARBAGE,
        True,
    )
    assert exact.structured == {"n": 2**63, "m": "123456789012345678901235", "f": 0.1234567890123456789}


async def test_a_long_number_that_no_mapping_reads_harms_nothing(server: Server) -> None:
    """Only what becomes the answer has to be held."""
    server.answers({"text": "hello", "trace": 123456789012345678901235})

    assert (await ask(HttpTarget(url=server.url, response={"content": "$.text"}))).content == "hello"


async def test_an_answer_nested_five_hundred_levels_deep_is_garbage(server: Server) -> None:
    """What could be read and never be written again is a crash of that case."""
    deep: list[Any] = []
    for _ in range(500):
        deep = [deep]
    server.answers({"structured": deep})
    crash = crash_of(await ask(HttpTarget(url=server.url)))

    assert (crash.kind, "nested too deeply" in crash.message) == (CrashKind.GARBAGE, True)


async def test_a_claimed_latency_is_dropped(server: Server) -> None:
    """Whether the endpoint claims it or the mapping reads it: latency is measured around the call."""
    server.answers({"content": "a", "latency_ms": 0.1})

    for mapping in ({}, {"content": "content", "latency_ms": "latency_ms"}):
        output = await ask(HttpTarget(url=server.url, response=mapping))
        assert (output.content, output.latency_ms) == ("a", None)


async def test_an_error_the_endpoint_reports_is_a_reported_crash(server: Server) -> None:
    """By the same rules as everywhere."""
    server.answers({"error": {"code": "MODEL_UNAVAILABLE", "message": "try later"}})

    assert crash_of(await ask(HttpTarget(url=server.url))) == Crash(
        kind=CrashKind.REPORTED, message="MODEL_UNAVAILABLE: try later"
    )


async def test_configuration_faults_are_said_all_at_once() -> None:
    """Before any request, with the place and the mend."""
    with pytest.raises(InputError) as error:
        HttpPipeline(
            HttpTarget(
                url="ftp://x/${inptu.a}",
                request={"a": "${endpoint.TOLS}"},
                headers={"authorization": HeaderValue(env="NO_SUCH_TOKEN"), "bad name": HeaderValue(literal="x")},
            ),
            endpoints={"TOOLS": "http://x"},
            environment={},
        )

    said = str(error.value)
    assert "pipeline.http.url: '${inptu.a}' begins with 'inptu'. Did you mean 'input'?" in said
    assert "pipeline.http: '${endpoint.TOLS}' names no endpoint. Did you mean 'TOOLS'?" in said
    assert "pipeline.http.headers.authorization: the environment variable NO_SUCH_TOKEN is not set." in said
    assert "pipeline.http.headers.bad name: 'bad name' is no header name." in said


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://x/y", "does not begin with http:// or https://"),
        ("shop.test/draft", "does not begin with http:// or https://"),
        ("http:///draft", "names no host"),
        ("http://${input.host}/draft", "takes its host from the case"),
        ("${input.url}", "does not begin with http"),
    ],
)
async def test_an_address_whose_host_a_case_could_choose_is_refused(url: str, said: str) -> None:
    """Only the plan says who is called."""
    with pytest.raises(InputError, match=said):
        HttpPipeline(HttpTarget(url=url))


async def test_a_mapping_of_unknown_fields_is_refused_with_the_nearest() -> None:
    """`content` and its like are Output's own names."""
    with pytest.raises(InputError) as error:
        HttpPipeline(HttpTarget(url="http://x", response={"contnt": "$.a", "mail.subjet": "$.b", "model": "a..b"}))

    assert [str(fault) for fault in error.value.faults][:2] == [
        "pipeline.http.response.contnt: 'contnt' is no field of an Output. Did you mean 'content'?",
        "pipeline.http.response.mail.subjet: 'mail' has no part 'subjet'. Did you mean 'subject'?",
    ]
    assert len(error.value.faults) == 3


async def test_a_case_that_lacks_what_the_request_needs_is_not_sent(server: Server) -> None:
    """The case is named with the nearest key; the pipeline is not called."""
    crash = crash_of(await ask(HttpTarget(url=server.url, request={"q": "${input.txt}"})))

    assert crash.kind is CrashKind.NOT_SENT
    assert crash.message.startswith("c-1: the case does not fit the request: ${input.txt}: is not there")
    assert "Did you mean 'text'?" in crash.message
    assert server.requests == []


async def test_an_unreachable_endpoint_is_said_in_one_line() -> None:
    """Refused, or a name nobody knows."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        refused = crash_of(await ask(HttpTarget(url=f"http://user:pass@127.0.0.1:{port}/draft?key=abc")))
    unknown = crash_of(await ask(HttpTarget(url="http://no-such-host.invalid/draft")))

    assert refused.kind is unknown.kind is CrashKind.UNREACHABLE
    assert refused.message.startswith(f"POST http://127.0.0.1:{port}/draft is unreachable: ")
    assert "pass" not in refused.message
    assert "abc" not in refused.message
    assert unknown.message.startswith("POST http://no-such-host.invalid/draft is unreachable: ")


async def test_an_endpoint_that_hangs_is_a_time_out(server: Server) -> None:
    """The whole call, answer included, is bounded."""

    async def hang(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b'{"content": "')
        await asyncio.sleep(5)
        return response

    server.handler = hang
    crash = crash_of(await asyncio.wait_for(ask(HttpTarget(url=server.url + "/d"), timeout_s=0.3), 3))

    assert crash == Crash(kind=CrashKind.TIMEOUT, message=f"POST {server.url}/d: no answer within 0.3 s.")


async def test_a_connection_cut_in_the_middle_is_unreachable(server: Server) -> None:
    """Half an answer is no answer."""

    async def cut(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-length": "1000"})
        await response.prepare(request)
        await response.write(b'{"content": "half')
        assert request.transport is not None
        request.transport.abort()
        return response

    server.handler = cut
    crash = crash_of(await ask(HttpTarget(url=server.url), retries=3))

    assert crash.kind is CrashKind.UNREACHABLE
    assert len(server.requests) == 1, "an answer had begun; it is not asked for again"


@pytest.mark.parametrize(("retries", "sent", "fine"), [(0, 1, False), (1, 2, False), (2, 3, True), (5, 3, True)])
async def test_only_transport_faults_are_repeated_and_only_where_told(
    server: Server, retries: int, sent: int, fine: bool
) -> None:
    """Counted in the metadata; without `retries` never."""

    async def reset_twice(request: web.Request) -> web.StreamResponse:
        if len(server.requests) <= 2:
            assert request.transport is not None
            request.transport.abort()
        return web.json_response({"content": "ok"})

    server.handler = reset_twice
    output = await ask(HttpTarget(url=server.url), retries=retries)

    assert len(server.requests) == sent
    assert (output.content == "ok") is fine
    assert output.metadata.get("retries", 0) == sent - 1
    if not fine:
        assert crash_of(output).kind is CrashKind.UNREACHABLE


@pytest.mark.parametrize("status", [400, 401, 429, 500, 503])
async def test_a_status_is_an_answer_and_is_not_repeated(server: Server, status: int) -> None:
    """With a masked, escaped excerpt of what came with it."""
    server.answers("<b>no\x1b[2J</b> write to jane.doe@shop.test " + "x" * 5000, status=status)
    output = await ask(HttpTarget(url=server.url + "/d"), retries=3)
    crash = crash_of(output)

    assert crash.kind is CrashKind.HTTP_STATUS
    assert crash.message.startswith(f"POST {server.url}/d answered {status} ")
    assert "<b>no\\x1b[2J</b> write to " in crash.message
    assert "jane.doe@" not in crash.message
    assert len(crash.message) < 350
    assert len(server.requests) == 1
    assert "retries" not in output.metadata


@pytest.mark.parametrize(
    ("body", "content_type", "kind", "said"),
    [
        (
            "<html><form>Sign in</form>",
            "text/html",
            "garbage",
            "expected JSON, got text/html; charset=utf-8: <html><form>",
        ),
        ("Service starting", "text/plain", "garbage", "expected JSON, got text/plain; charset=utf-8: Service starting"),
        ('{"content": "a"', "application/json", "garbage", 'expected JSON, got application/json; charset=utf-8: {"con'),
        ("", "application/json", "garbage", "got application/json; charset=utf-8: nothing"),
        ('{"a": [1, NaN]}', "application/json", "not_finite", "$.a[1] of the answer is NaN or infinite"),
        ('{"a": -Infinity}', "application/json", "not_finite", "$.a of the answer"),
        ('{"a": 1e999}', "application/json", "not_finite", "$.a of the answer"),
        ('"\\ud800"', "application/json", "garbage", "expected JSON"),
    ],
)
async def test_what_is_no_json_is_told_with_its_type_and_beginning(
    server: Server, body: str, content_type: str, kind: str, said: str
) -> None:
    """A login page with status 200 is no answer; NaN is no number."""
    server.answers(body.encode(), content_type=content_type, charset="utf-8")
    crash = crash_of(await ask(HttpTarget(url=server.url)))

    assert crash.kind == kind
    assert said in crash.message


@pytest.mark.parametrize("announced", [True, False])
async def test_fifty_megabytes_are_not_read(server: Server, announced: bool) -> None:
    """Reading stops at the limit, whether the length was announced or not."""
    written = 0

    async def flood(request: web.Request) -> web.StreamResponse:
        nonlocal written
        headers = {"content-type": "application/json"}
        response = web.StreamResponse(headers={**headers, "content-length": "50000000"} if announced else headers)
        await response.prepare(request)
        for _ in range(500):
            await response.write(b"x" * 100_000)
            written += 100_000
        return response

    server.handler = flood
    crash = crash_of(await ask(HttpTarget(url=server.url, max_bytes=1_000_000)))

    assert crash.kind is CrashKind.TOO_LARGE
    assert "the limit is 1,000,000 bytes" in crash.message
    await asyncio.sleep(0.1)
    assert written < 20_000_000


async def test_what_does_not_speak_http_is_garbage() -> None:
    """A mail server on the wrong port, say."""

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.shop.test ESMTP\r\n")
        await writer.drain()
        await reader.read(1)
        writer.close()

    wrong = await asyncio.start_server(greet, "127.0.0.1", 0)
    port = wrong.sockets[0].getsockname()[1]
    crash = crash_of(await ask(HttpTarget(url=f"http://127.0.0.1:{port}/")))
    wrong.close()
    await wrong.wait_closed()

    assert crash.kind is CrashKind.GARBAGE
    assert "the answer is not HTTP" in crash.message


async def test_redirects_are_followed_within_the_same_origin_only(server: Server) -> None:
    """Another host gets neither the case nor the headers."""

    async def hop(request: web.Request) -> web.StreamResponse:
        if request.path == "/a":
            raise web.HTTPTemporaryRedirect("/b")
        if request.path == "/b":
            return web.json_response({"content": f"{request.method} {(await request.read()).decode()}"})
        if request.path == "/see":
            raise web.HTTPSeeOther("/got")
        if request.path == "/got":
            return web.json_response({"content": request.method})
        if request.path == "/round":
            raise web.HTTPTemporaryRedirect("/round")
        if request.path == "/nowhere":
            return web.Response(status=302, headers={"location": "http://[broken"})
        where = "//other.test/x" if request.path == "/slashes" else "https://login.other.test/sign-in?next=1"
        return web.Response(status=302, headers={"location": where})

    server.handler = hop
    case = Case(id="c", input="hi")

    assert (await ask(HttpTarget(url=server.url + "/a"), case)).content == 'POST "hi"'
    assert (await ask(HttpTarget(url=server.url + "/see"), case)).content == "GET"
    for path, said in (
        ("/out", "a redirect to https://login.other.test; other hosts are not followed"),
        ("/slashes", "a redirect to http://other.test; other hosts are not followed"),
        ("/round", "more than 5 redirects"),
        ("/nowhere", "answered 302 without an address"),
    ):
        crash = crash_of(await ask(HttpTarget(url=server.url + path), case))
        assert crash.kind is CrashKind.HTTP_STATUS
        assert said in crash.message


async def test_proxies_of_the_environment_are_not_used(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tested is the endpoint, not what stands in a developer's shell."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    assert (await ask(HttpTarget(url=server.url))).error is None


async def test_no_cookie_is_kept_between_cases(server: Server) -> None:
    """One case does not reach another through a session."""
    server.answers({"content": "a"}, headers={"set-cookie": "session=1; Path=/"})
    pipeline = HttpPipeline(HttpTarget(url=server.url))
    for _ in range(2):
        await pipeline.call(CASE, CONTEXT)
    await pipeline.aclose()

    assert "cookie" not in server.requests[1][2]


async def test_connections_are_used_again(server: Server) -> None:
    """Ten calls, one after the other, one connection."""
    ports: set[int] = set()

    async def note(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        ports.add(request.transport.get_extra_info("peername")[1])
        return web.json_response({"content": "a"})

    server.handler = note
    pipeline = HttpPipeline(HttpTarget(url=server.url))
    for _ in range(10):
        await pipeline.call(CASE, CONTEXT)
    await pipeline.aclose()

    assert len(ports) == 1


async def _secret_faults(server: Server) -> AsyncIterator[Output]:
    target = HttpTarget(
        url=server.url + "/d?key=${input.key}",
        headers={
            "authorization": HeaderValue(env="SHOP_TOKEN", prefix="Bearer "),
            "x-api-key": HeaderValue(literal="literal-key-9"),
        },
    )
    case = Case(id="c", input={"key": "k"})
    echo = f"no: Bearer {SECRET} and literal-key-9"

    async def cut(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async def stream(request: web.Request) -> web.StreamResponse:
        return web.Response(body=f"data: {echo}\n\n".encode(), content_type="text/event-stream")

    async def stream_error(request: web.Request) -> web.StreamResponse:
        data = json.dumps({"error": {"message": echo}})
        return web.Response(body=f"data: {data}\n\n".encode(), content_type="text/event-stream")

    handlers: list[Handler | tuple[Any, dict[str, Any]]] = [
        (echo, {"status": 401}),
        (f"<html>{echo}", {"content_type": "text/html"}),
        (echo, {"content_type": "application/json"}),
        ({"error": echo}, {}),
        ({"error": {"code": echo}}, {}),
        ({"content": 5, "mail": echo}, {}),
        ("", {"status": 302, "headers": {"location": f"http://other.test/{SECRET}"}}),
        cut,
        stream,
        stream_error,
    ]
    for handler in handlers:
        if isinstance(handler, tuple):
            server.answers(handler[0], **handler[1])
        else:
            server.handler = handler
        yield await ask(target, case, environment={"SHOP_TOKEN": SECRET})


async def test_header_values_are_shown_in_no_error(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever fails and whoever repeats them: neither messages nor logs hold them."""
    count = 0
    async for output in _secret_faults(server):
        message = crash_of(output).message
        assert SECRET not in message
        assert "literal-key-9" not in message
        count += 1
    sent = server.requests[0][2]

    assert count == 10
    assert sent["authorization"] == f"Bearer {SECRET}"
    assert sent["x-api-key"] == "literal-key-9"
    assert SECRET not in caplog.text


@pytest.mark.parametrize("value", [SECRET + "\n", SECRET + "\r\nx: y", SECRET + "ü", "\x00" + SECRET])
async def test_a_header_that_cannot_be_sent_is_refused_without_its_value(value: str) -> None:
    """A trailing line break is the usual cause; the message says so and nothing more."""
    target = HttpTarget(url="http://x", headers={"authorization": HeaderValue(env="T")})
    with pytest.raises(InputError, match="the value of T holds a line break or a character") as error:
        HttpPipeline(target, environment={"T": value})

    assert "secret" not in str(error.value)
    assert SECRET not in repr(error.value)


def _events(*events: Any, done: bool = True) -> bytes:
    lines = [f"data: {json.dumps(event)}\n\n" for event in events]
    return "".join([": hello\n\n", *lines, "data: [DONE]\n\n" if done else ""]).encode()


def _delta(**delta: Any) -> dict[str, Any]:
    return {"model": "m-1", "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}


async def test_a_stream_is_joined_and_its_first_token_timed(server: Server) -> None:
    """Wherever the chunks are cut, also inside a character."""
    body = _events(
        _delta(role="assistant"),
        _delta(content="Grü"),
        _delta(content="ße"),
        _delta(tool_calls=[{"index": 0, "function": {"name": "order", "arguments": '{"id"'}}]),
        _delta(tool_calls=[{"index": 0, "function": {"arguments": ": 7}"}}]),
        {"model": "m-1", "choices": [], "usage": {"prompt_tokens": 4, "completion_tokens": 2}},
    )

    async def stream(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        await asyncio.sleep(0.05)
        for at in range(0, len(body), 7):
            await response.write(body[at : at + 7])
        await asyncio.sleep(0.05)
        return response

    server.handler = stream
    output = await ask(HttpTarget(url=server.url))

    assert output.content == "Grüße"
    assert output.model == "m-1"
    assert output.usage == Usage(input_tokens=4, output_tokens=2)
    assert output.tools_called == (ToolCall(name="order", arguments={"id": 7}),)
    assert output.ttft_ms is not None
    assert 45 < output.ttft_ms < 2000


async def test_a_stream_is_mapped_as_the_answer_it_would_have_been(server: Server) -> None:
    """The same mapping serves both."""
    server.answers(_events(_delta(content="a"), _delta(content="b")), content_type="text/event-stream")
    output = await ask(HttpTarget(url=server.url, response={"content": "$.choices[0].message.content"}))

    assert output.content == "ab"


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        (
            _events(_delta(content="half"), done=False),
            "garbage",
            "ended without [DONE] or a finish_reason, after 4 char",
        ),
        (b"data: {broken\n\n", "garbage", "an event that is no JSON: {broken"),
        (_events({"error": {"message": "overloaded"}}), "reported", "overloaded"),
        (b"event: error\ndata: too many\n\n", "reported", "too many"),
        (b"", "garbage", "after 0 characters"),
        (_events(_delta(content="x" * 3000)), "too_large", "the limit is 2,000 bytes"),
    ],
)
async def test_a_broken_stream_never_passes_for_a_whole_one(server: Server, body: bytes, kind: str, said: str) -> None:
    """Cut in the middle, garbage, an error inside, or too long."""
    server.answers(body, content_type="text/event-stream")
    crash = crash_of(await ask(HttpTarget(url=server.url, max_bytes=2000)))

    assert crash.kind == kind
    assert said in crash.message


async def test_a_stream_that_ends_by_its_finish_reason_is_whole(server: Server) -> None:
    """Not every server writes [DONE]."""
    last = {"choices": [{"index": 0, "delta": {"content": "b"}, "finish_reason": "stop"}]}
    server.answers(_events(_delta(content="a"), last, done=False), content_type="text/event-stream")

    assert (await ask(HttpTarget(url=server.url))).content == "ab"


async def test_cancelling_the_run_cancels_the_request(server: Server) -> None:
    """Ctrl-C is not answered with a crash."""

    async def hang(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(5)
        return web.Response()

    server.handler = hang
    task = asyncio.create_task(ask(HttpTarget(url=server.url)))
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
