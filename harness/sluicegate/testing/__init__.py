"""For tests of pipelines, checks and plugins: builders of values, and whole pytest runs in a folder of their own.

Nothing is imported before it is used; neither pytest nor hypothesis is needed for the builders.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sluicegate.testing.builders import a_case, a_ledger, a_mail, a_rollout, a_trial, an_output
    from sluicegate.testing.example import Example, Result

__all__ = ["Example", "Result", "a_case", "a_ledger", "a_mail", "a_rollout", "a_trial", "an_output"]

_HOMES = {"Example": "example", "Result": "example"}


def __getattr__(name: str) -> object:
    """Public names load on first use."""
    if name not in __all__:
        raise AttributeError(f"module 'sluicegate.testing' has no attribute '{name}'")
    from importlib import import_module

    value: object = getattr(import_module(f"sluicegate.testing.{_HOMES.get(name, 'builders')}"), name)
    globals()[name] = value
    return value
