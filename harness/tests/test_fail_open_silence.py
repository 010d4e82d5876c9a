"""How a bad build gets promoted elsewhere: by checks that had nothing to look at, or looked away too early."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from rollout_world import Done, Rollout, made, no_promote

sys.path.pop(0)

PLAN = """\
schema_version: 1
name: shop
pipeline: {callable: bot:answer, capabilities: [tools]}
subject:
  code: {files: "*.py"}
cases: cases.jsonl
schemas: {structured: reply.schema.json}
tools:
  find: {method: GET, path: "/drafts/{id}"}
  store: {path: "/drafts", writes: true, key: n}
stages:
  - name: preflight
    exposure: {live: false}
    requires: {suites: [schema, idempotency]}
    criteria:
      crashes: {from: suite, promote: 0, max_rate: 10 %, rollback: confirmed, min: 40}
"""

BOT = """
import asyncio, uuid
import aiohttp

LOCK = asyncio.Lock()
DONE = set()
LATER = set()


async def found(context):
    async with aiohttp.ClientSession() as session:
        async with session.get(context.endpoints["SLUICEGATE_TOOLS_URL"] + "/drafts/1"):
            pass


async def write(context, **said):
    async with aiohttp.ClientSession() as session:
        async with session.post(context.endpoints["SLUICEGATE_TOOLS_URL"] + "/drafts", json=said) as stored:
            await stored.read()


async def once(input, context):
    async with LOCK:
        if context.run_id not in DONE:
            DONE.add(context.run_id)
            await write(context, n=input["n"])


async def answer(input, context):
    BODY
    return {"structured": {"text": "ok", "order": input["n"]}, "metadata": {"run_id": context.run_id}}
"""
KNOWN_BY_CONTENT = """async with LOCK:
        if input["n"] not in DONE:
            DONE.add(input["n"])
            await write(context, n=input["n"])
"""
SOUND = "await once(input, context)"
LATE = (
    BOT.replace("    BODY\n", "    LATER.add(asyncio.create_task(after(input, context)))\n")
    + """

async def after(input, context):
    await asyncio.sleep(0.1)
    await write(context, n=input["n"])
"""
)


def a_rollout(root: Path, body: str, plan: str = PLAN) -> Rollout:
    """A pipeline that does `body` in each case."""
    rollout = made(root, plan)
    rollout.write("bot.py", BOT.replace("BODY", body))
    rollout.lock()
    return rollout


class TestSideEffects:
    def test_one_write_for_each_message_is_promoted(self, tmp_path: Path) -> None:
        """At once and after a crash too: the sound build, which what follows is measured by."""
        done = a_rollout(tmp_path / "shop", SOUND).gate()

        assert (done.code, done.kind) == (0, "complete"), done.said

    def test_a_fresh_key_for_each_delivery(self, tmp_path: Path) -> None:
        """Two effects for one message, each under a uuid of its own: the plan's key excuses neither."""
        done = no_promote(
            a_rollout(tmp_path / "shop", "await write(context, n=str(uuid.uuid4()))").gate(), "hold.incident"
        )

        assert "idempotency.once" in done.said
        assert "is not in the case" in done.text

    def test_a_write_without_the_key(self, tmp_path: Path) -> None:
        """Once for each message, and nobody could tell."""
        body = "context.delivery or await write(context, id=input['n'])"
        done = no_promote(a_rollout(tmp_path / "shop", body).gate(), "hold.failed")

        assert "must carry 'n', the key the plan names" in done.text

    @pytest.mark.parametrize(
        ("body", "capabilities"), [("await found(context)", "[tools]"), ("pass", "[model]"), ("pass", "[mail]")]
    )
    def test_a_pipeline_that_never_writes(self, tmp_path: Path, body: str, capabilities: str) -> None:
        """Nothing was done twice, because nothing was done where it is seen."""
        plan = PLAN.replace("[tools]", capabilities)
        done = no_promote(a_rollout(tmp_path / "shop", body, plan).gate(), "hold.incomplete")

        assert "no message that was delivered again had a side effect" in done.said
        assert "through SLUICEGATE_TOOLS_URL" in done.text

    def test_a_memory_that_takes_a_copy_for_the_message_it_was_made_of(self, tmp_path: Path) -> None:
        """The cases write and their copies do not: the mend says by what a copy is known."""
        done = no_promote(a_rollout(tmp_path / "shop", KNOWN_BY_CONTENT).gate(), "hold.incomplete")

        assert "saw no write of one in" in done.said
        assert "must know them by message_id, of which each copy of a case has its own" in done.text

    def test_writes_that_come_after_the_answer(self, tmp_path: Path) -> None:
        """A tenth of a second later, when the last case has been answered as well."""
        rollout = made(tmp_path / "shop", PLAN.replace("schema, idempotency", "idempotency"))
        rollout.write("bot.py", LATE)
        rollout.lock()

        done = no_promote(rollout.gate(), "hold.incident")

        assert done.said.count("must write to 'store' once") == 20  # as many as are told one by one


MAILS = (
    PLAN.replace("cases:", "concurrency: 1\ncases:")
    .replace("[tools]", "[mail]")
    .replace('  store: {path: "/drafts", writes: true, key: n}\n', "")
)
COUNTED = """\
      idempotency.violations: {from: suite, promote: 0, max_rate: 10 %, min: 30}
"""
MAILER = """
import asyncio, smtplib

LOCK = asyncio.Lock()
DONE = set()


def send(context):
    host, port = context.endpoints["SLUICEGATE_SMTP"].split(":")
    with smtplib.SMTP(host, int(port), timeout=5) as server:
        server.sendmail("shop@acme.example", ["ann@mail.test"], "Subject: Re\\r\\n\\r\\nShipped.\\r\\n")


async def racing(key, context):
    if key not in DONE:
        await asyncio.to_thread(send, context)
        DONE.add(key)


async def locked(key, context):
    async with LOCK:
        if key not in DONE:
            DONE.add(key)
            await asyncio.to_thread(send, context)


async def answer(input, context):
    await BODY
    return {"structured": {"text": "ok", "order": input["n"]}}
"""


class TestMails:
    """The effect is a mail, which the sink sees; the pipeline remembers messages from case to case."""

    def mailed(self, root: Path, body: str) -> Done:
        cases = [
            {"id": f"c{number}", "input": {"n": number, "message_id": f"<m{number}@mail.test>"}} for number in range(40)
        ]
        rollout = made(root, MAILS + COUNTED, cases=cases)
        rollout.write("bot.py", MAILER.replace("BODY", body))
        rollout.lock()
        return rollout.gate()

    def test_one_mail_for_each_message_is_promoted(self, tmp_path: Path) -> None:
        """Remembered by the message's id, of which each copy of a case has its own, behind a lock."""
        done = self.mailed(tmp_path / "shop", 'locked(input["message_id"], context)')

        assert (done.code, done.kind) == (0, "complete"), done.said

    def test_a_race_that_remembers_the_message(self, tmp_path: Path) -> None:
        """A copy that is answered from what its original left would show none."""
        done = no_promote(self.mailed(tmp_path / "shop", 'racing(input["message_id"], context)'), "hold.incident")

        assert "delivered 2 times at once must be answered to the same recipients once" in done.text

    def test_a_race_that_remembers_the_words(self, tmp_path: Path) -> None:
        """Every copy is answered from memory, so that not one of them showed anything."""
        done = no_promote(self.mailed(tmp_path / "shop", 'racing(input["n"], context)'), "hold.incomplete")

        assert "suite idempotency saw no mail of it" in done.said
        assert "remember by the run id" in done.text


TRACED = """
correlation: {output_field: metadata.run_id, sinks: [SINKS]}
stages:"""


class TestSinks:
    @pytest.mark.parametrize("sink", ["calls", "logs", "spans"])
    def test_a_named_sink_that_stayed_empty(self, tmp_path: Path, sink: str) -> None:
        """Whatever double would have seen it: no id was lost where none was looked for."""
        plan = PLAN.replace("\nstages:", TRACED.replace("SINKS", f"{sink}, output"))
        rollout = a_rollout(tmp_path / "shop", "pass", plan.replace("schema, idempotency", "tracing"))

        done = no_promote(rollout.gate(), "hold.incomplete")

        assert f"correlation names the sink {sink}" in done.said
        assert ("begun below the request's traceparent" in done.text) is (sink == "spans")

    def test_one_call_is_evidence(self, tmp_path: Path) -> None:
        """Of a tool, where the pipeline has no model."""
        plan = PLAN.replace("\nstages:", TRACED.replace("SINKS", "calls, output"))
        rollout = a_rollout(tmp_path / "shop", "await found(context)", plan.replace("schema, idempotency", "tracing"))
        rollout.replace('"/drafts/1")', '"/drafts/1", headers={"traceparent": context.traceparent})', "bot.py")
        rollout.lock()

        done = rollout.gate()

        assert (done.code, done.kind) == (0, "complete"), done.said
