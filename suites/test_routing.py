"""routing: jobs go to the model and the experiment arm they should, and answers say so truly.

The decision table is written in the cases (`expect.model_order`, `expect.arms`); the verdict is read from the calls
that arrived at the model server. Some cases of an experiment are delivered twice, as `<id>~again`.
"""

from __future__ import annotations

from sluicegate.pytest_plugin.results import CheckResults


def test_order(results: CheckResults) -> None:
    """The models called are those the decision table says, in its order (`expect.model_order`)."""
    results.of("routing.order").hold_in_every_case()


def test_path(results: CheckResults) -> None:
    """Route, model and log lines of the output are those of the path the case must take (`expect.must`, `must_not`)."""
    results.of("routing.path").hold_in_every_case()


def test_claims(results: CheckResults) -> None:
    """The model and route an answer names are those of the model server's log."""
    results.of("routing.claims").hold_in_every_case()


def test_arms(results: CheckResults) -> None:
    """Only eligible cases are in an experiment (`expect.arms`), and with the text of their arm (`expect.arm_texts`)."""
    results.of("routing.arms").hold_in_every_case()


def test_sticky(results: CheckResults) -> None:
    """The same job gets the same arm again."""
    results.of("routing.sticky").hold_in_every_case()
