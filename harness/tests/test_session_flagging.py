"""Flags around a user's own pipeline: a flags file of the harness's, a switch that is a command, and a service."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from rollout_world import Rollout

sys.path.pop(0)

from sluicegate.fixtures.flag_rollout.registry import bucket

PLAN = """\
schema_version: 1
name: shop
pipeline: PIPELINE
subject: {code: {files: "*.py"}}
cases: cases.jsonl
schemas: {structured: empty.schema.json}
stages:
  - name: preflight
    exposure: {live: false}
    requires: {suites: [SUITES]}
    criteria:
      rollout.bucketing: {from: suite, promote: 99 %, mode: point, min: 2}
      rollback.seconds: {from: suite, at: p95, promote: 5 s, mode: point, min: 1}
  - name: ten
    exposure: {live: false}
    criteria:
      crashes: {from: suite, promote: 0, max_rate: 10 %}
"""

OF_FILE = """\
import os

from openfeature import api
from openfeature.contrib.provider.flagd import FlagdProvider
from openfeature.contrib.provider.flagd.config import ResolverType
from openfeature.evaluation_context import EvaluationContext

path = os.environ["SLUICEGATE_FLAGS_FILE"]
api.set_provider(FlagdProvider(resolver_type=ResolverType.FILE, offline_flag_source_path=path, deadline_ms=50))
client = api.get_client()


async def answer(input, context):
    assert context.endpoints["SLUICEGATE_FLAGS_FILE"] == path
    asked = [(unit["id"], EvaluationContext(targeting_key=unit["id"])) for unit in input["units"]]
    on = [unit for unit, told in asked if client.get_boolean_value(input["flag"], input["default"], told)]
    return {"structured": {"on": on}}
"""

OF_OWN = """\
import json
import os
import sys
from hashlib import sha256
from pathlib import Path


def answer(input):
    path = Path(os.environ["SLUICEGATE_FLAGS_FILE"] + ".own")
    flags = json.loads(path.read_text()) if path.exists() else {}
    flag = flags.get(input["flag"], {"percent": 0, "killed": False})
    share = 0 if flag["killed"] else flag["percent"] * 100

    def bucket(unit):
        return int(sha256(f"{input['flag']}:{unit}".encode()).hexdigest()[:8], 16) % 10_000

    return {"structured": {"on": [unit["id"] for unit in input["units"] if bucket(unit["id"]) < share]}}


if __name__ == "__main__":
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps({"id": request["id"], **answer(request["input"])}), flush=True)
"""

SWITCH = """\
import json
import os
import sys

path = os.environ["SLUICEGATE_FLAGS_FILE"] + ".own"
flags = json.loads(open(path).read()) if os.path.exists(path) else {}
change = json.load(sys.stdin)
if change["flag"] == "refused":
    sys.exit("no flag is called refused")
flags[change["flag"]] = change
with open(path + ".new", "w") as file:
    json.dump(flags, file)
os.replace(path + ".new", path)
"""


def a_case(name: str, *steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    script = {"flags": ["rag"], "population": {"size": 200}, "steps": list(steps), "stay_s": 0.2, **more}
    return {"id": name, "needs": ["flags"], "given": {"flags": script}}


def cases(flag: str = "rag", **more: Any) -> list[dict[str, Any]]:
    kill = {"percent": 50, "killed": True, "within_s": 5}
    return [
        a_case("ladder", *({"percent": percent} for percent in (0, 25, 100, 25)), flags=["ladder"], **more),
        a_case("kill", {"percent": 50}, kill, {"percent": 50}, flags=[flag], **more),
    ]


def a_rollout(root: Path, pipeline: str, listed: list[dict[str, Any]], suites: str = "rollout") -> Rollout:
    rollout = Rollout(root)
    rollout.write("rollout.yaml", PLAN.replace("PIPELINE", pipeline).replace("SUITES", suites))
    rollout.write("of_file.py", OF_FILE)
    rollout.write("of_own.py", OF_OWN)
    rollout.write("switch.py", SWITCH)
    rollout.write("empty.schema.json", json.dumps({"properties": {"on": {"maxItems": 0}}}))
    rollout.write("cases.jsonl", "".join(json.dumps(case) + "\n" for case in listed))
    rollout.lock()
    return rollout


def test_the_harness_sets_flags_in_a_file_of_its_own(tmp_path: Path) -> None:
    """Without a switch: in flagd's format, which the real provider reads in two processes."""
    rollout = a_rollout(tmp_path, "{callable: of_file:answer, capabilities: [flags]}", cases())

    done = rollout.gate()

    assert done.kind == "promote", done.said


SWITCHED = "switch: [SYS, switch.py], capabilities: [flags]".replace("SYS", sys.executable)


@pytest.mark.parametrize("pipeline", ["callable: of_own:answer", f"command: [{sys.executable}, of_own.py]"])
def test_a_command_sets_them_for_a_callable_and_for_a_command(tmp_path: Path, pipeline: str) -> None:
    """The user's own way of setting a flag, for a back end of the user's own; other suites leave such cases alone."""
    listed = [*cases(marker="arrived"), {"id": "plain", "input": {"flag": "none", "default": False, "units": []}}]
    rollout = a_rollout(tmp_path, f"{{{pipeline}, {SWITCHED}}}", listed, suites="rollout, schema, idempotency")

    done = rollout.gate()

    assert done.kind == "promote", done.said
    suites = {suite["suite"]: suite for suite in done.verdict["suites"]}
    assert suites["rollout"]["failed"] == suites["schema"]["failed"] == suites["idempotency"]["failed"] == 0


def test_a_switch_that_fails_fails_the_drill(tmp_path: Path) -> None:
    """With what the command said last."""
    rollout = a_rollout(tmp_path, f"{{callable: of_own:answer, {SWITCHED}}}", cases("refused", marker="arrived"))

    done = rollout.gate()

    assert done.kind == "hold.below_target", done.said
    assert "no flag is called refused" in done.out


def test_where_a_switch_keeps_its_flags_beside_the_plan_is_no_part_of_what_serves(tmp_path: Path) -> None:
    """The pipeline reads the file, and each step of a drill changes it: that is what a switch is for."""
    rollout = a_rollout(tmp_path, f"{{callable: of_own:answer, {SWITCHED}}}", cases(marker="arrived"))
    for name in ("of_own.py", "switch.py"):
        rollout.replace('os.environ["SLUICEGATE_FLAGS_FILE"] + ".own"', '"own.json"', name)
    rollout.lock()

    done = rollout.gate()

    assert (tmp_path / "own.json").exists()
    assert done.kind == "promote", done.said


def test_a_switch_that_is_not_there_is_said_before_anything_runs(tmp_path: Path) -> None:
    """As for a pipeline: where, what, mend."""
    rollout = a_rollout(tmp_path, "{callable: of_own:answer, capabilities: [flags], switch: of_own:set_it}", cases())

    done = rollout.gate()

    assert done.code != 0
    assert "of_own (of_own.py) has no attribute 'set_it'" in done.text
    assert not rollout.verdict().exists()


def test_a_service_needs_a_switch(tmp_path: Path) -> None:
    """A file it does not know of would never be read."""
    rollout = a_rollout(tmp_path, "{http: http://127.0.0.1:9/, capabilities: [flags]}", cases())

    done = rollout.gate()

    assert done.code != 0
    assert "Write switch:" in done.text


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The same back end behind HTTP, in a process that was running before."""
    monkeypatch.setenv("SLUICEGATE_FLAGS_FILE", str(tmp_path / "backend"))
    known: dict[str, Any] = {}
    exec(compile(OF_OWN.partition("if __name__")[0], "of_own", "exec"), known)

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.dumps(
                known["answer"](json.loads(self.rfile.read(int(self.headers["content-length"]))))
            ).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    serving.join()
    server.server_close()


@pytest.mark.parametrize(("pinned", "kind"), [(True, "promote"), (False, "hold.incomplete")])
def test_a_service_is_asked_in_the_one_process_it_has(tmp_path: Path, service: str, pinned: bool, kind: str) -> None:
    """Whether another start says the same, only pinned answers show: without them it holds."""
    listed = cases(marker="arrived")
    for case in listed if pinned else ():
        script = case["given"]["flags"]
        step = next(step for step in script["steps"] if step["percent"] in (25, 50))
        step["on"] = [f"unit-{n}" for n in range(20) if bucket(script["flags"][0], f"unit-{n}") < step["percent"] * 100]
    rollout = a_rollout(tmp_path / "rollout", f"{{http: {service}, {SWITCHED}}}", listed)
    rollout.replace('os.environ["SLUICEGATE_FLAGS_FILE"]', repr(str(tmp_path / "backend")), "switch.py")

    done = rollout.gate()

    assert done.kind == kind, done.said
    assert ("one process answered" in done.text) is not pinned
