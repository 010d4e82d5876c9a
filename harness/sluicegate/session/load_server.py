"""`python -m sluicegate.session.load_server`: a pipeline's server under load, in a process of its own.

The first line of standard input says what to serve, the first of standard output where it stands or what is wrong; the
end of standard input, or SIGTERM, ends it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import BinaryIO

import orjson

from sluicegate.errors import SluicegateError
from sluicegate.frozen import frozen
from sluicegate.model import decode
from sluicegate.plan.load import Profile
from sluicegate.session.load_answering import answering
from sluicegate.session.workspace import Workspace

__all__ = ["LoadService", "main"]

_PIECE = 65_536


@frozen
class LoadService:
    """What a server is told, as JSON."""

    plan: str
    """Absolute path."""
    profile: Profile
    served: str
    """Absolute path of a new file: what the doubles saw."""
    stage: str | None = None
    """Whose variables are set."""
    variables: Mapping[str, str]
    """Set in the pipeline's environment beside the plan's own."""
    port: int = 0
    """Of 127.0.0.1; a free one without it."""


def main(asks: BinaryIO, answers: BinaryIO) -> int:
    """Serve until `asks` ends. Exit code 0; 2 where nothing could be served, 1 where the file could not be closed."""
    told: list[bool] = []

    def tell(said: Mapping[str, object]) -> None:
        told.append(True)
        answers.write(orjson.dumps(said) + b"\n")
        answers.flush()

    try:
        service = decode(LoadService, orjson.loads(asks.readline()), "service")
        asyncio.run(_serve(service, asks, tell))
    except SluicegateError as error:
        faults = [
            {"where": fault.where, "what": fault.what, "mend": fault.mend} for fault in getattr(error, "faults", ())
        ]
        if told:
            sys.stderr.write(f"{error}\n")
            return 1
        tell({"faults": faults or [{"where": "load", "what": str(error), "mend": ""}]})
        return 2
    return 0


async def _serve(service: LoadService, asks: BinaryIO, tell: Callable[[Mapping[str, object]], None]) -> None:
    workspace = Workspace(Path(service.plan))
    plan = workspace.plan
    environment = {**plan.pipeline.environment, **service.variables}
    plan = replace(plan, pipeline=replace(plan.pipeline, environment=environment))
    workspace = Workspace(Path(service.plan), plan=plan)
    stage = None if service.stage is None else workspace.stage(service.stage)
    over = _over(asks)
    async with answering(workspace, service.profile, Path(service.served), stage=stage, port=service.port) as url:
        tell({"url": url, "pid": os.getpid()})
        await over.wait()


def _over(asks: BinaryIO) -> asyncio.Event:
    """Set at the end of `asks`, or at SIGTERM. An interrupt is for who started this, and ends it through `asks`."""
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, over.set)
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def read() -> None:
        # Past the buffer: whoever exits while a thread waits in a buffered read is aborted by the interpreter.
        while os.read(asks.fileno(), _PIECE):
            pass
        with suppress(RuntimeError):  # nothing stood, and the loop is closed
            loop.call_soon_threadsafe(over.set)

    Thread(target=read, daemon=True).start()
    return over


if __name__ == "__main__":
    sys.exit(main(sys.stdin.buffer, sys.stdout.buffer))
