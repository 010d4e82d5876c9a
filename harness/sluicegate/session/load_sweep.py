"""A sweep: one load profile at one rate after the other, until the largest rate is known that holds its objective."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from sluicegate.errors import Fault, InputError
from sluicegate.frozen import frozen
from sluicegate.model.load_result import LoadTally
from sluicegate.plan.load import Profile, Step
from sluicegate.plan.types import Stage
from sluicegate.session.load import run_load
from sluicegate.session.load_import import NOBODY
from sluicegate.session.workspace import Workspace
from sluicegate.stats.knee import Knee, KneeSearch, Probe, knee_of, next_rate

__all__ = ["MOST_TIMES", "Sweep", "SweptRun", "at_rate", "probe_of", "search_of", "sweep"]

MOST_TIMES = 64
"""A search goes no further than so many times the profile's own rate or users, unless it is told to."""


@frozen
class SweptRun:
    """One run of a sweep."""

    probe: Probe
    tally: LoadTally
    said: str
    """Why the run shows nothing; empty where it does."""


@frozen
class Sweep:
    """What a sweep has found."""

    profile: Profile
    search: KneeSearch
    share: float
    runs: tuple[SweptRun, ...]

    @property
    def knee(self) -> Knee:
        """The largest rate that holds."""
        return knee_of([run.probe for run in self.runs], self.search)


def search_of(profile: Profile, *, most: float | None = None, repeats: int = 3) -> KneeSearch:
    """From the profile's own rate or users upwards. Raises InputError for a profile that is not one steady load."""
    where = f"load profile '{profile.name}'"
    if profile.objective_ms is None and profile.objective_ttft_ms is None:
        what, mend = "has no objective, so no rate holds it.", "Write objective: 2 s."
        raise InputError(Fault(where=where, what=what, mend=mend))
    step = profile.steps[0] if len(profile.steps) == 1 else None
    own = None if step is None or step.to_rate is not None else step.users or step.rate
    if not own:
        what = "changes over its time; a sweep asks for one rate, or one number of users, at a time."
        raise InputError(Fault(where=where, what=what, mend="Sweep a profile of users: or rate: with for:."))
    whole = profile.arrival is None
    least = 1.0 if whole else own / MOST_TIMES
    if most is not None and most < own:
        what = f"is {most:g}, less than the {own:g} of the profile, where the search begins."
        raise InputError(Fault(where="--most", what=what, mend="Give a larger one."))
    return KneeSearch(start=float(own), least=least, most=float(most or own * MOST_TIMES), repeats=repeats, whole=whole)


def at_rate(profile: Profile, rate: float) -> Profile:
    """The profile with so many users, or arrivals a second, instead of its own."""
    step = profile.steps[0]
    asked = Step(for_s=step.for_s, users=round(rate)) if profile.arrival is None else Step(for_s=step.for_s, rate=rate)
    return replace(profile, steps=(asked,))


def probe_of(rate: float, tally: LoadTally, share: float, *, counts: bool) -> Probe:
    """Whether at least a `share` of the requests was whole and in time. `counts`: the run is evidence of anything."""
    if not counts or tally.measured == 0:
        return Probe(rate=rate, held=None, value=None)
    return Probe(rate=rate, held=tally.in_time >= share * tally.measured, value=tally.p95_ms)


def sweep(
    workspace: Workspace,
    profile: Profile,
    search: KneeSearch,
    *,
    stage: Stage,
    share: float = 0.95,
    workers: int = 1,
    variables: Mapping[str, str] | None = None,
    tell: Callable[[SweptRun], None] | None = None,
) -> Sweep:
    """Run until the knee is known. Nothing of it becomes evidence: other rates than the plan's prove nothing of it.

    Raises what `run_load` does, and InputError once nobody answers.
    """
    runs: list[SweptRun] = []
    while (rate := next_rate([run.probe for run in runs], search)) is not None:
        with TemporaryDirectory(prefix="sluicegate-sweep-") as scratch:
            aside, at = workspace.aside(Path(scratch)), at_rate(profile, rate)
            try:
                imported = run_load(aside, at, stage=stage, workers=workers, variables=variables).imported
            except KeyboardInterrupt:
                raise KeyboardInterrupt("stopped; nothing of a sweep is evidence, and nothing is kept") from None
        if imported.void.startswith(NOBODY):
            mend = "Start what is to be asked, and sweep again."
            raise InputError(Fault(where="--sweep", what=f"{imported.void}.", mend=mend))
        said = "; ".join(imported.broken) or imported.void
        probe = probe_of(rate, imported.tally, share, counts=imported.complete and not imported.void)
        runs.append(SweptRun(probe=probe, tally=imported.tally, said=said))
        if tell is not None:
            tell(runs[-1])
    return Sweep(profile=profile, search=search, share=share, runs=tuple(runs))
