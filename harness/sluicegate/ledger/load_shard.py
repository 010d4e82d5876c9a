"""Shards: what one load generator process recorded, a JSON line for each request, closed by a count and a hash.

Lines are `{"kind": "opened" | "request" | "lag" | "closed", …}`. What a shard does not say is left out (sparse, as
everywhere). A shard without its closing line, or whose closing line disagrees with the bytes before it, was cut or
changed, and `ShardReader.broken` says so; the lines up to there are given out all the same.
"""

from __future__ import annotations

from types import MappingProxyType

from sluicegate.frozen import frozen
from sluicegate.ledger.closed_lines import ClosedLines
from sluicegate.model import Crash, CrashKind, Output, Usage
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
    subject: str
    """Of the plan the job was made from: the build that is asked."""
    asked: str
    """SHA-256 of what the plan's profile asked then."""
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
_MOST_WORKERS = 10_000
_LATEST_US = 1 << 52
"""In the year 2112."""
_STATUSES = ("ok", "incomplete", "error", "dropped")


def shard_name(run: str, worker: int, of: int) -> str:
    """The file name of a worker's shard; workers are numbered from 0."""
    return f"{run}-{worker}of{of}.jsonl"


class ShardReader(ClosedLines[ShardOpened, Line, ShardClosed]):
    """Iterates requests and lags of a shard. After that `closed` or `broken` says how it ended."""

    NAME = "shard"
    UNCLOSED = "its generator was ended, or is still at work"
    MEND = "Give the shard as the generator left it."
    VERSION = SHARD_VERSION
    OPENED, CLOSED = ShardOpened, ShardClosed
    KINDS = MappingProxyType[str, type[Line]]({"request": LoadRequest, "lag": LoadLag})

    def _cannot_be(self, opened: ShardOpened) -> str:
        if not 0 <= opened.worker < opened.of <= _MOST_WORKERS:
            return f"says that it is of generator {opened.worker} of {opened.of}"
        is_span = 0 <= opened.start_us <= _LATEST_US and 0 <= opened.lasts_us <= _LATEST_US
        return "" if is_span else "says times that no clock shows"

    def _begin(self) -> None:
        self._counts = dict.fromkeys(_STATUSES, 0)
        self._cancelled = 0

    def _take(self, line: Line) -> str:
        if isinstance(line, LoadLag):
            return ""
        if line.status not in self._counts:
            return f"holds a request whose status is '{line.status}'"
        self._counts[line.status] += 1
        self._cancelled += line.error is not None and line.error.kind is CrashKind.CANCELLED
        return ""

    def _miscounts(self, closed: ShardClosed) -> str:
        if any(getattr(closed, status) != count for status, count in self._counts.items()):
            return "counts other requests than it holds"
        if closed.requests != sum(self._counts.values()):
            return "counts other requests than it holds"
        return "says that it ran to its end, and cut requests off" if closed.complete and self._cancelled else ""
