"""What one trial contributes to a metric: k of n, or a value; or why there is no number."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeGuard

from sluicegate.checks.behaviour_measures import MEASURED as _BEHAVIOUR
from sluicegate.checks.check import CheckConfig, Result, nothing_known, unmet
from sluicegate.checks.contribution import Contribution
from sluicegate.checks.contribution import Measured as _Measured
from sluicegate.checks.grounding_measures import MEASURED as _GROUNDING
from sluicegate.checks.injection_measures import MEASURED as _INJECTION
from sluicegate.checks.limits import tokens_of
from sluicegate.checks.mail_measures import MEASURED as _MAIL
from sluicegate.checks.pii_measures import MEASURED as _PII
from sluicegate.checks.priced_measures import MEASURED as _PRICED
from sluicegate.checks.registry import CHECKS
from sluicegate.checks.retrieval_measures import MEASURED as _RETRIEVAL
from sluicegate.checks.rollout_measures import MEASURED as _ROLLOUT
from sluicegate.checks.rules import output_path, rule_holds
from sluicegate.checks.scorers import score_of
from sluicegate.checks.success import result_of, success
from sluicegate.checks.tracing_measures import MEASURED as _TRACING
from sluicegate.errors import nearest
from sluicegate.frozen import frozen
from sluicegate.model import Capability, NotMeasured, Output, Provenance, Rule, Trial
from sluicegate.model.paths import MISSING
from sluicegate.plan.types import Better, Metric, MetricKind

__all__ = ["Contribution", "admitted", "measure", "provenance_of"]


def measure(
    metric: Metric,
    trial: Trial,
    results: Mapping[str, str],
    config: CheckConfig,
    scores: Mapping[str, float] | None = None,
) -> _Measured:
    """What the trial says about the metric.

    A Contribution; NotMeasured where the trial should say something and does not; None where the metric does not ask
    this trial: its check is not applicable, or the case needs what the pipeline cannot do and nothing crashed.
    `results` are check answers at hand, `scores` those of a user's own scorers; missing built-in ones are found now.
    A trial of several deliveries counts once, as its worst delivery.
    """
    asked = config.capabilities is None or unmet(trial.case, config.capabilities) is None
    if (not asked and not trial.failed) or _is_of_flags_alone(trial, metric):
        return None
    unknown = nothing_known(trial)
    if unknown is not None:
        return NotMeasured(reason=unknown)
    return _own(metric, trial, results, config, scores=scores or {})


def _own(
    metric: Metric, trial: Trial, results: Mapping[str, str], config: CheckConfig, *, scores: Mapping[str, float]
) -> _Measured:
    """By the source that the plan names; a built-in metric names none."""
    if metric.score is not None:
        return _by_score(metric, trial, results, scores)
    if metric.rule is not None:
        return _by_rule(metric, metric.rule, trial)
    if metric.value_at is not None:
        return _by_value(metric, metric.value_at, trial)
    if metric.check is not None:
        return _by_check(metric.check, metric, trial, results, config)
    return _built_in(metric, trial, results, config)


def _is_of_flags_alone(trial: Trial, metric: Metric) -> bool:
    """A case that asks for whom a flag is on makes no draft, and its time is no answer's."""
    return trial.case.given.flags is not None and metric.name not in _OF_ANY_CASE and metric.suite != "rollout"


_OF_ANY_CASE = ("crashes", "errors.rate")


def _built_in(metric: Metric, trial: Trial, results: Mapping[str, str], config: CheckConfig) -> _Measured:
    counted = _COUNTED.get(metric.name)
    if counted is not None:
        return counted(trial, results, config)
    read = _READ.get(metric.name)
    if read is not None:
        return _by_reading(metric, trial, read)
    return NotMeasured(reason=f"{metric.name} is not measured from recorded outputs", mend="Record it from its source.")


def admitted(metric: Metric, admits: tuple[str, ...], provenance: Provenance) -> bool:
    """Whether outputs of this provenance are evidence for the metric: its own list, and what the criterion adds.

    A metric without a list admits all but mocked outputs; latency and cost admit live ones only.
    """
    if provenance.value in admits:
        return True
    return provenance.value in metric.provenance if metric.provenance else provenance is not Provenance.MOCKED


def provenance_of(trial: Trial) -> Provenance:
    """The least direct provenance among the deliveries: one cached answer makes the trial's latency no evidence."""
    order = (Provenance.MOCKED, Provenance.REPLAYED, Provenance.CACHED)
    kinds = {output.provenance for output in trial.outputs}
    return next((kind for kind in order if kind in kinds), Provenance.LIVE)


def _share(holds: bool) -> Contribution:
    return _HOLDS if holds else _FAILS


_HOLDS, _FAILS = Contribution(k=1, n=1), Contribution(k=0, n=1)


def _success(trial: Trial, results: Mapping[str, str], config: CheckConfig) -> _Measured:
    answer = success(trial, config, results)
    return answer if isinstance(answer, NotMeasured) else _share(answer)


def _valid(trial: Trial, results: Mapping[str, str], config: CheckConfig) -> _Measured:
    result = result_of("schema.valid", trial, config, results)
    if result is Result.NOT_APPLICABLE:
        return NotMeasured(
            reason="no contract says what a valid answer is", mend="Name one under `schemas` in the plan."
        )
    return _unjudged("schema.valid", trial) if result is Result.ERROR else _share(result is Result.PASS)


def _violations(trial: Trial, results: Mapping[str, str], config: CheckConfig) -> _Measured:
    """An incident where an answer breaks its contract; a crash is an incident of its own metric."""
    if trial.failed:
        return _no_answer(trial)
    measured = _valid(trial, results, config)
    return _share(measured.k == 0) if isinstance(measured, Contribution) else measured


def _repeated(trial: Trial, results: Mapping[str, str], config: CheckConfig) -> _Measured:
    """An incident where either check of the suite fails; a delivery without an answer shows nothing."""
    names = ("idempotency.once", "idempotency.same")
    answers = {name: result_of(name, trial, config, results) for name in names}
    if set(answers.values()) == {Result.NOT_APPLICABLE}:
        return None
    if answers["idempotency.once"] is Result.FAIL or (answers["idempotency.same"] is Result.FAIL and not trial.failed):
        return _share(True)
    if Result.ERROR in answers.values():
        return _unjudged(next(name for name in names if answers[name] is Result.ERROR), trial)
    if trial.failed:
        return _no_answer(trial)
    if answers["idempotency.once"] is Result.NOT_APPLICABLE:
        mend = (
            "Declare the tool with `writes: true` and let the pipeline reach it through SLUICEGATE_TOOLS_URL. One "
            "without side effects needs suite idempotency, and no criterion idempotency.violations."
        )
        if Capability.MAIL in (config.capabilities or ()) and not any(tool.writes for tool in config.tools):
            mend = "Let the pipeline send through SLUICEGATE_SMTP, for each copy of a case as for the case."
        return NotMeasured(reason="side effects were not observed", mend=mend)
    return _share(False)


_COUNTED: Mapping[str, Callable[[Trial, Mapping[str, str], CheckConfig], _Measured]] = {
    "draft.success_rate": _success,
    "errors.rate": lambda trial, _results, _config: _share(trial.failed),
    "crashes": lambda trial, _results, _config: _share(trial.failed),
    "schema.valid_rate": _valid,
    "schema.violations": _violations,
    "idempotency.violations": _repeated,
    **_PRICED,
    **_BEHAVIOUR,
    **_TRACING,
    **_RETRIEVAL,
    **_ROLLOUT,
    **_INJECTION,
    **_MAIL,
    **_PII,
    **_GROUNDING,
}


@frozen
class _Reading:
    """A number every output carries."""

    of: Callable[[Output], float | None]
    lost: str
    """Why it is unknown where it is."""
    fails: bool = False
    """A crash is an infinite value; otherwise a crash without the number leaves it unknown."""
    summed: bool = False
    """Deliveries add up; otherwise the worst one counts."""


def _tokens(name: str) -> Callable[[Output], float | None]:
    return lambda output: getattr(output.usage, name) if output.usage is not None else None


_READ: Mapping[str, _Reading] = {
    "latency": _Reading(of=lambda output: output.latency_ms, lost="no latency is recorded", fails=True),
    "ttft": _Reading(of=lambda output: output.ttft_ms, lost="the pipeline does not stream", fails=True),
    "tokens.input": _Reading(of=_tokens("input_tokens"), lost="the pipeline reports no input tokens"),
    "tokens.output": _Reading(of=_tokens("output_tokens"), lost="the pipeline reports no output tokens"),
    "tokens.total": _Reading(of=tokens_of, lost="the pipeline does not report its tokens"),
    "cost.per_case": _Reading(of=lambda output: output.cost_microusd, lost="the pipeline reports no cost"),
    "cost.total": _Reading(of=lambda output: output.cost_microusd, lost="the pipeline reports no cost", summed=True),
}


_FIELDS = {
    "latency": "latency_ms",
    "ttft": "ttft_ms",
    "tokens.input": "usage.input_tokens",
    "tokens.output": "usage.output_tokens",
    "tokens.total": "usage.input_tokens and usage.output_tokens",
    "cost.per_case": "cost_microusd",
    "cost.total": "cost_microusd",
}
"""Where an output says it."""


def _by_reading(metric: Metric, trial: Trial, read: _Reading) -> _Measured:
    if read.fails and trial.failed:
        return _failure(metric)
    values = [float(value) for output in trial.outputs if _is_number(value := read.of(output))]
    if len(values) < len(trial.outputs):
        mend = f"Return it with the output, as {_FIELDS[metric.name]}."
        if trial.failed:
            mend = "The case crashed: see crashes."
        return NotMeasured(reason=f"{read.lost} for case {trial.case.id}", mend=mend)
    return Contribution(value=sum(values) if read.summed else max(values))


def _is_number(value: Any) -> TypeGuard[int | float]:
    """A finite number of 0 or more that is not true or false."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < math.inf


def _failure(metric: Metric) -> Contribution:
    return Contribution(value=-math.inf if metric.better is Better.HIGHER else math.inf, failed=True)


def _by_rule(metric: Metric, rule: Rule, trial: Trial) -> _Measured:
    if trial.failed:
        return _crashed(metric, trial)
    answers = [rule_holds(rule, output) for output in trial.outputs]
    if None in answers:
        return NotMeasured(reason=f"the rule on {rule.field} cannot be judged for case {trial.case.id}")
    return _share(any(answers) if metric.better is Better.LOWER else all(answers))


def _crashed(metric: Metric, trial: Trial) -> _Measured:
    """A crash counts on the bad side of a proportion; where both sides are bad, or for incidents, it shows nothing."""
    if metric.kind is MetricKind.INCIDENTS or metric.better is Better.INSIDE:
        return _no_answer(trial)
    return _share(metric.better is Better.LOWER)


def _by_value(metric: Metric, place: str, trial: Trial) -> _Measured:
    if trial.failed:
        return _failure(metric)
    # An error that the case expects is a right answer without a value.
    values = [output_path(place).get(output) for output in trial.outputs if output.error is None]
    if not values:
        return None
    for value in values:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            seen = "nothing" if value is MISSING else f"{type(value).__name__}, no finite number,"
            return NotMeasured(reason=f"{seen} stands at {place} for case {trial.case.id}")
    worst = min if metric.better is Better.HIGHER else max
    return Contribution(value=float(worst(values)))


_OWN_CHECK = (
    "Only pytest runs checks of your own: return it from pytest_sluicegate_checks in a conftest, and run "
    "pytest --sluicegate-plan; or name a built-in check, or a scorer (score: module:attribute)."
)


def _by_check(name: str, metric: Metric, trial: Trial, results: Mapping[str, str], config: CheckConfig) -> _Measured:
    if name not in results and name not in CHECKS:
        mend = nearest(name, [*results, *CHECKS]) or _OWN_CHECK
        return NotMeasured(reason=f"no result of check '{name}' is recorded for case {trial.case.id}", mend=mend)
    result = result_of(name, trial, config, results)
    if result is Result.NOT_APPLICABLE:
        return None
    if result is Result.ERROR:
        return _unjudged(name, trial)
    if trial.failed:
        return _crashed(metric, trial)
    return _share(result is (Result.FAIL if metric.kind is MetricKind.INCIDENTS else Result.PASS))


def _by_score(metric: Metric, trial: Trial, results: Mapping[str, str], scores: Mapping[str, float]) -> _Measured:
    if trial.failed:
        return _crashed(metric, trial) if metric.kind is MetricKind.PROPORTION else _failure(metric)
    value = score_of(metric, trial, results, scores)
    if isinstance(value, NotMeasured) or metric.score is None:
        return value if isinstance(value, NotMeasured) else None
    return _share(value >= metric.score.passes) if metric.kind is MetricKind.PROPORTION else Contribution(value=value)


def _unjudged(name: str, trial: Trial) -> NotMeasured:
    return NotMeasured(reason=f"{name} could not be judged on case {trial.case.id}", mend="See its finding.")


def _no_answer(trial: Trial) -> NotMeasured:
    """A crash shows no incident of another kind, and not its absence either."""
    return NotMeasured(reason=f"case {trial.case.id} gave no answer to judge", mend="See crashes.")
