"""The time of a record, cheap enough to be written with each."""

from __future__ import annotations

from collections.abc import Callable
from time import gmtime, strftime, time_ns

__all__ = ["Stamp"]


class Stamp:
    """RFC 3339 UTC with microseconds; the part up to the second is made once a second."""

    def __init__(self, clock_ns: Callable[[], int] = time_ns) -> None:
        self._clock_ns = clock_ns
        self._second = -1
        self._said = ""

    def __call__(self) -> str:
        """Now."""
        second, rest_ns = divmod(self._clock_ns(), 1_000_000_000)
        if second != self._second:
            self._second = second
            self._said = strftime("%Y-%m-%dT%H:%M:%S", gmtime(second))
        return f"{self._said}.{rest_ns // 1000:06d}Z"
