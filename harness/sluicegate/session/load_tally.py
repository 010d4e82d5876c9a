"""Counting the requests of a load run: for its account, for its drawing, and whether the generator kept its times."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Sequence

from sluicegate.checks.masking import masked
from sluicegate.gate.wording import count_of
from sluicegate.ledger.load_shard import LoadLag, LoadRequest
from sluicegate.model import CrashKind, NotMeasured, from_micros, rfc3339
from sluicegate.model.load_result import LoadCause, LoadStretch, LoadTally
from sluicegate.plan.load import Profile, phase_of
from sluicegate.session.load_rows import took_ms, ttft_ms, was_unreached
from sluicegate.stats.quantile import quantile

__all__ = ["Tallying"]

_MICROS = 1_000_000
_MOST_STRETCHES = 12
_MOST_CAUSES = 3
_LATE_SHARE = 0.01
"""More measured requests that began late, and the generator did not send what it says."""
_LATE_SECONDS = 0.05
_FEWEST_SECONDS = 2
_OF_OURS = {CrashKind.NOT_SENT: "unsent", CrashKind.CANCELLED: "cancelled"}


class Tallying:
    """Takes every request and every lag of a run; `tally` at the end."""

    def __init__(self, profile: Profile, *, start_us: int, lasts_us: int, offsets: Sequence[int] | None) -> None:
        """`offsets` are the arrivals the profile asks for; None for users."""
        self._profile = profile
        self._start_us, self._lasts_us = start_us, lasts_us
        self._offsets = offsets
        self._counts: Counter[str] = Counter()
        self._phases: Counter[str] = Counter()
        self._causes: Counter[tuple[str, int | None]] = Counter()
        self._first_said: dict[tuple[str, int | None], str] = {}
        self._lags = array("d")
        self._seconds = self._late_seconds = 0
        self.kept = 0
        self._answered: Counter[int] = Counter()
        """Whole answers by the second they came in."""
        self._last_us = start_us
        self._step_us = max(1, math.ceil(lasts_us / _MICROS / _MOST_STRETCHES)) * _MICROS
        many = max(1, math.ceil(lasts_us / self._step_us))
        self._took = [array("d") for _ in range(many)]
        self._sent, self._failed, self._good = ([0] * many for _ in range(3))
        self._counted, self._in_time = array("d"), 0
        self._worst = [0.0] * many

    def phase(self, request: LoadRequest) -> str:
        """warm_up | measured | cool_down, or unsent | cancelled, which say nothing of the target."""
        if request.error is not None and request.error.kind in _OF_OURS:
            return _OF_OURS[request.error.kind]
        warm_us = self._start_us + round(self._profile.warm_up_s * _MICROS)
        began = request.intended
        if self._offsets is None and request.end is not None and began < warm_us <= request.end:
            began = warm_us  # a user who is still waiting then is one of those that are measured
        return phase_of(self._profile, (began - self._start_us) / _MICROS, lasts_s=self._lasts_us / _MICROS)

    def request(self, request: LoadRequest) -> str:
        """Count one; its phase."""
        phase = self.phase(request)
        self._phases[phase] += 1
        self._counts[request.status] += 1
        self._counts["unreached"] += was_unreached(request)
        if request.error is not None and phase != "cancelled":
            cause = (request.error.kind.value, request.http)
            self._causes[cause] += 1
            self._first_said.setdefault(cause, request.error.message)
        began = request.start if request.start is not None else request.intended
        lag_ms = (began - request.intended) / 1000
        if phase == "measured" and request.start is not None:
            self._lags.append(lag_ms)
        self._last_us = max(self._last_us, request.end or began)
        if request.status == "ok" and request.end is not None:
            self._answered[(request.end - self._start_us) // _MICROS] += 1
        at = min(max(0, (request.intended - self._start_us) // self._step_us), len(self._sent) - 1)
        self._draw(at, request, lag_ms, counts=phase == "measured")
        return phase

    def lag(self, lag: LoadLag) -> None:
        """One second of a generator's own clock; a stall that lasted several counts as each of them."""
        lasted = 1 + max(0, lag.worst) // _MICROS
        self._seconds += lasted
        if lag.worst > self._profile.max_lag_ms * 1000:
            self._late_seconds += lasted

    def seconds(self) -> list[tuple[int, int]]:
        """(time, whole answers) of each whole second that is measured; seconds without one among them."""
        first = math.ceil(self._profile.warm_up_s)
        seen = min(self._lasts_us, self._last_us - self._start_us) / _MICROS
        last = math.floor(min(seen, self._lasts_us / _MICROS - self._profile.cool_down_s))
        return [(self._start_us + second * _MICROS, self._answered[second]) for second in range(first, last)]

    @property
    def late(self) -> int:
        """Measured requests that began later than the profile allows."""
        return sum(lag > self._profile.max_lag_ms for lag in self._lags)

    def lateness(self) -> str:
        """Why the generator, not the target, shaped what was measured; empty where it kept its times."""
        limit, late = f"{self._profile.max_lag_ms:g} ms", self.late
        if self._lags and late / len(self._lags) > _LATE_SHARE:
            told = f"{late:,} of {count_of(len(self._lags), 'request')} began more than {limit} after they were to"
            return f"the load generator was late: {told}, {max(self._lags):,.0f} ms at worst"
        many = self._late_seconds
        if many >= _FEWEST_SECONDS and many / self._seconds > _LATE_SECONDS:
            told = f"in {many:,} of {count_of(self._seconds, 'second')} it got to its work more than {limit} late"
            return f"the load generator was late: {told}"
        return ""

    @property
    def lost(self) -> bool:
        """Whether a request was not sent, or found nobody: fewer answers then say nothing of the target."""
        return any(self._counts[each] for each in ("dropped", "unreached")) or self._phases["unsent"] > 0

    def nobody(self) -> bool:
        """Whether requests were sent, and not one of them was answered by anybody."""
        return 0 < self._counts["unreached"] == sum(self._counts[each] for each in ("ok", "incomplete", "error"))

    def tally(self) -> LoadTally:
        """Everything counted."""
        lags = sorted(self._lags)
        p99 = quantile(lags, 0.99) if lags else 0.0
        counts, phases, ordered = self._counts, self._phases, sorted(self._counted)
        return LoadTally(
            began=rfc3339(from_micros(self._start_us)),
            lasts_s=self._lasts_us / _MICROS,
            planned=None if self._offsets is None else len(self._offsets),
            sent=counts["ok"] + counts["incomplete"] + counts["error"] - phases["unsent"],
            ok=counts["ok"],
            incomplete=counts["incomplete"],
            errors=counts["error"] - phases["unsent"] - phases["cancelled"],
            dropped=counts["dropped"],
            unsent=phases["unsent"],
            unreached=counts["unreached"],
            causes=tuple(
                LoadCause(kind=cause[0], count=count, first=masked(self._first_said[cause]))
                for cause, count in self._causes.most_common(_MOST_CAUSES)
            ),
            measured=phases["measured"],
            warm_up=phases["warm_up"],
            cool_down=phases["cool_down"],
            in_time=self._in_time,
            p50_ms=_finite(ordered, 0.5),
            p95_ms=_finite(ordered, 0.95),
            kept=self.kept,
            late=self.late,
            lag_p99_ms=0.0 if isinstance(p99, NotMeasured) else p99,
            worst_lag_ms=max(self._lags, default=0.0),
            step_s=self._step_us / _MICROS,
            stretches=tuple(self._stretch(at) for at in range(len(self._sent))),
        )

    def _draw(self, at: int, request: LoadRequest, lag_ms: float, *, counts: bool) -> None:
        took, first = took_ms(request), ttft_ms(request)
        self._sent[at] += request.status != "dropped"
        self._failed[at] += took is None
        limits = ((took, self._profile.objective_ms), (first, self._profile.objective_ttft_ms))
        in_time = all(limit is None or (value is not None and value <= limit) for value, limit in limits)
        self._good[at] += took is not None and in_time
        if counts:
            self._in_time += took is not None and in_time
            self._counted.append(math.inf if took is None else took)
        self._worst[at] = max(self._worst[at], lag_ms)
        self._took[at].append(math.inf if took is None else took)

    def _stretch(self, at: int) -> LoadStretch:
        took = sorted(self._took[at])
        planned = None
        if self._offsets is not None:
            from bisect import bisect_left

            low, high = (bisect_left(self._offsets, (at + more) * self._step_us) for more in (0, 1))
            planned = high - low
        return LoadStretch(
            at_s=at * self._step_us / _MICROS,
            planned=planned,
            sent=self._sent[at],
            failed=self._failed[at],
            in_time=self._good[at],
            p50_ms=_finite(took, 0.5),
            p95_ms=_finite(took, 0.95),
            lag_ms=self._worst[at],
        )


def _finite(ordered: Sequence[float], q: float) -> float | None:
    value = quantile(ordered, q)
    return None if isinstance(value, NotMeasured) or not math.isfinite(value) else value
