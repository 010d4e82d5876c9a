"""rollout: percentage flags deal their units soundly, and rollbacks take back their scope in time.

Cases set flags step by step (`given.flags`) and ask for whom they are on, in two processes. The verdict is read from
the answers as they were recorded, and from the harness's own times.
"""

from __future__ import annotations

from sluicegate.pytest_plugin.results import CheckResults


def test_sticky(results: CheckResults) -> None:
    """The same unit gets the same answer again, in every process."""
    results.of("rollout.sticky").hold_in_every_case()


def test_monotone(results: CheckResults) -> None:
    """Raising the percentage turns nobody off."""
    results.of("rollout.monotone").hold_in_every_case()


def test_share(results: CheckResults) -> None:
    """As many are on as the percentage says, in every part of the population; nobody at 0, everybody at 100 %."""
    results.of("rollout.share").hold_in_every_case()


def test_independent(results: CheckResults) -> None:
    """Each flag draws its units for itself; those of one salt are on for the same units."""
    results.of("rollout.independent").hold_in_every_case()


def test_exposed(results: CheckResults) -> None:
    """A step above 0 % exposes somebody (`exposed_least`)."""
    results.of("rollout.exposed").hold_in_every_case()


def test_pinned(results: CheckResults) -> None:
    """Units whose answer is pinned get it (`on`, `off` of a step)."""
    results.of("rollout.pinned").hold_in_every_case()


def test_default(results: CheckResults) -> None:
    """No answer depends on the default in the caller's code."""
    results.of("rollout.default").hold_in_every_case()


def test_scope(results: CheckResults) -> None:
    """A rollback takes back its scope, all of it and nobody else."""
    results.of("rollout.scope").hold_in_every_case()


def test_within(results: CheckResults) -> None:
    """From the decision to off, in every process and for good, it takes at most `within_s`."""
    results.of("rollout.within").hold_in_every_case()


def test_again(results: CheckResults) -> None:
    """A flag set as before is on for the same units as before."""
    results.of("rollout.again").hold_in_every_case()
