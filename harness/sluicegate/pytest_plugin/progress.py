"""How far the pipeline is, behind the cursor of a terminal, while tests wait for its answers."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from sluicegate.pytest_plugin.link import Reach

__all__ = ["Progress", "followed"]

_TICK_S = 0.25
_FIRST_S = 1.0
"""A run that is over by then shows nothing."""
_SAVE, _RESTORE, _ERASE = "\x1b7", "\x1b8", "\x1b[K"
"""VT100: cursor kept, cursor put back, the rest of the line cleared. What pytest has written stays as it is."""


def followed(config: pytest.Config, reach: Reach) -> Progress | None:
    """Show the run of this session from now on; nothing where nobody watches, or where output is not captured (-s)."""
    if config.option.capture == "no" or not config.pluginmanager.hasplugin("terminalreporter"):
        return None
    try:
        if not sys.stdout.isatty() or os.environ.get("TERM") == "dumb":
            return None
        # Of its own: while a test runs, what is file 1 belongs to pytest's capture.
        screen = os.dup(sys.stdout.fileno())
    except (OSError, ValueError, AttributeError):
        return None
    progress = Progress(config.get_terminal_writer(), screen, reach)
    config.pluginmanager.register(progress, "sluicegate-progress")
    return progress


class Progress:
    """A thread that asks the broker for its counts; cleared before pytest writes."""

    def __init__(self, writer: Any, screen: int, reach: Reach) -> None:
        self._writer = writer
        self._screen = screen
        self._reach = reach
        self._lock = Lock()
        self._ended = Event()
        self._is_shown = False
        self._not_before = time.monotonic() + _FIRST_S
        self._thread = Thread(target=self._follow, daemon=True)
        self._thread.start()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self) -> None:
        """Pytest is about to write."""
        self._clear()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self) -> None:
        """Pytest is about to write."""
        self._clear()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logfinish(self) -> None:
        """Pytest is about to write."""
        self._clear()

    @pytest.hookimpl(tryfirst=True)
    def pytest_keyboard_interrupt(self) -> None:
        """What follows is said in the lines of the report."""
        self.end()

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """As above."""
        self.end()

    def end(self) -> None:
        """Show nothing more."""
        self._ended.set()
        self._clear()
        self._thread.join(timeout=2 * _TICK_S)
        with self._lock:
            if not self._thread.is_alive() and self._screen >= 0:
                os.close(self._screen)
                self._screen = -1

    def _follow(self) -> None:
        from sluicegate.broker.client import Client
        from sluicegate.errors import SluicegateError

        # A broker that is gone is for others to report; here there is just nothing more to show.
        with suppress(SluicegateError), Client(self._reach.address, self._reach.token) as client:
            while not self._ended.wait(_TICK_S):
                status = client.status()
                trials = status.get("trials")
                if status["produced"]:
                    break
                if trials is not None:
                    crashed = f", {trials['crashed']:,} crashed" if trials["crashed"] else ""
                    self._show(f" {trials['run']:,} of {trials['planned']:,} trials{crashed}")
        self._clear()

    def _show(self, said: str) -> None:
        with self._lock:
            room = int(self._writer.fullwidth) - int(self._writer.width_of_current_line)
            if len(said) < room and not self._ended.is_set() and time.monotonic() >= self._not_before:
                self._write(f"{_SAVE}{said}{_ERASE}{_RESTORE}")
                self._is_shown = True

    def _clear(self) -> None:
        with self._lock:
            if self._is_shown:
                self._write(_ERASE)
                self._is_shown = False
                self._not_before = time.monotonic() + _TICK_S

    def _write(self, said: str) -> None:
        # A terminal that was closed shows nothing, and fails no test.
        with suppress(OSError):
            os.write(self._screen, said.encode("ascii"))
