"""Two runs compared: found, held against each other's fingerprint, measured alike, and judged metric by metric."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from pathlib import Path

from sluicegate.checks import CheckConfig
from sluicegate.checks.measures import measure
from sluicegate.errors import Fault, InputError, nearest
from sluicegate.frozen import frozen
from sluicegate.gate.asking import is_asked
from sluicegate.gate.compared import Compared, Goal, Outcome, compare
from sluicegate.gate.pairing import Readings
from sluicegate.gate.pinned import Pinned
from sluicegate.model import NotMeasured, Origin, digest_bytes, now_utc
from sluicegate.plan.lines import references
from sluicegate.plan.metrics import BUILT_IN, is_countable
from sluicegate.plan.reader import read_plan
from sluicegate.plan.types import Metric, MetricKind, Plan
from sluicegate.session.compared_runs import ComparedRun, NotComparable, differences, own_results, read_run
from sluicegate.session.contracts import check_config, compile_contracts
from sluicegate.session.known_failures import KnownFailure, standing, strangers
from sluicegate.session.workspace import EVIDENCE_FOLDER, Workspace

__all__ = ["Asked", "Comparison", "compare_runs"]

USUAL = "draft.success_rate"
_COMPARED = (MetricKind.PROPORTION, MetricKind.INCIDENTS, MetricKind.DISTRIBUTION, MetricKind.CONTROLLED)


@frozen
class Asked:
    """What the user wants to know."""

    metrics: tuple[str, ...] = ()
    """None named: those the plan scores or compares with a baseline, else draft.success_rate."""
    plan: Path | None = None
    origin: Origin | None = None
    goal: Goal = Goal()
    confidence: Fraction = Fraction(19, 20)
    """Of the two-sided intervals."""
    known: tuple[KnownFailure, ...] = ()
    forbid_broken: bool = False
    now: datetime | None = None


@frozen
class Comparison:
    """The answer."""

    base: ComparedRun
    candidate: ComparedRun
    metrics: tuple[Compared, ...]
    confidence: Fraction
    notes: tuple[str, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """The one that decides: worse, then incomplete, then not shown."""
        order = (Outcome.WORSE, Outcome.INCOMPLETE, Outcome.NOT_SHOWN, Outcome.NOT_WORSE, Outcome.BETTER)
        return min((each.outcome for each in self.metrics), key=order.index)


def compare_runs(base: Path, candidate: Path, asked: Asked) -> Comparison:
    """Compare two runs. Raises InputError for what was asked, NotComparable for runs that are not measured alike."""
    before, after = read_run(base, origin=asked.origin), read_run(candidate, origin=asked.origin)
    if before.started.origin is not after.started.origin:
        what = f"the base is a {before.started.origin.value} run, the candidate a {after.started.origin.value} run."
        raise NotComparable(Fault(where="origin", what=what, mend="Choose one: --from golden, or --from suite."))
    if unlike := differences(before, after):
        mend = "Run both sides with the same plan, cases, scorers and release."
        raise NotComparable([Fault(where="not alike", what=f"{line}.", mend=mend) for line in unlike])
    workspace = _workspace(asked.plan, after)
    plan = None if workspace is None else workspace.plan
    metrics = _metrics(asked.metrics, plan, after.started.stage)
    _check_goal(asked.goal, metrics)
    moved = _moved(workspace, after)
    config = CheckConfig() if workspace is None or moved else _config(workspace)
    trusts = workspace is None or bool(moved)
    ours, theirs = (_read(run, metrics, config, _pinned(workspace, run), trusts=trusts) for run in (before, after))
    now = asked.now or now_utc()
    compared, notes = [], list(_notes(before, after, plan, asked))
    if moved:
        notes.append(f"checks are taken as recorded, for the plan measures otherwise today: {', '.join(moved)}")
    for metric in metrics:
        known, past = standing(asked.known, metric.name, now)
        notes += [f"the known failure of '{each.case}' ({each.owner}) expired on {each.expires}" for each in past]
        compared.append(
            compare(
                ours[metric.name],
                theirs[metric.name],
                alpha=(1 - asked.confidence) / 2,
                goal=asked.goal,
                known=known,
                forbid_broken=asked.forbid_broken,
                seed=0 if plan is None else plan.seed,
            )
        )
    return Comparison(
        base=before,
        candidate=after,
        metrics=tuple(compared),
        confidence=asked.confidence,
        notes=tuple(dict.fromkeys(notes)),
    )


def _workspace(given: Path | None, run: ComparedRun) -> Workspace | None:
    """The plan that was named, or the one beside the evidence whose bytes the candidate names."""
    if given is not None:
        return Workspace(given)
    folder = next((path.parent for path in run.ledgers[0].resolve().parents if path.name == EVIDENCE_FOLDER), None)
    if folder is None:
        return None
    for path in sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")]):
        if path.is_file() and digest_bytes(path.read_bytes()) == run.started.plan_digest:
            return Workspace(path, plan=read_plan(path))
    return None


def _moved(workspace: Workspace | None, run: ComparedRun) -> list[str]:
    """What the plan at hand measures otherwise than the runs did; own scores are the recorded ones all the same."""
    if workspace is None:
        return []
    was, now = run.started.fingerprint, workspace.fingerprint
    names = sorted(name for name in was.keys() | now.keys() if was.get(name) != now.get(name))
    return [name for name in names if not name.startswith("scorer ")]


def _config(workspace: Workspace) -> CheckConfig:
    plan = workspace.plan
    return check_config(plan, compile_contracts(plan, workspace.base, workspace.lock.models))


def _pinned(workspace: Workspace | None, run: ComparedRun) -> Pinned:
    """What the lock says of the run's stage; nothing where plan or stage are not at hand."""
    locked = None if workspace is None else workspace.lock.stages.get(run.started.stage)
    return Pinned({} if locked is None else locked.suites)


def _metrics(names: Sequence[str], plan: Plan | None, stage: str) -> list[Metric]:
    known: Mapping[str, Metric] = {**BUILT_IN, **(plan.metrics if plan is not None else {})}
    faults = []
    chosen = list(names) or _default(plan, stage)
    for name in chosen:
        metric = known.get(name)
        if metric is None:
            mend = nearest(name, known) or ("Name the plan that declares it: --plan" if plan is None else "")
            faults.append(Fault(where="--metric", what=f"'{name}' is no metric.", mend=mend))
        elif metric.kind not in _COMPARED or not is_countable(metric, Origin.GOLDEN) or metric.measured_by == "record":
            what = f"{name} is not measured from the cases of a run."
            faults.append(Fault(where="--metric", what=what, mend="Name one that is."))
    if faults:
        raise InputError(faults)
    return [known[name] for name in dict.fromkeys(chosen)]


def _default(plan: Plan | None, stage: str) -> list[str]:
    names = []
    if plan is not None:
        names = [name for name, metric in plan.metrics.items() if metric.score is not None]
        here = [each for each in plan.stages if each.name == stage]
        for criterion in here[0].criteria if here else ():
            if "baseline" in references((criterion.promote, criterion.alert, criterion.rollback)):
                names.append(criterion.metric.name)
    return names or [USUAL]


def _check_goal(goal: Goal, metrics: Iterable[Metric]) -> None:
    """Points are of a ratio. Raises InputError."""
    changes = {"--better-than": goal.better_than, "--no-worse-than": goal.no_worse_than}
    faults = [
        Fault(
            where=option, what=f"points are of a ratio, and {metric.name} is in {metric.scale}.", mend="Write percent."
        )
        for option, change in changes.items()
        for metric in metrics
        if change is not None and not change.relative and metric.scale.value not in ("ratio", "count")
    ]
    if faults:
        raise InputError(faults)


def _read(
    run: ComparedRun, metrics: Sequence[Metric], config: CheckConfig, pinned: Pinned, *, trusts: bool
) -> dict[str, Readings]:
    """Every metric of the cases it reads. Built-in checks are asked again where the plan is there (not `trusts`)."""
    origin = run.started.origin
    readings = {metric.name: Readings(metric) for metric in metrics}
    for trial, results, scores in run.trials():
        known = results if trusts else own_results(results)
        for metric in metrics:
            if not is_asked(metric, origin, trial.case.id, pinned):
                continue
            try:
                measured = measure(metric, trial, known, config, scores)
            except Exception as error:  # noqa: BLE001 - whatever measuring raises is no number, never a traceback
                measured = NotMeasured(reason=f"measuring it raised {type(error).__name__}")
            readings[metric.name].add(trial, measured)
    for case_id, repeat in run.lost():
        for metric in metrics:
            if is_asked(metric, origin, case_id, pinned):
                readings[metric.name].lost(case_id, repeat)
    return readings


def _notes(base: ComparedRun, candidate: ComparedRun, plan: Plan | None, asked: Asked) -> Iterable[str]:
    if base.started.subject == candidate.started.subject:
        yield "both sides are runs of the same subject"
    if plan is None:
        yield "the plan is not at hand, so the results of checks are taken as recorded (--plan names it)"
    if not base.started.fingerprint or not candidate.started.fingerprint:
        yield "a run of an older release does not say part by part what it was measured with"
    yield from strangers(asked.known, {**base.cases, **candidate.cases})
