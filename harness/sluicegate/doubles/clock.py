"""The clock of a run over HTTP, for pipelines that take their time from outside."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite

from sluicegate.doubles.answer import Answer, Call, json_answer, unserved
from sluicegate.doubles.bodies import read_json
from sluicegate.doubles.runs import Run
from sluicegate.model import rfc3339, to_micros

__all__ = ["Clock"]

_LONGEST_S = 100 * 366 * 86400
_FASTEST = 1e6


class Clock:
    """`GET /clock` tells the time, `POST /clock/advance {"seconds"}` puts it forward, `POST /clock/rate {"rate"}`."""

    prefix = "/clock"
    variable = "SLUICEGATE_CLOCK_URL"
    keys: tuple[str, ...] = ()

    def answer(self, call: Call) -> Answer:
        """The time after the request; looks are counted in one observation, changes have one each."""
        path = call.path.removeprefix(self.prefix).rstrip("/")
        clock = call.run.clock(call.when)
        if path == "" and call.method == "GET":
            _look(call)
        elif path in ("/advance", "/rate") and call.method == "POST":
            said = _number(call.body, "seconds" if path == "/advance" else "rate")
            limit = _LONGEST_S if path == "/advance" else _FASTEST
            if said is None or not 0 <= said <= limit:
                name = "seconds" if path == "/advance" else "rate"
                what = f'expected {{"{name}": <0 to {limit:g}>}}; a clock never runs back'
                call.see("clock", path[1:], {"status": 400, "refused": what})
                return json_answer({"error": what}, status=400)
            try:
                if path == "/advance":
                    clock.advance(call.when, said)
                else:
                    clock.set_rate(call.when, said)
            except OverflowError:
                return json_answer({"error": "the clock ends with the year 9999"}, status=400)
            call.see("clock", path[1:], {"status": 200, "by": said, "now": rfc3339(clock.now(call.when))})
        else:
            return unserved(json_answer({"error": f"no such route: {call.method} {call.path[:200]}"}, status=404))
        now = clock.now(call.when)
        return json_answer({"now": rfc3339(now), "epoch_ms": to_micros(now) // 1000, "rate": clock.rate})


def _look(call: Call) -> None:
    """A pipeline may look ten thousand times: the first look stands in the log and counts the others."""
    run: Run = call.run
    if run.looks is None:
        run.looks = call.see("clock", "now", {"status": 200, "looks": 0})
    run.looks["looks"] += 1


def _number(body: bytes | None, name: str) -> float | None:
    try:
        value = read_json(body)
    except ValueError:
        return None
    said = value.get(name) if isinstance(value, Mapping) else None
    if isinstance(said, bool) or not isinstance(said, (int, float)) or not isfinite(said):
        return None
    return float(said)
