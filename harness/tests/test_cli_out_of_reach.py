"""A pipeline behind an address where nobody answers: what is said, what is kept, and what helps."""

from __future__ import annotations

import json
import socket
import socketserver
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from rollout_world import called

sys.path.pop(0)

from sluicegate.testing import a_rollout


class _Answers(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        order = 1000 + asked["n"]
        said = json.dumps({"content": f"Order {order} is on its way.", "structured": {"order": order}}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_: object) -> None:
        """Quiet."""


class _HangsUp(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.request.recv(10)


class _Reused(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    """Another server follows at its port, while connections of this one are still being closed."""


@contextmanager
def serving(server: socketserver.TCPServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def project(tmp_path: Path, port: int) -> Path:
    for name, text in a_rollout(40).items():
        pipeline = f'pipeline: {{http: {{url: "http://127.0.0.1:{port}/draft"}}}}'
        (tmp_path / name).write_text(text.replace("pipeline: bot:answer", pipeline))
    assert called("plan", "lock", "rollout.yaml", cwd=tmp_path).code == 0
    return tmp_path


def test_where_nothing_listens_no_case_is_called_and_nothing_is_lost(project: Path, port: int) -> None:
    """Exit 2 with the address and the question; the same command promotes once the server runs."""
    down = called("gate", "rollout.yaml", cwd=project)

    assert down.code == 2, down.text
    assert f"nothing answers at http://127.0.0.1:{port}: connection refused" in down.err
    assert "Does the server run there? Start it, and run the same command again." in down.err
    assert not (project / ".sluicegate").exists()
    with serving(ThreadingHTTPServer(("127.0.0.1", port), _Answers)):
        assert called("gate", "rollout.yaml", cwd=project).code == 0


def test_most_cases_out_of_reach_ask_for_the_server_first(project: Path, port: int) -> None:
    """The next step is a question and commands, each of which exists; taken, they promote."""
    with serving(_Reused(("127.0.0.1", port), _HangsUp)):
        held = called("gate", "rollout.yaml", cwd=project)

    assert held.code == 10, held.text
    reasons = json.loads((project / ".sluicegate/preflight/verdict.json").read_bytes())["reasons"]
    assert reasons[0]["text"] == f"40 of 40 trials found nobody at http://127.0.0.1:{port}."
    assert reasons[0]["mend"].startswith(f"Does the server run at http://127.0.0.1:{port}? Start it.")
    assert reasons[0]["mend"].endswith(
        "Then run sluicegate plan lock rollout.yaml, and run: sluicegate gate rollout.yaml --stage preflight"
    )
    plan = project / "rollout.yaml"
    plan.write_text(plan.read_text().replace("{code: {files: bot.py}}", "{code: {files: bot.py}, release: '2'}"))
    with serving(ThreadingHTTPServer(("127.0.0.1", port), _Answers)):
        assert called("plan", "lock", "rollout.yaml", cwd=project).code == 0
        assert called("gate", "rollout.yaml", "--stage", "preflight", cwd=project).code == 0


def commanded(project: Path, script: str | None) -> None:
    """The plan with a command for its pipeline; its script, or none."""
    plan = project / "rollout.yaml"
    lines = [line for line in plan.read_text().splitlines() if not line.startswith("pipeline:")]
    plan.write_text("\n".join([*lines[:3], 'pipeline: {command: [python3, "gone.py"]}', *lines[3:]]) + "\n")
    if script is not None:
        (project / "gone.py").write_text(script)
    assert called("plan", "lock", "rollout.yaml", cwd=project).code == 0


ANSWERS = """\
import json, os, sys
if "BOT_TOKEN" not in os.environ:
    sys.exit("BOT_TOKEN is not set")
for line in sys.stdin:
    asked = json.loads(line)
    order = 1000 + asked["input"]["n"]
    said = {"content": f"Order {order} is on its way.", "structured": {"order": order}}
    print(json.dumps({"id": asked["id"], **said}), flush=True)
"""


def test_a_command_that_does_not_start_is_no_evidence(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit 2 with its last words, nothing recorded; the same build promotes once what it needs is there."""
    monkeypatch.delenv("BOT_TOKEN", raising=False)
    commanded(project, ANSWERS)

    down = called("gate", "rollout.yaml", cwd=project)

    assert down.code == 2, down.text
    assert "program 'python3' ended before it was asked anything: exit code 1; its last words: " in down.err
    assert "BOT_TOKEN is not set" in down.err
    assert "No case was called, and nothing is recorded. Mend it, and run the same command again." in down.err
    assert not (project / ".sluicegate").exists()
    monkeypatch.setenv("BOT_TOKEN", "1")
    assert called("gate", "rollout.yaml", cwd=project).code == 0


def test_a_command_without_its_script_is_no_evidence(project: Path) -> None:
    """A slip in the plan's arguments is a slip, and no failure of what serves."""
    commanded(project, None)

    down = called("gate", "rollout.yaml", cwd=project)

    assert down.code == 2, down.text
    assert "can't open file" in down.err
    assert not (project / ".sluicegate").exists()


def test_a_command_that_ends_when_it_is_asked_is_asked_for_too(project: Path) -> None:
    """By its own words."""
    commanded(project, "input()\n")

    held = called("gate", "rollout.yaml", cwd=project)

    assert held.code == 10, held.text
    reason = json.loads((project / ".sluicegate/preflight/verdict.json").read_bytes())["reasons"][0]
    assert reason["text"].endswith("found nobody at the command python3 gone.py.")
    assert reason["mend"].startswith("Does python3 gone.py start by hand?")
