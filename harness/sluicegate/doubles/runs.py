"""The runs that are open: their scripts, what was seen in each, and which run a request belongs to."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from time import monotonic

from sluicegate.doubles.correlation import TRACEPARENT, By
from sluicegate.doubles.ticking import Ticking
from sluicegate.doubles.weather import Weather
from sluicegate.model import Case, Json, Message, Observation

__all__ = ["LOG_LIMIT", "RUN_ID", "Run", "Runs", "split_path"]

LOG_LIMIT = 5_000
"""Observations kept of one run; what comes after is counted in a last one, `dropped`."""

RUN_ID = re.compile(r"[0-9a-f]{16}")
_PREFIX = re.compile(r"/r/([0-9a-f]{16})(/.*)?\Z")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{16})[0-9a-f]{16}-[0-9a-f]{16}-[0-9a-f]{2}")
_EXAMPLES = 20
_QUIET_S = 0.3
_LONGEST_S = 1.0
"""A run is listened to until it was quiet for so long, and no longer than this after its answer."""
_NOBODY = Case(id="(unattributed)")


@dataclass(slots=True)
class Run:
    """One trial as the doubles see it. Lives from `open_run` to `close_run`."""

    run_id: str
    case: Case
    calls: Counter[str] = field(default_factory=Counter)
    """Calls so far by target: model, embedding, tool:<name>, retriever."""
    stored: dict[str, Json] = field(default_factory=dict)
    """What writing tools were given, by path."""
    chats: dict[str, tuple[Message, ...]] = field(default_factory=dict)
    """Chats a caller may go on from by the id of an answer."""
    mail_room: int = 8_000_000
    """Bytes of mails that may still be kept."""
    envelope_room: int = 8_000_000
    """Characters of envelopes and transcripts that may still be kept; without room a mail is counted as dropped."""
    prompt_room: int = 1_000_000
    """Characters of prompts that may still be kept, so that a pipeline that loops for ever fills no memory."""
    asked: set[str] = field(default_factory=set)
    """Digests of what the retriever was asked."""
    ticking: Ticking | None = None
    looks: dict[str, Json] | None = None
    """Detail of the observation that counts looks at the clock."""
    when_written: Callable[[], None] | None = None
    """Called once, as soon as a tool has written."""
    delivery: int = 0
    """The deliveries before this one have been answered."""
    log: list[Observation] = field(default_factory=list)
    dropped: int = 0
    last_s: float = 0.0
    """When something was last seen, by the clock `monotonic`."""
    answered_s: float | None = None
    """When its last delivery was answered."""
    unanswered: dict[int, tuple[dict[str, Json], float]] = field(default_factory=dict)
    """Details of requests that wait for their first byte, and since when by the clock `monotonic`."""
    weather: Weather | None = None
    """Faults that strike every run at their time, beside those of the case."""

    def clock(self, real: datetime) -> Ticking:
        """The run's clock, which starts when it is first looked at."""
        if self.ticking is None:
            self.ticking = Ticking.of(self.case, real)
        return self.ticking

    def count(self, target: str) -> int:
        """The number of this call to `target`, from 1."""
        self.calls[target] += 1
        return self.calls[target]

    def see(self, double: str, action: str, at: str, detail: dict[str, Json]) -> dict[str, Json]:
        """Log an observation. Its detail may still be completed until the run closes."""
        self.last_s = monotonic()
        if len(self.log) < LOG_LIMIT:
            self.log.append(Observation(run_id=self.run_id, double=double, action=action, at=at, detail=detail))
        else:
            self.dropped += 1
        return detail

    def wrote(self) -> None:
        """A tool has had its effect; its answer has not gone out."""
        tell, self.when_written = self.when_written, None
        if tell is not None:
            tell()

    def listens(self) -> float:
        """How many more seconds an answered run is open for: until nothing has come for a while."""
        now_s = monotonic()
        if self.answered_s is None:
            self.answered_s = now_s
        quiet_s = max(self.answered_s, self.last_s) + _QUIET_S
        return max(0.0, min(quiet_s, self.answered_s + _LONGEST_S) - now_s)

    def observations(self) -> tuple[Observation, ...]:
        """Everything seen, in order of arrival."""
        if not self.dropped:
            return tuple(self.log)
        last = self.log[-1]
        rest = Observation(
            run_id=self.run_id, double=last.double, action="dropped", at=last.at, detail={"dropped": self.dropped}
        )
        return (*self.log, rest)


def split_path(path: str) -> tuple[str | None, str]:
    """`/r/<run id>/v1/models` as run id and `/v1/models`; a path without the prefix has no run id."""
    match = _PREFIX.match(path)
    return (match[1], match[2] or "/") if match else (None, path)


class Runs:
    """The open runs, and the account of what belonged to none of them."""

    def __init__(self, *, lane: bool = False, weather: Weather | None = None) -> None:
        """`lane`: no more than one run is ever open, so what names nobody belongs to it."""
        self._lane = lane
        self._weather = weather
        self._open: dict[str, Run] = {}
        self.unattributed = 0
        """Requests that named no run and fitted none; evidence is incomplete while this is not 0."""
        self.late = 0
        """Requests that named a run which was not, or no longer, open."""
        self.unserved = 0
        """Requests of open runs that no double stands for."""
        self.strays: deque[Observation] = deque(maxlen=_EXAMPLES)
        """The last few requests without a run, for the message."""

    def __iter__(self) -> Iterator[Run]:
        """The open runs, the oldest first."""
        return iter(tuple(self._open.values()))

    def open(self, run_id: str, case: Case) -> None:
        """Begin a run. Raises ValueError for a run id that is open already."""
        if run_id in self._open:
            raise ValueError(f"run {run_id} is open already")
        self._open[run_id] = Run(run_id=run_id, case=case, weather=self._weather)

    def close(self, run_id: str) -> tuple[Observation, ...]:
        """End a run and give back what was seen, which changes no more. Raises KeyError for a run that is not open.

        Whoever still waits for a first byte has gone on without it: the caller is heard hanging up a moment later.
        """
        run = self._open.pop(run_id)
        for detail, since in run.unanswered.values():
            detail |= {"aborted": True, "aborted_after_ms": round((monotonic() - since) * 1000, 1)}
        return tuple(replace(seen, detail={**seen.detail}) for seen in run.observations())

    def named(self, run_id: str) -> Run | None:
        """The open run of that id."""
        return self._open.get(run_id)

    def belonging(self, headers: Mapping[str, str], raw: bytes) -> tuple[str | None, Run | None, By]:
        """The run a request without prefix names (header, else trace), or carries a canary of.

        Returns the id it named, if any, the open run it belongs to, if any, and what said so. A canary that fits two
        open runs fits none.
        """
        named = headers.get("x-sluicegate-run")
        if named is not None:
            return named, self._open.get(named), "header"
        trace = _TRACEPARENT.match(headers.get(TRACEPARENT, ""))
        # A trace of the caller's own says nothing about runs, so only a known id counts as a name.
        if trace and trace[1] in self._open:
            return trace[1], self._open[trace[1]], "traceparent"
        fitting = self.marked(raw)
        if len(fitting) == 1:
            return None, fitting[0], "canary"
        alone = self.alone()
        return None, alone, "nothing" if alone is None else "lane"

    def marked(self, raw: bytes) -> list[Run]:
        """The open runs a canary of which stands in these bytes."""
        return [run for run in self._open.values() if _carries_canary(run.case, raw)]

    def alone(self) -> Run | None:
        """In a lane, the one run that is open."""
        return next(iter(self._open.values())) if self._lane and len(self._open) == 1 else None

    def contradicts(self, run_id: str, headers: Mapping[str, str]) -> bool:
        """Whether the headers name another run than the path: a client that is shared belongs to nobody."""
        if headers.get("x-sluicegate-run", run_id) != run_id:
            return True
        trace = _TRACEPARENT.match(headers.get(TRACEPARENT, ""))
        return trace is not None and trace[1] != run_id and trace[1] in self._open

    def stray(self) -> Run:
        """A run of its own for a request nobody owns: it is answered, counted and kept apart."""
        self.unattributed += 1
        return Run(run_id="", case=_NOBODY, weather=self._weather)


def _carries_canary(case: Case, raw: bytes) -> bool:
    return any(canary and canary.encode() in raw for canary in case.expect.canaries)
