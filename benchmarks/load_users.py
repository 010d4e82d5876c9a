"""Closed-loop users as people write them for Locust: what our arrivals stand beside. Run by `locust -f`."""

from __future__ import annotations

import os
import random
from typing import Any

from locust import FastHttpUser, HttpUser, User, constant, constant_throughput, events, task

_URL = os.environ["BENCH_URL"]
_BODY = b'{"text":"Where is my parcel?"}'
_HEADERS = {"content-type": "application/json"}
_PAUSE_S = float(os.environ.get("BENCH_PAUSE", "0"))


def _any_time(user: User) -> float:
    """Users who each wait like this ask together as a Poisson process does, whose arrivals know nothing of another."""
    return random.expovariate(1 / _PAUSE_S)


_WAIT = {
    "constant": constant(_PAUSE_S),
    "in step": constant_throughput(1 / _PAUSE_S if _PAUSE_S else 1.0),
    "irregular": _any_time,
}[os.environ.get("BENCH_WAIT", "constant")]


class Fast(FastHttpUser):
    """Posts, waits for the answer, pauses."""

    wait_time = _WAIT
    host = _URL

    @task
    def ask(self) -> None:
        """One draft."""
        self.client.post(_URL, data=_BODY, headers=_HEADERS)


class Requests(HttpUser):
    """The same over `requests`."""

    wait_time = _WAIT
    host = _URL

    @task
    def ask(self) -> None:
        """One draft."""
        self.client.post(_URL, data=_BODY, headers=_HEADERS)


@events.quitting.add_listener
def _say(environment: Any, **_: Any) -> None:
    total = environment.stats.total
    said = [total.num_requests, *(total.get_response_time_percentile(part) for part in (0.5, 0.95, 0.99))]
    print("BENCH", *said, flush=True)
