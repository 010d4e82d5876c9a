"""Trials of earlier attempts, shown to readers as if they had just ended: outputs are kept, checks are redone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path

from sluicegate.broker.broker import Broker
from sluicegate.broker.catalogue import Catalogue
from sluicegate.ledger.reader import LedgerReader
from sluicegate.ledger.records import Intent
from sluicegate.ledger.trials import TrialJoin

__all__ = ["take_over"]

_BREATH_TRIALS = 50


async def take_over(broker: Broker, catalogue: Catalogue, paths: Iterable[Path], *, repeats: int = 1) -> int:
    """Put every finished trial of these ledgers into the catalogue, with new check results; how many there were.

    Raises InputError for an outcome that nobody intended. The ledgers were read by `resume` before, so they are whole.
    """
    join = TrialJoin(repeats=repeats)
    count = 0
    for path in paths:
        place = first = catalogue.add_file(path)
        reader = LedgerReader(path)
        for record in reader:
            at, place = place, first + reader.verified_bytes
            done = join.feed(record, reader.where(record.seq))
            if done is not None:
                catalogue.recorded(done.trial.case, at, broker.review(done.trial))
                count += 1
                if count % _BREATH_TRIALS == 0:
                    await asyncio.sleep(0)
            elif record.kind == Intent.KIND and (case := join.case(record.body["case_id"])) is not None:
                catalogue.intended(case, at)
    return count
