"""The mail server that delivers nothing: every transaction becomes an observation, byte for byte.

Each open run has a port of its own, so that a client which knows host and port alone is known by it. The ports are
opened at the start and lent in turn; one that was given back still takes what comes too late, and says so.
"""

from __future__ import annotations

import asyncio
import socket
from base64 import b64encode
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Literal

from sluicegate.doubles.correlation import By
from sluicegate.doubles.mail_belonging import Mailed, belonging
from sluicegate.doubles.mail_conversation import Conversation
from sluicegate.doubles.mail_data import LINE_ENDINGS, Data, LineEndings
from sluicegate.doubles.mail_envelope import Envelope
from sluicegate.doubles.runs import Run, Runs
from sluicegate.model import Json, rfc3339

__all__ = ["KEPT_BYTES", "VARIABLE", "MailSink", "Noticed"]

VARIABLE = "SLUICEGATE_SMTP"
KEPT_BYTES = 1_000_000
"""Of a message; of a larger one the beginning is kept, with the digest of the whole."""

Noticed = Callable[[Literal["unattributed", "late"], str, str], None]
"""Told of each transaction that belongs to no open run: why, in words, and the id of the run that it named."""

_HOST = "127.0.0.1"
_MOST_PORTS = 512
_SPARE_PORTS = 160
"""Beyond those of the runs under way: for 128 that have answered and are listened to, and those that rest."""
_RESTING_PORTS = 32
"""So many always rest, or who is late would soon be taken for the next run."""
_STRAY_KEPT = 20_000


class _Port:
    """A listening socket, lent to one run after another."""

    def __init__(self, taken: Callable[[socket.socket, _Port], None], number: int = 0) -> None:
        self.run_id: str | None = None
        self._socket = socket.create_server((_HOST, number), backlog=128)
        self._socket.setblocking(False)
        self.address = f"{_HOST}:{self._socket.getsockname()[1]}"
        self._taken = taken
        asyncio.get_running_loop().add_reader(self._socket, self.accept)

    def accept(self) -> None:
        """Take whoever knocks."""
        with suppress(OSError):  # nobody is left, or there is no room for another
            while True:
                self._taken(self._socket.accept()[0], self)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()


class MailSink:
    """SMTP on loopback for every run; the doubles open and close them. Lives in the event loop that calls `start`."""

    kept_bytes = KEPT_BYTES

    def __init__(
        self,
        runs: Runs,
        *,
        line_endings: LineEndings,
        clock: Callable[[], datetime],
        noticed: Noticed,
        at_once: int = 32,
        port: int = 0,
    ) -> None:
        """`at_once` runs have a port of their own at the same time; `port` is the one that everybody may use.

        Raises ValueError for line endings that are none.
        """
        if line_endings not in LINE_ENDINGS:
            raise ValueError(f"line endings are {' or '.join(LINE_ENDINGS)}, not {line_endings!r}")
        self._runs = runs
        self._line_endings = line_endings
        self._clock = clock
        self._noticed = noticed
        self._number = port
        self._most = min(_MOST_PORTS, at_once + _SPARE_PORTS)
        self._common: _Port | None = None
        self._free: deque[_Port] = deque()
        self._lent: dict[str, _Port] = {}
        self._conversations: set[Conversation] = set()
        self._tasks: set[asyncio.Task[object]] = set()
        self._known: dict[Conversation, tuple[str, int]] = {}
        """The run a connection was last told to, and its number there."""

    def start(self) -> None:
        """Listen. Raises OSError for a port that cannot be had."""
        self._common = _Port(self._took, self._number)
        with suppress(OSError):  # with fewer ports some runs are known by their mails only
            while len(self._free) < self._most:
                self._free.append(_Port(self._took))

    async def stop(self) -> None:
        """Close every port and every connection. Does nothing when not listening."""
        ports = [*([self._common] if self._common is not None else []), *self._free, *self._lent.values()]
        self._common, self._free, self._lent = None, deque(), {}
        for port in ports:
            port.close()
        await asyncio.gather(*self._tasks, return_exceptions=True)  # who was let in a moment ago
        ending = [task for each in tuple(self._conversations) if (task := each.end()) is not None]
        await asyncio.gather(*ending, return_exceptions=True)

    @property
    def address(self) -> str:
        """Host and port that everybody may use."""
        if self._common is None:
            raise RuntimeError("the mail sink is not listening; call start() first")
        return self._common.address

    @property
    def addresses(self) -> tuple[str, ...]:
        """Every address at which it listens."""
        return (self.address, *(port.address for port in (*self._free, *self._lent.values())))

    def variables(self, run_id: str | None) -> dict[str, str]:
        """What a client reads, of a run or of everybody."""
        return {VARIABLE: self.address if run_id is None else self.open(run_id)}

    def open(self, run_id: str) -> str:
        """The address of the run: one of its own, or where all are lent the one that everybody may use."""
        if len(self._free) <= _RESTING_PORTS:
            return self.address
        # The one that was given back longest ago: who still speaks to it is late, and not taken for another.
        port = self._lent[run_id] = self._free.popleft()
        port.run_id = run_id
        return port.address

    def close(self, run_id: str) -> None:
        """The run has ended: what is under way is told as unfinished, and all that follows is late."""
        port = self._lent.pop(run_id, None)
        if port is not None:
            port.accept()  # whoever knocked before the end
            self._free.append(port)
        for conversation in self._conversations:
            if conversation.run_id == run_id and conversation.mail is not None:
                conversation.leave()
            if self._known.get(conversation, ("", 0))[0] == run_id:
                del self._known[conversation]
                conversation.begin_anew()

    def _took(self, connection: socket.socket, port: _Port) -> None:
        loop, run_id = asyncio.get_running_loop(), port.run_id
        connection.setblocking(False)
        # Or each answer of several lines waits for the client's acknowledgement of the first.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def begun() -> Conversation:
            conversation = Conversation(self, self._line_endings, run_id)
            self._conversations.add(conversation)
            return conversation

        task: asyncio.Task[object] = loop.create_task(loop.connect_accepted_socket(begun, connection))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- what a connection brings

    def message(self, told: Conversation, envelope: Envelope, data: Data) -> bool:
        """Keep a message that is whole. False when its run is over."""
        return self._tell(told, envelope, data, "message")

    def unfinished(self, told: Conversation, envelope: Envelope, data: Data | None) -> None:
        """Keep what there is of one that was left."""
        self._tell(told, envelope, data, "unfinished")

    def ended(self, told: Conversation) -> None:
        """Forget a connection."""
        self._conversations.discard(told)
        self._known.pop(told, None)

    def _tell(self, told: Conversation, envelope: Envelope, data: Data | None, action: str) -> bool:
        content = data.content if data is not None else b""
        mailed = Mailed(
            port=told.run_id,
            login=told.login,
            helo=told.helo,
            recipients=tuple(envelope.rcpt),
            content=content,
        )
        run_id, run, by = belonging(self._runs, mailed)
        words = f"{action} to {', '.join(envelope.rcpt[:3]) or 'nobody'}"[:200]
        if run is None and run_id is not None:
            self._runs.late += 1
            self._noticed("late", words, run_id)
            return False
        owner = run or self._runs.stray()
        if run is None:
            owner.mail_room = _STRAY_KEPT
            self._noticed("unattributed", words, "")
        owner.envelope_room -= envelope.size + sum(map(len, told.transcript))
        if owner.envelope_room < 0:
            owner.dropped += 1
        else:
            owner.see("mail", action, rfc3339(self._clock()), self._detail(told, envelope, data, owner, by))
        if run is None:
            self._runs.strays.extend(owner.log)
        elif action == "message":
            run.count("mail")
            run.wrote()
        return True

    def _detail(self, told: Conversation, envelope: Envelope, data: Data | None, run: Run, by: By) -> dict[str, Json]:
        content = data.content[: max(0, run.mail_room)] if data is not None else b""
        run.mail_room -= len(content)
        detail: dict[str, Json] = {
            "mail_from": envelope.mail_from,
            "mail_parameters": list(envelope.mail_parameters),
            "rcpt": list(envelope.rcpt),
            "rcpt_parameters": [list(each) for each in envelope.rcpt_parameters],
            "data_base64": b64encode(content).decode(),
            "size_bytes": data.size_bytes if data is not None else 0,
            "transaction": told.transactions,
            "connection": self._connection(told, run),
            # Both are completed by what the connection still brings, until the run closes.
            "transcript": told.transcript,
            "refused": told.refused,
            "line_endings": told.line_endings,
            "correlation": {"run": by},
        }
        if data is not None:
            detail |= {"data_digest": data.digest, "ended_by": data.ended_by.decode("latin-1")}
            if len(content) < data.size_bytes:
                detail["truncated"] = True
        return detail

    def _connection(self, told: Conversation, run: Run) -> int:
        """Its number among those of the run, from 1."""
        run_id, number = self._known.get(told, ("", 0))
        if run_id != run.run_id or not number:
            number = run.count("mail connection")
        self._known[told] = (run.run_id, number)
        return number
