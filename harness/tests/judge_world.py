"""Builders for tests of the judge: a small plan, and ledgers made in memory of record dicts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Any

from sluicegate.checks import CHECKS, SUITES, CheckConfig, compile_contract, run_check
from sluicegate.errors import Fault
from sluicegate.gate.judge import judge
from sluicegate.gate.validity import Question
from sluicegate.ledger.chain import Record
from sluicegate.ledger.state import Attempt, Entered, RolledBack, StateView, VerdictGiven
from sluicegate.model import (
    Capability,
    Case,
    Crash,
    CrashKind,
    Expect,
    Finding,
    Given,
    Observation,
    Origin,
    Output,
    Rule,
    Severity,
    Trial,
    Verdict,
    canonical,
    encode,
    rfc3339,
    to_micros,
)
from sluicegate.plan.lock import Lock, LockedStage, LockedSuite
from sluicegate.plan.metrics import BUILT_IN
from sluicegate.plan.types import (
    Better,
    Bound,
    CallableTarget,
    Confirmed,
    Criterion,
    Exposure,
    Metric,
    MetricKind,
    PipelineSpec,
    Plan,
    Requires,
    RollbackSpec,
    Scale,
    Stage,
    SubjectSpec,
    ToolSpec,
)

NOW = datetime(2026, 1, 29, 12, 0, tzinfo=UTC)
SUBJECT, OTHER = "5" * 64, "6" * 64
APPARATUS, PLAN, LOCK = "a" * 64, "b" * 64, "c" * 64
MODEL = "gpt-4o-mini-2024-07-18"
TOOL = ToolSpec(name="refund", path="/refunds", writes=True)
CONFIG = CheckConfig(
    contracts={"content": replace(compile_contract({"type": "string", "pattern": "ok"}), reads_text=True)},
    tools=(TOOL,),
    capabilities=frozenset({Capability.TOOLS}),
)

GOOD, WRONG, DEAD, LEAK, CRASH = "good", "wrong", "dead", "leak", "crash"


def micros(before: timedelta = timedelta()) -> int:
    """A moment before NOW."""
    return to_micros(NOW - before)


def line(value: float, text: str = "") -> Bound:
    return Bound(value=Fraction(str(value)), text=text or str(value))


def success(**said: Any) -> Criterion:
    """draft.success_rate from the suites."""
    lines = {"origins": (Origin.SUITE,), "promote": line(0.8), "alert": line(0.5), **said}
    return Criterion(metric=BUILT_IN["draft.success_rate"], **lines)


def approval(**said: Any) -> Criterion:
    """A live share that the user records."""
    metric = Metric(
        name="approval_rate",
        kind=MetricKind.PROPORTION,
        better=Better.HIGHER,
        scale=Scale.RATIO,
        unit="draft",
    )
    lines = {"origins": (Origin.LIVE,), "promote": line(0.7), "alert": line(0.6), **said}
    return Criterion(
        metric=said.pop("metric", metric), **{key: value for key, value in lines.items() if key != "metric"}
    )


def violations(**said: Any) -> Criterion:
    """idempotency.violations: zero tolerance, found on the wire."""
    lines = {
        "origins": (Origin.SUITE,),
        "promote": line(0),
        "rollback": Confirmed(),
        "max_rate": Fraction(1, 2),
        **said,
    }
    return Criterion(metric=BUILT_IN["idempotency.violations"], **lines)


def case(number: int) -> Case:
    """A plain case that must be answered with `ok`."""
    return Case(
        id=f"c{number:03}", input=f"question {number}", expect=Expect(must=(Rule(field="content", contains="ok"),))
    )


def twice(number: int) -> Case:
    plain = case(number)
    return replace(plain, id=f"{plain.id}~twice", given=Given(deliveries=2))


def refund(run: str, order: str) -> Observation:
    return Observation(
        run_id=run,
        double="tool",
        action="refund",
        at=rfc3339(NOW),
        detail={"method": "POST", "path": "/refunds", "arguments": {"order": order}, "status": 200},
    )


def answered(asked: Case, how: str, repeat: int = 0) -> Trial:
    """What came back: good, wrong, a crash, or the same refund written twice."""
    run = f"run-{asked.id}-{repeat}"
    text = {GOOD: "ok.", WRONG: "no.", LEAK: "ok.", DEAD: None, CRASH: None}[how]
    error = Crash(kind=CrashKind.EXCEPTION, message="boom") if how == DEAD else None
    output = Output(content=text, error=error, latency_ms=12.0)
    seen = [Observation(run_id=run, double="model", action=MODEL, at=rfc3339(NOW))]
    seen += [refund(run, "1")] * (2 if how == LEAK else 1)
    return Trial(case=asked, repeat=repeat, outputs=(output,) * asked.given.deliveries, observations=tuple(seen))


@dataclass
class Memory:
    """A ledger in memory, as its reader would give it."""

    records: list[tuple[str, dict[str, Any]]]
    broken: Fault | None = None
    head_is: str | None = None

    def __iter__(self) -> Iterator[Record]:
        for seq, (kind, body) in enumerate(self.records):
            yield Record(seq=seq, kind=kind, body=body, hash=sha256(canonical([kind, body])).hexdigest())

    @property
    def head(self) -> str | None:
        if self.head_is is not None:
            return self.head_is
        # Of the content whatever its order, so that only the order of records changes in tests of order.
        return sha256(canonical(sorted(canonical([kind, body]).hex() for kind, body in self.records))).hexdigest()

    @property
    def complete(self) -> bool:
        kind, body = self.records[-1] if self.records else ("", {})
        return self.broken is None and kind == "run_closed" and body.get("complete") is True


@dataclass
class World:
    """A plan with its lock, state and evidence; the sound one promotes."""

    criteria: tuple[Criterion, ...] = (success(),)
    live: bool = False
    suites: tuple[str, ...] = ("schema",)
    cases: list[Case] = field(default_factory=lambda: [case(n) for n in range(20)])
    doubled: list[Case] = field(default_factory=list)
    tests: tuple[str, ...] = ()
    requires: Mapping[str, Any] = field(default_factory=dict)
    bake_s: int = 0
    stable_days: int = 0
    stage_name: str = "first"
    on_failed_tests: bool = False
    repeats: int = 1
    entered: datetime | None = None
    state_events: list[Any] = field(default_factory=list)
    with_state: bool = True
    stages_after: int = 1
    stages_before: int = 0
    plan_said: dict[str, Any] = field(default_factory=dict)
    ledgers: list[Memory] = field(default_factory=list)
    config: CheckConfig = CONFIG
    lock_said: dict[str, Any] = field(default_factory=dict)

    @property
    def stage(self) -> Stage:
        return Stage(
            name=self.stage_name,
            exposure=Exposure(live=self.live),
            requires=Requires(suites=self.suites, tests=bool(self.tests), **self.requires),
            criteria=self.criteria,
            bake_s=self.bake_s,
            stable_days=self.stable_days,
            rollback=RollbackSpec(on_failed_tests=self.on_failed_tests, steps=(("./flag", "off"),)),
        )

    @property
    def plan(self) -> Plan:
        before = tuple(Stage(name=f"before{n}", exposure=Exposure(live=False)) for n in range(self.stages_before))
        after = tuple(Stage(name=f"after{n}", exposure=Exposure(live=True)) for n in range(self.stages_after))
        said = {
            "timezone": "UTC",
            "pipeline": PipelineSpec(
                target=CallableTarget(target="shop:draft"), capabilities=frozenset({Capability.TOOLS})
            ),
            "subject": SubjectSpec(models=(MODEL,)),
            "tools": (TOOL,),
            **self.plan_said,
        }
        return Plan(
            path=Path("plan.yaml"),
            digest=PLAN,
            schema_version=1,
            name="shop",
            state=Path("state.jsonl"),
            stages=(*before, self.stage, *after),
            **said,
        )

    @property
    def locked(self) -> LockedStage:
        pinned = {"schema": self.cases, "idempotency": self.doubled}
        return LockedStage(
            suites={
                name: LockedSuite(
                    checks=tuple(SUITES[name].checks),
                    cases=tuple((each.id, each.digest()) for each in pinned[name]),
                    repeats=self.repeats,
                )
                for name in self.suites
                if name in pinned
            },
            tests=self.tests,
        )

    @property
    def lock(self) -> Lock:
        said = {"plan_digest": PLAN, "stages": {self.stage_name: self.locked}, **self.lock_said}
        return Lock(**said)

    @property
    def state(self) -> StateView | None:
        if not self.with_state:
            return None
        events = list(self.state_events)
        if self.entered is not None:
            events.insert(0, Entered(stage=self.stage_name, subject=SUBJECT, at=rfc3339(self.entered)))
        return StateView(
            path=Path("state.jsonl"),
            attempts=tuple(item for item in events if isinstance(item, Attempt)),
            verdicts=tuple(item for item in events if isinstance(item, VerdictGiven)),
            entries=tuple(item for item in events if isinstance(item, Entered)),
            rollbacks=tuple(item for item in events if isinstance(item, RolledBack)),
            events=tuple(events),
            head="e" * 64,
        )

    def started(self, **said: Any) -> tuple[str, dict[str, Any]]:
        trials = (len({item.id for item in (*self.cases, *self.doubled)})) * self.repeats
        return "run_started", {
            "schema_version": 1,
            "nonce": "n",
            "at": rfc3339(NOW - timedelta(minutes=30)),
            "origin": "suite",
            "stage": self.stage_name,
            "attempt": 1,
            "subject": SUBJECT,
            "subject_parts": {},
            "apparatus": APPARATUS,
            "plan_digest": PLAN,
            "lock_digest": LOCK,
            "engine": "1",
            "previous": None,
            "pipeline": "callable",
            "capabilities": ["tools"],
            "expected": {"cases": trials, "trials": trials, "ids_digest": "d"},
            **said,
        }

    def checks_of(self, asked: Case) -> list[str]:
        suites = [name for name, found in (("schema", self.cases), ("idempotency", self.doubled)) if asked in found]
        return [name for suite in suites for name in SUITES[suite].checks]

    def trial(self, asked: Case, how: str = GOOD, repeat: int = 0) -> list[tuple[str, dict[str, Any]]]:
        """Intent, outcome and honest results of one trial."""
        ids = {"case_id": asked.id, "repeat": repeat}
        intent = {
            **ids,
            "run_id": f"run-{asked.id}-{repeat}",
            "case": encode(asked),
            "case_digest": asked.digest(),
        }
        if how == CRASH:
            return [("intent", intent)]
        trial = answered(asked, how, repeat)
        results, found = {}, []
        for name in self.checks_of(asked):
            said = run_check(CHECKS[name], trial, self.config)
            results[name] = said.result.value
            found += said.findings
        outcome = {
            **ids,
            "run_id": intent["run_id"],
            "at": rfc3339(NOW - timedelta(minutes=20)),
            "outputs": encode(trial.outputs),
            "observations": encode(trial.observations),
        }
        checked = {**ids, "results": results, "findings": encode(found), "self_reported": False}
        return [("intent", intent), ("outcome", outcome), ("checked", checked)]

    def run(self, how: Mapping[str, str] | Callable[[str], str] | None = None, **said: Any) -> Memory:
        """A whole suite run; `how` says what came back for which case."""
        answer = how if callable(how) else (lambda name: (how or {}).get(name, GOOD))
        records = [self.started(**said)]
        for asked in {item.id: item for item in (*self.cases, *self.doubled)}.values():
            for repeat in range(self.repeats):
                records += self.trial(asked, answer(asked.id), repeat)
        records += [own_test(name) for name in self.tests]
        return Memory([*records, closed()])

    def recorded(self, *blocks: tuple[str, dict[str, Any]], number: int = 1, **said: Any) -> Memory:
        """A ledger of measurements and attestations."""
        started = self.started(
            origin="live",
            stage="",
            attempt=number,
            pipeline="",
            capabilities=[],
            nonce=f"recorded {number}",
            expected={"cases": 0, "trials": 0, "ids_digest": "d"},
            **said,
        )
        return Memory([started, *blocks, closed()])

    def verdict(self, *ledgers: Memory, now: datetime = NOW, baseline: tuple[Memory, ...] = ()) -> Verdict:
        return judge(
            Question(plan=self.plan, stage=self.stage, subject=SUBJECT, apparatus=APPARATUS, lock_digest=LOCK, now=now),
            lock=self.lock,
            state=self.state,
            ledgers=list(ledgers) or self.ledgers,
            baseline=list(baseline),
            subject_parts={"git": "1"},
            engine="1",
            config=self.config,
        )


def closed(**said: Any) -> tuple[str, dict[str, Any]]:
    return "run_closed", {"at": rfc3339(NOW), "complete": True, "counts": {}, **said}


def own_test(name: str, outcome: str = "passed", **said: Any) -> tuple[str, dict[str, Any]]:
    return "test", {
        "test_id": name,
        "outcome": outcome,
        "assertions": 1,
        "attempt": 1,
        "findings": [],
        "worker": "",
        **said,
    }


def block(rows: list[tuple[int, int, int]], **said: Any) -> tuple[str, dict[str, Any]]:
    """Measurements of approval_rate: (at, k, n)."""
    return "measurements", {
        "metric": "approval_rate",
        "origin": "live",
        "subject": SUBJECT,
        "stage": None,
        "provenance": "live",
        "source": {"name": "pilot.csv", "sha256": "1" * 64},
        "window": [None, None],
        "recorded_at": rfc3339(NOW - timedelta(minutes=5)),
        "rows": {
            "at": [at for at, _, _ in rows],
            "slice": [None for _ in rows],
            "k": [k for _, k, _ in rows],
            "n": [n for _, _, n in rows],
        },
        **said,
    }


def live_world(**said: Any) -> World:
    """A live stage after the first, entered two days ago, judged by approval alone."""
    usual = {
        "criteria": (approval(),),
        "live": True,
        "suites": (),
        "stages_before": 1,
        "stage_name": "ten",
        "entered": NOW - timedelta(days=2),
    }
    return World(**{**usual, **said})


def drafts(good: int, bad: int = 0, *, hours: float = 24) -> list[tuple[int, int, int]]:
    """One draft a row, the bad ones spread evenly."""
    total = good + bad
    return [
        (
            micros(timedelta(hours=hours)) + index * 60_000_000,
            int((index * bad) // total == ((index + 1) * bad) // total),
            1,
        )
        for index in range(total)
    ]


def attested(name: str, /, **said: Any) -> tuple[str, dict[str, Any]]:
    return "attestation", {
        "name": name,
        "by": "kim",
        "statement": "seen",
        "subject": SUBJECT,
        "stage": None,
        "at": rfc3339(NOW - timedelta(hours=1)),
        "expires": None,
        **said,
    }


def incident(check: str = "own", case_id: str = "c000") -> dict[str, Any]:
    return encode(Finding(check=check, case_id=case_id, message="a leak", severity=Severity.INCIDENT))
