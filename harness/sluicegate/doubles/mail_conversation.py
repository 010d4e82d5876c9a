"""One SMTP connection to the mail sink: what the client sends, taken as it is.

Nothing is refused for what it says. A command out of order, one that is no SMTP and what is too large are refused,
and the refusal is kept.
"""

from __future__ import annotations

import asyncio
from asyncio import StreamReaderProtocol
from base64 import b64decode
from contextlib import suppress
from typing import Protocol

from aiosmtpd.smtp import SMTP

from sluicegate.doubles.mail_data import DATA_LIMIT, Data, Inbound, LineEndings
from sluicegate.doubles.mail_envelope import Envelope, argument

__all__ = ["Conversation", "Hearer"]

_TRANSCRIPT_LIMIT = 256_000
"""Characters of a transcript; lines past it are left out, and what they did is seen all the same."""
_MOST_REFUSALS = 100
_ELIDED = "[elided]"


class Hearer(Protocol):
    """Who is told what a connection brings; the sink."""

    kept_bytes: int
    """So many of each message are asked for."""

    def message(self, told: Conversation, envelope: Envelope, data: Data) -> bool:
        """A message is whole; False refuses it, because its run is over."""
        ...

    def unfinished(self, told: Conversation, envelope: Envelope, data: Data | None) -> None:
        """A transaction was left before its message was accepted, or nothing but refused commands came."""
        ...

    def ended(self, told: Conversation) -> None:
        """The connection is over."""
        ...


class Conversation(SMTP):
    """The server's side of one connection."""

    line_length_limit = 65_536
    """Bytes the reader holds; with more the client has to wait."""

    def __init__(self, hearer: Hearer, line_endings: LineEndings, run_id: str | None) -> None:
        # The name is given, so that none is looked up.
        super().__init__(
            None,
            hostname="sluicegate",
            ident="mail sink",
            data_size_limit=DATA_LIMIT,
            enable_SMTPUTF8=True,
            auth_require_tls=False,
            loop=asyncio.get_running_loop(),
        )
        self.run_id = run_id
        """Of the run whose own port was called."""
        self.line_endings = line_endings
        self.login: str | None = None
        """User of AUTH; any password will do, and none is kept."""
        self.mail: Envelope | None = None
        """The transaction that is open."""
        self.transcript: list[str] = []
        """Commands since the transaction before; after the last, those that follow it."""
        self.refused: list[str] = []
        self.transactions = 0
        """Told so far."""
        self._room = _TRANSCRIPT_LIMIT
        self._hearer = hearer
        self._inbound = Inbound(self._more, line_endings)

    @property
    def helo(self) -> str:
        """The name the client gave itself."""
        return (self.session.host_name if self.session is not None else None) or ""

    # -- the connection

    def eof_received(self) -> bool | None:
        """The client sends no more; what it sent is read to its end first."""
        return StreamReaderProtocol.eof_received(self)

    def connection_lost(self, error: Exception | None) -> None:
        """Gone, with or without a word; what it sent is read to its end all the same."""
        if self._timeout_handle is not None:
            self._timeout_handle.cancel()
        StreamReaderProtocol.connection_lost(self, None)
        self.transport = None

    def end(self) -> asyncio.Task[None] | None:
        """Break it off; the task that has still to come to its end."""
        if self._handler_coroutine is not None:
            self._handler_coroutine.cancel()
        self._close()
        return self._handler_coroutine

    def begin_anew(self) -> None:
        """What comes from now on is told apart from what was told so far."""
        self.transcript, self.refused, self._room = [], [], _TRANSCRIPT_LIMIT

    async def push(self, status: str | bytes) -> None:
        """Answer, if anybody is still there."""
        if self.transport is not None and not self.transport.is_closing():
            with suppress(OSError):
                self._writer.write((status.encode() if isinstance(status, str) else status) + b"\r\n")
                await self._writer.drain()

    async def _more(self) -> bytes:
        with suppress(OSError):
            return bytes(await self._reader.read(self.line_length_limit))
        return b""

    def _close(self) -> None:
        if self.transport is not None:
            self.transport.close()

    async def _handle_client(self) -> None:
        try:
            await self.push(f"220 {self.hostname} {self.__ident__}")
            while (read := await self._inbound.line()) is not None:
                if self.transport is not None:
                    self._reset_timeout()
                await self._command(*read)
        finally:
            self.leave()
            if not self.transactions and self.refused:
                self._left(Envelope("", []))
            self._hearer.ended(self)
            self._close()

    # -- commands

    async def _command(self, line: bytes, is_whole: bool) -> None:
        said = line.removesuffix(b"\r\n").decode("latin-1")
        name, _, rest = said.removesuffix("\n").partition(" ")
        name = name.upper()
        if name == "MAIL" and self.mail is None and self.transactions:
            self.begin_anew()
        self._note(" ".join([*said.split(" ")[:2], _ELIDED]) if name == "AUTH" and said.count(" ") > 1 else said)
        method = self._smtp_methods.get(name)
        if not is_whole:
            await self.refuse("500 5.5.2 line too long")
        elif method is None:
            await self.refuse("500 5.5.2 no such command")
        else:
            await method(rest if rest.strip() else None)

    def _note(self, line: str) -> None:
        if self._room > 0:
            self.transcript.append(line[: self._room])
            self._room -= len(line) + 1

    async def refuse(self, status: str) -> None:
        """Answer with a refusal, and keep it."""
        if len(self.refused) < _MOST_REFUSALS:
            self.refused.append(status)
        await self.push(status)

    def _set_rset_state(self) -> None:
        """HELO, EHLO and RSET: the transaction that is open comes to nothing."""
        super()._set_rset_state()  # type: ignore[no-untyped-call]  # the library's own
        self.leave()

    async def smtp_AUTH(self, arg: str | None) -> None:  # noqa: N802 - the library's name
        """Any user is welcome: its name may say which run it is."""
        words = (arg or "").split()
        method = words[0].upper() if words else ""
        if method not in ("PLAIN", "LOGIN"):
            return await self.refuse("504 5.5.4 write AUTH PLAIN or AUTH LOGIN")
        first = words[1] if len(words) > 1 else await self._asked("VXNlcm5hbWU6" if method == "LOGIN" else "")
        if method == "LOGIN":
            await self._asked("UGFzc3dvcmQ6")
        try:
            told = b64decode(first, validate=True)
        except ValueError:
            return await self.refuse("501 5.5.2 no base64")
        user = told if method == "LOGIN" else [*told.split(b"\0"), b""][1]
        self.login = user.decode("latin-1")
        return await self.push("235 2.7.0 welcome")

    async def _asked(self, challenge: str) -> str:
        await self.push(f"334 {challenge}")
        read = await self._inbound.line()  # no command, and none of the transcript
        return read[0].strip().decode("latin-1") if read is not None else ""

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802 - the library's name
        """Any sender, any parameters."""
        told = argument("MAIL", arg or "")
        if told is None:
            return await self.refuse("501 5.5.4 write MAIL FROM:<address>")
        if self.mail is not None:
            return await self.refuse("503 5.5.1 MAIL was said already")
        sizes = [word[5:] for word in told[1] if word[:5].upper() == "SIZE="]
        if any(size.isascii() and size.isdigit() and int(size[:20]) > DATA_LIMIT for size in sizes):
            return await self.refuse("552 5.3.4 too large")
        self.mail = Envelope(*told)
        return await self.push("250 2.1.0 OK")

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802 - the library's name
        """Any recipient, any parameters; nothing is parsed, rewritten or looked up."""
        told = argument("RCPT", arg or "")
        if told is None:
            return await self.refuse("501 5.5.4 write RCPT TO:<address>")
        if self.mail is None:
            return await self.refuse("503 5.5.1 say MAIL first")
        if not self.mail.add(*told):
            return await self.refuse("452 4.5.3 too many recipients")
        return await self.push("250 2.1.5 OK")

    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802 - the library's name
        """One message, to the end that the mode takes for one."""
        envelope = self.mail
        if envelope is None or not envelope.rcpt:
            return await self.refuse("503 5.5.1 say RCPT first")
        if arg:
            return await self.refuse("501 5.5.4 DATA stands alone")
        await self.push("354 send it, and end it with a dot")
        data = await self._inbound.data(kept=self._hearer.kept_bytes)
        self.mail = None
        if not data.ended_by:
            return self._left(envelope, data)
        if data.is_too_large:
            self._left(envelope, data)
            return await self.refuse("552 5.3.4 too large")
        self.transactions += 1
        is_taken = self._hearer.message(self, envelope, data)
        return await (self.push("250 2.0.0 kept") if is_taken else self.refuse("554 5.3.0 the run is over"))

    def leave(self) -> None:
        """The transaction that is open comes to nothing."""
        envelope, self.mail = self.mail, None
        if envelope is not None:
            self._left(envelope)

    def _left(self, envelope: Envelope, data: Data | None = None) -> None:
        self.transactions += 1
        self._hearer.unfinished(self, envelope, data)

    async def smtp_VRFY(self, arg: str | None) -> None:  # noqa: N802 - the library's name
        """Nobody is looked up."""
        await self.push("252 2.0.0 send it and see")

    async def smtp_QUIT(self, arg: str | None) -> None:  # noqa: N802 - the library's name
        """The end, as the client says it."""
        await self.push("221 2.0.0 bye")
        self._close()
