"""Success of a trial: an answer within its limits that its contract and its case's `must` accept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sluicegate.checks.check import CheckConfig, Result, is_crash, nothing_known
from sluicegate.checks.registry import CHECKS, run_check
from sluicegate.model import Limits, NotMeasured, Output, Trial

__all__ = ["limit_failures", "result_of", "success", "tokens_of"]

_ASKED = ("schema.valid", "schema.must")


def success(trial: Trial, config: CheckConfig, results: Mapping[str, str] | None = None) -> bool | NotMeasured:
    """Whether the trial succeeded. NotMeasured when a check that decides it could not answer.

    `results` are answers already at hand, by check name; a check that is not among them is run.
    """
    unknown = nothing_known(trial)
    if unknown is not None:
        return NotMeasured(reason=unknown)
    if any(is_crash(output, trial.case) for output in trial.outputs):
        return False
    limits = trial.case.expect.limits
    if limits is not None and any(_past(limits, output) for output in trial.outputs):
        return False
    answers = [result_of(name, trial, config, results) for name in _ASKED]
    if Result.FAIL in answers:
        return False
    if Result.ERROR in answers:
        name = _ASKED[answers.index(Result.ERROR)]
        return NotMeasured(reason=f"{name} could not be judged on case {trial.case.id}", mend="See its finding.")
    return True


def result_of(name: str, trial: Trial, config: CheckConfig, results: Mapping[str, str] | None) -> Result:
    """The answer of a built-in check, taken from `results` or found now."""
    known = results.get(name) if results is not None else None
    return Result(known) if known is not None else run_check(CHECKS[name], trial, config).result


def limit_failures(limits: Limits, output: Output) -> Iterator[str]:
    """Each limit that the output is past, or not shown to keep: an unknown number is not within a limit."""
    for name, limit, value in (
        ("latency_ms", limits.latency_ms, output.latency_ms),
        ("tokens", limits.tokens, tokens_of(output)),
        ("cost_microusd", limits.cost_microusd, output.cost_microusd),
    ):
        # Written so that a NaN is past every limit.
        if limit is not None and not (value is not None and value <= limit):
            yield f"{name} is {'unknown' if value is None else value}, limit {limit}"


def tokens_of(output: Output) -> int | None:
    """Input and output tokens together; None when either is unknown."""
    usage = output.usage
    if usage is None or usage.input_tokens is None or usage.output_tokens is None:
        return None
    return usage.input_tokens + usage.output_tokens


def _past(limits: Limits, output: Output) -> bool:
    return next(limit_failures(limits, output), None) is not None
