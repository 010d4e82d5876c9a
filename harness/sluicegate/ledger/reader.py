"""A ledger as its judge reads it: the prefix that the chain vouches for, and how it ended."""

from __future__ import annotations

from pathlib import Path

from sluicegate.ledger.chain import Chain, Record

__all__ = ["LedgerReader", "read_ledger"]


class LedgerReader(Chain):
    """Iterates verified records; afterwards `head`, `closed`, `complete`, `broken` say how the ledger ended."""

    @property
    def closed(self) -> bool:
        """Its last record is `run_closed` and nothing is damaged."""
        return self._close is not None and self.broken is None

    @property
    def complete(self) -> bool:
        """Closed, and the run said that it ended as planned. Never trusted alone: the judge recounts."""
        return self.closed and self._close is not None and self._close.body.get("complete") is True

    def _reset(self) -> None:
        super()._reset()
        self._close: Record | None = None

    def _objection(self, record: Record) -> str | None:
        if record.seq == 0 and record.kind != "run_started":
            return f"the ledger begins with '{record.kind}', not with 'run_started'."
        if self._close is not None:
            return f"'{record.kind}' stands after 'run_closed'."
        if record.kind == "run_closed":
            self._close = record
        return None


def read_ledger(path: Path) -> LedgerReader:
    """The ledger at `path`. Never raises for what the file holds: `broken` says it after the iteration."""
    return LedgerReader(path)
