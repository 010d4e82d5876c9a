"""Connections of this process to anywhere but the doubles and the addresses the plan declares, noted as they begin.

An audit hook hears every socket of the interpreter, of any thread and any event loop. What opens connections by itself
is not heard: a child process, and libraries that do it in C, as libpq, gRPC and uvloop.
"""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from contextvars import ContextVar
from typing import Any

from sluicegate.plan.addresses import Allowed, parse_address, plain_host

__all__ = ["CALL", "Tell", "watch"]

CALL: ContextVar[int | None] = ContextVar("sluicegate_call", default=None)
"""Number of the call that is being answered; every task and thread it starts with its context has it too."""

Tell = Callable[[int | None, str], None]
"""Called with the number of the call, where it is known, and the address; from any thread."""

_LOOKS_UP = frozenset({"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"})
_SENDS = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_HEARD = _LOOKS_UP | _SENDS
_INTERNET = (socket.AF_INET, socket.AF_INET6)
_HERE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where a connection to it goes, not a bind
_PORTS = {"http": 80, "https": 443}
_MOST_ADDRESSES = 200
_MOST_CALLS = 3
_MOST_NAMES = 4096


def watch(allowed: Iterable[str], tell: Tell) -> None:
    """Note from now on, for as long as the process lives; to be called before user code is imported.

    `allowed` are addresses as a plan declares them, those of the doubles among them.
    """
    watched = _Watch(Allowed(map(parse_address, allowed)), tell, socket.getaddrinfo)
    # A connection names a number, the plan a name: what each name was resolved to is remembered.
    for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
        setattr(socket, name, watched.remembering(getattr(socket, name)))
    sys.addaudithook(watched.hear)


class _Watch:
    """What was noted. Of an address the first few calls are told: the others would say nothing more."""

    def __init__(self, allowed: Allowed, tell: Tell, look_up: Callable[..., Any]) -> None:
        self._allowed = allowed
        self._tell = tell
        self._look_up = look_up
        self._asking = threading.local()
        """Whether this thread looks a name up for us, which is not to be heard."""
        self._here = {"localhost", socket.gethostname().lower()}
        self._fine: set[tuple[Any, Any]] = set()
        """Addresses as they were given that are allowed: the usual case, and one look into a set."""
        self._names: dict[str, str] = {}
        """IP address to the name it was looked up by; a declared name before another."""
        self._told: dict[str, set[int | None]] = {}

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        """The audit hook."""
        if event not in _HEARD or getattr(self._asking, "now", False):
            return
        try:
            self._heard(event, arguments)
        except Exception:  # noqa: BLE001 - raised here it would be the user's call that fails; unread is not unseen
            self._note("an address that cannot be read")

    def remembering(self, look_up: Callable[..., Any]) -> Callable[..., Any]:
        """A look-up that also keeps what it found."""

        def looked_up(host: Any, *rest: Any, **named: Any) -> Any:
            found = look_up(host, *rest, **named)
            self._remember(_text(host), found)
            return found

        looked_up.__name__, looked_up.__doc__ = look_up.__name__, look_up.__doc__
        return looked_up

    def _remember(self, name: str, found: Any) -> None:
        if name.lower() in self._here:
            return
        if isinstance(found, str):
            numbers = [found]
        elif isinstance(found, tuple):
            numbers = found[2]
        else:
            numbers = [str(item[4][0]) for item in found]
        for number in map(plain_host, numbers):
            if number != name and len(self._names) < _MOST_NAMES and not self._declares(self._names.get(number)):
                self._names[number] = name

    def _declares(self, name: str | None) -> bool:
        return name is not None and self._allowed.allows(name, None)

    def _heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in _LOOKS_UP:
            host, port = _text(arguments[0]), _port(arguments[1] if len(arguments) > 1 else None)
            if not host or host.lower() in self._here or _is_number(host) or self._allowed.allows(host, port):
                return
        else:
            opened, address = arguments[:2]
            # In this order: the family of a socket costs ten times as much to ask for.
            if not address or address[:2] in self._fine or opened.family not in _INTERNET:
                return
            number = plain_host(_HERE.get(address[0], _text(address[0])))
            host, port = self._names.get(number, number), _port(address[1])
            if (
                self._allowed.allows(number, port)
                or self._allowed.allows(host, port)
                or self._leads_there(number, port, opened.family)
            ):
                if len(self._fine) < _MOST_NAMES:
                    self._fine.add(address[:2])
                return
        self._note(_shown(host, port))

    def _leads_there(self, host: str, port: int | None, family: int) -> bool:
        """Whether a host that is no address in plain form, `localhost` or `127.1`, is one that is allowed.

        A socket takes such a host as it is and resolves it unheard; so it is resolved here, in the same way.
        """
        if _is_plain(host):
            return False
        self._asking.now = True
        try:
            found = self._look_up(host, None, family)
        except (OSError, UnicodeError):
            return False
        finally:
            self._asking.now = False
        return bool(found) and all(self._allowed.allows(str(item[4][0]), port) for item in found)

    def _note(self, address: str) -> None:
        call = CALL.get()
        calls = self._told.get(address)
        if calls is None:
            if len(self._told) >= _MOST_ADDRESSES:
                return
            calls = self._told[address] = set()
        if call not in calls and len(calls) < _MOST_CALLS:
            calls.add(call)
            self._tell(call, address)


def _shown(host: str, port: int | None) -> str:
    host = f"[{host}]" if ":" in host else host
    return host if port is None else f"{host}:{port}"


def _text(host: Any) -> str:
    return host.decode("ascii", "backslashreplace") if isinstance(host, bytes | bytearray) else str(host or "")


def _port(port: Any) -> int | None:
    if isinstance(port, int):
        return port or None
    said = _text(port)
    return int(said) if said.isdecimal() else _PORTS.get(said)


def _is_plain(host: str) -> bool:
    """Whether this is an IP address as it is usually written, which leads nowhere else."""
    for family in _INTERNET:
        with suppress(OSError, ValueError):
            socket.inet_pton(family, host)
            return True
    return False


def _is_number(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdecimal()
