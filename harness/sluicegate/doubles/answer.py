"""What a double was asked and what it will answer, as plain values: the endpoints know no server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from datetime import datetime
from typing import Literal, Protocol

from sluicegate.doubles.runs import Run
from sluicegate.frozen import frozen
from sluicegate.model import Json, canonical, rfc3339

__all__ = ["Answer", "Call", "Cut", "Endpoint", "json_answer", "unserved"]

Cut = Literal["no", "silent", "reset", "middle"]
"""`silent` closes the connection without a byte, `reset` tears it down (RST), `middle` closes it after half of the
answer."""


@frozen
class Call:
    """One request as it arrived, already attributed."""

    run: Run
    method: str
    path: str
    """Percent-encoded, without the run's prefix."""
    query: tuple[tuple[str, str], ...]
    """In order, duplicates kept."""
    body: bytes | None
    """None when it was larger than the limit; no byte of it is kept."""
    when: datetime
    """The wall clock."""
    correlation: Mapping[str, Json] = field(default_factory=dict)
    """See `correlation.correlation`."""

    @property
    def at(self) -> str:
        """RFC 3339 UTC."""
        return rfc3339(self.when)

    def see(self, double: str, action: str, detail: dict[str, Json]) -> dict[str, Json]:
        """Log what was asked into the run. The detail may still be completed until the run closes."""
        detail["correlation"] = self.correlation
        return self.run.see(double, action, self.at, detail)


@frozen
class Answer:
    """What goes back, and when."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    stream: tuple[bytes, ...] = ()
    """Sent one by one instead of `body`."""
    enough: int | None = None
    """Pieces of the stream after which its caller has the whole answer; what follows are usage and end marks."""
    delay_ms: float = 0.0
    """Before the first byte."""
    gap_ms: float = 0.0
    """Between pieces of a stream."""
    cut: Cut = "no"
    seen: dict[str, Json] | None = None
    """Detail of the observation, marked `aborted` when the caller hangs up before the answer is out."""
    is_unserved: bool = False
    """No double stands for this method and path, so nobody saw what it would have done."""


class Endpoint(Protocol):
    """One protocol a double speaks; a new protocol is a new module with one of these."""

    @property
    def prefix(self) -> str:
        """First part of the path: `/v1`."""
        ...

    @property
    def variable(self) -> str:
        """Environment variable that names its base URL: `OPENAI_BASE_URL`."""
        ...

    @property
    def keys(self) -> tuple[str, ...]:
        """Variables the vendor's client wants a key in before it starts; each is given a dummy."""
        ...

    def answer(self, call: Call) -> Answer:
        """Decide the answer and write the observation into the run's log; never raises for what was sent."""
        ...


def json_answer(
    value: Json,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    delay_ms: float = 0.0,
    seen: dict[str, Json] | None = None,
) -> Answer:
    """An answer whose body is `value` as JSON."""
    return Answer(status=status, body=canonical(value), headers=headers or {}, delay_ms=delay_ms, seen=seen)


def unserved(answer: Answer) -> Answer:
    """The same answer, to a request that no double stands for."""
    return replace(answer, is_unserved=True)
