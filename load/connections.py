"""Kept connections to one origin: made when needed, taken again while they live, never waited for.

Some servers end a connection after each answer and do not say so. What was sent meanwhile is lost, and sending it again
could draft twice: such a request stays failed, and from the second on no connection to that origin is kept.
"""

from __future__ import annotations

import socket
from select import POLLIN
from typing import Any
from urllib.parse import SplitResult

import gevent.monkey
import gevent.socket
import gevent.ssl

__all__ = ["Connection", "Connections"]

_MOST_ENDED = 2
_poll = gevent.monkey.get_original("select", "poll")
"""The kernel's own: gevent's would hand over to other greenlets to ask what is known at once."""


class Connection:
    """One socket, and whether its other end still keeps it."""

    __slots__ = ("_poll", "is_kept", "socket")

    def __init__(self, made: Any) -> None:
        self.socket = made
        self.is_kept = False
        """It has brought an answer before."""
        self._poll = _poll()
        self._poll.register(made.fileno(), POLLIN)

    @property
    def is_idle(self) -> bool:
        """Nothing to read: what an unused connection has to say is that it ends."""
        return not self._poll.poll(0)


class Connections:
    """Connections to the origin of an address. However many are under way, nobody waits for one in a queue."""

    def __init__(self, origin: SplitResult) -> None:
        self._host = origin.hostname or ""
        self._port = origin.port or {"https": 443}.get(origin.scheme, 80)
        self._tls = gevent.ssl.create_default_context() if origin.scheme == "https" else None
        self._idle: list[Connection] = []
        self._ended = 0
        """Kept ones that ended without an answer."""

    def take(self) -> Connection:
        """A living one, the last used first, or a new one. Raises OSError where nobody answers."""
        while self._idle:
            kept = self._idle.pop()
            if kept.is_idle:
                return kept
            kept.socket.close()
        made = gevent.socket.create_connection((self._host, self._port))
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._tls is not None:
            made = self._tls.wrap_socket(made, server_hostname=self._host)
        return Connection(made)

    def keep(self, used: Connection) -> None:
        """Give one back whose answer was read to its end."""
        if self._ended >= _MOST_ENDED:
            used.socket.close()
            return
        used.is_kept = True
        self._idle.append(used)

    def ended(self, used: Connection) -> None:
        """It ended before anything came."""
        self._ended += used.is_kept
        while self._ended >= _MOST_ENDED and self._idle:
            self._idle.pop().socket.close()
