"""The user's own way of setting a flag: a command or a callable, in a process that is not the pipeline's."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

import orjson

from sluicegate.model import Case, Json, RunContext
from sluicegate.pipelines.crashes import line_of, secrets_of
from sluicegate.pipelines.remote import HostedCallable

__all__ = ["CallableSwitch", "CommandSwitch"]


class CallableSwitch:
    """`module:attribute`, called with each change in a runner process of its own."""

    by = "switch"

    def __init__(self, target: str, *, base: Path, environment: Mapping[str, str], timeout_s: float) -> None:
        self._hosted = HostedCallable(target, base=base, environment=environment, timeout_s=timeout_s)

    async def open(self) -> None:
        """Import it. Raises InputError when that cannot be done."""
        await self._hosted.open()

    async def change(self, change: Mapping[str, Json]) -> str | None:
        """Call it; what it raised, or None."""
        output = await self._hosted.call(Case(id="switch", input=dict(change)), _NO_RUN)
        return None if output.error is None else output.error.message

    async def aclose(self) -> None:
        """End its process."""
        await self._hosted.aclose()


class CommandSwitch:
    """A program started for each change: the change as JSON on standard input, done at exit code 0."""

    by = "switch"

    def __init__(self, argv: tuple[str, ...], *, base: Path, environment: Mapping[str, str], timeout_s: float) -> None:
        self._argv = argv
        self._base = base
        self._environment = {**os.environ, **environment}
        self._timeout_s = timeout_s

    async def open(self) -> None:
        """Nothing is started before the first change."""

    async def change(self, change: Mapping[str, Json]) -> str | None:
        """Run it; how it failed, or None."""
        try:
            process = await asyncio.create_subprocess_exec(
                *self._argv,
                cwd=self._base,
                env=self._environment,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
            )
        except OSError as error:
            return f"{self._argv[0]} cannot be started: {error.strerror or error}"
        try:
            _, said = await asyncio.wait_for(process.communicate(orjson.dumps(change)), self._timeout_s)
        except TimeoutError:
            return f"{self._argv[0]} did not end within {self._timeout_s:g} s"
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode == 0:
            return None
        words = line_of(said.decode(errors="replace").strip()[-300:], limit=300, secrets=secrets_of())
        return f"{self._argv[0]} ended with exit code {process.returncode}: {words}"

    async def aclose(self) -> None:
        """Nothing stays running."""


_NO_RUN = RunContext(run_id="0" * 16, traceparent="")
