"""The doubles as a service of their own, until somebody ends it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Mapping

from sluicegate.doubles.server import Doubles

__all__ = ["serve"]


async def serve(doubles: Doubles, ready: Callable[[Mapping[str, str]], None]) -> None:
    """Listen, tell `ready` the environment, and return at SIGINT or SIGTERM. Raises InputError for the port."""
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, over.set)
    await doubles.start()
    try:
        ready(doubles.environment())
        await over.wait()
    finally:
        await doubles.stop()
