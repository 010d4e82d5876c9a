"""The broker as a process: told what to do on stdin, ended by its parent's end, leaving nobody behind."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import signal
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import orjson

from sluicegate.broker.server import Job, Server, faults_of
from sluicegate.errors import Fault, InputError
from sluicegate.model import Json

__all__ = ["Compose", "main"]

Compose = Callable[[Mapping[str, Json]], Awaitable[Job]]
"""Makes the job from the launcher's configuration, in the broker's event loop. Raises InputError for a bad one."""

_POLL_S = 0.5
_STDIN, _STDOUT, _STDERR = 0, 1, 2


def main(argv: list[str]) -> int:
    """`python -m sluicegate.broker MODULE:FUNCTION`, the configuration as one JSON line on stdin, which stays open.

    Answers one line on stdout: `{"address": …, "token": …}`, or `{"faults": […]}` and exit code 2. The end of stdin is
    the parent's end.
    """
    parent = os.getppid()
    # What an interrupt means is the parent's to say. Ended before the parent hears of it, the broker would look lost.
    # A handler, since children of a process that ignores a signal ignore it too.
    signal.signal(signal.SIGINT, lambda _number, _frame: None)
    # Whatever prints in here, now or later, must not look like the answer.
    answers = os.dup(_STDOUT)
    os.dup2(_STDERR, _STDOUT)
    try:
        compose = _loaded(argv)
        config = orjson.loads(_first_line())
    except (InputError, ValueError) as error:
        _tell(answers, {"faults": faults_of(error)})
        return 2
    return asyncio.run(_run(compose, config, parent, answers))


async def _run(compose: Compose, config: Mapping[str, Json], parent: int, answers: int) -> int:
    try:
        job = await compose(config)
    except InputError as error:
        _tell(answers, {"faults": faults_of(error)})
        return 2
    folder = Path(tempfile.mkdtemp(prefix="sluicegate-"))
    server = Server(job, secrets.token_hex(32))
    listener = await server.listen(str(folder / "broker"))
    try:
        leave = _leaving(parent)
        _tell(answers, {"address": str(folder / "broker"), "token": server.token})
        ends: list[asyncio.Future[Any]] = [asyncio.ensure_future(server.ended.wait()), leave]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        if not server.ended.is_set():
            await server.give_up()
        await _answered(server, leave)
        return 0
    finally:
        listener.close()
        await server.hang_up()
        shutil.rmtree(folder, ignore_errors=True)


async def _answered(server: Server, leave: asyncio.Future[None]) -> None:
    """Stay until everybody has hung up or the parent is gone, so that the last answer is not cut off."""
    while server.connected and not leave.done():
        await asyncio.wait([leave], timeout=0.05)


def _leaving(parent: int) -> asyncio.Future[None]:
    """Done when the parent is gone, or SIGTERM asks to leave."""
    loop = asyncio.get_running_loop()
    leave: asyncio.Future[None] = loop.create_future()

    def go() -> None:
        if not leave.done():
            leave.set_result(None)

    def read() -> None:
        if not os.read(_STDIN, 4096):
            loop.remove_reader(_STDIN)
            go()

    def poll() -> None:
        # A process forked off the parent keeps the pipe open; the parent's number does not lie.
        if os.getppid() != parent:
            go()
        else:
            loop.call_later(_POLL_S, poll)

    loop.add_reader(_STDIN, read)
    loop.add_signal_handler(signal.SIGTERM, go)
    poll()
    return leave


def _loaded(argv: list[str]) -> Compose:
    module, _, name = argv[0].partition(":") if len(argv) == 1 else ("", "", "")
    if not module or not name:
        raise InputError(Fault(where="sluicegate.broker", what="expected one argument.", mend="MODULE:FUNCTION"))
    compose: Compose = getattr(import_module(module), name)
    return compose


def _first_line() -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        if not (piece := os.read(_STDIN, 65536)):
            raise InputError(Fault(where="sluicegate.broker", what="stdin ended before the configuration did."))
        line += piece
    return line


def _tell(answers: int, said: Json) -> None:
    line = orjson.dumps(said) + b"\n"
    while line:
        line = line[os.write(answers, line) :]
    os.close(answers)
