"""Connections that processes hold open, looked at now and then: what no hook hears, a command's and a child's.

Read from /proc, which Linux has. What is found was there; what was opened and closed between two looks is not found.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress

from sluicegate.plan.addresses import Address, Allowed, parse_address

__all__ = ["Lookout", "outbound"]

_EVERY_S = 0.05
_SHARE = 0.03
"""Of a processor's time; a machine with thousands of connections is looked at less often."""
_RESOLVED_S = 5.0
_LISTENS = "0A"
_MOST = 200


class Lookout:
    """Looks at trees of processes from a thread of its own, and tells each address that is not allowed, once.

    `roots` gives the process ids to look at, each with whether the process itself is meant, or only what it started.
    `tell` is called from that thread.
    """

    def __init__(
        self, roots: Callable[[], Iterable[tuple[int, bool]]], allowed: Iterable[str], tell: Callable[[str], None]
    ) -> None:
        self._roots = roots
        self._addresses = [parse_address(text) for text in allowed]
        self._allowed = Allowed(self._addresses)
        self._resolved_at = -_RESOLVED_S
        self._tell = tell
        self._told: set[tuple[str, int]] = set()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sluicegate-lookout", daemon=True)

    @classmethod
    def over(
        cls,
        roots: Callable[[], Iterable[tuple[int, bool]]],
        allowed: Iterable[str] | None,
        noticed: Callable[[str, str | None], None] | None,
    ) -> Lookout | None:
        """One that runs already and tells in this event loop; None where nobody watches."""
        if allowed is None or noticed is None:
            return None
        loop = asyncio.get_running_loop()
        lookout = cls(roots, allowed, lambda address: _soon(loop, noticed, address))
        lookout.start()
        return lookout

    def start(self) -> None:
        """Begin, where there is a /proc to look at."""
        if os.path.exists("/proc/self/net/tcp"):
            self._thread.start()

    def stop(self) -> None:
        """Look a last time, while the processes are still there, and end."""
        if self._thread.is_alive():
            self._ended.set()
            self._thread.join()

    def _run(self) -> None:
        pause_s = _EVERY_S
        while not self._ended.wait(pause_s):
            began = time.thread_time()
            self._look()
            pause_s = max(_EVERY_S, (time.thread_time() - began) / _SHARE)
        self._look()

    def _look(self) -> None:
        for root, itself in self._roots():
            for host, port in outbound(root, itself=itself) - self._told:
                if len(self._told) >= _MOST or self._allowed.allows(host, port):
                    continue
                self._resolve()
                if not self._allowed.allows(host, port):
                    self._told.add((host, port))
                    self._tell(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")

    def _resolve(self) -> None:
        """Let the declared names stand for the numbers they have now; a connection names a number."""
        if time.monotonic() < self._resolved_at + _RESOLVED_S:
            return
        found = list(self._addresses)
        for address in self._addresses:
            if "/" not in address.host:
                with suppress(OSError, UnicodeError):
                    numbers = {str(item[4][0]) for item in socket.getaddrinfo(address.host, address.port)}
                    found += [Address(host=number, port=address.port) for number in sorted(numbers)]
        self._allowed = Allowed(found)
        self._resolved_at = time.monotonic()


def _soon(loop: asyncio.AbstractEventLoop, noticed: Callable[[str, str | None], None], address: str) -> None:
    with suppress(RuntimeError):  # the loop is gone, and with it whoever would hear
        loop.call_soon_threadsafe(noticed, address, None)


def outbound(root: int, *, itself: bool = True) -> set[tuple[str, int]]:
    """Remote ends of the TCP connections that `root` and what it started have opened, to anywhere but one another."""
    inodes: set[str] = set()
    for pid in _tree(root):
        if pid != root or itself:
            inodes.update(_sockets(pid))
    if not inodes:
        return set()
    rows = list(_rows(root, inodes))
    ours = {local for local, _, _ in rows}
    served = {port for (_, port), _, state in rows if state == _LISTENS}
    return {
        remote
        for (_, port), remote, state in rows
        if state != _LISTENS and remote not in ours and not {port, remote[1]} & served
    }


def _tree(root: int) -> Iterator[int]:
    """The process and everything it started, as far as it is still its child."""
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        yield pid
        with suppress(OSError):
            for thread in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{thread}/children") as children:
                    waiting += map(int, children.read().split())


def _sockets(pid: int) -> Collection[str]:
    found = []
    with suppress(OSError):
        for name in os.listdir(f"/proc/{pid}/fd"):
            with suppress(OSError):
                place = os.readlink(f"/proc/{pid}/fd/{name}")
                if place.startswith("socket:["):
                    found.append(place[8:-1])
    return found


def _rows(pid: int, inodes: Collection[str]) -> Iterator[tuple[tuple[str, int], tuple[str, int], str]]:
    """Local end, remote end and state of these sockets."""
    for name in ("tcp", "tcp6"):
        with suppress(OSError), open(f"/proc/{pid}/net/{name}") as table:
            next(table, None)
            for line in table:
                words = line.split(maxsplit=10)
                if words[9] in inodes:
                    yield _address(words[1]), _address(words[2]), words[3]


def _address(written: str) -> tuple[str, int]:
    """`0100007F:1F90` is 127.0.0.1:8080: words in the byte order of the machine."""
    host, _, port = written.partition(":")
    words = [int(host[at : at + 8], 16) for at in range(0, len(host), 8)]
    packed = struct.pack(f"={len(words)}I", *words)
    number = socket.inet_ntop(socket.AF_INET if len(words) == 1 else socket.AF_INET6, packed)
    return number.removeprefix("::ffff:"), int(port, 16)
