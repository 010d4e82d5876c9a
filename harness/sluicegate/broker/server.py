"""The broker's door: JSON lines over a unix socket, for whoever holds the token."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Mapping
from typing import Any, Protocol

import orjson

from sluicegate.broker.catalogue import Catalogue
from sluicegate.errors import Fault, InputError, SluicegateError, printable
from sluicegate.ledger.records import Checked, Shard, TestRun
from sluicegate.ledger.writer import LedgerError
from sluicegate.model import Json, decode

__all__ = ["Job", "Server", "faults_of"]

_REPORTS = ("checked", "test", "open_shard", "close_shard")
_LINE_BYTES = 64 * 2**20
_DRAIN_S = 10.0
"""How long a stopped production may finish what is in flight."""
_CANCEL_S = 5.0


class Job(Protocol):
    """What a broker process is for; made by whoever knows plans and pipelines."""

    @property
    def catalogue(self) -> Catalogue:
        """The finished trials; the server ends it when production does."""
        ...

    def status(self) -> Mapping[str, Json]:
        """Anything the asker may want to show or compare."""
        ...

    async def begin(self, asked: Mapping[str, Json]) -> None:
        """Make ready to produce what is asked for; called before production by those who do not read trials."""
        ...

    async def ask(self, asked: Mapping[str, Json]) -> Json:
        """Answer what only this kind of job knows."""
        ...

    async def produce(self, stop: asyncio.Event) -> None:
        """Call the pipeline for every trial. Started at most once; once `stop` is set nothing new begins.

        Sets no signal handlers of its own: SIGINT and SIGTERM are the process's, and set `stop`.
        """
        ...

    def checked(self, checked: Checked) -> None:
        """Record what a worker's check says."""
        ...

    def test(self, test: TestRun) -> None:
        """Record how a test ended."""
        ...

    def open_shard(self, name: str, planned: int) -> None:
        """A worker begins."""
        ...

    def close_shard(self, shard: Shard) -> None:
        """A worker is done."""
        ...

    async def close(self, *, complete: bool) -> Mapping[str, Json]:
        """End every child, close the ledgers, and say how: once, after production has ended."""
        ...


def faults_of(error: BaseException) -> list[Json]:
    """What went wrong, as the asker's process can raise it again."""
    faults = error.faults if isinstance(error, InputError) else [Fault(where="broker", what=_said(error))]
    return [{"where": fault.where, "what": fault.what, "mend": fault.mend} for fault in faults]


def _said(error: BaseException) -> str:
    return printable(str(error) if isinstance(error, SluicegateError) else f"{type(error).__name__}: {error}")


class Server:
    """Serves one job to workers and their controller.

    Production starts with the first request for trials. `finish` waits for it and closes the job; `give_up` (a signal,
    or the parent's death) drains what is in flight, for ten seconds at most, and closes the job as incomplete.
    """

    def __init__(self, job: Job, token: str) -> None:
        self._job = job
        self.token = token
        self._stop = asyncio.Event()
        self._production: asyncio.Task[None] | None = None
        self._failed: BaseException | None = None
        self._closing: asyncio.Task[Mapping[str, Json]] | None = None
        self._connections: set[asyncio.Task[Any]] = set()
        self.ended = asyncio.Event()
        """The job is closed; nothing more will be written."""

    @property
    def connected(self) -> bool:
        """Somebody is still on the line."""
        return bool(self._connections)

    async def listen(self, path: str) -> asyncio.Server:
        """Accept connections at `path`."""
        return await asyncio.start_unix_server(self._serve, path, limit=_LINE_BYTES)

    def stop(self) -> None:
        """Begin nothing new; asked again, leave what is in flight."""
        if self._stop.is_set() and self._production is not None:
            self._production.cancel()
        self._stop.set()

    async def give_up(self) -> None:
        """Stop, and close the job as incomplete. Never raises."""
        self._stop.set()
        await asyncio.wait([self._close(complete=False)])

    async def hang_up(self) -> None:
        """End every connection."""
        for task in self._connections:
            task.cancel()
        if self._connections:
            await asyncio.wait(self._connections, timeout=_CANCEL_S)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        me = asyncio.current_task()
        assert me is not None  # noqa: S101 - a coroutine that runs is in a task
        self._connections.add(me)
        try:
            if await self._greeted(reader, writer):
                refused: list[Json] = []
                while line := await reader.readline():
                    await self._answer(orjson.loads(line), writer, refused)
        except (ConnectionError, ValueError, asyncio.CancelledError):
            # Gone, not speaking JSON, or hung up on: the connection ends, the run does not.
            pass
        finally:
            self._connections.discard(me)
            writer.close()

    async def _greeted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        hello = orjson.loads(await reader.readline() or b"null")
        said = hello.get("token") if isinstance(hello, dict) else None
        known = isinstance(said, str) and hmac.compare_digest(said.encode("utf-8", "replace"), self.token.encode())
        await _say(writer, {"ok": known})
        return known

    async def _answer(self, asked: Json, writer: asyncio.StreamWriter, refused: list[Json]) -> None:
        """Reports are not answered, so what was refused of them is said with the next answer."""
        op = asked.pop("op", None) if isinstance(asked, dict) else None
        try:
            if op in _REPORTS:
                self._take(op, asked)
                return
            if refused:
                said: Json = {"faults": refused[:]}
                refused.clear()
            elif op == "trials":
                await self._stream(asked, writer)
                return
            else:
                said = await self._control(op, asked)
        except (SluicegateError, KeyError, TypeError, ValueError) as error:
            if op in _REPORTS:
                refused += faults_of(error)
                return
            said = {"faults": faults_of(error)}
        await _say(writer, said)

    async def _control(self, op: object, asked: Mapping[str, Json]) -> Json:
        match op:
            case "sync":
                return {"ok": True}
            case "status":
                return {"status": {**self._job.status(), "produced": self._job.catalogue.ended}}
            case "begin":
                await self._job.begin(asked)
                self._start()
                return {"ok": True}
            case "ask":
                return {"said": await self._job.ask(asked)}
            case "stop":
                self.stop()
                return {"ok": True}
            case "finish":
                return {"closed": await asyncio.shield(self._close(complete=asked.get("complete") is True))}
            case _:
                raise InputError(Fault(where="broker", what=f"'{op}' is nothing that can be asked."))

    def _take(self, op: str, body: dict[str, Json]) -> None:
        """What a worker reports. It is never more than self-reported, whatever it says of itself."""
        try:
            if op == "checked":
                self._job.checked(decode(Checked, {**body, "self_reported": True}, "broker: checked"))
            elif op == "test":
                self._job.test(decode(TestRun, body, "broker: test"))
            elif op == "open_shard":
                self._job.open_shard(str(body["name"]), int(body["planned"]))
            else:
                self._job.close_shard(decode(Shard, body, "broker: shard"))
        except LedgerError as error:
            self._failed = self._failed or error
            self.stop()
            raise

    async def _stream(self, asked: Mapping[str, Json], writer: asyncio.StreamWriter) -> None:
        self._start()
        shard = asked.get("shard")
        sent = self._job.catalogue.batches(
            asked.get("group"), None if shard is None else (shard[0], shard[1]), results_only=bool(asked.get("results"))
        )
        async for batch in sent:
            writer.write(batch)
            await writer.drain()
        faults = faults_of(self._failed) if self._failed is not None else []
        whole = self._production is not None and not self._stop.is_set()
        await _say(writer, {"end": True, "stopped": not whole, "faults": faults})

    def _start(self) -> None:
        if self._production is None and not self._stop.is_set() and self._closing is None:
            self._production = asyncio.create_task(self._produce())
        elif self._production is None:
            self._job.catalogue.end()

    async def _produce(self) -> None:
        try:
            await self._job.produce(self._stop)
        except BaseException as error:  # told to whoever closes; what is no Exception ends the process as well
            self._failed = error
            if not isinstance(error, Exception):
                raise
        finally:
            self._job.catalogue.end()

    def _close(self, *, complete: bool) -> asyncio.Task[Mapping[str, Json]]:
        """The one closing, whoever asks for it and however often."""
        if not complete:
            self._stop.set()
        if self._closing is None:
            self._closing = asyncio.create_task(self._ended(complete=complete))
        return self._closing

    async def _ended(self, *, complete: bool) -> Mapping[str, Json]:
        try:
            await self._production_over()
            whole = complete and self._failed is None and not self._stop.is_set()
            closed = await self._job.close(complete=whole)
            return {**closed, "faults": faults_of(self._failed) if self._failed is not None else []}
        finally:
            self._job.catalogue.end()
            self.ended.set()

    async def _production_over(self) -> None:
        """Wait for production; once it is stopped, for as long as a drain may take."""
        production = self._production
        if production is None:
            return
        stopped = asyncio.create_task(self._stop.wait())
        await asyncio.wait([production, stopped], return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not production.done():
            await asyncio.wait([production], timeout=_DRAIN_S)
        if not production.done():
            production.cancel()
            await asyncio.wait([production], timeout=_CANCEL_S)


async def _say(writer: asyncio.StreamWriter, said: Json) -> None:
    writer.write(orjson.dumps(said) + b"\n")
    await writer.drain()
