"""Requests under load that were taken in more than once: each is one answer, and counts once."""

from __future__ import annotations

from array import array
from collections import defaultdict

from sluicegate.gate.faults import Names
from sluicegate.gate.validity import Run
from sluicegate.gate.waiting import said_of
from sluicegate.model import Trial

__all__ = ["Again"]


class Again:
    """Which requests were judged already. Sixteen bytes for each; looked up only where a load run is there twice."""

    def __init__(self, contradicted: Names) -> None:
        """`contradicted` is told of requests that two ledgers tell in two ways."""
        self.count = 0
        """Answers left out because they were judged before."""
        self._contradicted = contradicted
        self._seen: defaultdict[str, tuple[array[int], array[int]]] = defaultdict(lambda: (array("q"), array("q")))
        """Of each load run the requests, and how each was judged, both as hashes."""
        self._first: dict[str, int] = {}
        """The ledger that a load run was met in first, by its number."""
        self._known: dict[int, int] = {}
        self._known_of = -1
        """The ledger whose load run was met before, in `_known`."""

    def is_again(self, run: Run, run_id: str, trial: Trial, *, is_bad: bool) -> bool:
        """Whether a request under load was judged before; from now on it was."""
        if run.load is None:
            return False
        nonce = run.started.nonce if run.started is not None else ""
        key, found = hash(run_id), hash((is_bad, *(output.latency_ms for output in trial.outputs)))
        keys, judged = self._seen[nonce]
        if self._first.setdefault(nonce, run.number) != run.number:
            if self._known_of != run.number:
                self._known, self._known_of = dict(zip(keys, judged, strict=True)), run.number
            if (before := self._known.get(key)) is not None:
                self.count += 1
                if before != found:
                    self._contradicted.add(f"{said_of(trial.case.id, trial.repeat)} (taken in twice, in two ways)")
                return True
        keys.append(key)
        judged.append(found)
        return False
