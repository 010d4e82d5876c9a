"""Connections that processes hold open, looked at now and then: what no hook hears, a command's and a child's.

Read from /proc, which Linux has. What is found was there; what was opened and closed between two looks is not found.
A daemon that left the tree of processes is known by a mark in its environment, which it has unless it threw it away.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress

from sluicegate.plan.addresses import Address, Allowed, parse_address

__all__ = ["Lookout", "new_mark", "outbound"]

_EVERY_S = 0.05
_SHARE = 0.03
"""Of a processor's time; a machine with thousands of connections is looked at less often."""
_RESOLVED_S = 5.0
_LISTENS = "0A"
_ANYWHERE = ("0.0.0.0", "::")  # noqa: S104 - what a listener shows that takes connections at every address
_MOST = 200
_MARK = "SLUICEGATE_PIPELINE"
_READINGS = 5
"""Of an environment that shows nothing: a process has none yet, or never, while it is made and when it is gone."""


def new_mark() -> dict[str, str]:
    """A variable for the environment of a pipeline's processes: whatever they start has it too, wherever it goes."""
    return {_MARK: secrets.token_hex(16)}


class Lookout:
    """Looks at trees of processes from a thread of its own, and tells each address that is not allowed, once.

    `roots` gives the process ids to look at, each with whether the process itself is meant, or only what it started.
    Whatever has `mark` in its environment belongs to them. `tell` is called from that thread, and from `look`'s.
    """

    def __init__(
        self,
        roots: Callable[[], Iterable[tuple[int, bool]]],
        allowed: Iterable[str],
        tell: Callable[[str], None],
        *,
        mark: dict[str, str] | None = None,
    ) -> None:
        self._roots = roots
        self._strays = _Strays(mark) if mark else None
        self._addresses = [parse_address(text) for text in allowed]
        self._allowed = Allowed(self._addresses)
        self._resolved_at = -_RESOLVED_S
        self._tell = tell
        self._told: set[tuple[str, int]] = set()
        self._ended = threading.Event()
        self._looking = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="sluicegate-lookout", daemon=True)

    @classmethod
    def over(
        cls,
        roots: Callable[[], Iterable[tuple[int, bool]]],
        allowed: Iterable[str] | None,
        noticed: Callable[[str, str | None], None] | None,
        *,
        mark: dict[str, str] | None = None,
    ) -> Lookout | None:
        """One that runs already and tells in this event loop; None where nobody watches."""
        if allowed is None or noticed is None:
            return None
        loop = asyncio.get_running_loop()
        lookout = cls(roots, allowed, lambda address: _soon(loop, noticed, address), mark=mark)
        lookout.start()
        return lookout

    def start(self) -> None:
        """Begin, where there is a /proc to look at."""
        if os.path.exists("/proc/self/net/tcp"):
            self._thread.start()

    def look(self) -> None:
        """Look now, and not only at the next turn: what is there is about to end."""
        if self._thread.is_alive():
            self._look()

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
        with self._looking:
            looked, silent = self._processes()
            for host, port in outbound(looked, silent=silent) - self._told:
                if len(self._told) >= _MOST or self._allowed.allows(host, port):
                    continue
                self._resolve()
                if not self._allowed.allows(host, port):
                    self._told.add((host, port))
                    self._tell(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")

    def _processes(self) -> tuple[set[int], set[int]]:
        """Those that are looked at, and those that speak for themselves."""
        roots = list(self._roots())
        silent = {root for root, itself in roots if not itself}
        found = {pid for root, _ in roots for pid in _tree(root)}
        if self._strays is not None:
            found |= self._strays.pids()
        return found - silent, silent

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


def outbound(pids: Collection[int], *, silent: Collection[int] = ()) -> set[tuple[str, int]]:
    """Remote ends of the TCP connections that these processes have opened, to anywhere but one another.

    What the `silent` ones opened is not told; they are no strangers to the others.
    """
    looked = {inode for pid in pids for inode in _sockets(pid)}
    if not looked:
        return set()
    every = looked.union(*map(_sockets, silent))
    rows = list(_rows((*silent, *pids), every))
    ours = {row[1] for row in rows}
    served = {local for _, local, _, state in rows if state == _LISTENS}
    return {
        remote
        for inode, local, remote, state in rows
        if inode in looked
        and state != _LISTENS
        and remote not in ours
        and not _answers(served, local)
        and not (_is_here(remote[0], local[0]) and _answers(served, remote))
    }


def _answers(served: Collection[tuple[str, int]], end: tuple[str, int]) -> bool:
    """Whether what listens would take a connection to this end, which is of this machine."""
    host, port = end
    return end in served or any((where, port) in served for where in _ANYWHERE if where == "::" or ":" not in host)


def _is_here(host: str, ours: str) -> bool:
    """Whether an address is of this machine: a connection to one's own address comes from that address."""
    return host in (ours, "::1") or host.startswith("127.")


class _Strays:
    """Processes that carry the mark. Each is asked once: what it was started with does not change."""

    def __init__(self, mark: dict[str, str]) -> None:
        self._mark = b"".join(f"{name}={value}\0".encode() for name, value in mark.items())
        self._ours: set[int] = set()
        self._others: set[int] = set()
        self._silent: Counter[int] = Counter()

    def pids(self) -> set[int]:
        """Of those that run now."""
        running = {int(name) for name in os.listdir("/proc") if name.isdecimal()}
        self._ours &= running
        self._others &= running
        self._silent = Counter({pid: times for pid, times in self._silent.items() if pid in running})
        for pid in running - self._ours - self._others:
            said = _environment(pid)
            if self._mark in said:
                self._ours.add(pid)
            elif said or self._silent[pid] >= _READINGS:
                self._others.add(pid)
                del self._silent[pid]
            else:
                self._silent[pid] += 1
        return set(self._ours)


def _environment(pid: int) -> bytes:
    with suppress(OSError), open(f"/proc/{pid}/environ", "rb") as environment:
        return environment.read()
    return b""


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


def _rows(pids: Iterable[int], inodes: Collection[str]) -> Iterator[tuple[str, tuple[str, int], tuple[str, int], str]]:
    """Inode, local end, remote end and state of these sockets, read from where the first of the processes is."""
    pid = next((pid for pid in pids if os.path.exists(f"/proc/{pid}/net/tcp")), None)
    for name in ("tcp", "tcp6") if pid is not None else ():
        with suppress(OSError), open(f"/proc/{pid}/net/{name}") as table:
            next(table, None)
            for line in table:
                words = line.split(maxsplit=10)
                if words[9] in inodes:
                    yield words[9], _address(words[1]), _address(words[2]), words[3]


def _address(written: str) -> tuple[str, int]:
    """`0100007F:1F90` is 127.0.0.1:8080: words in the byte order of the machine."""
    host, _, port = written.partition(":")
    words = [int(host[at : at + 8], 16) for at in range(0, len(host), 8)]
    packed = struct.pack(f"={len(words)}I", *words)
    number = socket.inet_ntop(socket.AF_INET if len(words) == 1 else socket.AF_INET6, packed)
    return number.removeprefix("::ffff:"), int(port, 16)
