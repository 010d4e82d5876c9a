"""What a ledger says of a load run: which profile it was, and what became of every request it was to send."""

from __future__ import annotations

from typing import ClassVar

from sluicegate.frozen import frozen
from sluicegate.model import Json, encode
from sluicegate.model.load_result import LoadTally

__all__ = ["LoadAccount", "LoadRun"]


@frozen
class LoadRun:
    """What was to be sent; part of the first record of a load run."""

    profile: str
    digest: str
    """SHA-256 of what the profile sent as the plan had it, and after a colon of its objective."""
    target: str
    """Method and address, without what may be secret."""
    workers: int = 1
    """How many shards there have to be."""
    objective_ms: float | None = None
    objective_ttft_ms: float | None = None
    own_ids: bool = False
    """The message ids of each request were its own, told by its run id."""
    watched: bool = True
    """Doubles stood around what was asked; around an address stands nobody."""


@frozen
class LoadAccount:
    """What became of the requests, as the shards say. Written before the run is closed."""

    KIND: ClassVar[str] = "load"

    tally: LoadTally
    broken: tuple[str, ...] = ()
    """What is wrong with the shards: missing, cut, changed, holes in the sequence."""

    def body(self) -> dict[str, Json]:
        """The record's body."""
        return {"tally": encode(self.tally), "broken": list(self.broken)}
