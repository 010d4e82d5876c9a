"""A worker's shard: every request as it ended, how late the generator's own clock was, and the close."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

from sluicegate.frozen import frozen
from sluicegate.ledger import LedgerError
from sluicegate.ledger.load_shard import ShardOpened, shard_name
from sluicegate.ledger.shard_writer import ShardWriter
from sluicegate.load.asking import Reply
from sluicegate.model import Case, CrashKind, Json, encode
from sluicegate.pipelines.crashes import crash

__all__ = ["Asked", "Shard"]


@frozen
class Asked:
    """One request, before its answer. Times in microseconds since 1970 UTC."""

    i: int
    case: Case
    repeat: int
    run_id: str
    traceparent: str
    intended: int


class Shard:
    """Writes one shard. After `close`, or once it cannot be written, nothing more is taken.

    Times given as seconds are turned by `micros`; `broken` is told once why it cannot be written.
    """

    def __init__(
        self,
        folder: Path,
        opened: ShardOpened,
        *,
        sampled: float,
        micros: Callable[[float], int],
        broken: Callable[[LedgerError], None],
    ) -> None:
        self.is_open = True
        self._broken = broken
        self._writer = ShardWriter(folder / shard_name(opened.run, opened.worker, opened.of))
        self._writer.append("opened", encode(opened))
        self._writer.flush()
        self._limit = sampled * 2**32
        self._micros = micros
        self._counts: Counter[str] = Counter()
        self._worst_lag = 0

    def answered(self, asked: Asked, start_us: int, reply: Reply) -> None:
        """A request that ended, whatever came of it."""
        if not self.is_open:
            return
        output, micros = reply.output, self._micros
        line = self._line(asked, reply.status)
        line["start"] = start_us
        self._worst_lag = max(self._worst_lag, start_us - asked.intended)
        line["end"] = micros(reply.end)
        line.update(_told(reply))
        is_sampled = int(asked.run_id[:8], 16) < self._limit
        if reply.first is not None:
            line["first"] = micros(reply.first)
            line["pieces"] = len(reply.gaps) + 1
            if gaps := [round(gap * 1e6) for gap in reply.gaps]:
                line["gap_sum"], line["gap_max"] = sum(gaps), max(gaps)
                if is_sampled:
                    line["gaps"] = gaps
        if is_sampled:
            line["output"] = encode(output)
        self._append("request", line)

    def dropped(self, asked: Asked) -> None:
        """A request that was never sent: too many were under way."""
        if self.is_open:
            self._append("request", self._line(asked, "dropped"))

    def cancelled(self, asked: Asked, start_us: int, now: float) -> None:
        """A request that was under way when the run was stopped."""
        output = crash(CrashKind.CANCELLED, "The run was stopped before the answer came.")
        self.answered(asked, start_us, Reply(output=output, end=now))

    def lag(self, at_us: int, worst_us: int, in_flight: int) -> None:
        """One second of the generator's own clock. What was written is safe from here on."""
        if self.is_open:
            self._append("lag", {"at": at_us, "worst": worst_us, "in_flight": in_flight}, flush=True)

    def close(self, at_us: int, *, complete: bool) -> None:
        """Write the closing line, once."""
        if not self.is_open:
            return
        self.is_open = False
        counts = {status: self._counts[status] for status in ("ok", "incomplete", "error", "dropped")}
        total = {"at": at_us, "complete": complete, "requests": sum(counts.values()), **counts}
        try:
            self._writer.close({**total, "worst_lag": self._worst_lag})
        except LedgerError as error:
            self._broken(error)

    def _append(self, kind: str, body: Mapping[str, Json], *, flush: bool = False) -> None:
        try:
            self._writer.append(kind, body)
            if flush:
                self._writer.flush()
        except LedgerError as error:
            self.is_open = False
            self._broken(error)

    def _line(self, asked: Asked, status: str) -> dict[str, Json]:
        self._counts[status] += 1
        return {
            "i": asked.i,
            "case": asked.case.id,
            "repeat": asked.repeat,
            "run_id": asked.run_id,
            "intended": asked.intended,
            "status": status,
        }


def _told(reply: Reply) -> dict[str, Json]:
    """What is known of an answer beside its times; what is not known is left out."""
    output = reply.output
    told = {
        "bytes": reply.bytes or None,
        "http": reply.http,
        "error": output.error and encode(output.error),
        "usage": output.usage and encode(output.usage),
        "model": output.model,
        "cost": output.cost_microusd,
    }
    return {name: value for name, value in told.items() if value is not None}
