"""Whole plans: the two full examples, all faults at once, and files that are no plan."""

from __future__ import annotations

import os
import sys
from fractions import Fraction
from hashlib import sha256
from pathlib import Path

import pytest

from sluicegate.errors import InputError
from sluicegate.model import Capability, Origin
from sluicegate.plan.metrics import BUILT_IN
from sluicegate.plan.reader import read_plan
from sluicegate.plan.types import Bound, CallableTarget, Drop, MetricKind, Mode, Span

sys.path.insert(0, str(Path(__file__).parent))
from plan_texts import EXAMPLES, a_plan, example, faults_of, read, sole_fault


def fault_of_file(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_plan(path)
    (fault,) = caught.value.faults
    return str(fault)


# The examples


def test_the_plan_of_the_sketch() -> None:
    """The plan users see first is read as it stands there."""
    plan = read(example("ux.yaml"))

    assert [stage.name for stage in plan.stages] == ["preflight", "setup", "rag-on", "ten"]
    assert plan.pipeline.target == CallableTarget(target="shop.drafts:draft_reply")
    assert (plan.timezone, plan.state) == ("Europe/Istanbul", Path("rollout/state.jsonl"))
    rag_on = plan.stage("rag-on")
    assert [one.metric.name for one in rag_on.criteria] == [
        "approval_rate",
        "grounding.hallucinations",
        "draft.verification_rate",
        "retrieval.latency",
        "retrieval.timeout_rate",
    ]
    approval, hallucinations, verification, latency, timeouts = rag_on.criteria
    assert approval.metric == plan.metrics["approval_rate"]
    assert (approval.metric.matures_after_s, approval.slices) == (86_400, "businesses")
    assert approval.rollback == Drop(amount=Fraction(1, 5), relative=False, than="setup", text="20 points below setup")
    assert (hallucinations.origins, hallucinations.max_rate) == ((Origin.SUITE, Origin.LIVE), Fraction(1, 100))
    assert isinstance(verification.promote, Span)
    assert (latency.at, latency.unit) == (Fraction(19, 20), "minute")
    assert latency.promote == Bound(value=Fraction(200), text="200 ms")
    assert (timeouts.promote, timeouts.line) == (timeouts.rollback, 46)
    assert rag_on.rollback.steps == (("./ops/flag", "set", "emailRagEnabled", "false", "--cohort", "rag-on"),)
    assert plan.stage("ten").criteria == rag_on.criteria[:3]
    assert plan.stage("ten").stable_days == 7
    assert plan.stage("ten").exposure.percent == Fraction(1, 10)


def test_the_whole_mail_plan() -> None:
    """Everything the release plan of the mail pilot asks for has its syntax."""
    plan = read(example("email_rag.yaml"))

    assert [stage.name for stage in plan.stages] == [
        *("preflight", "setup", "rag-on", "expand"),
        *("ten", "quarter", "half", "all"),
    ]
    assert plan.pipeline.capabilities == {Capability.MAIL, Capability.TOOLS, Capability.RETRIEVAL}
    assert (plan.pipeline.timeout_s, plan.pipeline.retries) == (12.0, 1)
    assert plan.subject.values == {"index": "rag-2026-01-25"}
    assert [tool.name for tool in plan.tools] == ["order_lookup", "tracking_lookup", "save_draft"]
    assert (plan.repeats, plan.concurrency, plan.seed, plan.daily_traffic) == (2, 16, 7, 60)
    assert (plan.valid_for_s, plan.max_evidence_age_s) == (7200, 43_200)
    preflight = {one.metric.name: one for one in plan.stage("preflight").criteria}
    assert preflight["latency"].admits == ("replayed",)
    assert (preflight["names_the_order"].mode, preflight["names_the_order"].alpha) == (Mode.STRICT, Fraction(1, 100))
    assert preflight["cost.per_case"].optional
    assert plan.stage("preflight").rollback.on_failed_tests
    rag_on = {one.metric.name: one for one in plan.stage("rag-on").criteria}
    assert len(rag_on) == 15
    assert rag_on["retrieval.timeout_rate"].rollback == Bound(value=Fraction(1, 20), text="5 %")
    assert rag_on["pii.leaks"].metric.kind is MetricKind.INCIDENTS
    assert plan.stage("half").criteria == plan.stage("all").criteria
    assert plan.stage("ten").requires.approval == "release-manager"


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_plan_is_its_bytes(name: str) -> None:
    """The same bytes give the same plan and digest; another byte gives another digest."""
    data = example(name)
    plan = read(data)

    assert plan == read(data)
    assert plan.digest == sha256(data).hexdigest()
    assert read(data + b"\n").digest != plan.digest


def test_defaults() -> None:
    """What a plan does not say."""
    plan = read("schema_version: 1\nname: n\npipeline: a:b\nsubject: {v: 1}\n"
                "stages: [{name: s, exposure: {live: false}, requires: {tests: true}}]\n")  # fmt: skip

    assert (plan.state, plan.timezone, plan.repeats, plan.concurrency, plan.seed) == (None, "UTC", 1, 32, 0)
    assert (plan.valid_for_s, plan.max_evidence_age_s, plan.daily_traffic) == (14_400, 86_400, None)
    assert (plan.cases, plan.golden, plan.tools, dict(plan.schemas)) == ((), (), (), {})


# Faults


def test_all_faults_at_once_in_the_order_of_lines() -> None:
    """One round mends them all."""
    text = a_plan("repeats: 0\nflags: {a: off}\n").replace("name: shop", "nam: shop").replace("Istanbul", "Istanbull")

    assert faults_of(text) == [
        "plan.yaml:2: plan: unknown key 'nam'. Did you mean 'name'?",
        "plan.yaml:4: plan: unknown time zone 'Europe/Istanbull'. Did you mean 'Europe/Istanbul'?",
        "plan.yaml:10: plan: 'repeats' is '0'; expected a whole number from 1 to 10000.",
        "plan.yaml:11: 'off' is a truth value to YAML 1.1 and text to YAML 1.2. Write false, or quote it: \"off\".",
        "plan.yaml:11: plan: unknown key 'flags'. Write 'exposure: {flags: …}'.",
    ]


def test_a_plan_needs_five_things() -> None:
    """Each missing one is named, with what to write."""
    assert faults_of("repeats: 1") == [
        "plan.yaml:1: plan: lacks 'schema_version'. Write schema_version: 1.",
        "plan.yaml:1: plan: lacks 'name'. Give the rollout a name: name: email-rag-pilot.",
        (
            "plan.yaml:1: plan: lacks 'pipeline'. Write pipeline: module:attribute, or {http: …}, {command: […]}, "
            "{recording: …}."
        ),
        "plan.yaml:1: plan: lacks 'subject'. Say what serves: subject: {code: {git: HEAD}}.",
        "plan.yaml:1: plan: lacks 'stages'. Write at least one stage: stages: [{name: preflight, …}].",
    ]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("schema_version: 1", "schema_version: 2",
         ("1: plan: 'schema_version' is 2; this version reads 1. "
         "Write schema_version: 1, or use the version of Sluicegate it was written for.")),
        ("name: shop", f"name: {'x' * 101}", "2: plan: 'name' is longer than one short line. Write a few words."),
        ("name: shop", "name: [shop]", "2: plan: 'name' is a list; expected text."),
        ("timezone: Europe/Istanbul", "timezone: ../../etc/passwd",
         "4: plan: unknown time zone '../../etc/passwd'. Write an IANA zone, as Europe/Istanbul."),
        ("cases: cases/*.jsonl", "cases: /tmp/c.jsonl",
         "7: plan: 'cases' names '/tmp/c.jsonl'. Write it relative to the plan; the lock names it so."),
        ("cases: cases/*.jsonl", "cases: [a, a]", "7: plan: 'cases' names 'a' twice. Remove one."),
        ("slices: {businesses: [acme, zenith]}", "slices: {businesses: }",
         "9: slices: 'businesses' is empty. Give it a value, or remove it."),
        ("slices: {businesses: [acme, zenith]}", "slices: {businesses: []}",
         "9: slices: 'businesses' is an empty list. Write businesses: [acme, zenith]."),
        ("slices: {businesses: [acme, zenith]}", "valid_for: 0s",
         "9: plan: 'valid_for' is '0s'; expected at least 1 s."),
        ("slices: {businesses: [acme, zenith]}", "metrics: [a]", "9: metrics is a list; expected a mapping."),
        ("slices: {businesses: [acme, zenith]}", "criteria: {week: 1}",
         "9: criteria 'week' is '1'; expected a mapping."),
    ],
)  # fmt: skip
def test_plans_that_cannot_be_read(old: str, new: str, said: str) -> None:
    """Each is refused with what was seen and what to write."""
    assert sole_fault(a_plan().replace(old, new)) == f"plan.yaml:{said}"


# Files


def test_a_plan_is_read_from_its_file(tmp_path: Path) -> None:
    """State lies beside the plan."""
    path = tmp_path / "rollout.yaml"
    path.write_bytes(example("ux.yaml"))

    plan = read_plan(path)
    assert (plan.path, plan.state) == (path, tmp_path / "rollout/state.jsonl")


def test_what_lies_beside_a_plan_is_said_to_be_none(tmp_path: Path) -> None:
    """Not a fault of its indentation; a plan under another name of its own is read as ever."""
    (tmp_path / "rollout.yaml").write_text("name: bot\n")
    (tmp_path / "bot.py").write_text('"""A bot."""\n')
    (tmp_path / "rollout.plan").write_text("nme: bot\n")

    with pytest.raises(InputError) as said:
        read_plan(tmp_path / "bot.py")
    with pytest.raises(InputError) as read:
        read_plan(tmp_path / "rollout.plan")

    what = "Is no plan, which is a YAML file and not a .py file. Did you mean 'rollout.yaml'?"
    assert str(said.value) == f"{tmp_path}/bot.py: {what}"
    assert "Did you mean 'name'?" in str(read.value)


def test_files_that_are_none(tmp_path: Path) -> None:
    """Missing, misspelt, a directory, a pipe, a path that cannot be."""
    (tmp_path / "rollout.yaml").touch()
    (tmp_path / "folder.yaml").mkdir()
    os.mkfifo(tmp_path / "pipe.yaml")

    assert fault_of_file(tmp_path / "rolout.yaml") == (
        f"{tmp_path}/rolout.yaml: There is no such file; expected a plan file. Did you mean 'rollout.yaml'?"
    )
    assert (
        fault_of_file(tmp_path / "no" / "x.yaml")
        == f"{tmp_path}/no/x.yaml: There is no such file; expected a plan file."
    )
    assert fault_of_file(tmp_path / "folder.yaml") == (
        f"{tmp_path}/folder.yaml: Is a directory; expected a plan file. Name the file in it."
    )
    assert (
        fault_of_file(tmp_path / "pipe.yaml") == f"{tmp_path}/pipe.yaml: Is not a regular file; expected a plan file."
    )
    assert (
        fault_of_file(tmp_path / "rollout.yaml" / "x") == f"{tmp_path}/rollout.yaml/x: Cannot be read: Not a directory."
    )
    assert "Cannot be read" in fault_of_file(Path("a\0b"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    """Permissions are the user's to mend."""
    path = tmp_path / "plan.yaml"
    path.touch(mode=0)

    assert fault_of_file(path) == f"{path}: Cannot be read: Permission denied."


def test_a_large_file_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    """A plan is a page or two."""
    path = tmp_path / "plan.yaml"
    path.write_bytes(b"#" * 300_000)

    assert fault_of_file(path) == f"{path}: Is larger than 256 KiB; too large for a plan file."


# Laws


@pytest.mark.parametrize("name", EXAMPLES)
def test_no_line_can_be_dropped_into_a_crash(name: str) -> None:
    """A plan with any one line missing is a plan or faults, each with the line of the file."""
    lines = example(name).decode().splitlines(keepends=True)
    for index in range(0, len(lines), 3 if len(lines) > 100 else 1):
        for fault in faults_of("".join(lines[:index] + lines[index + 1 :])):
            place, line = fault.split(":")[:2]
            assert (place, 1 <= int(line) <= len(lines)) == ("plan.yaml", True)


def test_every_built_in_metric_can_be_a_criterion() -> None:
    """By its kind alone."""
    lines = {
        MetricKind.PROPORTION: "alert: 50 %",
        MetricKind.INCIDENTS: "promote: 0, max_rate: 1 %",
        MetricKind.DISTRIBUTION: "at: p50, alert: {ratio: 2, than: baseline}",
        MetricKind.CONTROLLED: "rollback: {ratio: 2, than: baseline}",
        MetricKind.SPLIT: "weights: {a: 50 %, b: 50 %}",
    }
    criteria = "".join(
        f"      {name}: {{from: live, {'alert: [1 %, 2 %]' if metric.better == 'inside' else lines[metric.kind]}}}\n"
        for name, metric in BUILT_IN.items()
    )

    plan = read(a_plan(stages=f"stages:\n  - name: t\n    exposure: {{live: true}}\n    criteria:\n{criteria}"))
    assert [one.metric.name for one in plan.stages[0].criteria] == list(BUILT_IN)
