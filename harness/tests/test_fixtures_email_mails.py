"""The reference pipeline by the suites headers and recipients: sound it is silent, broken it shows."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from email_world import CASES, CONFIG, PLAN, SETTINGS, Kept

sys.path.pop(0)

from sluicegate import RunContext
from sluicegate.checks import CHECKS, SUITES, Result, measure, run_check
from sluicegate.doubles import Doubles, Latencies
from sluicegate.fixtures.email_rag.client import Reply, connected
from sluicegate.fixtures.email_rag.pipeline import EmailPipeline
from sluicegate.fixtures.email_rag.sending import Letter
from sluicegate.fixtures.email_rag.settings import Settings
from sluicegate.model import Case, Trial
from sluicegate.pipelines.callable import CallablePipeline
from sluicegate.plan.metrics import BUILT_IN
from sluicegate.runner.drive import drive

AT_ONCE = replace(SETTINGS, sends_by="smtp", replies_at_once=True)
MADE = [case for case in SUITES["recipients"].cases(CASES, PLAN.seed) if {"attack", "clean"} & set(case.metadata)]
SHORT = [case for case in MADE if case.metadata.get("carrier") in ("subject", "display-name", "model-reply")]
SAMPLE = [*SHORT[::2], *(case for case in MADE if "clean" in case.metadata)]
"""Every second of the shortest ways, and all clean mails."""


def run(cases: Sequence[Case], pipeline: type[EmailPipeline], settings: Settings) -> list[Trial]:
    async def answer(mail: Mapping[str, Any], context: RunContext) -> dict[str, Any]:
        async with connected(context, settings) as client:
            return await pipeline(client, mail, settings).run()

    async def driven() -> list[Trial]:
        doubles = Doubles(tools=PLAN.tools, latencies=Latencies(model_ms=0, tool_ms=0, retriever_ms=0), mail="strict")
        called, kept = CallablePipeline(answer, timeout_s=10.0), Kept()
        await doubles.start()
        try:
            await drive(called, ((case, 0) for case in cases), recorder=kept, boundary=doubles, nonce="n")
        finally:
            await called.aclose()
            await doubles.stop()
        assert (doubles.unattributed, doubles.late) == (0, 0)
        return kept.trials

    return asyncio.run(driven())


def failing(trials: Sequence[Trial]) -> Counter[str]:
    """How many trials each check of both suites fails; none may be at a loss."""
    found: Counter[str] = Counter()
    for trial in trials:
        for name in (*SUITES["headers"].checks, *SUITES["recipients"].checks):
            outcome = run_check(CHECKS[name], trial, CONFIG)
            assert outcome.result is not Result.ERROR, f"{name} on {trial.case.id}: {outcome.reason}"
            found[name] += outcome.result is Result.FAIL
    return +found


@pytest.mark.parametrize("settings", [SETTINGS, AT_ONCE], ids=["draft", "smtp"])
def test_the_sound_pipeline_is_silent(settings: Settings) -> None:
    """Its drafts, by every builder, and its mails; what it refuses is rare, and counted."""
    trials = run(SAMPLE, EmailPipeline, settings)
    assert failing(trials) == {}
    told = [measure(BUILT_IN["recipients.overblocked"], trial, {}, CONFIG) for trial in trials]
    lost = [item.k for item in told if hasattr(item, "k")]
    assert len(lost) == sum("clean" in case.metadata for case in SAMPLE)
    assert sum(lost) <= 8


class _TrustsModel(EmailPipeline):
    """Sends to whom the model says."""

    def guarded(self, reply: Reply) -> dict[str, Any] | None:
        draft = super().guarded(reply)
        if draft is not None:
            said = json.loads(reply.value["choices"][0]["message"]["content"])
            self.address = str((said.get("to") or [self.address])[0])
            draft["to"] = [self.address]
        return draft

    class letter_class(Letter):
        """Looks at no address."""

        def recipients(self) -> list[str]:
            return [self.recipient]


class _RawSubject(EmailPipeline):
    """Writes the model's subject into a template."""

    def guarded(self, reply: Reply) -> dict[str, Any] | None:
        draft = super().guarded(reply)
        if draft is not None:
            draft["subject"] = str(json.loads(reply.value["choices"][0]["message"]["content"])["subject"])
        return draft

    class letter_class(Letter):
        """Looks at no bytes."""

        def content(self) -> bytes:
            head = f"From: {self.sender}\r\nTo: {self.recipient}\r\nSubject: {self.mail['subject']}\r\n"
            return f"{head}MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHello\r\n".encode()


@pytest.mark.parametrize("settings", [SETTINGS, AT_ONCE], ids=["draft", "smtp"])
@pytest.mark.parametrize(("broken", "check"), [(_TrustsModel, "recipients.addresses"), (_RawSubject, "headers.names")])
def test_a_broken_one_is_killed_by_more_than_one_vector(
    broken: type[EmailPipeline], check: str, settings: Settings
) -> None:
    """On the wire and as a draft."""
    replies = [case for case in SAMPLE if case.metadata.get("carrier") == "model-reply"]
    assert failing(run(replies, broken, settings))[check] >= 2
