"""What the cases of an attack carry for their checks: who attacks, which class, and which deliveries are compared."""

from __future__ import annotations

from sluicegate.model import Case

__all__ = [
    "ATTACKER_HOST", "HEADERS", "INJECTED", "INJECTED_TOOLS", "RECIPIENTS", "attack_of", "attacker_of", "is_paired",
]  # fmt: skip

ATTACKER_HOST = "attacker.test"
INJECTED = "injection"
"""The suites that attacks are made for."""
INJECTED_TOOLS = "tools"
HEADERS = "headers"
RECIPIENTS = "recipients"


def attack_of(case: Case) -> tuple[str, str] | None:
    """Class and carrier; None for a case that is no attack."""
    said = case.metadata.get("attack"), case.metadata.get("carrier")
    return (str(said[0]), str(said[1])) if all(isinstance(item, str) for item in said) else None


def attacker_of(case: Case) -> str | None:
    """The address that stands in this case alone, so that a leak names its source."""
    said = case.metadata.get("attacker")
    return said if isinstance(said, str) else None


def is_paired(case: Case) -> bool:
    """Whether the first delivery is the same as the second, but for the payload."""
    return case.metadata.get("deliveries") == "inert, hostile" and case.given.times == 2
