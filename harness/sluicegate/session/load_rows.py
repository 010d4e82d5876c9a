"""Requests of a load run as blocks of measurements: a row for each, of each metric measured of every request."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from sluicegate.checks.limits import tokens_of
from sluicegate.ledger import BLOCK_ROWS, CountRows, Measurements, Source, ValueRows, unit_digest
from sluicegate.ledger.load_served import Served
from sluicegate.ledger.load_shard import LoadRequest
from sluicegate.model import CrashKind, Origin, Output

__all__ = ["RequestRows", "lag_ms", "took_ms", "ttft_ms", "was_unreached"]

_MOST_UNTOLD = 10_000
"""Answers without usage that are kept, lest one with usage comes: as many as that hold whatever the others say."""


def took_ms(request: LoadRequest) -> float | None:
    """From the intended start to the end of a whole answer; None for everything else, which took for ever."""
    if request.status != "ok" or request.end is None:
        return None
    return (request.end - request.intended) / 1000


def ttft_ms(request: LoadRequest) -> float | None:
    """From the intended start to the first content; where nothing was streamed, that came with the end."""
    if request.first is None:
        return took_ms(request)
    return (request.first - request.intended) / 1000 if request.status == "ok" else None


def lag_ms(request: LoadRequest) -> float:
    """How late the generator began it; nothing of one that was never begun."""
    return 0.0 if request.start is None else (request.start - request.intended) / 1000


def was_unreached(request: LoadRequest) -> bool:
    """Whether nobody answered."""
    return request.error is not None and request.error.kind is CrashKind.UNREACHABLE


@dataclass(slots=True)
class _Block:
    """Columns on their way, a list for each row."""

    valued: bool
    rows: list[tuple[Any, ...]] = field(default_factory=list)

    def columns(self) -> CountRows | ValueRows:
        at, slices, first, second, ids = zip(*self.rows, strict=True)
        self.rows = []
        if self.valued:
            return ValueRows(at=at, slice=slices, value=first, failed=second, id="".join(ids))
        return CountRows(at=at, slice=slices, k=first, n=second, id="".join(ids))


class RequestRows:
    """Takes requests, hands blocks on. A request is the same unit in every metric, and however often it is imported."""

    def __init__(
        self, take: Callable[[Measurements], None], *, run: str, source: Source, subject: str, stage: str, at: str
    ) -> None:
        """`run` is the shards' own name of the run, `at` the time of the import."""
        self._take = take
        self._run = run
        self._head: dict[str, Any] = {
            "origin": Origin.LOAD, "subject": subject, "stage": stage, "source": source, "recorded_at": at
        }  # fmt: skip
        self._blocks: dict[tuple[str, bool], _Block] = {}
        self._told: set[str] = set()
        """Of usage and cost, what some answer says."""
        self._untold: dict[str, list[tuple[Any, ...]]] = {}
        """Answers that do not."""

    def add(self, request: LoadRequest, slice_name: str | None, cost: int | None, *, is_behind: bool = False) -> None:
        """One measured request; `cost` in micro-dollars where it is known.

        `is_behind`: the generator began it late. Its times promote nothing that the target did not keep, and take
        nothing back that the generator may have cost.
        """
        at, unit = request.intended, unit_digest("load", f"{self._run} {request.i}")
        # Nobody was asked, or nobody was there: that promotes nothing, and takes nothing back either.
        lost, took = was_unreached(request) or request.status == "dropped", took_ms(request)
        failed = took is None
        is_ours = lost or (is_behind and not failed)
        self._row("latency", (at, slice_name, took, failed, unit), valued=True, lost=is_ours)
        self._row("ttft", (at, slice_name, ttft_ms(request), failed, unit), valued=True, lost=is_ours)
        for metric in ("errors.rate", "crashes"):
            self._row(metric, (at, slice_name, int(failed), 1, unit), valued=False, lost=lost)
        if not failed:
            self._used(request, cost, (at, slice_name), unit)

    def spent(self, request: LoadRequest, slice_name: str | None, served: Served, experts: Collection[str]) -> None:
        """What any request cost, warm-up included: a cap is on all that was spent. Unknown is unknown, never 0."""
        place, unit = (request.intended, slice_name), unit_digest("load", f"{self._run} {request.i}")
        calls = sum(count for model, count in served.calls.items() if model in experts)
        for metric, value in (("budget.spend", served.cost), ("routing.expert_calls", calls)):
            known = None if value is None else float(value)
            self._row(metric, (*place, known, value is None, unit), valued=True, lost=False)

    def second(self, at: int, answered: int, *, lost: bool) -> None:
        """Whole answers in one second of the run; `lost` where some of its requests were not sent, or found nobody."""
        unit = unit_digest("throughput", f"{self._run} {at}")
        self._row("throughput", (at, None, float(answered), False, unit), valued=True, lost=lost)

    def end(self) -> None:
        """Hand on what is left. What some answers say and others do not is unknown of those, and never 0."""
        for metric in sorted(self._told):
            for row in self._untold.get(metric, ()):
                self._row(metric, row, valued=True, lost=True)
        for (metric, lost), block in sorted(self._blocks.items()):
            if block.rows:
                self._hand(metric, block, lost=lost)

    def _used(self, request: LoadRequest, cost: int | None, place: tuple[int, str | None], unit: str) -> None:
        for metric, value in _said(request, cost):
            if value is None:
                untold = self._untold.setdefault(metric, [])
                if len(untold) < _MOST_UNTOLD:
                    untold.append((*place, None, True, unit))
                continue
            self._told.add(metric)
            self._row(metric, (*place, float(value), False, unit), valued=True, lost=False)

    def _row(self, metric: str, row: tuple[Any, ...], *, valued: bool, lost: bool) -> None:
        block = self._blocks.get((metric, lost))
        if block is None:
            block = self._blocks[metric, lost] = _Block(valued)
        block.rows.append(row)
        if len(block.rows) == BLOCK_ROWS:
            self._hand(metric, block, lost=lost)

    def _hand(self, metric: str, block: _Block, *, lost: bool) -> None:
        self._take(Measurements(metric=metric, rows=block.columns(), unreached=lost, **self._head))


def _said(request: LoadRequest, cost: int | None) -> Iterator[tuple[str, int | None]]:
    usage = request.usage
    yield "tokens.input", _known(None if usage is None else usage.input_tokens)
    yield "tokens.output", _known(None if usage is None else usage.output_tokens)
    yield "tokens.total", tokens_of(Output(usage=usage))
    for metric in ("cost.per_case", "cost.total"):
        yield metric, _known(cost)


def _known(count: int | None) -> int | None:
    """Below nothing is no count, as in every suite."""
    return None if count is None or count < 0 else count
