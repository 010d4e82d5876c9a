"""Ctrl-C, remembered: an interrupt that gets lost on its way up is still one."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any

import pytest

__all__ = ["Interrupts"]


class Interrupts:
    """Whoever handles SIGINT goes on doing so; this takes note, and ends the session as interrupted.

    A KeyboardInterrupt can be raised where it does not get out: Python turns it into another error in `__set_name__`
    and swallows it in `__del__`, and a user's test may catch it.
    """

    def __init__(self) -> None:
        self.seen = False
        self._session: pytest.Session | None = None
        self._before: Any = None

    def begin(self, session: pytest.Session) -> None:
        """Listen, where signals can be handled and somebody handles this one."""
        self._session = session
        if threading.current_thread() is threading.main_thread() and callable(signal.getsignal(signal.SIGINT)):
            self._before = signal.signal(signal.SIGINT, self._take)

    def end(self) -> None:
        """Give the signal back, unless somebody else has it by now."""
        if self._before is not None and signal.getsignal(signal.SIGINT) == self._take:
            signal.signal(signal.SIGINT, self._before)
        self._before = None

    def _take(self, number: int, frame: FrameType | None) -> Any:
        self.seen = True
        return self._before(number, frame)

    def pytest_runtest_logfinish(self) -> None:
        """No test begins after an interrupt."""
        if self.seen and self._session is not None:
            self._session.shouldstop = "interrupted"

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """An interrupted session has not passed, and has not failed."""
        if self.seen and int(session.exitstatus) in (0, 1, 5):
            session.exitstatus = pytest.ExitCode.INTERRUPTED

    @pytest.hookimpl(tryfirst=True)
    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """It can meet an instruction that has no line: pytest's account of it would raise, and exit with 1."""
        excinfo.traceback = excinfo.traceback.filter(_has_line)


def _has_line(entry: Any) -> bool:
    try:
        return isinstance(entry.lineno, int)
    except TypeError:
        return False
