"""Trials judged from their recorded bytes: each outcome once, with only those in memory that wait for their results."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from sluicegate.checks import CHECKS, CheckConfig, CheckOutcome, Result, run_check
from sluicegate.checks.effects import kinds_seen
from sluicegate.checks.message_ids import own_ids
from sluicegate.gate.account import Account
from sluicegate.gate.again import Again
from sluicegate.gate.asking import Asking, Sample, Told
from sluicegate.gate.counting import Channel
from sluicegate.gate.faults import Objections
from sluicegate.gate.measuring import Judged, Measuring
from sluicegate.gate.origins import Origins
from sluicegate.gate.pinned import Pinned
from sluicegate.gate.reading import micros
from sluicegate.gate.twins import Twins
from sluicegate.gate.uncounted import Uncounted, is_unasked
from sluicegate.gate.validity import SKEW, Question, Relation, Run
from sluicegate.gate.waiting import UNTOLD, Held, Waiting, nobody_answered, out_of_reach, said_of, self_reported, worse
from sluicegate.ledger.records import Checked, Intent, Outcome
from sluicegate.model import Case, Crash, CrashKind, Json, Output, Trial, canonical, digest_bytes, to_micros
from sluicegate.model.often import maker

__all__ = ["Trials"]

_WAITING = 256
"""Outcomes kept until their results arrive; past it the eldest is judged in full, without them."""
_WAITING_FOR_TESTS = 50_000
"""The same where a criterion reads a user's own check, whose results come from tests, long after the outcomes."""


class Trials:
    """Takes intents, outcomes and results in the order recorded, and hands every judged trial on to be measured."""

    def __init__(self, *, question: Question, config: CheckConfig, pinned: Pinned, channels: Sequence[Channel]) -> None:
        self._question = question
        self._config = config
        self._pinned = pinned
        self.account = Account(pinned)
        self.objections = Objections()
        self.measuring = Measuring(channels, pinned, config, question.load_digests)
        self.inapplicable: defaultdict[str, Counter[str]] = defaultdict(Counter)
        """Why checks of a suite do not apply, and how often."""
        self.uncounted = Uncounted(self.measuring)
        """What went wrong in pinned trials and no criterion of the stage counts."""
        self.twins = Twins(pinned)
        self.again = Again(self.objections.contradicted)
        """Jobs that came in two requests."""
        self.models: set[str] = set()
        """Models seen at the boundary."""
        self.faulted: set[str] = set()
        """Models that scripts of the cases make fail by name."""
        self.crashes: Counter[str] = Counter()
        """Trials of pinned evidence that crashed, by the kind of their first crash."""
        self.doubles: set[str] = set()
        """Kinds of doubles that saw anything: model, tool, retriever …; and `effect`, of a message delivered again."""
        self._latest_us = to_micros(question.now + SKEW)
        self._asking = Asking(pinned, self.measuring.own_checks, question.stage, self.measuring.strict)
        self._sample = Sample(seed=question.plan.seed, trials=pinned.trials)
        self.origins = Origins(pinned)
        self._held: dict[str, Held] = {}
        self._begun: dict[tuple[str, int], Intent] = {}
        self._ended = bytearray(pinned.trials)
        self._ended_elsewhere: set[tuple[str, int]] = set()
        self._waiting: dict[tuple[str, int], Waiting] = {}
        self._most_waiting = _WAITING_FOR_TESTS if self.measuring.own_checks else _WAITING
        self._answers: dict[tuple[str, int], dict[str, str]] = {}
        """Of trials judged before their results came."""

    def intent(self, intent: Intent, run: Run, said: Json = None) -> None:
        """A trial begins. One that begins again before it ended was lost, and stays so.

        `said` is the case as the record has it, which is read quicker than the case is written again.
        """
        key = (intent.case_id, intent.repeat)
        if intent.case is not None:
            self._held[intent.case_id] = self._hold(intent, intent.case, said, run)
        if (before := self._begun.get(key)) is not None:
            self._lose(before, run)
        self._begun[key] = intent

    def outcome(self, outcome: Outcome, run: Run) -> None:
        """A trial ended. Raises UnreadableError for a time that is none."""
        key = (outcome.case_id, outcome.repeat)
        at_us = micros(outcome.at)
        intent = self._begun.pop(key, None)
        number = self._trial(*key)
        if self._has_ended(key, number):
            self.objections.repeated.add(said_of(*key))
        elif intent is None:
            self.objections.unannounced.add(said_of(*key))
        held = self._held.get(outcome.case_id)
        if held is None:
            return
        held.left -= 1
        if held.left <= 0:
            del self._held[outcome.case_id]
        if key in self._waiting:
            self._judge(self._waiting.pop(key))
        self._waiting[key] = Waiting(
            held=held, outcome=outcome, number=number, at_us=at_us, run=run, results=UNTOLD, scores=UNTOLD
        )
        if len(self._waiting) > self._most_waiting:
            self._judge(self._waiting.pop(next(iter(self._waiting))))

    def checked(self, checked: Checked, challenge: str, run: Run) -> None:
        """Results of a trial, of this run or, when checks were done again, of an earlier one."""
        key = (checked.case_id, checked.repeat)
        waiting = self._waiting.get(key)
        found = checked.findings
        own = [self_reported(item) for item in found if checked.self_reported or item.check not in CHECKS]
        if waiting is None:
            self._late(key, checked, run)
            self.measuring.reported(own)
            return
        waiting.told(checked.results, own, challenge)
        if checked.scores:
            waiting.scored(checked.scores)
        told = self._asking.told(waiting.held.number, waiting.results)
        if told.whole:
            del self._waiting[key]
            self._judge(waiting, told)

    def end(self, run: Run) -> None:
        """The run has no more records: what waits is judged in full, what began and did not end is lost."""
        for waiting in self._waiting.values():
            self._judge(waiting)
        self._waiting.clear()
        # Of a damaged ledger nobody can say whether the trial was lost, or only its record.
        for intent in () if run.broken else self._begun.values():
            self._lose(intent, run)
        self._begun.clear()
        self._held.clear()
        self._ended = bytearray(self._pinned.trials)
        self._ended_elsewhere.clear()

    def _hold(self, intent: Intent, case: Case, said: Json, run: Run) -> Held:
        number, load = self._pinned.case(intent.case_id), run.load
        sound = case.id == intent.case_id
        if number is not None and run.fixed:
            pinned = self._pinned.digest(number)
            # JSON of the pinned digest is the pinned case; else it may be, written in more words than it needs.
            sound = sound and intent.case_digest == pinned
            sound = sound and (digest_bytes(canonical(said)) == pinned or case.digest() == pinned)
        left = 1 if number is None else self._pinned.repeats[number]
        left = _NO_END if load is not None else left
        own = own_ids(case) if load is not None and load.own_ids else None
        asked = number if case.id == intent.case_id else self._pinned.case(case.id)
        return Held(case=case, number=asked, sound=sound, left=left, own=own)

    def _has_ended(self, key: tuple[str, int], trial: int | None) -> bool:
        """Whether this trial has an outcome in this run already; from now on it has."""
        if trial is None:
            before = key in self._ended_elsewhere
            self._ended_elsewhere.add(key)
            return before
        before, self._ended[trial] = bool(self._ended[trial]), 1
        return before

    def _trial(self, case_id: str, repeat: int) -> int | None:
        return None if (case := self._pinned.case(case_id)) is None else self._pinned.trial(case, repeat)

    def _judge(self, waiting: Waiting, told: Told | None = None) -> None:
        outcome, run, number, case = waiting.outcome, waiting.run, waiting.number, waiting.held.number
        trial = outcome.trial(waiting.held.case_of(outcome.run_id))
        if trial.observations or trial.outputs[-1].mail is not None:
            self._seen(trial, run)
        fixed, load = run.fixed, run.load
        if waiting.at_us > self._latest_us:
            self.objections.future.add(said_of(outcome.case_id, outcome.repeat))
        if fixed and run.relation is _OURS and (number is None or not waiting.held.sound):
            self._forgo(waiting, trial)
            return
        told = told or self._asking.told(case, waiting.results)
        ours = self._ours(trial, waiting, told)
        otherwise = self._otherwise(trial, ours, waiting)
        results = {**waiting.results, **otherwise} if otherwise else waiting.results
        erred = trial.crashed
        crashed = erred and trial.failed
        is_bad = crashed or ("fail" in results.values() if otherwise else told.failed)
        if load is not None and self.again.is_again(run, outcome.run_id, trial, is_bad=is_bad):
            return
        if fixed and number is not None:
            self._enter(number, results, waiting, crashed=crashed)
            if crashed and run.stands:
                self.crashes[next(output.error.kind.value for output in trial.outputs if output.error is not None)] += 1
            run.failed += is_bad
            run.asked += 1
            if erred:
                run.unreached += nobody_answered(trial)
        judged = _judged(
            trial=trial,
            case=case,
            at_us=waiting.at_us,
            results=results,
            ours=ours,
            origins=self.origins.of(case, run),
            reported=waiting.findings,
            scores=waiting.scores,
            run=run,
            behind_ms=outcome.behind_ms if load is not None else 0.0,
        )
        lost = erred and (fixed or load is not None) and out_of_reach(trial)
        self.measuring.trial(judged, lost=lost)
        if fixed and number is not None and (is_bad or trial.case.expect.arms):
            self._note(number, judged, is_bad=is_bad, lost=lost)
        if load is not None:
            self.uncounted.under_load(judged, is_bad=is_bad and not lost)

    def _forgo(self, waiting: Waiting, trial: Trial) -> None:
        """A trial of a case that is not pinned as it was asked here."""
        run, said = waiting.run, said_of(trial.case.id, trial.repeat)
        if "lock" not in run.differs:  # under another lock it was pinned; today it is another case's
            (self.objections.unpinned if waiting.number is None else self.objections.altered).add(said)
        elif waiting.failed(trial, self._config):
            run.forgone.add(said)
        self.measuring.foreign(trial)

    def _note(self, number: int, judged: Judged, *, is_bad: bool, lost: bool) -> None:
        """What a criterion counts of a bad trial, and what none does; and which arm one with arms was of."""
        if is_bad:
            self.uncounted.forgive(self.account, number, judged, lost=lost)
        if judged.run.stands:
            self.twins.note(judged.trial)
            if is_bad:
                self.uncounted.note(judged)

    def _seen(self, trial: Trial, run: Run) -> None:
        if run.load is None:  # what load called says nothing of the cases that suites need
            self.doubles |= kinds_seen(trial, self._config.tools)
            self.faulted.update(fault.model for fault in trial.case.given.faults if fault.model is not None)
        self.models.update(item.action for item in trial.observations if item.double == "model")

    def _ours(self, trial: Trial, waiting: Waiting, told: Told) -> dict[str, CheckOutcome]:
        """Built-in checks as the judge finds them: every strict one, every failure, a sample of the rest."""
        run, number = waiting.run, waiting.held.number
        if run.relation is not _OURS:
            return {}
        asked = None
        if run.load is not None:
            struck = bool(trial.case.given.faults)
            asked = self._asking.under_load(number, struck=struck, answered=not trial.failed)
        everything = bool(run.differs) or not told.results or self._sample.takes(waiting.challenge)
        again = self._asking.again(number, told, asked, everything=everything)
        return {name: run_check(check, trial, self._config) for name, check in again}

    def _otherwise(self, trial: Trial, ours: Mapping[str, CheckOutcome], waiting: Waiting) -> dict[str, str]:
        """Results that the judge finds otherwise than they are recorded, or cannot find."""
        recorded = waiting.results
        otherwise: dict[str, str] = {}
        for name, found in ours.items():
            result = found.result
            if recorded.get(name) != result or result is _ERROR:
                self._compare(trial, name, found, waiting)
                otherwise[name] = result.value
            if result is _NOT_APPLICABLE and waiting.run.load is None:
                self.inapplicable[CHECKS[name].suite][found.reason] += 1
        return otherwise

    def _compare(self, trial: Trial, name: str, ours: CheckOutcome, waiting: Waiting) -> None:
        where = f"{name} of {said_of(trial.case.id, trial.repeat)}"
        recorded = waiting.results.get(name)
        if ours.result.value == "error":
            # A check that raised is ours to mend; one that lacks something says what, and that is the user's.
            lacking = not ours.reason.startswith("the check raised ")
            load = waiting.run.load
            asked = load is None or self._asking.must_answer(name, load)
            if not lacking or (asked and not (waiting.run.stands and trial.failed and is_unasked(trial))):
                (self.objections.unjudged if lacking else self.objections.raised).add(f"{where} ({ours.reason})")
        elif recorded not in (None, ours.result.value) and not waiting.run.differs:
            self.objections.contradicted.add(f"{where} (recorded {recorded}, found {ours.result.value})")

    def _enter(self, number: int, results: Mapping[str, str], waiting: Waiting, *, crashed: bool) -> None:
        """Into the account; what nobody recorded counts only where it fails."""
        recorded, stands, said = waiting.results, waiting.run.stands, results
        if stands:
            self.account.outcome(number, crashed=crashed)
        if len(results) > len(recorded):
            said = {name: result for name, result in results.items() if name in recorded or result == "fail"}
        self.account.results(number, said, failures_only=not stands)
        if len(said) < len(results) and stands:
            self._answers[waiting.outcome.case_id, waiting.outcome.repeat] = dict(results)

    def _late(self, key: tuple[str, int], checked: Checked, run: Run) -> None:
        """Results that come after their outcome was judged: compared with the judge's own."""
        number = self._trial(*key)
        if number is None or not run.fixed:
            return
        answers = self._answers.pop(key, None)
        if answers is None:
            if run.stands and not self.account.has_outcome(number):
                self.objections.unannounced.add(f"results of {said_of(*key)}")
            self.account.results(number, checked.results, failures_only=True)
            return
        for name, recorded in checked.results.items():
            if answers.get(name, recorded) not in (recorded, "error"):
                where = f"{name} of {said_of(*key)}"
                self.objections.contradicted.add(f"{where} (recorded {recorded}, found {answers[name]})")
        agreed = {name: worse(answers.get(name), result) for name, result in checked.results.items()}
        self.account.results(number, agreed)
        if rest := {name: result for name, result in answers.items() if name not in agreed}:
            self._answers[key] = rest

    def _lose(self, intent: Intent, run: Run) -> None:
        """A trial that began and never ended is a crash for ever."""
        held = self._held.get(intent.case_id)
        number = self._trial(intent.case_id, intent.repeat)
        if run.relation is not _OURS:
            return
        if run.fixed and number is None:
            if "lock" in run.differs:
                run.forgone.add(said_of(intent.case_id, intent.repeat))
            return
        if run.fixed and number is not None:
            self.account.lost(number)
            run.failed += 1
        else:
            self.objections.lost.add(said_of(intent.case_id, intent.repeat))
        if held is None or not held.sound:
            return
        crash = Output(error=Crash(kind=CrashKind.DIED, message="the trial began and never ended"))
        trial = Trial(case=held.case, repeat=intent.repeat, outputs=(crash,))
        judged = Judged(
            trial=trial,
            case=held.number,
            at_us=to_micros(run.at) if run.at is not None else 0,
            results=dict.fromkeys(self._asking.of(held.number).names, "fail"),
            ours={},
            origins=self.origins.of(held.number, run),
            reported=(),
            scores={},
            run=run,
        )
        self.measuring.trial(judged, lost=True)


_NO_END = 1 << 62
"""A load run asks one case as often as it can, and says it once."""
# Asking an enumeration for a member costs ten times what a name does.
_OURS, _ERROR, _NOT_APPLICABLE = Relation.OURS, Result.ERROR, Result.NOT_APPLICABLE
_judged = maker(Judged)
