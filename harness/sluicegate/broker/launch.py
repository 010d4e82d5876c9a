"""Starting a broker process, from a test controller that has little time. Standard library and orjson only."""

from __future__ import annotations

import select
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import orjson

from sluicegate.errors import Fault, InputError, SluicegateError

__all__ = ["Launched", "launch"]


@dataclass(slots=True, kw_only=True)
class Launched:
    """A broker that runs, until it is told to finish or this process ends."""

    process: subprocess.Popen[bytes]
    address: str
    token: str

    def end(self, timeout_s: float = 20.0) -> int:
        """Let go of it: it closes its ledgers as incomplete unless it has finished. Its exit code.

        Raises SluicegateError when it does not end in time; it is killed then, and its ledger can be resumed.
        """
        if self.process.stdin is not None:
            self.process.stdin.close()
        try:
            return self.process.wait(timeout_s)
        except subprocess.TimeoutExpired as error:
            self.process.kill()
            self.process.wait()
            raise SluicegateError(f"the broker did not end within {timeout_s:g} s and was killed") from error


def launch(
    compose: str,
    config: Mapping[str, Any],
    *,
    cwd: Path | None = None,
    stderr: IO[bytes] | int | None = None,
    timeout_s: float = 120.0,
) -> Launched:
    """Start `python -m sluicegate.broker` for the job that `compose` (module:function) makes of `config`.

    It dies with this process. Raises InputError with the job's own faults, or when it does not answer in time.
    """
    argv = [sys.executable, "-P", "-m", "sluicegate.broker", compose]
    # A group of its own: a terminal's Ctrl-C reaches this process alone, which then says what it means. Heard by both,
    # it could end the broker first, and what was an interrupt here would look like a failure there.
    process = subprocess.Popen(  # noqa: S603 - our own module
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, cwd=cwd, process_group=0
    )
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("the broker has no pipes")
    try:
        said = _answer(process, process.stdin, process.stdout, orjson.dumps(config) + b"\n", timeout_s)
    except BaseException:  # an interrupt too: whatever it was, nobody is left behind
        process.kill()
        process.wait()
        with suppress(BrokenPipeError):
            process.stdin.close()
        raise
    finally:
        process.stdout.close()
    return Launched(process=process, address=said["address"], token=said["token"])


def _answer(
    process: subprocess.Popen[bytes], asks: IO[bytes], answers: IO[bytes], config: bytes, timeout_s: float
) -> dict[str, Any]:
    # Where the pipe is broken it ended at once; what it said, if anything, is on the other one.
    with suppress(BrokenPipeError):
        asks.write(config)
        asks.flush()
    ready, _, _ = select.select([answers], [], [], timeout_s)
    line = answers.readline() if ready else b""
    if not line:
        why = f"did not answer within {timeout_s:g} s" if not ready else f"ended with exit code {process.wait()}"
        raise InputError(Fault(where="broker", what=f"the broker {why}.", mend="What it printed says why."))
    said: dict[str, Any] = orjson.loads(line)
    if "faults" in said:
        raise InputError([Fault(**fault) for fault in said["faults"]])
    return said
