"""`stages:`, and whether each can be judged: everything a criterion asks for must be fed by something the stage has."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from sluicegate.errors import misspelt, nearest
from sluicegate.frozen import frozen
from sluicegate.model import Origin
from sluicegate.plan.criteria import CriteriaReader
from sluicegate.plan.document import Entry, MappingNode, Node, ScalarNode, SequenceNode
from sluicegate.plan.lines import references
from sluicegate.plan.metrics import KNOWN_SUITES, is_fed_by_cases
from sluicegate.plan.pipeline import environment
from sluicegate.plan.table import Faults, Table, said
from sluicegate.plan.types import Criterion, Exposure, Requires, RollbackSpec, Stage
from sluicegate.plan.units import UnitError, duration, share

__all__ = ["REQUIRES_KEYS", "STAGE_KEYS", "Feeds", "read_stages"]

STAGE_KEYS = ("name", "exposure", "requires", "bake", "criteria", "rollback")
REQUIRES_KEYS = ("suites", "tests", "prerequisites", "attestations", "approval")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_STABLE = re.compile(r"([0-9]{1,4}) stable days?")
_EXPOSURE_KEYS = ("live", "percent", "variables")
_REFERENCES = ("baseline", "previous")
_FOLDERS = ("recorded", "selected")
"""What else lies beside the folders of the stages."""


@frozen
class Feeds:
    """What the plan itself provides to its stages."""

    cases: bool
    golden: bool
    schemas: bool
    state: bool
    timezone: bool
    environment: bool
    """Whether the pipeline has one that can be set."""


def read_stages(node: Node | None, criteria: CriteriaReader, feeds: Feeds, faults: Faults) -> tuple[Stage, ...]:
    """Every stage, in order."""
    if node is None:
        return ()
    if not isinstance(node, SequenceNode) or not node.items:
        faults.add(
            node.line, f"stages is {said(node)}; expected a list.", "Write stages: followed by - name: preflight."
        )
        return ()
    stages: list[Stage] = []
    for index, item in enumerate(node.items):
        stage = _stage(item, index, criteria, faults)
        if stage.name and stage.name in (names := [one.name for one in stages]):
            first = stages[names.index(stage.name)].line
            faults.add(stage.line, f"stage '{stage.name}' is written twice; first on line {first}.", "Rename one.")
        _Judgeable(stage, tuple(one.name for one in stages), feeds, faults).check()
        stages.append(stage)
    _check_configurations(stages, feeds, faults)
    return tuple(stages)


def _stage(node: Node, index: int, criteria: CriteriaReader, faults: Faults) -> Stage:
    table = Table(node, _label(node, index), faults, STAGE_KEYS)
    table.needs("name", "Write - name: preflight.")
    name = table.text("name")
    if name and not _NAME.fullmatch(name):
        table.fault("name", f"'{name}' cannot be a file name.", "Use up to 64 letters, digits, '.', '_' and '-'.")
    if name in (*_REFERENCES, *_FOLDERS):
        table.fault("name", f"'{name}' means something else to Sluicegate.", f"Name it otherwise, e.g. {name}-stage.")
    table.needs("exposure", "Write exposure: {live: false} or {live: true, percent: 10}.")
    bake_s, stable_days = _bake(table)
    node_of_criteria = table.node("criteria")
    label = f"{table.label}: criteria"
    return Stage(
        name=name,
        exposure=_exposure(table),
        requires=_requires(table),
        criteria=criteria.set_of(node_of_criteria, label) if node_of_criteria is not None else (),
        bake_s=bake_s,
        stable_days=stable_days,
        rollback=_rollback(table),
        line=table.line,
    )


def _label(node: Node, index: int) -> str:
    match node:
        case MappingNode(entries={"name": Entry(node=ScalarNode(text=name))}) if name:
            return f"stage '{name}'"
        case _:
            return f"stages[{index}]"


def _exposure(stage: Table) -> Exposure:
    table = stage.table("exposure")
    if table is None:
        return Exposure(live=False)
    # Every other name is a setting of the user's own, so only what must be meant for one of ours is refused.
    slips = {name: meant for name in table if (meant := misspelt(name.casefold(), _EXPOSURE_KEYS)) and name != meant}
    for name, meant in slips.items():
        table.fault(name, f"'{name}' reads like '{meant}'.", f"Write '{meant}', or give your setting another name.")
    if "live" not in slips.values():
        table.needs("live", "Write live: true or live: false.")
    live = table.flag("live")
    percent = table.parsed("percent", _percent)
    if percent and not live and "live" in table:
        table.fault("percent", "'percent' is above 0 and 'live' is false.", "Write live: true, or remove percent.")
    settings = {name: table.json(name) for name in table if name not in ("live", "percent", "variables")}
    variables = environment(table, "variables")
    return Exposure(live=live, percent=percent, settings=settings, variables=variables)


def _percent(text: str) -> Fraction:
    """`percent: 10`: here the key is the unit."""
    return share(f"{text} %" if re.fullmatch(r"[0-9.]+", text) else text)


def _requires(stage: Table) -> Requires:
    table = stage.table("requires", REQUIRES_KEYS)
    if table is None:
        return Requires()
    suites = table.texts("suites", example="suites: [schema]") if "suites" in table else ()
    for suite in suites:
        if suite not in KNOWN_SUITES:
            hint = nearest(suite, KNOWN_SUITES) or f"Suites: {', '.join(KNOWN_SUITES)}."
            if suite == "load":
                hint = "Load is judged by criteria from: load, of the profiles under load: of the plan."
            table.fault("suites", f"unknown suite '{suite}'.", hint)
    return Requires(
        suites=suites,
        tests=table.flag("tests"),
        prerequisites=table.texts("prerequisites", example="prerequisites: [rag-indexes]"),
        attestations=table.texts("attestations", example="attestations: [security-audit]"),
        approval=table.optional_text("approval"),
    )


def _bake(stage: Table) -> tuple[int, int]:
    """Seconds, stable days."""
    text = stage.scalar("bake", "a duration")
    if text is None:
        return 0, 0
    if (days := _STABLE.fullmatch(" ".join(text.split()))) is not None:
        if int(days[1]) == 0:
            stage.fault("bake", "'bake' is 0 stable days.", "Write at least 1, or remove it.")
        return 0, int(days[1])
    try:
        seconds = duration(text)
    except UnitError as fault:
        stage.fault("bake", f"bake: {fault.what}", "Write 48h, or 7 stable days.")
        return 0, 0
    if seconds.denominator != 1:
        stage.fault("bake", f"'bake' is '{text}'; expected whole seconds.")
    return int(seconds), 0


def _rollback(stage: Table) -> RollbackSpec:
    table = stage.table("rollback", ("within", "steps", "on_failed_tests"))
    if table is None:
        return RollbackSpec()
    return RollbackSpec(
        within_s=table.optional_seconds("within", low=1),
        steps=_steps(table),
        on_failed_tests=table.flag("on_failed_tests"),
    )


def _steps(table: Table) -> tuple[tuple[str, ...], ...]:
    node = table.node("steps")
    if node is None:
        return ()
    example = 'Write steps: [[./ops/flag, set, emailRagEnabled, "false"]].'
    if not isinstance(node, SequenceNode):
        table.fault("steps", f"'steps' is {said(node)}; expected a list of commands.", example)
        return ()
    steps: list[tuple[str, ...]] = []
    for item in node.items:
        words = (
            [word.text for word in item.items if isinstance(word, ScalarNode)] if isinstance(item, SequenceNode) else []
        )
        if not isinstance(item, SequenceNode) or not words or len(words) != len(item.items):
            table.faults.add(item.line, f"{table.label}: a step is {said(item)}; expected a list of words.", example)
        steps.append(tuple(words))
    return tuple(steps)


def _check_configurations(stages: Sequence[Stage], feeds: Feeds, faults: Faults) -> None:
    """Note a stage whose cases run in a configuration that the live stage after it does not have.

    What is set to another value there is a dial that the plan turns, and only told (`plan.notes`).
    """
    for stage, after in pairwise(stages):
        lost = sorted(stage.exposure.variables.keys() - after.exposure.variables.keys())
        if not feeds.environment or stage.exposure.live or not after.exposure.live or not lost:
            continue
        what = (
            f"stage '{stage.name}' measures with {_set(stage, lost)}, and '{after.name}', which it promotes to, "
            "does not set it: that is evidence for another configuration."
        )
        mend = f"Set {', '.join(lost)} at '{after.name}' too, or in environment: of the pipeline for all stages."
        faults.add(stage.line, what, mend)


def _set(stage: Stage, names: Sequence[str]) -> str:
    return ", ".join(f"{name}={stage.exposure.variables[name]}" for name in names)


@dataclass(frozen=True, slots=True)
class _Judgeable:
    """One stage against the plan around it."""

    stage: Stage
    before: Sequence[str]
    """Names of the stages before it."""
    feeds: Feeds
    faults: Faults

    def check(self) -> None:
        """Note everything that could never be judged."""
        stage, required = self.stage, self.stage.requires
        if not stage.criteria and not required.suites and not required.tests:
            self._fault(
                "asks for nothing: no criterion, no suite, no tests.", "Add criteria:, or requires: {suites: […]}."
            )
        if stage.exposure.live:
            self._check_live()
        if stage.exposure.variables and not self.feeds.environment:
            self._fault("sets variables, which reach callables and commands only.", "Remove variables: of exposure.")
        if stage.stable_days and not self.feeds.timezone:
            self._fault("counts stable days, which are days of a zone.", "Add timezone: Europe/Istanbul to the plan.")
        self._check_suites()
        for criterion in stage.criteria:
            self._check_fed(criterion)
            self._check_references(criterion)

    def _check_live(self) -> None:
        if not any(Origin.LIVE in criterion.origins for criterion in self.stage.criteria):
            self._fault("is live and has no criterion from: live.", "Add one, or write live: false.")
        if not self.feeds.state:
            self._fault("is live and the plan has no 'state'.", "Add state: rollout/state.jsonl to the plan.")

    def _check_suites(self) -> None:
        suites = self.stage.requires.suites
        needing = [suite for suite in suites if suite != "golden"]
        if needing and not self.feeds.cases:
            self._fault(f"requires {needing[0]}, and the plan names no cases.", "Add cases: cases/*.jsonl to the plan.")
        if "schema" in suites and not self.feeds.schemas:
            mend = "Add schemas: {structured: reply.schema.json} to the plan."
            self._fault("requires schema, and the plan names no contract.", mend)
        if "golden" in suites and not self.feeds.golden:
            self._fault("requires golden, and the plan names no golden set.", "Add golden: golden/*.jsonl to the plan.")

    def _check_fed(self, criterion: Criterion) -> None:
        if not criterion.origins or any(self._is_fed(criterion, origin) for origin in criterion.origins):
            return
        metric, origin = criterion.metric, criterion.origins[0]
        mend = {
            Origin.SUITE: f"Add '{metric.suite}' to its requires: {{suites: […]}}."
            if metric.suite
            else "Add cases: cases/*.jsonl to the plan, or require a suite.",
            Origin.GOLDEN: "Add golden: golden/*.jsonl to the plan.",
            Origin.LIVE: "Write exposure: {live: true}, or take it from: suite.",
            Origin.LOAD: "Take it from: live.",
        }[origin]
        if metric.measured_by in ("sql", "prometheus", "traces") and origin in (Origin.SUITE, Origin.GOLDEN):
            mend = f"{metric.measured_by} measures what is live: write from: live."
        if not is_fed_by_cases(metric) and not origin.grows:
            mend = "It is measured under load: write from: load, and load: of the plan."
        what = f"{metric.name} is never fed at stage '{self.stage.name}' from {origin.value}."
        self.faults.add(criterion.line, what, mend)

    def _is_fed(self, criterion: Criterion, origin: Origin) -> bool:
        metric = criterion.metric
        outside = metric.measured_by in ("sql", "prometheus", "traces") or not is_fed_by_cases(metric)
        match origin:
            case Origin.LIVE:
                return self.stage.exposure.live
            case Origin.LOAD:
                return True
            case Origin.GOLDEN:
                return self.feeds.golden and not outside
            case Origin.SUITE if outside:
                return False
            case Origin.SUITE if metric.suite is not None:
                return metric.suite in self.stage.requires.suites
            case Origin.SUITE:
                return self.feeds.cases or bool(self.stage.requires.suites)

    def _check_references(self, criterion: Criterion) -> None:
        for than in references((criterion.promote, criterion.alert, criterion.rollback)):
            if than == "previous" and not self.before:
                what = f"{criterion.metric.name}: than: previous at the first stage, '{self.stage.name}'."
                self.faults.add(criterion.line, what, "Write than: baseline.")
            elif than not in (*_REFERENCES, *self.before):
                known = (*self.before, *_REFERENCES)
                hint = nearest(than, known) or f"Write one of: {', '.join(known)}."
                what = f"{criterion.metric.name}: than: {than} is no stage before '{self.stage.name}'."
                self.faults.add(criterion.line, what, hint)

    def _fault(self, what: str, mend: str) -> None:
        self.faults.add(self.stage.line, f"stage '{self.stage.name}' {what}", mend)
