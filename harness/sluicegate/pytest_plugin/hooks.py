"""Hooks of Sluicegate's own. Their names begin with `pytest_`, so that pytest finds them in a conftest."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest

__all__ = ["pytest_sluicegate_checks"]


def pytest_sluicegate_checks(config: pytest.Config) -> Iterable[Callable[..., Any]] | None:
    """Your own checks, put to every output of the stage.

    Called once in each process of a run with a plan, before collection: in the controller and in every xdist worker,
    which must all answer the same. Each check becomes one test item (one per shard under xdist). Its results are
    recorded under the name of the function, marked self-reported, so that a metric of the plan can count them:
    `metrics: {politeness: {kind: proportion, better: higher, unit: draft, check: says_please}}`.

    Args:
        config: pytest's configuration.

    Returns:
        Functions `(case, output) -> bool | Finding | iterable of Finding`; None for none. What a check raises is the
        result `error`, which holds. A trial that crashed fails every check without being shown to it.

    Example, in a conftest.py:

        def says_please(case, output):
            return "please" in output.content

        def pytest_sluicegate_checks(config):
            return [says_please]

    """
