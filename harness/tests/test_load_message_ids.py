"""Under load every request is a message of its own: who remembers messages by their id has not seen it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from rollout_world import called

sys.path.pop(0)

from sluicegate.checks.message_ids import own_ids, request_word
from sluicegate.model import Case, decode

BOT = """\
seen = set()

def answer(asked):
    known = asked["message_id"] in seen
    seen.add(asked["message_id"])
    return {"content": f"{'remembered' if known else 'read'}: {asked['message_id']}"}
"""
SERVER = """\
import asyncio
from aiohttp import web
from bot import answer

async def asked(request):
    return web.json_response(answer(await request.json()))

async def main():
    app = web.Application()
    app.router.add_post("/", asked)
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
pipeline: PIPELINE
subject: {release: "1"}
cases: cases.jsonl
load:
  profiles:
    two: {users: 2, for: 1 s, pause: 50ms, max_lag: 20 s}
    same: {users: 2, for: 1 s, pause: 50ms, max_lag: 20 s, own_ids: false}
stages:
  - name: first
    exposure: {live: false}
    criteria:
      draft.success_rate: {from: load, profile: NAME, promote: 95 %, mode: point, min: 5}
"""
ASKED = {"message_id": "<m1@shop.test>", "text": "where is it?"}
CASE = {"id": "a", "input": ASKED, "expect": {"must": [{"field": "content", "contains": "read: <m1."}]}}


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """A service that remembers, and is asked by one test."""
    (tmp_path / "bot.py").write_text(BOT)
    server = subprocess.Popen([sys.executable, "-c", SERVER], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(server.stdout.readline())}/"
    finally:
        server.terminate()
        server.wait(30)
        server.stdout.close()


@pytest.mark.parametrize("adapter", ["callable", "http"])
def test_no_request_is_answered_from_memory(adapter: str, url: str, tmp_path: Path) -> None:
    """One case, asked again and again, is read each time; the judge knows each by its own id."""
    pipeline = f'{{http: {{url: "{url}"}}}}' if adapter == "http" else "bot:answer"
    (tmp_path / "cases.jsonl").write_text(json.dumps(CASE) + "\n")
    (tmp_path / "plan.yaml").write_text(PLAN.replace("PIPELINE", pipeline).replace("NAME", "two"))
    assert called("plan", "lock", "plan.yaml", cwd=tmp_path).code == 0
    assert called("load", "plan.yaml", "--profile", "two", cwd=tmp_path).code == 0

    done = called("gate", "plan.yaml", "--format", "json", cwd=tmp_path)

    assert done.kind == "complete", done.said


def test_ids_that_the_service_looks_up_can_stay(url: str, tmp_path: Path) -> None:
    """`own_ids: false` sends each case as it stands: all but the first are known."""
    (tmp_path / "cases.jsonl").write_text(json.dumps(CASE).replace("read: <m1.", "read: <m1") + "\n")
    plan = PLAN.replace("PIPELINE", f'{{http: {{url: "{url}"}}}}').replace("NAME", "same")
    (tmp_path / "plan.yaml").write_text(plan)
    assert called("plan", "lock", "plan.yaml", cwd=tmp_path).code == 0
    assert called("load", "plan.yaml", "--profile", "same", cwd=tmp_path).code == 0

    done = called("gate", "plan.yaml", "--format", "json", cwd=tmp_path)

    assert done.kind == "hold.below_target", done.said
    (criterion,) = done.verdict["criteria"]
    assert criterion["measured"]["k"] == 1


def test_an_own_id_shows_nothing_of_the_run() -> None:
    """Who writes the id of a message into a log has not passed the id of the run on."""
    run_id = "0123456789abcdef"
    renamed = own_ids(decode(Case, CASE))
    assert renamed is not None
    case = renamed(request_word(run_id))

    assert isinstance(case.input, dict)
    assert case.input["message_id"] == f"<m1.{request_word(run_id)}@shop.test>"
    assert request_word(run_id).isalpha()
    assert request_word(run_id) != request_word(run_id[::-1])
