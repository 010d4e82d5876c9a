"""A command's connections, and those of a callable's children, are looked at while they are open, on Linux."""

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
from sluicegate.pipelines.command import CommandPipeline
from sluicegate.pipelines.connections import outbound
from sluicegate.pipelines.remote import HostedCallable
from sluicegate.plan.types import CommandTarget

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

OPENED = "import socket, sys, time; opened = socket.create_connection(('127.0.0.1', int(sys.argv[1]))); time.sleep(1)"
COMMAND = """
import json, os, socket, subprocess, sys, time
opened = []
for line in sys.stdin:
    said = json.loads(line)
    how, port = said["input"]
    if how == "keeps":
        opened.append(socket.create_connection(("127.0.0.1", port)))
    elif how == "child":
        subprocess.run([sys.executable, "-c", OPENED, str(port)])
    elif how == "serves":
        with socket.create_server(("127.0.0.1", 0)) as server:
            opened += [socket.create_connection(server.getsockname()), server.accept()[0]]
    elif how == "serves everywhere":
        server = socket.create_server(("", 0), backlog=1)
        opened += [server, socket.create_connection(("127.0.0.3", server.getsockname()[1]))]
        time.sleep(0.2)
    elif how == "serves that port beside it":
        opened += [socket.create_server(("127.0.0.2", port)), socket.create_connection(("127.0.0.1", port))]
    elif how == "daemon":
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                kept = socket.create_connection(("127.0.0.1", port))
                time.sleep(1.5)
            os._exit(0)
        os.wait()
        time.sleep(0.5)
    print(json.dumps({"id": said["id"], "content": "ok"}), flush=True)
"""
CALLABLE = """
import subprocess, sys

def answer(input):
    subprocess.run([sys.executable, "-c", OPENED, str(input[1])])
    return "ok"
"""
CLOSES = """
import subprocess, sys


class Bot:
    def __call__(self, input):
        self.asked = input
        return "ok"

    def close(self):
        subprocess.run([sys.executable, "-c", self.asked[0], str(self.asked[1])])


answer = Bot()
"""


@contextmanager
def a_server() -> Iterator[int]:
    """Takes connections and keeps them."""
    kept: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0), backlog=50) as server:

        def serve() -> None:
            while True:
                try:
                    kept.append(server.accept()[0])
                except OSError:
                    return

        threading.Thread(target=serve, daemon=True).start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            for each in kept:
                each.close()


async def noticed(pipeline: CommandPipeline | HostedCallable, how: str, port: int) -> None:
    await pipeline.open()
    try:
        output = await pipeline.call(Case(id="c", input=[how, port]), RunContext(run_id="0" * 16, traceparent=""))
        assert output.content == "ok", output
    finally:
        await pipeline.aclose()


async def of_a_command(folder: Path, how: str, port: int, allowed: Sequence[str] = ("127.0.0.1:1",)) -> list[str]:
    (folder / "command.py").write_text(f"OPENED = {OPENED!r}\n{COMMAND}")
    seen: list[str] = []
    pipeline = CommandPipeline(
        CommandTarget(argv=(sys.executable, "command.py")),
        base=folder,
        allowed=allowed,
        noticed=lambda address, _case: seen.append(address),
    )
    await noticed(pipeline, how, port)
    return seen


@pytest.mark.parametrize("how", ["keeps", "child"])
@pytest.mark.asyncio
async def test_what_a_command_or_its_child_holds_open_is_seen(how: str, tmp_path: Path) -> None:
    """Once, with its address; also what it opened in the last moment and keeps."""
    with a_server() as port:
        assert await of_a_command(tmp_path, how, port) == [f"127.0.0.1:{port}"]


@pytest.mark.parametrize("allowed", ["127.0.0.1:{port}", "localhost"])
@pytest.mark.asyncio
async def test_a_declared_address_is_not_told(allowed: str, tmp_path: Path) -> None:
    """By number, or by a name that is looked up."""
    with a_server() as port:
        assert await of_a_command(tmp_path, "keeps", port, [allowed.format(port=port)]) == []


@pytest.mark.asyncio
async def test_what_it_serves_itself_is_not_elsewhere(tmp_path: Path) -> None:
    """Both ends belong to the pipeline; also where it listens at every address, and has not answered yet."""
    assert await of_a_command(tmp_path, "serves", 0) == []
    assert await of_a_command(tmp_path, "serves everywhere", 0) == []


@pytest.mark.asyncio
async def test_a_port_it_listens_at_excuses_no_other_address_s(tmp_path: Path) -> None:
    """An address is a host and a port; somebody else's server may have the same port."""
    with a_server() as port:
        assert await of_a_command(tmp_path, "serves that port beside it", port) == [f"127.0.0.1:{port}"]


@pytest.mark.asyncio
async def test_a_daemon_that_left_the_tree_is_seen(tmp_path: Path) -> None:
    """It is nobody's child any more, and still has the mark of its pipeline in its environment."""
    with a_server() as port:
        assert await of_a_command(tmp_path, "daemon", port) == [f"127.0.0.1:{port}"]


@pytest.mark.asyncio
async def test_two_pipelines_do_not_see_each_other_s_daemons(tmp_path: Path) -> None:
    """Each has a mark of its own."""
    seen: list[str] = []
    other = CommandPipeline(
        CommandTarget(argv=(sys.executable, "-c", "input()")),
        base=tmp_path,
        allowed=["127.0.0.1:1"],
        noticed=lambda address, _case: seen.append(address),
    )
    await other.open()
    try:
        with a_server() as port:
            await of_a_command(tmp_path, "daemon", port)
    finally:
        await other.aclose()

    assert seen == []


@pytest.mark.asyncio
async def test_what_a_callable_starts_when_it_is_closed_is_seen(tmp_path: Path) -> None:
    """Until the last of its processes has ended, somebody looks."""
    (tmp_path / "bot.py").write_text(CLOSES)
    seen: list[str] = []
    with a_server() as port:
        pipeline = HostedCallable(
            "bot:answer",
            base=tmp_path,
            allowed=["127.0.0.1:1"],
            noticed=lambda address, _case: seen.append(address),
        )
        await noticed(pipeline, OPENED.replace("sleep(1)", "sleep(0.4)"), port)

        assert seen == [f"127.0.0.1:{port}"]


@pytest.mark.asyncio
async def test_a_callable_s_child_is_seen(tmp_path: Path) -> None:
    """The hook in its own interpreter cannot hear it."""
    (tmp_path / "bot.py").write_text(f"OPENED = {OPENED!r}\n{CALLABLE}")
    seen: list[str] = []
    with a_server() as port:
        pipeline = HostedCallable(
            "bot:answer",
            base=tmp_path,
            allowed=["127.0.0.1:1"],
            noticed=lambda address, _case: seen.append(address),
        )
        await noticed(pipeline, "child", port)

        assert seen == [f"127.0.0.1:{port}"]


def test_addresses_are_read_as_they_are_written() -> None:
    """IPv4, IPv6, and IPv4 in IPv6 clothes; what only listens is no connection."""
    code = """
import socket, sys, time
kept = [socket.create_server(("127.0.0.1", 0))]
for family, host, port in ((2, "127.0.0.1", 4), (10, "::1", 6), (10, "::ffff:127.0.0.1", 4)):
    kept.append(socket.socket(family))
    kept[-1].connect((host, int(sys.argv[1 if port == 4 else 2])))
print("open", flush=True)
time.sleep(60)
"""
    with a_server() as four, socket.create_server(("::1", 0), family=socket.AF_INET6) as server:
        six = server.getsockname()[1]
        with subprocess.Popen([sys.executable, "-c", code, str(four), str(six)], stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            child.stdout.readline()
            found = outbound([child.pid])
            child.kill()

    assert found == {("127.0.0.1", four), ("::1", six)}


def test_a_process_that_is_gone_has_no_connections() -> None:
    """Nothing is raised."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()

    assert outbound([child.pid]) == set()
