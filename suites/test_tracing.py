"""tracing: the id given with a request is found on everything the request leaves behind.

Each delivery is given a trace of its own, which begins with its run id (`traceparent`, `x-sluicegate-run`). All cases
of the plan are followed, and a few sound ones delivered twice as `<id>~again`. What a pipeline does not show is not
applicable, unless the plan names it under `correlation: {sinks: […]}`.
"""

from __future__ import annotations

from sluicegate.pytest_plugin.results import CheckResults


def test_calls(results: CheckResults) -> None:
    """Every model call, tool call and retrieval carries the id in its headers, retries and fallbacks too."""
    results.of("tracing.calls").hold_in_every_case()


def test_logs(results: CheckResults) -> None:
    """Every line that is logged while a request is answered carries its id."""
    results.of("tracing.logs").hold_in_every_case()


def test_spans(results: CheckResults) -> None:
    """Every span belongs to the trace of its request."""
    results.of("tracing.spans").hold_in_every_case()


def test_output(results: CheckResults) -> None:
    """Every output says which request it answers, errors and kept answers too."""
    results.of("tracing.output").hold_in_every_case()
