"""Counting for one criterion: its trials and its measurements, what was left out, and incidents by name."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace

from sluicegate.checks import Contribution
from sluicegate.gate.against import Against
from sluicegate.gate.growing import Arrivals, Upload, joined
from sluicegate.gate.pairing import Readings
from sluicegate.gate.pool import Attempt, Pool
from sluicegate.gate.reading import Measured, Rows, UnreadableError, VoidSpan
from sluicegate.gate.series import Evidence, Series
from sluicegate.gate.shortlist import Shortlist
from sluicegate.gate.validity import Admission
from sluicegate.model import NotMeasured, Origin
from sluicegate.plan.types import Better, Criterion, Drop, MetricKind, Ratio

__all__ = ["Channel", "none_counted"]


@dataclass(slots=True, kw_only=True)
class Channel:
    """Everything one criterion counts, or one line of it compares with."""

    criterion: Criterion
    admission: Admission
    pool: Pool = field(init=False)
    against: Against = field(init=False)
    """Of pinned evidence, the trials that count most against it."""
    lost: list[Attempt] = field(default_factory=list)
    """Trials that began and never ended, or found nobody to answer."""
    arrivals: dict[Origin, Arrivals] = field(default_factory=dict)
    confirmed: Shortlist = field(default_factory=Shortlist)
    suspected: Shortlist = field(default_factory=Shortlist)
    unmeasured: int = 0
    """Trials that should carry a number and do not."""
    unmeasured_why: NotMeasured | None = None
    """Of the trial that comes first by its words."""
    unscored: list[Attempt] = field(default_factory=list)
    """Pinned trials that had an answer, and no judgement of it: a scorer or a check of the plan's own failed."""
    growing: Series = field(default_factory=Series)
    void: int = 0
    foreign: int = 0
    future: int = 0
    repeated: int = 0
    """Units recorded a second time, left out."""
    apart: Series = field(default_factory=Series)
    """As `growing`, with every row that may be a copy; where some may be."""
    least: Series | None = None
    """As `growing`, with the lowest record of units that contradict themselves."""
    unclear: NotMeasured | None = None
    """Why some rows may be one unit."""
    readings: Readings | None = field(init=False)
    """Case by case; only where a line compares pinned evidence with other evidence."""
    last_us: int = -(1 << 62)
    unreached: int = 0
    """Attempts of load evidence that found nobody."""
    reached: Series = field(default_factory=Series)
    """As `growing`, without them; where there are some."""
    _reached: Arrivals = field(default_factory=Arrivals)
    _valued: bool | None = None

    def __post_init__(self) -> None:
        metric = self.criterion.metric
        self.pool = Pool(metric.kind, metric.better)
        self.against = Against(metric)
        self._valued = _SHAPES.get(metric.kind)
        self.readings = Readings(metric) if _is_paired(self.criterion) else None

    def measured(self, block: Measured) -> None:
        """A block of measurements. Raises UnreadableError when it holds counts where values belong, or the reverse."""
        if block.rows is None:
            return
        valued = bool(block.rows.value)
        if self._valued not in (None, valued):
            raise UnreadableError(
                f"{block.metric}: {'k and n' if valued is False else 'values'} do not fit this metric"
            )
        admitted = self.admission.block(block)
        self.void += admitted.void
        self.foreign += admitted.foreign
        self.future += admitted.future
        if admitted.rows is not None:
            self._valued = valued
            self.last_us = max(self.last_us, admitted.rows.last_us)
            upload = Upload(source=block.source, content=block.content, recording=block.recording)
            self.arrivals.setdefault(block.origin, Arrivals()).add(admitted.rows, upload, run=block.run)
            if block.unreached:
                self.unreached += sum(admitted.rows.n)
            elif block.origin is Origin.LOAD:
                self._reached.add(admitted.rows, upload, run=block.run)

    def trial(self, origin: Origin, attempt: Attempt, *, run: int = -1, unreached: bool = False) -> None:
        """A trial that counts: pooled by case when pinned, one more unit when evidence grows."""
        self.last_us = max(self.last_us, attempt.at_us)
        if not origin.grows:
            self.pool.add(attempt)
            return
        counted = attempt.counted
        rows = Rows(
            at=[attempt.at_us],
            slices=[attempt.slice],
            k=[counted.k if counted.value is None else int(counted.failed)],
            n=[counted.n if counted.value is None else 1],
            value=[] if counted.value is None else [counted.value],
            first_us=attempt.at_us,
            last_us=attempt.at_us,
        )
        self.arrivals.setdefault(origin, Arrivals()).add(rows, run=run)
        self.unreached += unreached
        if origin is Origin.LOAD and not unreached:
            self._reached.add(rows, run=run)

    @property
    def has_units(self) -> bool:
        """Whether anything is counted; once it is settled."""
        return bool(len(self.pool) or len(self.growing))

    def unknown(self, why: NotMeasured) -> None:
        """A trial that should carry a number and does not."""
        self.unmeasured += 1
        known = self.unmeasured_why
        if known is None or (why.reason, why.mend) < (known.reason, known.mend):
            self.unmeasured_why = why

    def settle(self, voids: Sequence[VoidSpan], sent: Collection[int] = ()) -> None:
        """Put growing evidence in order of time, without what is void. Once, after the last record; `sent` is load."""
        metric = self.criterion.metric
        better = Better.LOWER if metric.kind is MetricKind.INCIDENTS else metric.better
        capped = sent if metric.kind is MetricKind.CONTROLLED else ()
        if capped and metric.better is Better.LOWER and self.admission.subject is not None:
            # What the build spent it spent, whatever the generator's clock did; a late reference is none.
            voids = [span for span in voids if span.run is None]
        for origin in sorted(self.arrivals):
            arrivals = self.arrivals.pop(origin)
            settled = arrivals.settled([span for span in voids if span.origin is origin], better, capped)
            self.void += settled.void
            self.repeated += settled.repeated
            if self.unclear is None:
                self.unclear = settled.unclear
            if self.unclear is not None:
                apart = self.growing if not len(self.apart) else self.apart
                self.apart = joined(apart, settled.apart if settled.apart is not None else settled.series)
            if self.least is not None or settled.least is not None:
                least = self.growing if self.least is None else self.least
                self.least = joined(least, settled.least if settled.least is not None else settled.series)
            self.growing = joined(self.growing, settled.series)
            if origin is not Origin.LOAD or not self.unreached:
                self.reached = joined(self.reached, settled.series)
        if self.unreached:
            found = self._reached.settled([span for span in voids if span.origin is Origin.LOAD], better, capped)
            self.reached = joined(self.reached, found.series)
        self._reached = Arrivals()

    def evidence(self, *, with_lost: bool = True, unscored: float | None = None) -> Evidence:
        """What the criterion is judged on. Lost trials are failures, or left out for a second look without them.

        Unscored ones are left out, or count with a score from 0 to 1 for a look at what they could have been.
        """
        added = [] if unscored is None else [replace(each, counted=self._scored(unscored)) for each in self.unscored]
        readings = self.readings
        if unscored is not None and readings is not None:
            readings = readings.scored(unscored)
        return Evidence(
            fixed=self.pool.series([*(self.lost if with_lost else ()), *added]),
            growing=self.growing if with_lost else self.reached,
            readings=readings,
            apart=self.apart if self.unclear is not None else None,
            least=self.least,
            unclear=self.unclear,
            void=self.void,
            foreign=self.foreign,
            confirmed=self.confirmed.findings,
            suspected=self.suspected.findings,
            not_measured=self.unmeasured_why,
        )

    def _scored(self, score: float) -> Contribution:
        """A score as the metric counts it: a value, or a unit that holds or does not."""
        if self._valued or self.criterion.metric.kind is MetricKind.DISTRIBUTION:
            return Contribution(value=score)
        return Contribution(k=int(score >= 1), n=1)


def none_counted(channels: Iterable[Channel], stage: str) -> Evidence:
    """Of a stage to compare with: no evidence, and how much was left out as of another time."""
    left = sum(channel.foreign for channel in channels)
    if not left:
        return Evidence()
    reason = f"the reference has no evidence; {left:,} recorded units are of when the rollout was not at '{stage}'"
    return Evidence(not_measured=NotMeasured(reason=reason, mend="Record what was measured while it was there."))


def _is_paired(criterion: Criterion) -> bool:
    """Whether a line compares means of the same cases: those of pinned evidence, not their quantiles."""
    lines = (criterion.promote, criterion.alert, criterion.rollback)
    pinned = any(not origin.grows for origin in criterion.origins)
    return pinned and criterion.at is None and any(isinstance(line, (Drop, Ratio)) for line in lines)


_SHAPES = {MetricKind.PROPORTION: False, MetricKind.INCIDENTS: False, MetricKind.DISTRIBUTION: True}
"""Whether a unit is a value; where a kind allows both, the first block decides."""
