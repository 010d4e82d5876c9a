"""Every ledger heard once, record by record: what each says goes where it is counted, and nothing else is kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from sluicegate.checks import CheckConfig
from sluicegate.errors import Fault
from sluicegate.gate.counting import Channel, none_counted
from sluicegate.gate.faults import Names
from sluicegate.gate.loads import counts_for
from sluicegate.gate.measuring import Measuring
from sluicegate.gate.owntests import OwnTests, Shards
from sluicegate.gate.pinned import Pinned
from sluicegate.gate.proofs import Proof, proof_of
from sluicegate.gate.reading import UnreadableError, VoidSpan, read_entries, read_measured, read_void
from sluicegate.gate.series import Evidence
from sluicegate.gate.strays import Strays
from sluicegate.gate.trials import Trials
from sluicegate.gate.validity import Admission, Question, Relation, Run
from sluicegate.ledger.chain import Record
from sluicegate.ledger.loads import LoadAccount
from sluicegate.ledger.measurements import Measurements
from sluicegate.ledger.records import (
    Attestation,
    Checked,
    Entry,
    FileRead,
    Intent,
    Outcome,
    RunClosed,
    RunStarted,
    Shard,
    Stray,
    TestRun,
    Void,
)
from sluicegate.model import NotMeasured, Origin
from sluicegate.plan.lines import BASELINE
from sluicegate.plan.lock import LockedStage
from sluicegate.plan.types import Criterion, Drop, Ratio

__all__ = ["Hearing", "Ledger"]


_OF_TRIALS = frozenset({Intent, Outcome, Checked})
"""What most records are: a look at the type costs less than a match."""
_OURS = Relation.OURS
_TOGETHER = 16
"""Records read before the first of them is judged."""


class Ledger(Protocol):
    """A ledger as it is read: its verified records, and afterwards how it ended."""

    @property
    def head(self) -> str | None:
        """Hash of the last verified record."""
        ...

    @property
    def complete(self) -> bool:
        """Closed, undamaged, and ended as planned."""
        ...

    @property
    def broken(self) -> Fault | None:
        """The first damage."""
        ...

    def __iter__(self) -> Iterator[Record]:
        """Verified records, in order."""
        ...


class Hearing:
    """All evidence of one question, counted."""

    def __init__(self, question: Question, locked: LockedStage, config: CheckConfig) -> None:
        self._question = question
        self._config = config
        stage = question.stage
        self.pinned = Pinned(locked.suites)
        self.case_files = locked.case_files
        self.channels = [
            Channel(criterion=criterion, admission=Admission.of(criterion, question)) for criterion in stage.criteria
        ]
        self.trials = Trials(question=question, config=config, pinned=self.pinned, channels=self.channels)
        self.tests = OwnTests(locked.tests)
        self.shards = Shards()
        self.strays = Strays()
        self.runs: list[Run] = []
        self.voids: list[tuple[int, VoidSpan]] = []
        """Spans that void evidence, with the number of the run that says so."""
        self.measured_by: dict[tuple[Origin, str, str], int] = {}
        """The newest run with measurements of an origin and, of load, a profile and where it was sent."""
        self.failures = Names()
        """Records on which the judge itself failed."""
        self._proofs: list[tuple[Run, Proof]] = []
        self._compared = {name for criterion in stage.criteria for name in _references(criterion)}
        self._stages = {name: self._stage_of(name) for name in self._compared}
        self._references: dict[tuple[str, str], list[Channel]] = {}
        """Channels by stage compared with and subject that served there."""
        self._elsewhere: dict[tuple[str, str], Trials] = {}
        self._sent: set[tuple[str, str]] = set()
        """Stage and subject of every load run."""
        self._metrics = {criterion.metric.name for criterion in stage.criteria}

    def hear(self, ledgers: Sequence[Ledger], baseline: Sequence[Ledger] = ()) -> None:
        """Read every ledger once, oldest first; those recorded as the baseline before all others."""
        for number, ledger in enumerate((*baseline, *ledgers)):
            run = Run(number=number, is_baseline=number < len(baseline))
            self.runs.append(run)
            for record, entry in self._entries(ledger, run):
                try:
                    if type(entry) in _OF_TRIALS:
                        self._trial(entry, record, run)  # type: ignore[arg-type]  # one of these three
                    else:
                        self._take(entry, run)
                except UnreadableError as error:
                    self.trials.objections.unreadable.add(f"{run.name}, record {record.seq} ({record.kind}): {error}")
                except Exception as error:  # noqa: BLE001 - a fault of the judge's own holds, and hides no incident heard before it
                    self.failures.add(f"{run.name}, record {record.seq} ({record.kind}): {type(error).__name__}")
            self._end(run, ledger)
        spans, sent = [span for _, span in self.voids], {run.number for run in self.runs if run.load is not None}
        for channel in (*self.channels, *(each for found in self._references.values() for each in found)):
            channel.settle(spans, sent)

    def proofs(self) -> list[Proof]:
        """Attestations, of ledgers that are whole."""
        return [proof for run, proof in self._proofs if not run.broken]

    @property
    def stages_compared(self) -> frozenset[str]:
        """Stages that lines of this one compare with."""
        return frozenset(self._stages.values())

    def measurings(self) -> list[Measuring]:
        """Everything that measured trials: for the question, and for comparisons."""
        return [self.trials.measuring, *(trials.measuring for trials in self._elsewhere.values())]

    def references(self, criterion: Criterion, *, unscored: float | None = None) -> dict[str, Evidence]:
        """What the lines of a criterion compare with, by the name they use.

        `unscored` is what its unjudged answers count as; None leaves them out.
        """
        number = self._question.stage.criteria.index(criterion)
        found = {}
        for name in _references(criterion):
            candidates = {
                subject: channels[number]
                for (stage, subject), channels in self._references.items()
                if stage == self._stages[name] and (channels[number].last_us > -(1 << 62))
            }
            chosen = self._chosen(candidates, self._stages[name])
            place = self._stages[name]
            none = none_counted((each[number] for (at, _), each in self._references.items() if at == place), place)
            found[name] = candidates[chosen].evidence(unscored=unscored) if chosen is not None else none
            if Origin.LOAD in criterion.origins and (chosen == self._question.subject) and name == BASELINE:
                found[name].unclear = found[name].unclear or self._itself(criterion)
        return found

    def _chosen(self, candidates: Mapping[str, Channel], stage: str) -> str | None:
        """The subject compared with: of an earlier stage this one, else the latest; of a baseline the latest other one.

        A build is never worse than itself. One of which nothing counts, as of a late run, comes last.
        """
        counted = {subject: each for subject, each in candidates.items() if each.has_units} or candidates
        own = self._question.subject
        others = [(each.last_us, subject) for subject, each in counted.items() if subject != own]
        if own in counted and (stage != BASELINE or not others):
            return own
        return max(others)[1] if others else None

    def _itself(self, criterion: Criterion) -> NotMeasured | None:
        """Of load that was sent to the present build as its own baseline: nothing good is shown by that."""
        if (BASELINE, self._question.subject) not in self._sent:
            return None
        of = "" if criterion.profile is None else f" --profile {criterion.profile}"
        reason = "the baseline was measured of the very build that is judged"
        return NotMeasured(reason=reason, mend=f"Serve the build before it. Then run: sluicegate load --baseline{of}")

    def _stage_of(self, name: str) -> str:
        """`previous` is the stage before this one; everything else says itself."""
        names = [stage.name for stage in self._question.plan.stages]
        here = names.index(self._question.stage.name)
        return names[here - 1] if name == "previous" and here > 0 else name

    def _entries(self, ledger: Ledger, run: Run) -> Iterator[tuple[Record, Entry | Exception]]:
        """Records with what they say, or with what reading them raised, until the file cannot be read any further.

        Read some at a time, which costs less than reading and judging them in turn.
        """
        waiting: list[Record] = []
        measurements = Measurements.KIND
        try:
            for record in ledger:
                if record.kind == measurements and record.body.get("metric") not in self._metrics:
                    continue
                waiting.append(record)
                if len(waiting) == _TOGETHER or record.kind == measurements:
                    yield from read_entries(waiting)
                    waiting.clear()
        except OSError as error:
            run.broken = f"the ledger cannot be read to its end: {error.strerror}"
        yield from read_entries(waiting)

    def _take(self, entry: Entry | Exception, run: Run) -> None:
        if isinstance(entry, Exception):
            raise entry
        match entry:
            case Measurements():
                self._measured(entry, run)
            case RunStarted():
                self._started(entry, run)
            case RunClosed():
                _seen(entry.at, run)
            case Attestation():
                _seen(entry.at, run)
                self._proofs.append((run, proof_of(entry)))
            case LoadAccount():
                run.account = entry
            case Void() if run.relation is Relation.OURS or run.stage in self._stages.values():
                # Of what lines compare with as well: a late generator makes a slow reference.
                # What it says of its own load it says of nobody else's.
                sent = run.load is not None and entry.origin is Origin.LOAD
                self.voids.append((run.number, read_void(entry, run=run.number if sent else None)))
            case _ if run.relation is Relation.OURS:
                self._ours(entry, run)

    def _started(self, started: RunStarted, run: Run) -> None:
        try:
            run.begin(started, self._question)
        except ValueError as error:
            raise UnreadableError(str(error)) from None
        self.strays.began(run)
        if run.load is not None:
            self._sent.add((run.stage, started.subject))
        if run.relation is Relation.OURS and run.fixed:
            declared = self._question.plan.pipeline.capabilities
            for missing in sorted(declared.difference(started.capabilities)):
                self.trials.objections.incapable.add(f"{missing.value} in {run.name}")

    def _trial(self, entry: Intent | Outcome | Checked, record: Record, run: Run) -> None:
        trials = self.trials if run.relation is _OURS else self._trials_of(run)
        if trials is None:
            return
        if type(entry) is Outcome:
            trials.outcome(entry, run)
        elif type(entry) is Checked:
            trials.checked(entry, record.hash, run)
        else:
            assert isinstance(entry, Intent)  # noqa: S101 - one of the three
            if run.is_baseline and self.pinned.differs(entry.case_id, entry.case_digest):
                run.altered[entry.case_id] = None
            trials.intent(entry, run, record.body["case"] if entry.case is not None else None)

    def _trials_of(self, run: Run) -> Trials | None:
        """Where a run's trials are counted: for the question, for a comparison, or nowhere."""
        if run.relation is Relation.OURS:
            return self.trials
        if run.started is None or run.stage not in self._stages.values():
            return None
        place = (run.stage, run.started.subject)
        if place not in self._elsewhere:
            channels = self._reference_channels(*place)
            self._elsewhere[place] = Trials(
                question=self._question, config=self._config, pinned=Pinned({}), channels=channels
            )
            self._elsewhere[place].measuring.asks_as(self.pinned)
        return self._elsewhere[place]

    def _measured(self, entry: Measurements, run: Run) -> None:
        _seen(entry.recorded_at, run)
        block = read_measured(entry, run=run.number)
        for channel in self.channels:
            if channel.criterion.metric.name == block.metric and counts_for(
                channel, block, run, self._question.load_digests
            ):
                before = channel.future
                channel.measured(block)
                if channel.future > before:
                    self.trials.objections.future.add(f"{block.metric} of {block.named}")
        if block.subject == self._question.subject or block.stage in self._stages.values():
            self.measured_by[block.origin, *run.sent_as] = run.number
        if block.stage in self._stages.values():
            for channel in self._reference_channels(block.stage or "", block.subject):
                today = self._question.load_digests
                if channel.criterion.metric.name == block.metric and counts_for(channel, block, run, today):
                    channel.measured(block)

    def _reference_channels(self, stage: str, subject: str) -> list[Channel]:
        place = stage, subject
        channels = self._references.get(place)
        if channels is None:
            channels = self._references[place] = [
                Channel(criterion=criterion, admission=Admission.of_reference(criterion, self._question, place))
                for criterion in self._question.stage.criteria
            ]
        return channels

    def _ours(self, entry: Entry, run: Run) -> None:
        match entry:
            case TestRun():
                self.tests.add(entry, run)
                self.trials.measuring.reported(entry.findings)
            case Shard() if run.load is None:
                self.shards.add(entry, run)
            case FileRead():
                run.reads(entry, self._question)
            case Stray():
                self.strays.add(entry, run)
            case _:
                pass

    def _end(self, run: Run, ledger: Ledger) -> None:
        run.head, run.complete = ledger.head, ledger.complete
        if ledger.broken is not None:
            run.broken = f"{ledger.broken.where.rpartition('/')[2]}: {ledger.broken.what}"
        trials = self._trials_of(run)
        if trials is None:
            return
        try:
            trials.end(run)
        except Exception as error:  # noqa: BLE001 - as above: what was heard before still counts
            self.failures.add(f"the end of {run.name}: {type(error).__name__}")


def _seen(said: str, run: Run) -> None:
    try:
        run.seen(said)
    except ValueError as error:
        raise UnreadableError(str(error)) from None


def _references(criterion: Criterion) -> tuple[str, ...]:
    """Names a criterion's lines compare with; there is only ever one question for each."""
    lines: Iterable[object] = (criterion.promote, criterion.alert, criterion.rollback)
    return tuple(sorted({line.than for line in lines if isinstance(line, (Drop, Ratio))}))
