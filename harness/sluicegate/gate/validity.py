"""Which evidence counts: every run and every unit is valid, void or foreign before anything is counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum, auto

from sluicegate.frozen import frozen
from sluicegate.gate.faults import Names
from sluicegate.gate.reading import Measured, Rows
from sluicegate.ledger.loads import LoadAccount, LoadRun
from sluicegate.ledger.records import FileRead, RunStarted
from sluicegate.model import Origin, Provenance, parse_time, to_micros
from sluicegate.plan.lines import BASELINE
from sluicegate.plan.types import Criterion, Plan, Stage

__all__ = ["SKEW", "Admission", "Admitted", "Question", "Relation", "Run"]

SKEW = timedelta(seconds=60)
"""How far clocks may disagree; what is stamped later than that was not measured yet."""

_EARLIEST = -(1 << 62)
_ANY_STAGE = ""
"""What a recording names that says its stage row by row, or not at all."""


@frozen
class Question:
    """What is to be decided, and as of when."""

    plan: Plan
    """The whole rollout."""
    stage: Stage
    """The one to leave."""
    subject: str
    """Digest of what serves now."""
    apparatus: str
    """Digest of what measures."""
    lock_digest: str
    """SHA-256 of the lock."""
    now: datetime
    """The moment of judgement, with a zone."""
    entered_at: datetime | None = None
    """When this subject entered this stage; None before any state says so."""
    asked_at: datetime | None = None
    """What the clock said, where it is behind the last record of the state file; `now` is that record's time then."""
    content_of: Callable[[str], str] = lambda _: ""
    """What a file under the plan's folder holds now; what nobody can tell is not what it was."""
    rerun: tuple[str, ...] = ()
    """Words of the command that runs one case again, whose id comes last; the gate command where none is given."""
    kept: tuple[str, ...] = ()
    """Words that name the folder of the evidence, `--evidence DIR`; none where it is the usual one."""
    load_digests: Mapping[str, str] = field(default_factory=dict)
    """What each load profile asks today; a run of another digest was another load."""
    aside: bool = False
    """Whether the evidence was kept apart from the stage's own, as that of single cases is."""
    remembered: frozenset[str] = frozenset()
    """Last records of ledgers of this stage and subject, as earlier verdicts name them."""
    lost: frozenset[str] = frozenset()
    """Of these the ones that no ledger holds any more."""
    stays: Mapping[tuple[str, str], tuple[tuple[int, int], ...]] = field(default_factory=dict)
    """By stage and subject: from when until when it stood there, in microseconds; none where no entry is recorded."""


class Relation(Enum):
    """What a run's evidence is to the question."""

    OURS = auto()
    """This subject at this stage."""
    ELSEWHERE = auto()
    """Another stage or subject: foreign, unless a line compares with it."""
    UNKNOWN = auto()
    """Nobody can say: the run does not begin as runs do."""


_OURS = Relation.OURS


@dataclass(slots=True, kw_only=True)
class Run:
    """One ledger: what it said of itself, and how it ended."""

    number: int
    """Place among the ledgers given, oldest first."""
    started: RunStarted | None = None
    relation: Relation = Relation.UNKNOWN
    stage: str = ""
    """Where it was; a run that was recorded as the baseline was there, wherever it ran."""
    is_baseline: bool = False
    altered: dict[str, None] = field(default_factory=dict)
    """Of a baseline: cases that have another content today."""
    here: bool = True
    """About this stage, or, as a recording may be, about no stage in particular."""
    at: datetime | None = None
    until: datetime | None = None
    """The latest time that it says of itself."""
    differs: tuple[str, ...] = ()
    """Parts of the apparatus that are not today's: plan, lock, apparatus."""
    read: dict[str, str | None] = field(default_factory=dict)
    """Files that the pipeline read and the subject does not name, with what they held; None for its own."""
    changed: tuple[str, ...] = ()
    """Of these the ones that hold something else today."""
    stale: bool = False
    fixed: bool = False
    """Its outcomes are pinned evidence, which a change of apparatus or time makes unusable."""
    head: str | None = None
    complete: bool = False
    broken: str = ""
    faults: list[str] = field(default_factory=list)
    """Records that could not be read."""
    failed: int = 0
    """Trials that crashed, were lost or failed a check."""
    asked: int = 0
    """Pinned trials with an outcome."""
    forgone: Names = field(default_factory=lambda: Names(1))
    """Trials that failed in cases that its lock pinned, and today's does not pin as they were."""
    unreached: int = 0
    """Of them, those where nobody answered: no connection, or a process that ended."""
    load: LoadRun | None = None
    """Of a run of the plan's own load: which profile."""
    account: LoadAccount | None = None
    """Of a load run: what became of its requests."""

    @property
    def sent_as(self) -> tuple[str, str]:
        """Profile and stage of a load run, or the baseline in its place: a later run of the same makes up for it."""
        return ("", "") if self.load is None else (self.load.profile, self.stage)

    @property
    def name(self) -> str:
        """How a reason names this run."""
        if self.started is None:
            return f"ledger {self.number + 1}"
        if self.started.load is not None:
            return f"load run {self.started.attempt} ({self.started.load.profile}, {self.started.at})"
        return f"attempt {self.started.attempt} ({self.started.origin.value}, {self.started.at})"

    @property
    def other(self) -> str:
        """What was another one when this run measured: `plan and lock`, `engine or case files`; empty for nothing."""
        named = [name for name in self.differs if name != "apparatus"]
        return " and ".join(named) or ("engine, case files or own scorers" if self.differs else "")

    @property
    def ours_fixed(self) -> bool:
        """Pinned evidence of this subject at this stage, whatever else is wrong with it."""
        return self.relation is Relation.OURS and self.fixed

    @property
    def found(self) -> list[str]:
        """Of the files that were read the ones that were there, and are not its own."""
        return [path for path, was in self.read.items() if was not in (None, FileRead.ABSENT)]

    @property
    def stands(self) -> bool:
        """Whether a pass in this run is one today; failures and incidents count from every run of the subject."""
        return self.relation is _OURS and not (self.differs or self.changed or self.stale)

    def seen(self, said: str) -> None:
        """Take when one of its records was written. Raises ValueError for a time that is none."""
        at = parse_time(said)
        self.until = at if self.until is None else max(self.until, at)

    def reads(self, entry: FileRead, question: Question) -> None:
        """Take what the pipeline read; of a file that it writes itself nothing more is asked."""
        if self.read.get(entry.path, "") is not None:
            self.read[entry.path] = entry.content
        others = tuple(path for path in self.changed if path != entry.path)
        was = self.read[entry.path]
        is_other = was is not None and question.content_of(entry.path) != was
        self.changed = (*others, entry.path) if is_other else others

    def begin(self, started: RunStarted, question: Question) -> None:
        """Take what the run says of itself. Raises ValueError for a time that is none."""
        self.at = parse_time(started.at)
        self.seen(started.at)
        self.started, self.load = started, started.load
        self.fixed = not started.origin.grows
        self.stage = BASELINE if self.is_baseline else started.stage
        stages = (question.stage.name, _ANY_STAGE) if started.origin.grows else (question.stage.name,)
        self.here = self.stage in stages
        ours = self.here and started.subject == question.subject
        self.relation = Relation.OURS if ours else Relation.ELSEWHERE
        said = (started.plan_digest, started.lock_digest, started.apparatus)
        today = (question.plan.digest, question.lock_digest, question.apparatus)
        names = ("plan", "lock", "apparatus")
        self.differs = tuple(name for name, was, now in zip(names, said, today, strict=True) if was != now)
        age = question.now - self.at
        self.stale = self.fixed and (age > timedelta(seconds=question.plan.max_evidence_age_s) or age < -SKEW)


@frozen
class Admitted:
    """What one block of measurements gives to one criterion."""

    rows: Rows | None = None
    void: int = 0
    foreign: int = 0
    future: int = 0
    """Units stamped later than now; part of void."""


@frozen
class Admission:
    """What one criterion counts."""

    origins: frozenset[Origin]
    provenances: frozenset[str]
    subject: str | None
    """None where a line compares with whatever served then."""
    stage: str
    from_us: int
    until_us: int
    """Younger units have not matured yet."""
    now_us: int
    """The latest time that can have been, clocks being what they are."""
    stays: tuple[tuple[int, int], ...] = ()
    """Of a reference: live units count while its subject stood at its stage, where that is known."""

    @classmethod
    def of(cls, criterion: Criterion, question: Question) -> Admission:
        """What counts for a criterion at the stage in question: all since stage entry.

        The criterion's window is for its statistics to apply: a line crossed before the window stays crossed.
        """
        start = _EARLIEST if question.entered_at is None else to_micros(question.entered_at)
        return cls._made(criterion, question, question.subject, question.stage.name, start)

    @classmethod
    def of_reference(cls, criterion: Criterion, question: Question, place: tuple[str, str]) -> Admission:
        """What counts of the stage or baseline that a criterion compares with, and of a subject that served there.

        What an export holds of before its entry, or of after it went on, is no traffic of that stage.
        """
        made = cls._made(criterion, question, None, place[0], _EARLIEST)
        return replace(made, stays=question.stays.get(place, ()))

    @classmethod
    def _made(
        cls, criterion: Criterion, question: Question, subject: str | None, stage: str, from_us: int
    ) -> Admission:
        metric = criterion.metric
        latest = to_micros(question.now + SKEW)
        lag = metric.matures_after_s
        return cls(
            origins=frozenset(criterion.origins),
            provenances=_provenances(metric.provenance, criterion.admits),
            subject=subject,
            stage=stage,
            from_us=from_us,
            until_us=to_micros(question.now - timedelta(seconds=lag)) if lag else latest,
            now_us=latest,
        )

    def block(self, measured: Measured) -> Admitted:
        """Sorts the units of a block into valid, void and foreign."""
        rows = measured.rows
        # Of one metric, load and live rows are evidence to other criteria than one from cases alone.
        others = measured.origin.grows and not any(origin.grows for origin in self.origins)
        if rows is None or others:
            return Admitted()
        if self.subject not in (None, measured.subject) or measured.stage not in (None, self.stage):
            return Admitted(foreign=sum(rows.n))
        if measured.origin not in self.origins:
            return Admitted(foreign=sum(rows.n))
        if measured.provenance not in self.provenances:
            return Admitted(void=sum(rows.n))
        begins = self.from_us if measured.from_us is None else max(self.from_us, measured.from_us)
        ends = self.until_us if measured.to_us is None else min(self.until_us, measured.to_us - 1)
        stays = self.stays if measured.origin is Origin.LIVE else ()
        if begins <= rows.first_us and rows.last_us <= ends and not stays:
            return Admitted(rows=rows)
        future = sum(n for at, n in zip(rows.at, rows.n, strict=True) if at > self.now_us)
        kept = rows.kept(
            begins <= at <= ends and (not stays or any(since <= at < until for since, until in stays)) for at in rows.at
        )
        foreign = sum(rows.n) - future - (0 if kept is None else sum(kept.n))
        return Admitted(rows=kept, void=future, foreign=foreign, future=future)

    def trial(self, origin: Origin, provenances: Iterable[Provenance], at_us: int) -> str:
        """Whether a trial is `valid`, `void` or `foreign` to this criterion."""
        if origin not in self.origins or not self.provenances.issuperset(provenances):
            return "void"
        if at_us > self.now_us:
            return "void"
        return "valid" if self.from_us <= at_us <= self.until_us or not origin.grows else "foreign"

    def is_said_void(self, origin: Origin, run: Run, at_us: int) -> bool:
        """Whether nothing but the pipeline's own word on where its answer came from would make a trial void.

        It takes nothing away that speaks against the pipeline. What stands in a recording is its maker's word; of what
        a line compares with, only good units may be left out.
        """
        driven = run.started is not None and run.started.pipeline not in ("", "recording")
        own = driven and run.relation is Relation.OURS and not run.is_baseline
        return own and self.trial(origin, (), at_us) == "valid"


def _provenances(own: tuple[str, ...], beyond: tuple[str, ...]) -> frozenset[str]:
    """Nothing mocked counts unless asked for; a metric may be narrower still (time and money: live only)."""
    usual = own or tuple(item.value for item in Provenance if item is not Provenance.MOCKED)
    return frozenset(usual) | frozenset(beyond)
