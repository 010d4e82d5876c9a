"""What crossed the boundary and belongs to no trial, on its way into the ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from sluicegate.gate.wording import count_of
from sluicegate.ledger import FileRead, Stray
from sluicegate.model import Observation, now_utc, rfc3339

__all__ = ["Strays"]

_SAID = {
    "unattributed": "at the doubles belong to no run: the pipeline passes no run on, or that of another case",
    "unserved": "of the pipeline were answered 404 or 405: no double stands for their method and path",
    "late": "came after their trial had answered: the pipeline goes on in the background",
}


class Strays:
    """Kept until somebody listens, since a pipeline may speak while it is imported; then handed on at once."""

    def __init__(self) -> None:
        self._kept: list[Stray | FileRead] = []
        self._hear: Callable[[Stray | FileRead], None] | None = None
        self._elsewhere: dict[str, None] = {}
        self._told: Counter[str] = Counter()

    def listen(self, hear: Callable[[Stray | FileRead], None]) -> None:
        """Hand everything to `hear`, what was kept first."""
        self._hear = hear
        kept, self._kept = self._kept, []
        for stray in kept:
            hear(stray)

    @property
    def elsewhere(self) -> int:
        """Addresses that connections went to past the doubles."""
        return len(self._elsewhere)

    def request(self, why: str, seen: Observation) -> None:
        """A request at the doubles."""
        self._told[why] += 1
        self._say(Stray(why=why, observation=seen))

    def connection(self, address: str, case_id: str | None) -> None:
        """A connection past the doubles."""
        self._elsewhere[address] = None
        seen = Observation(run_id="", double="network", action=address, at=rfc3339(now_utc()))
        self._say(Stray(why="elsewhere", observation=seen, case_id=case_id))

    def settle(self, counts: dict[str, int]) -> list[str]:
        """Say how many more requests there were than were told one by one. Returns the notes for a reader."""
        notes = []
        for why, count in counts.items():
            if rest := count - self._told[why]:
                seen = Observation(run_id="", double="server", action="(more)", at=rfc3339(now_utc()))
                self._say(Stray(why=why, observation=seen, count=rest))
            if count:
                notes.append(f"{count_of(count, 'request')} {_SAID[why]}")
        if self._elsewhere:
            notes.append(f"connections went past the doubles: {', '.join(sorted(self._elsewhere)[:10])}")
        return notes

    def file(self, read: FileRead) -> None:
        """A file that was read."""
        self._say(read)

    def _say(self, stray: Stray | FileRead) -> None:
        if self._hear is None:
            self._kept.append(stray)
        else:
            self._hear(stray)
