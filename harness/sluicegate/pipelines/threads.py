"""Daemon threads for sync callables: a call that never returns costs its thread and nothing else.

`asyncio.to_thread` cannot be used: its threads are joined at exit, so one hung call would hang the process.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

__all__ = ["BrokenOff", "Threads"]

_Job = tuple[Callable[[], Any], "asyncio.Future[Any]", asyncio.AbstractEventLoop]
_TURNS = 200
"""Of an empty loop, in which an exception that another thread has sent comes up."""


class BrokenOff(BaseException):
    """Raised in a sync call, wherever it is, when it is broken off."""


class Threads:
    """At most `limit` threads, started as they are needed. Everything but `_work` runs on the loop's thread."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.hung = 0
        """Threads held by calls that were given up and have not returned."""
        self._busy = 0
        self._started = 0
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._answered: deque[tuple[asyncio.Future[Any], Any]] = deque()
        self._told = False
        """Whether the loop knows that answers wait; one wake-up serves all that come before it looks."""
        self._lock = threading.Lock()
        self._at: dict[asyncio.Future[Any], int] = {}
        """Calls under way, and the thread of each."""

    @property
    def all_hung(self) -> bool:
        """Whether no thread is left for another call."""
        return self.hung >= self.limit

    async def free(self) -> bool:
        """Wait for a thread; False when every one hangs."""
        while self._busy >= self.limit:
            if self.all_hung:
                return False
            waiter = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            try:
                await waiter
            except asyncio.CancelledError:
                if not waiter.cancelled():
                    self._wake(1)  # it was this call's turn; pass it on
                raise
        return True

    def start(self, work: Callable[[], Any], done: asyncio.Future[Any], loop: asyncio.AbstractEventLoop) -> None:
        """Run `work`, which must not raise, on a free thread; its value becomes the result of `done`."""
        self._busy += 1
        if self._busy > self._started:
            self._started += 1
            threading.Thread(target=self._work, name=f"sluicegate-call-{self._started}", daemon=True).start()
        self._jobs.put((work, done, loop))

    def give_up(self) -> None:
        """A call is past its time; its thread is lost until it returns."""
        self.hung += 1
        if self.all_hung:
            self._wake(len(self._waiting))

    def break_off(self, done: asyncio.Future[Any]) -> None:
        """Let a call go no further, as a coroutine that is cancelled: what it waits for in C comes back first."""
        import ctypes  # here, because few pipelines are ever broken off

        with self._lock:
            if (thread := self._at.get(done)) is not None:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(BrokenOff))

    def close(self) -> None:
        """End every thread that is not hung."""
        for _ in range(self._started):
            self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            work, done, loop = job
            self._answered.append((done, self._done(work, done)))
            del job, work, done
            if self._told:
                continue
            self._told = True
            try:
                loop.call_soon_threadsafe(self._settle)
            except RuntimeError:  # the loop is closed; nobody waits any more
                self._told = False

    def _done(self, work: Callable[[], Any], done: asyncio.Future[Any]) -> Any:
        try:
            with self._lock:
                self._at[done] = threading.get_ident()
            value = work()
            with self._lock:
                del self._at[done]
            if done.cancelled():
                for _ in range(_TURNS):  # broken off as it ended: the exception is not to meet the next call
                    pass
        except BrokenOff:
            self._at.pop(done, None)
            return None
        return value

    def _settle(self) -> None:
        self._told = False
        loop = asyncio.get_running_loop()
        while self._answered:
            done, value = self._answered.popleft()
            self._busy -= 1
            if not done.done():
                if done.get_loop() is loop:
                    done.set_result(value)
            elif not done.cancelled():
                self.hung -= 1
            self._wake(1)

    def _wake(self, count: int) -> None:
        while count and self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                count -= 1
