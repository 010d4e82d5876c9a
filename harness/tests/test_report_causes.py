"""What a failing verdict leads to: every cause with its case and its command, counts that say what they count."""

from __future__ import annotations

import json
import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from rollout_world import Rollout

sys.path.pop(0)

from sluicegate.checks.values import seen
from sluicegate.gate.causes import Causes
from sluicegate.model import (
    CriterionResult,
    Estimate,
    Finding,
    Kind,
    LineShown,
    Origin,
    Severity,
    Status,
    Verdict,
    Witness,
    decode,
)
from sluicegate.report.criterion import criterion_view
from sluicegate.report.terminal import render_terminal

PLAN = """\
schema_version: 1
name: shop
state: state.jsonl
pipeline: bot:answer
subject: {code: {files: bot.py}}
cases: cases.jsonl
schemas: {structured: reply.schema.json}
stages:
  - name: preflight
    exposure: {live: LIVE}
    requires: {suites: [schema, idempotency]}
    criteria:
      errors.rate: {from: suite, promote: 50 %, mode: point}
      crashes: {from: suite, promote: 0, max_rate: 10 %, min: 10}
"""
BOT = """\
def answer(input):
    if input["n"] == 0:
        raise KeyError("no order 0")
    return {"text": "fine", "order": str(input["n"]) if input["n"] % 5 == 2 else input["n"]}
"""
SCHEMA = {"type": "object", "required": ["order"], "properties": {"order": {"type": "integer"}}}


ALLOWED = """\
    requires: {suites: [schema]}
    criteria:
      errors.rate: {from: suite, promote: 50 %, mode: point}
      schema.valid_rate: {from: suite, promote: 60 %, mode: point}
      draft.success_rate: {from: suite, promote: 60 %, mode: point}
"""


def rollout(root: Path, *, live: bool = False, allowed: bool = False) -> Rollout:
    """Thirty cases: one that crashes, six whose number is a text; `allowed` is a plan that asks for no more."""
    found = Rollout(root)
    served = "      review.approval_rate: {from: live, promote: 70 %, alert: 60 %, min: 100}\n" if live else ""
    found.write("rollout.yaml", PLAN.replace("LIVE", str(live).lower() + (", percent: 10" if live else "")) + served)
    if allowed:
        found.write("rollout.yaml", PLAN.replace("LIVE", "false").partition("    requires:")[0] + ALLOWED)
    found.write("bot.py", BOT)
    found.write("reply.schema.json", json.dumps(SCHEMA))
    cases = [
        {"id": f"c{n:02}", "input": {"n": n}, "expect": {"must": [{"field": "structured.order", "equals": n}]}}
        for n in range(30)
    ]
    found.write("cases.jsonl", "".join(json.dumps(case) + "\n" for case in cases))
    found.lock()
    return found


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any]]:
    """One gate, as it prints and as it is written."""
    found = rollout(tmp_path_factory.mktemp("held"))
    shown = found.run("gate", "rollout.yaml").out
    return shown, json.loads((found.root / ".sluicegate/preflight/verdict.json").read_text(encoding="utf-8"))


def test_the_next_step_names_each_cause_and_the_command_that_reruns_only_its_case(held: tuple[str, Any]) -> None:
    """Neither the crash, which fails every check of its case, nor its copies hide what checks found elsewhere."""
    told = held[0].partition("\n next: ")[2].replace(" \\\n", "")

    causes = [line.split(":")[0].split() for line in told.splitlines() if line.startswith("     c")]
    assert causes[0] == ["c00", "crashes"]
    assert ["c02", "schema.must"] in causes or ["c02", "schema.valid"] in causes
    commands = [shlex.split(line) for line in told.splitlines() if line.strip().startswith("sluicegate gate")]
    assert [words[-2:] for words in commands] == [["--case", case] for case, _ in causes]
    assert "schema.valid  case c02" in held[0]


def test_a_text_that_reads_as_a_number_is_quoted(held: tuple[str, Any]) -> None:
    """`must be a whole number` beside `seen: 2` would be a riddle."""
    assert 'seen: "2"' in held[0]
    assert [seen(text) for text in ("7", "true", "null", "1e3")] == ['"7"', '"true"', '"null"', '"1e3"']
    assert [seen(value) for value in ("seven", "", "[7]", 7, True)] == ["seven", "", "[7]", "7", "true"]


def test_a_case_and_its_copies_count_once_in_every_line(held: tuple[str, Any]) -> None:
    """`crashes` and `errors.rate` count the same cases, and the verdict says what suites added."""
    shown, verdict = held
    measured = {result["metric"]: result["measured"] for result in verdict["criteria"]}

    assert (measured["crashes"]["k"], measured["crashes"]["n"]) == (1, 30)
    assert (measured["errors.rate"]["k"], measured["errors.rate"]["n"]) == (1, 30)
    crashes = next(result for result in verdict["criteria"] if result["metric"] == "crashes")
    assert crashes["shown"].endswith("incidents confirmed in 1 case, copies included")
    assert "30 cases of yours, and copies that suites made of them (idempotency " in " ".join(shown.split())


def test_a_rollback_says_to_take_the_stage_back_and_to_record_it(tmp_path: Path) -> None:
    """The command it ends in is one that can be typed, but for the name."""
    found = rollout(tmp_path, live=True)
    found.sound("record", "entry", "rollout.yaml", "--stage", "preflight")
    done = found.run("gate", "rollout.yaml")

    assert done.code == 20
    told = " ".join(done.out.partition("\n next: ")[2].replace("\\\n", " ").split())
    assert told.startswith("Take stage preflight back now")
    command = "sluicegate record rollback rollout.yaml --stage preflight --by NAME"
    assert command in told
    found.sound(*shlex.split(command.replace("NAME", "ops"))[1:])


def test_what_fails_under_a_promote_is_said_with_who_allows_it(tmp_path: Path) -> None:
    """Nobody has to wonder whether failed checks and crashes went unseen."""
    found = rollout(tmp_path, allowed=True)

    shown = " ".join(found.sound("gate", "rollout.yaml").out.split())

    graded = "schema.valid_rate, errors.rate, draft.success_rate"
    assert f"note: suite schema: 16 checks failed, allowed by the plan in {graded}: schema.must of c00, " in shown
    assert "note: 1 trial crashed, allowed by the plan in errors.rate, draft.success_rate: 1 raised" in shown
    assert "of yours" not in shown, "suites made no cases here"


def test_what_was_seen_is_shown_unless_the_finding_quotes_it() -> None:
    """`must equal A1013` does not say 1013."""
    rollback = Path(__file__).parent / "report_examples/rollback.json"
    verdict = decode(Verdict, json.loads(rollback.read_text(encoding="utf-8")))
    reason = next(reason for reason in verdict.reasons if reason.finding is not None)

    def shown(excerpt: str) -> str:
        found = replace(reason.finding, message="must equal A1013", excerpt=excerpt)
        return render_terminal(replace(verdict, reasons=(replace(reason, finding=found),)))

    assert "seen: 1013" in shown("1013")
    assert "seen:" not in shown("A1013")


def a_finding(check: str, case: str, place: str = "$.structured") -> Finding:
    return Finding(
        check=check,
        case_id=case,
        message="m",
        place=place,
        severity=Severity.ERROR,
        witness=Witness.STRUCTURE,
    )


def test_a_crash_is_one_cause_whatever_checks_it_fails() -> None:
    """It takes one place of three, and a check that found something else keeps its own first case."""
    causes = Causes()
    for check in ("schema.must", "schema.not_empty", "schema.valid"):
        for case in ("a", "b", "c"):
            causes.add(a_finding(check, case, "$.error"))
    causes.add(a_finding("schema.valid", "z"))
    causes.add(a_finding("schema.must", "y"))

    named = [(count, found.check, found.case_id) for count, found in causes.most()]

    assert named == [(3, "schema.must", "a"), (1, "schema.must", "y"), (1, "schema.valid", "z")]


def test_a_line_that_was_worked_out_is_rounded_and_one_of_the_plan_is_not() -> None:
    """`0.8074468085` says no more than `0.8074`; a value on the line's other side is never shown on it."""
    line = LineShown(role="promote", sense="at_least", value=0.8074468085, text="1.15 times base")
    own = LineShown(role="alert", sense="at_least", value=0.80745, text="80.745 %")

    def lines(value: float) -> list[str]:
        result = CriterionResult(
            metric="share",
            unit="case",
            scale="ratio",
            origins=(Origin.SUITE,),
            at=None,
            status=Status.PASS,
            kind=Kind.PROMOTE,
            measured=Estimate(value=value, n=188, method="clopper-pearson"),
            lines=(line, own),
            shown="",
            flip="",
        )
        return [each.text for each in criterion_view(result).lines]

    assert lines(0.95) == ["target ≥ 0.8074 (1.15 times base)", "alert below 0.80745"]
    assert lines(0.80742)[0] == "target ≥ 0.80745 (1.15 times base)"
