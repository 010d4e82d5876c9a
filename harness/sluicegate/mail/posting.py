"""What `smtplib` would put on the wire, without a wire: its own code runs against an imagined server.

The server takes everything and speaks no sooner than asked; it ends a mail at CRLF.CRLF only, and reads on in what
follows as commands, as a real one would.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from sluicegate.frozen import frozen
from sluicegate.mail.judged import Envelope

__all__ = ["Posted", "Sent", "heard", "posted"]


@frozen
class Sent:
    """One mail as a server got it."""

    envelope: Envelope
    data: bytes
    """Dots unstuffed."""


@frozen
class Posted:
    """What a program sent, or that it did not."""

    sent: tuple[Sent, ...] = ()
    commands: tuple[str, ...] = ()
    """The client's commands, mails left out."""
    refused: str = ""
    """The exception that kept it from sending, in words; empty when it sent."""


def posted(send: Callable[[Any], object]) -> Posted:
    """Run a program that sends with an `smtplib.SMTP`, and hear what it says."""
    client = _client()
    try:
        client.ehlo_or_helo_if_needed()
        send(client)
        client.quit()
    except Exception as error:  # noqa: BLE001 - whatever a library raises is its way to refuse
        return Posted(refused=f"{type(error).__name__}: {error}"[:200])
    return heard(bytes(client.said))


def heard(stream: bytes) -> Posted:
    """A client's side of a connection, pipelined, as a strict server reads it. Total."""
    commands: list[str] = []
    mails: list[tuple[str, tuple[str, ...], bytes]] = []
    sender, at = "", 0
    recipients: list[str] = []
    while at < len(stream):
        stop = stream.find(b"\r\n", at)
        line = _text(stream[at : len(stream) if stop < 0 else stop])
        at = len(stream) if stop < 0 else stop + 2
        commands.append(line)
        verb = line[:4].upper()
        if verb == "MAIL":
            sender, recipients = line[5:], []
        elif verb == "RCPT":
            recipients.append(line[5:])
        elif verb == "DATA":
            data, at = _data(stream, at)
            mails.append((sender, tuple(recipients), data))
    made = [
        Sent(envelope=Envelope(mail_from=sender, rcpt=rcpt, messages=len(mails)), data=data)
        for sender, rcpt, data in mails
    ]
    return Posted(sent=tuple(made), commands=tuple(commands))


def _data(stream: bytes, start: int) -> tuple[bytes, int]:
    """A mail up to CRLF.CRLF, dots unstuffed, and where commands go on."""
    if stream.startswith(b".\r\n", start):
        return b"", start + 3
    end = stream.find(b"\r\n.\r\n", start)
    raw = stream[start:] if end < 0 else stream[start : end + 2]
    unstuffed = raw.replace(b"\r\n.", b"\r\n").removeprefix(b".")
    return unstuffed, len(stream) if end < 0 else end + 5


def _text(line: bytes) -> str:
    return line.decode("utf-8", "surrogateescape")


def _client() -> Any:
    return _kind()()


@cache
def _kind() -> Any:
    import smtplib

    class Client(smtplib.SMTP):
        """Speaks to nobody, and is always understood."""

        def __init__(self) -> None:
            super().__init__(local_hostname="client.invalid")
            self.said = bytearray()
            self.in_data = False

        def send(self, s: Any) -> None:
            self.said += s.encode(self.command_encoding) if isinstance(s, str) else bytes(s)

        def getreply(self) -> tuple[int, bytes]:
            if bytes(self.said[-6:]).lower() == b"data\r\n" and not self.in_data:
                self.in_data = True
                return 354, b"go on"
            self.in_data = False
            return 250, b"client\nSIZE\n8BITMIME\nSMTPUTF8"

        def close(self) -> None:
            self.esmtp_features = {}

    return Client
