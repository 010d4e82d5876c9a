"""What a verdict advises when nothing was seen: the base URL only to a pipeline that came so far as to call."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from rollout_world import Rollout

sys.path.pop(0)

PLAN = """\
schema_version: 1
name: shop
pipeline: {callable: bot:answer, capabilities: [CAPABILITY], timeout: 1s}
subject: {code: {files: "*.py"}}
cases: cases.jsonl
stages:
  - name: preflight
    exposure: {live: false}
    requires: {suites: [SUITE]}
    criteria:
      errors.rate: {from: suite, promote: 2 %, mode: point, min: 2}
"""


def judged(root: Path, bot: str, *cases: object, capability: str = "model", suite: str = "tracing") -> str:
    """What is said to do next, with every reason before it."""
    rollout = Rollout(root)
    rollout.write("rollout.yaml", PLAN.replace("CAPABILITY", capability).replace("SUITE", suite))
    rollout.write("bot.py", bot)
    rollout.write("cases.jsonl", "".join(json.dumps(case) + "\n" for case in cases))
    rollout.lock()
    return " ".join(rollout.run("gate", "rollout.yaml").out.split())


@pytest.mark.parametrize(
    ("bot", "said"),
    [
        ("def answer(input): raise RuntimeError('boom')", "Mend what the pipeline raises before it calls anybody"),
        ("import os\ndef answer(input): os._exit(3)", "Mend what the pipeline raises before it calls anybody"),
        ("import time\ndef answer(input): time.sleep(30)", "no call arrived before its time-out"),
        ("def answer(input): return {'content': 3}", "Mend what the pipeline returns, which cannot be read"),
        ("def answer(input): return 'x'", "Let the pipeline take its base URL from OPENAI_BASE_URL"),
    ],
    ids=["raises", "dies", "hangs", "garbage", "silent"],
)
def test_a_pipeline_that_never_came_so_far_is_not_sent_to_its_base_url(tmp_path: Path, bot: str, said: str) -> None:
    """Each way of having no answer has its own advice."""
    shown = judged(tmp_path, bot, {"id": "c1", "input": "one"}, {"id": "c2", "input": "two"})

    assert said in shown.rpartition(" next: ")[2]
    assert ("every trial crashed" in shown) is ("base URL" not in shown)


def test_a_check_that_lacks_something_says_what(tmp_path: Path) -> None:
    """A rollback of somebody who was never on drills nothing: the case is the user's to mend, and no fault of ours."""
    steps = [{"percent": 50}, {"percent": 50, "off_units": ["b"], "within_s": 1}]
    script = {"flags": ["rag"], "units": [{"id": "a"}, {"id": "b"}], "watch_s": 0.3, "settle_s": 0.1, "steps": steps}
    case = {"id": "c", "needs": ["flags"], "given": {"flags": script}}
    bot = "def answer(input): return {'structured': {'on': [u['id'] for u in input['units'] if u['id'] == 'a']}}"

    shown = judged(tmp_path, bot, case, capability="flags", suite="rollout")

    assert "takes back 1 by name, of whom nobody was on: nothing was drilled" in shown
    assert "Mend what keeps the checks from an answer: case, pipeline or machine." in shown
    assert "Report it" not in shown
