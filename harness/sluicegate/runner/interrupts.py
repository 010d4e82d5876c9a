"""Ctrl-C said twice: once to finish what is in flight, once more to leave it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["interruptible"]


def _silent(_times: int) -> None:
    return None


@contextmanager
def interruptible(
    stop: asyncio.Event, task: asyncio.Task[object], *, tell: Callable[[int], None] = _silent
) -> Iterator[None]:
    """While inside, the first SIGINT or SIGTERM sets `stop`, the next cancels `task`.

    Handlers only set a flag in the running loop, so that no signal lands inside a write. `tell` is called with how
    often it has been asked. In a thread other than the main one, where no handler can be set, nothing changes.
    """
    loop = asyncio.get_running_loop()
    asked = 0

    def ask() -> None:
        nonlocal asked
        asked += 1
        if asked == 1:
            stop.set()
        else:
            task.cancel()
        tell(asked)

    installed = []
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            try:
                loop.add_signal_handler(number, ask)
            except (ValueError, RuntimeError, NotImplementedError):
                continue
            installed.append(number)
        yield
    finally:
        for number in installed:
            loop.remove_signal_handler(number)
