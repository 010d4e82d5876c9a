"""One Locust process's part of a run: its arrivals or users, its clock, its shard."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

import gevent
import locust
from gevent.pool import Group

from sluicegate.checks.message_ids import own_ids, request_word
from sluicegate.errors import Fault, InputError
from sluicegate.frozen import frozen
from sluicegate.ledger import LedgerError
from sluicegate.ledger.load_shard import SHARD_VERSION, ShardOpened
from sluicegate.load.asking import Asker, Reply
from sluicegate.load.recording import Asked, Shard
from sluicegate.model import CrashKind, RunContext
from sluicegate.pipelines.crashes import crash, raised_line
from sluicegate.plan.arrivals import arrivals, asks, lasts_us, share
from sluicegate.plan.load import LoadJob
from sluicegate.resources import VERSION
from sluicegate.runner.identity import identity

__all__ = ["Engine", "Part", "planned_of"]

_TICK_S = 0.01
_REPORT_S = 1.0
_MOST_WAITING = 16
"""Those who wait for arrivals of the same time all begin before anybody else may read an answer: they are not many."""
_REFUSED_PAUSE_S = 0.1
"""A user who finds nobody there waits this long: no target is tested by how fast it can be absent."""
_RAMP_S = 1.0
"""Users who come together come within this time, or a tenth of their step if that is shorter."""


@frozen
class Part:
    """Which part of a run a process has."""

    run: str
    worker: int
    of: int
    start_us: int
    """When the profile begins, in microseconds since 1970 UTC."""
    planned: int | None = None
    """Arrivals of this part, as `planned_of` counts them; None for users."""


class Engine:
    """Sends this worker's share and writes it down. Raises InputError for a job that cannot be done.

    `fire` is told of every request as Locust's request event wants it, for its statistics and pages; nothing of the
    evidence comes from there. `broken` is told once where the shard cannot be written; nothing more is sent then.
    """

    def __init__(
        self,
        job: LoadJob,
        digest: str,
        part: Part,
        *,
        fire: Callable[..., None],
        broken: Callable[[LedgerError], None],
    ) -> None:
        self.job, self.part = job, part
        self._fire = fire
        self._cases = {case.id: case for case in job.cases}
        self._ids = tuple(self._cases)
        renamed = {case.id: own_ids(case) for case in job.cases if job.profile.own_ids}
        self._own = {case_id: own for case_id, own in renamed.items() if own is not None}
        _check(job, self._cases)
        profile = job.profile
        self._at_once = profile.in_flight // part.of + (part.worker < profile.in_flight % part.of)
        self._asker = Asker(job)
        # Both clocks once: what is written never goes back, whatever happens to the machine's time meanwhile.
        self._epoch_us, self._began = time.time_ns() // 1000, perf_counter()
        self._start = self._began + (part.start_us - self._epoch_us) / 1e6
        self._under_way: dict[int, tuple[Asked, int]] = {}
        """What was asked and when it began, by place in the run."""
        self._waiting = 0
        """For an arrival that is to come."""
        self._asked = 0
        self._ticker: gevent.Greenlet | None = None
        self._worst_s = 0.0
        self._shard = Shard(
            Path(job.shards), self._opened(digest), sampled=profile.sample, micros=self._micros, broken=broken
        )

    def run(self) -> bool:
        """The whole profile, until nothing is under way; then the shard is closed, unless that was done. Once."""
        gc.collect()
        gc.freeze()  # what is there now stays: no collection in the middle of a run looks at it again
        self.watch()
        self._sleep_until(self._start)
        if self.job.profile.arrival is not None:
            self._arrive()
        else:
            self._come()
        self._sleep_until(self._start + lasts_us(self.job.profile, self.job.trace) / 1e6)
        return self.finish(complete=True)

    def watch(self) -> None:
        """Begin to look at the own clock."""
        self._ticker = gevent.spawn(self._tick)

    def finish(self, *, complete: bool) -> bool:
        """Close the shard, with what is under way as cancelled. A second time does nothing, and says so by False."""
        if not self._shard.is_open:
            return False
        if self._ticker is not None:
            self._ticker.kill(block=False)
        self._report(perf_counter())
        for asked, start_us in list(self._under_way.values()):
            self._shard.cancelled(asked, start_us, perf_counter())
        self._shard.close(self._micros(perf_counter()), complete=complete)
        return True

    def ask_next(self, now: float | None = None) -> Reply:
        """The next request of a user, now; which time that is may be told."""
        i = self._asked * self.part.of + self.part.worker
        self._asked += 1
        return self._ask(self._what(i, self._micros(perf_counter() if now is None else now)))

    def _opened(self, digest: str) -> ShardOpened:
        profile, part = self.job.profile, self.part
        return ShardOpened(
            version=SHARD_VERSION,
            run=part.run,
            nonce=self.job.nonce,
            subject=self.job.subject,
            asked=self.job.asked,
            profile=profile.name,
            job=digest,
            worker=part.worker,
            of=part.of,
            start_us=part.start_us,
            lasts_us=lasts_us(profile, self.job.trace),
            planned=part.planned,
            seed=profile.seed,
            target=self._asker.shown,
            engine=VERSION,
            locust=locust.__version__,
        )

    def _arrive(self) -> None:
        """Every arrival of this worker's share, until the last has been answered."""
        to_come = share(arrivals(self.job.profile, self.job.trace), self.part.worker, self.part.of)
        senders = Group()
        senders.spawn(self._send, senders, to_come)
        senders.join(raise_error=True)

    def _send(self, senders: Group, to_come: Iterator[tuple[int, int]]) -> None:
        """Wait for the next arrival that nobody waits for, ask, and again. While any is to come, somebody waits."""
        while self._waiting < _MOST_WAITING and (arrival := next(to_come, None)) is not None:
            i, offset_us = arrival
            self._waiting += 1
            # Where it is due already, whoever has an answer to read comes first.
            gevent.sleep(max(0.0, self._start + offset_us / 1e6 - perf_counter()))
            self._waiting -= 1
            if not self._shard.is_open:
                return
            if not self._waiting:
                senders.spawn(self._send, senders, to_come)
            asked = self._what(i, self.part.start_us + offset_us)
            if len(self._under_way) < self._at_once:
                self._ask(asked)
            else:
                self._shard.dropped(asked)
                self._tell("dropped", 0.0, 0, RuntimeError(f"more than {self._at_once} requests are under way"))

    def _come(self) -> None:
        """Every user of this worker's share, until the last of them has gone."""
        most = max((step.users or 0 for step in self.job.profile.steps), default=0)
        gevent.joinall([gevent.spawn(self._user, user) for user in range(self.part.worker, most, self.part.of)])

    def _user(self, user: int) -> None:
        """One user: asks, waits for the answer, asks again, for as long as the step has a place for it."""
        began, before = self._start, 0
        for step in self.job.profile.steps:
            users, end = step.users or 0, began + step.for_s
            if before <= user < users:
                spread_s = min(_RAMP_S, step.for_s / 10)
                self._sleep_until(began + spread_s * (user - before) / (users - before))
            # One look at the clock: a user who is there yet begins before it goes.
            while user < users and (now := perf_counter()) < end and self._shard.is_open:
                output = self.ask_next(now).output
                if output.error is not None and output.error.kind is CrashKind.UNREACHABLE:
                    gevent.sleep(_REFUSED_PAUSE_S)
                gevent.sleep(self.job.profile.pause_s)
            self._sleep_until(end)
            began, before = end, users

    def _what(self, i: int, intended_us: int) -> Asked:
        case_id, repeat = asks(i, self._ids, self.job.trace)
        case = self._cases[case_id]
        run_id, traceparent = identity(self.job.nonce + self.part.run, case.id, repeat)
        if case_id in self._own:
            case = self._own[case_id](request_word(run_id))
        return Asked(i=i, case=case, repeat=repeat, run_id=run_id, traceparent=traceparent, intended=intended_us)

    def _ask(self, asked: Asked) -> Reply:
        # Nobody is late for a user, who asks when it comes to it.
        is_open = self.job.profile.arrival is not None
        start_us = self._micros(perf_counter()) if is_open else asked.intended
        self._under_way[asked.i] = asked, start_us
        context = RunContext(run_id=asked.run_id, traceparent=asked.traceparent, repeat=asked.repeat)
        try:
            reply = self._asker.ask(asked.case, context)
        except Exception as raised:  # noqa: BLE001 - whatever a target's bytes make a library do, the request is told
            said = crash(CrashKind.EXCEPTION, f"The answer could not be read: {raised_line(raised)}")
            reply = Reply(output=said, end=perf_counter())
        finally:
            del self._under_way[asked.i]
        self._shard.answered(asked, start_us, reply)
        error = reply.output.error
        took_ms = (self._micros(reply.end) - asked.intended) / 1000
        failed = None if error is None else RuntimeError(error.message)
        self._tell(self.job.target.method, took_ms, reply.bytes, failed)
        return reply

    def _tell(self, method: str, took_ms: float, length: int, exception: Exception | None) -> None:
        self._fire(
            request_type=method,
            name=self.job.profile.name,
            response_time=took_ms,
            response_length=length,
            exception=exception,
            context={},
        )

    def _tick(self) -> None:
        told = perf_counter()
        while True:
            due = perf_counter() + _TICK_S
            gevent.sleep(_TICK_S)
            now = perf_counter()
            self._worst_s = max(self._worst_s, now - due)
            if now - told >= _REPORT_S:
                self._report(now)
                told = now

    def _report(self, now: float) -> None:
        self._shard.lag(self._micros(now), round(self._worst_s * 1e6), len(self._under_way))
        self._worst_s = 0.0

    def _sleep_until(self, at: float) -> None:
        if (early_s := at - perf_counter()) > 0:
            gevent.sleep(early_s)

    def _micros(self, at: float) -> int:
        """A time of `perf_counter` in microseconds since 1970 UTC."""
        return self._epoch_us + round((at - self._began) * 1e6)


def planned_of(job: LoadJob, worker: int, of: int) -> int | None:
    """How many arrivals a worker's part holds; None for users. Takes as long as drawing all of them."""
    if job.profile.arrival is None:
        return None
    return sum(1 for _ in share(arrivals(job.profile, job.trace), worker, of))


def _check(job: LoadJob, cases: dict[str, Any]) -> None:
    faults = []
    if not job.cases:
        faults.append(Fault(where="load", what="there is no case to ask.", mend="Name some under cases: in the plan."))
    for number, one in enumerate(job.trace, 1):
        if one.case_id is not None and one.case_id not in cases:
            what = f"arrival {number} of the trace asks case '{one.case_id}', which the plan has not."
            faults.append(Fault(where="load", what=what, mend="Leave case out where any may be asked."))
    if faults:
        raise InputError(faults[:20])
