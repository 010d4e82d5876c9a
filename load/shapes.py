"""The shape Locust asks how many users it should have: for a profile, one that stands until every share is done."""

from __future__ import annotations

from collections.abc import Callable

from locust import LoadTestShape

__all__ = ["Standing"]


class Standing(LoadTestShape):  # type: ignore[misc] # Locust's metaclass is not typed
    """Keeps a run alive while the profile runs. The profile's own users and arrivals are not Locust's."""

    def __init__(self, is_over: Callable[[], bool]) -> None:
        super().__init__()
        self._is_over = is_over

    def tick(self) -> tuple[int, float] | None:
        """One user until the run is over. Asked every second."""
        return None if self._is_over() else (1, 1.0)
