"""What several checks say of one trial together: the base of metrics that count cases, or incidents by case."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from sluicegate.checks.check import CheckConfig, Result, is_crash
from sluicegate.checks.contribution import Contribution, Measured
from sluicegate.checks.success import result_of
from sluicegate.model import CrashKind, NotMeasured, Trial

__all__ = ["Measure", "incidents", "kept", "kept_all"]

Measure: TypeAlias = Callable[[Trial, Mapping[str, str], CheckConfig], Measured]
"""A trial, the answers already at hand by check name, and what the checks are configured with."""


def kept(
    names: Iterable[str], trial: Trial, results: Mapping[str, str], config: CheckConfig
) -> bool | NotMeasured | None:
    """Whether all of these checks that apply pass; None where none applies.

    A failure decides; without one, a check that could not be judged leaves it open.
    """
    answers = {name: result_of(name, trial, config, results) for name in names}
    said = set(answers.values()) - {Result.NOT_APPLICABLE}
    if not said:
        return None
    if Result.FAIL not in said and Result.ERROR in said:
        name = next(name for name, answer in answers.items() if answer is Result.ERROR)
        return NotMeasured(reason=f"{name} could not be judged on case {trial.case.id}", mend="See its finding.")
    return Result.FAIL not in said


def kept_all(*names: str) -> Measure:
    """Cases in which every one of these checks that applies passes."""

    def measured(trial: Trial, results: Mapping[str, str], config: CheckConfig) -> Measured:
        said = kept(names, trial, results, config)
        return Contribution(k=int(said), n=1) if isinstance(said, bool) else said

    return measured


def incidents(*names: str) -> Measure:
    """An incident where one of these checks fails. A refusal is none; a crash shows none, and not its absence."""

    def measured(trial: Trial, results: Mapping[str, str], config: CheckConfig) -> Measured:
        said = kept(names, trial, results, config)
        if not isinstance(said, bool):
            return said
        if said and _broke_off(trial):
            return NotMeasured(reason=f"case {trial.case.id} gave no answer to judge", mend="See crashes.")
        return Contribution(k=int(not said), n=1)

    return measured


def _broke_off(trial: Trial) -> bool:
    """Whether a delivery ended otherwise than with an answer or a refusal."""
    ended = [output.error for output in trial.outputs if output.error is not None and is_crash(output, trial.case)]
    return any(error.kind is not CrashKind.REPORTED for error in ended)
