"""From the cells of one row to one checked unit of evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sluicegate.model import parse_time, to_micros
from sluicegate.sources.cells import CellError, flag, identifier, number, said, whole
from sluicegate.sources.columns import RecordSpec, Unit

__all__ = ["COUNT_COLUMNS", "VALUE_COLUMNS", "EvidenceUnit", "UnitReader"]

COUNT_COLUMNS = ("at", "slice", "k", "n")
VALUE_COLUMNS = ("at", "slice", "value", "failed")

_Cells = Sequence[Any]
_NEVER_US = 1 << 62


class EvidenceUnit(NamedTuple):
    """A row that proved good."""

    row: tuple[Any, ...]
    """In the order of `COUNT_COLUMNS` or `VALUE_COLUMNS`."""
    subject: str
    id: str | None


class UnitReader:
    """Reads rows whose cells stand in the order of `roles`."""

    def __init__(self, spec: RecordSpec, roles: Sequence[str], now: datetime) -> None:
        self.metric = spec.metric
        since, until = spec.window
        self.window_us = (
            -_NEVER_US if since is None else to_micros(since),
            _NEVER_US if until is None else to_micros(until),
        )
        self._now_us = to_micros(now)
        self._place = {role: index for index, role in enumerate(roles)}
        self._at = self._place["at"]
        self._measured = self._way(spec.unit)
        self._known, self._names = spec.subject, spec.subject_names

    def unit(self, cells: _Cells) -> EvidenceUnit:
        """The unit in this row. Raises CellError for the first thing wrong with it."""
        row = (self._when(cells), self._slice(cells), *self._measured(cells))
        return EvidenceUnit(row, self._subject(cells), self._id(cells))

    def faults(self, cells: _Cells) -> Iterator[CellError]:
        """Everything wrong with this row."""
        readers: tuple[Callable[[_Cells], object], ...] = (
            self._when,
            self._slice,
            self._measured,
            self._subject,
            self._id,
        )
        for read in readers:
            try:
                read(cells)
            except CellError as error:
                yield error

    def _when(self, cells: _Cells) -> int:
        text = cells[self._at]
        if text is None:
            raise CellError("the time is missing.", "Each unit needs its time.")
        if not isinstance(text, str):
            raise CellError(f"the time is {said(text)}; expected RFC 3339.", "Write it like 2026-01-29T14:00:00Z.")
        try:
            at_us = to_micros(parse_time(text))
        except (ValueError, OverflowError):
            raise CellError(f"the time '{said(text)}' is not RFC 3339 with a zone.", _zoned(text)) from None
        if at_us > self._now_us:
            raise CellError(f"the time '{said(text)}' lies in the future.", "Is the clock, or the zone, wrong?")
        return at_us

    def _slice(self, cells: _Cells) -> str | None:
        place = self._place.get("slice")
        name = None if place is None else cells[place]
        if name is not None and not isinstance(name, str):
            raise CellError(f"the slice is {said(name)}; expected text.", "")
        return name or None

    def _subject(self, cells: _Cells) -> str:
        if self._known is not None:
            return self._known
        named = cells[self._place["subject"]]
        if not isinstance(named, str) or not named:
            raise CellError(f"the subject is {said(named)}; expected text.", "Each unit names what served it.")
        return self._names.get(named, named)

    def _id(self, cells: _Cells) -> str | None:
        place = self._place.get("id")
        return None if place is None else identifier(cells[place])

    def _way(self, unit: Unit) -> Callable[[_Cells], tuple[Any, ...]]:
        place = self._place
        if "k" in place:
            k, n = place["k"], place["n"]
            return lambda cells: _counted(whole(cells[k], "k"), whole(cells[n], "n"))
        if "passed" in place:
            passed = place["passed"]
            return lambda cells: (int(flag(cells[passed], "passed")), 1)
        value, failed = place["value"], place.get("failed")
        return lambda cells: _valued(cells[value], failed is not None and flag(cells[failed], "failed"), unit)


def _zoned(text: str) -> str:
    """How to mend a time that cannot be read."""
    try:
        naive = datetime.fromisoformat(text).tzinfo is None
    except ValueError:
        naive = False
    if naive:
        return "Export it with its zone, as 2026-01-29T14:00:00Z or 2026-01-29T15:00:00+01:00: none is guessed."
    return "Write it with its zone, like 2026-01-29T14:00:00Z."


def _counted(k: int, n: int) -> tuple[int, int]:
    if k > n:
        raise CellError(f"k {k} is more than n {n}.", "k counts units among the n; are the columns swapped?")
    return k, n


def _valued(cell: object, failed: bool, unit: Unit) -> tuple[float | None, bool]:
    return (None if failed and cell is None else number(cell, unit)), failed
