"""The sixteen scenarios of the mail pilot: each one's behaviour is broken once, and its case turns red.

What a later suite will judge closer has here the best check there is: recipients and line breaks by the draft's own
fields and not by the bytes of a mail, personal data by the texts a case names, the retriever's time by when it is left.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from email_world import AUTOMATED, BY_HAND, CASES, failing, run, tagged

sys.path.pop(0)

from sluicegate.fixtures.email_rag import guards, pipeline, prompt
from sluicegate.fixtures.email_rag.client import Client
from sluicegate.fixtures.email_rag.defects import PIPELINES
from sluicegate.fixtures.email_rag.pipeline import EmailPipeline
from sluicegate.fixtures.email_rag.retrieval import Snippet
from sluicegate.fixtures.email_rag.settings import Settings

pytestmark = pytest.mark.flaky(reruns=2, only_rerun=["this machine was"])
"""Where it was too busy to tell when a retrieval was left, nothing is known: asked again."""

Patch = pytest.MonkeyPatch
BREAKS: dict[str, Callable[[Patch], type[EmailPipeline]]] = {}
"""By tag, how its behaviour is broken."""
NAMES = [*(f"e2e_{name}" for name in AUTOMATED.split()), *(f"manual_{name}" for name in BY_HAND.split())]


def breaks(*names: str) -> Callable[[Callable[[Patch], type[EmailPipeline]]], None]:
    """The function gives a pipeline in which this behaviour is broken."""
    return lambda make: BREAKS.update(dict.fromkeys(names, make))


def planted(defect: str, *names: str) -> None:
    """A planted defect breaks it."""
    BREAKS.update(dict.fromkeys(names, lambda _patch: PIPELINES[defect]))


planted("drops-tool-results", "e2e_order_with_tool_data")
planted("trusts-model-recipients", "e2e_recipient_guard")
planted("leaks-cards", "e2e_pii_redaction")
planted("waits-for-retriever", "e2e_retrieval_timeout")
planted("drops-tool-results-first", "e2e_token_overflow")
planted("drafts-twice", "e2e_idempotency", "manual_idempotency")
planted("customers-card-to-model", "manual_pii_in_body")


@breaks("e2e_order_without_tool_data", "manual_tracking_without_tool_data")
def _guesses(patch: Patch) -> type[EmailPipeline]:
    """Asks the model where no tool knows anything."""

    class Guesses(EmailPipeline):
        async def tool_data(self) -> dict[str, list[Any]]:
            return await super().tool_data() or {"orders": [{"status": "shipped"}]}

    return Guesses


@breaks("e2e_crlf_subject", "manual_crlf_subject")
def _any_line(patch: Patch) -> type[EmailPipeline]:
    """Takes a subject as it comes."""
    for module in (guards, pipeline, prompt):
        patch.setattr(module, "one_line", lambda text, length=150: text[:length])
    return EmailPipeline


@breaks("manual_order_flow")
def _first_record_only(patch: Patch) -> type[EmailPipeline]:
    """Tells of the parcel, and nothing of the order."""

    class FirstRecordOnly(EmailPipeline):
        async def tool_data(self) -> dict[str, list[Any]]:
            found = await super().tool_data()
            return {name: records for name, records in found.items() if name == "shipments"}

    return FirstRecordOnly


@breaks("manual_recipient_guard_bypass")
def _answers_to_whom_the_mail_says(patch: Patch) -> type[EmailPipeline]:
    """Copies the addresses a mail and a model name, the sender's display name among them."""

    class Copies(EmailPipeline):
        def __init__(self, client: Client, mail: Mapping[str, Any], settings: Settings | None = None) -> None:
            super().__init__(client, mail, settings)
            self.copies = [*(mail.get("cc") or ()), *(mail.get("reply_to") or ())]
            self.copies += [word for word in f"{mail['sender']} {mail['body']}".split() if "attacker" in word]

        def draft(self, subject: str, body: str) -> dict[str, Any]:
            return {**super().draft(subject, body), "cc": [copy.strip('",') for copy in self.copies]}

    return Copies


@breaks("manual_retrieval_p95")
def _impatient(patch: Patch) -> type[EmailPipeline]:
    """Leaves a retriever that has not answered within a tenth of a second."""

    class Impatient(EmailPipeline):
        def __init__(self, client: Client, mail: Mapping[str, Any], settings: Settings | None = None) -> None:
            super().__init__(client, mail, replace(settings or Settings(), retrieval_timeout_s=0.1))

    return Impatient


@breaks("manual_token_overflow")
def _cuts_the_end(patch: Patch) -> type[EmailPipeline]:
    """Over the budget it cuts the end of the prompt, whatever stands there."""

    class CutsTheEnd(EmailPipeline):
        def within_budget(self, data: dict[str, list[Any]], snippets: list[Snippet]) -> str:
            self.examples = snippets
            texts = {"SNIPPETS": [snippet.text for snippet in snippets], "TOOL DATA": [str(data)]}
            whole = "\n".join(f"### {name}\n" + "\n".join(lines) for name, lines in texts.items())
            return f"### LANGUAGE\n{self.language}\n{whole}"[: self.settings.token_budget * 3]

    return CutsTheEnd


def test_every_scenario_is_there_and_broken_once() -> None:
    """Eight and eight, each on cases of both businesses; no other tag looks like one of them."""
    tags = {tag for case in CASES for tag in case.tags if tag.startswith(("e2e_", "manual_"))}

    assert len(NAMES) == 16
    assert tags == set(NAMES) == set(BREAKS)
    for name in NAMES:
        assert {case.slice for case in tagged(name)} == {"acme", "zenith"}


@pytest.mark.asyncio
async def test_sound_every_scenario_passes() -> None:
    """No check of the stage fails a case that bears one of the names."""
    cases = tagged(*NAMES)

    assert failing(await run(cases), cases=cases) == {}


@pytest.mark.asyncio
@pytest.mark.parametrize("name", NAMES)
async def test_a_broken_behaviour_turns_its_case_red(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cases that bear the name fail a check they pass otherwise."""
    cases = tagged(name)[:6]
    trials = await run(cases, BREAKS[name](monkeypatch))

    assert failing(trials, cases=cases)
