"""`sluicegate load`, whole: a real server, Locust in its own process, its shards in the ledger, the gate after it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sluicegate.errors import MissingExtraError
from sluicegate.session import load as session_load
from sluicegate.session.workspace import Workspace

SERVER = """\
import asyncio
from aiohttp import web

async def draft(request):
    asked = await request.json()
    await asyncio.sleep(0.02)
    usage = {"input_tokens": 3, "output_tokens": 5}
    return web.json_response({"content": f"about order {asked['order']}", "usage": usage})

async def main():
    app = web.Application()
    app.router.add_post("/draft", draft)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(site._server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""
PLAN = """\
schema_version: 1
name: shop
pipeline: {{http: {{url: "http://127.0.0.1:{port}/draft", request: {{order: "${{input.order}}"}}}}}}
subject: {{release: "1"}}
cases: cases.jsonl
load:
  profiles:
    four: {{users: 4, for: {lasts}, warm_up: 500ms, objective: 5 s, max_lag: 20 s}}
stages:
  - name: first
    exposure: {{live: false}}
    criteria:
      latency: {{from: load, at: p50, promote: 5 s, alert: 10 s}}
      goodput: {{from: load, promote: 95 %, alert: 80 %}}
      tokens.total: {{from: load, at: p50, promote: 8 tokens, alert: 9 tokens}}
"""
CASES = '{"id": "a", "input": {"order": 1}, "expect": {"must": [{"field": "content", "contains": "1"}]}}\n'


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A service on loopback."""
    server = subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        yield int(server.stdout.readline())
    finally:
        server.terminate()
        server.wait(30)
        server.stdout.close()


def written(root: Path, port: int, lasts: str = "3 s") -> Path:
    """The plan, with its cases and lock."""
    (root / "cases.jsonl").write_text(CASES, encoding="utf-8")
    (root / "plan.yaml").write_text(PLAN.format(port=port, lasts=lasts), encoding="utf-8")
    assert called(root, "plan", "lock", "plan.yaml").returncode == 0
    return root


def command(*words: str) -> list[str]:
    """Of this installation."""
    return [sys.executable, "-P", "-c", "from sluicegate.cli.app import run; run()", *words]


def called(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A command, 80 columns wide."""
    environment = {**os.environ, "COLUMNS": "80"}
    return subprocess.run(
        command(*words), cwd=root, env=environment, capture_output=True, text=True, timeout=180, check=False
    )


def test_a_run_and_its_verdict(port: int, tmp_path: Path) -> None:
    """Progress, the result at 80 columns, the ledger; then the gate promotes on it, and the plain run is no promise."""
    root = written(tmp_path, port)
    before = called(root, "judge", "plan.yaml")
    assert before.returncode == 10
    assert "sluicegate load plan.yaml --stage first --profile four" in before.stdout.replace("\\\n", "").replace(
        "  ", ""
    )

    ran = called(root, "load", "plan.yaml")
    assert ran.returncode == 0, ran.stderr
    assert " load four: " in ran.stdout
    assert "in warm-up left out" in ran.stdout
    assert max(len(line) for line in ran.stdout.splitlines() if "evidence" not in line) <= 80
    assert "next: sluicegate judge plan.yaml --stage first" in ran.stdout
    assert (root / ".sluicegate" / "recorded" / "000001.jsonl").exists()
    assert list((root / ".sluicegate" / "recorded" / "000001").glob("*-0of1.jsonl"))

    after = called(root, "gate", "plan.yaml")
    assert after.returncode == 0, after.stdout
    assert "goodput (four)" in after.stdout


def test_a_pipeline_that_cannot_be_stood_up_leaves_nothing(tmp_path: Path) -> None:
    """Said as gate says it, as often as it is tried: no run lies there, and no word of the interpreter's is beside."""
    text = PLAN.format(port=1, lasts="2 s").splitlines(keepends=True)
    text[2] = "pipeline: nobody:answer\n"
    (tmp_path / "cases.jsonl").write_text(CASES, encoding="utf-8")
    (tmp_path / "plan.yaml").write_text("".join(text), encoding="utf-8")
    assert called(tmp_path, "plan", "lock", "plan.yaml").returncode == 0

    for _ in range(2):
        ran = called(tmp_path, "load", "plan.yaml")

        assert ran.returncode == 2, ran.stderr
        assert ran.stderr.startswith("pipeline 'nobody:answer': module 'nobody' is not in")
        assert len(ran.stderr.splitlines()) == 1
        assert not list((tmp_path / ".sluicegate" / "recorded").iterdir())


def test_a_stage_that_asks_for_no_load_is_told_before_any_is_sent(tmp_path: Path) -> None:
    """Without --stage it is the stage the rollout is at; load for another one is sent with its name."""
    text = PLAN.format(port=1, lasts="2 s").splitlines(keepends=True)
    text[2] = "pipeline: nobody:answer\n"
    quick = "{latency: {from: suite, at: p95, promote: 5 s, mode: point, min: 1}}"
    nothing = f"  - name: preflight\n    exposure: {{live: false}}\n    criteria: {quick}\n"
    (tmp_path / "cases.jsonl").write_text(CASES, encoding="utf-8")
    (tmp_path / "plan.yaml").write_text("".join(text).replace("stages:\n", f"stages:\n{nothing}"), encoding="utf-8")
    assert called(tmp_path, "plan", "lock", "plan.yaml").returncode == 0

    said = " ".join(called(tmp_path, "load", "plan.yaml").stdout.split())

    assert said == "This load is for stage preflight, where no criterion is from: load. For first: --stage first"
    assert called(tmp_path, "load", "plan.yaml", "--stage", "preflight").stdout == ""


def test_nothing_is_sent_elsewhere(tmp_path: Path) -> None:
    """An address that is neither loopback nor named in the plan is a fault of the plan."""
    text = PLAN.format(port=80, lasts="2 s").replace("127.0.0.1", "shop.example.com")
    (tmp_path / "plan.yaml").write_text(text, encoding="utf-8")
    refused = called(tmp_path, "load", "plan.yaml")

    assert refused.returncode == 40
    assert "neither on loopback nor named as a test target" in refused.stderr


def test_without_locust(port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line to type, and no evidence of a run that was none."""
    workspace = Workspace(written(tmp_path, port) / "plan.yaml")
    monkeypatch.setattr(session_load, "find_spec", lambda _: None)
    profile = session_load.profile_named(workspace.plan, "four")

    with pytest.raises(MissingExtraError, match=r"pip install 'sluicegate\[load\]'"):
        session_load.run_load(workspace, profile, stage=workspace.stage())
    assert not (tmp_path / ".sluicegate").exists()


@pytest.mark.slow
def test_interrupted(port: int, tmp_path: Path) -> None:
    """Ctrl-C: the generator is ended, what it measured is kept as a run that did not end, and the gate holds."""
    root = written(tmp_path, port, "60 s")
    process = subprocess.Popen(
        command("load", "plan.yaml"), cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    shards = root / ".sluicegate" / "recorded" / "000001"
    until = time.monotonic() + 60
    while time.monotonic() < until and not any(path.stat().st_size > 5000 for path in shards.glob("*.jsonl")):
        time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    judged = called(root, "judge", "plan.yaml")

    assert judged.returncode == 30
    assert "stopped before the profile was over" in " ".join(judged.stdout.split())
