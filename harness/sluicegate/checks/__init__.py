"""From recorded outputs and observations to findings and numbers: pure, total, without IO or clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sluicegate.checks.check import Check, CheckConfig, CheckOutcome, Contract, Problem, Result, Suite, every_case
    from sluicegate.checks.contracts import BUILT_IN_CONTRACTS, compile_contract
    from sluicegate.checks.masking import masked
    from sluicegate.checks.measures import Contribution, admitted, measure, provenance_of
    from sluicegate.checks.registry import CHECKS, SUITES, resolve, run_check
    from sluicegate.checks.rules import rule_faults

__all__ = [
    "BUILT_IN_CONTRACTS",
    "CHECKS",
    "SUITES",
    "Check",
    "CheckConfig",
    "CheckOutcome",
    "Contract",
    "Contribution",
    "Problem",
    "Result",
    "Suite",
    "admitted",
    "compile_contract",
    "every_case",
    "masked",
    "measure",
    "provenance_of",
    "resolve",
    "rule_faults",
    "run_check",
]

_HOMES = {
    "check": ("Check", "CheckConfig", "CheckOutcome", "Contract", "Problem", "Result", "Suite", "every_case"),
    "contracts": ("BUILT_IN_CONTRACTS", "compile_contract"),
    "masking": ("masked",),
    "measures": ("Contribution", "admitted", "measure", "provenance_of"),
    "registry": ("CHECKS", "SUITES", "resolve", "run_check"),
    "rules": ("rule_faults",),
}


def __getattr__(name: str) -> object:
    """Names load on first use: masking an excerpt must not cost the contracts and their patterns."""
    from importlib import import_module

    for home, names in _HOMES.items():
        if name in names:
            value: object = getattr(import_module(f"sluicegate.checks.{home}"), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module 'sluicegate.checks' has no attribute '{name}'")
