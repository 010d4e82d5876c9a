"""What an answer says of its model and of a fallback, held against the log of the model server."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from sluicegate.checks.check import CheckConfig, NotJudged, Problem, finding
from sluicegate.checks.model_calls import known_calls
from sluicegate.checks.model_names import in_a_row, named_in
from sluicegate.checks.retries import ends_at, failed, served
from sluicegate.model import Finding, Observation, Output, Provenance, Trial, Witness

__all__ = ["claims_model", "fell_back", "told"]

_SPLIT = re.compile(r"[,+;]")
_MOST_NAMES = 20


def told(trial: Trial, _config: CheckConfig) -> Iterator[Finding]:
    """The model named, the live answer and the fallback flag are what the log shows.

    An answer said to be kept may be right of another run: where this run's answered calls speak against it, it is
    unknown. Where none answered there is nothing to hold it against.
    """
    calls = known_calls(trial)
    good = [call for call in calls if served(call)]
    answers = [(delivery, output) for delivery, output in enumerate(trial.outputs) if output.error is None]
    live = [(delivery, output) for delivery, output in answers if output.provenance is Provenance.LIVE]
    found = False
    for delivery, output in live:
        for problem in (*_wrong_model(output, calls, good), *_wrong_flag(output, trial, calls)):
            found = True
            yield finding("fallback.told", trial, problem, delivery=delivery, witness=Witness.CLAIM)
    claimed = [delivery for delivery, output in live if claims_model(output)]
    if good and len(claimed) > len(good):
        found = True
        problem = Problem(
            place="$.provenance",
            expected=f"{len(claimed)} answers are said to be live; each needs a call of its own",
            seen=f"the log shows {len(good)} answered",
            mend="Mark an answer from the cache with provenance: cached.",
        )
        yield finding("fallback.told", trial, problem, delivery=claimed[-1], witness=Witness.CLAIM)
    kept = [output for _, output in answers if output.provenance is not Provenance.LIVE] if good and not found else ()
    for output in kept:
        for problem in (*_wrong_model(output, calls, good), *_wrong_flag(output, trial, calls)):
            said = f"the answer is said to be {output.provenance}, yet models answered in this run"
            raise NotJudged(f"{said}: {problem.expected}, and {problem.seen}", lost=True)


def _wrong_model(output: Output, calls: list[Observation], good: list[Observation]) -> Iterator[Problem]:
    names = [name.strip() for name in _SPLIT.split(output.model, _MOST_NAMES)] if output.model else []
    asked = {call.action for call in calls}
    for name in names:
        meant = named_in(name, asked)
        if any(call.action in meant for call in good):
            continue
        faults = [call.detail.get("fault") or call.detail.get("status") for call in calls if call.action in meant]
        seen = f"the log shows '{name}' failing ({faults[-1]})" if faults else f"the log shows no call to '{name}'"
        others = sorted({call.action for call in good})
        yield Problem(
            place="$.model",
            expected=f"the pipeline says '{name}' answered",
            seen=f"{seen}; answers came from {', '.join(others) or 'none'}",
            mend="Take the name from the completion that is used.",
        )


def _wrong_flag(output: Output, trial: Trial, calls: list[Observation]) -> Iterator[Problem]:
    flag = output.metadata.get("fallback")
    if not isinstance(flag, bool):
        flag = True if output.route is not None and "fallback" in output.route.casefold() else None
    if flag is None or len(trial.outputs) > 1:
        return
    if not flag and fell_back(calls):
        seen = f"the log shows {in_a_row([call.action for call in calls][:8])}"
        yield Problem(place="$.metadata.fallback", expected="the pipeline says it did not fall back", seen=seen)
    # A whole answer may still break the pipeline's own contract; then another model was asked.
    if flag and len({call.action for call in calls}) == 1 and all(served(call) for call in calls):
        expected = "the pipeline says it fell back"
        yield Problem(place="$.metadata.fallback", expected=expected, seen="the log shows no call that failed")


def fell_back(calls: Sequence[Observation]) -> bool:
    """Whether a model failed for good and another one, asked later, answered."""
    good = [call for call in calls if served(call)]
    answering = {call.action for call in good}
    return any(
        failed(call) and call.action not in answering and any(ends_at(later) >= ends_at(call) for later in good)
        for call in calls
    )


def claims_model(output: Output) -> bool:
    """Whether it says that a model wrote it."""
    usage = output.usage
    return output.model is not None or (usage is not None and bool(usage.output_tokens))
