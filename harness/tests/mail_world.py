"""Mails as a mail sink records them, and what the suites headers and recipients say of them."""

from __future__ import annotations

import base64
from typing import Any

from sluicegate.checks import CHECKS, CheckConfig, run_check
from sluicegate.checks.check import CheckOutcome
from sluicegate.model import Case, Expect, Given, Mail, Observation, Output, Trial

__all__ = ["ALICE", "EVIL", "SHOP", "a_case", "a_draft", "a_mail", "data", "failing", "judged", "outcome", "trial_of"]

NOW = "2026-01-29T12:00:00Z"
ALICE = "alice@client.test"
SHOP = "service@shop.test"
EVIL = "evil+c-1@attacker.test"
NAMES = ("headers", "recipients")


def data(*, subject: str = "Your order", to: str = ALICE, more: str = "", body: str = "Hello\r\n") -> bytes:
    head = f"From: {SHOP}\r\nTo: {to}\r\nSubject: {subject}\r\n{more}MIME-Version: 1.0\r\n"
    return f"{head}Content-Type: text/plain; charset=utf-8\r\n\r\n{body}".encode()


def a_mail(raw: bytes | None = None, *rcpt: str, action: str = "message", **detail: Any) -> Observation:
    """One transaction of a connection of its own, of a client that says what is needed."""
    told = [f"<{one}>" for one in rcpt or (ALICE,)]
    lines = ["EHLO shop.test", f"MAIL FROM:<{SHOP}>", *(f"RCPT TO:{one}" for one in told), "DATA", "QUIT"]
    return Observation(
        run_id="0" * 16,
        double="mail",
        action=action,
        at=NOW,
        detail={
            "mail_from": f"<{SHOP}>",
            "mail_parameters": [],
            "rcpt": told,
            "rcpt_parameters": [[] for _ in told],
            "data_base64": base64.b64encode(data() if raw is None else raw).decode(),
            "size_bytes": 1,
            "transaction": 1,
            "connection": 1,
            "transcript": lines,
            "refused": [],
            "line_endings": "strict",
            "ended_by": "\r\n.\r\n",
            **detail,
        },
    )


def a_draft(**changed: Any) -> Output:
    """An answer whose draft nobody sent."""
    return Output(mail=Mail(**{"to": (ALICE,), "subject": "Your order", "body": "Hello\n", **changed}))


def a_case(**expect: Any) -> Case:
    mail = Mail(sender=f"Alice Moss <{ALICE}>", to=(SHOP,), subject="Order", body="Where is it?")
    expected = Expect(**{"recipients": (ALICE,), "sender": SHOP, **expect})
    return Case(id="c-1", given=Given(mail=mail), expect=expected)


def trial_of(*seen: Observation | Output, case: Case | None = None) -> Trial:
    outputs = tuple(item for item in seen if isinstance(item, Output)) or (Output(content="sent"),)
    observations = tuple(item for item in seen if isinstance(item, Observation))
    return Trial(case=case or a_case(), outputs=outputs, observations=observations)


def outcome(check: str, *seen: Observation | Output, case: Case | None = None) -> CheckOutcome:
    return run_check(CHECKS[check], trial_of(*seen, case=case), CheckConfig())


def judged(check: str, *seen: Observation | Output, case: Case | None = None) -> str:
    return outcome(check, *seen, case=case).result.value


def failing(*seen: Observation | Output, case: Case | None = None) -> set[str]:
    """The checks of both suites that fail; none may be at a loss."""
    found = {name: judged(name, *seen, case=case) for name in CHECKS if name.partition(".")[0] in NAMES}
    assert "error" not in found.values(), found
    return {name for name, result in found.items() if result == "fail"}
