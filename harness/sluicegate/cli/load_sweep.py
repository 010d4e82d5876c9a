"""`sluicegate load --sweep`: the largest rate, or number of users, that holds a profile's objective."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sluicegate.cli.errors import filled, show
from sluicegate.cli.options import terminal
from sluicegate.errors import Fault, InputError

if TYPE_CHECKING:
    from sluicegate.plan.load import Profile
    from sluicegate.plan.types import Stage
    from sluicegate.session.load_sweep import SweptRun
    from sluicegate.session.workspace import Workspace

__all__ = ["swept"]


def swept(workspace: Workspace, stage: Stage, profiles: list[Profile], *, processes: int, most: float | None) -> None:
    """Sweep one profile, and show each run as it ends."""
    from sluicegate.report.knee import knee_lines, probe_line
    from sluicegate.session.load_sweep import search_of, sweep

    if len(profiles) != 1:
        names = ", ".join(profile.name for profile in profiles)
        mend = f"Add --profile NAME: {names}."
        raise InputError(Fault(where="--sweep", what="one profile is swept at a time.", mend=mend))
    profile = profiles[0]
    search = search_of(profile, most=most)
    width = terminal().width

    def tell(run: SweptRun) -> None:
        show(filled(probe_line(run.probe, run.tally, run.said, whole=search.whole), width))

    found = sweep(workspace, profile, search, stage=stage, workers=processes, tell=tell)
    asked = {"": profile.objective_ms, " to the first content": profile.objective_ttft_ms}
    objective = " and ".join(f"{value:g} ms{said}" for said, value in asked.items() if value is not None)
    lines = knee_lines(found.knee, share=found.share, whole=search.whole, objective=objective)
    show("\n".join(filled(line, width) for line in lines))
