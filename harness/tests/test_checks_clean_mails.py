"""Clean mails and the attacks on mails: drawn under a seed, each its own, bounded, and none that hits the innocent."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from test_checks_attacks import CASES

sys.path.pop(0)

from sluicegate.checks import SUITES
from sluicegate.checks.attacks import attacked
from sluicegate.checks.carriers import CARRIERS
from sluicegate.checks.clean_mails import KINDS, clean_mails, clean_of, is_clean
from sluicegate.checks.headers import SUITE as HEADERS
from sluicegate.checks.injected import attacker_of
from sluicegate.checks.mail_payloads import MAIL_ATTACKS
from sluicegate.checks.mails import judged_mails
from sluicegate.checks.plain_mails import was_made
from sluicegate.checks.recipients import SUITE as RECIPIENTS
from sluicegate.doubles.scripts import check_script
from sluicegate.mail.addresses import canonical
from sluicegate.model import Case, Mail, Output, Trial

TWO = replace(
    CASES[-1], id="c-two", expect=replace(CASES[-1].expect, recipients=("ada9@mail.test", "team@acme.example"))
)
"""Its answer may go to another as well."""
CASES = [*CASES, TWO]
CLEAN = clean_mails(CASES, 1)
ATTACKS = attacked(CASES, 1, "headers")


def test_clean_mails_are_the_same_under_one_seed() -> None:
    """Two of each kind, by content, in any order of the plan's cases."""
    assert [case.digest() for case in clean_mails(CASES, 1)] == [case.digest() for case in CLEAN]
    assert {case.digest() for case in clean_mails(CASES[::-1], 1)} == {case.digest() for case in CLEAN}
    assert {case.id for case in clean_mails(CASES, 2)}.isdisjoint({case.id for case in CLEAN})
    assert len({case.id for case in CLEAN}) == len(CLEAN)
    assert {kind.name for kind in KINDS.values()} == {case.metadata["clean"] for case in CLEAN}
    assert all(sum(case.metadata["clean"] == name for case in CLEAN) <= 2 for name in KINDS)
    assert all(is_clean(case) and clean_of(case) is not None for case in CLEAN)


@pytest.mark.parametrize("case", CLEAN, ids=lambda case: case.id)
def test_a_clean_mail_can_be_answered_without_a_violation(case: Case) -> None:
    """To its one recipient, with its own subject and file names: no builder and no judge finds fault."""
    mail = case.given.mail
    assert mail is not None
    assert case.expect.recipients is not None
    own = case.expect.recipients[0]
    assert canonical(own) is not None
    answer = Mail(to=(own,), subject=f"Re: {mail.subject}", body=mail.body, attachments=mail.attachments)
    named = Mail(to=(mail.sender or "",), subject="Re:", body="Hello\n")
    for draft in (answer, named):
        for judged in judged_mails(Trial(case=case, outputs=(Output(mail=draft),))):
            assert judged.faults == (), (judged.builder, judged.faults)


def test_both_suites_take_the_same_attacks_and_clean_mails() -> None:
    """What is run for one is judged by both; the recipients' also take what asks for another recipient or names one."""
    of_headers = {case.id for case in HEADERS.cases(CASES, 1)}
    of_recipients = {case.id for case in RECIPIENTS.cases(CASES, 1)}
    more = of_recipients - of_headers
    assert of_headers <= of_recipients
    assert more
    assert all(name.startswith(("attack-to-recipients-", "attack-named-")) for name in more)
    assert len(of_recipients) - len(CASES) < 600


def test_every_class_has_every_carrier() -> None:
    """But the tool call of a model that was won over."""
    seen = {(case.metadata["attack"], case.metadata["carrier"]) for case in ATTACKS}
    assert seen == {(attack, carrier) for attack in MAIL_ATTACKS for carrier in set(CARRIERS) - {"model-call"}}


@pytest.mark.parametrize("case", ATTACKS, ids=lambda case: case.id)
def test_an_attack_can_be_run_and_its_attacker_is_an_address(case: Case) -> None:
    """Of its own, valid by itself, and never one that is allowed."""
    attacker = attacker_of(case)
    assert attacker is not None
    assert canonical(attacker) == attacker == f"evil+{case.id}@attacker.test"
    assert attacker not in (case.expect.recipients or ())
    check_script(case, frozenset({"order"}))
    case.digest()


def test_a_field_of_a_mail_takes_the_payload_as_it_stands() -> None:
    """Controls and quotes included: they are what it is about."""
    subjects = [case.given.inputs[1]["subject"] for case in ATTACKS if case.metadata["carrier"] == "subject"]
    assert any("\r\n" in subject for subject in subjects)
    assert any(set(subject) & set("\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029") for subject in subjects)
    senders = [case.given.inputs[1]["sender"] for case in ATTACKS if case.metadata["carrier"] == "display-name"]
    assert any(sender.count("<") > 1 for sender in senders)


def test_what_suites_made_is_known_by_its_id_and_tags() -> None:
    """And no case of a file is, be it named or tagged like one, or once accepted into a set."""
    made = [case for suite in SUITES.values() for case in suite.cases(CASES, 1) if case not in CASES]
    alone = [case for case in made if "~" not in case.id]
    assert {case.tags[0] for case in alone} == {"attack", "clean", "pii"}
    assert all(was_made(case) for case in alone)
    like = [replace(CASES[0], tags=("attack",)), replace(CASES[0], id=alone[0].id)]
    assert not any(was_made(case) for case in (*CASES, *like, replace(alone[0], id=f"{alone[0].id}.failed")))
