"""A request under load as a trial: its case as it was met, what came back, and what the doubles saw."""

from __future__ import annotations

from dataclasses import replace

from sluicegate.ledger.load_served import Served
from sluicegate.model import Case, CrashKind, Fault, Observation, Output, Trial

__all__ = ["delivered", "trial_under_load"]


def delivered(case: Case, deliveries: int) -> Case:
    """The case as a queue delivers it that repeats itself: the same message so many times at once."""
    return replace(case, given=replace(case.given, deliveries=deliveries, at_once=deliveries > 1))


def trial_under_load(case: Case, repeat: int, output: Output, served: Served | None) -> Trial:
    """The trial of a request, for the checks every suite has.

    A message that was delivered twice is a case of two deliveries at once, with the outputs the server had. Faults that
    struck by the time are the case's own, and then it says nothing of which models are asked, how often, or of limits,
    as where suite `fallback` derives its cases. What the pipeline crashed with says more than the status the generator
    saw. Without `served` nothing is known of what was called.
    """
    if served is None:
        return Trial(case=case, repeat=repeat, outputs=(output,))
    seen = served.observations or ()
    if served.deliveries > 1:
        case = delivered(case, served.deliveries)
    if faults := _struck(seen):
        calls = tuple(limit for limit in case.expect.calls if limit.target.partition(":")[0] != "model")
        expect = replace(case.expect, model_order=None, calls=calls, limits=None)
        case = replace(case, given=replace(case.given, faults=faults), expect=expect)
    is_told = served.deliveries > 1 or (_is_status(output) and served.outputs)
    outputs = served.outputs if is_told else (output,)
    return Trial(case=case, repeat=repeat, outputs=outputs, observations=seen)


def _is_status(output: Output) -> bool:
    return output.error is not None and output.error.kind is CrashKind.HTTP_STATUS


def _struck(seen: tuple[Observation, ...]) -> tuple[Fault, ...]:
    """The faults as the doubles played them, each once."""
    found = {}
    for item in seen:
        kind = item.detail.get("fault")
        if isinstance(kind, str):
            target = f"tool:{item.action}" if item.double == "tool" else item.double
            found[kind, target] = Fault(kind=kind, target=target)
    return tuple(found.values())
