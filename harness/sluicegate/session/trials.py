"""Every trial of an origin, made from its cases as they are wanted."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import cached_property

from sluicegate.ledger import Resumed
from sluicegate.model import Case

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
