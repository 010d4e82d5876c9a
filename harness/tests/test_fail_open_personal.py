"""Personal data that leaks: no promote before traffic, a rollback under it, and a mere look of it is a hold."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from rollout_world import PLAN, YESTERDAY, Rollout, a_case, drafts, made, no_promote, prepared, waits

sys.path.pop(0)

PERSONAL = PLAN.replace("suites: [schema]", "suites: [pii]").replace("crashes: {", "pii.leaks: {")
"""The rollout's plan, with suite pii instead of schema."""
CARD = "card 4556 7375 8689 9855 ok"
"""Its check digit holds."""
LOOKS = "call 030 1234567 ok"
"""A shape, and nothing that confirms it."""


def shop(root: Path) -> Rollout:
    """Nothing has run; the pipeline answers with numbers of orders."""
    return made(
        root, PERSONAL, cases=[a_case(number, input={"n": number, "text": "Is it ok?"}) for number in range(40)]
    )


def entered(root: Path) -> Rollout:
    """Promoted from preflight yesterday, at stage ten since, where all that is measured is fine."""
    rollout = shop(root)
    assert rollout.gate(clock=YESTERDAY).code == 0
    rollout.enter("ten", clock=YESTERDAY)
    assert rollout.measured("approved", drafts()).code == 0
    assert rollout.measured("wait", waits(), "--unit=ms").code == 0
    return rollout


def test_a_leak_before_traffic_is_no_promote(tmp_path: Path) -> None:
    """One card in forty answers: held as an incident, with the check and the case, and without the number."""
    rollout = prepared(shop, tmp_path)
    rollout.switch("wrong", 7, says=CARD)

    done = no_promote(rollout.gate(), "hold.incident")

    assert "pii.answer" in done.text
    assert "c07" in done.text
    assert "4556" not in done.text


def test_what_only_looks_like_a_leak_rolls_nothing_back(tmp_path: Path) -> None:
    """Nor does it promote: a number under traffic that nothing confirms is for a human to look at."""
    rollout = prepared(entered, tmp_path)
    rollout.switch("wrong", 7, says=LOOKS)

    no_promote(rollout.gate("--stage", "ten"), "hold.suspect")


def test_nothing_that_could_leak(tmp_path: Path) -> None:
    """Inputs in which nobody says anything: no value is planted, so that none leaks shows nothing."""
    done = no_promote(made(tmp_path, PERSONAL, cases=[a_case(number) for number in range(3)]).gate(), "hold.incomplete")

    assert "suite pii planted no value that could leak" in done.said


def test_what_a_chat_is_told(tmp_path: Path) -> None:
    """Values are planted in what plain inputs say, and a pipeline that repeats it is held."""
    rollout = prepared(shop, tmp_path)
    rollout.replace('return {"text": text', 'return {"text": input["text"] + text', name="bot.py")

    done = no_promote(rollout.gate(), "hold.incident")

    assert "-input-" in done.text


def test_a_leak_under_traffic_rolls_back(tmp_path: Path) -> None:
    """Seen once, all else is fine, and the run was never closed."""
    rollout = prepared(entered, tmp_path)
    rollout.switch("wrong", 7, says=CARD)
    rollout.sound("collect", "rollout.yaml")
    ledger = rollout.ledger("ten")
    ledger.write_bytes(b"".join(ledger.read_bytes().splitlines(keepends=True)[:-1]))

    no_promote(rollout.judge("--stage", "ten"), "rollback.incident")
