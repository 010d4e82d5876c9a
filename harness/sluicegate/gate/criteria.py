"""One criterion: from its evidence to a status, the row it asks for, and what would flip it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from sluicegate.frozen import frozen
from sluicegate.gate.bodies import Frame, body_of, has_rows, unit_of
from sluicegate.gate.body import Flip
from sluicegate.gate.cuts import TIME_UNITS_S, by_slice, since
from sluicegate.gate.days import unstable
from sluicegate.gate.incidents import known_incident, rate_limit, with_recall
from sluicegate.gate.reference import noted, reference_beside
from sluicegate.gate.results import void_result
from sluicegate.gate.series import Evidence, Series
from sluicegate.gate.sides import Lines, Reference, Side, resolve
from sluicegate.gate.split import stand_split
from sluicegate.gate.standing import Standing, limit_said, nothing, stand, worst
from sluicegate.gate.wording import days, quantile_name
from sluicegate.model import (
    CriterionResult,
    Estimate,
    Kind,
    NotMeasured,
    Origin,
    SliceResult,
    Status,
    from_micros,
)
from sluicegate.plan.metrics import is_countable
from sluicegate.plan.types import Criterion, MetricKind, Mode

__all__ = ["judge_criterion"]

_HOW = {False: "Run: sluicegate gate", True: "Hand measurements over: sluicegate record measurements"}
"""How pinned and growing evidence comes about."""
_LOAD = "Send it. Run: sluicegate load --profile"
_LATER = {MetricKind.COUNT: "a count that nobody caps", MetricKind.CORRELATION: "a correlation"}


def judge_criterion(
    criterion: Criterion,
    evidence: Evidence,
    *,
    stage_live: bool,
    references: Mapping[str, Evidence],
    slice_names: tuple[str, ...],
    timezone: str,
    stable_days: int,
    entered_at: datetime | None,
    now: datetime,
) -> CriterionResult:
    """What the evidence shows of one criterion, at this stage and moment. No evidence is never a pass.

    Args: all admitted evidence, sorted by time; evidence of the stages or baselines that relative lines name; the
    slices the plan declares for this criterion; the IANA zone of its days; how many stable days the stage asks for (0
    for none); stage entry and the moment of judgement, in UTC. Same arguments, same result.
    Raises ValueError for columns that cannot be: k beyond n.
    """
    # UTC needs no time zone database, which small container images lack.
    frame = Frame(zone=UTC if timezone == "UTC" else ZoneInfo(timezone), now=now)
    found = {name: reference_beside(criterion, evidence, each, frame, name=name) for name, each in references.items()}
    case = _Case(
        criterion=criterion,
        evidence=evidence,
        doubt=next((each.unclear for each in (evidence, *references.values()) if each.unclear is not None), None),
        lines=resolve(criterion, found),
        references=found,
        frame=frame,
        stage_live=stage_live,
        slices=slice_names,
        stable_days=stable_days if Origin.LIVE in criterion.origins else 0,
        entered_at=entered_at,
    )
    standings, slices = case.standings()
    return case.result(worst(standings), slices)


@frozen
class _Case:
    """Everything that one criterion is judged by."""

    criterion: Criterion
    evidence: Evidence
    doubt: NotMeasured | None
    """Why some of it, or of what it is compared with, may be one unit counted twice."""
    lines: Lines
    references: Mapping[str, Reference | NotMeasured]
    frame: Frame
    stage_live: bool
    slices: tuple[str, ...]
    stable_days: int
    entered_at: datetime | None

    def standings(self) -> tuple[list[Standing], tuple[SliceResult, ...]]:
        """One standing for each thing that can hold or roll back; at least one."""
        standings: list[Standing] = []
        incident = known_incident(self.criterion, self.evidence, stage_live=self.stage_live)
        if incident is not None:
            standings.append(incident)
        if (unmeasurable := self._unmeasurable()) is not None:
            return [*standings, unmeasurable], ()
        if (waits := self._not_armed()) is not None:
            return [*standings, waits], ()
        standings.extend(self._doubtful())
        if self.criterion.metric.kind is MetricKind.SPLIT:
            return [*standings, stand_split(self.criterion, self.evidence, self.lines, stage_live=self.stage_live)], ()
        parts = [self._part(grows=grows) for grows in self._natures()]
        standings.append(self._both(parts))
        if all(part.status is Status.NOT_APPLICABLE for part in parts):
            return standings, ()
        sliced = self._sliced()
        standings.extend(standing for standing, _ in sliced)
        if self.stable_days and (restless := self._restless(parts[-1].measured)) is not None:
            standings.append(restless)
        if self.evidence.not_measured is not None:
            standings.append(self._incomplete(self.evidence.not_measured))
        return standings, tuple(result for _, result in sliced)

    def result(self, standing: Standing, slices: tuple[SliceResult, ...]) -> CriterionResult:
        """The standing in the words of the verdict."""
        criterion, metric = self.criterion, self.criterion.metric
        values = metric.kind is MetricKind.DISTRIBUTION
        at = (quantile_name(criterion.at) if criterion.at is not None else "mean") if values else None
        limit = rate_limit(criterion)
        return CriterionResult(
            metric=metric.name,
            profile=criterion.profile,
            unit=unit_of(criterion),
            scale=metric.scale.value,
            origins=criterion.origins,
            at=at,
            status=standing.status,
            kind=standing.kind,
            measured=standing.measured,
            lines=self.lines.shown if limit is None or limit.line is None else (*self.lines.shown, limit.line),
            shown=standing.shown,
            flip=self._paced(standing.flip),
            minimum_n=criterion.minimum_n,
            slices=slices,
            void=self.evidence.void,
            foreign=self.evidence.foreign,
        )

    def _doubtful(self) -> list[Standing]:
        """Rows that may be copies: nothing is promoted on them, and a line that only all of them cross is suspect."""
        if self.doubt is None:
            return []
        found = [nothing(self.doubt)]
        if self.evidence.least is not None and self.criterion.metric.kind is not MetricKind.SPLIT:
            least = self._stand(self.evidence.least, grows=True, alpha=self.criterion.alpha, minimum=None)
            found += [least] if least.kind.row <= 2 else []
        if self.evidence.apart is not None and self.criterion.metric.kind is not MetricKind.SPLIT:
            every = self._stand(self.evidence.apart, grows=True, alpha=self.criterion.alpha, minimum=None)
            if every.kind.row <= 2:
                shown = f"{every.shown}, if no unit was recorded twice: {self.doubt.reason}"
                flip = Flip(text=self.doubt.mend)
                found.append(replace(every, status=Status.SUSPECT, kind=Kind.HOLD_SUSPECT, shown=shown, flip=flip))
        return found

    def _natures(self) -> list[bool]:
        """Pinned evidence, growing evidence, or both: each that the criterion names has to pass."""
        return sorted({origin.grows for origin in self.criterion.origins})

    def _unmeasurable(self) -> Standing | None:
        """What neither this version nor this plan can measure holds."""
        metric = self.criterion.metric
        if metric.kind in _LATER:
            reason = f"{metric.name} is {_LATER[metric.kind]}, not measured by this version"
            return nothing(NotMeasured(reason=reason, mend="Judge it as a share, a value or a capped quantity."))
        unfed = [origin.value for origin in self.criterion.origins if not is_countable(metric, origin)]
        if unfed and not has_rows(self.evidence.fixed) and not has_rows(self.evidence.growing):
            how = metric.measured_by if metric.measured_by in ("sql", "prometheus", "traces") else ", ".join(unfed)
            reason = f"{metric.name} from {how} is not measured by this version"
            return nothing(NotMeasured(reason=reason, mend="Hand it over with `sluicegate record`."))
        if metric.kind is MetricKind.INCIDENTS:
            limit = rate_limit(self.criterion)
            return limit.missing if limit is not None and limit.missing is not None else None
        return None

    def _not_armed(self) -> Standing | None:
        """Before `after` has passed since stage entry the lines are not asked, and nothing is promoted."""
        if not self.criterion.after_s or self.entered_at is None:
            return None
        armed_at = self.entered_at + timedelta(seconds=self.criterion.after_s)
        if self.frame.now >= armed_at:
            return None
        wait = days((armed_at - self.frame.now).total_seconds())
        return Standing(
            status=Status.INSUFFICIENT,
            kind=Kind.HOLD_INSUFFICIENT,
            measured=NotMeasured(reason=f"armed {days(self.criterion.after_s)} after stage entry"),
            flip=Flip(text=f"Wait {wait} until its lines are armed"),
        )

    def _part(self, *, grows: bool) -> Standing:
        every = self.evidence.growing if grows else self.evidence.fixed
        if not has_rows(every):
            return self._nothing_of(grows=grows)
        found = self._stand(every, grows=grows, alpha=self.criterion.alpha, minimum=self.criterion.minimum_n)
        return found if grows else noted(found, self.references, self.criterion.alpha)

    def _stand(self, every: Series, *, grows: bool, alpha: Fraction, minimum: int | None) -> Standing:
        criterion = self.criterion
        window = every
        if grows and criterion.window_s is not None:
            window = since(every, self.frame.now - timedelta(seconds=criterion.window_s))
        body = body_of(criterion, every, window, self.frame, grows=grows)
        must_show: tuple[Side, ...] = ()
        limit = rate_limit(criterion)
        if limit is not None and limit.side is not None:
            # What zero incidents have to show is their max_rate, and nothing besides.
            criterion, must_show = replace(criterion, mode=Mode.POINT), (limit.side,)
        standing = stand(
            body,
            self.lines,
            criterion,
            alpha=alpha,
            minimum=minimum,
            stage_live=self.stage_live,
            must_show=must_show,
        )
        return standing if limit is None else with_recall(standing, self.criterion)

    def _nothing_of(self, *, grows: bool) -> Standing:
        if self.evidence.void:
            reason = void_result(self.criterion, self.evidence.void, grows=grows)
            flip = Flip(text=reason.mend)
            kind = Kind.HOLD_INVALID_EXPERIMENT if grows else Kind.HOLD_INCOMPLETE  # nobody declared pinned units void
            return Standing(status=Status.VOID, kind=kind, measured=reason, flip=flip)
        if self.evidence.not_measured is not None:
            return self._incomplete(self.evidence.not_measured)
        named = " or ".join(origin.value for origin in self.criterion.origins if origin.grows is grows)
        belong = f"; {self.evidence.foreign:,} belong to another subject, stage or time"
        foreign = belong if self.evidence.foreign else ""
        how = _HOW[grows] if self.criterion.profile is None or not grows else f"{_LOAD} {self.criterion.profile}"
        return nothing(NotMeasured(reason=f"no {named} evidence{foreign}", mend=how))

    def _incomplete(self, reason: NotMeasured) -> Standing:
        """A reason why there is no number; not applicable only where the plan allows it and nothing was counted."""
        counted = has_rows(self.evidence.fixed) or has_rows(self.evidence.growing)
        if self.criterion.optional and not counted:
            return Standing(
                status=Status.NOT_APPLICABLE,
                kind=Kind.PROMOTE,
                measured=reason,
                shown="not applicable, as the plan allows",
            )
        return nothing(reason)

    def _both(self, parts: list[Standing]) -> Standing:
        """Pinned and growing evidence side by side: the worse decides, and the other one is named beside it."""
        chosen = worst(parts)
        if len(parts) == 1 or not isinstance(chosen.measured, Estimate):
            return chosen
        beside = [self._counted(part.measured) for part in parts if part is not chosen]
        note = "; ".join(text for text in (chosen.measured.note, f"beside it {', '.join(beside)}") if text)
        return replace(chosen, measured=replace(chosen.measured, note=note))

    def _counted(self, measured: Estimate | NotMeasured) -> str:
        if isinstance(measured, NotMeasured):
            return measured.reason
        counts = f"{measured.k:,} of {measured.n:,}" if measured.k is not None else f"{measured.value:.6g}"
        return f"{counts} by {measured.method}"

    def _sliced(self) -> list[tuple[Standing, SliceResult]]:
        """Each declared slice: seen, and not shown beyond its guard at alpha divided by the slices."""
        if not self.slices:
            return []
        alpha = self.criterion.alpha / len(self.slices)
        return [self._slice(name, alpha) for name in self.slices]

    def _slice(self, name: str, alpha: Fraction) -> tuple[Standing, SliceResult]:
        found: list[Standing] = []
        for grows in self._natures():
            part = by_slice(self.evidence.growing if grows else self.evidence.fixed, name)
            nowhere = f"slice {name} has no {'load or live' if grows else 'pinned'} evidence"
            found.append(
                self._stand_slice(part, grows=grows, alpha=alpha, name=name)
                if has_rows(part)
                else nothing(NotMeasured(reason=nowhere, mend=_HOW[grows]))
            )
        chosen = worst(found)
        return chosen, SliceResult(slice=name, status=chosen.status, measured=chosen.measured)

    def _stand_slice(self, every: Series, *, grows: bool, alpha: Fraction, name: str) -> Standing:
        body = body_of(self.criterion, every, every, self.frame, grows=grows)
        measured = body.estimate(alpha)
        lines = self._lines_of(name)
        for side in lines.rollback:
            if (where := body.crossed(side, alpha)) is not None:
                return Standing(
                    status=Status.ROLLBACK,
                    kind=Kind.ROLLBACK_THRESHOLD if self.stage_live else Kind.HOLD_THRESHOLD,
                    measured=measured,
                    shown=f"slice {name} {limit_said(side, self.criterion, good=False)}, {where}",
                    flip=Flip(text="Mend the cause and serve a new subject: a line once crossed stays crossed"),
                )
        for side in lines.guards or lines.promote:
            if body.shows_bad(side, alpha):
                return Standing(
                    status=Status.ALERT,
                    kind=Kind.HOLD_BELOW_TARGET,
                    measured=measured,
                    shown=f"slice {name} {limit_said(side, self.criterion, good=False)}",
                    flip=body.to_meet(side),
                )
        return Standing(status=Status.PASS, kind=Kind.PROMOTE, measured=measured)

    def _lines_of(self, name: str) -> Lines:
        """The lines as a slice is asked: where cases are compared one by one, the slice's own on both sides."""
        if not any(isinstance(each, Reference) and each.paired is not None for each in self.references.values()):
            return self.lines
        own = {
            key: replace(each, paired=each.paired.of_slice(name))
            if isinstance(each, Reference) and each.paired is not None
            else each
            for key, each in self.references.items()
        }
        return resolve(self.criterion, own)

    def _restless(self, measured: Estimate | NotMeasured) -> Standing | None:
        return unstable(
            self.criterion,
            self.lines,
            self.evidence.growing,
            self.frame,
            days=self.stable_days,
            entered_at=self.entered_at,
            measured=measured,
        )

    def _paced(self, flip: Flip) -> str:
        """The flip, with how long it takes at the pace so far, where waiting helps."""
        series = self.evidence.growing
        if flip.more is None or self._natures() != [True] or not has_rows(series):
            return flip.text
        if (size := TIME_UNITS_S.get(unit_of(self.criterion))) is not None:
            return f"{flip.text}, {days(flip.more * size)}"
        start = self.entered_at or from_micros(series.at_us[0])
        elapsed = (self.frame.now - start).total_seconds()
        if elapsed <= 0:
            return flip.text
        return f"{flip.text}, {days(flip.more * elapsed / sum(series.n))} at this pace"
