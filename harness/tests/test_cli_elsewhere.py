"""What crosses the boundary and belongs to no trial holds, and is named: an address elsewhere, a request of no run."""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from rollout_world import Rollout, made

sys.path.pop(0)

PLAN = """\
schema_version: 1
name: shop
pipeline: {callable: bot:answer, capabilities: [model]}
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
import json, os, socket, urllib.request


def asks(base, headers=None):
    said = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hi"}]}).encode()
    given = {"content-type": "application/json", **(headers or {})}
    asked = urllib.request.Request(base + "/chat/completions", said, given)
    return json.loads(urllib.request.urlopen(asked).read())["choices"][0]["message"]["content"]


def answer(input, context):
    base = context.endpoints["OPENAI_BASE_URL"]
    BODY
    return {"text": "ok", "order": input["n"]}
"""


def a_rollout(root: Path, body: str, plan: str = PLAN) -> Rollout:
    """A pipeline that does `body` in each case."""
    rollout = made(root, plan)
    rollout.write("bot.py", BOT.replace("BODY", body))
    rollout.lock()
    return rollout


def observations(rollout: Rollout) -> list[list[dict[str, Any]]]:
    """What the doubles saw in each trial."""
    records = map(json.loads, rollout.ledger().read_text().splitlines())
    return [record["observations"] for record in records if record["kind"] == "outcome"]


ELSEWHERE = 'asks(base); input["n"] == 7 and socket.socket().connect_ex(("127.0.0.1", 9))'


def test_a_connection_elsewhere_holds_with_address_case_and_mend(tmp_path: Path) -> None:
    """One case of forty is enough; looking at the same evidence again changes nothing."""
    rollout = a_rollout(tmp_path / "shop", ELSEWHERE)

    for _ in range(2):
        done = rollout.gate()

        assert (done.code, done.kind) == (10, "hold.incomplete")
        (reason,) = done.verdict["reasons"]
        assert reason["about"] == "network"
        assert "127.0.0.1:9 (case c07)" in reason["text"]
        assert "OPENAI_BASE_URL" in reason["mend"]
        assert "may_connect: ['127.0.0.1:9']" in reason["mend"]


COMMAND = """
import json, socket, sys

opened = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
for line in sys.stdin:
    said = json.loads(line)
    print(json.dumps({"id": said["id"], "structured": {"text": "ok", "order": said["input"]["n"]}}), flush=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="a command is looked at through /proc")
def test_a_command_that_holds_a_connection_elsewhere_holds_too(tmp_path: Path) -> None:
    """With its address; declared, it promotes."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        command = f"{{command: [{sys.executable}, command.py, '{port}'], capabilities: [model]}}"
        plan = PLAN.replace("{callable: bot:answer, capabilities: [model]}", command)
        rollout = a_rollout(tmp_path / "shop", "pass", plan)
        rollout.write("command.py", COMMAND)
        rollout.lock()

        done = rollout.gate()

        assert (done.code, done.kind) == (10, "hold.incomplete"), done.text
        assert f"127.0.0.1:{port}." in done.verdict["reasons"][0]["text"]
        rollout.replace("capabilities: [model]", f"capabilities: [model], may_connect: ['localhost:{port}']")
        rollout.lock()
        assert rollout.gate().code == 0


def test_a_declared_address_promotes(tmp_path: Path) -> None:
    """The plan says where else the pipeline speaks."""
    declared = PLAN.replace("capabilities: [model]", "capabilities: [model], may_connect: [127.0.0.1:9]")

    done = a_rollout(tmp_path / "shop", ELSEWHERE, declared).gate()

    assert done.code == 0, done.said


def test_a_name_that_leads_nowhere_holds_with_its_variable(tmp_path: Path) -> None:
    """A pipeline that ignores OPENAI_BASE_URL: its answer is made up, and the gate says where it asked."""
    body = """
    try:
        asks("https://api.openai.invalid/v1")
    except OSError:
        pass"""

    done = a_rollout(tmp_path / "shop", body).gate()

    assert (done.code, done.kind) == (10, "hold.incomplete")
    said = {reason["about"]: reason for reason in done.verdict["reasons"]}
    assert "api.openai.invalid:443" in said["network"]["text"]
    assert said["network"]["mend"].startswith("Take the address from OPENAI_BASE_URL;")


def test_without_doubles_nobody_watches(tmp_path: Path) -> None:
    """A plan that declares nothing the doubles stand in for makes no statement about what is spoken to."""
    plan = PLAN.replace("{callable: bot:answer, capabilities: [model]}", "bot:answer")

    body = 'pass\ndef answer(input):\n    socket.socket().connect_ex(("127.0.0.1", 9))'
    done = a_rollout(tmp_path / "shop", body, plan).gate()

    assert done.code == 0, done.said


UNNAMED = 'asks(base.replace("/r/" + context.run_id, ""))'


def test_requests_of_no_run_hold_and_are_never_counted_for_a_case(tmp_path: Path) -> None:
    """Nor does a second look at the same evidence promote."""
    rollout = a_rollout(tmp_path / "shop", UNNAMED)

    for _ in range(2):
        done = rollout.gate()

        assert (done.code, done.kind) == (10, "hold.incomplete")
        (reason,) = done.verdict["reasons"]
        assert "40 requests at the doubles belong to no trial: POST /v1/chat/completions" in reason["text"]
        assert "x-sluicegate-run" in reason["mend"]
    assert observations(rollout) == [[]] * 40


def test_one_at_a_time_they_belong_to_the_one(tmp_path: Path) -> None:
    """`concurrency: 1` makes a lane: whatever arrives is of the case under way."""
    rollout = a_rollout(tmp_path / "shop", UNNAMED, PLAN.replace("cases:", "concurrency: 1\ncases:"))

    done = rollout.gate()

    assert done.code == 0, done.said
    assert {len(observed) for observed in observations(rollout)} == {1}
    assert {item["detail"]["correlation"]["run"] for (item,) in observations(rollout)} == {"lane"}


@pytest.mark.parametrize("concurrency", [1, 8])
def test_a_client_of_the_first_case_serves_no_other(tmp_path: Path, concurrency: int) -> None:
    """Endpoints kept from the first case, with the headers of the one at hand: such a request belongs to nobody."""
    body = 'asks(KEPT.setdefault("base", base), {"x-sluicegate-run": context.run_id})'
    plan = PLAN.replace("cases:", f"concurrency: {concurrency}\ncases:")
    rollout = a_rollout(tmp_path / "shop", body, plan)
    rollout.write("bot.py", "KEPT = {}\n" + (rollout.root / "bot.py").read_text())

    done = rollout.gate()

    assert (done.code, done.kind) == (10, "hold.incomplete"), done.said
    assert "39 requests at the doubles belong to no trial" in done.said
    assert sum(map(len, observations(rollout))) == 1


def test_requests_after_the_answer_hold(tmp_path: Path) -> None:
    """The pipeline goes on in the background: nobody knows what of."""
    later = "threading.Thread(target=lambda: (time.sleep(0.05), asks(base))).start()"
    body = f"import threading, time\n    {later}; time.sleep(0.01)"
    done = a_rollout(tmp_path / "shop", body, PLAN.replace("cases:", "concurrency: 1\ncases:")).gate()

    assert (done.code, done.kind) == (10, "hold.incomplete")
    assert any("came after the trial had answered" in reason["text"] for reason in done.verdict["reasons"]), done.said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("may_connect: ['http://db']", "names 'http://db', which is no address"),
        ("may_conect: [db]", "Did you mean 'may_connect'?"),
    ],
)
def test_what_is_no_address_is_told_with_its_line(tmp_path: Path, written: str, said: str) -> None:
    """Exit 40."""
    rollout = a_rollout(tmp_path / "shop", "pass")
    rollout.replace("capabilities: [model]", f"capabilities: [model], {written}")

    done = rollout.run("plan", "check", "rollout.yaml")

    assert done.code == 40
    assert "rollout.yaml:3" in done.text
    assert said in " ".join(done.text.split()), done.text
