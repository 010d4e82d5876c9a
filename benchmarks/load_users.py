"""Closed-loop users as people write them for Locust: what our arrivals stand beside. Run by `locust -f`."""

from __future__ import annotations

import os
from typing import Any

from locust import FastHttpUser, HttpUser, constant, constant_throughput, events, task

_URL = os.environ["BENCH_URL"]
_BODY = b'{"text":"Where is my parcel?"}'
_HEADERS = {"content-type": "application/json"}
_PACE = os.environ.get("BENCH_PACE")
_WAIT = constant_throughput(float(_PACE)) if _PACE else constant(float(os.environ.get("BENCH_PAUSE", "0")))


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
