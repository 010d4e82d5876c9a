"""budget: calls, tokens and money stay within what is allowed, and are what the pipeline says.

All of it is counted at the model server and priced there, request by request, from the plan's `prices` or the installed
price table. What the pipeline reports of itself is only compared.
"""

from __future__ import annotations

from sluicegate.pytest_plugin.results import CheckResults


def test_calls(results: CheckResults) -> None:
    """Models and tools are called as often as the case allows (`expect.calls`), all deliveries together."""
    results.of("budget.calls").hold_in_every_case()


def test_spend(results: CheckResults) -> None:
    """The model calls cost no more than the case allows (`expect.limits.spend_microusd`)."""
    results.of("budget.spend").hold_in_every_case()


def test_usage(results: CheckResults) -> None:
    """The tokens the pipeline reports are those of the model server's answers."""
    results.of("budget.usage").hold_in_every_case()


def test_cost(results: CheckResults) -> None:
    """The cost the pipeline reports is the log's, priced, within a micro-dollar a call."""
    results.of("budget.cost").hold_in_every_case()


def test_prompt(results: CheckResults) -> None:
    """What must reach a model does (`expect.model_sees`), and what must not does not (`expect.model_never_sees`)."""
    results.of("budget.prompt").hold_in_every_case()
