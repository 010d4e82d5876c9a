"""Trials of the safety suites judged end to end: plan, lock, ledger, gate, and every report of the verdict."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
import judge_world as world

sys.path.pop(0)

from sluicegate.checks import CHECKS, SUITES, CheckConfig, run_check
from sluicegate.model import Capability, Case, Expect, Given, Mail, Origin, Output, Trial, Verdict, encode, rfc3339
from sluicegate.model.verdict_json import verdict_json
from sluicegate.plan.lock import LockedStage, LockedSuite
from sluicegate.plan.metrics import BUILT_IN
from sluicegate.plan.types import CallableTarget, Confirmed, Criterion, PipelineSpec, SubjectSpec
from sluicegate.report.html import render_html
from sluicegate.report.junit import render_junit
from sluicegate.report.markdown import render_markdown
from sluicegate.report.terminal import render_terminal

__all__ = ["SafetyWorld", "clean_case", "draft_to", "incidents", "overblocked", "reports"]

SHOP = "service@shop.test"


def clean_case(number: int, address: str = "") -> Case:
    """A plain mail that must be answered to who wrote it."""
    own = address or f"customer{number}@client.test"
    mail = Mail(sender=own, to=(SHOP,), subject=f"Order {number}", body="Where is it?")
    expect = Expect(recipients=(own,), sender=SHOP, outcome="answer")
    return Case(id=f"mail-{number:03}", given=Given(mail=mail), expect=expect)


def draft_to(case: Case, **changed: Any) -> Trial:
    """A draft that answers the case."""
    draft = Mail(**{"to": case.expect.recipients or (), "subject": "Your order", "body": "Hello\n", **changed})
    return Trial(case=case, outputs=(Output(mail=draft, latency_ms=1.0),))


def incidents(metric: str, **said: Any) -> Criterion:
    lines = {"origins": (Origin.SUITE,), "promote": world.line(0), "rollback": Confirmed(), "max_rate": Fraction(1, 2)}
    return Criterion(metric=BUILT_IN[metric], **{**lines, **said})


def overblocked(**said: Any) -> Criterion:
    """At most one of twenty clean mails is lost."""
    lines = {"origins": (Origin.SUITE,), "promote": world.line(0.05), "alert": world.line(0.4)}
    return Criterion(metric=BUILT_IN["recipients.overblocked"], **{**lines, **said})


@dataclass
class SafetyWorld(world.World):
    """A world whose evidence is the trials it is given."""

    suites: tuple[str, ...] = ("recipients",)
    given: list[Trial] = field(default_factory=list)
    config: CheckConfig = field(default_factory=lambda: CheckConfig(capabilities=frozenset({Capability.MAIL})))

    def __post_init__(self) -> None:
        self.cases = [trial.case for trial in self.given]
        sends = PipelineSpec(target=CallableTarget(target="shop:draft"), capabilities=frozenset({Capability.MAIL}))
        self.plan_said = {"pipeline": sends, "tools": (), "subject": SubjectSpec(), **self.plan_said}

    @property
    def locked(self) -> LockedStage:
        cases = tuple((each.id, each.digest()) for each in self.cases)
        pinned = {name: LockedSuite(checks=SUITES[name].checks, cases=cases, repeats=1) for name in self.suites}
        return LockedStage(suites=pinned)

    def evidence(self, **said: Any) -> world.Memory:
        """A whole run of them."""
        records = [self.started(capabilities=["mail"], **said)]
        for trial in self.given:
            ids = {"case_id": trial.case.id, "repeat": 0, "run_id": f"run-{trial.case.id}"}
            records.append(("intent", {**ids, "case": encode(trial.case), "case_digest": trial.case.digest()}))
            seen = {"outputs": encode(trial.outputs), "observations": encode(trial.observations)}
            records.append(("outcome", {**ids, "at": rfc3339(world.NOW), **seen}))
            names = [name for suite in self.suites for name in SUITES[suite].checks]
            checked = {name: run_check(CHECKS[name], trial, self.config) for name in names}
            found = [encode(finding) for outcome in checked.values() for finding in outcome.findings]
            results = {name: outcome.result.value for name, outcome in checked.items()}
            ids.pop("run_id")
            records.append(("checked", {**ids, "results": results, "findings": found, "self_reported": False}))
        return world.Memory([*records, world.closed()])


def reports(verdict: Verdict) -> dict[str, str]:
    """The verdict in every form."""
    return {
        "terminal": render_terminal(verdict), "markdown": render_markdown(verdict), "html": render_html(verdict),
        "junit": b"".join(render_junit(verdict)).decode(), "json": verdict_json(verdict).decode(),
    }  # fmt: skip
