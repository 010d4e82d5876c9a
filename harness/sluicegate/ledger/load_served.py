"""What the doubles saw of each request under load: a file beside the shards, a JSON line for each request served.

Lines are `{"kind": "opened" | "served" | "closed", …}`, closed by a count and a hash as shards are. What a line says of
calls, cost and writes is counted for every request; observations are kept of those that are sampled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType

from sluicegate.frozen import frozen
from sluicegate.ledger.closed_lines import ClosedLines
from sluicegate.model import Observation, Output
from sluicegate.model.often import made_often

__all__ = ["SERVED_VERSION", "Served", "ServedClosed", "ServedOpened", "ServedReader"]

SERVED_VERSION = 2


@frozen
class ServedOpened:
    """What stood while load ran."""

    version: int
    profile: str
    at: int
    """Microseconds since 1970 UTC, as all times here."""


@made_often
@frozen
class Served:
    """One request as pipeline and doubles met it."""

    run_id: str
    case: str
    at: int
    """When it came to the server."""
    took: int
    """Microseconds until every delivery was answered."""
    deliveries: int = 1
    """2: the message was delivered twice at once."""
    crashed: int = 0
    """Deliveries without an answer."""
    calls: Mapping[str, int] = field(default_factory=dict)
    """Models asked, by name, however they answered."""
    cost: int | None = 0
    """Micro-dollars of the answered calls; None where a model has no price, or the log was cut."""
    writes: Mapping[str, int] = field(default_factory=dict)
    """Side effects, by tool."""
    struck: Mapping[str, int] = field(default_factory=dict)
    """Calls that met a fault, by the fault, the double and what was asked of it."""
    outputs: tuple[Output, ...] = ()
    """Of a message that was delivered twice every answer, and else one that was a crash."""
    observations: tuple[Observation, ...] | None = None
    """Of a sampled request, and of one delivered twice; None of the others."""


@frozen
class ServedClosed:
    """The end of a file that was written to its end; the reader counts again."""

    at: int
    served: int
    lost: int
    """Requests that were broken off when the load ended."""
    strays: Mapping[str, int] = field(default_factory=dict)
    """What belonged to no request, by reason: unattributed, late, unserved, elsewhere."""
    notes: tuple[str, ...] = ()
    lines: int
    sha256: str
    """Of all bytes before this line."""

    @property
    def incomplete(self) -> str:
        """Why the file does not show everything the pipeline did; empty where it does."""
        if self.lost:
            return f"{self.lost:,} requests were broken off when the load ended, so what they did is not known"
        said = [f"{count:,} {_STRAY[why]}" for why, count in sorted(self.strays.items()) if count and why in _STRAY]
        return "; ".join(said)


_STRAY = {
    "unattributed": "requests at the doubles belong to no request of the load",
    "late": "requests at the doubles came after their answer",
    "unserved": "requests were answered 404 or 405: no double stands for their method and path",
    "elsewhere": "addresses past the doubles were connected to",
}


class ServedReader(ClosedLines[ServedOpened, Served, ServedClosed]):
    """Iterates the requests. After that `closed` or `broken` says how the file ended; memory is a line."""

    NAME = "record of what was served"
    UNCLOSED = "its server was ended, or is still at work"
    MEND = "Give the file as the server left it."
    VERSION = SERVED_VERSION
    OPENED, CLOSED, KINDS = ServedOpened, ServedClosed, MappingProxyType({"served": Served})

    def _begin(self) -> None:
        self._served = 0

    def _take(self, line: Served) -> str:
        self._served += 1
        if line.took < 0 or line.deliveries < 1 or (line.cost or 0) < 0:
            return "holds a request of less than nothing"
        counts = (*line.calls.values(), *line.writes.values(), *line.struck.values())
        return "holds a count below 0" if any(n < 0 for n in counts) else ""

    def _miscounts(self, closed: ServedClosed) -> str:
        return "" if closed.served == self._served else "counts other requests than it holds"
