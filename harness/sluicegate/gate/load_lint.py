"""What the plan's load will and will not show, before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator

from sluicegate.frozen import frozen
from sluicegate.gate.bodies import unit_of
from sluicegate.gate.wording import count_of
from sluicegate.model import Origin
from sluicegate.plan.arrivals import users_at
from sluicegate.plan.load import LoadSpec, Profile
from sluicegate.plan.types import Criterion, HttpTarget, Plan

__all__ = ["LoadNote", "load_notes"]

_SEEN_BY_DOUBLES = (
    "budget.spend",
    "fallback.correct_rate",
    "fallback.rate",
    "idempotency.violations",
    "routing.expert_calls",
)


@frozen
class LoadNote:
    """One thing to know; `line` is 1 where no criterion is to blame."""

    line: int
    about: str
    text: str


def load_notes(plan: Plan) -> Iterator[LoadNote]:
    """Profiles nobody judges, criteria nobody feeds, and caps and lengths that cannot do what is asked of them."""
    criteria = [each for stage in plan.stages for each in stage.criteria if Origin.LOAD in each.origins]
    if plan.load is None:
        for criterion in {criterion.line: criterion for criterion in criteria}.values():
            text = "from: load, and the plan has no load: profiles; it holds until measurements are recorded from load."
            yield LoadNote(line=criterion.line, about=criterion.metric.name, text=text)
        return
    judged = {each.profile for each in criteria}
    for profile in plan.load.profiles:
        if not criteria or not judged & {profile.name, None}:
            text = f"profile '{profile.name}' is judged by no criterion from: load."
            yield LoadNote(line=1, about="load", text=text)
        yield from _profile(profile, plan.pipeline.timeout_s)
    for criterion in criteria:
        is_unseen = isinstance(plan.pipeline.target, HttpTarget) and criterion.origins == (Origin.LOAD,)
        if is_unseen and criterion.metric.name in _SEEN_BY_DOUBLES:
            text = "from: load, and no double stands around an address: it holds until measurements are recorded."
            yield LoadNote(line=criterion.line, about=criterion.metric.name, text=text)
        if criterion.profile is not None:
            yield from _too_few(criterion, plan.load)


def _profile(profile: Profile, timeout_s: float) -> Iterator[LoadNote]:
    """A cap below what a slow but answering target has under way drops what should be measured."""
    peak = max((max(step.rate or 0.0, step.to_rate or 0.0) for step in profile.steps), default=0.0)
    slowest_s = timeout_s if profile.objective_ms is None else profile.objective_ms / 1000
    whole = sum(step.for_s * ((step.rate or 0.0) + (step.to_rate or step.rate or 0.0)) / 2 for step in profile.steps)
    needed = min(peak * slowest_s, whole)
    if profile.arrival is not None and needed > profile.in_flight:
        text = (
            f"profile '{profile.name}': {peak:g} arrivals a second that take {slowest_s:g} s are up to {needed:,.0f} "
            f"under way, and in_flight is {profile.in_flight:,}: the rest is dropped, and a drop holds."
        )
        yield LoadNote(line=1, about="load", text=text)


def _too_few(criterion: Criterion, load: LoadSpec) -> Iterator[LoadNote]:
    """More units asked for than one run of the profile has."""
    profile, unit = load.profile(criterion.profile or ""), unit_of(criterion)
    wanted, expected = criterion.minimum_n or 0, _expected(profile)
    if unit == "second":
        expected = profile.lasts_s - profile.warm_up_s - profile.cool_down_s if profile.steps else None
    elif unit != "request":
        return
    if expected is not None and wanted > expected:
        text = f"min: {wanted} is more than a run of '{profile.name}' has: about {count_of(int(expected), unit)}."
        yield LoadNote(line=criterion.line, about=criterion.metric.name, text=text)


def _expected(profile: Profile) -> float | None:
    """Arrivals that count in one run; None for users and traces, whose number nobody knows beforehand."""
    if profile.arrival is None or not profile.steps or users_at(profile, 0.0):
        return None
    total, began = 0.0, 0.0
    first, last = profile.warm_up_s, profile.lasts_s - profile.cool_down_s
    for step in profile.steps:
        low, high = max(first, began), min(last, began + step.for_s)
        if high > low:
            at = [(step.rate or 0.0) + _slope(step.rate, step.to_rate, step.for_s) * (t - began) for t in (low, high)]
            total += (high - low) * sum(at) / 2
        began += step.for_s
    return total


def _slope(rate: float | None, to: float | None, for_s: float) -> float:
    return 0.0 if to is None else (to - (rate or 0.0)) / for_s
