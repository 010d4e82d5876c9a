"""The doubles' own clock: how long their event loop, and so maybe the whole machine, was just held up."""

from __future__ import annotations

import asyncio

__all__ = ["Pulse"]

_BEAT_S = 0.05


class Pulse:
    """Beats while it is started, in the loop that started it."""

    def __init__(self) -> None:
        self._due = self._beaten = self._late_s = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Beat from now on."""
        loop = asyncio.get_running_loop()
        self._due = loop.time() + _BEAT_S
        self._timer = loop.call_at(self._due, self._beat)

    def stop(self) -> None:
        """Beat no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def held_up_s(self) -> float:
        """How late the beat is that is due, or the last one was; 0 where nobody was held up in this moment."""
        if self._timer is None:
            return 0.0
        now = asyncio.get_running_loop().time()
        return max(now - self._due, self._late_s if now - self._beaten < _BEAT_S else 0.0, 0.0)

    def _beat(self) -> None:
        self._beaten = asyncio.get_running_loop().time()
        self._late_s = self._beaten - self._due
        self.start()
