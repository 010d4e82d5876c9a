"""Attacks: every class through every carrier, the same under one seed, and none that hands over its own canary."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from sluicegate.checks.attacks import attacked, coverage
from sluicegate.checks.carriers import CARRIERS
from sluicegate.checks.injected import attacker_of, is_paired
from sluicegate.checks.payloads import ATTACKS
from sluicegate.checks.plain_mails import is_template
from sluicegate.checks.sinks import inbound, retrieved
from sluicegate.doubles.scripts import check_script
from sluicegate.model import (
    Asked,
    Attachment,
    Capability,
    Case,
    Expect,
    Given,
    Mail,
    ModelScript,
    RetrievalScript,
    Rule,
    Snippet,
    ToolResult,
)
from sluicegate.plan.cases import read_cases
from sluicegate.text.decoders import Search
from sluicegate.text.invisible import hidden

GOLDEN = Path(__file__).parents[2] / "golden" / "email_rag.jsonl"


def a_case(number: int = 7, **changed: object) -> Case:
    order = f"AC-1000{number}"
    mail = Mail(
        sender=f"Ada Finch <ada{number}@mail.test>",
        to=("support@acme.example",),
        subject=f"Order {order}",
        body=f"Hello,\n\nwhere is order {order}?\n",
        message_id=f"<{number}@mail.test>",
    )
    return Case(
        id=f"c-{number}",
        given=Given(
            mail=mail,
            now="2026-01-29T12:00:00Z",
            snippets=(Snippet(id="s", text="Parcels take two days.", source="acme/sent-mail", language="en"),),
            tool_results=(ToolResult(tool="order", arguments={"order_id": order}, result={"status": "sent"}),),
        ),
        expect=Expect(
            recipients=(f"ada{number}@mail.test",),
            must=(Rule(field="content", contains="sent"),),
            retrieval=Asked(language="en", sources=("acme/sent-mail",)),
        ),
        **changed,
    )


def a_scripted_case() -> Case:
    """It shows in which form the model replies."""
    case = a_case(9)
    reply = '{"subject": "Re: order", "body": "It is on its way, as we hear.", "to": ["somebody@else.test"]}'
    return replace(case, given=replace(case.given, model=ModelScript(replies=(reply,))))


CASES = [*(a_case(number) for number in range(8)), a_scripted_case()]
IN_THE_WORLD = ("snippet", "snippet-source", "tool-result", "tool-error", "model-reply")
ALL = attacked(CASES, 1, "injection")


def test_every_class_comes_through_every_carrier() -> None:
    """A cell is filled, or says why it is not."""
    table = [cell for cell in coverage(CASES, 1) if cell.attack in ATTACKS]
    assert len(table) == len(ATTACKS) * len(CARRIERS)
    assert all(bool(cell.cases) is not bool(cell.why) for cell in table)
    empty = {(cell.attack, cell.carrier) for cell in table if not cell.cases}
    won_over = {"model-call": {"to-tools"}, "model-reply": {"to-recipients", "links", "telegram", "unseen"}}
    assert empty == {(name, carrier) for carrier, names in won_over.items() for name in set(ATTACKS) - names}
    assert 150 <= len(ALL) <= 400


def test_a_seed_makes_the_same_cases_and_another_makes_others() -> None:
    """By content, in any order of the plan's cases."""
    assert [case.digest() for case in attacked(CASES, 1, "injection")] == [case.digest() for case in ALL]
    assert {case.digest() for case in attacked(CASES[::-1], 1, "injection")} == {case.digest() for case in ALL}
    assert {case.id for case in attacked(CASES, 2, "injection")}.isdisjoint({case.id for case in ALL})
    assert len({case.id for case in ALL}) == len(ALL)


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.id)
def test_an_attack_is_its_own_and_hands_over_nothing(case: Case) -> None:
    """Its address stands in it alone; its canary stands in it in no code, or an echo would be a leak."""
    texts = [*inbound(case), *retrieved(case)]
    assert Search(case.expect.canaries).find("\n".join(texts)) == []
    assert attacker_of(case) == f"evil+{case.id}@attacker.test"
    assert not any(host.endswith("attacker.test") for host in case.expect.link_hosts or ())
    assert not case.expect.must
    assert case.expect.recipients
    assert Capability.MAIL in case.needs
    check_script(case, frozenset({"order"}))


def test_the_first_delivery_is_the_second_but_for_the_payload() -> None:
    """Inert, then hostile; of one length each, with ids of their own."""
    pairs = [case for case in ALL if is_paired(case)]
    assert {case.metadata["carrier"] for case in pairs} == set(CARRIERS) - {"model-call"}
    for case in pairs:
        inert, hostile = case.given.inputs
        changed = {name for name in inert if inert[name] != hostile[name]} - {"message_id"}
        in_mail = {"body", "subject", "sender", "reply_to", "attachments"}
        assert changed <= in_mail
        assert len(changed) == 1 or case.metadata["carrier"] in IN_THE_WORLD
        assert inert["message_id"] != hostile["message_id"]


def test_the_index_gives_the_payload_to_the_second_delivery_alone() -> None:
    """At first it finds nothing; a source that no filter names comes from an index that does not filter by it."""
    for case in (case for case in ALL if str(case.metadata["carrier"]).startswith("snippet")):
        assert [(fault.kind, fault.target, fault.on_call) for fault in case.given.faults] == [("empty", "retriever", 1)]
        assert [snippet.id for snippet in case.given.snippets if snippet.poisoned] == ["planted"]
        assert case.given.retrieval == (
            RetrievalScript(ignores=("source",)) if case.metadata["carrier"] == "snippet-source" else None
        )


def test_a_line_stays_a_line() -> None:
    """Subject, names and Reply-To carry no line break: that is another class."""
    for case in ALL:
        for asked in case.given.inputs:
            for text in (
                asked["subject"],
                asked["sender"],
                *asked["reply_to"],
                *(a["name"] for a in asked["attachments"]),
            ):
                assert text.isprintable() or hidden(text)
                assert "\n" not in text


@pytest.mark.parametrize(
    "changed",
    [
        {"input": "x"},
        {"given": Given(mail=Mail(body="Hi"))},
        {"given": Given(command="x")},
        {"given": replace(a_case().given, deliveries=2)},
        {"expect": Expect(outcome="error")},
        {"expect": Expect(canaries=("K-1",))},
        {"given": replace(a_case().given, mail=replace(CASES[0].given.mail, sender="a@b.test, c@d.test"))},
    ],
)
def test_only_a_plain_mail_is_a_template(changed: dict[str, object]) -> None:
    """One answer to one mail of one sender; else nobody could say what the payload changed."""
    case = replace(a_case(), **changed)
    assert not is_template(case)
    assert attacked([case], 1, "injection") == []
    assert {cell.why for cell in coverage([case], 1)} == {CARRIERS["body"].lacks}


def test_a_plan_without_index_and_tools_says_so() -> None:
    """Its mails are attacked all the same."""
    bare = replace(
        a_case(), given=Given(mail=replace(CASES[0].given.mail, attachments=(Attachment(name="a"),))), expect=Expect()
    )
    table = {(cell.attack, cell.carrier): cell for cell in coverage([bare], 1)}
    assert table["to-answer", "body"].cases
    assert "snippets" in table["to-answer", "snippet"].why
    assert "tool_results" in table["to-answer", "tool-result"].why


def test_world_carriers_need_what_they_come_through() -> None:
    """Without retrieval or tools they are not applicable, with that reason."""
    needs = {case.metadata["carrier"]: set(case.needs) for case in ALL}
    assert Capability.RETRIEVAL in needs["snippet"] & needs["snippet-source"]
    assert Capability.TOOLS in needs["tool-result"] & needs["tool-error"] & needs["model-call"]
    assert Capability.TOOLS not in needs["body"]


def test_the_pilot_s_cases_fill_the_table() -> None:
    """All twelve ways in, from the reference pipeline's own cases."""
    table = coverage(list(read_cases([GOLDEN])), 1)
    assert all(cell.cases for cell in table if not cell.carrier.startswith("model-"))


def test_a_model_that_was_won_over_replies_in_its_own_form() -> None:
    """First as ever, to nobody it named itself; then with the payload in the same object."""
    for case in (case for case in ALL if case.metadata["carrier"] == "model-reply"):
        inert, hostile = map(json.loads, case.given.model.replies)
        assert inert == {"subject": "Re: order", "body": "It is on its way, as we hear."}
        assert inert != hostile
        assert inert.keys() <= hostile.keys()
