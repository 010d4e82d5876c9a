"""A callable's connections to anywhere but the doubles and what the plan declares are noted, with address and case."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from sluicegate.model import Case, RunContext
from sluicegate.pipelines.remote import HostedCallable
from sluicegate.plan.addresses import Allowed, parse_address

BOT = """
import asyncio, atexit, os, socket, threading, urllib.request

PORT = int(os.environ["PORT"])
if os.environ.get("EARLY"):
    socket.create_connection(("127.0.0.1", PORT)).close()


async def asks_by_loop(input):
    reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
    writer.close()


async def asks_by_sock_connect(input):
    with socket.socket() as opened:
        opened.setblocking(False)
        await asyncio.get_running_loop().sock_connect(opened, ("127.0.0.1", PORT))


async def asks_by_aiohttp(input):
    import aiohttp

    async with aiohttp.ClientSession() as session:
        try:
            async with session.get(f"http://127.0.0.1:{PORT}/") as answer:
                await answer.read()
        except aiohttp.ClientError:
            pass


async def asks_by_httpx(input):
    import httpx

    async with httpx.AsyncClient() as client:
        try:
            await client.get(f"http://127.0.0.1:{PORT}/")
        except httpx.HTTPError:
            pass


def asks_by_urllib(input):
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{PORT}/").read()
    except OSError:
        pass


def asks_in_a_thread(input):
    thread = threading.Thread(target=lambda: socket.create_connection(("127.0.0.1", PORT)).close())
    thread.start()
    thread.join()


def asks_by_datagram(input):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.sendto(b"x", ("127.0.0.1", PORT))


async def asks_by_name(input):
    try:
        await asyncio.open_connection("api.elsewhere.invalid", 443)
    except OSError:
        pass


async def asks_in_some_cases(input):
    if input == "ask":
        await asks_by_loop(input)
    await asyncio.sleep(0.05)


def asks_by_localhost(input):
    socket.create_connection(("localhost", PORT)).close()


def asks_by_raw_host(input):
    with socket.socket() as opened:
        opened.connect((input, PORT))


class AsksAtTheEnd:
    def __call__(self, input):
        if input == "exit":
            atexit.register(self.asks)
        self.closes = input == "close"

    def asks(self):
        socket.create_connection(("127.0.0.1", PORT)).close()

    def close(self):
        if self.closes:
            self.asks()


asks_at_the_end = AsksAtTheEnd()


async def asks_when_cancelled(input):
    async def stays():
        try:
            await asyncio.sleep(60)
        finally:
            socket.create_connection(("127.0.0.1", PORT)).close()

    asks_when_cancelled.task = asyncio.create_task(stays())
    await asyncio.sleep(0)


def speaks_by_unix_socket(input):
    with socket.socket(socket.AF_UNIX) as opened:
        try:
            opened.connect("/nowhere.sock")
        except OSError:
            pass
"""


@contextmanager
def a_server() -> Iterator[int]:
    """Takes connections and closes them."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as server:

        def serve() -> None:
            while True:
                try:
                    server.accept()[0].close()
                except OSError:
                    return

        threading.Thread(target=serve, daemon=True).start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)


async def noticed(
    folder: Path, target: str, port: int, *, inputs: Sequence[str] = ("ask",), allowed: Sequence[str] = (), **env: str
) -> list[tuple[str, str | None]]:
    """What was noticed while these inputs were answered, all at once."""
    import asyncio

    (folder / "bot.py").write_text(BOT)
    seen: list[tuple[str, str | None]] = []
    pipeline = HostedCallable(
        f"bot:{target}",
        base=folder,
        environment={"PORT": str(port), **env},
        allowed=allowed,
        noticed=lambda address, case_id: seen.append((address, case_id)),
    )
    await pipeline.open()
    try:
        asked = [
            pipeline.call(Case(id=f"c{n}", input=given), RunContext(run_id=f"{n:016x}", traceparent=""))
            for n, given in enumerate(inputs)
        ]
        assert [output.error for output in await asyncio.gather(*asked)] == [None] * len(inputs)
    finally:
        await pipeline.aclose()
    return seen


@pytest.mark.parametrize(
    "target",
    [
        "asks_by_loop",
        "asks_by_sock_connect",
        "asks_by_aiohttp",
        "asks_by_httpx",
        "asks_by_urllib",
        "asks_by_datagram",
        "asks_by_localhost",
    ],
)
@pytest.mark.asyncio
async def test_a_connection_elsewhere_is_noted_with_its_address_and_case(tmp_path: Path, target: str) -> None:
    """Sync or async, by whatever client: once for the case."""
    with a_server() as port:
        assert await noticed(tmp_path, target, port) == [(f"127.0.0.1:{port}", "c0")]


@pytest.mark.parametrize("when", ["close", "exit"])
@pytest.mark.asyncio
async def test_what_is_opened_after_the_last_answer_is_noted(tmp_path: Path, when: str) -> None:
    """In a synchronous close() the loop stands still, and at exit there is none; it belongs to no case."""
    with a_server() as port:
        assert await noticed(tmp_path, "asks_at_the_end", port, inputs=[when]) == [(f"127.0.0.1:{port}", None)]


@pytest.mark.asyncio
async def test_what_a_task_opens_when_it_is_cancelled_is_noted(tmp_path: Path) -> None:
    """Tasks left behind end after the channel; the number of their call is told, and its case is over."""
    with a_server() as port:
        assert await noticed(tmp_path, "asks_when_cancelled", port) == [(f"127.0.0.1:{port}", None)]


@pytest.mark.parametrize("host", ["localhost", "127.1", "LOCALHOST", "2130706433"])
@pytest.mark.asyncio
async def test_a_socket_s_own_spelling_of_an_address_is_that_address(tmp_path: Path, host: str) -> None:
    """It resolves a name or a short number by itself: what leads to a double is no connection elsewhere."""
    with a_server() as port:
        there, elsewhere = [f"127.0.0.1:{port}"], ["127.0.0.1:1"]
        assert await noticed(tmp_path, "asks_by_raw_host", port, inputs=[host], allowed=there) == []
        seen = await noticed(tmp_path, "asks_by_raw_host", port, inputs=[host], allowed=elsewhere)

        assert seen == [(f"{host.lower()}:{port}", "c0")]


@pytest.mark.asyncio
async def test_a_thread_of_its_own_is_noted_without_the_case(tmp_path: Path) -> None:
    """A thread the pipeline starts bare does not know which case it serves; nobody makes one up."""
    with a_server() as port:
        assert await noticed(tmp_path, "asks_in_a_thread", port) == [(f"127.0.0.1:{port}", None)]


@pytest.mark.asyncio
async def test_a_name_that_cannot_be_resolved_is_noted(tmp_path: Path) -> None:
    """The attempt is enough: asyncio looks names up in threads of its own, so the case is not known."""
    assert await noticed(tmp_path, "asks_by_name", 1) == [("api.elsewhere.invalid:443", None)]


@pytest.mark.asyncio
async def test_only_the_case_that_opened_it_is_named(tmp_path: Path) -> None:
    """Of many that are answered together."""
    with a_server() as port:
        inputs = ["rest", "ask", "rest", "rest"]
        assert await noticed(tmp_path, "asks_in_some_cases", port, inputs=inputs) == [(f"127.0.0.1:{port}", "c1")]


@pytest.mark.asyncio
async def test_of_many_cases_the_first_few_are_named(tmp_path: Path) -> None:
    """The others would say nothing more."""
    with a_server() as port:
        assert len(await noticed(tmp_path, "asks_by_loop", port, inputs=["ask"] * 20)) == 3


@pytest.mark.asyncio
async def test_what_a_module_opens_while_it_is_imported_is_noted(tmp_path: Path) -> None:
    """The hook stands before user code does."""
    with a_server() as port:
        seen = await noticed(tmp_path, "speaks_by_unix_socket", port, EARLY="1")

        assert seen == [(f"127.0.0.1:{port}", None)]


@pytest.mark.parametrize("allowed", ["127.0.0.1:{port}", "localhost", "localhost:{port}", "127.0.0.0/8"])
@pytest.mark.asyncio
async def test_a_declared_address_is_not_noted(tmp_path: Path, allowed: str) -> None:
    """By host and port, by host, by network; `localhost` is loopback."""
    with a_server() as port:
        assert await noticed(tmp_path, "asks_by_loop", port, allowed=[allowed.format(port=port)]) == []
        assert await noticed(tmp_path, "asks_by_loop", port, allowed=["127.0.0.1:1"]) != []


@pytest.mark.asyncio
async def test_unix_sockets_are_not_noted(tmp_path: Path) -> None:
    """They do not leave the machine, and databases and agents live there."""
    assert await noticed(tmp_path, "speaks_by_unix_socket", 1) == []


def test_a_declared_name_covers_the_numbers_it_was_resolved_to() -> None:
    """A connection names a number; what the name was looked up to is remembered, whoever looked it up."""
    code = """
import socket
socket.getaddrinfo = lambda host, *rest, **named: [(2, 1, 6, "", ("192.0.2.7" if host == "db" else "192.0.2.8", 0))]
from sluicegate.pipelines import elsewhere
seen = []
elsewhere.watch(["db:5432"], lambda call, address: seen.append(address))
for host in ("db", "other"):
    socket.getaddrinfo(host, 5432)
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
    for number, port in (("192.0.2.7", 5432), ("192.0.2.7", 80), ("192.0.2.8", 443)):
        try:
            opened.connect((number, port))
        except OSError:
            pass
print(seen)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "['db:80', 'other:443']", done.stderr


@pytest.mark.parametrize(
    ("declared", "host", "port", "allowed"),
    [
        ("db.internal:5432", "DB.internal.", 5432, True),
        ("db.internal:5432", "db.internal", 5433, False),
        ("db.internal:5432", "db.internal", None, True),
        ("db.internal", "db.internal", 1, True),
        ("db.internal", "x.db.internal", 1, False),
        ("10.0.0.0/8", "10.200.3.4", 99, True),
        ("10.0.0.0/8:99", "10.200.3.4", 98, False),
        ("10.0.0.0/8", "::ffff:10.1.1.1", 99, True),
        ("10.0.0.0/8", "11.0.0.1", 99, False),
        ("[::1]:6379", "::1", 6379, True),
        ("localhost:6379", "::1", 6379, True),
        ("localhost", "192.0.2.1", 80, False),
    ],
)
def test_what_an_address_allows(declared: str, host: str, port: int | None, allowed: bool) -> None:
    """No more than it says."""
    assert Allowed([parse_address(declared)]).allows(host, port) is allowed


@pytest.mark.parametrize("text", ["", "http://db:5432", "*.example.test", "a b", "db:0", "db:70000", "10.0.0.0/99"])
def test_what_is_no_address_is_refused(text: str) -> None:
    """A pattern would declare what nobody listed."""
    with pytest.raises(ValueError, match="is no address"):
        parse_address(text)
