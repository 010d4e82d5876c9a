"""fallback: a failing model is followed by the next one, in bounds, and the answer says so.

Read from the model server's log under scripted faults: who was asked, in which order, how often, how long apart. Cases
are those of the plan that speak of failing models, and sound ones whose first call fails, as `<id>~limited`, `~down`,
`~cut`, `~malformed` and `~empty`. What the pipeline says of itself counts only where the log says the same.
"""

from __future__ import annotations

from sluicegate.pytest_plugin.results import CheckResults


def test_order(results: CheckResults) -> None:
    """Models are asked in the order the case names (`expect.model_order`), and no other."""
    results.of("fallback.order").hold_in_every_case()


def test_bounded(results: CheckResults) -> None:
    """Tries end: within `expect.calls`, else at most four of one model with one prompt a delivery."""
    results.of("fallback.bounded").hold_in_every_case()


def test_backoff(results: CheckResults) -> None:
    """A model that said Retry-After is not asked before, and waits between tries do not shrink."""
    results.of("fallback.backoff").hold_in_every_case()


def test_ends(results: CheckResults) -> None:
    """Where all models fail, or the case asks for an error, a clear one of the pipeline's own comes in time."""
    results.of("fallback.ends").hold_in_every_case()


def test_whole(results: CheckResults) -> None:
    """A completion that was cut, torn, empty, refused or filtered is never presented as an answer."""
    results.of("fallback.whole").hold_in_every_case()


def test_told(results: CheckResults) -> None:
    """The model named, the live answer and the fallback flag are what the log shows."""
    results.of("fallback.told").hold_in_every_case()
