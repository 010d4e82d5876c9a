"""A pipeline that sends mail: its mails are in the evidence, each in its own trial, and silence is none."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from rollout_world import Rollout, made, no_promote

sys.path.pop(0)

PLAN = """\
schema_version: 1
name: shop
pipeline: {callable: bot:answer, capabilities: [mail]}
subject:
  code: {files: "*.py"}
cases: cases.jsonl
schemas: {structured: reply.schema.json}
stages:
  - name: preflight
    exposure: {live: false}
    requires: {suites: [schema]}
    criteria:
      crashes: {from: suite, promote: 0, max_rate: 10 %, rollback: confirmed, min: 40}
"""

BOT = """
import os, smtplib, socket


def send(place, number):
    host, port = place.split(":")
    with smtplib.SMTP(host, int(port)) as client:
        message = f"Subject: {number}\\r\\n\\r\\nok\\r\\n"
        client.sendmail("shop@acme.example", [f"customer{number}@mail.example"], message)


def answer(input, context):
    own, common = context.endpoints["SLUICEGATE_SMTP"], os.environ["SLUICEGATE_SMTP"]
    BODY
    return {"structured": {"text": "ok", "order": input["n"]}}
"""
SENDS = 'send(own, input["n"])'


def a_rollout(root: Path, body: str, plan: str = PLAN) -> Rollout:
    """A pipeline that does `body` in each case."""
    rollout = made(root, plan)
    rollout.write("bot.py", BOT.replace("BODY", body))
    rollout.lock()
    return rollout


def mails(rollout: Rollout) -> dict[str, list[dict[str, Any]]]:
    """Details of the mails in the evidence, by case."""
    (ledger,) = rollout.root.rglob("ledger*.jsonl")
    records = [json.loads(line) for line in ledger.read_bytes().splitlines()]
    return {
        record["case_id"]: [seen["detail"] for seen in record["observations"] if seen["double"] == "mail"]
        for record in records
        if record["kind"] == "outcome"
    }


def test_every_mail_is_in_the_evidence_of_its_own_case(tmp_path: Path) -> None:
    """Many cases at once, and a client that knows host and port alone: no connection of it is a stray."""
    rollout = a_rollout(tmp_path / "shop", SENDS)
    done = rollout.gate()
    found = mails(rollout)

    assert (done.code, done.kind) == (0, "complete"), done.said
    assert len(found) == 40
    for (mail,) in found.values():
        number = base64.b64decode(mail["data_base64"]).split()[1].decode()
        assert mail["rcpt"] == [f"<customer{number}@mail.example>"]
    assert len({mail["rcpt"][0] for (mail,) in found.values()}) == 40


@pytest.mark.parametrize(
    ("more", "said"), [("concurrency: 1\n", ""), ("", "at the doubles belong to no trial: SMTP message to <***")]
)
def test_a_client_that_knows_only_the_environment_needs_a_lane(tmp_path: Path, more: str, said: str) -> None:
    """One case at a time, whose is whatever arrives; else nobody knows, and the stage holds."""
    rollout = a_rollout(tmp_path / "shop", 'send(common, input["n"])', PLAN + more)
    done = rollout.gate()

    assert done.kind == ("hold.incomplete" if said else "complete"), done.said
    assert said in done.said
    assert sum(map(len, mails(rollout).values())) == (0 if said else 40)


def test_a_mail_server_elsewhere_is_a_stray(tmp_path: Path) -> None:
    """Where it goes to port 25 of anything, nobody saw what was sent; the mend names the right variable."""
    body = f"{SENDS}; socket.socket().connect_ex(('127.0.0.1', 25))"
    done = no_promote(a_rollout(tmp_path / "shop", body).gate(), "hold.incomplete")

    assert "127.0.0.1:25" in done.said
    assert "Take the address from SLUICEGATE_SMTP" in done.text


def test_a_command_and_what_it_starts_send_as_well(tmp_path: Path) -> None:
    """By the address in its request; a process it starts may use it too."""
    code = """
import json, os, subprocess, sys
from bot import send
for line in sys.stdin:
    asked = json.loads(line)
    place, number = asked["endpoints"]["SLUICEGATE_SMTP"], asked["input"]["n"]
    subprocess.run([sys.executable, "-c", f"import bot; bot.send('{place}', {number})"], check=True)
    print(json.dumps({"id": asked["id"], "structured": {"text": "ok", "order": number}}), flush=True)
"""
    plan = PLAN.replace("callable: bot:answer", f"command: ['{sys.executable}', talk.py]")
    rollout = made(tmp_path / "shop", plan)
    rollout.write("bot.py", BOT.replace("BODY", "pass"))
    rollout.write("talk.py", code)
    rollout.lock()
    done = rollout.gate()

    assert (done.code, done.kind) == (0, "complete"), done.said
    assert [len(found) for found in mails(rollout).values()] == [1] * 40


DRAFTS = (
    'return {"mail": {"to": ["a@mail.example"], "subject": "s", "body": "b"}, "structured": {"text": "ok", "order": 1}}'
)


@pytest.mark.parametrize(
    ("body", "more", "silent"),
    [
        ("pass", "", True),
        (SENDS, "", False),
        (DRAFTS, "", False),
        (DRAFTS, "mail: {sink: strict}\n", True),
        (SENDS, "mail: {sink: lenient}\n", False),
    ],
)
def test_a_suite_of_mails_that_saw_none_holds(tmp_path: Path, body: str, more: str, *, silent: bool) -> None:
    """Drafts are mails that somebody else sends, unless the plan says that the pipeline sends them itself."""
    plan = PLAN.replace("suites: [schema]", "suites: [schema, injection]") + more
    done = a_rollout(tmp_path / "shop", body, plan).gate()
    text = "not one mail of 40 trials arrived; suite injection saw nothing."

    assert (text in done.said) == silent
    assert ("Let the pipeline send through SLUICEGATE_SMTP, or return the mail it drafts." in done.text) == silent
