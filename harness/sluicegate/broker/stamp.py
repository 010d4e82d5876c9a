"""The time of a record, cheap enough to be written with each."""

from __future__ import annotations

from collections.abc import Callable
from time import gmtime, strftime, time_ns

__all__ = ["Stamp"]

_SECOND_NS = 1_000_000_000


class Stamp:
    """RFC 3339 UTC with microseconds; the part up to the second is made once a second."""

    def __init__(self, clock_ns: Callable[[], int] = time_ns) -> None:
        self._clock_ns = clock_ns
        self._begins_ns = -_SECOND_NS
        self._said = ""

    def __call__(self) -> str:
        """Now."""
        now_ns = self._clock_ns()
        rest_ns = now_ns - self._begins_ns
        if not 0 <= rest_ns < _SECOND_NS:
            second, rest_ns = divmod(now_ns, _SECOND_NS)
            self._begins_ns = second * _SECOND_NS
            self._said = strftime("%Y-%m-%dT%H:%M:%S", gmtime(second))
        return f"{self._said}.{rest_ns // 1000:06d}Z"
