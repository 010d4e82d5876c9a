"""What the doubles saw of each request under load: a file beside the shards, a JSON line for each request served.

Lines are `{"kind": "opened" | "served" | "closed", …}`, closed by a count and a hash as shards are. What a line says of
calls, cost and writes is counted for every request; observations are kept of those that are sampled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from hashlib import sha256
from pathlib import Path

import orjson

from sluicegate.errors import Fault, InputError
from sluicegate.frozen import frozen
from sluicegate.ledger.chain import MAX_LINE_BYTES
from sluicegate.model import Json, Observation, Output, decode
from sluicegate.model.often import made_often

__all__ = ["SERVED_VERSION", "Served", "ServedClosed", "ServedOpened", "ServedReader"]

SERVED_VERSION = 1
_COPY = "Give the file as the server left it."


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
    struck: int = 0
    """Calls that met a fault."""
    outputs: tuple[Output, ...] = ()
    """Of a message that was delivered twice, every answer."""
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


class ServedReader:
    """Iterates the requests. After that `closed` or `broken` says how the file ended; memory is a line."""

    def __init__(self, path: Path) -> None:
        """Raises InputError for a file that does not begin as one."""
        self.path = path
        self.closed: ServedClosed | None = None
        self.broken: Fault | None = None
        """Why it is not whole; None once it was read to a closing line that agrees."""
        try:
            with path.open("rb") as file:
                said = orjson.loads(file.readline(MAX_LINE_BYTES))
            kind = said.pop("kind")
        except OSError as error:
            raise InputError(Fault(where=str(path), what=f"cannot be read: {error.strerror}.")) from None
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            what = f"is no record of what was served under load ({error})."
            raise InputError(Fault(where=str(path), what=what, mend=_COPY)) from None
        if kind != "opened":
            what = "is no record of what was served under load (it does not begin with its opening line)."
            raise InputError(Fault(where=str(path), what=what, mend=_COPY))
        self.opened = decode(ServedOpened, said, str(path))

    def __iter__(self) -> Iterator[Served]:
        self.closed, self.broken = None, None
        digest, lines, served = sha256(), 0, 0
        with self.path.open("rb", buffering=1 << 18) as file:
            while raw := file.readline(MAX_LINE_BYTES):
                said = self._said(raw, lines)
                if said is None:
                    return
                kind = said.pop("kind", None)
                try:
                    if kind == "closed":
                        self._close(decode(ServedClosed, said), digest.hexdigest(), lines, served)
                    elif kind == "served":
                        served += 1
                        yield decode(Served, said)
                    elif lines:
                        self._break(f"holds a line of kind '{kind}'", lines)
                except InputError as error:
                    self._break(f"holds a line that is none ({error})", lines)
                if self.broken is not None:
                    return
                digest.update(raw)
                lines += 1
        if self.closed is None:
            self._break("has no closing line: its server was ended, or is still at work", lines)

    def _said(self, raw: bytes, line: int) -> dict[str, Json] | None:
        if self.closed is not None:
            self._break("goes on after its closing line", line)
            return None
        try:
            said = orjson.loads(raw)
        except orjson.JSONDecodeError:
            said = None
        if raw[-1:] != b"\n" or not isinstance(said, dict):
            self._break("is cut in the middle of a line", line)
            return None
        return said

    def _close(self, closed: ServedClosed, digest: str, lines: int, served: int) -> None:
        if closed.sha256 != digest or closed.lines != lines:
            self._break("was changed after it was closed", lines)
        elif closed.served != served:
            self._break("counts other requests than it holds", lines)
        else:
            self.closed = closed

    def _break(self, what: str, line: int) -> None:
        self.closed = None
        self.broken = Fault(where=f"{self.path}:{line + 1}", what=f"the record {what}.", mend=_COPY)
