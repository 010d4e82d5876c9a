"""presidio-analyzer and the patterns of grounding are loaded when their suites judge, and by nothing before."""

from __future__ import annotations

import subprocess
import sys

_CODE = """
import sys
from sluicegate.checks import CHECKS, SUITES, CheckConfig, run_check
from sluicegate.checks.measures import measure
from sluicegate.model import Case, Mail, Output, Trial
from sluicegate.plan.reader import read_plan

SUITES["pii"].cases([Case(id="a", input="x")], 1)
SUITES["pii"].installed()
heavy = ("presidio_analyzer", "phonenumbers", "spacy", "tldextract", "sluicegate.grounding")
print([name for name in heavy if name in sys.modules])
trial = Trial(case=Case(id="a"), outputs=(Output(content="card 4111 1111 1111 1111"),))
print(run_check(CHECKS["pii.answer"], trial, CheckConfig()).result.value)
print("presidio_analyzer" in sys.modules)
"""


def test_nothing_heavy_is_loaded_before_a_trial_is_judged() -> None:
    """Not to make the cases, not to ask whether it is installed."""
    done = subprocess.run([sys.executable, "-c", _CODE], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.split("\n")[:3] == ["[]", "fail", "True"]


def test_a_run_loads_its_detectors_before_the_pipeline_is_called() -> None:
    """A process that loads for seconds answers nobody: the pipeline's calls would time out, as if it crashed."""
    code = (
        "import sys\nfrom sluicegate.checks import CheckConfig\nfrom sluicegate.session.examine import examiner\n"
        "examiner({'pii': frozenset({'a'}), 'grounding': frozenset({'a'})}, CheckConfig())\n"
        "print('presidio_analyzer' in sys.modules, 'sluicegate.grounding.binding' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout == "True True\n"
