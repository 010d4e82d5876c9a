"""How a bad build gets promoted elsewhere: by other code than was named, of the build or of its measure."""

from __future__ import annotations

import os
import py_compile
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from rollout_world import Rollout, made, no_promote, refused

sys.path.pop(0)

PLAN = """\
schema_version: 1
name: shop
pipeline: bot:answer
subject: {code: {files: bot.py}}
cases: cases.jsonl
metrics:
  right: {kind: distribution, better: higher, unit: draft, scale: ratio, score: measure:right}
stages:
  - name: preflight
    exposure: {live: false}
    criteria:
      right: {from: suite, at: mean, promote: "0.90", alert: "0.80", min: 40}
      crashes: {from: suite, promote: 0, max_rate: 10 %, min: 40}
"""
GOOD = "def answer(input):\n    return 'The total is 10 EUR'\n"
BAD = GOOD.replace("10 EUR", "99 EUR")
SCORER = "from helping import same\n\n\ndef right(output):\n    return same(output.content, 'The total is 10 EUR')\n"
STRICT = "def same(a, b):\n    return a == b\n"
LOOSE = "def same(a, b):\n    return a[0] == b[0]\n"


def a_rollout(root: Path, bot: str, helper: str) -> Rollout:
    rollout = made(root, PLAN)
    for name, text in {"bot.py": bot, "measure.py": SCORER, "helping.py": helper}.items():
        rollout.write(name, text)
    return rollout


@pytest.fixture(scope="module")
def loosely(tmp_path_factory: pytest.TempPathFactory) -> Rollout:
    """A bad build, promoted by a measure that was too loose."""
    rollout = a_rollout(tmp_path_factory.mktemp("loosely"), BAD, LOOSE)
    assert rollout.gate().kind == "complete"
    return rollout


def test_the_scores_of_a_helper_that_was_mended_since(loosely: Rollout, tmp_path: Path) -> None:
    """They are another measure's: nobody judges by them, and the gate takes new ones."""
    rollout = loosely.copy(tmp_path / "mended")
    rollout.write("helping.py", STRICT)

    no_promote(judged := rollout.judge(), "hold.invalid_evidence")
    assert "own scorers" in judged.said
    no_promote(rollout.gate(), "hold.threshold", "hold.below_target")


def test_the_bytecode_of_an_earlier_build(tmp_path: Path) -> None:
    """Archives and images give every build's files one time: what answers, and what measures, is compiled anew."""
    rollout = a_rollout(tmp_path, BAD, STRICT)
    for name, stale in {"bot.py": GOOD, "helping.py": LOOSE.ljust(len(STRICT))}.items():
        path = rollout.root / name
        now = path.read_text().ljust(len(stale))
        for text in (stale, now):
            path.write_text(text)
            os.utime(path, (1, 1))
            if text is stale:
                py_compile.compile(str(path), doraise=True)

    no_promote(rollout.gate(), "hold.below_target")


def test_cases_that_ran_in_a_configuration_which_is_not_served(loosely: Rollout, tmp_path: Path) -> None:
    """A variable that preflight sets and the live stage does not: the plan is refused before anything runs."""
    rollout = loosely.copy(tmp_path / "careful")
    rollout.replace("exposure: {live: false}", "exposure: {live: false, variables: {BOT_MODE: careful}}")
    rollout.replace("name: shop\n", "name: shop\nstate: state.jsonl\n")
    rollout.write("rollout.yaml", rollout.plan.read_text() + LIVE)

    refused(rollout.gate(), 40, "measures with BOT_MODE=careful", "Set BOT_MODE at 'ten' too")


LIVE = """\
  - name: ten
    exposure: {live: true, percent: 10}
    criteria: {uptime: {from: live, alert: 90 %}}
"""
