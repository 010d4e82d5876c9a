"""idempotency: the same message twice, at once or after a crash makes one draft and one side effect.

Cases drawn from the plan's are delivered twice, one after the other, as `<id>~twice`; some of them together as
`<id>~at-once`, and as `<id>~after-crash`, where the first delivery is broken off when a tool has written. What counts
is what the doubles saw, not what the pipeline says it did.
"""

from __future__ import annotations

from sluicegate.pytest_plugin.results import CheckResults


def test_once(results: CheckResults) -> None:
    """A tool that writes is called with effect at most once for each of its keys."""
    results.of("idempotency.once").hold_in_every_case()


def test_same(results: CheckResults) -> None:
    """Both deliveries get the same draft."""
    results.of("idempotency.same").hold_in_every_case()
