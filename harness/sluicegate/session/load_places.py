"""Whether the requests of a load run are those its profile asks for: each there, once, at its time, for its case."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from sluicegate.gate.wording import count_of
from sluicegate.ledger.load_shard import LoadLag, LoadRequest, ShardOpened
from sluicegate.model import Case
from sluicegate.plan.arrivals import arrivals, asks
from sluicegate.plan.load import Profile, TraceArrival, sampled
from sluicegate.runner.identity import identity

__all__ = ["Clock", "Places"]

_MOST_REQUESTS = 1 << 28
_LITTLE = 10
_MICROS = 1_000_000
_EARLY_US = 5_000
"""A timer may be served a little before its time."""
_UNSEEN_US = 2_500_000
"""A generator looks at its clock each second, and says how late it came to that."""
_IDLE_US = 1_000_000
"""Users ask again at once; a generator that is not late comes to that long before."""


class Places:
    """Takes every request of a run; `lacks` at the end. Nothing a shard counts of itself is believed."""

    def __init__(
        self,
        profile: Profile,
        cases: Mapping[str, Case],
        trace: Sequence[TraceArrival],
        *,
        start_us: int,
        lasts_us: int,
    ) -> None:
        """`cases` in the order they are asked."""
        self._profile, self._trace, self._ids = profile, trace, tuple(cases)
        self._start_us, self._lasts_us = start_us, lasts_us
        self.offsets = None if profile.arrival is None else array("q", arrivals(profile, trace))
        """When each arrival is to come; None for users."""
        self._seen = bytearray()
        self._odd: Counter[str] = Counter()
        """Requests that cannot be, by why."""
        self._of = 1
        self._most: dict[int, int] = {}
        """Of users, by the generator they belong to: its last place."""
        self._asked_until: dict[int, int] = {}
        """Of users, by their generator: when the last of its requests ended."""

    def take(self, request: LoadRequest, shard: ShardOpened) -> None:
        """Look at one request, as its shard has it."""
        i = request.i
        self._odd[_impossible(request)] += 1
        if not 0 <= i < _MOST_REQUESTS:
            self._odd["at another time than the profile asks for"] += 1
            return
        if i >= len(self._seen):
            self._seen.extend(bytes(i + 1 - len(self._seen)))
        self._odd["twice"] += self._seen[i]
        self._seen[i] = 1
        self._odd["at another time than the profile asks for"] += not self._is_due(request)
        self._odd["of another generator's share"] += i % shard.of != shard.worker
        self._of = shard.of
        worker = i % shard.of
        self._most[worker] = max(i, self._most.get(worker, 0))
        self._asked_until[worker] = max(request.end or 0, self._asked_until.get(worker, 0))
        try:
            case_id, repeat = asks(i, self._ids, self._trace)
        except IndexError:
            return  # said above: no arrival has this place
        run_id, _ = identity(shard.nonce + shard.run, case_id, repeat)
        if request.case not in self._ids:
            self._odd["of a case the plan does not have"] += 1
        elif (request.case, request.repeat, request.run_id) != (case_id, repeat, run_id):
            self._odd["of another case than the profile asks there"] += 1
        elif request.status == "ok" and request.output is None and sampled(run_id, self._profile.sample):
            self._odd["whose answer was to be kept, and is not there,"] += 1

    def unwatched(self) -> None:
        """One request was answered, and what stands around the pipeline did not see it."""
        self._odd["answered by nobody that was watched"] += 1

    def lacks(self) -> Iterator[str]:
        """What is wrong with them, counted."""
        for said, count in self._odd.items():
            if count and said:
                yield f"{count_of(count, 'request')} {said}"
        if self.offsets is not None:
            if missing := len(self.offsets) - sum(self._seen[: len(self.offsets)]):
                yield f"{missing:,} of {count_of(len(self.offsets), 'arrival')} the profile asks for are in no shard"
            return
        shares = (self._seen[worker : last + 1 : self._of] for worker, last in self._most.items())
        if holes := sum(len(share) - sum(share) for share in shares):
            yield f"{count_of(holes, 'request')} that came before others are in no shard"
        workers = range(self._of if self._asked_until else 0)  # a run of nothing is said to be that
        silent_us = (self._users_until(each) - self._asked_until.get(each, self._start_us) for each in workers)
        if (longest_us := max(silent_us, default=0)) > _IDLE_US + round(self._profile.pause_s * _MICROS):
            yield f"its users asked nothing in the last {longest_us / _MICROS:,.1f} s that they were there"

    def _users_until(self, worker: int) -> int:
        """When the last user of a generator goes."""
        at_s, until_s = 0.0, 0.0
        for step in self._profile.steps:
            at_s += step.for_s
            if (step.users or 0) > worker:
                until_s = at_s
        return self._start_us + round(until_s * _MICROS)

    def _is_due(self, request: LoadRequest) -> bool:
        offset = request.intended - self._start_us
        if self.offsets is None:
            return 0 <= offset < self._lasts_us
        return request.i < len(self.offsets) and offset == self.offsets[request.i]


def _impossible(request: LoadRequest) -> str:
    """What no generator can have seen; empty for what one can."""
    start, first, end = request.start, request.first, request.end
    if request.status == "dropped":
        return "" if start is end is None else "dropped and sent"
    if start is None or end is None:
        return "without beginning or end"
    if not request.intended - _EARLY_US <= start <= (start if first is None else first) <= end:
        return "whose times go back"
    is_good = request.error is None and 200 <= (request.http or 0) < 300
    if request.status == "ok":
        return "" if is_good else "called ok that went wrong"
    return "that went wrong without an error" if request.error is None else ""


class Clock:
    """One generator's account of how late its own clock was, which has to cover its run."""

    def __init__(self, *, start_us: int, lasts_us: int, max_lag_ms: float) -> None:
        self._until_us, self._ends_us = start_us, start_us + lasts_us
        self._unseen_us = 0
        self._max_lag_us = max_lag_ms * 1000
        self._late: list[tuple[int, int, int]] = []
        """(from, until, worst) of each second in which it was later than the profile allows."""

    def take(self, lag: LoadLag) -> None:
        """One line of it, in their order."""
        before_us = lag.at - max(0, lag.worst)
        self._look(before_us)
        if lag.worst > self._max_lag_us:
            self._late.append((min(before_us, self._until_us), lag.at, lag.worst))
        self._until_us = max(self._until_us, lag.at)

    def cost_ms(self, request: LoadRequest) -> float:
        """What its generator may have added to a request that was under way while it was late; 0.0 where little.

        Less than a tenth of what a request took is little: a target that is slow is not excused by it.
        """
        end_us = request.intended if request.end is None else request.end
        cost_us = 0
        for from_us, until_us, worst_us in reversed(self._late):
            if until_us < request.intended:
                break
            cost_us += worst_us if from_us <= end_us else 0
        return cost_us / 1000 if cost_us * _LITTLE >= end_us - request.intended else 0.0

    def lacks(self) -> str:
        """How long nobody looked, after the last line; empty where somebody always did."""
        self._look(self._ends_us)
        if self._unseen_us <= _UNSEEN_US:
            return ""
        return f"for {self._unseen_us / _MICROS:,.1f} s its generator did not say whether it was late"

    def _look(self, at_us: int) -> None:
        self._unseen_us = max(self._unseen_us, at_us - self._until_us)
