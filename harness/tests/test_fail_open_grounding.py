"""Facts that a record contradicts: no promote before traffic, and a rollback under it."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from rollout_world import CASES, PLAN, YESTERDAY, Rollout, a_case, drafts, made, no_promote, prepared, waits

sys.path.pop(0)

GROUNDED = PLAN.replace("suites: [schema]", "suites: [grounding]").replace("crashes: {", "grounding.hallucinations: {")
"""The rollout's plan, with suite grounding instead of schema."""
ANOTHER = "Your order 1007 comes to 63.00 EUR."
"""That is what order 1008 comes to."""
SOUND = "Your order 1007 comes to 62.00 EUR."


def orders(number: int) -> dict[str, object]:
    """What the case knows: two orders, and what each comes to."""
    both = ({"order_id": str(1000 + order), "total": f"{55 + order}.00 EUR"} for order in (number, number + 1))
    return {"record": {"orders": list(both)}}


def shop(root: Path) -> Rollout:
    """Nothing has run; the pipeline answers with numbers of orders."""
    return made(root, GROUNDED, cases=[a_case(number, expect={}, given=orders(number)) for number in range(CASES)])


def entered(root: Path) -> Rollout:
    """Promoted from preflight yesterday, at stage ten since, where all that is measured is fine."""
    rollout = shop(root)
    assert rollout.gate(clock=YESTERDAY).code == 0
    rollout.enter("ten", clock=YESTERDAY)
    assert rollout.measured("approved", drafts()).code == 0
    assert rollout.measured("wait", waits(), "--unit=ms").code == 0
    return rollout


def test_what_another_order_comes_to_is_no_promote(tmp_path: Path) -> None:
    """The sum occurs in the record, of the order beside it."""
    rollout = prepared(shop, tmp_path)
    rollout.switch("wrong", 7, says=ANOTHER)

    done = no_promote(rollout.gate(), "hold.incident")

    assert "grounding.claims" in done.text
    assert "c07" in done.text


def test_what_the_order_comes_to_is(tmp_path: Path) -> None:
    """The same sentence with the right sum."""
    rollout = prepared(shop, tmp_path)
    rollout.switch("wrong", 7, says=SOUND)

    assert rollout.gate().code == 0


def test_under_traffic_it_rolls_back(tmp_path: Path) -> None:
    """Seen once, all else is fine, and the run was never closed."""
    rollout = prepared(entered, tmp_path)
    rollout.switch("wrong", 7, says=ANOTHER)
    rollout.sound("collect", "rollout.yaml")
    ledger = rollout.ledger("ten")
    ledger.write_bytes(b"".join(ledger.read_bytes().splitlines(keepends=True)[:-1]))

    no_promote(rollout.judge("--stage", "ten"), "rollback.incident")
