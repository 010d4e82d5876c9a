"""Whether anybody is at home, asked before a case is: what is never called can be called again."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from contextlib import suppress
from urllib.parse import urlsplit

from sluicegate.errors import Fault, InputError
from sluicegate.model import Pipeline
from sluicegate.plan.types import HttpTarget, PipelineSpec

__all__ = ["knock"]

_PATIENCE_S = 3.0
"""For a server that was started a moment ago."""
_PAUSE_S = 0.2


async def knock(spec: PipelineSpec, pipeline: Pipeline) -> None:
    """Connect once to an HTTP pipeline's address and hang up; start a command. Raises InputError where nobody is there.

    Evidence of a server that is not running, or of a program that does not start, would stay with the subject for
    good; here it is a user's mistake.
    """
    stand_up = getattr(pipeline, "stand_up", None)
    if stand_up is not None:
        await stand_up()
    if not isinstance(spec.target, HttpTarget):
        return
    host, port, shown = _address(spec.target.url)
    if not host:
        return
    until = time.monotonic() + _PATIENCE_S
    while True:
        try:
            await _connected(host, port)
        except TimeoutError:
            return  # slow is not gone; the cases will tell
        except socket.gaierror as error:
            raise _nobody(shown, "no such host is known") from error
        except OSError as error:
            if time.monotonic() >= until:
                raise _nobody(shown, os.strerror(error.errno).lower() if error.errno else "no connection") from error
            await asyncio.sleep(_PAUSE_S)
        else:
            return


async def _connected(host: str, port: int) -> None:
    async with asyncio.timeout(_PATIENCE_S):
        _, writer = await asyncio.open_connection(host, port)
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


def _address(url: str) -> tuple[str, int, str]:
    """Host, port, and both as shown; no host where a part of it is filled in case by case."""
    parts = urlsplit(url)
    try:
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return "", 0, ""
    if "$" in parts.netloc:
        return "", 0, ""
    return host, port, f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _nobody(shown: str, why: str) -> InputError:
    what = f"nothing answers at {shown}: {why}. No case was called, and nothing is recorded."
    mend = "Does the server run there? Start it, and run the same command again."
    return InputError(Fault(where="pipeline.http.url", what=what, mend=mend))
