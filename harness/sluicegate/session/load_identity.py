"""What a load profile asks today: arrivals, cases, trace, and the pipeline as it is started or asked.

Another of these, and it was another load. Its name and its objective are none of what is sent: under another name, or
with another objective, it is the same load. The objective is told after a colon, for goodput, which asks for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from sluicegate.errors import Fault, InputError
from sluicegate.model import Case, Origin, digest_bytes, digest_of
from sluicegate.plan.load import Profile, profile_digest
from sluicegate.plan.types import CallableTarget, HttpTarget, Plan, Stage
from sluicegate.session.load_cases import load_cases

__all__ = ["load_digest", "load_digests", "shown_target"]


def load_digest(plan: Plan, base: Path, profile: Profile, cases: Iterable[Case]) -> str:
    """SHA-256 of what is sent, and after a colon of the objective. Raises InputError for a trace that is not there."""
    return _digest(plan, base, profile, digest_of(list(cases)))


def load_digests(plan: Plan, stage: Stage, base: Path) -> dict[str, str]:
    """The same for each profile of a plan whose stage asks for load; none for those that cannot be asked today."""
    if plan.load is None or not any(Origin.LOAD in criterion.origins for criterion in stage.criteria):
        return {}
    try:
        cases = digest_of(list(load_cases(plan, base)))
    except InputError:
        return {}
    found = {}
    for profile in plan.load.profiles:
        try:
            found[profile.name] = _digest(plan, base, profile, cases)
        except InputError:
            continue
    return found


def shown_target(plan: Plan) -> str:
    """What is loaded, without what may be secret."""
    target = plan.pipeline.target
    if isinstance(target, HttpTarget):
        scheme, _, rest = target.url.partition("://")
        host, slash, path = rest.partition("?")[0].partition("/")
        return f"{target.method} {scheme}://{host.rpartition('@')[2]}{slash}{path}"
    return target.target if isinstance(target, CallableTarget) else type(target).__name__.removesuffix("Target").lower()


def _digest(plan: Plan, base: Path, profile: Profile, cases: str) -> str:
    asked: Mapping[str, str] = {
        "profile": profile_digest(replace(profile, name="", objective_ms=None, objective_ttft_ms=None)),
        "cases": cases,
        "trace": "" if profile.trace is None else _trace_digest(base / profile.trace),
        "target": shown_target(plan),
        "pipeline": digest_of([plan.pipeline.target, dict(plan.pipeline.environment)]),
        "ids": "own" if profile.own_ids else "given",
    }
    return f"{digest_of(asked)}:{digest_of([profile.objective_ms, profile.objective_ttft_ms])}"


def _trace_digest(path: Path) -> str:
    try:
        return digest_bytes(path.read_bytes())
    except OSError as error:
        raise InputError(Fault(where=str(path), what=f"cannot be read: {error.strerror}.")) from None
