"""Which failures of suite schema say no more than what a criterion with a target counts."""

from __future__ import annotations

from sluicegate.checks import CHECKS
from sluicegate.checks.success import DECIDING

__all__ = ["is_forgiven"]

_OF_SUCCESS = frozenset((*DECIDING, "schema.limits"))
"""Checks whose failure is no success."""


def is_forgiven(name: str, *, no_success: bool, crash_alone: bool) -> bool:
    """Whether a failed check stands for a trial that is counted: as no success, or for its crash and nothing else."""
    return (no_success and name in _OF_SUCCESS) or (crash_alone and CHECKS[name].suite == "schema")
