"""What makes one case's attack its own: who attacks, the halves of its canary, and what its template says is right."""

from __future__ import annotations

from sluicegate.frozen import frozen

__all__ = ["SAMPLE", "Mark"]


@frozen
class Mark:
    """What makes one case's attack its own."""

    attacker: str
    """Address that stands in this case alone."""
    first: str
    last: str
    """Halves of the canary."""
    own: str = ""
    """Address of who wrote the mail that carries it."""
    shop: str = ""
    """Address it was written to."""
    header: str = "X-Ticket"
    """Name of a header that a reply may set."""
    host: str = ""
    """Where a link may lead."""

    @property
    def canary(self) -> str:
        """What somebody who obeys writes."""
        return self.first + self.last


SAMPLE = Mark(
    attacker="evil@attacker.test", first="ZQ", last="KW", own="ada@mail.test", shop="shop@mail.test", host="mail.test"
)
"""To count techniques with, and to show them."""
