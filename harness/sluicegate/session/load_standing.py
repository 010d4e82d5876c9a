"""Starting and ending the process that stands a pipeline up for load."""

from __future__ import annotations

import select
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import orjson

from sluicegate.errors import Fault, InputError
from sluicegate.model import Json, encode
from sluicegate.plan.load import Profile
from sluicegate.plan.serving import HttpTarget
from sluicegate.session.load_server import LoadService

__all__ = ["Standing", "standing", "thin_target"]

_START_S = 150.0
"""A callable has two minutes to be imported."""
_END_S = 20.0
"""What is under way has five seconds, and then the pipeline's own process a few to close."""


@dataclass(slots=True, kw_only=True)
class Standing:
    """A pipeline that stands until the block ends."""

    url: str
    pid: int
    served: Path
    """What the doubles saw; whole after the block, which `ServedReader` tells."""

    @property
    def target(self) -> HttpTarget:
        """What a generator asks."""
        return thin_target(self.url)


def thin_target(url: str) -> HttpTarget:
    """The request of a pipeline that stands at `url`: its case by the path, its run by the usual header."""
    return HttpTarget(url=f"{url}/case/${{case.id}}", method="POST", request={})


@contextmanager
def standing(
    plan: Path,
    profile: Profile,
    served: Path,
    *,
    stage: str | None = None,
    variables: Mapping[str, str] | None = None,
    port: int = 0,
) -> Iterator[Standing]:
    """Stand a plan's callable or command up on 127.0.0.1, in a process of its own that dies with this one.

    `variables` are set in the pipeline's environment beside the plan's. `served` must be a new file. Raises InputError
    with the faults of plan or pipeline. After the block it has ended; one that would not end was killed, and then the
    file has no closing line.
    """
    service = LoadService(
        plan=str(plan.resolve()),
        profile=profile,
        served=str(served.resolve()),
        stage=stage,
        variables=dict(variables or {}),
        port=port,
    )
    argv = [sys.executable, "-P", "-m", "sluicegate.session.load_server"]
    # A group of its own, as a terminal's Ctrl-C is for this process, which ends that one when it has understood it.
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=0)  # noqa: S603
    try:
        said = _first_line(process, orjson.dumps(encode(service)) + b"\n")
        yield Standing(url=said["url"], pid=said["pid"], served=served)
    finally:
        _end(process)


def _first_line(process: subprocess.Popen[bytes], service: bytes) -> dict[str, Json]:
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("the server has no pipes")
    with suppress(BrokenPipeError):
        process.stdin.write(service)
        process.stdin.flush()
    ready, _, _ = select.select([process.stdout], [], [], _START_S)
    line = process.stdout.readline() if ready else b""
    if not line:
        why = f"did not stand within {_START_S:g} s" if not ready else f"ended with exit code {process.wait()}"
        what = f"the server for load {why}."
        raise InputError(Fault(where="load", what=what, mend="What it printed says why."))
    said: dict[str, Json] = orjson.loads(line)
    if isinstance(faults := said.get("faults"), list):
        raise InputError([Fault(**fault) for fault in faults])
    return said


def _end(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(BrokenPipeError):
                pipe.close()
    try:
        process.wait(_END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
