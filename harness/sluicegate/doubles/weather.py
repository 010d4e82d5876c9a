"""Faults that come and go while load runs: each has its time since the load began, whoever asks then."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from time import monotonic

from sluicegate.model import Fault
from sluicegate.model.load import Spell

__all__ = ["Weather"]

_WHOLE = 2**32


class Weather:
    """The spells of one load run, and when it began: with the first request, unless somebody says it sooner."""

    def __init__(self, spells: Sequence[Spell], *, seed: int = 0, clock: Callable[[], float] = monotonic) -> None:
        self._spells = tuple(enumerate(spells))
        self._seed = seed
        self._clock = clock
        self._began: float | None = None

    def begin(self) -> None:
        """The load begins now. Said again, nothing changes."""
        if self._began is None:
            self._began = self._clock()

    @property
    def since_s(self) -> float:
        """Seconds since the load began; asking begins it."""
        self.begin()
        assert self._began is not None  # noqa: S101 - just set
        return self._clock() - self._began

    def strikes(self, run_id: str, target: str, model: str | None, call: int) -> Fault | None:
        """The first spell's fault that this call meets, the `call`-th of its run to `target`.

        Which calls a spell with a share meets is drawn from the seed, the run and the call: the same in every run.
        """
        now_s = self.since_s
        for number, spell in self._spells:
            fault = spell.fault
            if not spell.from_s <= now_s < spell.until_s or fault.target != target:
                continue
            if fault.model not in (None, model):
                continue
            if spell.share >= 1 or self._drawn(number, run_id, target, call) < spell.share:
                return fault
        return None

    def _drawn(self, number: int, run_id: str, target: str, call: int) -> float:
        """In [0, 1)."""
        digest = sha256(f"{self._seed}\0{number}\0{run_id}\0{target}\0{call}".encode()).digest()
        return int.from_bytes(digest[:4], "big") / _WHOLE
