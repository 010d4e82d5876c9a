"""Processes of `sluicegate` that need not begin with its imports: forked from one that has done them.

Each is a process of its own: arguments, folder, environment, output and exit code are what a new one would have. What
only a new start can show (the order of imports) is for whoever asks to keep: see `called` in `rollout_world`.

Run as a program it is the process that forks: `forked.py DOOR`, a socket's number.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import monotonic

__all__ = ["Forge"]

_MOST = 1 << 20
"""Bytes of a request: arguments and environment."""


class Forge:
    """One process that forks others, until it is closed or this one ends."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._door, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        argv = [sys.executable, __file__, str(theirs.fileno())]
        with theirs:
            self._process = subprocess.Popen(
                argv, env=environment, stdin=subprocess.DEVNULL, pass_fds=(theirs.fileno(),)
            )

    def close(self) -> None:
        """End the process that forks; what it forked goes on."""
        self._door.close()
        self._process.wait()

    def run(
        self, argv: Sequence[str], *, cwd: Path, environment: Mapping[str, str], timeout: float
    ) -> subprocess.CompletedProcess[bytes]:
        """As `subprocess.run` does with its output captured. Raises TimeoutExpired."""
        until = monotonic() + timeout
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        (out, out_end), (err, err_end) = os.pipe(), os.pipe()
        asked = json.dumps([list(argv), str(cwd), dict(environment)]).encode()
        with ours, theirs:
            socket.send_fds(self._door, [asked], [out_end, err_end, theirs.fileno()])
            for end in (out_end, err_end):
                os.close(end)
            theirs.close()
            ours.settimeout(timeout)
            child = int(ours.recv(64))
            try:
                said = _read(out, err, until)
                ours.settimeout(max(0.01, until - monotonic()))
                code = int(ours.recv(64))
            except TimeoutError:
                os.kill(child, signal.SIGKILL)
                raise subprocess.TimeoutExpired(list(argv), timeout) from None
        return subprocess.CompletedProcess(list(argv), code, *said)


def _read(out: int, err: int, until: float) -> tuple[bytes, bytes]:
    """Both until nobody has them open any more. Raises TimeoutError."""
    said = {out: b"", err: b""}
    with selectors.DefaultSelector() as selector:
        try:
            for end in said:
                selector.register(end, selectors.EVENT_READ)
            while selector.get_map():
                ready = selector.select(until - monotonic())
                if not ready:
                    raise TimeoutError
                for key, _ in ready:
                    more = os.read(key.fd, 1 << 16)
                    said[key.fd] += more
                    if not more:
                        selector.unregister(key.fd)
        finally:
            for end in said:
                os.close(end)
    return said[out], said[err]


def _main() -> None:
    import gc
    from importlib import import_module

    from sluicegate.cli.app import _COMMANDS
    from sluicegate.report import html

    for room in ("sluicegate.session.judge", *(module for module, _, _ in _COMMANDS.values())):
        import_module(room)
    html._template()
    gc.freeze()
    # Whoever waits for a child is forked for that, and waited for by nobody.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    door = socket.socket(fileno=int(sys.argv[1]))
    while True:
        asked, files, _, _ = socket.recv_fds(door, _MOST, 3)
        if not asked:
            break
        if os.fork() == 0:
            door.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _kept(*json.loads(asked), *files)
            break
        for file in files:
            os.close(file)


def _kept(argv: list[str], cwd: str, environment: dict[str, str], out: int, err: int, told: int) -> None:
    """Forks the process that is asked for, says its number, waits for it, says its exit code."""
    child = os.fork()
    if child == 0:
        os.close(told)
        for file, number in ((out, 1), (err, 2)):
            os.dup2(file, number)
            os.close(file)
        os.chdir(cwd)
        os.environ.clear()
        os.environ.update(environment)
        sys.argv[:] = argv
        sys.path[0] = str(Path(argv[0]).parent)
        from sluicegate.cli import main

        main()
        return
    for file in (out, err, 1, 2):
        os.close(file)
    asks = socket.socket(fileno=told)
    asks.send(str(child).encode())
    _, status = os.waitpid(child, 0)
    asks.send(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


if __name__ == "__main__":
    _main()
