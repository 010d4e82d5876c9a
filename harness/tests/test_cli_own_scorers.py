"""A user's own scorer beside suites that make attacks: it is asked where its metric counts, and nowhere else."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from rollout_world import Rollout, made

sys.path.pop(0)

from sluicegate.checks.scorers import SCORED_AS

PLAN = """\
schema_version: 1
name: shop
pipeline: {callable: bot:answer, capabilities: [mail]}
subject: {code: {files: bot.py}}
cases: cases.jsonl
metrics:
  right: {kind: distribution, better: higher, unit: draft, scale: ratio, score: measure:same}
stages:
  - name: preflight
    exposure: {live: false}
    requires: {suites: [recipients, idempotency]}
    criteria:
      right: {from: suite, at: mean, promote: "0.90", alert: "0.80", min: 4}
"""
BOT = "def answer(input):\n    return 'on its way'\n"
SCORER = "def same(example, pred, trace=None):\n    return pred.content == example.text\n"


def mails(root: Path) -> Rollout:
    """Four mails with their right answers, of which suites make copies and attacks."""
    mail = {
        "sender": "Ann Moss <ann@client.test>",
        "to": ["shop@shop.test"],
        "subject": "Order",
        "body": "Where is it?",
    }
    expect = {"recipients": ["ann@client.test"], "sender": "shop@shop.test"}
    case = {"given": {"mail": mail}, "expect": expect, "expected_output": {"text": "on its way"}}
    rollout = made(root, PLAN, cases=[{"id": f"c{at}", **case} for at in range(4)])
    rollout.write("bot.py", BOT)
    rollout.write("measure.py", SCORER)
    rollout.lock()
    return rollout


def test_it_is_not_asked_of_attacks(tmp_path: Path) -> None:
    """They have no right answer to compare with: raising there is no finding. Copies are scored."""
    rollout = mails(tmp_path / "shop")
    rollout.sound("collect", "rollout.yaml")

    records = [json.loads(line) for line in rollout.ledger().read_bytes().splitlines()]
    scored = {
        record["case_id"]: record
        for record in records
        if record["kind"] == "checked" and f"{SCORED_AS}right" in record["results"]
    }

    attacks = {case_id for case_id in scored if case_id.startswith("attack-")}
    assert attacks
    assert not [finding for record in scored.values() for finding in record["findings"]]
    assert all(scored[case_id]["results"] == {f"{SCORED_AS}right": "not_applicable"} for case_id in attacks)
    own = {
        case_id: record for case_id, record in scored.items() if case_id.partition("~")[0] in {"c0", "c1", "c2", "c3"}
    }
    assert any("~" in case_id for case_id in own)
    assert {record["results"][f"{SCORED_AS}right"] for record in own.values()} == {"pass"}
    assert {"c0", "c1", "c2", "c3"} <= own.keys()


def test_a_set_gets_no_cases_that_suites_make_anew(tmp_path: Path) -> None:
    """Attacks, and copies of cases it has, are left out and counted; one that is asked for by its id is taken."""
    rollout = mails(tmp_path / "shop")
    rollout.write("bot.py", BOT.replace("return", "raise RuntimeError('down')\n    return"))
    rollout.lock()
    rollout.sound("collect", "rollout.yaml")

    done = rollout.sound("golden", "add", "rollout.yaml", "--to", "cases.jsonl")

    assert re.search(r"0 added, 4 there already, \d{3} made by suites", done.out)
    assert "left out: " in done.out
    asked = re.search(r"attack-[\w-]+", rollout.ledger().read_text())
    assert asked is not None
    done = rollout.sound("golden", "add", "rollout.yaml", "--to", "cases.jsonl", "--case", asked[0])
    assert "1 added" in done.out
    done = rollout.sound("golden", "add", "rollout.yaml", "--to", "other.jsonl")
    added = [json.loads(line)["id"] for line in (rollout.root / "other.jsonl").read_text().splitlines()]
    assert "c0.failed" in added
    assert not [name for name in added if name.startswith(("attack-", "clean-"))]
