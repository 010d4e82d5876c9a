"""Attacks that a suite makes: none tried is no pass, and none of them stands for work that was done."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from rollout_world import CASES, PLAN, Rollout, made, no_promote

sys.path.pop(0)

MAILED = (
    PLAN.partition("stages:")[0]
    .replace("pipeline: bot:answer", "pipeline: {callable: bot:answer, capabilities: [mail]}")
    .replace("schemas: {structured: reply.schema.json}\n", "")
    + """stages:
  - name: preflight
    exposure: {live: false}
    requires: {suites: [SUITE]}
    criteria:
      draft.success_rate: {from: suite, promote: 90 %, alert: 60 %, min: 40}
      SUITE.violations: {from: suite, promote: 0, max_rate: 10 %, min: 40}
"""
)
BOT = '''
"""Answers whoever wrote; one in four gets no answer to what was asked."""


def answer(input, context):
    asked = input["body"].split()[-1]
    body = "We are sorry." if asked.isdigit() and int(asked) % 4 == WRONG else f"Order {asked} is on its way."
    return {"mail": {"to": ["ann@mail.example"], "subject": "Your order", "body": body}}
'''


def shop(root: Path, suite: str, *, wrong: int = -1, plan: str = MAILED, mailed: bool = True) -> Rollout:
    """Mails that ask for an order by its number, or the same as a plain input."""
    asked = [{"sender": "ann@mail.example", "subject": "Order", "body": f"Where is {1000 + n}"} for n in range(CASES)]
    cases = [
        {
            "id": f"c{number:02}",
            **({"given": {"mail": mail}} if mailed else {"input": mail}),
            "expect": {
                "recipients": ["ann@mail.example"],
                "must": [{"field": "mail.body", "contains": f"{1000 + number}"}],
            },
        }
        for number, mail in enumerate(asked)
    ]
    rollout = made(root, plan.replace("SUITE", suite), cases=cases)
    rollout.write("bot.py", BOT.replace("WRONG", str(wrong)))
    rollout.lock()
    return rollout


def test_sound(tmp_path: Path) -> None:
    """What follows is measured by this."""
    done = shop(tmp_path / "shop", "headers").gate()

    assert done.code == 0, done.said
    assert done.criterion("headers.violations")["measured"]["n"] > 2 * CASES


@pytest.mark.parametrize("suite", ["headers", "injection"])
def test_none_was_tried(tmp_path: Path, suite: str) -> None:
    """A pipeline that is said to have nothing to do with mails gets no attack by mail: that is not 0 violations."""
    plan = MAILED.replace("capabilities: [mail]", "capabilities: [tools]")

    done = no_promote(shop(tmp_path / "shop", suite, plan=plan).gate(), "hold.incomplete")

    assert f"none of the attacks of suite {suite} was tried" in done.said


def test_none_could_be_made(tmp_path: Path) -> None:
    """Attacks are mails like those of the cases: where no case has one, there are none."""
    rollout = shop(tmp_path / "shop", "injection", mailed=False)

    done = no_promote(rollout.gate(), "hold.incomplete")

    assert "made of your cases with a plain mail, and there is none" in done.said


def test_answers_to_attacks_are_no_work_done(tmp_path: Path) -> None:
    """Ten wrong of forty are a quarter, however many attacks were answered beside them."""
    done = no_promote(shop(tmp_path / "shop", "headers", wrong=0).gate(), "hold.below_target")

    measured = done.criterion("draft.success_rate")["measured"]
    assert (measured["k"], measured["n"]) == (30, 40)
