"""answers: every case of the stage gets an answer.

The pipeline is called once per case and repeat, before and beside the tests; all suites read the same recorded answers.
"""

from __future__ import annotations

from sluicegate.pytest_plugin.results import CheckResults


def test_every_case_is_answered(results: CheckResults) -> None:
    """No call raises, hangs past its time-out, dies or answers with garbage; an error the case expects is an answer."""
    results.of("answers.given").hold_in_every_case()
