"""Every trial of an origin, made from its cases as they are wanted."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import cached_property
from hashlib import sha256

from sluicegate.ledger import Expected, Resumed
from sluicegate.model import Case, canonical
from sluicegate.plan.ids import CaseIds

__all__ = ["Trials"]


class Trials:
    """(case, repeat), repeats of a case side by side: of some cases alone, or without those done before."""

    def __init__(
        self,
        cases: Sequence[Case],
        ids: Collection[str],
        repeats: int,
        *,
        only: frozenset[str] | None = None,
        done: Resumed | None = None,
    ) -> None:
        """`ids` are those of `cases`; the trials that `done` has are left out."""
        self._cases = cases
        self._repeats = repeats
        self._only = only
        self._done = done
        self.ids: Collection[str] = ids if only is None else only.intersection(ids)

    def without(self, done: Resumed | None) -> Trials:
        """Those that an earlier attempt has not begun."""
        return self if done is None else Trials(self._cases, self.ids, self._repeats, only=self._only, done=done)

    def expected(self) -> Expected:
        """What a run of them sets out to do."""
        return Expected(cases=len(self.ids), trials=len(self), ids_digest=_digest(self.ids))

    def __iter__(self) -> Iterator[tuple[Case, int]]:
        only, done = self._only, self._done
        for case in self._cases:
            if only is not None and case.id not in only:
                continue
            for repeat in range(self._repeats):
                if done is None or not done.skips(case, repeat):
                    yield case, repeat

    def __len__(self) -> int:
        return self._count

    @cached_property
    def _count(self) -> int:
        return len(self.ids) * self._repeats if self._done is None else sum(1 for _ in self)


def _digest(ids: Collection[str]) -> str:
    """SHA-256 of the canonical JSON of the sorted ids, made piece by piece."""
    said, between = sha256(b"["), b""
    for case_id in ids if isinstance(ids, CaseIds) and ids.is_sorted else sorted(ids):
        said.update(between + canonical(case_id))
        between = b","
    said.update(b"]")
    return said.hexdigest()
