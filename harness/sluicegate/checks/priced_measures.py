"""The metrics of the suites budget and routing: counted and priced from the log of the model server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import ceil

from sluicegate.checks.check import CheckConfig, NotJudged, is_crash, unmet
from sluicegate.checks.contribution import Contribution, Measured
from sluicegate.checks.model_calls import answered, asking, declares_model, is_readable, model_calls, reporting, spent
from sluicegate.checks.routing import arm_of
from sluicegate.checks.suite_answers import Measure, kept_all
from sluicegate.model import NotMeasured, Trial

__all__ = ["MEASURED"]


def _from_log(measure: Callable[[Trial, CheckConfig], Measured]) -> Measure:
    """`measure`, where the log is evidence about this pipeline and this case; a cut or empty log is NotMeasured."""

    def measured(trial: Trial, _results: Mapping[str, str], config: CheckConfig) -> Measured:
        if (reason := declares_model(config)) is not None:
            mend = "Declare `capabilities: [model]` and let the pipeline use the base URL of its environment."
            return NotMeasured(reason=reason, mend=mend)
        if config.capabilities is not None and unmet(trial.case, config.capabilities) is not None:
            return None
        try:
            return measure(trial, config)
        except NotJudged as unknown:
            return NotMeasured(reason=f"{unknown} (case {trial.case.id})")

    return measured


def _off_by(trial: Trial) -> float | NotMeasured | None:
    """How far the tokens reported are from a local count of the same calls, as a share of it."""
    calls = [call for call in answered(model_calls(trial)) if is_readable(call)]
    if not calls:
        return None
    if any(is_crash(output, trial.case) for output in trial.outputs):
        return NotMeasured(reason=f"case {trial.case.id} gave no answer to judge", mend="See crashes.")
    reported = counted = 0
    for output in reporting(trial):
        usage = output.usage
        if output.error is not None and usage is None:
            return None
        if usage is None or usage.input_tokens is None or usage.output_tokens is None:
            mend = "Return usage: {input_tokens, output_tokens} with the output."
            return NotMeasured(reason=f"the pipeline reports no tokens for case {trial.case.id}", mend=mend)
        reported += usage.input_tokens + usage.output_tokens
    for call in calls:
        for side in ("input_tokens", "output_tokens"):
            counted += int(call.detail.get(f"local_{side}", call.detail.get(side)) or 0)
    return abs(reported - counted) / counted if counted else float(reported > 0)


def _kept(trial: Trial, results: Mapping[str, str], config: CheckConfig) -> Measured:
    """Cases within what they allow, whose report the log bears out; one that asked a model and shows neither is open.

    Left out are cases that asked none, which have nothing to keep.
    """
    said = _CHECKED(trial, results, config)
    if said is not None or declares_model(config) is not None:
        return said
    return _from_log(_unseen)(trial, results, config)


_CHECKED = kept_all("budget.calls", "budget.spend", "budget.usage", "budget.cost")


def _unseen(trial: Trial, _config: CheckConfig) -> Measured:
    calls = [call for call in answered(model_calls(trial)) if is_readable(call)]
    if not calls or all(output.error is not None for output in reporting(trial)):
        return None
    return NotMeasured(
        reason=f"case {trial.case.id} asked a model, limits nothing, and the pipeline reports no tokens for it",
        mend="Return usage: {input_tokens, output_tokens} with the output, or limit the case's calls or spend.",
    )


def _off(holds: Callable[[float], bool]) -> Measure:
    def measured(trial: Trial, _config: CheckConfig) -> Measured:
        share = _off_by(trial)
        return Contribution(k=int(holds(share)), n=1) if isinstance(share, float) else share

    return _from_log(measured)


def _per_command(trial: Trial, config: CheckConfig) -> Measured:
    """The mean of the deliveries: whose call is whose, a log of one trial does not say."""
    return Contribution(value=float(ceil(spent(trial, config) / len(trial.outputs))))


def _spend(trial: Trial, config: CheckConfig) -> Measured:
    return Contribution(value=float(spent(trial, config)))


def _expert_calls(trial: Trial, config: CheckConfig) -> Measured:
    if not config.expert_models:
        return _NO_EXPERT
    return Contribution(
        value=float(sum(call.action in config.expert_models for call in asking(trial, config.expert_models)))
    )


def _expert_share(trial: Trial, config: CheckConfig) -> Measured:
    """Of cases that call a model, those that call an expert; several deliveries are about caps, not about the mix."""
    if not config.expert_models:
        return _NO_EXPERT
    calls = asking(trial, config.expert_models)
    if not calls or len(trial.outputs) > 1:
        return None
    return Contribution(k=int(any(call.action in config.expert_models for call in calls)), n=1)


def _assignment_share(trial: Trial, _results: Mapping[str, str], _config: CheckConfig) -> Measured:
    """Of the cases that may be assigned, each once."""
    if not trial.case.expect.arms or len(trial.outputs) > 1:
        return None
    if trial.crashed:
        if not is_crash(trial.output, trial.case):  # refused, as it should be: there was nothing to assign
            return None
        return NotMeasured(reason=f"case {trial.case.id} gave no answer to judge", mend="See crashes.")
    return Contribution(k=int(arm_of(trial.output) is not None), n=1)


def _balance(trial: Trial, _results: Mapping[str, str], _config: CheckConfig) -> Measured:
    """Each assigned case with its arm."""
    arm = None if len(trial.outputs) > 1 or trial.crashed else arm_of(trial.output)
    return None if arm is None else Contribution(value=0.0, arm=arm)


_NO_EXPERT = NotMeasured(
    reason="the plan does not say which models are the expert ones", mend="Write prices: {<model>: {expert: true}}."
)

MEASURED: Mapping[str, Measure] = {
    "budget.overflow_handled": kept_all("budget.prompt"),
    "budget.kept_rate": _kept,
    "tokens.within_10pct": _off(lambda share: share <= 0.10),
    "tokens.over_20pct": _off(lambda share: share > 0.20),
    "cost.per_command": _from_log(_per_command),
    "budget.spend": _from_log(_spend),
    "routing.expert_calls": _from_log(_expert_calls),
    "routing.correct_rate": kept_all(
        "routing.order", "routing.path", "routing.claims", "routing.arms", "routing.sticky"
    ),
    "routing.expert_share": _from_log(_expert_share),
    "experiment.assignment_share": _assignment_share,
    "experiment.balance": _balance,
}
"""By metric name."""
