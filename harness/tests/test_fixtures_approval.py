"""Approval of a draft: whatever is done in whatever order, only what a person approved is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluicegate.fixtures.email_rag.defects import PIPELINES
from sluicegate.fixtures.email_rag.review import Review

PEOPLE = ("Robin <robin@acme.example>", "kim@zenith.example")
PROGRAMS = ("", "drafting-bot", "bot@acme.example", "NoReply@acme.example", "system")
STEPS = st.lists(
    st.one_of(
        st.builds(dict, action=st.just("approve"), by=st.sampled_from((*PEOPLE, *PROGRAMS))),
        st.builds(dict, action=st.just("edit"), body=st.sampled_from(("one", "two", "three"))),
        st.just({"action": "send"}),
    ),
    max_size=12,
)


class Store:
    """A draft store and a mail server in memory."""

    run_id = "r"

    def __init__(self) -> None:
        self.record: dict[str, Any] = {"id": "d", "mail": {"to": ["a@mail.test"], "body": "one"}, "facts": {}}
        self.sent: list[Mapping[str, Any]] = []

    async def draft(self, _message_id: str) -> dict[str, Any]:
        return dict(self.record)

    async def keep_draft(self, _message_id: str, record: Mapping[str, Any]) -> dict[str, Any]:
        self.record = dict(record)
        return dict(record)

    async def send(self, _message_id: str, mail: Mapping[str, Any]) -> None:
        await asyncio.sleep(0)
        self.sent.append(mail)


async def taken(steps: list[dict[str, str]], review: type[Review]) -> tuple[Store, list[str]]:
    """The store after the steps, and the texts a person had approved when each was sent."""
    store, approved, was_approved = Store(), "", list[str]()
    for step in steps:
        before, open_still = len(store.sent), not store.record.get("sent")
        if step["action"] == "approve" and step["by"] in PEOPLE and open_still:
            approved = store.record["mail"]["body"]
        await review(store, {**step, "message_id": "m"}).run()  # type: ignore[arg-type]
        was_approved += [approved] * (len(store.sent) - before)
    return store, was_approved


@given(STEPS)
def test_only_what_a_person_approved_is_sent_and_once(steps: list[dict[str, str]]) -> None:
    """Word for word: an edit after the approval asks for another one."""
    store, approved = asyncio.run(taken(steps, Review))

    assert [mail["body"] for mail in store.sent] == approved
    assert len(store.sent) <= 1


def test_told_to_send_twice_at_once_it_sends_once() -> None:
    """As a second click does; the second step waits for the first."""

    async def sent() -> list[Mapping[str, Any]]:
        store, _ = await taken([{"action": "approve", "by": PEOPLE[0]}], Review)
        asked = {"action": "send", "message_id": "m"}
        await asyncio.gather(*(Review(store, asked).run() for _ in range(3)))  # type: ignore[arg-type]
        return store.sent

    assert len(asyncio.run(sent())) == 1


@pytest.mark.parametrize(
    ("defect", "steps"),
    [
        ("approval-outlives-edit", [{"action": "approve", "by": PEOPLE[0]}, {"action": "edit", "body": "two"}]),
        ("approved-by-program", [{"action": "approve", "by": "drafting-bot"}]),
    ],
)
def test_the_planted_defects_break_the_law(defect: str, steps: list[dict[str, str]]) -> None:
    """The property can fail."""
    store, approved = asyncio.run(taken([*steps, {"action": "send"}], PIPELINES[defect].review_class))

    assert [mail["body"] for mail in store.sent] != approved
