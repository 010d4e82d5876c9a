"""Shards: what one load generator process recorded, a JSON line for each request, closed by a count and a hash.

Lines are `{"kind": "opened" | "request" | "lag" | "closed", …}`. What a shard does not say is left out (sparse, as
everywhere). A shard without its closing line, or whose closing line disagrees with the bytes before it, was cut or
changed, and `ShardReader.broken` says so; the lines up to there are given out all the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path

import orjson

from sluicegate.errors import Fault, InputError
from sluicegate.frozen import frozen
from sluicegate.ledger.chain import MAX_LINE_BYTES
from sluicegate.model import Crash, Json, Output, Usage, decode
from sluicegate.model.often import made_often

__all__ = ["SHARD_VERSION", "LoadLag", "LoadRequest", "ShardClosed", "ShardOpened", "ShardReader", "shard_name"]

SHARD_VERSION = 1


@frozen
class ShardOpened:
    """Who writes this shard, and what it is part of."""

    version: int
    run: str
    """16 hexadecimal digits: one start of one test. Shards of one run have it in common."""
    nonce: str
    profile: str
    job: str
    """SHA-256 of the job, as the generator was given it."""
    worker: int
    """0 ≤ worker < of."""
    of: int
    start_us: int
    """When the profile begins, in microseconds since 1970 UTC; the same in all shards of a run."""
    lasts_us: int
    """How long the profile takes."""
    planned: int | None = None
    """Arrivals this worker's share holds; None for users, whose number of requests nobody plans."""
    seed: int
    target: str
    """Method and address, without what may be secret."""
    engine: str
    locust: str


@made_often
@frozen
class LoadRequest:
    """One request that was meant to be sent. All times are microseconds since 1970 UTC."""

    i: int
    """Its place in the whole run, over all workers: unique, and for arrivals without holes."""
    case: str
    repeat: int
    run_id: str
    intended: int
    """When it was to begin. For users, who wait for their answer, when it began."""
    status: str
    """ok | incomplete (the answer was cut) | error | dropped (too many were under way; never sent)"""
    start: int | None = None
    """When it did begin; None when it was dropped."""
    first: int | None = None
    """Streamed: when the first content came."""
    end: int | None = None
    """When the answer was whole, or failed."""
    bytes: int = 0
    """Of the body, as received."""
    http: int | None = None
    error: Crash | None = None
    """What went wrong, kept for every request that is not ok."""
    pieces: int = 0
    """Streamed: pieces of content that came one after the other."""
    gap_sum: int = 0
    """Microseconds between first and last piece."""
    gap_max: int = 0
    gaps: tuple[int, ...] = ()
    """Each gap, for sampled requests."""
    usage: Usage | None = None
    model: str | None = None
    cost: int | None = None
    """Micro-dollars, where the answer says so itself."""
    output: Output | None = None
    """The answer, for sampled requests; `error` stands in it as well."""


@made_often
@frozen
class LoadLag:
    """One second of a generator: how late its own clock was served, whatever the target did."""

    at: int
    worst: int
    """Microseconds by which a timer of 10 ms was late, at worst."""
    in_flight: int


@frozen
class ShardClosed:
    """The end of a shard that ran to its end; the reader counts again."""

    at: int
    complete: bool
    """False: stopped before the profile was over."""
    requests: int
    ok: int
    incomplete: int
    error: int
    dropped: int
    worst_lag: int
    """Microseconds between intended start and start, at worst."""
    lines: int
    """Before this one."""
    sha256: str
    """Of all bytes before this line."""


Line = LoadRequest | LoadLag
_KINDS: Mapping[str, type[LoadRequest] | type[LoadLag]] = {"request": LoadRequest, "lag": LoadLag}
_COPY = "Give the shard as the generator left it."


def shard_name(run: str, worker: int, of: int) -> str:
    """The file name of a worker's shard; workers are numbered from 0."""
    return f"{run}-{worker}of{of}.jsonl"


class ShardReader:
    """Iterates requests and lags of a shard. After that `closed` or `broken` says how it ended; memory is a line."""

    def __init__(self, path: Path) -> None:
        """Raises InputError for a file that does not begin as a shard."""
        self.path = path
        self.closed: ShardClosed | None = None
        self.broken: Fault | None = None
        """Why the shard is not whole; None once it was read to a closing line that agrees."""
        try:
            with path.open("rb") as file:
                first = file.readline(MAX_LINE_BYTES)
            said = orjson.loads(first)
            kind = said.pop("kind")
        except OSError as error:
            raise InputError(Fault(where=str(path), what=f"cannot be read: {error.strerror}.")) from None
        except (ValueError, TypeError, KeyError, AttributeError):
            kind = None
        if kind != "opened":
            raise InputError(Fault(where=str(path), what="does not begin as a shard of a load run.", mend=_COPY))
        self.opened = decode(ShardOpened, said, str(path))

    def __iter__(self) -> Iterator[Line]:
        self.closed, self.broken = None, None
        digest, lines = sha256(), 0
        counts = dict.fromkeys(("ok", "incomplete", "error", "dropped"), 0)
        with self.path.open("rb", buffering=1 << 18) as file:
            while raw := file.readline(MAX_LINE_BYTES):
                if self.closed is not None:
                    self._break("goes on after its closing line", lines)
                    return
                said = self._said(raw, lines)
                if said is None:
                    return
                kind = said.pop("kind", None)
                if kind == "closed":
                    self._close(said, lines, digest.hexdigest(), counts)
                elif (of := _KINDS.get(str(kind))) is not None:
                    line = self._decoded(of, said, lines)
                    if line is None:
                        return
                    if isinstance(line, LoadRequest):
                        counts[line.status] += 1
                    yield line
                elif lines:
                    self._break(f"holds a line of kind '{kind}'", lines)
                    return
                digest.update(raw)
                lines += 1
                if self.broken is not None:
                    return
        if self.closed is None:
            self._break("has no closing line: its generator was ended, or is still at work", lines)

    def _said(self, raw: bytes, line: int) -> dict[str, Json] | None:
        try:
            said = orjson.loads(raw)
        except orjson.JSONDecodeError:
            said = None
        if raw[-1:] != b"\n" or not isinstance(said, dict):
            self._break("is cut in the middle of a line", line)
            return None
        return said

    def _decoded(self, kind: type[LoadRequest] | type[LoadLag], said: dict[str, Json], line: int) -> Line | None:
        try:
            read: Line = decode(kind, said)
        except InputError as error:
            self._break(f"holds a line that is none ({error})", line)
            return None
        if isinstance(read, LoadRequest) and read.status not in ("ok", "incomplete", "error", "dropped"):
            self._break(f"holds a request whose status is '{read.status}'", line)
            return None
        return read

    def _close(self, said: dict[str, Json], lines: int, digest: str, counts: Mapping[str, int]) -> None:
        try:
            closed = decode(ShardClosed, said)
        except InputError as error:
            self._break(f"has a closing line that is none ({error})", lines)
            return
        if closed.sha256 != digest or closed.lines != lines:
            self._break("was changed after it was closed", lines)
        elif closed.requests != sum(counts.values()) or any(
            getattr(closed, status) != count for status, count in counts.items()
        ):
            self._break("counts other requests than it holds", lines)
        else:
            self.closed = closed

    def _break(self, what: str, line: int) -> None:
        self.closed = None
        self.broken = Fault(where=f"{self.path}:{line + 1}", what=f"the shard {what}.", mend=_COPY)
