"""The judge: plan, lock, state and ledgers in, a verdict out; the same bytes for the same inputs.

Pure: no clock, no file, no user code. No recorded count and no recorded pass is believed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

from sluicegate.checks import CheckConfig
from sluicegate.errors import printable
from sluicegate.frozen import frozen
from sluicegate.gate.account import SuiteAccount
from sluicegate.gate.causes import against_said, causes_said, crash_mended, incidents_said
from sluicegate.gate.commands import aside_said, rollback_said, typed, typed_result, unreached_said
from sluicegate.gate.completeness import completeness_said
from sluicegate.gate.counting import Channel
from sluicegate.gate.criteria import judge_criterion
from sluicegate.gate.hearing import Hearing, Ledger
from sluicegate.gate.loads import loads_said, loads_shown
from sluicegate.gate.memory import entered_at, remembered, state_said, taken_back
from sluicegate.gate.notes import notes_said
from sluicegate.gate.order import led_on, ordered, rounded
from sluicegate.gate.proofs import bake_said, proofs_said, stale_said
from sluicegate.gate.results import raised_result, said_of_result
from sluicegate.gate.runs import (
    attempt_heads,
    attempts_said,
    cases_read_said,
    files_read,
    objections_said,
    older_said,
    runs_said,
)
from sluicegate.gate.second_look import looked_again
from sluicegate.gate.validity import Question
from sluicegate.gate.wording import count_of
from sluicegate.ledger.state import StateView
from sluicegate.model import (
    CriterionResult,
    Decision,
    Kind,
    NotMeasured,
    Origin,
    Reason,
    Verdict,
    rfc3339,
)
from sluicegate.plan.lock import Lock, LockedStage
from sluicegate.plan.types import Confirmed, MetricKind

__all__ = ["judge"]


def judge(
    question: Question,
    *,
    lock: Lock,
    state: StateView | None,
    ledgers: Sequence[Ledger],
    baseline: Sequence[Ledger] = (),
    subject_parts: Mapping[str, str],
    engine: str,
    config: CheckConfig,
) -> Verdict:
    """The verdict on leaving the question's stage with its subject.

    Args:
        question: what is to be decided, as of when; when the stage was entered is told by `state`.
        lock: what must have run.
        state: the state file as it is; None when the plan names none.
        ledgers: every ledger of this rollout that may matter, oldest first; read here, once.
        baseline: those of the run that was recorded as the baseline, where a line compares with it.
        subject_parts: shown in the verdict.
        engine: version of Sluicegate.
        config: contracts, tools and capabilities for judging built-in checks again.

    Returns:
        A verdict, whatever the evidence holds.

    """
    stage = question.stage
    if not question.rerun:
        rerun = ("sluicegate", "gate", str(question.plan.path), "--stage", stage.name, *question.kept, "--case")
        question = replace(question, rerun=rerun)
    question, memory_fault = remembered(question, state)
    hearing = Hearing(question, lock.stages.get(stage.name, LockedStage()), config)
    hearing.hear(ledgers, baseline)
    bench = _Bench(question=question, lock=lock, state=state, hearing=hearing, memory_fault=memory_fault)
    results = tuple(bench.criterion(channel) for channel in hearing.channels)
    suites = hearing.trials.account.suite_accounts()
    reasons = bench.reasons_in_order(results, suites)
    return bench.verdict(results, suites, reasons, subject_parts=subject_parts, engine=engine)


@frozen
class _Bench:
    """One question with everything that was heard."""

    question: Question
    lock: Lock
    state: StateView | None
    hearing: Hearing
    memory_fault: str

    def criterion(self, channel: Channel) -> CriterionResult:
        """One criterion judged; what raises holds, and never hides an incident."""
        try:
            result = looked_again(channel, self._judged(channel), partial(self._judged, channel))
        except Exception as error:  # noqa: BLE001 - a fault of the judge's own is a hold, whatever it is
            result = raised_result(channel.criterion, type(error).__name__)
        return typed_result(rounded(result), self.question)

    def _judged(self, channel: Channel, *, with_lost: bool = True, unscored: float | None = None) -> CriterionResult:
        criterion, stage, plan = channel.criterion, self.question.stage, self.question.plan
        return judge_criterion(
            criterion,
            channel.evidence(with_lost=with_lost, unscored=unscored),
            stage_live=stage.exposure.live,
            references=self.hearing.references(criterion, unscored=None if unscored is None else 1 - unscored),
            slice_names=plan.slices.get(criterion.slices, ()) if criterion.slices is not None else (),
            timezone=plan.timezone,
            stable_days=stage.stable_days,
            entered_at=self.question.entered_at,
            now=self.question.now,
        )

    def reasons_in_order(self, results: Sequence[CriterionResult], suites: list[SuiteAccount]) -> tuple[Reason, ...]:
        """Everything that keeps this stage from being left, by the order of evaluation: the first one decides."""
        runs, question = self.hearing.runs, self.question
        reasons = tuple(typed(reason, question) for reason in ordered(self._reasons(results, suites)))
        if reasons and (nobody := unreached_said(runs, reasons[0].kind, question)) is not None:
            reasons = (nobody, *reasons)
        if reasons and (older := older_said(runs, reasons[0].kind, question)) is not None:
            # Said first: as long as it stands, mending anything else moves nothing.
            reasons = (older, *reasons)
        if not reasons:
            return (aside_said(question),) if question.aside else ()
        if self.state and taken_back(self.state, question.stage.name, question.subject):
            return led_on(reasons)
        return led_on((rollback_said(reasons[0], question), *reasons[1:]))

    def _reasons(self, results: Sequence[CriterionResult], suites: list[SuiteAccount]) -> Iterator[Reason]:
        question, hearing = self.question, self.hearing
        first = question.plan.stages[0].name == question.stage.name
        last = None
        if not self.memory_fault:
            last = entered_at(self.state, question.stage, question.subject, now=question.now, last=True)
        parts: tuple[Callable[[], Iterator[Reason]], ...] = (
            *(partial(self._criterion_reasons, *each) for each in zip(hearing.channels, results, strict=True)),
            self._loose_incidents,
            lambda: causes_said(results, hearing.trials.measuring.causes, question),
            self._apparatus,
            lambda: runs_said(hearing.runs, question, pinned=self._pinned_trials(), compared=hearing.stages_compared),
            lambda: attempts_said(hearing.runs, self.state, question),
            lambda: objections_said(hearing.trials.objections),
            lambda: state_said(self.state, question, first=first),
            lambda: cases_read_said(hearing.runs, question, hearing.case_files),
            self._loads,
            lambda: completeness_said(hearing, question, suites),
            lambda: proofs_said(hearing.proofs(), question),
            lambda: bake_said(question, last),
        )
        for part in parts:
            try:
                yield from part()
            except Exception as error:  # noqa: BLE001 - a fault of the judge's own is a hold, beside all other reasons
                text = f"judging raised {type(error).__name__}."
                yield Reason(kind=Kind.HOLD_INCOMPLETE, about="judge", text=text, mend="Report it with the ledger.")

    def _loads(self) -> Iterator[Reason]:
        """Of cases that were run by themselves nothing is asked that only load could show."""
        if not self.question.aside:
            hearing = self.hearing
            void = {number for number, _ in hearing.voids}
            wrong = hearing.trials.uncounted.loads
            yield from loads_said(hearing.runs, self.question, compared=hearing.stages_compared, wrong=wrong, void=void)

    def _pinned_trials(self) -> dict[Origin, int]:
        """How many trials of each pinned origin this stage asks for."""
        asked = {origin for criterion in self.question.stage.criteria for origin in criterion.origins}
        found = self.hearing.trials.origins.trials()
        requires = self.question.stage.requires
        if requires.tests:
            asked.add(Origin.SUITE)
        return {origin: found.get(origin, 0) for origin in asked | found.keys() if not origin.grows}

    def _apparatus(self) -> Iterator[Reason]:
        """The lock belongs to the plan, the models to the subject."""
        if self.lock.plan_digest != self.question.plan.digest:
            text = "the lock was written for another plan than this one."
            yield Reason(kind=Kind.HOLD_INVALID_EVIDENCE, about="lock", text=text, mend="Run: sluicegate plan lock")
        if self.memory_fault:
            yield Reason(kind=Kind.HOLD_NO_STATE, about="state", text=printable(self.memory_fault))
        named = self.question.plan.subject.models
        strangers = sorted(self.hearing.trials.models.difference(named)) if named else []
        if strangers:
            text = f"calls went to {', '.join(strangers[:10])}, and the subject names {', '.join(named)}."
            mend = "Name every model under subject: models:, or stop calling it."
            yield Reason(kind=Kind.HOLD_INVALID_EVIDENCE, about="models", text=printable(text), mend=mend)

    def _criterion_reasons(self, channel: Channel, result: CriterionResult) -> Iterator[Reason]:
        criterion = channel.criterion
        tolerates_none = criterion.metric.zero_tolerance or isinstance(criterion.rollback, Confirmed)
        confirmed, suspected = channel.confirmed, channel.suspected
        if tolerates_none:
            yield from incidents_said(confirmed, self._incident_kind, criterion.metric.name, self.question)
        yield from incidents_said(suspected, Kind.HOLD_SUSPECT, criterion.metric.name, self.question)
        asked = not self.question.aside or criterion.origins != (Origin.LOAD,)
        if result.kind.row < 12 and asked:
            yield Reason(kind=result.kind, about=result.metric, text=said_of_result(result), mend=result.flip)
        measuring, metric = self.hearing.trials.measuring, criterion.metric
        is_share = metric.kind is MetricKind.PROPORTION
        checked = is_share and (metric.measured_by == "builtin" or metric.check is not None)
        named = {finding.case_id for finding in measuring.findings.findings} if checked else ()
        yield from against_said(channel.against, result, named, self.question)
        yield from stale_said(channel, self.question)
        if channel.unmeasured and result.kind.row > 6 and not criterion.optional:
            why = channel.unmeasured_why or NotMeasured(reason="no number")
            text = printable(f"{count_of(channel.unmeasured, 'trial')} carry no number: {why.reason}.")
            mend = (crash_mended(self.hearing.trials.measuring.causes) if "crashed" in why.mend else "") or why.mend
            yield Reason(kind=Kind.HOLD_INCOMPLETE, about=result.metric, text=text, mend=mend)

    @property
    def _incident_kind(self) -> Kind:
        return Kind.ROLLBACK_INCIDENT if self.question.stage.exposure.live else Kind.HOLD_INCIDENT

    def _loose_incidents(self) -> Iterator[Reason]:
        """Incidents that no criterion reads: of zero-tolerance checks, and those that rest on a word."""
        measuring = self.hearing.trials.measuring
        yield from incidents_said(measuring.incidents, self._incident_kind, "", self.question)
        yield from incidents_said(measuring.suspects, Kind.HOLD_SUSPECT, "", self.question)

    def verdict(
        self,
        results: tuple[CriterionResult, ...],
        suites: list[SuiteAccount],
        reasons: tuple[Reason, ...],
        *,
        subject_parts: Mapping[str, str],
        engine: str,
    ) -> Verdict:
        """The verdict, bound to what it was decided on."""
        question, hearing = self.question, self.hearing
        following = question.plan.next_stage(question.stage.name)
        kind = reasons[0].kind if reasons else (Kind.COMPLETE if following is None else Kind.PROMOTE)
        findings = hearing.trials.measuring.findings
        shown = [account.result for account in suites if account.checks]
        if question.stage.requires.tests:
            shown.append(hearing.tests.result())
        return Verdict(
            plan=question.plan.name,
            decision=kind.decision,
            kind=kind,
            reasons=reasons or (self._passed(kind, results, suites),),
            from_stage=question.stage.name,
            to_stage=None if following is None else following.name,
            attempt=self._attempt(),
            subject=question.subject,
            apparatus=question.apparatus,
            plan_digest=question.plan.digest,
            lock_digest=question.lock_digest,
            previous_verdict=self.state.verdicts[-1].hash if self.state is not None and self.state.verdicts else None,
            state_head=None if self.state is None else self.state.head,
            evidence_heads=tuple(run.head for run in hearing.runs if run.head is not None),
            attempt_heads=attempt_heads(hearing.runs, question),
            issued_at=rfc3339(question.now),
            valid_until=rfc3339(question.now + timedelta(seconds=question.plan.valid_for_s)),
            engine=engine,
            criteria=results,
            suites=tuple(shown),
            counts=hearing.trials.account.counts(),
            findings=findings.findings,
            findings_total=findings.total,
            rollback_steps=question.stage.rollback.steps if kind.decision is Decision.ROLLBACK else (),
            notes=tuple(notes_said(hearing, question, self.state, suites=suites, results=results, kind=kind)),
            subject_parts=dict(subject_parts),
            loads=loads_shown(hearing.runs, question),
            files_read=files_read(hearing.runs),
        )

    def _passed(self, kind: Kind, results: Sequence[CriterionResult], suites: list[SuiteAccount]) -> Reason:
        checks = sum(account.result.planned for account in suites if account.checks)
        text = f"{count_of(len(results), 'criterion').replace('criterions', 'criteria')} met"
        if checks:
            text += f", {count_of(checks, 'check')} run, none failed beyond what the plan allows"
        return Reason(kind=kind, about=self.question.stage.name, text=f"{text}.")

    def _attempt(self) -> int:
        """Of the newest pinned run of this stage and subject, else as the state says, else the first."""
        ours = [run.started.attempt for run in self.hearing.runs if run.ours_fixed and run.started is not None]
        if ours:
            return ours[-1]
        noted = [] if self.state is None else self.state.attempts
        here = (self.question.stage.name, self.question.subject)
        return next((item.attempt for item in reversed(noted) if (item.stage, item.subject) == here), 1)
