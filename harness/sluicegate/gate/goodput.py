"""Goodput: a request counts when its answer came within the profile's objective, and is a good one."""

from __future__ import annotations

from collections.abc import Mapping

from sluicegate.checks import CheckConfig, Contribution
from sluicegate.checks.success import success
from sluicegate.ledger.loads import LoadRun
from sluicegate.model import NotMeasured, Trial

__all__ = ["goodput"]


def goodput(trial: Trial, results: Mapping[str, str], load: LoadRun, config: CheckConfig) -> Contribution | NotMeasured:
    """1 of 1 for an answer that is whole, in time and good; 0 of 1 for every other one.

    In time: latency, and time to first token, from the intended start, within the objective of the profile; an answer
    that was not streamed has its first token at its end. Good: a success of its case (`checks.success`), and no check
    of the stage's suites fails. NotMeasured where a check that decides it could not answer.
    """
    good = success(trial, config, results)
    if isinstance(good, NotMeasured):
        return good
    if good and "error" in results.values():
        return NotMeasured(reason=f"a check of {trial.case.id} could not be judged", mend="See its finding.")
    output = trial.output
    first = output.ttft_ms if output.ttft_ms is not None else output.latency_ms
    holds = (
        good
        and "fail" not in results.values()
        and _within(output.latency_ms, load.objective_ms)
        and _within(first, load.objective_ttft_ms)
    )
    return Contribution(k=int(holds), n=1)


def _within(took_ms: float | None, objective_ms: float | None) -> bool:
    return objective_ms is None or (took_ms is not None and took_ms <= objective_ms)
